"""Code that finds the worker's pipe and writes to it: its own loss, and no burden on the class."""

from __future__ import annotations

import json
import textwrap
import time
from typing import Any

import helpers
import pytest
import tiny
from grading import feedback, remote
from grading.feedback import clean_markdown
from grading.sandbox import Unavailable, check_available

FORGE = """
def double(x):
    return x

import json, os, struct, time
def raw(message):
    header = json.dumps(message).encode()
    frame = memoryview(struct.pack("<QQ", len(header), 0) + header)
    while frame:
        frame = frame[os.write(4, frame):]
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Any:
    try:
        check_available()
    except Unavailable as why:
        pytest.skip(str(why).splitlines()[0])
    return tiny.make(tmp_path_factory.mktemp("course"))


def test_forged_output_is_limited_and_reported(course: Any) -> None:
    source = FORGE + 'raw({"printed": "x" * 10**7, "error": "y" * 10**7})\n'
    result = tiny.graded(course, tiny.submission(double=source))
    assert tiny.points(result)["double"] == 0
    assert len(json.dumps(result)) < 100_000
    assert "gave no answer that could be read" in " ".join(result["notes"])


def test_a_pipe_that_is_nearly_full_does_not_stop_the_grader(course: Any) -> None:
    source = FORGE + 'raw({"printed": "", "error": None})\nos.read(3, 8192)\ntime.sleep(1000)\n'
    work = tiny.submission(double=source, noise="#" * 190_000)
    started = time.monotonic()
    result = tiny.graded(course, work, total_seconds=4.0)
    assert sum(tiny.points(result).values()) == 0
    assert "took too long" in " ".join(result["notes"])
    assert time.monotonic() - started < 25


def test_long_text_in_an_answer_is_cut_in_the_feedback(course: Any) -> None:
    source = 'def double(x):\n    raise type("E" * 900_000, (Exception,), {})'
    result = tiny.graded(course, tiny.submission(double=source))
    assert max(len(line) for line in result["tasks"]["double"]["lines"]) < 1200


def test_what_all_cells_print_is_limited(course: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MAX_ALL_PRINTED", 30_000)
    result = tiny.graded(course, tiny.submission(extra=("print('x' * 19_000)",) * 3))
    assert sum(map(len, result["printed"].values())) == 30_000
    assert sum(tiny.points(result).values()) == 4.5


@pytest.mark.parametrize(
    "text",
    [
        r"$\\href{javascript:alert(1)}{x}$",
        r"<div>$\&#104;ref{javascript:alert(1)}{x}$</div>",
        r"<p>$&bsol;href{javascript:alert(1)}{x}$</p>",
        r"<p>$&#92href{javascript:alert(1)}{x}$</p>",
        r"$\\\require{action}$",
    ],
)
def test_mathjax_gets_no_command_that_links_or_loads(text: str) -> None:
    html = clean_markdown(text)
    assert "\\href" not in html
    assert "\\require" not in html
    assert "&#" not in html
    assert "&bsol" not in html


def test_entities_stay_text() -> None:
    html = clean_markdown("1 < 2 & `&lt;b&gt;` &amp;lt; <p>&lt;script&gt;</p>")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "1 &lt; 2 &amp; " in html


def test_an_answer_with_a_pasted_picture_is_shown_without_it() -> None:
    html = clean_markdown(
        "Look: ![plot](attachment:image.png)\n\n*so* <img src='attachment:b.png'>"
    )
    assert "<em>so</em>" in html
    assert "<img" not in html


def test_text_that_the_renderer_fails_on_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str) -> str:
        raise RecursionError

    monkeypatch.setattr(feedback, "markdown2html", fail)
    assert "&lt;b&gt;" in clean_markdown("<b>")


def test_a_very_long_text_is_not_formatted() -> None:
    assert clean_markdown("<div>" * 5000).startswith("<pre>&lt;div&gt;")


# A function that always gives the same earns nothing with it: (set, source, tasks).
LAZY = {
    "activations 0": ("ps1", "slope = activate = lambda z, name: 0 * z", "forward"),
    "bound 0": ("ps2", "def symmetric_bound(*a):\n    return 0.0", "symmetric-bound"),
    "always 3 units": ("ps2", "def distinct_units(Z):\n    return 3", "distinct-units"),
    "factor 3": ("ps2", "def growth_factor(*a):\n    return 3.0", "saddle"),
    "nothing recovered": ("ps5", "def recover(W_0, X, B):\n    return W_0", "span"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "source", "task"), LAZY.values(), ids=LAZY)
def test_a_constant_is_no_answer(name: str, source: str, task: str) -> None:
    work = helpers.work(name, solved=task == "span")
    exec(textwrap.dedent(source), work)
    earned, of, _ = helpers.marks(name, work, only=[task])[task]
    assert earned < of if task == "span" else earned == 0
