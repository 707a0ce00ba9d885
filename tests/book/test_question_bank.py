"""The question bank is well-formed, and the chapters' quizzes are drawn from it."""

import pathlib
import re

import nbformat
import pytest
import yaml

BOOK = pathlib.Path(__file__).parents[2] / "book"
BANK = yaml.safe_load((BOOK / "question_bank.yml").read_text("utf-8"))
QUESTIONS, MISCONCEPTIONS = BANK["questions"], BANK["misconceptions"]
CHAPTERS = sorted(path.stem for path in BOOK.glob("0*.ipynb"))
CLAIMS = {row["id"] for row in yaml.safe_load((BOOK / "claims.yml").read_text("utf-8"))}
QUESTION = re.compile(r"^\*\*(\d+)\.\*\* (.*?)(?=^\*\*\d+\.\*\*|\Z)", re.S | re.M)
OPTION = re.compile(r"^:::\{dropdown\} (\w)\) (.*?)\n(.*?)\n:::$", re.S | re.M)


def quiz(chapter):
    """Every question of a chapter's quiz: its number, text and [(option, explanation), ...]."""
    cells = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4).cells
    text = "".join(c.source for c in cells if c.source.startswith("## Quiz"))
    found = []
    for number, body in QUESTION.findall(text):
        options = OPTION.findall(body)
        assert [letter for letter, _, _ in options] == list("abcdef"[: len(options)])
        stem = body.split(":::")[0].strip()
        found.append((int(number), stem, [(option, why.strip()) for _, option, why in options]))
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_quiz_is_drawn_from_the_bank(chapter):
    drawn = [q for q in QUESTIONS if q["chapter"] == chapter and "quiz" in q]
    bank = [
        (q["quiz"], q["question"], [(o["text"], o["explanation"]) for o in q["options"]])
        for q in sorted(drawn, key=lambda q: q["quiz"])
    ]
    assert quiz(chapter) == bank
    assert len(bank) >= 3


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_six_questions_or_more_and_a_place_on_the_page(chapter):
    assert sum(q["chapter"] == chapter for q in QUESTIONS) >= 6
    assert f"```{{question-bank}} {chapter}\n```" in (BOOK / "question_bank.md").read_text("utf-8")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q["id"])
def test_question(question):
    assert set(question) - {"quiz", "claim"} == {"id", "chapter", "question", "options"}
    assert question["chapter"] in CHAPTERS
    assert question.get("claim", "A1") in CLAIMS
    options = question["options"]
    assert len(options) >= 3
    assert sum(option.get("right", False) for option in options) == 1
    for option in options:
        right = option.get("right", False)
        assert set(option) == {"text", "explanation", "right" if right else "misconception"}
        assert right == option["explanation"].startswith("Right")
        assert right or option["misconception"] in MISCONCEPTIONS


def test_ids_are_unique_and_no_misconception_is_idle():
    ids = [question["id"] for question in QUESTIONS]
    assert len(ids) == len(set(ids))
    revealed = {o.get("misconception") for q in QUESTIONS for o in q["options"]}
    assert set(MISCONCEPTIONS) <= revealed
