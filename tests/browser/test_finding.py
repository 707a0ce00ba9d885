"""Search, index and links back to the repository: a reader finds what they look for."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

HTML = Path(__file__).parents[2] / "_build" / "html"


@pytest.mark.parametrize(
    ("words", "page_found"),
    [
        ("chi_1", "api.html"),
        ("layer_statistics", "api.html"),
        ("he_normal", "api.html"),
        ("he_normal", "06_he.html"),
        ("B7", "claims.html"),
        ("A12", "claims.html"),
        ("symmetry breaking", "glossary.html"),
        ("chaotic phase", "glossary.html"),
    ],
)
def test_search_finds(page, book_url, words, page_found):
    page.goto(f"{book_url}search.html?q={words}")
    page.locator("#search-results .search-summary", has_text="found").wait_for()
    page.wait_for_function("document.querySelectorAll('#search-results li').length > 0")
    found = page.locator("#search-results li > a")
    assert any(page_found in link.get_attribute("href") for link in found.all())


def test_a_result_leads_to_its_place(page, book_url):
    page.goto(f"{book_url}search.html?q=he_normal")
    page.locator("#search-results li a", has_text="he_normal").first.click()
    page.wait_for_url("**/api.html*#course_code.initializers*he_normal")


def test_there_is_one_search_box(page, book_url):
    page.goto(f"{book_url}book/05_xavier.html")
    boxes = page.locator("input[type=search], .search-button-field, .search-button__button")
    assert [box.is_visible() for box in boxes.all()].count(True) == 1


def test_index_and_glossary_are_in_the_contents(page, book_url):
    for name in ("book/05_xavier.html", "index.html"):
        page.goto(book_url + name)
        contents = page.get_by_role("navigation", name="Main")
        for title, heading in {"Index": "Index", "Glossary": "Glossary"}.items():
            contents.get_by_role("link", name=title, exact=True).click()
            assert page.locator("h1:visible").inner_text().startswith(heading)
            page.go_back()


def test_the_index_lists_terms_initializers_and_modules(page, book_url):
    page.goto(f"{book_url}genindex.html")
    for name in ("he_normal", "fan_in", "course_code.theory"):
        assert page.locator("article").get_by_text(re.compile(rf"^{name}\b")).count()


def repository(page) -> str:
    source = page.locator(".course-footer__page a", has_text="Source of the course")
    if not source.count():
        pytest.skip("The book was built from no repository")
    return source.get_attribute("href")


@pytest.mark.parametrize("name", ["book/05_xavier", "book/glossary"])
def test_links_to_edit_and_to_report_name_the_page(page, book_url, name):
    page.goto(f"{book_url}{name}.html")
    root = repository(page)
    report = page.get_by_role("link", name="Report a mistake on this page").get_attribute("href")
    assert report.startswith(f"{root}/issues/new?")
    assert name in parse_qs(urlsplit(report).query)["title"][0]
    edit = page.get_by_role("link", name="Edit this page").get_attribute("href")
    path = re.fullmatch(rf"{re.escape(root)}/edit/[^/]+/(.+)", edit)[1]
    assert (HTML.parents[1] / path).exists()


def test_a_page_says_what_it_is(page, book_url):
    descriptions = set()
    for path in sorted((HTML / "book").glob("*.html")):
        page.goto(f"{book_url}book/{path.name}")
        text = page.locator("meta[name=description]").get_attribute("content")
        assert 20 < len(text) <= 202
        assert page.locator("meta[property='og:description']").get_attribute("content") == text
        descriptions.add(text)
    assert len(descriptions) == len(list((HTML / "book").glob("*.html")))


def test_addresses_agree(page, book_url):
    page.goto(f"{book_url}book/05_xavier.html")
    canonical = page.locator("link[rel=canonical]")
    if not canonical.count():
        pytest.skip("The book was built from no repository")
    address = canonical.get_attribute("href")
    assert address.endswith("/book/05_xavier.html")
    assert f"<loc>{address}</loc>" in (HTML / "sitemap.xml").read_text()
    card = page.locator("meta[property='og:image']").get_attribute("content")
    assert (HTML / card.removeprefix(address.removesuffix("book/05_xavier.html"))).exists()


def test_an_address_that_does_not_exist_leads_on(page, problems, book_url):
    page.goto(f"{book_url}book/nowhere/at/all.html")
    assert page.locator("h1:visible").inner_text() == "Page not found"
    base = page.locator("base").get_attribute("href")
    assert page.locator("#pst-skip-link a").get_attribute("href").endswith("all.html#main-content")
    if base == "/":
        page.locator("article").get_by_role("link", name="first page").click()
        assert "every claim tested" in page.locator("h1:visible").inner_text()
    problems.clear()


def test_nothing_of_the_theme_speaks_for_itself():
    for path in HTML.rglob("*.html"):
        if "_static" not in path.parts:
            html = path.read_text("utf-8")
            assert "Jupyter Book community" not in html
            assert "Your issue content here" not in html
