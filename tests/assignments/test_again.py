"""Handing in, grading and returning again, in the wrong order, and with files that went missing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
import tiny
from grading import export, run, sandbox
from grading.course import Course, Trouble

pytestmark = [pytest.mark.filterwarnings("ignore")]  # nbgrader's own, about its database

try:
    sandbox.check_available()
except sandbox.Unavailable as why:
    pytest.skip(str(why).splitlines()[0], allow_module_level=True)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    tools = Path(sys.executable).parent  # where alembic is
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    return tiny.make(tmp_path)


def graded(course: Course, **answers: str) -> tuple[str, export.Score]:
    """Hand in as anna and grade: the report, and what the gradebook holds then."""
    tiny.hand_in(course, "anna", tiny.submission(**answers))
    return regraded(course)


def regraded(course: Course) -> tuple[str, export.Score]:
    report = run.grade(course, "tiny", progress=False)[1]
    return report, export.scores_of(course, "tiny")["anna"]


def mark_by_hand(course: Course, points: float, cell: str = "written") -> None:
    """What the form for hand grading does."""
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(cell, "tiny", "tiny", "anna")
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_nothing_handed_in_yet(course: Course) -> None:
    (course.root / "roster.csv").write_text("student\nanna\nben\n")
    with pytest.raises(Trouble, match="nothing of tiny is handed in: run make collect SET=tiny"):
        run.grade(course, "tiny", progress=False)
    export.grades(course)
    grades = (course.root / "exports/grades.csv").read_text("utf-8-sig")
    assert grades.splitlines()[1:] == ["anna,,,,,,", "ben,,,,,,"]  # not given out yet


def test_a_mark_given_by_hand_stays_while_the_answer_does(course: Course) -> None:
    released = course.problem_set("tiny").release.read_text()
    assert graded(course)[1] == export.Score(4.5, "written answer to be marked")
    assert course.problem_set("tiny").release.read_text() == released
    mark_by_hand(course, 3)
    assert graded(course, noise="")[1] == export.Score(5.5, "graded")
    report, score = graded(course, noise="", written="Another answer.")
    assert "anna: answer written changed: mark it again (3 points until now)" in report
    assert score == export.Score(2.5, "written answer to be marked")


def test_points_that_overrule_the_checks_stay_while_the_code_does(course: Course) -> None:
    graded(course, double="")
    mark_by_hand(course, 1, "double")
    mark_by_hand(course, 0)
    assert regraded(course)[1] == export.Score(3, "graded")
    assert graded(course, double="", written="New.")[1].points == 3
    report, score = graded(course, written="New.")
    assert "anna: answer double changed: mark it again (1 points until now)" in report
    assert score.points == 4.5


@tiny.slow
def test_a_deleted_gradebook_is_said_and_made_again(course: Course) -> None:
    graded(course)
    export.feedback(course, "tiny")
    (course.root / "gradebook.db").unlink()
    with pytest.raises(Trouble, match="nothing of tiny is graded yet: run make grade SET=tiny"):
        export.feedback(course, "tiny")
    assert regraded(course)[1] == export.Score(4.5, "written answer to be marked")
    assert "feedback for 1 students" in export.feedback(course, "tiny")


@tiny.slow
def test_an_old_gradebook_put_back_is_brought_up_to_date(course: Course) -> None:
    graded(course, noise="")
    shutil.copy(course.root / "gradebook.db", course.root / "old.db")
    assert graded(course)[1].points == 4.5
    shutil.copy(course.root / "old.db", course.root / "gradebook.db")
    assert regraded(course)[1].points == 4.5


@tiny.slow
def test_feedback_twice_is_the_same_and_comes_back_after_a_loss(course: Course) -> None:
    graded(course)
    mark_by_hand(course, 3)
    page = course.root / "feedback/anna/tiny/tiny.html"
    export.feedback(course, "tiny")
    first = page.read_text()
    export.feedback(course, "tiny")
    assert page.read_text() == first
    shutil.rmtree(course.root / "autograded")
    assert "anna: no feedback: run make grade SET=tiny again" in export.feedback(course, "tiny")
    # The points are kept; whether they fit the answer cannot be told any more.
    assert regraded(course)[1] == export.Score(7.5, "written answer to be marked")
    assert "feedback for 1 students" in export.feedback(course, "tiny")


def test_a_refused_resubmission_leaves_the_earlier_marks_and_says_so(course: Course) -> None:
    graded(course)
    mark_by_hand(course, 3)
    tiny.hand_in(course, "anna", "no notebook")
    report, score = regraded(course)
    assert "anna: REFUSED, no marks: tiny.ipynb is not JSON" in report
    assert score.points == 7.5
    assert score.status.startswith("of an earlier submission; the latest is refused: tiny.ipynb")
    assert graded(course)[1] == export.Score(7.5, "graded")  # the first one once more


@tiny.slow
def test_what_came_later_and_was_refused_is_in_the_report(course: Course) -> None:
    graded(course)
    note = course.problem_set("tiny").submission("anna").with_name("REFUSED.txt")
    note.write_text("tiny.ipynb is a link")
    report, score = regraded(course)
    assert "anna 1" in report
    file = course.root / "results/tiny/report.txt"
    assert "anna: this is an earlier one; what came after it was refused: tiny" in file.read_text()
    assert score.points == 4.5


@tiny.slow
def test_who_left_the_class_list_is_named_in_the_export(course: Course) -> None:
    (course.root / "roster.csv").write_text("student\nanna\n")
    graded(course)
    (course.root / "roster.csv").write_text("student\nanna.schmidt\n")
    assert "not in the class list: anna" in export.grades(course)
    rows = (course.root / "exports/grades.csv").read_text("utf-8-sig").splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["anna.schmidt", "anna"]
