"""A class through the whole day: students' version, grading, gradebook, feedback, exports."""

from __future__ import annotations

import csv
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
import tiny
from grading import export, one, release, run, sandbox, selfcheck
from grading.course import Trouble

from course_code.exercises import Local

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # nbgrader's own, about its database
]

try:
    sandbox.check_available()
except sandbox.Unavailable as why:
    pytest.skip(str(why).splitlines()[0], allow_module_level=True)

EVIL = """<script>alert(1)</script><img src=x onerror=alert(2)><iframe src="//x"></iframe>
[link](javascript:alert(3)) $\\href{javascript:alert(4)}{x}$ <b onclick="alert(5)">bold</b>
<svg onload=alert(6)><style>body{display:none}</style> $a < b$ and *emphasis*"""
WARNS = """\
import sys, warnings
def double(x):
    warnings.warn("deprecated")
    print("to stderr", file=sys.stderr)
    return 2 * np.asarray(x)
double(1)
np.float64(0.25)"""
ROSTER = '''\
student,name,email,canvas_id
good,"Good, ""Anna""",=HYPERLINK("http://x"),1
absent,+Absent,,2
half,Hälf,,3
'''


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Everything that the instructor does, once."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    course = tiny.make(tmp_path_factory.mktemp("day"))
    release.generate(course, "tiny")
    (course.root / "roster.csv").write_text(ROSTER)
    half = tiny.submission(WARNS, noise="def noise(shape, rng):\n    return rng.random(shape)")
    half.metadata = {}  # no kernelspec
    forged = tiny.submission(double="np.float64(2.5)", written="YOUR ANSWER HERE")
    forged.cells[3].source = "print('x')\nnp.float64(2.5)"
    for student, notebook in {
        "good": tiny.submission(),
        "half": half,
        "forged": forged,
        "evil": tiny.submission(
            double=f"print({EVIL!r})\nfrom IPython.display import HTML, display\n"
            f"display(HTML({EVIL!r}))\nraise ValueError({EVIL!r})",
            noise=f"def noise(shape, rng):\n    raise ValueError({EVIL!r})",
            written=EVIL,
            extra=(f"# {EVIL}",),
        ),
        "broken": "no notebook",
    }.items():
        tiny.hand_in(course, student, notebook)
    results, report = run.grade(course, "tiny", progress=False, workers=2)
    said = export.feedback(course, "tiny")
    exported = export.grades(course)
    return SimpleNamespace(
        course=course, results=results, report=report, feedback=said, exported=exported
    )


def page(day: Any, student: str) -> str:
    return (day.course.root / "feedback" / student / "tiny" / "tiny.html").read_text()


def table(day: Any, name: str) -> list[list[str]]:
    text = (day.course.root / "exports" / name).read_text("utf-8-sig")
    return list(csv.reader(text.splitlines(keepends=True)))


def test_each_gets_the_marks_of_the_own_work(day: Any) -> None:
    rows = {row[0]: row[4] for row in table(day, "grades.csv")[1:]}
    assert rows == {
        "good": "4.5",
        "absent": "",
        "half": "2.5",
        "forged": "2",
        "evil": "0",
        "broken": "",
    }


def test_students_get_notebook_and_visible_checks_only(day: Any) -> None:
    folder = day.course.root / "release" / "tiny"
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.ipynb", "tiny_checks.py"]
    sources = [cell["source"] for cell in day.course.problem_set("tiny").student_version()["cells"]]
    assert sources[2] == sources[4] == "# YOUR CODE HERE\n..."
    assert sources[6] == "YOUR ANSWER HERE"


def test_a_missing_submission_is_an_empty_cell(day: Any) -> None:
    status = {row[0]: row[5] for row in table(day, "grades.csv")[1:]}
    assert status["absent"] == "not handed in"
    assert status["broken"] == "refused: tiny.ipynb is not JSON (JSONDecodeError)"
    assert status["good"] == "written answer to be marked"
    assert status["forged"] == "graded"  # the written answer was not touched
    canvas = {row[0]: row[-1] for row in table(day, "canvas.csv")[2:]}
    assert (canvas["'+Absent"], canvas["broken"], canvas["forged"]) == ("", "", "2")
    assert canvas['Good, "Anna"'] == ""  # preliminary marks do not go to Canvas


