"""Take in submissions: a folder, or the zip that Canvas or Moodle gives.

Nothing is unpacked: notebooks are read one by one, up to a limit, and written under a name of our
own, so no path, link or size in what was handed in has any effect here.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grading import notebook
from grading import roster as rosters
from grading.course import Course, Trouble
from grading.roster import Roster

MAX_ENTRIES = 20_000
IGNORED = re.compile(r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git)(/|$)|(^|/)(\._|\.DS_Store)")
# Canvas: schmidtanna_LATE_12345_67890_ps1-1.ipynb
# Moodle: Anna Schmidt_123_assignsubmission_file_/ps1.ipynb
CANVAS = re.compile(r"(?P<name>[^/]+?)(?:_LATE)?_(?P<number>\d+)_(?P<file>\d+)_(?P<rest>[^/]+)")
MOODLE = re.compile(r"(?P<name>[^/]+)_(?P<number>\d+)_assignsubmission_file_?(?P<rest>[^/]*)")
ATTEMPT = re.compile(r"(?:-|\s?\()(\d+)\)?$")


@dataclass(frozen=True)
class Entry:
    """A file among what was handed in: its path, why it is refused at sight, how to read it."""

    path: str
    refusal: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Handed:
    """A notebook and whose it is; `order` tells the newest of several."""

    student: str
    raw_name: str
    entry: Entry
    order: tuple[bool, int, int]


def collect(course: Course, name: str, source: Path, roster_path: str = "") -> tuple[str, int]:
    """Put each student's newest notebook into submitted/; return a report and how many failed.

    Raises
    ------
    Trouble
        If the source is missing or no folder or zip, or the class list is wrong.
    """
    course.problem_set(name)
    if not source.name:
        raise Trouble("FROM must be a folder or a zip of submissions; got nothing")
    roster = rosters.read(course, roster_path)
    if source.is_dir():
        entries = list(in_folder(source))
    elif zipfile.is_zipfile(source):
        entries = list(in_zip(source))
    else:
        raise Trouble(f"FROM must be a folder or a zip of submissions; got {str(source)!r}")
    by_student: dict[str, list[Handed]] = defaultdict(list)
    lines, failed = [], 0
    for entry in entries:
        if not entry.path.lower().endswith(".ipynb"):
            continue
        handed = identify(entry, name, roster)
        if handed.student:
            by_student[handed.student].append(handed)
        else:
            lines.append(f"  {shown(entry.path)}: whose it is cannot be told; REFUSED")
            failed += 1
    taken = 0
    earlier = set(course.students(name)) - {person.student for person in roster.people}
    for student, all_handed in sorted(by_student.items()):
        notes, good = take(course, name, student, all_handed)
        unlisted = {rosters.slug(h.raw_name) for h in all_handed} & earlier - {student}
        notes += [f"also here as {other}, from before the class list" for other in unlisted]
        lines += [f"  {student}: {note}" for note in notes]
        taken, failed = taken + good, failed + (not good)
    others = [e.path for e in entries if not e.path.lower().endswith(".ipynb")]
    if others:
        lines.append(f"  not notebooks, left aside: {', '.join(map(shown, others[:20]))}")
    here = {*by_student, *course.students(name)}  # now or earlier
    missing = [p.student for p in roster.people if p.student not in here]
    if missing:
        lines.append(f"  in the class list, nothing handed in: {', '.join(missing)}")
    head = f"{name}: {taken} submissions taken in, {failed} refused"
    return "\n".join([head, *lines]), failed


def take(course: Course, name: str, student: str, handed: list[Handed]) -> tuple[list[str], bool]:
    """Write a student's newest notebook; return notes and whether there is one to grade."""
    if len({h.raw_name for h in handed}) > 1:
        names = ", ".join(sorted({shown(h.raw_name) for h in handed}))
        return [f"the names {names} come to the same folder; REFUSED: give a class list"], False
    newest = max(handed, key=lambda h: h.order)
    notes = []
    if len(handed) > 1:
        notes.append(f"{len(handed)} notebooks; took {shown(newest.entry.path)}")
    place = course.problem_set(name).submission(student)
    refusal, data = newest.entry.refusal, b""
    if not refusal:
        try:
            data = newest.entry.read()
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            refusal = f"cannot be read ({type(error).__name__})"
    if not refusal and len(data) > notebook.MAX_FILE:
        refusal = f"is larger than {notebook.MAX_FILE // 2**20} MB"
    if refusal:
        note(place, f"{PurePosixPath(newest.entry.path).name} {refusal}")
        kept = "; the earlier one stays" if place.exists() else ""
        return [*notes, f"{shown(newest.entry.path)} {refusal}; REFUSED{kept}"], False
    number = place.with_name("number.txt")  # the platform's, of what is here; it grows
    here = int(number.read_text()) if place.exists() and number.exists() else 0
    if 0 < newest.order[-1] < here:
        notes.append(f"{shown(newest.entry.path)} is older than what is here; left aside")
        return notes, True
    if newest.order[-1]:
        place.parent.mkdir(parents=True, exist_ok=True)
        number.write_text(str(newest.order[-1]))
    else:
        number.unlink(missing_ok=True)
    if place.exists() and place.read_bytes() == data:
        (place.parent / "REFUSED.txt").unlink(missing_ok=True)
        return notes, True
    if place.exists():
        notes.append("replaces an earlier submission")
    write(place, data)
    try:
        notebook.read(place)
    except notebook.Refused as refused:
        notes.append(f"will be REFUSED when graded: {refused}")
    return notes, True


