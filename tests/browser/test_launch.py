"""From a chapter's page to its running notebook: the buttons, and what Binder makes of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("0*.ipynb"))
LEFT_OUT = (".*", "_build", "__pycache__", "*.egg-info", "dist")
FORK = "https://github.com/some-one/a.fork"


def copy_of_the_repository(folder: Path) -> Path:
    """Copy what a clone would hold."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return folder


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """Build the pages as a fork's workflow does, without running the notebooks."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("fork") / "a.fork")
    config = yaml.safe_load((folder / "_config.yml").read_text(encoding="utf-8"))
    config["execute"] = {"execute_notebooks": "off"}
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    workflow = {"GITHUB_REPOSITORY": "some-one/a.fork", "GITHUB_REF_NAME": "lessons"}
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    subprocess.run(
        [*command, "build", ".", "-q"],
        cwd=folder,
        env={**os.environ, **workflow, "GITHUB_BASE_REF": ""},
        check=True,
        capture_output=True,
    )
    return folder / "_build" / "html"


def links(page: Path) -> list[str]:
    return re.findall(r'href="([^"]+)"', page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_buttons_lead_to_the_fork_and_to_files_that_exist(fork, chapter):
    notebook = f"book/{chapter}.ipynb"
    addresses = [link.replace("&amp;", "&") for link in links(fork / "book" / f"{chapter}.html")]
    binder = [urlsplit(a) for a in addresses if a.startswith("https://mybinder.org/")]
    assert [part.path for part in binder] == ["/v2/gh/some-one/a.fork/lessons"]
    assert parse_qs(binder[0].query) == {"urlpath": [f"lab/tree/{notebook}"]}
    colab = [a for a in addresses if a.startswith("https://colab.research.google.com/")]
    place = f"some-one/a.fork/blob/lessons/{notebook}"
    assert colab == [f"https://colab.research.google.com/github/{place}"]
    assert f"../_sources/{notebook}" in addresses
    assert (ROOT / notebook).exists()
    assert (fork / "_sources" / notebook).exists()


def test_every_link_into_the_repository_names_a_file_that_exists(fork):
    broken, seen = [], set()
    for page in sorted(fork.rglob("*.html")):
        for link in set(links(page)):
            if not link.startswith(f"{FORK}/"):
                continue
            kind, _, path = link.removeprefix(f"{FORK}/").partition("/")
            branch, _, file = unquote(urlsplit(path).path).partition("/")
            if kind in ("blob", "edit", "tree", "raw"):
                seen.add(file)
                if branch != "lessons" or not (ROOT / file).exists():
                    broken.append(f"{page.name}: {link}")
    assert broken == []
    assert {f"book/{chapter}.ipynb" for chapter in CHAPTERS} <= seen  # "suggest edit"


def test_no_page_leads_to_another_repository(fork):
    """The launch buttons, at least, never lead anywhere but to the fork."""
    for page in sorted((fork / "book").glob("*.html")):
        for link in links(page):
            if "mybinder.org/v2" in link or "colab.research.google.com/github" in link:
                assert "/some-one/a.fork/" in link


def test_binder_reads_a_python_that_the_course_supports():
    version = (ROOT / "runtime.txt").read_text().strip().removeprefix("python-")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"Programming Language :: Python :: {version}"' in project
    assert not (ROOT / "binder").exists()  # it would take the place of the root's files
    assert not (ROOT / ".binder").exists()


@pytest.fixture(scope="module")
def binder(tmp_path_factory):
    """Do what Binder does with a clone: a new environment, from requirements.txt."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("binder") / "clone")
    environment = folder.parent / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r"]
    subprocess.run([str(python), *install, "requirements.txt"], cwd=folder, check=True)
    subprocess.run(["sh", "postBuild"], cwd=folder, check=True)
    return python, folder


def with_explorer() -> str:
    """Name the shortest chapter that has an explorer."""
    notebooks = [ROOT / "book" / f"{chapter}.ipynb" for chapter in CHAPTERS]
    found = [path for path in notebooks if "course_code.explorers" in path.read_text("utf-8")]
    return min(found, key=lambda path: path.stat().st_size).stem


def code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def printed(cells: list[dict]) -> list[str]:
    """What the cells print; pictures and widgets are not stored in the repository."""
    streams = [o for cell in cells for o in cell["outputs"] if o["output_type"] == "stream"]
    return ["".join(output["text"]) for output in streams]


def forget_results(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def run_all_cells(page, file: Path) -> list[dict]:
    """Run a notebook through JupyterLab's menu, save it, and return its code cells."""
    page.get_by_text("| Idle").wait_for(timeout=120_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    for _ in range(120):
        page.wait_for_timeout(1000)
        page.keyboard.press("Control+s")
        with contextlib.suppress(json.JSONDecodeError):  # read while it was being written
            cells = code_cells(file)
            if all(cell["execution_count"] for cell in cells):
                return cells
    raise AssertionError("the notebook did not run to its end in two minutes")


def test_a_chapter_runs_on_binder(
    binder, start_lab, new_page, move_explorer, problems, screenshots
):
    python, folder = binder
    chapter = with_explorer()
    stored = printed(code_cells(ROOT / "book" / f"{chapter}.ipynb"))
    file = folder / "book" / f"{chapter}.ipynb"
    forget_results(file)
    page = new_page(height=1000)
    page.goto(f"{start_lab(python, folder)}lab/tree/book/{chapter}.ipynb?token=test")
    assert printed(run_all_cells(page, file)) == stored
    page.screenshot(path=screenshots / "jupyterlab.jpg", quality=60)
    scroll_to_explorer(page)
    move_explorer(page)
    problems.clear()  # JupyterLab's own messages


def scroll_to_explorer(page) -> None:
    """JupyterLab draws the cells that are in sight: go down until there is an explorer."""
    page.locator(".jp-Notebook").first.click(position={"x": 5, "y": 300})
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Home")
    for _ in range(200):
        if page.locator(".jupyter-widgets.explorer").count():
            return
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(50)
    raise AssertionError("no explorer is shown")
