"""Print the built book, all of its pages in order, into one PDF.

    python tools/pdf.py     after `make book`; needs Chromium or Chrome

The pages are joined into one document, in the order of the table of contents: links between pages
become links inside it, folded parts are open, explorers show their first state. Chromium prints it.
"""

from __future__ import annotations

import io
import os
import posixpath
import shutil
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pikepdf
import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import sync_playwright

from browser import BrowserError, cut_network, launch, settle
from scripts import use_local_scripts
from vendor import ROOT, VendorError

HTML = ROOT / "_build" / "html"
PDF = ROOT / "_build" / "weight-initialization.pdf"
JOINED = "book-in-one-page.html"
SCREEN_ONLY = "The controls appear when this page's scripts have loaded."


class Page(NamedTuple):
    name: str  # of the file, relative to the built book's folder
    part: str  # of the table of contents
    article: Tag
    head: Tag


def listed(toc: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (document, part) in the order of _toc.yml."""
    yield toc["root"], ""
    for part in toc.get("parts", [toc]):
        for chapter in part["chapters"]:
            yield chapter["file"], part.get("caption", "")
            for section in chapter.get("sections", []):
                yield section["file"], part.get("caption", "")


def read_pages() -> list[Page]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = []
    for document, part in listed(toc):
        name = f"{document}.html"
        soup = BeautifulSoup((HTML / name).read_text(encoding="utf-8"), "html.parser")
        article = soup.find("article")
        if article is None or soup.head is None:
            raise ValueError(f"{name} has no article")
        pages.append(Page(name, part, article, soup.head))
    return pages


def anchor(name: str, fragment: str = "") -> str:
    """The name that an anchor of a page has in the whole document."""
    page = name.removesuffix(".html").replace("/", "-")
    return f"{page}--{fragment}" if fragment else page


def local_target(page: str, address: str) -> tuple[str, str] | None:
    """Split an address on a page into file and fragment; None if it leads out of the book."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), parts.path))
    return (path if parts.path else page), parts.fragment


def join_links(page: Page, names: set[str]) -> None:
    """Make a page's anchors unique, and its links lead inside the document or out of the book."""
    page.article["id"] = anchor(page.name)
    for tag in page.article.find_all(id=True):
        if tag is not page.article:
            tag["id"] = anchor(page.name, tag["id"])
    for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
        for tag in page.article.find_all(attrs={attribute: True}):
            values = tag[attribute].split() if isinstance(tag[attribute], str) else tag[attribute]
            tag[attribute] = " ".join(anchor(page.name, value) for value in values)
    for tag in page.article.find_all(["img", "source"], src=True):
        if target := local_target(page.name, tag["src"]):
            tag["src"] = target[0]
    for tag in page.article.find_all("a", href=True):
        target = local_target(page.name, tag["href"])
        if target is None:
            continue
        if target[0] in names:
            tag["href"] = "#" + anchor(*target)
        else:
            tag.unwrap()  # an index or a file that is not in the document


def unfold(article: Tag) -> None:
    """Show everything, and take out what only a browser can use."""
    for tag in article.find_all("noscript"):
        tag.unwrap()
    for tag in article.find_all("script"):
        tag.decompose()
    for tag in article.find_all("details"):
        tag["open"] = ""
    for tag in article.select(".toggle"):
        tag["class"] = [name for name in tag["class"] if name not in ("toggle", "toggle-hidden")]
    for tag in article.select(".explorer-static"):
        tag.attrs.pop("hidden", None)
        for note in tag.select("small"):
            note.string = note.get_text().replace(SCREEN_ONLY, "The book on screen has them all.")
    for tag in article.find_all("img"):
        tag.attrs.pop("loading", None)


def heading_text(heading: Tag) -> str:
    for link in heading.select(".headerlink"):
        link.decompose()
    return heading.get_text().strip()


def contents(pages: list[Page]) -> str:
    """Write the list of pages and their sections, linked."""
    lines, part = ['<div class="printed-contents"><p class="title">Contents</p>'], ""
    for page in pages[1:]:
        if page.part != part:
            part = page.part
            lines.append(f'<p class="part">{escape(part)}</p>')
        title = page.article.find("h1")
        lines.append(f'<ul><li><a href="#{page.article["id"]}">{escape(heading_text(title))}</a>')
        lines.append("<ul>")
        for heading in page.article.find_all("h2"):
            section = heading.find_parent(id=True)
            lines.append(f'<li><a href="#{section["id"]}">{escape(heading_text(heading))}</a></li>')
        lines.append("</ul></li></ul>")
    return "\n".join([*lines, "</div>"])


def title_page(config: dict[str, Any]) -> str:
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    from repository import repository

    found = repository(ROOT)
    source = f'<br><a href="{found.url}">{found.url}</a>' if found else ""
    return f"""<section class="title-page"><img class="logo" src="_static/logo.svg" alt="">
<p class="title">{escape(config["title"])}</p><p>{escape(config["author"])}</p>
<p class="imprint">© {escape(str(config["copyright"]))}. Text and figures: CC BY 4.0.
Code: BSD 3-Clause.<br>The printed form of an interactive book: explorers show their first state,
and folded parts are open.{source}</p></section>"""


def head_tags(pages: list[Page]) -> list[str]:
    """Collect the style sheets of all pages, and MathJax from the first page that has it."""
    styles: dict[str, None] = {}
    scripts: list[str] = []
    for page in pages:
        folder = posixpath.dirname(page.name)
        for link in page.head.select("link[rel=stylesheet]"):
            styles[posixpath.normpath(posixpath.join(folder, link["href"]))] = None
        found = [str(tag) for tag in page.head.find_all("script") if "athjax" in str(tag).lower()]
        scripts = scripts or [tag.replace("../_static/", "_static/") for tag in found]
    return [*(f'<link rel="stylesheet" href="{style}">' for style in styles), *scripts]


def joined(pages: list[Page], config: dict[str, Any]) -> str:
    """Write the whole document."""
    names = {page.name for page in pages}
    for page in pages:
        unfold(page.article)
        join_links(page, names)
    css = (ROOT / "tools" / "pdf.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head>',
            f'<meta charset="utf-8"><title>{escape(config["title"])}</title>',
            *head_tags(pages),
            f"<style>{css}</style>",
            '</head><body><main class="bd-content">',
            title_page(config),
            contents(pages),
            *(str(page.article) for page in pages),
            "</main></body></html>",
        ]
    )


