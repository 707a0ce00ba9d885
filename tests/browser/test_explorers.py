"""Explorers in the built book: moved by mouse and by keyboard, without a kernel or a network."""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

sys.path.insert(0, str(Path(__file__).parent))
from chapters_explorers import CHAPTERS, PLACES, in_python

from course_code.explorers.style import STYLE

LIMIT = 1_500_000  # bytes of pictures on a page
SMALLEST = 11  # CSS pixels of a letter on a phone
EACH = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)


class Shown:
    """An explorer on a page, beside the same one in Python."""

    def __init__(self, page, place):
        self.page, self.python = page, in_python(place.source)
        self.box = page.locator(".jupyter-widgets.explorer").nth(place.number)
        self.box.scroll_into_view_if_needed()
        self.values = dict(self.python.values)

    def description(self):
        return self.box.locator(".explorer-description").inner_text()

    def picture(self):
        return self.box.locator(".explorer-drawing").inner_html()

    def reveal(self):
        """Answer the question, if there is one, with the keyboard."""
        if self.python.prediction is None:
            return
        assert self.box.locator(".explorer-drawing").count() == 0
        answers = self.box.locator(".explorer-answers button")
        assert answers.all_inner_texts() == list(self.python.prediction.answers)
        answers.last.focus()
        self.page.keyboard.press("Enter")
        reply = list(self.python.prediction.answers.values())[-1]
        self.box.get_by_text(reply).first.wait_for()
        self.box.locator(".explorer-said", has_text=reply).wait_for(state="attached")
        assert answers.last.get_attribute("aria-pressed") == "true"

    def row(self, control):
        return self.box.locator(".explorer-row").nth(self.python.controls.index(control))

    def expect(self, control, index):
        """Assert that the picture is that of the control's value at an index."""
        self.values[control.key] = control.values[index]
        expected = self.python.picture(**self.values).description
        self.box.get_by_text(expected, exact=True).last.wait_for(timeout=5000)
        assert self.description() == expected


@pytest.fixture
def open_page(new_page, book_url, settle):
    def make(page_name, **options):
        page = new_page(**options)
        page.goto(f"{book_url}{page_name}")
        settle(page)
        return page

    return make


def move_buttons(shown, control):
    buttons = shown.row(control).get_by_role("group", name=control.name).get_by_role("button")
    assert buttons.all_inner_texts() == list(control.labels)
    for index in range(len(control.labels)):
        buttons.nth(index).click()
        shown.expect(control, index)
        assert buttons.nth(index).get_attribute("aria-pressed") == "true"
    buttons.first.focus()
    shown.page.keyboard.press("Space")
    shown.expect(control, 0)


def move_list(shown, control):
    box = shown.row(control).get_by_label(control.name, exact=True)
    for label in control.labels:
        box.select_option(label=label)
        shown.expect(control, control.labels.index(label))
    box.focus()
    shown.page.keyboard.press("Home")
    shown.expect(control, 0)
    shown.page.keyboard.press("ArrowDown")
    shown.expect(control, 1)


def move_slider(shown, control):
    last = len(control.values) - 1
    row = shown.row(control)
    handle = row.get_by_role("slider", name=control.name)
    handle.focus()
    for key, index in (("End", last), ("Home", 0), ("ArrowRight", 1), ("ArrowLeft", 0)):
        shown.page.keyboard.press(key)
        shown.expect(control, index)
        assert handle.get_attribute("aria-valuetext") == control.labels[index]
    track = row.locator(".noUi-target")
    for part, index in ((0.999, last), (0.001, 0)):
        box = track.bounding_box()
        track.click(position={"x": part * box["width"], "y": box["height"] / 2})
        shown.expect(control, index)
        shown.page.wait_for_timeout(400)  # the handle glides there, and takes no click meanwhile
    handle.hover()
    box = track.bounding_box()
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"], steps=4)
    shown.page.mouse.up()
    dragged = control.labels.index(row.locator(".widget-readout").inner_text())
    assert 0 < dragged <= max(1, last - 1)
    shown.expect(control, dragged)


