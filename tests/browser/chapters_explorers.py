"""The explorers of the chapters: which there are, and the same ones in Python."""

from __future__ import annotations

import ast
import functools
import json
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Place(NamedTuple):
    """The n-th explorer of a chapter, and its cell after what earlier ones import."""

    chapter: str
    number: int
    source: str

    @property
    def page(self) -> str:
        return f"book/{self.chapter}.html"

    @property
    def name(self) -> str:
        return f"{self.chapter[:2]}-{self.number}"


def places() -> list[Place]:
    found = []
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        making = [source for source in sources if "from course_code.explorers" in source]
        imports = ""
        for n, source in enumerate(making):
            found.append(Place(path.stem, n, imports + source))
            imports += "".join(f"{line}\n" for line in source.splitlines() if "import " in line)
    return found


PLACES = places()
CHAPTERS = sorted({place.chapter for place in PLACES})


@functools.lru_cache(maxsize=2)
def in_python(source: str):
    """Return the explorer that a cell shows: the cell's last line."""
    *statements, last = ast.parse(source).body
    names: dict[str, object] = {}
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
