"""Every page on a phone and a desktop, light and dark; screenshots stay in _build/screenshots."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

HTML = Path(__file__).parents[2] / "_build" / "html"
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if not {"_static", "_sources"} & set(path.parts) and path.name != "404.html"
)
WIDTHS = {"phone": 390, "desktop": 1400}

# What reaches beyond the window's right edge: a scroll bar, or content cut off.
TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll('main *')]
    .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1)
    .map(e => `${e.tagName} ${e.className} ${e.getBoundingClientRect().right}`)
    .slice(0, 5).concat(`the page is ${root.scrollWidth} px wide`);
}"""
SCROLLING_CODE = """() => [...document.querySelectorAll('.cell_input pre')]
  .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.innerText.split('\\n').sort((a, b) => b.length - a.length)[0])"""
NOT_DESCRIBED = """() => [...document.images]
  .filter(i => i.checkVisibility() && (!i.hasAttribute('alt')
    || (!i.alt && i.closest('article') && i.role !== 'presentation')))
  .map(i => i.src)"""
LOAD_IMAGES = """async () => {
  for (const image of document.images) image.loading = 'eager';
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
  return [...document.images].filter(image => !image.naturalWidth).map(image => image.src);
}"""


@pytest.mark.parametrize("name", PAGES)
def test_page(name, new_page, book_url, settle, screenshots):
    page = new_page(width=WIDTHS["desktop"])
    page.goto(book_url + name)
    settle(page)
    assert page.evaluate(LOAD_IMAGES) == []
    assert page.evaluate(NOT_DESCRIBED) == []
    assert page.evaluate(SCROLLING_CODE) == []
    for screen, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
            assert page.evaluate(TOO_WIDE) == []
            file = f"{name.removesuffix('.html').replace('/', '-')}-{screen}-{theme}.jpg"
            page.screenshot(path=screenshots / file, full_page=True, quality=60)


class Page(HTMLParser):
    """The anchors of a page, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


def test_every_internal_link_and_anchor_exists(book):
    pages = {name: Page((book / name).read_text(encoding="utf-8")) for name in PAGES}
    broken = []
    for name, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = unquote(parts.path)
            target = (book / name).parent / path if path else book / name
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                broken.append(f"{name}: {link}: no such file")
                continue
            other = pages.get(target.resolve().relative_to(book.resolve()).as_posix())
            if parts.fragment and other and unquote(parts.fragment) not in other.anchors:
                broken.append(f"{name}: {link}: no such anchor")
    assert broken == []


def test_there_is_a_page_for_every_chapter():
    chapters = [name for name in PAGES if name.startswith("book/0")]
    assert len(chapters) == len(list((HTML.parents[1] / "book").glob("0*.ipynb"))) >= 9
