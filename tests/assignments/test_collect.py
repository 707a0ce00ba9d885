"""Taking in submissions from folders and learning platforms' zips."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tiny
from grading import roster
from grading.collect import collect
from grading.course import Course, Trouble
from grading.roster import Person, Roster

NOTEBOOK = json.dumps(tiny.submission())
NEWER = json.dumps(tiny.submission(written="Newer."))
CLASS = """\
student,name,canvas_id,moodle_id
anna,Anna Schmidt,12345,
mueller,"Müller, Jörg",222,77
zoe,Zoë O'Neil,,88
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny.make(tmp_path / "course")


def class_list(course: Course, text: str = CLASS) -> None:
    (course.root / "roster.csv").write_text(text, encoding="utf-8")


def zipped(path: Path, files: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def handed_in(course: Course) -> dict[str, str]:
    files = sorted((course.root / "submitted").rglob("*"))
    return {
        f.relative_to(course.root / "submitted").as_posix(): f.read_text()
        for f in files
        if f.is_file() and f.name != "number.txt"
    }


def test_a_zip_of_canvas(course: Course, tmp_path: Path) -> None:
    class_list(course)
    files = {
        "schmidtanna_LATE_12345_67890_tiny.ipynb": NOTEBOOK,
        "schmidtanna_12345_67999_tiny-1.ipynb": NEWER,
        "muellerjoerg_222_5_tiny.ipynb": NOTEBOOK,
        "new_in_class_999_6_tiny.ipynb": NOTEBOOK,
        "new_in_class_999_7_notes.pdf": "x",
    }
    report, refused = collect(course, "tiny", zipped(tmp_path / "c.zip", files))
    assert refused == 0
    assert handed_in(course) == {
        "anna/tiny/tiny.ipynb": NEWER,
        "mueller/tiny/tiny.ipynb": NOTEBOOK,
        "new_in_class-999/tiny/tiny.ipynb": NOTEBOOK,
    }
    assert "anna: 2 notebooks; took schmidtanna_12345_67999_tiny-1.ipynb" in report
    assert "not notebooks, left aside: new_in_class_999_7_notes.pdf" in report
    assert "nothing handed in: zoe" in report


@pytest.mark.parametrize(
    "name", ["{}_file_/tiny.ipynb", "{}_file/tiny.ipynb", "{}_file_tiny.ipynb"]
)
def test_a_zip_of_moodle(course: Course, tmp_path: Path, name: str) -> None:
    class_list(course)
    files = {
        name.format("Zoë O'Neil_88_assignsubmission"): NOTEBOOK,
        name.format("Jörg Müller_77_assignsubmission"): NOTEBOOK,
        name.format("Ann Other_99_assignsubmission"): NOTEBOOK,
    }
    _, refused = collect(course, "tiny", zipped(tmp_path / "m.zip", files))
    assert refused == 0
    assert sorted(handed_in(course)) == [
        f"{student}/tiny/tiny.ipynb" for student in ("Ann-Other-99", "mueller", "zoe")
    ]


def test_plain_folders(course: Course, tmp_path: Path) -> None:
    for path in ("a/anna/tiny.ipynb", "a/bob smith/tiny/tiny.ipynb", "a/Ève.ipynb"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(NOTEBOOK)
    (tmp_path / "a/anna/.ipynb_checkpoints").mkdir()
    (tmp_path / "a/anna/.ipynb_checkpoints/tiny-checkpoint.ipynb").write_text("old")
    report, refused = collect(course, "tiny", tmp_path / "a")
    assert refused == 0, report
    assert sorted(handed_in(course)) == [
        f"{student}/tiny/tiny.ipynb" for student in ("anna", "bob-smith", "Ève")
    ]


def test_nothing_is_written_outside(course: Course, tmp_path: Path) -> None:
    files = {
        "../../../evil_1_2_tiny.ipynb": NOTEBOOK,
        "/absolute_3_4_tiny.ipynb": NOTEBOOK,
        "..\\..\\windows_5_6_tiny.ipynb": NOTEBOOK,
        "../tiny.ipynb": NOTEBOOK,
        "a/../../tiny.ipynb": NOTEBOOK,
    }
    before = {p for p in tmp_path.rglob("*") if "submitted" not in p.parts}
    report, refused = collect(course, "tiny", zipped(tmp_path / "z.zip", files))
    assert {p for p in tmp_path.rglob("*") if "submitted" not in p.parts} == {
        *before, tmp_path / "z.zip"
    }  # fmt: skip
    assert set(handed_in(course)) == {
        f"{s}/tiny/tiny.ipynb" for s in ("evil-1", "absolute-3", "windows-5")
    }
    assert refused == 2
    assert "whose it is cannot be told" in report


def test_bombs_links_and_encrypted_files_are_refused(course: Course, tmp_path: Path) -> None:
    path = zipped(tmp_path / "z.zip", {"bomb_1_2_tiny.ipynb": bytes(50 * 2**20)})
    link = zipfile.ZipInfo("link_3_4_tiny.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good_5_6_tiny.ipynb", NOTEBOOK)
        archive.writestr("liar_7_8_tiny.ipynb", bytes(20 * 2**20), zipfile.ZIP_DEFLATED)
    data = path.read_bytes()  # a size that is not true, in both headers
    size = (20 * 2**20).to_bytes(4, "little")
    path.write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    report, refused = collect(course, "tiny", path)
    assert refused == 2 + ("liar-7/tiny/tiny.ipynb" not in handed_in(course))
    assert "bomb_1_2_tiny.ipynb has 50 MB; the limit is 10 MB; REFUSED" in report
    assert "link_3_4_tiny.ipynb is a link; REFUSED" in report
    assert handed_in(course)["good-5/tiny/tiny.ipynb"] == NOTEBOOK
    assert handed_in(course)["link-3/tiny/REFUSED.txt"] == "link_3_4_tiny.ipynb is a link"
    assert len(handed_in(course).get("liar-7/tiny/tiny.ipynb", "")) <= 1000


def test_links_and_pipes_in_a_folder_are_refused(course: Course, tmp_path: Path) -> None:
    secret = tmp_path / "secret.ipynb"
    secret.write_text(NOTEBOOK)
    for student in ("a", "b", "c"):
        (tmp_path / "in" / student).mkdir(parents=True)
    (tmp_path / "in/a/tiny.ipynb").symlink_to(secret)
    os.mkfifo(tmp_path / "in/b/tiny.ipynb")
    (tmp_path / "in/c/tiny.ipynb").write_text(NOTEBOOK)
    (tmp_path / "in/d").symlink_to(course.root)
    report, refused = collect(course, "tiny", tmp_path / "in")
    assert refused == 2, report
    assert [name for name in handed_in(course) if name.endswith(".ipynb")] == ["c/tiny/tiny.ipynb"]


def test_what_is_not_json_is_said_at_once(course: Course, tmp_path: Path) -> None:
    report, refused = collect(
        course, "tiny", zipped(tmp_path / "z.zip", {"a/tiny.ipynb": "print(1)"})
    )
    assert refused == 0
    assert "a: will be REFUSED when graded: tiny.ipynb is not JSON" in report


def test_collecting_again_replaces_only_what_changed(course: Course, tmp_path: Path) -> None:
    collect(
        course,
        "tiny",
        zipped(tmp_path / "1.zip", {"a/tiny.ipynb": NOTEBOOK, "b/tiny.ipynb": NOTEBOOK}),
    )
    path = course.problem_set("tiny").submission("a")
    stamp = path.stat().st_mtime_ns
    report, _ = collect(
        course,
        "tiny",
        zipped(tmp_path / "2.zip", {"a/tiny.ipynb": NOTEBOOK, "b/tiny.ipynb": NEWER}),
    )
    assert path.stat().st_mtime_ns == stamp
    assert "b: replaces an earlier submission" in report
    assert "a:" not in report


def test_an_older_zip_does_not_replace_a_newer_submission(course: Course, tmp_path: Path) -> None:
    class_list(course)
    newer = zipped(tmp_path / "new.zip", {"schmidtanna_12345_680_tiny-1.ipynb": NEWER})
    older = zipped(tmp_path / "old.zip", {"schmidtanna_12345_67_tiny.ipynb": NOTEBOOK})
    collect(course, "tiny", newer)
    report, refused = collect(course, "tiny", older)
    assert refused == 0
    assert "anna: schmidtanna_12345_67_tiny.ipynb is older than what is here" in report
    assert handed_in(course) == {"anna/tiny/tiny.ipynb": NEWER}
    # A folder's file has no number: whoever puts it there means it.
    folder = tmp_path / "folder"
    (folder / "anna").mkdir(parents=True)
    (folder / "anna/tiny.ipynb").write_text(NOTEBOOK)
    assert "replaces an earlier submission" in collect(course, "tiny", folder)[0]
    collect(course, "tiny", older)
    assert handed_in(course) == {"anna/tiny/tiny.ipynb": NOTEBOOK}


def test_a_later_zip_and_a_later_class_list(course: Course, tmp_path: Path) -> None:
    first = {f"{who}_tiny.ipynb": NOTEBOOK for who in ("anna_12345_1", "mueller_222_2")}
    collect(course, "tiny", zipped(tmp_path / "1.zip", first))
    class_list(course)
    report, _ = collect(course, "tiny", zipped(tmp_path / "2.zip", first))
    assert "anna: also here as anna-12345, from before the class list" in report
    late = {"zoe_1_assignsubmission_file_/tiny.ipynb": NOTEBOOK}
    report, _ = collect(course, "tiny", zipped(tmp_path / "3.zip", late))
    assert "nothing handed in" not in report


def test_two_people_are_never_one(course: Course, tmp_path: Path) -> None:
    files = {"bob smith/tiny.ipynb": NOTEBOOK, "bob-smith/tiny.ipynb": NEWER}
    report, refused = collect(course, "tiny", zipped(tmp_path / "z.zip", files))
    assert refused == 1
    assert "bob smith, bob-smith come to the same folder; REFUSED: give a class list" in report
    assert handed_in(course) == {}


@pytest.mark.parametrize("source", ["", "missing", "file.txt"])
def test_a_source_that_is_none(course: Course, tmp_path: Path, source: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(Trouble, match="FROM must be a folder or a zip"):
        collect(course, "tiny", tmp_path / source if source else Path(source))
    with pytest.raises(Trouble, match="SET must be one of tiny; got 'ps9'"):
        collect(course, "ps9", tmp_path)


def test_canvas_gradebook_as_class_list(course: Course) -> None:
    class_list(
        course,
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,ps1 (55)\n"
        "    Points Possible,,,,,50\n"
        '"Schmidt, Anna",12345,s1,anna,A,\n'
        '"Student, Test",9,,,A,\n',
    )
    people = roster.read(course, "").people
    assert people[0] == Person("anna", "Schmidt, Anna", "", "12345", "", "s1", "anna", "A")
    assert people[1].student == "Student-Test-9"


def test_moodle_worksheet_as_class_list(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "moodle.csv"
    text = "Identifier;Full name;Email address\nParticipant 77;Jörg Müller;jm@x.org\n"
    path.write_bytes(text.encode("cp1252"))
    people = roster.read(course, str(path)).people
    assert people == [Person("jm@x.org", "Jörg Müller", "jm@x.org", moodle_id="77")]


def test_class_lists_with_mistakes(course: Course) -> None:
    class_list(course, "name\nAnna\n")
    with pytest.raises(Trouble, match="needs a column 'student' in its first line; it has name"):
        roster.read(course, "")
    class_list(course, "student\nanna\nAnna\n")
    with pytest.raises(Trouble, match="'Anna' occurs twice"):
        roster.read(course, "")
    with pytest.raises(Trouble, match="cannot be read: No such file"):
        roster.read(course, "missing.csv")


def test_names_are_matched_whatever_their_accents_and_case() -> None:
    people = Roster([Person("zoe", "Zoë O'Neil"), Person("x", "Twin"), Person("y", "Twin")])
    assert people.student("ZOE\u0308 o'neil") == "zoe"
    assert people.student("Twin", "moodle", "5") == "Twin-5"
    assert people.student("../..") == ""
    assert people.student("日本 太郎") == "日本-太郎"