def test_exports_are_quoted_and_hold_no_formula(day: Any) -> None:
    grades, canvas = table(day, "grades.csv"), table(day, "canvas.csv")
    assert grades[0] == [
        "student", "name", "email", "section", "tiny (of 7.5)", "tiny status",
        "sum of what is graded",
    ]  # fmt: skip
    assert grades[1][:3] == ["good", 'Good, "Anna"', '\'=HYPERLINK("http://x")']
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "tiny"]
    assert canvas[1] == ["    Points Possible", "", "", "", "", "7.5"]
    assert {len(row) for row in grades} == {7}
    for row in grades + canvas:
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)


def test_oddities_are_reported(day: Any) -> None:
    assert "4 graded, 1 refused" in day.report
    assert "broken: REFUSED, no marks: tiny.ipynb is not JSON" in day.report
    file = day.course.root / "results/tiny/report.txt"
    edited = "forged: locked cell double was edited; the edit is ignored"
    assert edited in file.read_text()
    assert "broken: REFUSED" in file.read_text()
    assert "good" not in file.read_text()
    # On the screen that is one line for a class, whatever the students did to their notebooks.
    assert edited not in day.report
    assert f"odd in the graded submissions (see {file}): forged 1\n" in day.report + "\n"


def test_feedback_names_what_is_off(day: Any) -> None:
    assert "the standard deviation is 0.29" in page(day, "half")
    assert "2.5 of 2.5 points" in page(day, "half")
    assert not (day.course.root / "feedback/broken").exists()


def test_feedback_runs_nothing_of_the_students(day: Any) -> None:
    html = page(day, "evil")
    assert '<h1 id="Tiny-problem-set">' in html
    assert "<em>emphasis</em>" in html
    assert "a &lt; b" in html
    body = html[html.index('<div class="panel-body">') :]
    assert not re.search(r"<(script|iframe|svg|style|object|embed|form)[ >]", body)
    assert not re.search(r"<[^>]*\son\w+\s*=", body)
    assert "\\href" not in re.sub(r"<pre>.*?</pre>", "", body, flags=re.DOTALL)
    assert not re.search(r"""(href|src)=["']?\s*javascript:""", body, re.IGNORECASE)


