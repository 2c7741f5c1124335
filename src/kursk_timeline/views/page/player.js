/*
 * The player: shows the chosen day.
 *
 * It holds every answer beforehand (see payload.py), so a day is a binary search. It writes text only as text,
 * and makes new elements only by cloning those that came with the page.
 */
(function () {
  "use strict";

  const DAY = 86400000;
  const byId = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(byId(id).textContent);
  const data = read("answers");
  const start = Date.parse(data.first + "T00:00:00Z");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // --- days -------------------------------------------------------------------------------------

  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December"];
  const dateOf = (day) => new Date(start + day * DAY);
  const iso = (day) => dateOf(day).toISOString().slice(0, 10);

  function words(day) {
    const date = dateOf(day);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  }

  function weekWords(monday) {
    const [a, b] = [dateOf(monday), dateOf(monday + 6)];
    if (a.getUTCMonth() === b.getUTCMonth()) return `${a.getUTCDate()}–${words(monday + 6)}`;
    if (a.getUTCFullYear() !== b.getUTCFullYear()) return `${words(monday)} – ${words(monday + 6)}`;
    return `${a.getUTCDate()} ${MONTHS[a.getUTCMonth()]} – ${words(monday + 6)}`;
  }

  const mondayOf = (day) => day - ((dateOf(day).getUTCDay() + 6) % 7);

  /** The place of the last item whose day is not after this one; -1 before the first. */
  function lastUpTo(items, day, dayOf) {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (dayOf(items[middle]) <= day) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // --- filling what came with the page ------------------------------------------------------------

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function span(className, text) {
    const made = document.createElement("span");
    made.className = className;
    made.textContent = text;
    return made;
  }

  /** Figure, bounds, remarks and bar of one answer, inside a row of the state or of its accounts. */
  function fill(row, value, marks) {
    const [figure, bounds, bar, isOpen] = data.values[value];
    const svg = row.querySelector("svg.bar");
    write(row.querySelector(".figure"), figure);
    write(row.querySelector(".span"), bounds);
    row.querySelector(".marks").replaceChildren(
      ...data.marks[marks].map(([text, isWarning]) => span(isWarning ? "mark warning" : "mark", text)));
    svg.setAttribute("class", bar === null ? "bar none" : isOpen ? "bar open" : "bar");
    if (bar === null) return;
    const [left, right, best] = bar;
    const band = svg.querySelector(".band");
    band.setAttribute("x", left);
    band.setAttribute("width", Math.max(right - left, 0.8));
    for (const end of ["x1", "x2"]) svg.querySelector(".best").setAttribute(end, best);
  }

  const accountRow = byId("account-row").content.firstElementChild;

  function filledAccount(number, day) {
    const [party, value, marks, counts, heard, claims] = data.rows[number];
    const row = accountRow.cloneNode(true);
    write(row.querySelector(".party"), party);
    fill(row, value, marks);
    write(row.querySelector(".heard"), heard === null || heard >= day ? "that day" : iso(heard));
    write(row.querySelector(".counts"), counts ? "yes" : "no");
    row.classList.toggle("off", !counts);
    row.querySelector(".claims").replaceChildren(...claims.map((claim) => {
      const link = document.createElement("a");
      link.href = `#claim-${claim}`;
      link.textContent = claim;
      return link;
    }));
    return row;
  }

  // --- the state ----------------------------------------------------------------------------------

  const rows = Array.from(document.querySelectorAll("[data-row]"), (element) => ({
    element,
    moments: data.moments[Number(element.dataset.row)],
    place: null,
  }));
  const subjects = Array.from(document.querySelectorAll("section.subject"));

  function showAccounts(row, day) {
    if (row.place < 0 || !row.element.open) return;
    row.element.querySelector("tbody").replaceChildren(
      ...row.moments[row.place][4].map((number) => filledAccount(number, day)));
  }

  function showRow(row, day) {
    const place = lastUpTo(row.moments, day, (moment) => moment[0]);
    if (place !== row.place) {
      row.place = place;
      row.element.hidden = place < 0;
      if (place >= 0) {
        const [, value, marks, derivation, accounts] = row.moments[place];
        const summary = row.element.querySelector("summary");
        fill(summary, value, marks);
        write(summary.querySelector(".more"), `${accounts.length} account${accounts.length === 1 ? "" : "s"}`);
        write(row.element.querySelector(".derived"), data.derivations[derivation]);
      }
    }
    showAccounts(row, day); // also when nothing changed: "last heard" may be the day itself
  }

  function inWords() {
    const shown = rows.filter((row) => row.place >= 0);
    const saying = (word) => shown.filter(
      (row) => data.marks[row.moments[row.place][2]].some(([text]) => text.startsWith(word))).length;
    if (!shown.length) return "nothing is claimed yet";
    const parts = [`${shown.length} figure${shown.length === 1 ? "" : "s"}`];
    for (const word of ["disputed", "stale"]) if (saying(word)) parts.push(`${saying(word)} ${word}`);
    return parts.join(", ");
  }

  // --- the week -----------------------------------------------------------------------------------

  const claimElements = new Map(Array.from(
    document.querySelectorAll("#claims > [data-claim]"), (item) => [Number(item.dataset.claim), item]));
  const width = ([, first, last]) => (last === null ? Infinity : last - first);
  let week = "";

  function showWeek(day) {
    const monday = mondayOf(day);
    const found = data.claims
      .filter(([, first, last]) => first <= monday + 6 && (last === null || last >= monday))
      .sort((a, b) => (width(a) === width(b) ? 0 : width(a) - width(b)));
    write(byId("week-days"), weekWords(monday));
    const now = found.map(([claim]) => claim).join();
    if (now === week) return;
    week = now;
    byId("week-claims").replaceChildren(...found.map(([claim]) => {
      const copy = claimElements.get(claim).cloneNode(true);
      copy.removeAttribute("id"); // the one in the whole list has the name
      copy.hidden = false;
      return copy;
    }));
    byId("week-none").hidden = found.length > 0;
  }

  // --- charts -------------------------------------------------------------------------------------

  const { charts, datasets } = read("drawings");
  const figures = Array.from(document.querySelectorAll("figure .chart"));
  const views = [];
  const hint = span("hint", "");
  hint.hidden = true;
  document.body.append(hint);

  /** What a chart says of a mark, as text beside the pointer. */
  function tooltip(_, event, __, value) {
    hint.hidden = value === null || value === undefined || value === "";
    if (hint.hidden) return;
    const lines = typeof value === "object" ? Object.entries(value).map(([name, said]) => `${name}: ${said}`) : [value];
    hint.replaceChildren(...lines.map((line) => span("line", line)));
    const room = document.documentElement;
    const x = Math.min(event.clientX + 14, room.clientWidth - hint.offsetWidth - 8);
    const under = event.clientY + 18;
    const y = under + hint.offsetHeight > room.clientHeight ? event.clientY - hint.offsetHeight - 12 : under;
    hint.style.left = `${Math.max(x, 8)}px`;
    hint.style.top = `${Math.max(y, 8)}px`;
  }

  /** The chart's specification for a theme, with its rows as Vega wants them (see charts.py for how they are packed). */
  function unpacked({ spec, dark: changes }, theme) {
    const made = structuredClone(spec);
    for (const [path, value] of theme === "dark" ? changes : []) {
      path.slice(0, -1).reduce((at, step) => at[step], made)[path[path.length - 1]] = value;
    }
    made.datasets = Object.fromEntries(Object.entries(datasets).map(([name, { fields, rows: packed }]) => [
      name, packed.map(([kind, ...row]) => Object.fromEntries(fields[kind].map((field, n) => [field, row[n]]))),
    ]));
    return made;
  }

  /** Give every panel this width. Labels beside marks were placed for the planned width: too close, they go. */
  function widen(panel, pixels) {
    for (const inner of panel.vconcat || []) widen(inner, pixels);
    if (panel.vconcat) return;
    const isLabel = ({ mark, encoding }) => mark && mark.type === "text" && encoding && encoding.text.field;
    if (panel.layer && pixels < 0.85 * panel.width) panel.layer = panel.layer.filter((layer) => !isLabel(layer));
    panel.width = pixels;
  }

  async function embed(place, chart, theme, room, pixels) {
    const spec = unpacked(chart, theme);
    widen(spec, pixels);
    const layout = { bottom: { anchor: "start", direction: "vertical", margin: 4 } };
    const legend = { orient: "bottom", columns: Math.max(1, Math.floor(room / 150)), layout };
    spec.config = { ...spec.config, aria: false, legend: { ...(spec.config || {}).legend, ...legend } };
    // Vega-Lite writes advice for a chart's author to the console, and offers no way to leave that out.
    const { warn } = console;
    console.warn = () => {};
    try {
      return await window.vegaEmbed(place, spec, {
        actions: false, ast: true, defaultStyle: false, logLevel: 1, mode: "vega-lite", renderer: "svg", tooltip,
      });
    } finally {
      console.warn = warn;
    }
  }

  async function draw(number) {
    const place = figures[number];
    const theme = dark.matches ? "dark" : "light";
    place.dataset.theme = theme;
    const room = place.clientWidth;
    let made = await embed(place, charts[number], theme, room, room - 60);
    // Axes and legends take what they take; what is left is the panel's.
    const over = Number(place.querySelector("svg").getAttribute("width")) - room;
    if (Math.abs(over) > 1) {
      made.finalize();
      made = await embed(place, charts[number], theme, room, Math.max(room - 60 - over, 80));
    }
    place.querySelector("svg").setAttribute("aria-hidden", "true"); // the figure has its description
    if (views[number]) views[number].finalize();
    views[number] = made;
    moveCursor(current);
  }

  function moveCursor(day) {
    const moment = start + day * DAY;
    for (const made of views) if (made) made.view.signal("at_day", moment).run();
  }

  // One chart after the other, so that two changes at a time do not draw over each other.
  let drawn = Promise.resolve();
  function drawAll() {
    for (const number of figures.keys()) drawn = drawn.then(() => draw(number));
    return drawn;
  }

  let roomBefore = 0;
  let resting;
  addEventListener("resize", () => {
    clearTimeout(resting);
    resting = setTimeout(() => {
      if (figures.length && figures[0].clientWidth !== roomBefore) {
        roomBefore = figures[0].clientWidth;
        drawAll();
      }
    }, 200);
  });
  dark.addEventListener("change", drawAll);

  // --- the date -----------------------------------------------------------------------------------

  const slider = byId("slider");
  const turns = Array.from(new Set(data.moments.flat().map((moment) => moment[0])))
    .filter((day) => day >= 0 && day <= data.days)
    .sort((a, b) => a - b);
  let current = data.day;
  let wanted = null;
  let saying;

  function show(day) {
    current = day;
    const text = words(day);
    slider.value = day;
    slider.setAttribute("aria-valuetext", text);
    const date = byId("date");
    write(date, text);
    date.dateTime = iso(day);
    for (const on of document.querySelectorAll(".on")) write(on, text);
    for (const row of rows) showRow(row, day);
    for (const subject of subjects) subject.hidden = !subject.querySelector("[data-row]:not([hidden])");
    showWeek(day);
    moveCursor(day);
    byId("before").disabled = !(turns[0] < day);
    byId("after").disabled = !(turns[turns.length - 1] > day);
    // Said when the hand rests, not at every step of a drag.
    clearTimeout(saying);
    saying = setTimeout(() => {
      write(document.querySelector("#summary .unseen"), `${text}: `);
      write(document.querySelector("#summary .said"), inWords());
    }, 250);
  }

  /** At most once a frame, however many events a drag makes. */
  function soon(day) {
    if (wanted === null) {
      requestAnimationFrame(() => {
        const last = wanted;
        wanted = null;
        show(last);
      });
    }
    wanted = day;
  }

  slider.addEventListener("input", () => {
    pause();
    soon(Number(slider.value));
  });
  byId("before").addEventListener("click", () => {
    pause();
    soon(turns[lastUpTo(turns, current - 1, (day) => day)] ?? current);
  });
  byId("after").addEventListener("click", () => {
    pause();
    soon(turns[lastUpTo(turns, current, (day) => day) + 1] ?? current);
  });

  // --- play ---------------------------------------------------------------------------------------

  const SECONDS = 40; // from the first day to the last
  const play = byId("play");
  let timer = null;

  function labelled(sign, name) {
    write(play, sign);
    play.setAttribute("aria-label", name);
    play.title = name;
  }

  function pause() {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    labelled("▶", "Play");
  }

  play.addEventListener("click", () => {
    if (timer !== null) return pause();
    if (current >= data.days) soon(0);
    labelled("❚❚", "Pause");
    const stride = Math.max(1, Math.round(data.days / (SECONDS * 10)));
    const next = calm.matches
      ? () => turns[lastUpTo(turns, current, (day) => day) + 1] ?? data.days // still pictures, change by change
      : () => Math.min(current + stride, data.days);
    timer = setInterval(() => {
      if (current >= data.days) return pause();
      soon(next());
    }, calm.matches ? 1500 : 100);
  });

  // --- the list of all claims ---------------------------------------------------------------------

  const filter = byId("filter");
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  let texts = null;

  function sift() {
    texts ??= Array.from(claimElements.values(), (item) => [item, plain(item.textContent)]);
    const asked = plain(filter.value).split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [item, text] of texts) {
      item.hidden = !asked.every((word) => text.includes(word));
      found += item.hidden ? 0 : 1;
    }
    write(byId("filter-found"), asked.length ? `${found} of ${texts.length}` : "");
  }

  filter.addEventListener("input", sift);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#claim-']");
    if (link && filter.value) { // what a link leads to must be there to be seen
      filter.value = "";
      sift();
    }
  });

  // --- begin --------------------------------------------------------------------------------------

  for (const row of rows) row.element.addEventListener("toggle", () => showAccounts(row, current));
  byId("controls").hidden = false;
  byId("filter-line").hidden = false;
  roomBefore = figures.length ? figures[0].clientWidth : 0;
  show(data.day);
  drawAll().then(() => { document.documentElement.dataset.ready = "yes"; });
})();
