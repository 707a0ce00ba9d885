"""Feedback for the students and marks for the instructor, out of nbgrader's gradebook."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grading import roster as rosters
from grading.course import Course, Trouble
from grading.interrupt import STOP
from grading.notebook import mark
from grading.roster import Person
from grading.run import load

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Score:
    """A student's marks for one set. A submission without marks has points None."""

    points: float | None
    status: str


def feedback(course: Course, name: str) -> str:
    """Write feedback/STUDENT/SET/SET.html for everyone in the gradebook, and a zip of them all."""
    from nbgrader.apps.api import NbGraderAPI

    course.problem_set(name)
    with course.gradebook() as gradebook:
        students = sorted(s.student.id for s in gradebook.assignment_submissions(name))
    if not students:
        raise Trouble(f"nothing of {name} is graded yet: run make grade SET={name}")
    api = NbGraderAPI(config=course.config())
    lines, pages = [], []
    for student in students:
        STOP.check()
        if not (course.root / "autograded" / student / name / f"{name}.ipynb").exists():
            lines.append(f"  {student}: no feedback: run make grade SET={name} again")
            continue
        page = course.root / "feedback" / student / name / f"{name}.html"
        outcome = api.generate_feedback(name, student, force=True)
        if outcome["success"] and page.exists():
            pages.append((student, page))
        else:
            why = str(outcome.get("log") or outcome.get("error"))
            lines.append(f"  {student}: no feedback: {why[-500:].strip()}")
    archive = course.root / "feedback" / f"{name}.zip"
    partial = archive.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as file:
        for student, page in pages:
            file.write(page, f"{name}/{student}.html")
    os.replace(partial, archive)
    return "\n".join(
        [f"{name}: feedback for {len(pages)} students, all of it in {archive}", *lines]
    )


def grades(course: Course, roster_path: str = "") -> str:
    """Write exports/grades.csv and exports/canvas.csv; return what was written."""
    roster = rosters.read(course, roster_path)
    sets = [name for name in course.sets() if (course.root / "release" / name).exists()]
    scores = {name: scores_of(course, name) for name in sets}
    most = {name: points_of(course, name) for name in sets}
    listed = {person.student for person in roster.people}
    found = sorted({student for of_set in scores.values() for student in of_set} - listed)
    people = [*roster.people, *(Person(student) for student in found)]
    if not people or not sets:
        raise Trouble("there is nothing to export: no class list and nothing graded")
    folder = course.root / "exports"
    folder.mkdir(exist_ok=True)
    # The mark at the beginning tells Excel that it is UTF-8; Canvas does without.
    table(folder / "grades.csv", spreadsheet(people, sets, scores, most), "utf-8-sig")
    table(folder / "canvas.csv", canvas(people, sets, scores, most), "utf-8")
    open_ones = sum(s.status != "graded" for of_set in scores.values() for s in of_set.values())
    lines = [f"{len(people)} students in {folder / 'grades.csv'} and {folder / 'canvas.csv'}"]
    if open_ones:
        lines.append(f"{open_ones} marks are missing or preliminary: see the status columns")
    if listed and found:
        lines.append(f"not in the class list: {', '.join(found)}")
    return "\n".join(lines)


def scores_of(course: Course, name: str) -> dict[str, Score]:
    """Return the marks of one set, for those who handed it in."""
    from nbgrader.api import MissingEntry

    scores = {}
    for student in course.students(name):  # refused ones are in no gradebook
        reason = load(course.problem_set(name).result(student)).get("reason")
        scores[student] = Score(None, f"refused: {reason}" if reason else "not graded yet")
    with course.gradebook() as gradebook:
        try:
            submissions = gradebook.assignment_submissions(name)
        except MissingEntry:
            return scores
        for submission in submissions:
            by_hand = any(notebook.needs_manual_grade for notebook in submission.notebooks)
            status = "written answer to be marked" if by_hand else "graded"
            earlier = scores.get(submission.student.id, Score(None, "")).status
            if earlier.startswith("refused"):
                status = f"of an earlier submission; the latest is {earlier}"
            scores[submission.student.id] = Score(round(submission.score, 4), status)
    return scores


def points_of(course: Course, name: str) -> float:
    """Return the most points of a set, the written answer's among them."""
    marks = [mark(cell) for cell in course.problem_set(name).student_version()["cells"]]
    return sum(float(m["points"]) for m in marks if m.get("grade"))


Scores = dict[str, dict[str, Score]]


def spreadsheet(
    people: list[Person], sets: list[str], scores: Scores, most: dict[str, float]
) -> list[list[str]]:
    """Return the rows of grades.csv: a line a student; what was not handed in stays empty."""
    header = ["student", "name", "email", "section"]
    for name in sets:
        header += [f"{name} (of {most[name]:g})", f"{name} status"]
    rows = [[*header, "sum of what is graded"]]
    for person in people:
        row = [person.student, person.name, person.email, person.section]
        given = [scores[name].get(person.student) for name in sets]
        for name, score in zip(sets, given, strict=True):
            missing = "not handed in" if scores[name] else ""  # the set may not be given out yet
            row += [points(score), score.status if score else missing]
        known = [score.points for score in given if score and score.points is not None]
        rows.append([*row, f"{sum(known):g}" if known else ""])
    return rows


def canvas(
    people: list[Person], sets: list[str], scores: Scores, most: dict[str, float]
) -> list[list[str]]:
    """Return the rows of canvas.csv, in the form that Canvas's gradebook imports.

    An empty cell leaves a mark in Canvas as it is. Marks that are still to be completed by hand
    are left empty too.
    """
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *sets]]
    rows.append(["    Points Possible", "", "", "", "", *(f"{most[name]:g}" for name in sets)])
    for person in people:
        row = [person.name or person.student, person.canvas_id, person.sis_user_id]
        row += [person.sis_login_id, person.section]
        final = (scores[name].get(person.student) for name in sets)
        rows.append(row + [points(s) if s and s.status == "graded" else "" for s in final])
    return rows


def points(score: Score | None) -> str:
    """Return points as a cell: empty where there are none, which is not the same as 0."""
    return "" if score is None or score.points is None else f"{score.points:g}"


def table(path: Path, rows: Iterable[list[str]], encoding: str) -> None:
    """Write a CSV, whole or not at all: quoted where needed, and no cell a formula."""
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([guarded(cell) for cell in row] for row in rows)
    os.replace(partial, path)


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (a number may be negative)."""
    cell = cell.replace("\0", "")
    if cell.lstrip(" ").startswith(FORMULA):
        return "'" + cell
    return cell