def test_a_second_run_grades_nothing_and_a_changed_submission_only(
    day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def spy(problem_set: Any, path: Path, unprotected: bool) -> Any:
        asked.append(path.parent.parent.name)
        return run.failed("spied")

    monkeypatch.setattr(run, "in_own_process", spy)
    problem_set = day.course.problem_set("tiny")
    students = day.course.students("tiny")
    run.grade_all(problem_set, students, progress=False)
    assert asked == []
    path = problem_set.submission("good")
    times, text = path.stat(), path.read_text()
    os.utime(path, (1, 1))
    run.grade_all(problem_set, students, progress=False)
    assert asked == []
    path.write_text(text.replace("2 *", "3 *"))  # of the same size, and put back to its time
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    results = run.grade_all(problem_set, students, progress=False)
    assert asked == ["good"]
    assert results["good"]["status"] == "failed"
    path.write_text(text)
    assert run.load(problem_set.result("good"))["status"] == "graded"  # a failure is not kept


def test_an_interrupted_run_keeps_what_is_done(day: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    problem_set = day.course.problem_set("tiny")
    names = ["i1", "i2", "i3"]
    for name in names:
        tiny.hand_in(day.course, name, tiny.submission())
    asked = []

    def interrupted(problem_set: Any, path: Path, unprotected: bool) -> Any:
        asked.append(path.parent.parent.name)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return {"status": "graded", "key": "", "notes": [], "tasks": {}}

    monkeypatch.setattr(run, "in_own_process", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.grade_all(problem_set, names, workers=1, progress=False)
    first = asked[0]
    run.grade_all(problem_set, names, workers=1, progress=False)
    assert asked.count(first) == 1
    assert set(asked) == set(names)
    for name in names:
        problem_set.submission(name).unlink()
        problem_set.submission(name).parent.rmdir()


def test_a_grader_that_dies_or_hangs_costs_one_submission(
    day: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    problem_set = tiny.make(tmp_path / "other").problem_set("tiny")
    hidden = problem_set.hidden.read_text()
    dies = hidden.replace("    x = np", "    import os; os._exit(9)\n    x = np")
    problem_set.hidden.write_text(dies)
    path = tiny.hand_in(problem_set.course, "a", tiny.submission())
    assert run.in_own_process(problem_set, path, False)["status"] == "failed"
    problem_set.hidden.write_text(hidden.replace("    x = np", "    while True: pass\n    x = np"))
    monkeypatch.setattr(run, "TOTAL_SECONDS", -117.0)
    assert run.in_own_process(problem_set, path, False)["reason"] == "the checks did not end"


def test_nbgrader_failing_leaves_no_zero(day: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = {"status": "graded", "key": "k", "notebook": "{}", "notes": [], "tasks": {}}
    results = {"unlucky": result}
    (day.course.root / "results/tiny").mkdir(parents=True, exist_ok=True)
    run.record(day.course, "tiny", results, progress=False)
    assert results["unlucky"]["status"] == "failed"
    assert "unlucky" not in export.scores_of(day.course, "tiny")


def test_plain_nbgrader_autograde_is_contained_too(day: Any, tmp_path: Path) -> None:
    from nbgrader.apps.api import NbGraderAPI

    evil = tiny.submission(
        double=f"def double(x):\n    return x\nopen({str(tmp_path / 'out')!r}, 'w').write('x')"
    )
    path = tiny.hand_in(day.course, "direct", evil)
    outcome = NbGraderAPI(config=day.course.config()).autograde("tiny", "direct", force=True)
    assert outcome["success"], outcome
    assert export.scores_of(day.course, "tiny")["direct"].points == 2
    assert not (tmp_path / "out").exists()
    path.unlink()


def test_a_set_whose_points_do_not_add_up_is_not_graded(tmp_path: Path) -> None:
    course = tiny.make(tmp_path)
    problem_set = course.problem_set("tiny")
    problem_set.hidden.write_text(tiny.HIDDEN.replace("(1.5, check_", "(1, check_"))
    with pytest.raises(Trouble, match=r"HIDDEN has the points .*'double': 2"):
        run.grade_all(problem_set, [])


def test_selfcheck_exits_nonzero_for_a_wrong_solution(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tiny.make(tmp_path)
    source = course.problem_set("tiny").source
    notebook = nbformat.read(source, as_version=4)
    notebook.cells[2].source = notebook.cells[2].source.replace("2 *", "3 *")
    nbformat.write(notebook, source)
    assert selfcheck.check(course, ["tiny"]) == 1
    printed = capsys.readouterr().out
    assert "BAD tiny solution: 2.0 of 4.5 points" in printed
    assert "ok  tiny untouched: 0 of 4.5 points" in printed.replace("0.0 of", "0 of")


def test_marks_are_sums_of_the_checks_that_pass() -> None:
    good = Local({"double": lambda x: [2 * v for v in x] if isinstance(x, list) else 2 * x})

    def passes(answers: Any) -> None:
        """Passing."""

    def fails(answers: Any) -> None:
        """Failing."""
        raise KeyError("odd")

    tasks = one.mark_tasks({"t": [(0.1, passes), (0.2, passes), (1, fails)]}, good)
    assert tasks["t"]["points"] == 0.3
    assert tasks["t"]["lines"] == [
        "ok  Passing (0.1 points)",
        "ok  Passing (0.2 points)",
        "--  Failing (1 point): the check could not read the answer (KeyError: 'odd')",
    ]


def test_points_are_written_as_nbgrader_reads_them() -> None:
    from nbgrader.utils import determine_grade

    notebook = tiny.released()
    lines = ["ok  all", "nan"]
    tasks = {
        "double": {"points": 0.5, "most": 2.5, "lines": lines},
        "noise": {"points": 2, "most": 2, "lines": lines},
    }
    run.write_outputs(notebook, {"tasks": tasks, "printed": {}, "errors": {}})
    cells = nbformat.from_dict(notebook).cells
    assert determine_grade(cells[3]) == (0.5, 2.5)
    assert determine_grade(cells[5]) == (2, 2)
