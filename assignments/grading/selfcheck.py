"""Try a problem set as a class would: its solution earns all points, the untouched version none."""

from __future__ import annotations

from grading.course import Course
from grading.interrupt import STOP
from grading.run import Result, in_own_process


def check(course: Course, names: list[str], unprotected: bool = False) -> int:
    """Grade solution and untouched version of each set; return 0 if both are as they should be."""
    code = 0
    for name in names:
        problem_set = course.problem_set(name)
        possible = sum(problem_set.points().values())
        for what, path in (("solution", problem_set.source), ("untouched", problem_set.release)):
            result = in_own_process(problem_set, path, unprotected)
            STOP.check()
            points = earned(result)
            good = points == (possible if what == "solution" else 0)
            print(
                f"{'ok ' if good else 'BAD'} {name} {what}: {points} of {possible:g} points"
                f" in {result.get('seconds', 0):.1f} s"
            )
            if not good:
                code = 1
                print(
                    result.get("reason", ""), *wrong(result, what), *result["notes"], sep="\n    "
                )
    return code


def earned(result: Result) -> float | None:
    """Return the points of a result; None if there are none."""
    if result["status"] != "graded":
        return None
    return sum(task["points"] for task in result["tasks"].values())


def wrong(result: Result, what: str) -> list[str]:
    """Return the lines that are not as they should be."""
    start = "--" if what == "solution" else "ok"
    tasks = result.get("tasks", {}).items()
    return [f"{task}: {line}" for task, t in tasks for line in t["lines"] if line.startswith(start)]
