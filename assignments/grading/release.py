"""Make the students' version of the problem sets: folders, zips, and links to Binder and Colab."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import nbformat

from grading.course import ASSIGNMENTS, Course, Trouble
from grading.interrupt import STOP

REPOSITORY = ASSIGNMENTS.parent
ON_COLAB = """\
# Colab has none of what this notebook imports: fetch it. Elsewhere this cell does nothing.
import sys

if "google.colab" in sys.modules:
    !pip install -q {raw}/{wheel}
    !wget -q {raw}/{name}/{name}_checks.py"""
NO_LINKS = """\
No links for Binder and Colab: push what is in assignments/release to a repository that the students
can see, and run make assignments STUDENTS=https://github.com/you/that-repository"""
README = """\
Problem sets of an open course on weight initialization.

Install what they need, then open a notebook:

    python3 -m pip install -r requirements.txt
    python3 -m jupyterlab

Hand in the notebook (ps1.ipynb and so on) under its own name. Nothing else is graded.
"""


def make(course: Course, names: list[str], students_url: str = "", branch: str = "") -> list[str]:
    """Make the students' version of each set; return lines that say what was made."""
    release = course.root / "release"
    for name in names:
        generate(course, name)
        STOP.check()
    wheel = add_requirements(release)
    (release / "README.txt").write_text(README, encoding="utf-8")
    lines = []
    site = online(release, students_url, branch)
    for name in names:
        if site is not None and site[0].startswith("https://github.com/"):
            add_colab_cell(course.problem_set(name).release, name, site, wheel)
        lines.append(f"{name}: {pack(release, name, wheel)}")
        lines += links(name, site)
    if site is None:
        lines.append(NO_LINKS)
    return lines


def prepare(course: Course, name: str) -> None:
    """See that there is a students' version and that the gradebook knows the set."""
    from nbgrader.api import MissingEntry

    if not course.problem_set(name).release.exists():
        generate(course, name)
        return
    with course.gradebook() as gradebook, suppress(MissingEntry):
        gradebook.find_assignment(name)
        return
    with tempfile.TemporaryDirectory() as elsewhere:  # what students have stays as it is
        generate(course, name, elsewhere)


def generate(course: Course, name: str, folder: str = "release") -> None:
    """Let nbgrader take the solutions out and enter the set in the gradebook.

    Raises
    ------
    Trouble
        If nbgrader cannot, or if the hidden checks do not fit the notebook.
    """
    from nbgrader.apps.api import NbGraderAPI

    course.problem_set(name)
    config = course.config()
    config.CourseDirectory.release_directory = folder
    course.gradebook().close()
    api = NbGraderAPI(config=config)
    outcome = api.generate_assignment(name, force=True, create=True)
    if not outcome["success"]:
        raise Trouble(f"nbgrader on {name}: {outcome.get('log', outcome.get('error'))}")
    course.problem_set(name).checks()


def add_requirements(release: Path) -> str:
    """Put the pinned requirements and the package beside the sets; return the wheel's name."""
    for old in release.glob("course_code-*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    command += ["--disable-pip-version-check", "-w", str(release), str(REPOSITORY)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        raise Trouble(f"the package cannot be built: {built.stderr[-1000:]}")
    wheel = next(release.glob("course_code-*.whl")).name
    pins = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    pins = re.sub(r"^\.$", f"./{wheel}", pins, flags=re.MULTILINE)
    (release / "requirements.txt").write_text(pins, encoding="utf-8")
    return wheel


def pack(release: Path, name: str, wheel: str) -> Path:
    """Zip one set with everything that a student needs beside Python."""
    path = release / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("README.txt", "requirements.txt", wheel):
            archive.write(release / part, f"{name}/{part}")
        for part in sorted((release / name).rglob("*")):
            if part.is_file() and "__pycache__" not in part.parts:
                archive.write(part, f"{name}/{part.relative_to(release / name)}")
    return path


def online(release: Path, url: str, branch: str) -> tuple[str, str] | None:
    """Return address and branch of the repository that holds the students' versions, if any."""
    tools = repository_tools()
    if url:
        match = tools.ADDRESS.fullmatch(url)
        if match is None:
            raise Trouble(f"STUDENTS must be a GitHub or GitLab address, https://...; got {url!r}")
        return f"https://{match['host']}/{match['name']}", branch or "main"
    if not (release / ".git").exists():
        return None
    match = tools.ADDRESS.fullmatch(tools.git(release, "remote", "get-url", "origin"))
    if match is None:
        return None
    current = tools.git(release, "branch", "--show-current")
    return f"https://{match['host']}/{match['name']}", branch or current or "main"


def repository_tools() -> ModuleType:
    """Import the book's module that reads a repository's address from git."""
    path = REPOSITORY / "book" / "_ext" / "repository.py"
    spec = importlib.util.spec_from_file_location("repository", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["repository"] = module
    spec.loader.exec_module(module)
    return module


def links(name: str, site: tuple[str, str] | None) -> list[str]:
    """Return the links that open a set online."""
    if site is None:
        return []
    url, branch = site
    host, path = re.fullmatch(r"https://([^/]+)/(.+)", url).groups()  # type: ignore[union-attr]
    provider = "gh" if host == "github.com" else "gl"
    spelled = path if provider == "gh" else path.replace("/", "%2F")
    notebook = f"{name}/{name}.ipynb"
    binder = f"https://mybinder.org/v2/{provider}/{spelled}/{branch}?labpath={notebook}"
    lines = [f"  Binder  {binder}"]
    if provider == "gh":
        lines.append(
            f"  Colab   https://colab.research.google.com/github/{path}/blob/{branch}/{notebook}"
        )
    return lines


def add_colab_cell(path: Path, name: str, site: tuple[str, str], wheel: str) -> None:
    """Put a first cell into the students' version that fetches the imports on Colab."""
    url, branch = site
    raw = url.replace("https://github.com/", "https://raw.githubusercontent.com/") + f"/{branch}"
    notebook = nbformat.read(path, as_version=4)
    cell = nbformat.v4.new_code_cell(ON_COLAB.format(raw=raw, wheel=wheel, name=name))
    notebook.cells.insert(0, cell)
    nbformat.write(notebook, path)
