"""Grade a class: submissions in parallel, each in a process of its own; then the gradebook.

What is graded is kept (results/SET/STUDENT.json) with a digest of the submission and of everything
that judges it, so an interrupted run continues where it stopped and a second run does nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from grading import notebook, release, written
from grading.course import STUDENT, Course, ProblemSet, Trouble
from grading.interrupt import STOP
from grading.one import key
from grading.remote import TOTAL_SECONDS
from grading.sandbox import check_available

Result = dict[str, Any]


def in_own_process(problem_set: ProblemSet, path: Path, unprotected: bool) -> Result:
    """Grade one submission in a process of its own; whatever happens, return a result."""
    command = [sys.executable, "-m", "grading", "one", str(problem_set.course.root)]
    command += [problem_set.name, str(path), *(["--unprotected"] if unprotected else [])]
    paths = os.pathsep.join([str(Path(__file__).resolve().parent.parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    if STOP.asked:
        return failed("interrupted")
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    STOP.running.add(process)
    if STOP.asked:  # by now
        STOP.kill()
    try:
        output, errors = process.communicate(timeout=TOTAL_SECONDS + 120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return failed("the checks did not end")
    finally:
        STOP.running.discard(process)
    if process.returncode != 0:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        return failed(last[0][:500])
    result: Result = json.loads(output)
    return result


def failed(reason: str) -> Result:
    """Return the result of a submission on which the grader itself failed."""
    return {"status": "failed", "reason": reason, "notes": [], "key": ""}


def save(path: Path, result: Result) -> None:
    """Write a result, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result), encoding="utf-8")
    os.replace(partial, path)


def load(path: Path) -> Result:
    """Read a result; an empty one if there is none that can be read."""
    try:
        result: Result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return result


def grade_all(
    problem_set: ProblemSet,
    students: Iterable[str],
    *,
    workers: int | None = None,
    unprotected: bool = False,
    progress: bool = True,
) -> dict[str, Result]:
    """Grade the submissions that are new or changed, in parallel; return all results."""
    if not unprotected:
        check_available()
    problem_set.checks()  # wrong points are reported before any work
    students = list(students)
    stamps = {student: stamp(problem_set, student) for student in students}
    results = {student: load(problem_set.result(student)) for student in students}
    todo = [s for s in students if results[s].get("stamp") != stamps[s]]
    graded = len(students) - len(todo)
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
    bar = tqdm(total=len(todo), unit="submission", disable=not progress or not todo)
    try:
        jobs = {
            pool.submit(in_own_process, problem_set, problem_set.submission(s), unprotected): s
            for s in todo
        }
        for job in as_completed(jobs):
            student = jobs[job]
            results[student] = {**job.result(), "stamp": stamps[student]}
            if results[student]["status"] != "failed":
                save(problem_set.result(student), results[student])
                graded += 1
            STOP.finished = f"{problem_set.name}: {graded} of {len(students)} are graded"
            bar.update(not STOP.asked)
    except BaseException:
        STOP.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        bar.close()
    STOP.check()
    return results


def stamp(problem_set: ProblemSet, student: str) -> str:
    """Return what a result has to carry to be still valid: a digest of submission and judges."""
    path = problem_set.submission(student)
    digest = hashlib.sha256(problem_set.fingerprint.encode())
    for file in (path, path.with_name("REFUSED.txt")):
        try:
            status = file.lstat()
            small = stat.S_ISREG(status.st_mode) and status.st_size <= notebook.MAX_FILE
            content = file.read_bytes() if small else b""
            digest.update(f"{status.st_mode} {status.st_size}\n".encode() + content)
        except OSError as error:
            digest.update(f"{type(error).__name__}\n".encode())
    return digest.hexdigest()


def result_of(problem_set: ProblemSet, laid: notebook.Notebook, student: str) -> Result:
    """Return the result for a notebook in nbgrader's hands: the one that is kept, or a new one."""
    wanted = key(problem_set, notebook.Overlay(laid))
    result = load(problem_set.result(student))
    if result.get("key") == wanted:
        return result
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{problem_set.name}.ipynb"
        path.write_text(json.dumps(laid), encoding="utf-8")
        result = in_own_process(problem_set, path, unprotected=False)
    if result["status"] != "graded":
        raise Trouble(result["reason"])
    return result


def write_outputs(laid: notebook.Notebook, result: Result) -> None:
    """Write a result into the notebook: what cells printed, and each task's feedback and points.

    nbgrader reads a graded cell's points from its first result or error: there is exactly one, and
    nothing of the student's is among the outputs of a graded cell.
    """
    for index, cell in enumerate(laid["cells"]):
        if cell["cell_type"] != "code":
            continue
        mark = notebook.mark(cell)
        if mark.get("grade") and not mark.get("solution"):
            task = result["tasks"][mark["grade_id"]]
            text = "\n".join([*task["lines"], f"{task['points']:g} of {task['most']:g} points"])
            value = {"text/plain": repr(float(task["points"]))}
            shown = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
            cell["outputs"] = [printed(text), {**shown, "data": value}]
            continue
        name = notebook.name(cell, index)
        text = result["printed"].get(name, "")
        if name in result["errors"]:
            text += f"[this cell: {result['errors'][name]}]"
        if text:
            cell["outputs"] = [printed(text)]


