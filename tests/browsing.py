"""A real browser for tests: found, watched, and its pictures kept where somebody wants to look at them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]


def lacking(what: str) -> Any:
    """Skip where a machine lacks something; fail where all of it must be there."""
    if os.environ.get("KURSK_CI"):
        pytest.fail(f"{what} is missing, and may not be here")
    pytest.skip(f"{what} is missing")


def path_of_chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return found or lacking("Chromium")


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("playwright")
    executable = path_of_chromium()
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        # What the browser would ask of its maker is no business of a test.
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        yield browser
        browser.close()


class Watched:
    """What a page asks for and complains of."""

    def __init__(self, page: Any) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.sent = 0
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on("websocket", lambda socket: socket.on("framesent", self._sent))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _sent(self, _: object) -> None:
        self.sent += 1

    def hosts(self) -> set[str]:
        """The hosts that were asked for anything; what lies in a file or in the page itself has none."""
        return {host for url in self.requests if (host := urlsplit(url).hostname)}


def keep(page: Any, name: str) -> None:
    """A picture of the page, where KURSK_SCREENSHOTS names a folder."""
    folder = os.environ.get("KURSK_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def grave(page: Any, within: str = "document") -> list[object]:
    """What axe-core finds serious or critical, on the page or in what a selector matches."""
    axe = Path(os.environ.get("KURSK_AXE") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
    if not axe.is_file():
        lacking(f"axe-core ({axe}; name it with KURSK_AXE, or install it with npm)")
    page.evaluate(axe.read_text("utf-8"))
    found = page.evaluate(f"axe.run({within}, {{ resultTypes: ['violations'] }})")["violations"]
    return [
        (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
