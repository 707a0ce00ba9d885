"""A problem set of two tasks and a written answer, for the tests of the grading engine."""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ASSIGNMENTS = Path(__file__).parents[2] / "assignments"
sys.path.insert(0, str(ASSIGNMENTS))

from grading import one  # noqa: E402
from grading.course import Course  # noqa: E402

slow = pytest.mark.skipif(not os.environ.get("ATTACKS"), reason="make test-attacks runs it")

CHECKS = '''\
"""Visible checks."""

import numpy as np
from course_code.exercises import Problem, array


def check_positive(answers):
    """Positive numbers."""
    if not np.allclose(array(answers.call("double", [1.0, 2.0]), "double"), [2.0, 4.0]):
        raise Problem("double([1.0, 2.0]) is not [2.0, 4.0]")


VISIBLE = {"double": [check_positive], "noise": []}
'''
HIDDEN = '''\
"""Hidden checks. SECRET-OF-THE-CHECKS"""

import numpy as np
from course_code.exercises import Problem, Seed, array
from tiny_checks import check_positive


def check_negative(answers):
    """Negative numbers, any shape."""
    x = np.linspace(-3, 1, 12).reshape(3, 4)
    if not np.allclose(array(answers.call("double", x), "double", (3, 4)), 2 * x):
        raise Problem("twice a negative number is negative")


def check_noise(answers):
    """Standard deviation."""
    sample = array(answers.call("noise", (300, 300), Seed(7)), "noise", (300, 300))
    if abs(sample.std() - 1) > 0.02:
        raise Problem(f"the standard deviation is {sample.std():.2f}")


HIDDEN = {"double": [(1, check_positive), (1.5, check_negative)], "noise": [(2, check_noise)]}
'''
GIVEN = "import numpy as np\nimport tiny_checks\n\nfrom course_code import exercises"
DOUBLE = "def double(x):\n    return 2 * np.asarray(x)"
NOISE = "def noise(shape, rng):\n    return rng.normal(size=shape)"
WRITTEN = "Because the *variance* is 1."


def marked(grade_id: str, *, grade: bool, solution: bool, points: float = 0) -> dict[str, Any]:
    mark: dict[str, Any] = {"grade_id": grade_id, "grade": grade, "solution": solution}
    mark |= {"locked": not solution, "schema_version": 3, "task": False}
    if grade:
        mark["points"] = points
    return {"nbgrader": mark}


def source() -> Any:
    """The instructor's notebook."""
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    stub = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
    check = 'exercises.check("{0}", tiny_checks.VISIBLE, globals())'
    answer = {"grade": False, "solution": True}
    given = marked("given-imports", grade=False, solution=False)
    double = marked("double", grade=True, solution=False, points=2.5)
    noise = marked("noise", grade=True, solution=False, points=2)
    written = marked("written", grade=True, solution=True, points=3)
    cells = [
        text("# Tiny problem set"),
        code(GIVEN, metadata=given),
        code(stub.format(DOUBLE), metadata=marked("double-code", **answer)),
        code(check.format("double"), metadata=double),
        code(stub.format(NOISE), metadata=marked("noise-code", **answer)),
        code(check.format("noise"), metadata=noise),
        text(stub.format("Why?"), metadata=written),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def released() -> Any:
    """The students' version, as nbgrader makes it."""
    notebook = source()
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = "# YOUR CODE HERE\n..." if cell.cell_type == "code" else "YOUR ANSWER"
    return notebook


def make(root: Path) -> Course:
    """Write the problem set into a course folder."""
    for folder in ("source/tiny", "hidden", "release/tiny"):
        (root / folder).mkdir(parents=True)
    nbformat.write(source(), root / "source/tiny/tiny.ipynb")
    nbformat.write(released(), root / "release/tiny/tiny.ipynb")
    (root / "source/tiny/tiny_checks.py").write_text(CHECKS)
    (root / "hidden/tiny.py").write_text(HIDDEN)
    return Course(root)


def submission(
    double: str = DOUBLE, noise: str = NOISE, written: str = WRITTEN, extra: tuple[str, ...] = ()
) -> Any:
    """A submission with these answers, and cells added before the first task."""
    notebook = copy.deepcopy(released())
    answers = {"double-code": double, "noise-code": noise, "written": written}
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(grade_id, cell.source)
    notebook.cells[2:2] = [nbformat.v4.new_code_cell(text) for text in extra]
    return notebook


def hand_in(course: Course, student: str, notebook: Any) -> Path:
    """Put a submission where the grader looks for it."""
    path = course.problem_set("tiny").submission(student)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook))
    return path


def graded(course: Course, notebook: Any, **options: Any) -> dict[str, Any]:
    """Grade a submission in the sandbox, with short limits."""
    path = hand_in(course, "somebody", notebook)
    limits = {"cell_seconds": 1.0, "call_seconds": 0.5, "total_seconds": 30.0, **options}
    return one.grade(course.problem_set("tiny"), path, **limits)


def points(result: dict[str, Any]) -> dict[str, float]:
    return {task: entry["points"] for task, entry in result["tasks"].items()}
