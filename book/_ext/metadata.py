"""Say what each page is and where: description, canonical address, cards, sitemap, 404 page.

The site's address is BOOK_URL from the environment (a domain of your own), else GitHub Pages' for
the repository that the book is built from. Without either, what needs an address is left out.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes

from repository import repository

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

GITHUB = "https://github.com/"
CARD = "A circle of inputs in the layers of three networks: it vanishes, stays or tangles"
LONGEST = 200
LINK = re.compile(r'(?<=\s)(href|src|action)="(?!#|/|[a-z]+:)([^"?#]*)')
DESCRIPTIONS = {
    "genindex": "Every term of the glossary and every name of the package, in alphabetical order.",
    "py-modindex": "The modules of course_code, the package behind the chapters.",
    "search": "Search the course: terms, symbols, initializers, claims.",
}
NOT_FOUND = """<h1>Page not found</h1>
<p>There is no page at this address. It may have moved: the contents list every page, and the search
finds words, names and claims.</p>
<ul>
<li><a href="{start}">The course's first page</a></li>
<li><a href="{index}">The index of terms and names</a></li>
</ul>
<script>
// The page's base is the book's root, whatever was asked for; links within the page stay in it.
for (const link of document.querySelectorAll('a[href^="#"]')) {{
  link.href = location.href.split("#")[0] + link.getAttribute("href");
}}
</script>"""


def site_url(root: Path) -> str:
    """The address that the book is published at, with a final slash; empty if there is none."""
    if url := os.environ.get("BOOK_URL"):
        return url.rstrip("/") + "/"
    found = repository(root)
    if found is None or not found.url.startswith(GITHUB):
        return ""
    owner, name = found.url.removeprefix(GITHUB).split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def set_address(app: Sphinx, config: Config) -> None:
    config.html_baseurl = site_url(Path(app.srcdir))


def first_paragraph(doctree: nodes.document) -> str:
    """The text of a page's first paragraph, cut after a sentence or a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            return shortened(" ".join(paragraph.astext().split()))
    return ""


def shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    start = text[:LONGEST]
    sentences = re.match(r".{80,}[.?!](?=\s)", start)
    return sentences[0] if sentences else start.rpartition(" ")[0].rstrip(",;:") + " …"


def address(base: str, pagename: str, root: str) -> str:
    return base if pagename == root else f"{base}{pagename}.html"


def tags(app: Sphinx, title: str, description: str, url: str) -> Iterator[tuple[str, str, str]]:
    """Attribute, name and content of each of a page's meta elements."""
    base = app.config.html_baseurl
    yield "name", "description", description
    yield "property", "og:type", "website"
    yield "property", "og:site_name", app.config.html_title
    yield "property", "og:title", title
    yield "property", "og:description", description
    if base:
        yield "property", "og:url", url
        yield "property", "og:image", f"{base}_static/card.png"
        yield "property", "og:image:width", "1200"
        yield "property", "og:image:height", "630"
        yield (
            "property",
            "og:image:alt",
            CARD,
        )
        yield "name", "twitter:card", "summary_large_image"


def describe(
    app: Sphinx,
    pagename: str,
    _template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add the meta elements to a page."""
    base = app.config.html_baseurl
    if pagename == "404":
        context.pop("pageurl", None)
        path = "/" + base.split("/", 3)[3] if base else "/"
        noindex = '<meta name="robots" content="noindex">'
        context["metatags"] = f'{noindex}\n<base href="{escape(path)}">'
        return
    url = address(base, pagename, app.config.root_doc)
    if base:
        context["pageurl"] = url
    title = re.sub(r"<[^>]*>", "", context.get("title") or app.config.html_title)
    text = first_paragraph(doctree) if doctree else DESCRIPTIONS.get(pagename, "")
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {kind}="{name}" content="{escape(content)}">'
        for kind, name, content in tags(app, title, text, url)
        if content
    )


def bibliography_roles(
    _app: Sphinx, _pagename: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Make docutils' bibliography a list of items: the role that it gives them is deprecated."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def index_in_contents(app: Sphinx, doctree: nodes.document) -> None:
    """Put the index into the contents, as the last page: a table of contents names files only."""
    contents = list(doctree.findall(addnodes.toctree))
    if app.env.docname == app.config.root_doc and contents:
        contents[-1]["entries"].append(("Index", "genindex"))


def not_found_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    if app.builder.name == "html":
        body = NOT_FOUND.format(start=f"{app.config.root_doc}.html", index="genindex.html")
        yield "404", {"title": "Page not found", "body": body}, "page.html"


def at_root(html: str, folder: str) -> str:
    """A page of a folder as it reads one level up."""

    def moved(link: re.Match[str]) -> str:
        return f'{link[1]}="{posixpath.normpath(posixpath.join(folder, link[2]))}'

    return LINK.sub(moved, html).replace('data-content_root="../"', 'data-content_root="./"')


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Write the first page, which is not a redirection to it, and the sitemap."""
    if exception or app.builder.name != "html":
        return
    out, root = Path(app.outdir), app.config.root_doc
    page = (out / f"{root}.html").read_text("utf-8")
    (out / "index.html").write_text(at_root(page, posixpath.dirname(root)), "utf-8")
    if base := app.config.html_baseurl:
        urls = [address(base, name, root) for name in [*sorted(app.env.found_docs), "genindex"]]
        entries = "".join(f"  <url><loc>{escape(url)}</loc></url>\n" for url in urls)
        (out / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n',
            "utf-8",
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", set_address)
    app.connect("doctree-read", index_in_contents, priority=900)
    app.connect("html-page-context", describe, priority=600)
    app.connect("html-page-context", bibliography_roles)
    app.connect("html-collect-pages", not_found_page)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
