"""Pages stay light: at most 600 kB compressed without the explorers, and nothing for nothing."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

HTML = Path(__file__).parents[2] / "_build" / "html"
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if not {"_static", "_sources"} & set(path.parts) and path.name != "404.html"
)
LIMIT = 600_000
COMPRESSED = (".png", ".jpg", ".webp", ".woff", ".woff2")
WIDGETS = re.compile(r"html-manager|require\.js|jupyter-widgets|explorers\.(js|css)")
STATE = re.compile(rb'<script type="application/vnd\.jupyter\.widget.*?</script>', re.S)
EXPLORER = '[class*="explorer"], .jupyter-widgets, script[type*="jupyter.widget"]'


def weight(response) -> int:
    """Give the bytes of an answer as a server sends it, compressed, without an explorer's state."""
    body = STATE.sub(b"", response.body())
    return len(body) if response.url.endswith(COMPRESSED) else len(gzip.compress(body, 6))


def load(page, url, settle) -> dict[str, int]:
    """Load a page with all its pictures; give each address's bytes."""
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(url)
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_load_state("networkidle")
    settle(page)
    return {answer.url: weight(answer) for answer in answers if answer.ok}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(name, page, book_url, settle):
    sizes = load(page, book_url + name, settle)
    without_explorers = {url: n for url, n in sizes.items() if not WIDGETS.search(url)}
    assert len(without_explorers) > 10
    assert sum(without_explorers.values()) <= LIMIT, sorted(sizes.items(), key=lambda item: item[1])
    if not page.locator(EXPLORER).count():
        assert [url for url in sizes if re.search(r"html-manager|require\.js", url)] == []
    if not page.locator("mjx-container").count():
        assert [url for url in sizes if "mathjax" in url] == []


@pytest.mark.parametrize("name", ["index.html", "book/05_xavier.html"])
def test_no_script_keeps_the_page_waiting(name, page, book_url):
    page.goto(book_url + name)
    waiting = page.evaluate(
        "[...document.head.querySelectorAll('script[src]')]"
        ".filter(script => !script.defer && !script.async).map(script => script.src)"
    )
    assert [url for url in waiting if "documentation_options.js" not in url] == []
    assert page.locator("head link[rel=stylesheet][href^=http]").count() == 0