def print_pdf(folder: Path, target: Path) -> None:
    """Print the joined page; whatever is missing or fails in it is an error."""
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(color_scheme="light")
        cut_network(context, problems, cdn=False)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.append(request.url))
        page.set_default_timeout(300_000)
        page.goto((folder / JOINED).as_uri())
        settle(page)
        broken = page.evaluate(
            "() => [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))"
            ".filter(id => !document.getElementById(decodeURIComponent(id)))"
        )
        problems += [f"a link leads nowhere: #{target}" for target in broken]
        if problems:
            raise ValueError("the book cannot be printed:\n  " + "\n  ".join(problems))
        pdf = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
        browser.close()
    part = target.with_suffix(".part")
    # Chromium writes the tags, which say what is a heading or a paragraph, as 100,000 objects
    # without compression: half of the file.
    with pikepdf.open(io.BytesIO(pdf)) as printed:
        printed.save(part, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    os.replace(part, target)


def main() -> int:
    if not (HTML / "index.html").exists():
        print("The book is not built: run `make book` first, or `make pdf`.", file=sys.stderr)
        return 1
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    try:
        with tempfile.TemporaryDirectory(dir=ROOT / "_build") as name:
            folder = Path(name) / "html"
            shutil.copytree(HTML, folder, ignore=shutil.ignore_patterns("_sources"))
            use_local_scripts(folder)
            (folder / JOINED).write_text(joined(read_pages(), config), encoding="utf-8")
            print_pdf(folder, PDF)
    except (BrowserError, VendorError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The PDF is {PDF.relative_to(ROOT)} ({PDF.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
