"""Grade one submission: run its cells in the worker, the checks here, and describe the outcome.

This is a process of its own (``python -m grading one``): whatever a submission brings about, be it
a check that never ends, costs this submission only.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from course_code.exercises import label, outcome
from grading import notebook
from grading.course import Hidden, ProblemSet
from grading.remote import Remote

MAX_LINE = 1000  # characters of what is off: a check may repeat what a student returned


def key(problem_set: ProblemSet, laid: notebook.Overlay) -> str:
    """Return a digest of everything that decides a submission's marks."""
    content = json.dumps([problem_set.fingerprint, laid.runnable()])
    return hashlib.sha256(content.encode()).hexdigest()


def grade(problem_set: ProblemSet, path: Path, **options: Any) -> dict[str, Any]:
    """Grade the notebook at `path`; the result is JSON's kinds of data.

    Its `status` is "graded" or "refused"; a refused submission has a `reason` and no marks. The
    options are those of `Remote`.
    """
    hidden = problem_set.checks()
    started = time.monotonic()
    note = path.with_name("REFUSED.txt")  # written when it was collected
    at_the_door = note.read_text("utf-8") if note.is_file() else ""
    try:
        laid = notebook.overlay(problem_set.student_version(), notebook.read(path))
    except notebook.Refused as refused:
        return {"status": "refused", "reason": at_the_door or str(refused), "notes": [], "key": ""}
    with Remote(laid.runnable(), problem_set.folder, **options) as answers:
        answers.run()
        tasks = mark_tasks(hidden, answers)
        notes = laid.notes + trouble(answers)
        if at_the_door:
            notes.insert(
                0, f"this is an earlier one; what came after it was refused: {at_the_door}"
            )
        return {
            "status": "graded",
            "key": key(problem_set, laid),
            "tasks": tasks,
            "notes": notes,
            "printed": answers.printed,
            "errors": answers.errors | answers.left_out,
            "notebook": json.dumps(laid.notebook),
            "seconds": round(time.monotonic() - started, 2),
        }


def mark_tasks(hidden: Hidden, answers: Any) -> dict[str, dict[str, Any]]:
    """Run the hidden checks of every task; return points, the most possible, and a line a check."""
    tasks = {}
    for task, checks in hidden.items():
        points, lines = 0.0, []
        for worth, check in checks:
            problem = outcome(check, answers)
            if problem is not None and len(problem) > MAX_LINE:
                problem = problem[:MAX_LINE] + " ..."
            points += worth if problem is None else 0.0
            what = f"{label(check)} ({worth:g} point{'' if worth == 1 else 's'})"
            lines.append(f"ok  {what}" if problem is None else f"--  {what}: {problem}")
        most = sum(worth for worth, _ in checks)
        tasks[task] = {"points": min(round(points, 6), most), "most": most, "lines": lines}
    return tasks


def trouble(answers: Remote) -> list[str]:
    """Return what the instructor should know about how the code behaved."""
    notes = [f"{cell} {why}; graded without this cell" for cell, why in answers.left_out.items()]
    notes += [f"{function} {why}" for function, why in answers.refused.items()]
    return notes + ([answers.gone] if answers.gone else [])
