"""Chromium for the browser tests and the PDF: found, started, and cut off from the network.

python tools/browser.py     name the browser that is found, or say how to install one
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vendor import local_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright, Route

# Everything but this machine's own addresses resolves to nothing.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
NO_BROWSER = (
    "No Chromium or Chrome was found. Install one, or name it: BROWSER_PATH=/path/to/chrome\n"
    "  Debian:          apt install chromium\n"
    "  Ubuntu, Fedora:  .venv/bin/python -m playwright install --with-deps chromium\n"
    "  macOS:           brew install --cask google-chrome\n"
    "  Windows:         winget install Google.Chrome\n"
    "  anywhere:        .venv/bin/python -m playwright install chromium"
)
ELSEWHERE = re.compile(r"^(?:https?|wss?)://(?!(?:127\.0\.0\.1|localhost)(?:[:/]|$))")


class BrowserError(RuntimeError):
    """No browser to work with."""


def find_browser(playwright: Playwright) -> str:
    """Find a browser: the one that BROWSER_PATH names, the system's, or Playwright's own."""
    if named := os.environ.get("BROWSER_PATH"):
        if not os.access(named, os.X_OK):
            raise BrowserError(f"BROWSER_PATH names no program: {named}")
        return named
    found = [path for name in NAMES if (path := shutil.which(name))]
    found += [place for place in (*PLACES, playwright.chromium.executable_path) if is_file(place)]
    if not found:
        raise BrowserError(NO_BROWSER)
    return found[0]


def is_file(place: str) -> bool:
    return Path(place).is_file()


def launch(playwright: Playwright) -> Browser:
    """Start the browser that is found, without a window."""
    return playwright.chromium.launch(executable_path=find_browser(playwright), args=ARGUMENTS)


def cut_network(context: BrowserContext, problems: list[str], *, cdn: bool) -> None:
    """Answer requests to other hosts from _build/vendor (with ``cdn``), or refuse and report."""

    def answer(route: Route) -> None:
        url = route.request.url
        file = local_file(url) if cdn else None
        if file is not None:
            route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*"})
            return
        problems.append(f"request to another host: {url}")
        route.abort("internetdisconnected")

    context.route(ELSEWHERE, answer)


# Formulas typeset, widgets drawn, fonts loaded: what a reader sees after the page has settled.
READY = """async () => {
  if (document.querySelector('script[src*="mathjax"]')) {
    for (let i = 0; i < 300 && !window.MathJax?.startup?.promise; i++)
      await new Promise(done => setTimeout(done, 50));
    if (!window.MathJax?.startup) return 'MathJax has';
    await window.MathJax.startup.promise;
  }
  const views = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const drawn = view => view.parentElement.querySelector('.widget-subarea *, .jupyter-widgets');
  for (let i = 0; i < 300 && ![...document.querySelectorAll(views)].every(drawn); i++)
    await new Promise(done => setTimeout(done, 50));
  await document.fonts.ready;
  return [...document.querySelectorAll(views)].every(drawn) ? '' : 'a widget has';
}"""


def settle(page: Any) -> None:
    """Wait until the page's formulas, widgets and fonts are there."""
    if missing := page.evaluate(READY):
        raise BrowserError(f"{page.url}: {missing} not appeared within 15 seconds")


def main() -> int:
    from playwright.sync_api import sync_playwright

    try:
        with sync_playwright() as playwright:
            print(f"The browser is {find_browser(playwright)}")
    except BrowserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
