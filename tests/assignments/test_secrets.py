"""What students must not see is in nothing that they get."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import tiny
import yaml
from grading import release
from grading.course import Course
from nbgrader.preprocessors import ClearSolutions

pytestmark = pytest.mark.filterwarnings("ignore")  # nbgrader's own, about its database

ROOT = tiny.ASSIGNMENTS.parent
SETS = sorted(path.parent.name for path in tiny.ASSIGNMENTS.glob("source/*/*.ipynb"))
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The real sets' students' versions, as nbgrader's own preprocessor makes them."""
    root = tmp_path_factory.mktemp("real")
    for folder in ("source", "hidden"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(tiny.ASSIGNMENTS / folder, root / folder, ignore=ignored)
    shutil.copytree(root / "source", root / "release")
    course = Course(root)
    for path in (root / "release").glob("*/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook, _ = ClearSolutions(config=course.config()).preprocess(notebook, {})
        nbformat.write(notebook, path)
    return course


def solution_lines(name: str) -> set[str]:
    """Lines that only the solutions have, and that are long enough to say something."""
    notebook = nbformat.read(tiny.ASSIGNMENTS / f"source/{name}/{name}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    inside = {line.strip() for part in SOLUTION.findall(text) for line in part.splitlines()}
    outside = SOLUTION.sub("", text)
    return {line for line in inside if len(line) > 36 and line not in outside}


@pytest.mark.parametrize("name", SETS)
def test_the_students_version_holds_no_solution(course: Course, name: str) -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (course.root / "release" / name).rglob("*")
        if path.suffix in (".ipynb", ".py")
    )
    sources = "\n".join(
        cell["source"] for cell in course.problem_set(name).student_version()["cells"]
    )
    assert "YOUR CODE HERE" in sources
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    lines = solution_lines(name)
    assert len(lines) > 5
    assert [line for line in lines if line in sources or line in text] == []


@pytest.mark.parametrize("name", SETS)
def test_the_students_version_holds_no_hidden_check(course: Course, name: str) -> None:
    folder = course.root / "source" / name  # of which everything is shipped
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.ipynb", f"{name}_checks.py"]
    shipped = (folder / f"{name}_checks.py").read_text(encoding="utf-8")
    for path in (course.root / "hidden").glob(f"{name}*.py"):
        names = set(re.findall(r"^def (check_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
        own = {check for check in names if f"def {check}(" not in shipped}
        assert [check for check in own if re.search(rf"\b{check}\b", shipped)] == []


@pytest.mark.parametrize("name", SETS)
def test_the_hidden_checks_fit_the_notebook(course: Course, name: str) -> None:
    assert course.problem_set(name).checks().keys() == course.problem_set(name).points().keys()


@pytest.mark.parametrize("name", SETS)
def test_graded_cells_are_one_locked_line_and_a_kernel_is_named(course: Course, name: str) -> None:
    notebook = course.problem_set(name).student_version()
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        if mark.get("grade") and not mark["solution"]:
            assert mark["locked"]
            task = mark["grade_id"]
            call = f'exercises.check("{task}", {name}_checks.VISIBLE, globals())'
            assert cell["source"] == call


def test_the_zip_holds_what_a_student_needs_and_no_more(course: Course, tmp_path: Path) -> None:
    folder = course.root / "release"
    (folder / "course_code-0.whl").write_text("wheel")
    (folder / "requirements.txt").write_text("numpy")
    (folder / "README.txt").write_text("read")
    (folder / "ps1" / "__pycache__").mkdir()
    (folder / "ps1" / "__pycache__" / "x.pyc").write_text("x")
    with zipfile.ZipFile(release.pack(folder, "ps1", "course_code-0.whl")) as archive:
        assert sorted(archive.namelist()) == [
            "ps1/README.txt", "ps1/course_code-0.whl", "ps1/ps1.ipynb", "ps1/ps1_checks.py",
            "ps1/requirements.txt",
        ]  # fmt: skip
    shutil.rmtree(folder / "ps1" / "__pycache__")


def test_wheel_and_sdist_hold_the_package_only(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    from hatchling.builders.sdist import SdistBuilder
    from hatchling.builders.wheel import WheelBuilder

    for builder, command in ((WheelBuilder, ["-l"]), (SdistBuilder, ["-t"])):
        (built,) = builder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
        tool = ["zipfile" if command == ["-l"] else "tarfile", *command, built]
        listed = subprocess.run(
            [sys.executable, "-m", tool[0], "-l", built], capture_output=True, text=True, check=True
        ).stdout
        assert "course_code/exercises.py" in listed
        assert "assignments" not in listed
        assert "hidden" not in listed


def test_the_book_leaves_the_assignments_out() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert "assignments" in config["exclude_patterns"]
    built = ROOT / "_build" / "html"
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "BEGIN SOLUTION" not in text, page
        assert "HIDDEN = {" not in text, page


def test_binder_removes_them_from_its_image(tmp_path: Path) -> None:
    for folder in (".git", "assignments/source/ps1", "assignments/hidden", "book"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_text("x")
    shutil.copy(ROOT / "postBuild", tmp_path)
    subprocess.run(["./postBuild"], cwd=tmp_path, check=True)
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert left == {"book/file", "postBuild"}


def test_git_ignores_what_is_of_the_students() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no repository")
    names = ["release/x", "submitted/x", "autograded/x", "feedback/x", "results/x", "exports/x"]
    names += ["gradebook.db", "gradebook.db.bak", "roster.csv"]
    for name in names:
        command = ["git", "check-ignore", "-q", f"assignments/{name}"]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0, name


LINKS = {
    "https://github.com/uni/sets": [
        "  Binder  https://mybinder.org/v2/gh/uni/sets/main?labpath=ps1/ps1.ipynb",
        "  Colab   https://colab.research.google.com/github/uni/sets/blob/main/ps1/ps1.ipynb",
    ],
    "git@github.com:uni/sets.git": [
        "  Binder  https://mybinder.org/v2/gh/uni/sets/main?labpath=ps1/ps1.ipynb",
        "  Colab   https://colab.research.google.com/github/uni/sets/blob/main/ps1/ps1.ipynb",
    ],
    "https://gitlab.com/uni/sets": [
        "  Binder  https://mybinder.org/v2/gl/uni%2Fsets/main?labpath=ps1/ps1.ipynb",
    ],
}


@pytest.mark.parametrize("url", LINKS)
def test_links_to_binder_and_colab(tmp_path: Path, url: str) -> None:
    assert release.links("ps1", release.online(tmp_path, url, "")) == LINKS[url]


def test_no_links_without_an_address_and_none_for_a_path(tmp_path: Path) -> None:
    assert release.online(tmp_path, "", "") is None
    assert release.links("ps1", None) == []
    with pytest.raises(release.Trouble, match="STUDENTS must be a GitHub or GitLab address"):
        release.online(tmp_path, "/home/me/sets", "")


def test_a_clone_in_release_names_its_address(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "term", tmp_path], check=True)
    assert release.online(tmp_path, "", "") is None
    address = "https://github.com/uni/sets.git"
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", address], check=True)
    assert release.online(tmp_path, "", "") == ("https://github.com/uni/sets", "term")


def test_the_colab_cell_does_nothing_elsewhere(course: Course) -> None:
    path = course.problem_set("ps1").release
    before = path.read_text(encoding="utf-8")
    release.add_colab_cell(path, "ps1", ("https://github.com/uni/sets", "main"), "c.whl")
    cell = nbformat.read(path, as_version=4).cells[0]
    assert "https://raw.githubusercontent.com/uni/sets/main/c.whl" in cell.source
    assert "https://raw.githubusercontent.com/uni/sets/main/ps1/ps1_checks.py" in cell.source
    assert not cell.metadata.get("nbgrader")
    path.write_text(before, encoding="utf-8")
