"""Points given by hand, when somebody hands in again: they stay only while the answer does."""

from __future__ import annotations

from grading import notebook
from grading.course import Course


def answers(course: Course, name: str, student: str) -> dict[str, str]:
    """Return what each graded cell judges in the gradebook's copy of a submission, by grade_id.

    That is the text of a written answer; for a task in code, whose points somebody may have
    overruled, it is all of the student's code.
    """
    path = course.root / "autograded" / student / name / f"{name}.ipynb"
    cells = notebook.load(path)["cells"] if path.exists() else []
    code = [
        c["source"] for c in cells if c["cell_type"] == "code" and not notebook.mark(c).get("grade")
    ]
    marked = [(notebook.mark(cell), cell["source"]) for cell in cells]
    return {
        mark["grade_id"]: text if mark.get("solution") else "\n".join(code)
        for mark, text in marked
        if mark.get("grade")
    }


def marked(course: Course, name: str, student: str) -> dict[str, str]:
    """Return the answers that have points given by hand."""
    from nbgrader.api import MissingEntry

    texts = answers(course, name, student)
    with course.gradebook() as gradebook:
        try:
            notebooks = gradebook.find_submission(name, student).notebooks
        except MissingEntry:
            return {}
        grades = [grade for notebook in notebooks for grade in notebook.grades]
        done = {g.name for g in grades if g.manual_score is not None and not g.needs_manual_grade}
    return {grade_id: text for grade_id, text in texts.items() if grade_id in done}


def settle(course: Course, name: str, student: str, before: dict[str, str]) -> list[str]:
    """Take back the points of answers that are not as they were `before`; return notes.

    nbgrader itself keeps the points, and asks to look again at all answers, changed or not.
    """
    now, notes = answers(course, name, student), []
    with course.gradebook() as gradebook:
        for grade_id, text in before.items():
            grade = gradebook.find_grade(grade_id, name, name, student)
            changed = now.get(grade_id) != text
            if changed:
                had = f"({grade.manual_score:g} points until now)"
                notes.append(f"answer {grade_id} changed: mark it again {had}")
                grade.manual_score = None
            grade.needs_manual_grade = changed and grade.auto_score is None
        gradebook.db.commit()
    return notes
