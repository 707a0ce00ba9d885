"""The lesson plans add up, and quote what the chapters print and how the bank counts."""

import json
import pathlib
import re

import pytest
import yaml

BOOK = pathlib.Path(__file__).parents[2] / "book"
PLANS = (BOOK / "lesson_plans.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## Chapter (\d): .*?\n(.*?)(?=^## |\Z)", PLANS, re.S | re.M))
CHAPTERS = {str(int(path.stem[:2])): path for path in sorted(BOOK.glob("0*.ipynb"))}


def normal(text):
    return " ".join(text.split())


def printed(path):
    """What the chapter's cells print, and their code (for names), in one line."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    for cell in cells:
        texts += ["".join(output.get("text", "")) for output in cell.get("outputs", [])]
    return normal(" ".join(texts))


def test_every_chapter_has_plans():
    assert sorted(SECTIONS) == sorted(CHAPTERS)


@pytest.mark.parametrize("chapter", sorted(SECTIONS))
def test_the_minutes_add_up(chapter):
    rows = re.findall(r"\| ([\d–]+) \| ([\d–]+) \| ([\d–]+) \|$", SECTIONS[chapter], re.M)
    columns = zip(*rows[1:])  # the first row names the plans
    assert [sum(int(m) for m in column if m != "–") for column in columns] == [20, 50, 90]


@pytest.mark.parametrize("chapter", sorted(SECTIONS))
def test_what_a_plan_shows_is_printed_by_the_chapter(chapter):
    screen = printed(CHAPTERS[chapter])
    text = re.sub(r"\{\w+\}`[^`]*`", "", SECTIONS[chapter])  # links
    quoted = [normal(quote) for quote in re.findall(r"`([^`]+)`", text) if re.search(r"\d", quote)]
    own_words = ("rng.normal(0, 2 / fan_in)", "TruncatedNormal(stddev=0.1)")
    assert [quote for quote in quoted if quote not in own_words and quote not in screen] == []


def test_questions_are_numbered_as_in_the_bank():
    questions = yaml.safe_load((BOOK / "question_bank.yml").read_text("utf-8"))["questions"]
    by_chapter = {}
    for question in questions:
        by_chapter.setdefault(int(question["chapter"][:2]), []).append(question["id"])
    numbers = {name: f"{c}.{i}" for c, ids in by_chapter.items() for i, name in enumerate(ids, 1)}
    links = re.findall(r"\{ref\}`([\d.]+) <question-([\w-]+)>`", PLANS)
    assert len(links) > 30
    assert [(number, name) for number, name in links if numbers.get(name) != number] == []
