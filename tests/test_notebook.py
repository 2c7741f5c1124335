"""A real notebook: run in JupyterLab, looked at, clicked and dragged in, without a network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browsing import Watched, chromium, grave, keep, lacking

CELLS = {
    "state": "import kursk_timeline as kt\ntl = kt.kursk()\nstate = tl.state_at('2025-06-22')\nstate",
    "estimate": "state.territory['ukraine'].held",
    "account": "state.territory['ukraine'].held.accounts['ukraine']",
    "force": "state.forces['north-korea']",
    "event": "tl.log[10].event",
    "history": "tl.history('holder/Sudzha/kursk')",
    "explanation": "tl.explain('2025-06-22', 'held/ukraine/kursk')",
    "diff": "tl.diff('2025-03-10', '2025-03-20')",
    "audit": "tl.audit()",
    "territory": "tl.plot.territory()",
    "territory-dark": "tl.plot.territory(theme='dark')",
    "forces": "tl.plot.forces('north-korea', measure='killed')",
    "settlements": "tl.plot.settlements()",
    "events": "tl.plot.events()",
    "drawn-history": "tl.history('killed/north-korea/kursk').plot(theme='dark')",
    "slider": "tl.scrub(date='2024-11-01')",
}

CHARTS = {"territory", "territory-dark", "forces", "settlements", "events", "drawn-history"}


def _settings(folder: Path, theme: str) -> None:
    """JupyterLab as a user may have set it: everything on the page at once, no news, a theme."""
    wanted = {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "apputils-extension/themes": {"theme": theme},
    }
    for name, values in wanted.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab that holds the notebook, and the folder of its settings."""
    try:
        import jupyterlab  # noqa: F401
        import nbformat
    except ImportError:
        lacking("JupyterLab")
    root = tmp_path_factory.mktemp("lab")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, root / "book.ipynb")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--no-browser", "--allow-root"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={root}", "--ServerApp.port_retries=0"]
    with open(root / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log, cwd=root
        )
    try:
        _wait_for(port, server, root / "log")
        yield f"http://127.0.0.1:{port}/lab/tree/book.ipynb", root / "settings"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(params=["light", "dark"], scope="module")
def page(request: pytest.FixtureRequest, lab: tuple[str, Path]) -> Iterator[tuple[Any, Watched, str]]:
    """The notebook on the screen, run from its menu as by a user."""
    address, settings = lab
    _settings(settings, "JupyterLab Dark" if request.param == "dark" else "JupyterLab Light")
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1300, "height": 1000}, color_scheme=request.param)
        page = context.new_page()
        watched = Watched(page)
        page.goto(address)
        page.locator(".jp-CodeCell").first.click(timeout=60_000)
        page.locator(".lm-MenuBar-item", has_text="Run").click()
        page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        page.wait_for_selector(".jp-OutputArea-output iframe", state="attached", timeout=90_000)
        yield page, watched, request.param


def test_every_output_is_shown_and_nothing_is_asked_of_any_host(page: tuple[Any, Watched, str]) -> None:
    """Reprs, charts and the slider, in light and dark."""
    tab, watched, theme = page
    outputs = tab.locator(".jp-CodeCell")
    assert outputs.count() == len(CELLS)
    for number, name in enumerate(CELLS):
        cell = outputs.nth(number)
        cell.scroll_into_view_if_needed()
        if name in CHARTS:
            # Drawn by Altair's own widget, with the library that it carries.
            cell.locator("canvas, svg.marks").first.wait_for(timeout=60_000)
        elif name == "slider":
            cell.frame_locator("iframe").locator("input[type=range]").wait_for(timeout=60_000)
            cell.frame_locator("iframe").locator("svg.marks, canvas").first.wait_for(timeout=60_000)
        else:
            assert cell.locator(".kt").inner_text().strip()
        _keep_cell(cell, f"notebook-{theme}-{name}")
    keep(tab, f"notebook-{theme}")
    assert watched.hosts() == {"127.0.0.1"}
    assert [one for one in watched.complaints if "kernel" not in one] == []


def test_axe_finds_nothing_grave_in_what_is_shown(page: tuple[Any, Watched, str]) -> None:
    """In the reprs themselves: the notebook around them is not ours."""
    tab, _, _ = page
    assert grave(tab, "{ include: [['.jp-OutputArea-output .kt']] }") == []


def _keep_cell(cell: Any, name: str) -> None:
    folder = os.environ.get("KURSK_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        cell.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_an_explanation_unfolds_and_the_slider_moves_without_the_kernel(page: tuple[Any, Watched, str]) -> None:
    """Clicks and drags are answered by what is already there."""
    tab, watched, _ = page
    tree = tab.locator(".kt-tree").first
    tree.evaluate("tree => tree.scrollIntoView()")
    hidden = tree.get_by_text("left out:")
    inside = tree.get_by_text("overtaken by what the same party said").first
    assert not inside.is_visible()
    hidden.click()
    assert inside.is_visible()

    frame = tab.frame_locator("iframe").first
    slider = frame.locator("input[type=range]")
    tab.locator("iframe").first.evaluate("frame => frame.scrollIntoView()")
    before = slider.get_attribute("aria-valuetext")
    tab.wait_for_timeout(1_000)  # the kernel's own greetings are over
    sent = watched.sent
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") != before
    assert watched.sent == sent
