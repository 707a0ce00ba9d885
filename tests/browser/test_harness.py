"""The harness itself: it must report what goes wrong, or the other tests prove nothing."""

import re

import pytest

from vendor import CDN


def test_a_chapter_is_clean_when_served(page, book_url, settle):
    page.goto(f"{book_url}book/05_xavier.html")
    settle(page)
    assert page.locator("mjx-container").count() > 10


@pytest.mark.parametrize(
    ("script", "reported"),
    [
        ("console.error('wrong')", "console error: wrong"),
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        ("fetch('nowhere.js')", "nowhere.js: 404"),
        ("new Image().src = 'https://elsewhere.example/a.png'", "request to another host"),
    ],
)
def test_what_goes_wrong_is_reported(page, problems, book_url, script, reported):
    page.goto(f"{book_url}genindex.html")
    page.evaluate(script)
    page.wait_for_timeout(300)
    assert any(reported in problem for problem in problems)
    problems.clear()


def test_with_the_cdn_a_chapter_is_the_same(page, problems, book_url, settle):
    """Without npm the book keeps the CDN's addresses; here npm's copies answer for the CDN."""

    def with_cdn(route):
        html = re.sub(r"((?:\.\./)*)_static/npm/", CDN, route.fetch().text())
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route("**/book/05_xavier.html", with_cdn)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{book_url}book/05_xavier.html")
    settle(page)
    assert page.locator("mjx-container").count() > 10
    assert any(url.startswith(CDN) for url in asked)
    assert not any("_static/npm/" in url for url in asked)
    # The CDN's own copy warns of its schema (tools/scripts.py mends the local one).
    problems[:] = [problem for problem in problems if "use allowUnionTypes" not in problem]
