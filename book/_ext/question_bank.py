"""The question bank, book/question_bank.yml, as a page: by chapter and by misconception.

``{question-bank} 06_he`` inserts a chapter's questions, their answers folded; ``{misconceptions}``
inserts every misconception with links to the questions that reveal it. Both write MyST and leave
the rest to the parser, so the bank's texts may hold formulas, code and links like any page.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LETTERS = "abcdef"
Row = dict[str, Any]


def read_bank(path: Path) -> tuple[dict[str, str], list[Row]]:
    """Read the misconceptions and the questions, numbered 6.1, 6.2, ... within their chapter."""
    bank = yaml.safe_load(path.read_text("utf-8"))
    counts: dict[int, int] = {}
    for question in bank["questions"]:
        chapter = int(question["chapter"].split("_")[0])
        counts[chapter] = counts.get(chapter, 0) + 1
        question["number"] = f"{chapter}.{counts[chapter]}"
    return bank["misconceptions"], bank["questions"]


def question_lines(question: Row) -> list[str]:
    """Write one question: its options, then the folded answers."""
    name, quiz, claim = question["id"], question.get("quiz"), question.get("claim")
    lines = [f"(question-{name})=", f"**{question['number']}. {question['question']}**", ""]
    answers = []
    for letter, option in zip(LETTERS, question["options"]):
        lines += [f"{letter}) {option['text']}", ""]
        answers += [f"**{letter})** {option['explanation']}"]
        if tag := option.get("misconception"):
            answers[-1] += f" Reveals {{ref}}`{tag} <misconception-{tag}>`."
        answers.append("")
    about = f" About [claim {claim}](claim-{claim.lower()})." if claim else ""
    where = f"Question {quiz} of the chapter's quiz." if quiz else "Not in the chapter."
    return [*lines, ":::{dropdown} Answers", *answers, f"*{where}*{about}", ":::", ""]


def misconception_lines(misconceptions: dict[str, str], questions: list[Row]) -> list[str]:
    """Write every misconception with links to its questions."""
    lines: list[str] = []
    for tag, belief in misconceptions.items():
        links = [
            f"{{ref}}`{question['number']} <question-{question['id']}>`"
            for question in questions
            if any(option.get("misconception") == tag for option in question["options"])
        ]
        revealed = f"Revealed by {', '.join(links)}."
        lines += [f"(misconception-{tag})=", f"**{tag}.** {belief} {revealed}", ""]
    return lines


class Bank(Directive):
    """What both directives share: reading the bank and parsing what they write."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.state.document.settings.env.srcdir) / "book" / "question_bank.yml"
        self.state.document.settings.env.note_dependency(str(path))
        content = StringList(self.lines(*read_bank(path)), source=str(path))
        container = nodes.container(classes=["question-bank"])
        self.state.nested_parse(content, self.content_offset, container)
        return [container]

    def lines(self, misconceptions: dict[str, str], questions: list[Row]) -> list[str]:
        raise NotImplementedError


class QuestionBank(Bank):
    """Insert the questions of one chapter."""

    required_arguments = 1

    def lines(self, misconceptions: dict[str, str], questions: list[Row]) -> list[str]:
        own = [question for question in questions if question["chapter"] == self.arguments[0]]
        return [line for question in own for line in question_lines(question)]


class Misconceptions(Bank):
    """Insert all misconceptions."""

    def lines(self, misconceptions: dict[str, str], questions: list[Row]) -> list[str]:
        return misconception_lines(misconceptions, questions)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("question-bank", QuestionBank)
    app.add_directive("misconceptions", Misconceptions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
