"""WCAG 2.2 AA by axe-core on every page, and everything within reach of the keyboard alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe

HTML = Path(__file__).parents[2] / "_build" / "html"
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if not {"_static", "_sources"} & set(path.parts)
)
CHAPTERS = [name for name in PAGES if name.startswith("book/0")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# Without preload axe does not fetch the style sheets anew, from addresses that it gets wrong.
OPTIONS = {
    "runOnly": {"type": "tag", "values": RULES},
    "preload": False,
    "resultTypes": ["violations"],
}
# Formulas as drawn are hidden from assistive technology, and most of a page's elements.
CONTEXT = {"exclude": [["mjx-math"]]}
# The same axe in little more than half its time, most of which goes to the contrast of colours.
# Built for old browsers, it keeps every field of a colour in a WeakMap, or a WeakSet: both are
# replaced for axe alone, by marks on the objects themselves. Nor is a colour parsed twice.
FAST_AXE = (
    "((WeakMap, WeakSet) => {"
    + AXE_SCRIPT
    + """
  const {Color} = axe.commons.color, parse = Color.prototype.parseString, parsed = new Map();
  Color.prototype.parseString = function (text) {
    if (!parsed.has(text)) parsed.set(text, parse.call(new Color(), text));
    const {r, g, b, alpha} = parsed.get(text);
    return Object.assign(this, {r, g, b, alpha});
  };
})(...Array(2).fill(class {
  mark = Symbol();
  has(key) { return this.mark in key; }
  get(key) { return key[this.mark]; }
  set(key, value) { key[this.mark] = value; return this; }
  add(key) { return this.set(key, true); }
  delete(key) { return this.has(key) && delete key[this.mark]; }
}))"""
)
SHOW_ALL = "document.querySelectorAll('article details').forEach(details => details.open = true)"

FOCUS = """() => {
  const e = document.activeElement;
  const seen = e.matches('.sd-tab-set > input') ? e.nextElementSibling : e;  // a tab's label
  const style = getComputedStyle(seen);
  return {
    tag: e.tagName.toLowerCase(),
    name: e.getAttribute('aria-label') || e.title || e.textContent.trim() || e.value
      || e.querySelector('img')?.alt || '',
    class: e.className, id: e.id, href: e.getAttribute('href'),
    visible: seen.checkVisibility({visibilityProperty: true, opacityProperty: true}),
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
  };
}"""


def visit(page, book_url: str, name: str) -> None:
    """Go to a page; the one for missing pages finds its files where the book will be published."""
    if name == "404.html":
        base = re.search(r'<base href="/(.*?)">', (HTML / name).read_text("utf-8"))[1]
        published = re.compile(re.escape(book_url + base))
        page.route(
            published, lambda route: route.continue_(url=published.sub(book_url, route.request.url))
        )
    page.goto(book_url + name)


def violations(page) -> list[str]:
    found = Axe(FAST_AXE).run(page, CONTEXT, OPTIONS).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name, new_page, book_url, settle):
    page = new_page()
    visit(page, book_url, name)
    settle(page)
    page.evaluate(SHOW_ALL)
    found = []
    for width in (1400, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(450)  # what listens to a resize
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
            found += [f"{theme} at {width} px: {problem}" for problem in violations(page)]
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_what_opens(theme, new_page, book_url, settle):
    page = new_page(width=390, color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{book_url}book/04_what_not_to_do.html")
    settle(page)
    for button in (".primary-toggle", ".secondary-toggle", ".search-button__button"):
        page.locator(f"{button}:visible").first.click()
        page.wait_for_timeout(400)
        assert violations(page) == []
        page.keyboard.press("Escape")
    for menu in page.locator(".article-header-buttons [data-bs-toggle=dropdown]").all():
        menu.click()
        assert violations(page) == []
        page.keyboard.press("Escape")


@pytest.mark.parametrize("name", PAGES)
def test_headings_go_down_one_step_at_a_time(name, page, book_url):
    visit(page, book_url, name)
    headings = page.locator("main :is(h1, h2, h3, h4, h5, h6)")
    visible = [heading for heading in headings.all() if heading.is_visible()]
    levels = [int(heading.evaluate("e => e.tagName[1]")) for heading in visible]
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


@pytest.mark.parametrize("name", PAGES)
def test_tables_have_headers(name, page, book_url):
    visit(page, book_url, name)
    tables = page.locator("article table:not(.indextable, .modindextable)")
    assert [t.inner_text()[:80] for t in tables.all() if not t.locator("th").count()] == []


def tab(page) -> dict:
    page.keyboard.press("Tab")
    return page.evaluate(FOCUS)


def tab_to(page, selector: str, most: int = 120) -> dict:
    """Press Tab until an element that fits the selector has the focus."""
    for _ in range(most):
        stop = tab(page)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return stop
    raise AssertionError(f"Tab does not reach {selector}")


@pytest.mark.parametrize("name", ["book/index.html", "book/claims.html", CHAPTERS[3]])
def test_every_stop_of_the_keyboard_is_seen_and_named(name, new_page, book_url, settle):
    page = new_page(reduced_motion="reduce")  # else what fades in is not there yet
    page.goto(book_url + name)
    settle(page)
    stops = []
    while len(stops) < 400:
        stop = tab(page)
        if stop["tag"] == "body":
            break
        stops.append(stop)
    assert 20 < len(stops) < 400
    assert [stop for stop in stops if not stop["visible"]] == []
    assert [stop for stop in stops if not stop["outlined"]] == []
    unnamed = [s for s in stops if not s["name"] and s["tag"] in ("a", "button", "input", "select")]
    assert unnamed == []


def test_the_first_stop_skips_to_the_text(page, book_url):
    page.goto(f"{book_url}book/05_xavier.html")
    assert tab(page)["name"] == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main-content"
    tab(page)
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_contents_open_and_close_on_a_phone(new_page, book_url):
    page = new_page(width=390, reduced_motion="reduce")
    page.goto(f"{book_url}book/05_xavier.html")
    tab_to(page, ".primary-toggle")
    page.keyboard.press("Enter")
    contents = page.locator("#pst-primary-sidebar-modal")
    contents.wait_for(state="visible")
    tab_to(page, "a[href='06_he.html']")
    page.keyboard.press("Escape")
    contents.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.matches('.primary-toggle')")


def test_the_search_opens_finds_and_closes(page, book_url):
    page.goto(f"{book_url}book/05_xavier.html")
    page.keyboard.press("Control+k")
    dialog = page.locator("#pst-search-dialog")
    dialog.wait_for(state="visible")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    tab_to(page, ".search-button__button, .search-button-field")
    page.keyboard.press("Enter")
    page.keyboard.type("saddle")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=saddle*")


def test_the_theme_changes_and_stays(page, book_url):
    page.goto(f"{book_url}book/05_xavier.html")
    tab_to(page, ".theme-switch-button")
    for _ in range(2):
        page.keyboard.press("Enter")
    chosen = page.evaluate("document.documentElement.dataset.mode")
    page.goto(f"{book_url}book/06_he.html")
    assert page.evaluate("document.documentElement.dataset.mode") == chosen


def test_a_folded_answer_opens(page, book_url):
    page.goto(f"{book_url}book/05_xavier.html")
    tab_to(page, "article summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('details').open")
    page.keyboard.press("Space")
    assert not page.evaluate("document.activeElement.closest('details').open")


def test_code_is_copied(new_page, book_url):
    page = new_page(reduced_motion="reduce")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{book_url}book/05_xavier.html")
    stop = tab_to(page, ".copybtn")
    assert stop["visible"]
    page.keyboard.press("Enter")
    page.locator(".copybtn.success").wait_for()
    assert "import" in page.evaluate("navigator.clipboard.readText()")


def test_the_ledger_is_filtered_and_says_so(page, book_url):
    page.goto(f"{book_url}book/claims.html")
    tab_to(page, "#claims-filter select")
    page.keyboard.type("fa")
    shown = page.locator(".claims-ledger .claim:visible")
    assert shown.count() == page.locator(".claims-ledger .claim.verdict-false").count()
    assert page.get_by_role("status").inner_text().startswith(f"{shown.count()} of ")


def test_without_scripts_everything_is_there(new_page, problems, book_url):
    page = new_page(java_script_enabled=False)
    page.goto(f"{book_url}book/claims.html")
    assert page.locator(".claims-ledger .claim").first.is_visible()
    page.goto(f"{book_url}book/05_xavier.html")
    assert page.locator("article details summary").first.is_visible()
    problems[:] = [p for p in problems if not p.endswith("csp")]  # scripts that are not run


def test_nothing_moves_for_who_asks(new_page, book_url):
    page = new_page(reduced_motion="reduce")
    page.goto(f"{book_url}book/05_xavier.html")
    moving = """() => [...document.querySelectorAll('*')].filter(e => {
      const style = getComputedStyle(e);
      const seconds = text => Math.max(...text.split(',').map(parseFloat));
      return seconds(style.transitionDuration) > 0 || (style.animationName !== 'none'
        && seconds(style.animationDuration) > 0) || style.scrollBehavior === 'smooth';
    }).map(e => e.tagName + ' ' + e.className)"""
    assert page.evaluate(moving) == []
