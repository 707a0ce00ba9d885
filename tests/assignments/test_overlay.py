"""What is taken from a submitted notebook, and what is refused or reported."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
import tiny
from grading import notebook
from grading.notebook import Refused


def laid(submitted: Any) -> notebook.Overlay:
    return notebook.overlay(tiny.released(), [notebook.kept(cell) for cell in submitted["cells"]])


def by_id(overlay: notebook.Overlay) -> dict[str, Any]:
    cells = overlay.notebook["cells"]
    return {notebook.mark(cell)["grade_id"]: cell for cell in cells if notebook.mark(cell)}


def index(submitted: Any, grade_id: str) -> int:
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in submitted.cells]
    return ids.index(grade_id)


def test_answers_and_added_cells_are_taken() -> None:
    overlay = laid(tiny.submission(extra=("helper = 1", "other = 2")))
    assert overlay.notes == []
    assert overlay.runnable() == [
        ("given-imports", tiny.GIVEN),
        ("cell 3", "helper = 1"),
        ("cell 4", "other = 2"),
        ("double-code", tiny.DOUBLE),
        ("noise-code", tiny.NOISE),
    ]
    assert by_id(overlay)["written"]["source"] == tiny.WRITTEN
    nbformat.validate(nbformat.from_dict(overlay.notebook))


def test_an_overlay_of_an_overlay_is_the_same() -> None:
    once = laid(tiny.submission(extra=("helper = 1",)))
    twice = laid(once.notebook)
    assert twice.runnable() == once.runnable()
    assert twice.notebook == once.notebook


def test_an_edited_check_is_ours_again_and_reported() -> None:
    submitted = tiny.submission()
    submitted.cells[index(submitted, "double")].source = "2.5"
    submitted.cells[index(submitted, "given-imports")].source = "import os"
    overlay = laid(submitted)
    assert by_id(overlay)["double"]["source"].startswith("exercises.check(")
    assert by_id(overlay)["given-imports"]["source"] == tiny.GIVEN
    assert overlay.notes == [
        "locked cell given-imports was edited; the edit is ignored",
        "locked cell double was edited; the edit is ignored",
    ]


def test_deleted_cells_are_put_back_and_reported() -> None:
    submitted = tiny.submission()
    for grade_id in ("double", "noise-code"):
        del submitted.cells[index(submitted, grade_id)]
    overlay = laid(submitted)
    assert by_id(overlay)["noise-code"]["source"] == ""
    assert overlay.notes == [
        "locked cell double was deleted and put back",
        "answer cell noise-code was deleted",
    ]


def test_a_check_that_occurs_twice_counts_once() -> None:
    submitted = tiny.submission()
    submitted.cells += [submitted.cells[index(submitted, "double")]] * 3
    overlay = laid(submitted)
    assert [notebook.mark(c).get("grade_id") for c in overlay.notebook["cells"]].count(
        "double"
    ) == 1
    assert overlay.notes == ["cell double occurs 4 times"]


def test_a_split_answer_is_put_together() -> None:
    submitted = tiny.submission(double="import math")
    at = index(submitted, "double-code")
    second = nbformat.from_dict(submitted.cells[at])
    second.source = tiny.DOUBLE
    submitted.cells.insert(at + 1, second)
    overlay = laid(submitted)
    assert by_id(overlay)["double-code"]["source"] == f"import math\n\n{tiny.DOUBLE}"


def test_metadata_of_the_submission_counts_for_nothing() -> None:
    submitted = tiny.submission()
    mark = submitted.cells[index(submitted, "double")].metadata.nbgrader
    mark.points, mark.locked, mark.solution = 1000, False, True
    submitted.cells[index(submitted, "written")].metadata.nbgrader.grade = False
    submitted.cells[2].metadata["raises-exception"] = True
    submitted.metadata = {"kernelspec": {"name": "evil", "display_name": "<script>"}}
    overlay = laid(submitted)
    assert by_id(overlay)["double"]["metadata"] == tiny.released().cells[3].metadata
    assert overlay.notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert overlay.notes == [
        "the points of double were changed; this is ignored",
        *overlay.notes[1:],
    ]


def test_a_missing_kernelspec_and_odd_cells_do_no_harm() -> None:
    submitted = tiny.submission()
    submitted.metadata = {}
    submitted.cells.append({"cell_type": "code"})
    submitted.cells.append({"source": 5, "metadata": {"nbgrader": "x"}})
    submitted.cells.append({"source": ["a\r\n", 3, "b\ud800\x00\x1b[31m\u202e"], "metadata": []})
    overlay = laid(submitted)
    assert overlay.notebook["cells"][-1]["source"] == "a\nb?[31m"
    json.dumps(overlay.notebook).encode("utf-8")


def test_an_unknown_graded_cell_is_reported() -> None:
    submitted = tiny.submission()
    mark = tiny.marked("bonus", grade=True, solution=False, points=50)
    submitted.cells.append(nbformat.v4.new_code_cell("50", metadata=mark))
    overlay = laid(submitted)
    assert overlay.notes == ["unknown graded cell 'bonus' ignored"]
    assert not notebook.mark(overlay.notebook["cells"][-1])


BROKEN = {
    "empty": (b"", "not JSON"),
    "text": (b"def f(): pass", "not JSON"),
    "not UTF-8": (b"\xff\xfe\x00", "not JSON"),
    "deep": (b"[" * 10**6, "not JSON"),
    "a huge integer": (b"9" * 10**5, "not JSON"),
    "a list": (b"[]", "no list of cells"),
    "format 3": (b'{"worksheets": []}', "no list of cells"),
    "cells of a wrong kind": (b'{"cells": {"a": 1}}', "no list of cells"),
    "many cells": (json.dumps({"cells": [{}] * 2000}).encode(), "2000 cells"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_notebook_is_refused(tmp_path: Path, name: str) -> None:
    content, reason = BROKEN[name]
    path = tmp_path / "tiny.ipynb"
    path.write_bytes(content)
    with pytest.raises(Refused, match=reason):
        notebook.read(path)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    nbformat.write(tiny.submission(), tmp_path / "real.ipynb")
    (tmp_path / "link.ipynb").symlink_to("real.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name in ("link", "folder", "pipe", "missing"):
        with pytest.raises(Refused, match=r"a link|no ordinary file|there is no"):
            notebook.read(tmp_path / f"{name}.ipynb")


def test_100_megabytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "tiny.ipynb"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(Refused, match="100 MB; the limit is 10 MB"):
        notebook.read(path)


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "tiny.ipynb"
    path.write_text(json.dumps(tiny.submission()), encoding="utf-8-sig")
    assert notebook.read(path)
