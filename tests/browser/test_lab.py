"""A chapter in a real JupyterLab with a live kernel: values that were not computed beforehand."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError

sys.path.insert(0, str(Path(__file__).parent))
from chapters_explorers import PLACES, ROOT, in_python

PLACE = next(place for place in PLACES if "fans(" in place.source and "relu" in place.source)
PATIENCE = 240_000  # ms; a chapter takes 10 seconds on two quiet cores
SETTINGS = """{
  "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
  "@jupyterlab/apputils-extension:notification":
    {"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}
}"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Serve a copy of the chapter; gives the address of its notebook."""
    home = tmp_path_factory.mktemp("lab")
    (home / "work").mkdir()
    (home / "settings").mkdir()
    (home / "settings" / "overrides.json").write_text(SETTINGS)
    name = f"{PLACE.chapter}.ipynb"
    shutil.copy(ROOT / "book" / name, home / "work" / name)
    port, token = free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={home / 'work'}", "--LabApp.extension_manager=readonly"]
    command += [f"--LabApp.app_settings_dir={home / 'settings'}"]
    folders = {
        f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    log = (home / "log").open("w")
    server = subprocess.Popen(
        command, env=os.environ | folders, cwd=home, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        wait_for(f"{address}api/status?token={token}", server, home / "log")
        yield f"{address}lab/tree/{name}?token={token}"
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def wait_for(address, server, log):
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page(browser):
    """A page of its own: JupyterLab's own chatter in the console is no concern of ours."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def test_a_value_that_was_not_computed_beforehand(lab, page, screenshots):
    explorer = in_python(PLACE.source)
    page.goto(lab)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_text("| Idle").wait_for()  # the kernel: asked earlier, JupyterLab asks which
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    box = page.locator(".jupyter-widgets.explorer").nth(PLACE.number)
    try:
        box.scroll_into_view_if_needed()
    except TimeoutError:
        page.screenshot(path=screenshots / "lab-failed.png")
        raise
    assert page.locator(".explorer-static:visible").count() == 0

    def expect(**values):
        expected = explorer.picture(**values).description
        box.get_by_text(expected, exact=True).wait_for()
        assert box.locator(".explorer-drawing svg").first.bounding_box()["width"] > 250
        explorer.show(**values)

    answers = list(explorer.prediction.answers)
    box.get_by_role("button", name=answers[1], exact=True).click()
    expect()

    # First a value that was computed, then one that was not, then another control on top of it.
    handle = box.locator(".noUi-handle").first
    handle.focus()
    page.keyboard.press("Home")
    expect(fan_in=explorer.controls[0].values[0])
    field = box.get_by_label("any fan_in")
    field.fill("24")
    field.press("Enter")
    expect(fan_in=24)
    box.locator(".noUi-handle").nth(1).focus()
    page.keyboard.press("End")
    expect(fan_out=explorer.controls[1].values[-1])
    box.screenshot(path=screenshots / "lab.png")

    field.fill("24.5")
    field.press("Enter")
    box.get_by_text("fan_in must be an integer; got 24.5. The picture is as before.").wait_for()
    field.fill("0")
    field.press("Enter")
    box.get_by_text("fan_in must be finite and in [1, 1024]; got 0. The picture").wait_for()
    expect()

    field.fill("")
    field.press("Enter")
    expect(fan_in=explorer.controls[0].values[0])
    field.fill("24")
    field.press("Enter")
    expect(fan_in=24)
    handle.focus()  # moving the slider takes the typed value back, too
    page.keyboard.press("End")
    expect(fan_in=explorer.controls[0].values[-1])
    assert field.input_value() == ""
