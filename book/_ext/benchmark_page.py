"""benchmarks/results.json as text, tables and figures: the directives of book/benchmarks.md.

``{benchmark-machine}``, ``{benchmark-summary}``, ``{benchmark-rows} small`` (an experiment) and
``{benchmark-figure} depth`` (a series). They write MyST and leave the rest to the parser. The page
itself holds no measured number, so it cannot disagree with the file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from benchmark_figures import draw, figure_lines
from benchmark_text import Results, machine_lines, rows_lines, summary_lines

if TYPE_CHECKING:
    from sphinx.application import Sphinx

RESULTS = Path("benchmarks") / "results.json"


class Benchmarks(Directive):
    """What all directives share: reading the file and parsing what they write."""

    def run(self) -> list[nodes.Node]:
        self.env = self.state.document.settings.env
        path = Path(self.env.srcdir) / RESULTS
        self.env.note_dependency(str(path))
        try:
            lines = self.lines(json.loads(path.read_text("utf-8")))
        except (OSError, KeyError, ValueError) as why:
            raise self.error(f"{RESULTS} cannot be shown: {why!r}") from why
        container = nodes.container(classes=["benchmarks"])
        text = "\n".join(lines).splitlines()
        self.state.nested_parse(StringList(text, str(path)), self.content_offset, container)
        return [container]

    def lines(self, results: Results) -> list[str]:
        raise NotImplementedError


class Machine(Benchmarks):
    def lines(self, results: Results) -> list[str]:
        return machine_lines(results)


class Summary(Benchmarks):
    def lines(self, results: Results) -> list[str]:
        return summary_lines(results)


class Rows(Benchmarks):
    required_arguments = 1

    def lines(self, results: Results) -> list[str]:
        return rows_lines(results, self.arguments[0])


class Scaling(Benchmarks):
    required_arguments = 1

    def lines(self, results: Results) -> list[str]:
        import matplotlib as mpl

        name = self.arguments[0]
        folder = Path(self.env.app.outdir).parent / "benchmarks"
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / f"benchmark-{name}.svg"
        with mpl.rc_context({"svg.hashsalt": name}):  # the same file from the same numbers
            draw(results, name).savefig(picture, metadata={"Date": None})
        page = Path(self.env.doc2path(self.env.docname))
        return figure_lines(results, name, Path(os.path.relpath(picture, page.parent)).as_posix())


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("benchmark-machine", Machine)
    app.add_directive("benchmark-summary", Summary)
    app.add_directive("benchmark-rows", Rows)
    app.add_directive("benchmark-figure", Scaling)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