def move_play(shown, control):
    """Play from the start with the mouse, pause and stop with the keyboard."""
    row, last = shown.row(control), len(control.values) - 1
    row.get_by_role("slider").focus()
    shown.page.keyboard.press("Home")
    shown.expect(control, 0)
    row.get_by_role("button", name=f"Play {control.name}").click()
    row.locator(".widget-readout").filter(
        has_not_text=re.compile(f"^{control.labels[0]}$")
    ).wait_for()
    row.get_by_role("button", name=f"Pause {control.name}").focus()
    shown.page.keyboard.press("Enter")
    row.get_by_role("button", name=f"Play {control.name}").wait_for()
    paused = control.labels.index(row.locator(".widget-readout").inner_text())
    assert 1 <= paused <= last
    shown.page.wait_for_timeout(900)  # two ticks: nothing moves
    shown.expect(control, paused)
    row.get_by_role("button", name=f"Stop {control.name}").focus()
    shown.page.keyboard.press("Enter")
    shown.expect(control, 0)


@EACH
def test_each_control_leads_to_the_right_picture(open_page, place):
    page = open_page(place.page)
    shown = Shown(page, place)
    shown.reveal()
    for control in shown.python.controls:
        start = shown.python.values[control.key]
        shown.expect(control, control.values.index(start))
    seen = set()
    for control in shown.python.controls:
        if control.kind == "choice":
            few = shown.row(control).locator("select").count() == 0
            (move_buttons if few else move_list)(shown, control)
        else:
            move_slider(shown, control)
        if control.kind == "play":
            move_play(shown, control)
        seen.add((shown.description(), shown.picture()))
    descriptions, pictures = zip(*seen)
    assert len(set(pictures)) >= len(set(descriptions)) - 1
    status = shown.box.locator(".explorer-said")
    page.wait_for_timeout(800)
    assert status.text_content() == shown.description().partition("\n")[0]
    assert status.get_attribute("role") == "status"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_explorer_is_there_once_and_small(open_page, book, chapter):
    page = open_page(f"book/{chapter}.html")
    here = [place for place in PLACES if place.chapter == chapter]
    assert page.locator(".jupyter-widgets.explorer").count() == len(here)
    assert page.locator(".explorer-static:visible").count() == 0
    assert page.locator(".explorer-live:visible").count() == 0
    html = (book / "book" / f"{chapter}.html").read_text("utf-8")
    states = re.findall(r'widget-state\+json">(.*?)</script>', html, re.DOTALL)
    models = [m for state in states for m in json.loads(state)["state"].values()]
    values = [str(model["state"].get("value", "")) for model in models]
    size = sum(len(value.encode()) for value in values if "explorer-drawing" in value)
    assert 0 < size <= LIMIT, f"{size} bytes of pictures"


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("width", [390, 1400])
def test_all_fits_and_is_legible(open_page, screenshots, chapter, width):
    scheme = "dark" if width == 390 else "light"
    page = open_page(f"book/{chapter}.html", width=width, color_scheme=scheme)
    boxes = page.locator(".jupyter-widgets.explorer")
    for n in range(boxes.count()):
        answers = boxes.nth(n).locator(".explorer-answers button")
        if answers.count():
            answers.first.click()
    page.wait_for_timeout(300)
    found = page.evaluate(
        """() => [...document.querySelectorAll(".jupyter-widgets.explorer .explorer-drawing svg")]
          .map(svg => {
            const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
            const sizes = [...svg.querySelectorAll("text")]
              .map(text => parseFloat(getComputedStyle(text).fontSize) * scale);
            const ends = [...svg.querySelectorAll("text")]
              .map(text => text.getBoundingClientRect()).map(b => [b.left, b.right]).flat();
            return {left: Math.min(box.left, ...ends), right: Math.max(box.right, ...ends),
                    smallest: Math.min(...sizes)};
          })"""
    )
    assert found
    for drawing in found:
        assert drawing["left"] >= 0, drawing
        assert drawing["right"] <= width, drawing
        assert drawing["smallest"] >= SMALLEST, drawing
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for n in range(boxes.count()):
        boxes.nth(n).screenshot(path=screenshots / f"explorer-{chapter[:2]}-{n}-{width}.png")
    # Without preload, which fetches style sheets from addresses that they do not have.
    options = {"preload": False}
    results = Axe().run(page, context=".jupyter-widgets.explorer", options=options)
    wrong = results.response["violations"]
    assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in wrong] == []


