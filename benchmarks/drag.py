"""
How long the report's slider takes to answer, and how large the report is.

    python benchmarks/drag.py

Needs playwright with Chromium, and the extra ``viz``. A drag is many ``input`` events; each is timed from the
event until everything on the page, charts too, says the new day.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

import kursk_timeline as kt
from kursk_timeline.views import page

EVENTS = 200

DRAG = """
async (events) => {
    const slider = document.getElementById("slider");
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const times = [];
    for (let n = 0; n < events; n += 1) {
        slider.value = Math.round((n + 0.5) / events * slider.max);
        await frame();
        const begin = performance.now();
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        await frame(); // the player asked for this frame first, and so has answered when this one is called
        times.push(performance.now() - begin);
    }
    return times;
}
"""

WORK = """
async (events) => {
    const slider = document.getElementById("slider");
    const real = window.requestAnimationFrame;
    const times = [];
    for (let n = 0; n < events; n += 1) {
        let answer;
        slider.value = Math.round((n + 0.5) / events * slider.max);
        window.requestAnimationFrame = (given) => { answer = given; };
        const begin = performance.now();
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        answer(begin);
        document.body.offsetHeight; // and lay it out
        times.push(performance.now() - begin);
        window.requestAnimationFrame = real;
        await new Promise((done) => real(done));
    }
    return times;
}
"""


def line(label: str, times: list[float]) -> None:
    """Median and the slowest of twenty, in milliseconds."""
    slow = statistics.quantiles(times, n=20)[-1]
    print(f"{label:58} {statistics.median(times):8.1f} ms   19 of 20 below {slow:6.1f} ms")


def main() -> None:
    """Make the report, drag, and print a table."""
    print(f"kursk_timeline {kt.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    timeline = kt.kursk()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        path = page.report(timeline, Path(folder) / "report.html")
        print(f"{'making the report of the bundled record':58} {(time.perf_counter() - start) * 1e3:8.0f} ms")
        print(f"{'its size':58} {path.stat().st_size / 1e6:8.3f} MB")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            shown = browser.new_page(viewport={"width": 1280, "height": 900})
            start = time.perf_counter()
            shown.goto(path.as_uri())
            shown.wait_for_selector("html[data-ready]")
            print(f"{'opening it until all is drawn':58} {(time.perf_counter() - start) * 1e3:8.0f} ms")
            line("one input event, work alone", shown.evaluate(WORK, EVENTS))
            line("one input event, with the wait for the frame", shown.evaluate(DRAG, EVENTS))
            shown.evaluate("for (const row of document.querySelectorAll('details.row')) row.open = true")
            line("the same with every account open, work alone", shown.evaluate(WORK, EVENTS))
            browser.close()


if __name__ == "__main__":
    main()
