"""What a page says about itself, and addresses that follow the repository."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from docutils import nodes

EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"


@pytest.fixture
def metadata(monkeypatch):
    for name in ("BOOK_URL", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.syspath_prepend(EXTENSIONS)
    spec = importlib.util.spec_from_file_location("metadata", EXTENSIONS / "metadata.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "metadata", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("repository", "url"),
    [
        ("Someone/course", "https://someone.github.io/course/"),
        ("Someone/Someone.github.io", "https://someone.github.io/"),
    ],
)
def test_the_address_is_that_of_pages(metadata, monkeypatch, tmp_path, repository, url):
    monkeypatch.setenv("GITHUB_REPOSITORY", repository)
    assert metadata.site_url(tmp_path) == url


def test_a_domain_of_ones_own_comes_first(metadata, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/course")
    monkeypatch.setenv("BOOK_URL", "https://course.example")
    assert metadata.site_url(tmp_path) == "https://course.example/"


def test_without_a_repository_there_is_no_address(metadata, tmp_path):
    assert metadata.site_url(tmp_path) == ""


def test_the_description_is_the_first_paragraph_outside_boxes(metadata):
    section = nodes.section("", nodes.title(text="A title"))
    section += nodes.note("", nodes.paragraph(text="A box."))
    section += nodes.paragraph(text="The first\nparagraph.")
    document = nodes.document(None, None)
    document += section
    assert metadata.first_paragraph(document) == "The first paragraph."


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Short.", "Short."),
        ("a" * 100 + ". " + "b " * 80, "a" * 100 + "."),
        ("Short. " + "word " * 60, "Short. " + " ".join(["word"] * 38) + " …"),
    ],
)
def test_a_long_description_ends_at_a_sentence_or_a_word(metadata, text, short):
    assert metadata.shortened(text) == short
    assert len(short) <= metadata.LONGEST + 2


def app(tmp_path, base):
    config = SimpleNamespace(html_baseurl=base, html_title="Course", root_doc="book/index")
    return SimpleNamespace(
        config=config,
        outdir=tmp_path,
        builder=SimpleNamespace(name="html"),
        env=SimpleNamespace(found_docs={"book/index", "book/a"}),
    )


def test_cards_need_an_address_and_descriptions_do_not(metadata, tmp_path):
    for base, card in (("https://x.github.io/c/", True), ("", False)):
        context = {"title": "<em>Search</em>"}
        metadata.describe(app(tmp_path, base), "search", "", context, None)
        assert '<meta name="description" content="Search the course' in context["metatags"]
        assert 'og:title" content="Search"' in context["metatags"]
        assert ("https://x.github.io/c/_static/card.png" in context["metatags"]) is card
        assert ("pageurl" in context) is card


@pytest.mark.parametrize(
    ("base", "path"), [("https://x.github.io/c/", "/c/"), ("https://c.example/", "/"), ("", "/")]
)
def test_the_missing_page_finds_its_files_at_any_depth(metadata, tmp_path, base, path):
    context = {"pageurl": f"{base}404.html"}
    metadata.describe(app(tmp_path, base), "404", "", context, None)
    assert f'<base href="{path}">' in context["metatags"]
    assert "pageurl" not in context


def test_the_first_page_stands_at_the_root(metadata):
    html = (
        '<html data-content_root="../"><a href="b.html#c"> <img src="../_images/d.svg">'
        '<a href="#here"> <a href="https://e.org/f"> <a href="../genindex.html">'
    )
    assert metadata.at_root(html, "book") == (
        '<html data-content_root="./"><a href="book/b.html#c"> <img src="_images/d.svg">'
        '<a href="#here"> <a href="https://e.org/f"> <a href="genindex.html">'
    )


def test_the_sitemap_lists_every_page_once(metadata, tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.html").write_text("<html></html>")
    metadata.write_files(app(tmp_path, "https://x.github.io/c/"), None)
    sitemap = ElementTree.parse(tmp_path / "sitemap.xml")
    assert [element.text for element in sitemap.iterfind(".//{*}loc")] == [
        "https://x.github.io/c/book/a.html",
        "https://x.github.io/c/",
        "https://x.github.io/c/genindex.html",
    ]
    assert (tmp_path / "index.html").exists()


def test_without_an_address_there_is_no_sitemap(metadata, tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.html").write_text("<html></html>")
    metadata.write_files(app(tmp_path, ""), None)
    assert not (tmp_path / "sitemap.xml").exists()
