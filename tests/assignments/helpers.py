"""Shared by the tests of the problem sets: their notebooks, the marks of a piece of work."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat

from course_code import exercises

ASSIGNMENTS = Path(__file__).parents[2] / "assignments"
SOLUTION = re.compile(r"([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION", re.DOTALL)
Namespace = dict[str, Any]
# task: (points earned, points possible, what is off)
Marks = dict[str, tuple[int, int, list[str]]]


def module(path: Path) -> ModuleType:
    """Import a file under its own name, once."""
    if path.stem in sys.modules and getattr(sys.modules[path.stem], "__file__", "") == str(path):
        return sys.modules[path.stem]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    result = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = result
    spec.loader.exec_module(result)
    return result


def checks(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The visible and the hidden checks of a problem set."""
    visible = module(ASSIGNMENTS / "source" / name / f"{name}_checks.py")
    hidden = module(ASSIGNMENTS / "hidden" / f"{name}.py")
    return visible.VISIBLE, hidden.HIDDEN


def notebook(name: str) -> Any:
    return nbformat.read(ASSIGNMENTS / "source" / name / f"{name}.ipynb", as_version=4)


def kind(cell: Any) -> tuple[str, dict[str, Any]]:
    """What a cell is to nbgrader: given, solution, check or written, or just text or code."""
    meta = cell.metadata.get("nbgrader", {})
    if not meta:
        return cell.cell_type, meta
    if meta["grade"]:
        return "written" if meta["solution"] else "check", meta
    return "solution" if meta["solution"] else "given", meta


def run(cells: list[str], namespace: Namespace) -> str:
    """Run cells one after the other, going on after an error; return what they print."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for source in cells:
            try:
                exec(compile(source, "<cell>", "exec"), namespace)
            except Exception as error:
                print(f"{type(error).__name__}: {error}")
    return printed.getvalue()


def work(name: str, *, solved: bool) -> Namespace:
    """What the solution cells define, in the instructor's version or in the student's."""
    checks(name)
    sources = []
    for cell in notebook(name).cells:
        what, _ = kind(cell)
        if what == "solution" and not solved:
            sources.append(SOLUTION.sub(r"\1...", cell.source))
        elif what in ("solution", "given") and "raises-exception" not in cell.metadata.get(
            "tags", []
        ):
            sources.append(cell.source)
    namespace: Namespace = {"__name__": "__main__"}
    run(sources, namespace)
    return namespace


def marks(name: str, namespace: Namespace, only: Iterable[str] = ()) -> Marks:
    """Grade a namespace with the hidden checks, as the grader does: all tasks, or `only` some."""
    answers = exercises.Local(namespace)
    result = {}
    for task, items in checks(name)[1].items():
        if only and task not in only:
            continue
        off = [(points, exercises.outcome(check, answers)) for points, check in items]
        earned = sum(points for points, problem in off if problem is None)
        result[task] = earned, sum(points for points, _ in off), [p for _, p in off if p]
    return result


def replaced(namespace: Namespace, source: str) -> Namespace:
    """Run a wrong or unusual solution over a copy of the right one."""
    result = dict(namespace)
    exec(compile(source, "<solution>", "exec"), result)
    # Functions look names up where they were defined: move the right ones along.
    for key, value in namespace.items():
        if result.get(key) is value and getattr(value, "__globals__", None) is namespace:
            moved = type(value)(value.__code__, result, value.__name__, value.__defaults__)
            moved.__kwdefaults__ = value.__kwdefaults__
            result[key] = moved
    return result


def lost(name: str, namespace: Namespace, only: Iterable[str] = ()) -> tuple[dict[str, int], str]:
    """The points that a piece of work loses, by task, and all that it is told."""
    graded = marks(name, namespace, only)
    points = {task: of - earned for task, (earned, of, _) in graded.items() if earned < of}
    return points, "\n".join(text for _, _, off in graded.values() for text in off)
