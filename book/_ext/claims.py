"""The ``{claims-ledger}`` directive: every row of book/claims.yml as an entry of the page.

An entry links to the box in its chapter (an admonition named ``check-a9``) once that chapter is in
the book, and to its test once the book knows its repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

VERDICTS = ("true", "conditional", "false")
DOCUMENTS = {
    "A": "A: Weights Initialization",
    "B": "B: Coding neural network, parameters' initialization",
    "C": "C: Weight initialization techniques",
    "D": "D: Weight initialization techniques in neural network",
}


def read_ledger(path: Path) -> list[dict[str, str]]:
    """Read the rows of the ledger; a verdict may be written with or without quotes."""
    rows = yaml.safe_load(path.read_text("utf-8"))
    return [{key: str(value) for key, value in row.items()} | verdict_of(row) for row in rows]


def verdict_of(row: dict[str, Any]) -> dict[str, str]:
    verdict = str(row["verdict"]).lower()
    if verdict not in VERDICTS:
        raise ValueError(f"{row['id']}: verdict must be one of {VERDICTS}; got {verdict}")
    return {"verdict": verdict}


def paragraph(label: str, *content: nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.strong(text=f"{label} "), *content)


class ClaimsLedger(Directive):
    """Insert the whole ledger."""

    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        path = Path(env.srcdir) / "book" / "claims.yml"
        env.note_dependency(str(path))
        rows = read_ledger(path)
        counts = {v: sum(row["verdict"] == v for row in rows) for v in VERDICTS}
        summary = nodes.paragraph(
            text=f"{len(rows)} claims: {counts['true']} true, {counts['conditional']} conditional, "
            f"{counts['false']} false."
        )
        ledger = nodes.container(classes=["claims-ledger"])
        for letter, title in DOCUMENTS.items():
            ledger += nodes.rubric(text=title, classes=[f"document-{letter.lower()}"])
            ledger += [self.entry(env, row) for row in rows if row["source"] == letter]
        filters = nodes.raw("", '<div id="claims-filter"></div>', format="html")
        return [summary, filters, ledger]

    def entry(self, env: Any, row: dict[str, str]) -> nodes.container:
        name = f"claim-{row['id'].lower()}"
        document = f"document-{row['source'].lower()}"
        entry = nodes.container(classes=["claim", document, f"verdict-{row['verdict']}"])
        entry["names"].append(name)
        self.state.document.note_explicit_target(entry, entry)
        verdict = nodes.inline(text=row["verdict"], classes=["verdict"])
        heading = nodes.paragraph("", "", nodes.strong(text=row["id"]), nodes.Text(" "), verdict)
        entry += heading
        entry += paragraph("The document:", nodes.Text(row["claim"]))
        entry += paragraph("What we find:", nodes.Text(row["correction"]))
        evidence = paragraph("Evidence:")
        chapter = f"book/{row['chapter']}"
        if (Path(env.srcdir) / f"{chapter}.ipynb").exists():
            evidence += self.chapter_link(env.docname, row)
            evidence += nodes.Text("; test ")
        evidence += self.test_link(env.config, row["test"])
        entry += evidence
        return entry

    @staticmethod
    def chapter_link(docname: str, row: dict[str, str]) -> addnodes.pending_xref:
        link = addnodes.pending_xref(
            "",
            refdomain="std",
            reftype="ref",
            reftarget=f"check-{row['id'].lower()}",
            refdoc=docname,
            refexplicit=True,
            refwarn=True,
        )
        number = int(row["chapter"].split("_")[0])
        link += nodes.inline(text=f"chapter {number}", classes=["xref", "std", "std-ref"])
        return link

    @staticmethod
    def test_link(config: Any, test: str) -> nodes.Node:
        path, _, function = test.partition("::")
        name = nodes.literal(text=function)
        repository = config.html_theme_options.get("repository_url")
        if not repository:
            return name
        branch = config.html_theme_options.get("repository_branch", "main")
        return nodes.reference("", "", name, refuri=f"{repository}/blob/{branch}/{path}")


def add_filter(app: Sphinx, page: str, _template: str, _context: Any, doctree: Any) -> None:
    """Load the filter's script on the ledger's page only."""
    if doctree and any("claims-ledger" in c["classes"] for c in doctree.findall(nodes.container)):
        app.add_js_file("claims.js")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("claims-ledger", ClaimsLedger)
    app.connect("html-page-context", add_filter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
