"""Browser tests: ``make test-browser``, or ``pytest tests/browser`` after ``make book``.

They need a Chromium and npm, so a plain ``pytest`` leaves this folder out. What a test can ask for:

- ``page``: a browser page of its own, 1400 px wide. Every request to another host is answered from
  npm's copy of the scripts or refused; a console error or warning, an exception, a failed request
  fails the test at its end. ``problems`` is the list; a test that expects one removes it.
- ``book_url``: the built book, served (``f"{book_url}book/05_xavier.html"``); ``file_url``: the
  same from disk; ``settle(page)``: wait for formulas, widgets and fonts.
- ``new_page``: makes pages as ``page`` is, with options: ``new_page(width=390, color_scheme="dark",
  reduced_motion="reduce", java_script_enabled=False)``.
- ``screenshots``: the folder _build/screenshots.
- ``move_explorer(page)``: answer the page's first explorer's question and move a control.
- ``start_lab(python, folder)``: JupyterLab of that Python on that folder; gives its address.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "tools"))

import browser as chromium  # noqa: E402
from vendor import VendorError, vendor  # noqa: E402


def pytest_ignore_collect(collection_path, config):
    """Leave this folder out unless it is named on the command line."""
    named = any("browser" in Path(arg.partition("::")[0]).parts for arg in config.args)
    return None if named or Path.cwd() == Path(__file__).parent else True


def stop(message: object) -> None:
    pytest.exit(f"\n{message}", returncode=1)


@pytest.fixture(scope="session")
def book() -> Path:
    """Give the folder of the built book."""
    if not (HTML / "index.html").exists():
        stop("The book is not built: run `make book` first, or `make test-browser`.")
    return HTML


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve a folder as GitHub Pages does, with the book's own page for what is not there."""

    def log_message(self, *arguments):
        pass

    def send_error(self, code, message=None, explain=None):
        missing = Path(self.directory) / "404.html"
        if code != 404 or not missing.exists():
            super().send_error(code, message, explain)
            return
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(missing.read_bytes())


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A browser that hangs up is no error."""


@contextlib.contextmanager
def served(folder: Path):
    """Serve a folder on a free port of this machine."""
    handler = functools.partial(Handler, directory=str(folder))
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def book_url(book):
    with served(book) as url:
        yield url


@pytest.fixture(scope="session")
def file_url(book) -> str:
    return f"{book.as_uri()}/"


@pytest.fixture(scope="session")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright):
    try:
        vendor()
        running = chromium.launch(playwright)
    except (VendorError, chromium.BrowserError) as error:
        stop(error)
    yield running
    running.close()


@pytest.fixture(scope="session")
def settle():
    return chromium.settle


@pytest.fixture(scope="session")
def screenshots() -> Path:
    folder = ROOT / "_build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def watch(page, problems: list[str]) -> None:
    """Note everything that goes wrong in a page."""

    def console(message):
        if message.type in ("error", "warning"):
            problems.append(f"{page.url}: console {message.type}: {message.text}")

    def failed(request):
        if request.failure != "net::ERR_ABORTED":  # the page was left before it arrived
            problems.append(f"{page.url}: {request.url}: {request.failure}")

    def response(answer):
        if answer.status >= 400:
            problems.append(f"{page.url}: {answer.url}: {answer.status}")

    page.on("console", console)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("requestfailed", failed)
    page.on("response", response)


@pytest.fixture
def problems():
    """Collect what goes wrong in the test's pages; the test fails if something is left."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def new_page(browser, problems):
    """Make pages without a network; ``cdn=False`` refuses the CDN's scripts too."""
    contexts = []

    def make(*, width=1400, height=900, cdn=True, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        chromium.cut_network(context, problems, cdn=cdn)
        page = context.new_page()
        watch(page, problems)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    return new_page()


DRAWN = """explorer => [...explorer.querySelectorAll('svg')]
  .filter(svg => svg.checkVisibility()).map(svg => svg.outerHTML).join()"""


@pytest.fixture
def move_explorer():
    """Move a control of a page's first explorer, with the keyboard; its picture has to change."""

    def move(page) -> None:
        explorer = page.locator(".jupyter-widgets.explorer").first
        explorer.scroll_into_view_if_needed()
        if not page.evaluate(DRAWN, explorer.element_handle()):  # it asks for a prediction first
            explorer.locator("button:visible").first.click()
        page.wait_for_function(DRAWN, arg=explorer.element_handle())
        before = page.evaluate(DRAWN, explorer.element_handle())
        handle = explorer.locator(".noUi-handle:visible").first
        if handle.count():
            at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
            handle.press("ArrowLeft" if at_end else "ArrowRight")
        else:
            explorer.locator("select:visible").first.select_option(index=1)
        page.wait_for_function(
            f"([element, before]) => ({DRAWN})(element) !== before",
            arg=[explorer.element_handle(), before],
        )

    return move


@pytest.fixture(scope="module")
def start_lab():
    """Start JupyterLab in its own process; all are stopped when the module's tests are done."""
    servers = []

    def start(python: Path, folder: Path) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = ["--no-browser", "--allow-root", "--ServerApp.port_retries=0"]
        options += [f"--ServerApp.port={port}", "--IdentityProvider.token=test"]
        options += [f"--ServerApp.root_dir={folder}", "--LabApp.extension_manager=readonly"]
        # Nothing of the user's: no settings, no kernels, no tabs left open.
        own = {f"JUPYTER_{name}_DIR": str(folder.parent / name) for name in ("CONFIG", "DATA")}
        log = (folder.parent / "lab.log").open("w")
        command = [str(python), "-m", "jupyterlab", *options]
        lab = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | own)
        servers.append((lab, log))
        url = f"http://127.0.0.1:{port}/"
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}api/status?token=test", timeout=5).close()
                return url
            time.sleep(0.5)
        raise RuntimeError(f"JupyterLab did not start: {Path(log.name).read_text()}")

    yield start
    for process, log in servers:
        process.terminate()
        process.wait(30)
        log.close()
