"""What `nbgrader autograde` does here instead of executing the submission beside the gradebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat.notebooknode import NotebookNode
from traitlets import Bool

from grading import run
from grading.course import Course, ProblemSet
from grading.notebook import kept, overlay

Result = tuple[NotebookNode, dict[str, Any]]


class Overlay(Preprocessor):
    """Keep of the submission the answers and added cells only."""

    enabled = Bool(True)  # nbconvert leaves out, silently, what is not

    def preprocess(self, notebook: NotebookNode, resources: dict[str, Any]) -> Result:
        release = _problem_set(resources).student_version()
        laid = overlay(release, [kept(cell) for cell in notebook.cells]).notebook
        return nbformat.from_dict(laid), resources


class Grade(Preprocessor):
    """Write marks and feedback as the graded cells' outputs, where nbgrader looks for them."""

    enabled = Bool(True)

    def preprocess(self, notebook: NotebookNode, resources: dict[str, Any]) -> Result:
        problem_set = _problem_set(resources)
        result = run.result_of(problem_set, notebook, resources["nbgrader"]["student"])
        run.write_outputs(notebook, result)
        return nbformat.from_dict(notebook), resources


def _problem_set(resources: dict[str, Any]) -> ProblemSet:
    database = Path(resources["nbgrader"]["db_url"].removeprefix("sqlite:///"))
    return Course(database.parent).problem_set(resources["nbgrader"]["assignment"])
