"""Check that notebooks are in the form in which they are committed, or bring them into it.

    python tools/notebooks.py check book/*.ipynb
    python tools/notebooks.py clean book/*.ipynb

A cell prints short text, which nbval compares with what is stored, or it draws and carries the tag
nbval-ignore-output, with nothing stored. Only the standard library is used, so that the pre-commit
hook needs no environment.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

IGNORE_TAG = "nbval-ignore-output"
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
MAX_LINES = 20
MAX_TEXT = 2000
REPRS = re.compile(
    r"\bnp\.(?:float|int|bool|str)\w*\(|\barray\(|<[\w.]+ (?:object )?at 0x[0-9a-f]+"
)
# Keys that say something about a notebook or a cell; editors add many that do not.
NOTEBOOK_METADATA = ("kernelspec", "mystnb")
CELL_METADATA = ("tags", "mystnb", "nbgrader", "jupyter", "cellView")

Notebook = dict[str, Any]


def read(path: Path) -> Notebook:
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def dump(notebook: Notebook) -> str:
    """The text of a notebook as Jupyter itself writes it: texts are lists of lines."""
    cells = []
    for cell in notebook["cells"]:
        cell = {**cell, "source": as_lines(cell["source"])}
        if "outputs" in cell:
            cell["outputs"] = [with_lines(output) for output in cell["outputs"]]
        cells.append(cell)
    notebook = {**notebook, "cells": cells}
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def with_lines(output: dict[str, Any]) -> dict[str, Any]:
    if "text" in output:
        return {**output, "text": as_lines(output["text"])}
    if "data" in output:
        return {**output, "data": {k: as_lines(v) for k, v in output["data"].items()}}
    return output


def as_lines(text: str | list[str]) -> list[str]:
    return joined(text).splitlines(keepends=True)


def joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def code_cells(notebook: Notebook) -> Iterator[tuple[int, dict[str, Any]]]:
    """Code cells that are not empty, with their position among all cells."""
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code" and joined(cell["source"]).strip():
            yield index, cell


def tags(cell: dict[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def output_text(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return joined(output["text"])
    return joined(output.get("data", {}).get("text/plain", ""))


def check_cell(cell: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (rule, explanation) for every rule that one code cell breaks."""
    source, outputs = joined(cell["source"]), cell["outputs"]
    lines = source.strip().count("\n") + 1
    if lines > MAX_LINES:
        yield "long-cell", f"{lines} lines, at most {MAX_LINES}: move code to course_code"
    if IGNORE_TAG in tags(cell):
        if re.search(r"^print\(", source, re.MULTILINE):
            yield "print-and-draw", f"a cell tagged {IGNORE_TAG} prints: its text is never compared"
        if outputs:
            yield "stored-ignored", f"output stored in a cell tagged {IGNORE_TAG}"
        return
    for output in outputs:
        if output["output_type"] == "error":
            yield "error", f"stored error: {output['ename']}: {output['evalue']}"
        elif output.get("name") == "stderr":
            yield "stderr", f"text on standard error: {output_text(output)[:60]!r}"
        if set(output.get("data", {})) - {"text/plain"}:
            yield "picture", f"stored {sorted(output['data'])}: print, or draw and tag {IGNORE_TAG}"
        if found := REPRS.search(output_text(output)):
            yield "repr", f"{found.group()!r} in the output: print with fixed decimals"
    length = sum(len(output_text(output)) for output in outputs)
    if length > MAX_TEXT:
        yield "long-output", f"{length} characters of output, at most {MAX_TEXT}"


def check(notebook: Notebook) -> list[str]:
    """Describe every rule that a notebook breaks: ``cell 3: [rule] explanation``."""
    problems = []
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        problems.append("notebook: [kernelspec] metadata.kernelspec.name is not python3")
    counts = []
    for index, cell in code_cells(notebook):
        counts.append(cell["execution_count"])
        problems += [f"cell {index}: [{rule}] {text}" for rule, text in check_cell(cell)]
    if counts != list(range(1, len(counts) + 1)):
        problems.append(
            f"notebook: [counts] execution counts are {counts}, not 1 to {len(counts)}: "
            "run it from top to bottom (make execute-notebooks)"
        )
    if not problems and notebook != clean(notebook):
        problems.append(
            "notebook: [noise] needless metadata or split output (make clean-notebooks)"
        )
    return problems


def clean_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kept = {**cell, "metadata": {k: v for k, v in cell["metadata"].items() if k in CELL_METADATA}}
    if cell["cell_type"] != "code":
        return kept
    if IGNORE_TAG in tags(cell):
        return {**kept, "outputs": []}
    outputs = []
    for output in cell["outputs"]:
        output = dict(output)
        if WIDGET in output.get("data", {}):
            continue  # its text is no more than "VBox(children=...", its state is in the metadata
        if "data" in output:
            output["data"] = {k: v for k, v in output["data"].items() if k == "text/plain"}
            output["metadata"] = {}
            # All that is left of a picture is "<Figure size 640x480 with 1 Axes>".
            if not output["data"] or output_text(output).startswith("<Figure size"):
                continue
        if output["output_type"] == "execute_result":
            output["execution_count"] = cell["execution_count"]
        # What a slow cell prints may arrive in pieces.
        last = outputs[-1] if outputs else {}
        if "name" in output and output["name"] == last.get("name"):
            output["text"] = as_lines(output_text(last) + output_text(output))
            outputs.pop()
        outputs.append(output)
    return {**kept, "outputs": outputs}


def clean(notebook: Notebook) -> Notebook:
    """A copy without pictures, outputs of ignored cells, and needless metadata."""
    metadata = {k: v for k, v in notebook["metadata"].items() if k in NOTEBOOK_METADATA}
    if metadata.get("kernelspec", {}).get("name") in (None, "python3"):
        metadata["kernelspec"] = KERNELSPEC
    metadata["language_info"] = {"name": "python"}
    return {
        **notebook,
        "cells": [clean_cell(cell) for cell in notebook["cells"]],
        "metadata": metadata,
    }


def clean_file(path: Path) -> bool:
    """Clean a file in place; True if that changed it."""
    old = path.read_text(encoding="utf-8")
    new = dump(clean(json.loads(old)))
    if new != old:
        path.write_text(new, encoding="utf-8", newline="\n")
    return new != old


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["check", "clean"])
    parser.add_argument("paths", nargs="*", type=Path)
    arguments = parser.parse_args()
    failed = False
    for path in arguments.paths:
        if arguments.command == "clean":
            if clean_file(path):
                print(f"cleaned {path}")
            continue
        for problem in check(read(path)):
            failed = True
            print(f"{path}: {problem}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
