"""The offline copy opens from a folder and asks nobody for anything."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(book, browser, tmp_path_factory):
    """Make the zip, as `make offline` does, and unpack it elsewhere."""
    folder = tmp_path_factory.mktemp("offline copy")  # with a space, as on many a desktop
    command = [sys.executable, str(ROOT / "tools" / "offline.py")]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(ROOT / "_build" / "weight-initialization.zip") as archive:
        archive.extractall(folder)
    return folder / "weight-initialization"


@pytest.fixture
def opened(new_page, unpacked, settle):
    """Open a page of the copy; nothing but files is answered."""

    def open_page(name, **options):
        page = new_page(cdn=False, **options)
        page.goto(f"{unpacked.as_uri()}/{name}")
        settle(page)
        return page

    return open_page


def test_every_page_opens_from_disk(opened, unpacked):
    page = opened("README.html")
    page.get_by_role("link", name="Open the book").click()
    names = [file.relative_to(unpacked) for file in sorted(unpacked.rglob("*.html"))]
    for name in names:
        if name.parts[0] not in ("_static", "_sources"):
            page.goto(f"{unpacked.as_uri()}/{name.as_posix()}")
            assert page.title()


def test_formulas_are_typeset_with_their_fonts(opened):
    page = opened("book/05_xavier.html")
    assert page.locator("mjx-container").count() > 30
    fonts = "() => [...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    assert any("MJXTEX" in family for family in page.evaluate(fonts))


def test_explorers_move_without_a_server(opened, move_explorer):
    move_explorer(opened("book/06_he.html"))


def test_search_finds_without_a_server(opened):
    page = opened("search.html?q=he_normal")
    page.wait_for_function("document.querySelectorAll('#search-results li').length > 2")
    found = page.locator("#search-results a").evaluate_all("links => links.map(a => a.href)")
    assert any("api" in link or "zoo" in link for link in found)
    page.locator("#search-results a").first.click()
    assert "/book/" in page.url


def test_theme_switch_is_kept_from_page_to_page(opened):
    page = opened("index.html", color_scheme="light")
    page.evaluate("localStorage.setItem('mode', 'dark'); localStorage.setItem('theme', 'dark')")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_folded_parts_open(opened):
    page = opened("book/05_xavier.html")
    opened_parts = page.locator("details[open]").count()
    page.locator("details:not([open]) > summary").first.click()
    assert page.locator("details[open]").count() == opened_parts + 1


def test_the_index_leads_to_the_glossary(opened):
    page = opened("genindex.html")
    page.locator("a[href*='glossary.html#']").first.click()
    page.wait_for_selector(":target", state="attached")
    assert page.url.startswith("file:")
