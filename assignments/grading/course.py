"""Where a course's files are, how nbgrader is set up, and the checks of a problem set."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from traitlets.config import Config

import course_code
from course_code.exercises import Answers
from grading.interrupt import shielded
from grading.notebook import Notebook, load, mark

ASSIGNMENTS = Path(__file__).resolve().parent.parent
STUDENT = re.compile(r"\w[\w.@-]{0,99}")

Hidden = dict[str, list[tuple[float, Callable[[Answers], None]]]]


class Trouble(Exception):
    """Something an instructor has to put right; the message says what."""


@dataclass(frozen=True)
class Course:
    """nbgrader's course folder: source/, hidden/, release/, submitted/ and so on."""

    root: Path = ASSIGNMENTS

    def sets(self) -> list[str]:
        """Return the names of the problem sets that there are."""
        return sorted(path.parent.name for path in self.root.glob("source/*/*.ipynb"))

    def problem_set(self, name: str) -> ProblemSet:
        """Return the problem set of that name; Trouble lists the valid ones."""
        if name not in self.sets():
            raise Trouble(f"SET must be one of {', '.join(self.sets())}; got {name!r}")
        return ProblemSet(self, name)

    def students(self, name: str) -> list[str]:
        """Return the students with a folder in submitted/ for that problem set."""
        folders = (self.root / "submitted").glob(f"*/{name}")
        return sorted(path.parent.name for path in folders if path.is_dir())

    def config(self) -> Config:
        """Return nbgrader's configuration for this course."""
        config = Config()
        configure(config, self.root)
        return config

    def gradebook(self) -> Any:
        """Open nbgrader's gradebook, to be used in a ``with``; a new one if there is none."""
        from nbgrader.api import Gradebook

        with shielded():  # nbgrader starts `alembic` for a new one
            return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}")


@dataclass(frozen=True)
class ProblemSet:
    """One problem set: its notebook, its students' version, and its checks."""

    course: Course
    name: str

    @property
    def folder(self) -> Path:
        return self.course.root / "source" / self.name

    @property
    def source(self) -> Path:
        return self.folder / f"{self.name}.ipynb"

    @property
    def release(self) -> Path:
        return self.course.root / "release" / self.name / f"{self.name}.ipynb"

    @property
    def hidden(self) -> Path:
        return self.course.root / "hidden" / f"{self.name}.py"

    def submission(self, student: str) -> Path:
        return self.course.root / "submitted" / student / self.name / f"{self.name}.ipynb"

    def result(self, student: str) -> Path:
        return self.course.root / "results" / self.name / f"{student}.json"

    def student_version(self) -> Notebook:
        """Return the students' version, on which submissions are laid; Trouble if it is missing."""
        if not self.release.exists():
            raise Trouble(f"there is no students' version of {self.name}: run make assignments")
        return load(self.release)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all that decides a grade except the submission."""
        files = [self.release, *sorted(self.folder.glob("*.py"))]
        files += sorted(self.hidden.parent.glob(f"{self.name}*.py"))
        files += sorted(Path(__file__).parent.glob("*.py"))
        files += sorted(Path(course_code.__file__).parent.rglob("*.py"))
        digest = hashlib.sha256()
        for path in files:
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def checks(self) -> Hidden:
        """Import the hidden checks; they may import the visible ones and their own neighbours.

        Raises
        ------
        Trouble
            If they do not fit the graded cells of the students' version.
        """
        sys.path[:0] = [str(self.folder), str(self.hidden.parent)]
        spec = importlib.util.spec_from_file_location(f"hidden_{self.name}", self.hidden)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except FileNotFoundError:
            raise Trouble(f"there are no hidden checks: {self.hidden}") from None
        hidden: Hidden = module.HIDDEN
        points = {task: sum(worth for worth, _ in checks) for task, checks in hidden.items()}
        if points != self.points():
            raise Trouble(f"{self.name}: HIDDEN has the points {points}, the cells {self.points()}")
        return hidden

    def points(self) -> dict[str, float]:
        """Return the points of the cells that are graded automatically."""
        cells = self.student_version()["cells"]
        marks = [mark(cell) for cell in cells if cell["cell_type"] == "code"]
        return {m["grade_id"]: float(m["points"]) for m in marks if m.get("grade")}


def configure(config: Any, root: Path) -> None:
    """Set up nbgrader: our two preprocessors instead of its own execution of submissions."""
    from nbgrader import preprocessors as nbgrader
    from nbgrader.plugins import ExportPlugin  # noqa: F401  (its import registers the traits)

    from grading import preprocessors

    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "initialization"
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store"]
    config.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\n..."}
    config.Autograde.sanitize_preprocessors = [preprocessors.Overlay]
    config.Autograde.autograde_preprocessors = [
        preprocessors.Grade,
        nbgrader.SaveAutoGrades,
        nbgrader.CheckCellMetadata,
    ]
    config.HTMLExporter.filters = {"markdown2html": "grading.feedback.clean_markdown"}
