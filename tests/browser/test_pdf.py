"""The PDF holds the whole book, with its formulas, links and page numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
import yaml

ROOT = Path(__file__).parents[2]
PDF = ROOT / "_build" / "weight-initialization.pdf"
poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler-utils")


@pytest.fixture(scope="module")
def pdf(book, browser):
    """Print the book, as `make pdf` does; it stops at a link that leads nowhere."""
    PDF.unlink(missing_ok=True)
    command = [sys.executable, str(ROOT / "tools" / "pdf.py")]
    subprocess.run(command, check=True, capture_output=True)
    return PDF


@pytest.fixture(scope="module")
def pages(pdf):
    """The text of each page."""
    command = ["pdftotext", "-layout", str(pdf), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\f")


def titles(book: Path) -> list[str]:
    """The titles of all pages of the table of contents, as the built pages have them."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    found = []
    for file in files:
        title = re.search(r"<title>(.*?) (?:&#8212;|—)", (book / f"{file}.html").read_text("utf-8"))
        found.append(title[1])
    return found


def plain(text: str) -> str:
    return " ".join(text.split())


@poppler
def test_every_page_of_the_contents_is_there(pages, book):
    text = plain(" ".join(pages[4:]))
    assert [title for title in titles(book) if plain(title) not in text] == []


@poppler
def test_no_formula_or_reference_is_left_unresolved(pages):
    text = "\n".join(pages)
    assert re.findall(r".*(?:\\\(|\\\[|\\begin|\\frac|\[\?\]|Math Processing Error).*", text) == []


@poppler
def test_pages_are_numbered_but_the_first(pages):
    assert pages[0].split()[-1] != "1"
    assert [page.split()[-1] for page in pages[1:12]] == [str(n) for n in range(2, 13)]


@poppler
def test_links_lead_inside_the_document(pdf):
    command = ["pdfinfo", "-dests", str(pdf)]
    targets = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert len(re.findall(r"book-05_xavier", targets)) > 10
    assert len(targets.splitlines()) > 300


def test_it_has_an_outline_and_is_tagged(pdf):
    with pikepdf.open(pdf) as book, book.open_outline() as outline:
        assert len(outline.root) > 10
        assert book.Root.MarkInfo.Marked
        dictionaries = [one for one in book.objects if isinstance(one, pikepdf.Dictionary)]
        assert sum(one.get("/Type") == "/StructElem" for one in dictionaries) > 50_000


def test_it_is_small(pdf):
    """Unpacked tags and shadows, printed as pictures, once made 29 MB of it."""
    content = pdf.read_bytes()
    assert len(content) < 12e6
    assert b"/Type /StructElem" not in content  # they are in compressed streams
    assert b"/DCTDecode" not in content  # no picture of the book is a JPEG; shadows were