def write(place: Path, data: bytes) -> None:
    """Write a file whole or not at all, and forget an earlier refusal."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(".partial")
    partial.write_bytes(data)
    os.replace(partial, place)
    (place.parent / "REFUSED.txt").unlink(missing_ok=True)


def note(place: Path, reason: str) -> None:
    """Leave the reason of a refusal where the grader finds no notebook."""
    place.parent.mkdir(parents=True, exist_ok=True)
    (place.parent / "REFUSED.txt").write_text(notebook.legible(reason), encoding="utf-8")


def identify(entry: Entry, name: str, roster: Roster) -> Handed:
    """Tell whose a notebook is by where it lies and what it is called."""
    parts = PurePosixPath(entry.path).parts
    stem = parts[-1][: -len(".ipynb")]
    for part in parts[:-1]:
        if match := MOODLE.fullmatch(part):
            return _handed(entry, name, roster, match, "moodle", stem)
    for pattern, platform in ((MOODLE, "moodle"), (CANVAS, "canvas")):
        if match := pattern.fullmatch(stem):
            return _handed(entry, name, roster, match, platform, match["rest"])
    folders = [part for part in parts[:-1] if part != name]
    raw = folders[-1] if folders else ("" if stem == name else stem)
    return Handed(roster.student(raw), raw, entry, _order(name, stem, 0))


def _handed(
    entry: Entry, name: str, roster: Roster, match: re.Match[str], platform: str, stem: str
) -> Handed:
    found = match.groupdict()
    student = roster.student(found["name"], platform, found["number"])
    raw = f"{found['name']} {found['number']}"
    return Handed(student, raw, entry, _order(name, stem, int((found.get("file") or "0")[:18])))


def _order(name: str, stem: str, number: int) -> tuple[bool, int, int]:
    """Rank a file: the right name first, then the attempt (ps1-2), then the platform's number."""
    attempt = ATTEMPT.search(stem)
    right = ATTEMPT.sub("", stem).strip() == name
    return right, int(attempt[1][:9]) if attempt else 0, number


def in_folder(folder: Path) -> Iterator[Entry]:
    """List the files of a folder; links are neither followed nor read."""
    for where, folders, files in os.walk(folder, followlinks=False):
        folders.sort()
        for file in sorted(files + [f for f in folders if Path(where, f).is_symlink()]):
            path = Path(where, file)
            relative = path.relative_to(folder).as_posix()
            if IGNORED.search(relative):
                continue
            status = path.lstat()
            yield Entry(relative, refusal(status.st_mode, status.st_size), path.read_bytes)


def in_zip(path: Path) -> Iterator[Entry]:
    """List the files of a zip without unpacking it."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Trouble(f"{path} holds {len(entries)} files; the limit is {MAX_ENTRIES}")
    for info in entries:
        name = info.filename.replace("\\", "/")
        if not info.flag_bits & 0x800:  # the name is not marked as UTF-8, but may well be
            with suppress(UnicodeError):
                name = name.encode("cp437").decode("utf-8")
        if info.is_dir() or IGNORED.search(name):
            continue
        mode = info.external_attr >> 16
        why = "is encrypted" if info.flag_bits & 1 else refusal(mode, info.file_size)

        def read(info: zipfile.ZipInfo = info) -> bytes:
            with zipfile.ZipFile(path) as archive, archive.open(info) as file:
                return file.read(notebook.MAX_FILE + 1)

        yield Entry(name, why, read)


def refusal(mode: int, size: int) -> str:
    """Return why a file is not even read, or nothing."""
    if stat.S_ISLNK(mode):
        return "is a link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is no ordinary file"
    if size > notebook.MAX_FILE:
        return f"has {size / 2**20:.0f} MB; the limit is {notebook.MAX_FILE // 2**20} MB"
    return ""


def shown(path: str) -> str:
    """Return a path as it may be printed: without control characters, not too long."""
    text = notebook.legible(path).replace("\n", " ").replace("\t", " ")
    return text if len(text) <= 120 else text[:117] + "..."
