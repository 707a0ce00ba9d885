"""Read a submitted notebook without trusting it, and lay its answers over the student's version.

What is graded is always our own notebook. Of the submission it takes the sources of the solution
cells, known by their grade_id, and of cells that the student added; everything else (locked cells,
points, metadata, outputs, cells' types) is ours, whatever the submission says.
"""

from __future__ import annotations

import json
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]  # as in the file: nbformat takes a second to import, in every process

MAX_FILE = 10 * 2**20
MAX_CELLS = 1000
MAX_SOURCE = 200_000
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


class Refused(Exception):
    """A submission that cannot be graded, and why, in words for the instructor."""


@dataclass(frozen=True)
class Cell:
    """What is kept of a submitted cell."""

    kind: str
    source: str
    grade_id: str
    grade: bool
    points: Any
    cut: bool = False  # the source was longer than is read


@dataclass
class Overlay:
    """The notebook to grade, and what was odd about the submission."""

    notebook: Notebook
    notes: list[str] = field(default_factory=list)

    def runnable(self) -> list[tuple[str, str]]:
        """Return (name, source) of the code cells that the worker runs: all but the graded ones."""
        return [
            (name(cell, index), cell["source"])
            for index, cell in enumerate(self.notebook["cells"])
            if cell["cell_type"] == "code"
            and not mark(cell).get("grade")
            and "raises-exception" not in cell["metadata"].get("tags", [])  # a demonstration
            and cell["source"].strip()
        ]


def mark(cell: dict[str, Any]) -> dict[str, Any]:
    """Return nbgrader's metadata of one of our own cells."""
    marked: dict[str, Any] = cell["metadata"].get("nbgrader", {})
    return marked


def name(cell: dict[str, Any], index: int) -> str:
    """Return what a cell is called in reports: its grade_id, or its number."""
    return mark(cell).get("grade_id") or f"cell {index + 1}"


def load(path: Path) -> Notebook:
    """Read a notebook of ours."""
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def read(path: Path) -> list[Cell]:
    """Return the cells of a submitted notebook.

    Raises
    ------
    Refused
        If it is no regular file, too large, or not a notebook.
    """
    try:
        status = path.lstat()
    except OSError:
        raise Refused(f"there is no {path.name}") from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a link" if stat.S_ISLNK(status.st_mode) else "no ordinary file"
        raise Refused(f"{path.name} is {kind}")
    if status.st_size > MAX_FILE:
        size, limit = status.st_size / 2**20, MAX_FILE // 2**20
        raise Refused(f"{path.name} has {size:.0f} MB; the limit is {limit} MB")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"{path.name} is not JSON ({type(error).__name__})") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise Refused(f"{path.name} is not a notebook of format 4: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise Refused(f"{path.name} has {len(cells)} cells; the limit is {MAX_CELLS}")
    return [kept(cell) for cell in cells if isinstance(cell, dict)]


def kept(cell: dict[str, Any]) -> Cell:
    """Return what is kept of a submitted cell, whatever the rest of it is."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        source = ""
    metadata = cell.get("metadata")
    marked = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    marked = marked if isinstance(marked, dict) else {}
    grade_id = marked.get("grade_id")
    return Cell(
        kind="markdown" if cell.get("cell_type") in ("markdown", "raw") else "code",
        source=legible(source[:MAX_SOURCE]),
        grade_id=grade_id if isinstance(grade_id, str) else "",
        grade=bool(marked.get("grade")),
        points=marked.get("points"),
        cut=len(source) > MAX_SOURCE,
    )


def legible(text: str) -> str:
    """Return text that can be written to a file and shown: no control characters or surrogates."""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or not _control(c))


def _control(c: str) -> bool:
    """Whether a character is a control code or turns the direction of the text after it."""
    return c < " " or "\x7f" <= c <= "\x9f" or c in DIRECTIONS


def overlay(release: Notebook, cells: list[Cell]) -> Overlay:
    """Lay a submission's answers over the student's version.

    A solution cell that occurs several times (it was split or copied) is put together again. Cells
    without a mark of ours come after the marked cell that they follow in the submission.
    """
    ours = {mark(cell)["grade_id"]: cell for cell in release["cells"] if mark(cell).get("grade_id")}
    answers: dict[str, list[Cell]] = defaultdict(list)
    added: dict[str, list[Cell]] = defaultdict(list)
    last = ""
    for cell in cells:
        if cell.grade_id in ours:
            last = cell.grade_id
            answers[last].append(cell)
        else:
            added[last].append(cell)
    laid = [_new(cell.kind, cell.source, {}) for cell in added[""]]
    notes = []
    for grade_id, cell in ours.items():
        source = cell["source"]
        if mark(cell).get("solution"):
            source = _answer(answers[grade_id])
        notes += _notes(cell, answers[grade_id])
        kept_metadata = {k: v for k, v in cell["metadata"].items() if k in ("nbgrader", "tags")}
        laid.append(_new(cell["cell_type"], source, kept_metadata))
        laid += [_new(extra.kind, extra.source, {}) for extra in added[grade_id]]
    if any(cell.cut for cell in cells):
        notes.append(f"a cell is cut off after {MAX_SOURCE:,} characters")
    unknown = {cell.grade_id for extra in added.values() for cell in extra if cell.grade_id}
    notes += [f"unknown graded cell {one[:40]!r} ignored" for one in sorted(unknown)]
    numbered = [{"id": f"cell-{index}", **cell} for index, cell in enumerate(laid)]
    notebook = {"cells": numbered, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return Overlay(notebook, notes)


def _new(kind: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    cell = {"cell_type": kind, "metadata": metadata, "source": source}
    return cell if kind == "markdown" else {**cell, "outputs": [], "execution_count": None}


def _answer(given: list[Cell]) -> str:
    if len(given) == 1:
        return given[0].source
    parts = dict.fromkeys(part.source.rstrip() for part in given)  # an exact copy counts once
    return "\n\n".join(part for part in parts if part)


def _notes(cell: dict[str, Any], given: list[Cell]) -> list[str]:
    grade_id = mark(cell)["grade_id"]
    locked = not mark(cell).get("solution")
    if not given:
        what = "locked cell" if locked else "answer cell"
        return [f"{what} {grade_id} was deleted" + (" and put back" if locked else "")]
    notes = []
    if len(given) > 1:
        notes.append(f"cell {grade_id} occurs {len(given)} times")
    if locked and any(part.source.rstrip() != cell["source"].rstrip() for part in given):
        notes.append(f"locked cell {grade_id} was edited; the edit is ignored")
    if any(part.kind != cell["cell_type"] for part in given):
        notes.append(f"cell {grade_id} was changed to another type; this is ignored")
    if mark(cell).get("grade") and any(part.points != mark(cell).get("points") for part in given):
        notes.append(f"the points of {grade_id} were changed; this is ignored")
    return notes
