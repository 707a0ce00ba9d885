"""The class list: who a learning platform's numbers and names belong to. It is optional.

A CSV with a column `student` (the id that folders and exports use) and any of name, email,
canvas_id, moodle_id, sis_user_id, sis_login_id, section. Canvas's exported gradebook and Moodle's
grading worksheet are understood as they are.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grading.course import STUDENT, Course, Trouble

CANVAS = {
    "student": "name", "id": "canvas_id", "sis user id": "sis_user_id",
    "sis login id": "sis_login_id", "section": "section",
}  # fmt: skip
MOODLE = {
    "identifier": "moodle_id", "full name": "name", "email address": "email",
    "id number": "sis_user_id", "username": "sis_login_id",
}  # fmt: skip
FIELDS = ("name", "email", "canvas_id", "moodle_id", "sis_user_id", "sis_login_id", "section")


@dataclass(frozen=True)
class Person:
    """One line of the class list."""

    student: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""
    moodle_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    section: str = ""


@dataclass
class Roster:
    """The class list, in its own order."""

    people: list[Person] = field(default_factory=list)

    def student(self, name: str, platform: str = "", number: str = "") -> str:
        """Return the id of whom a platform calls `name` and `number`; a readable one if unknown."""
        if number:
            for person in self.people:
                if number == getattr(person, f"{platform}_id"):
                    return person.student
        same = {
            p.student for p in self.people if folded(name) in (folded(p.name), folded(p.student))
        }
        if len(same) == 1:
            return same.pop()
        return slug(f"{name}-{number}" if number else name)


def read(course: Course, path: str) -> Roster:
    """Read the class list: `path`, or roster.csv in the course folder, or an empty one.

    Raises
    ------
    Trouble
        If the file is missing, is no class list, or names a student twice.
    """
    if not path and not (course.root / "roster.csv").exists():
        return Roster()
    file = Path(path or course.root / "roster.csv")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Trouble(f"the class list {file} cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # as spreadsheets on Windows write it
    people = list(_people(text, file))
    seen: set[str] = set()
    for person in people:
        if person.student.casefold() in seen:
            raise Trouble(f"{file}: {person.student!r} occurs twice")
        seen.add(person.student.casefold())
    return Roster(people)


def _people(text: str, file: Path) -> Iterator[Person]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    columns = {str(column).strip().casefold(): column for column in reader.fieldnames or []}
    if {"student", "id"} <= set(columns):
        names = CANVAS
    elif {"identifier", "full name"} <= set(columns):
        names = MOODLE
    elif "student" in columns:
        names = {name: name for name in ("student", *FIELDS)}
    else:
        found = ", ".join(columns) or "nothing"
        raise Trouble(f"{file} needs a column 'student' in its first line; it has {found}")
    for row in reader:
        entry = {
            name: (row.get(columns[column]) or "").strip()
            for column, name in names.items()
            if column in columns
        }
        entry["moodle_id"] = "".join(re.findall(r"\d+", entry.get("moodle_id", "")))
        if names is not CANVAS or entry.get("canvas_id", "").isdigit():  # not "Points Possible"
            person = _person(entry)
            if person is not None:
                yield person


def _person(entry: dict[str, str]) -> Person | None:
    numbered = f"{entry.get('name', '')}-{entry.get('canvas_id') or entry.get('moodle_id') or ''}"
    candidates = ("student", "sis_login_id", "sis_user_id", "email")
    chosen = next((entry[key] for key in candidates if entry.get(key)), numbered)
    student = slug(chosen)
    if not student:
        return None
    entry.pop("student", None)
    return Person(student, **entry)


def slug(name: str) -> str:
    """Return a name as a folder's name: letters of any script, digits, and . @ _ -"""
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r"[^\w.@-]+", "-", name).strip("-.")[:100]
    return name if STUDENT.fullmatch(name) else ""


def folded(name: str) -> str:
    """Return a name for comparison: case, spaces and the form of accents do not count."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", name).casefold())