@EACH
def test_without_scripts_there_is_a_described_picture(new_page, book_url, problems, place):
    page = new_page(java_script_enabled=False, width=390)
    page.goto(f"{book_url}{place.page}")
    plain = page.locator(".explorer-static").nth(place.number)
    explorer = in_python(place.source)
    start = {c.key: c.values[c.start] for c in explorer.controls}
    expected = explorer.picture(**start).description
    assert plain.locator(".explorer-description").inner_text() == expected
    drawing = plain.locator('.explorer-drawing[role="img"]')
    assert drawing.is_visible()
    assert drawing.bounding_box()["width"] > 250
    assert drawing.get_attribute("aria-labelledby") == plain.locator(
        ".explorer-summary"
    ).get_attribute("id")
    assert plain.get_by_text("The controls appear when this page's scripts").is_visible()
    assert not plain.get_by_text("The book on screen").is_visible()
    problems[:] = [problem for problem in problems if not problem.endswith(": csp")]  # the scripts


@EACH
def test_paper_shows_the_first_state_whatever_was_chosen(open_page, place):
    page = open_page(place.page, color_scheme="dark")
    page.emulate_media(media="print")
    plain = page.locator(".explorer-static").nth(place.number)
    assert plain.locator(".explorer-drawing").is_visible()
    color = plain.locator("svg").first.evaluate("svg => getComputedStyle(svg).color")
    assert color == "rgb(34, 34, 34)"
    assert not plain.get_by_text("The controls appear when this page's scripts").is_visible()
    names = ", ".join(control.name for control in in_python(place.source).controls)
    assert plain.get_by_text(
        f"The book on screen has them all, with controls for {names}."
    ).is_visible()
    assert not page.locator(".jupyter-widgets.explorer").nth(place.number).is_visible()


CROSSED = """() => [...document.querySelectorAll(".explorer-drawing")].map(drawing => {
  const near = 3;  // what a letter's box has above and below the letter
  const words = [...drawing.querySelectorAll("text")].map(text => {
    const box = text.getBoundingClientRect();
    return {name: text.textContent, left: box.left, right: box.right,
            top: box.top + near, bottom: box.bottom - near};
  });
  const meet = (a, b) =>
    a.right > b.left && a.left < b.right && a.bottom > b.top && a.top < b.bottom;
  const found = [];
  for (const line of drawing.querySelectorAll("path:not(.g), circle")) {
    if (line.getAttribute("d") === "") continue;
    const matrix = line.getScreenCTM(), scale = Math.abs(matrix.a), style = getComputedStyle(line);
    const half = style.stroke === "none" ? 0 : parseFloat(style.strokeWidth) * scale / 2;
    const hit = new Set();
    for (let at = 0; at <= line.getTotalLength(); at += 3 / scale) {
      const {x, y} = line.getPointAtLength(at).matrixTransform(matrix);
      const pen = {left: x - half, right: x + half, top: y - half, bottom: y + half};
      for (const word of words) if (meet(pen, word)) hit.add(word.name);
    }
    for (const name of hit) found.push(`${name} and a line ${line.getAttribute("class")}`);
  }
  words.forEach((a, i) => words.slice(0, i).forEach(b => {
    if (meet(a, b)) found.push(`${a.name} and ${b.name}`);
  }));
  return found;
})"""


@EACH
def test_no_line_crosses_words_in_any_state(page, place):
    explorer = in_python(place.source)
    values = [control.values for control in explorer.controls]
    keys = [control.key for control in explorer.controls]
    states = [dict(zip(keys, state)) for state in itertools.product(*values)]
    if "learning_rate" in keys:  # what a reader may type
        states += [{"learning_rate": rate} for rate in (1e-6, 0.02, 30.0, 1e3)]
    pictures = [explorer.picture(**state).svg for state in states]
    drawings = "".join(f'<div class="explorer-drawing">{svg}</div>' for svg in pictures)
    page.set_viewport_size({"width": 800, "height": 900})
    page.set_content(f"<style>{STYLE}</style>{drawings}")
    crossed = page.evaluate(CROSSED)
    assert len(crossed) == len(states)
    assert {str(state): found for state, found in zip(states, crossed) if found} == {}


def test_nothing_plays_by_itself(open_page):
    place = next(p for p in PLACES if any(c.kind == "play" for c in in_python(p.source).controls))
    page = open_page(place.page, reduced_motion="reduce")
    shown = Shown(page, place)
    shown.reveal()
    first = shown.description()
    page.wait_for_timeout(1500)
    assert shown.description() == first