def printed(text: str) -> dict[str, Any]:
    """Return a cell's output of plain text."""
    return {"output_type": "stream", "name": "stdout", "text": notebook.legible(text) + "\n"}


def record(course: Course, name: str, results: dict[str, Result], progress: bool = True) -> None:
    """Bring the results into nbgrader's gradebook, one after another: SQLite has one writer.

    nbgrader reads notebooks that we wrote (the overlays), never a submission itself.
    """
    from nbgrader.api import MissingEntry
    from nbgrader.apps.api import NbGraderAPI

    (course.root / "results" / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        config = course.config()
        config.CourseDirectory.submitted_directory = folder
        config.CourseDirectory.autograded_directory = str(course.root / "autograded")
        graded = {s: r for s, r in results.items() if r["status"] == "graded"}
        entered = tqdm(graded.items(), "gradebook", disable=not progress)
        for count, (student, result) in enumerate(entered):
            STOP.finished = f"{name}: all are graded, {count} of {len(graded)} are in the gradebook"
            STOP.check()
            done = course.root / "results" / name / f"{student}.recorded"
            page = course.root / "autograded" / student / name / f"{name}.ipynb"
            before = marks(course, name, student)
            right = {task: t["points"] for task, t in result["tasks"].items()}
            version = hashlib.sha256((result["key"] + result["notebook"]).encode()).hexdigest()
            same = done.exists() and done.read_text() == version
            if same and before == right and page.exists():  # both may have been put back or deleted
                continue
            by_hand = written.marked(course, name, student)
            place = Path(folder) / student / name
            place.mkdir(parents=True)
            (place / f"{name}.ipynb").write_text(result["notebook"], encoding="utf-8")
            outcome = NbGraderAPI(config=config).autograde(name, student, force=True, create=True)
            shutil.rmtree(place)
            recorded = marks(course, name, student) if outcome["success"] else None
            if recorded == right:
                result["to_do"] = written.settle(course, name, student, by_hand)
                done.write_text(version)
                continue
            log = outcome.get("log") or outcome.get("error") or ""
            result.update(failed(f"nbgrader recorded {recorded}: {log[-2000:]}"))
            if before is None:  # else it would count as handed in, with 0 points
                with course.gradebook() as gradebook, suppress(MissingEntry):
                    gradebook.remove_submission(name, student)


def marks(course: Course, name: str, student: str) -> dict[str, float] | None:
    """Return what the gradebook holds: the points of each task that is graded automatically.

    None if it holds nothing of that student.
    """
    from nbgrader.api import MissingEntry

    with course.gradebook() as gradebook:
        try:
            notebooks = gradebook.find_submission(name, student).notebooks
        except MissingEntry:
            return None
        grades = [grade for notebook in notebooks for grade in notebook.grades]
        return {g.name: g.auto_score for g in grades if g.cell.cell_type == "code"}


def report(
    name: str,
    results: dict[str, Result],
    bad_names: Iterable[str] = (),
    details: Path | None = None,
) -> str:
    """Return what the instructor reads after a run: counts, and a line for everything odd.

    With `details`, the file that holds the whole report, what was odd in a submission that has its
    marks is only counted. What asks for something to be done is always there.
    """
    counts: dict[str, int] = {}
    lines, odd = [], []
    for student, result in sorted(results.items()):
        status, notes = result["status"], result["notes"]
        counts[status] = counts.get(status, 0) + 1
        if status != "graded":
            lines.append(f"  {student}: {status.upper()}, no marks: {result['reason']}")
        lines += [f"  {student}: {note}" for note in result.get("to_do", [])]
        if details is None:
            lines += [f"  {student}: {note}" for note in notes]
        elif notes:
            odd.append(f"{student} {len(notes)}")
    if odd:
        lines.append(f"  odd in the graded submissions (see {details}): {', '.join(odd)}")
    lines += [f"  {folder!r}: not a student's name, skipped" for folder in bad_names]
    total = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return "\n".join([f"{name}: {total or 'no submissions'}", *lines])


def grade(course: Course, name: str, **options: Any) -> tuple[dict[str, Result], str]:
    """Grade one problem set for the class and fill the gradebook; return results and report."""
    problem_set = course.problem_set(name)
    found = course.students(name)
    if not found:
        raise Trouble(f"nothing of {name} is handed in: run make collect SET={name} FROM=... first")
    release.prepare(course, name)
    STOP.check()
    students = [student for student in found if STUDENT.fullmatch(student)]
    results = grade_all(problem_set, students, **options)
    record(course, name, results, options.get("progress", True))
    bad_names = sorted(set(found) - set(students))
    details = course.root / "results" / name / "report.txt"
    details.parent.mkdir(parents=True, exist_ok=True)
    details.write_text(report(name, results, bad_names) + "\n", encoding="utf-8")
    return results, report(name, results, bad_names, details)
