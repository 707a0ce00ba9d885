"""Ctrl-C on the real command: what is finished is kept, and nothing is left running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from grading import sandbox
from grading.course import Course

try:
    sandbox.check_available()
except sandbox.Unavailable as why:
    pytest.skip(str(why).splitlines()[0], allow_module_level=True)

ENDLESS = "def double(x):\n    return 2 * x\nimport time\ntime.sleep(60)"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(tiny.ASSIGNMENTS)}
LINE = "Interrupted. tiny: 1 of 2 are graded. The same command goes on from there."
PATIENCE = 120.0  # of the test, on a busy machine


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A student whose work is graded at once, and one whose work takes a minute."""
    course = tiny.make(tmp_path)
    tiny.hand_in(course, "quick", tiny.submission())
    tiny.hand_in(course, "slow", tiny.submission(double=ENDLESS))
    return course


@pytest.fixture
def started(course: Course) -> Iterator[subprocess.Popen[str]]:
    """The command, as a terminal runs it: Ctrl-C goes to all of its process group."""
    command = [sys.executable, "-m", "grading", "--root", str(course.root)]
    process = subprocess.Popen(
        [*command, "grade", "--set", "tiny", "--workers", "2"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.communicate()


def left(root: Path) -> list[str]:
    """The processes whose command names the course's folder: graders and sandboxes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(root) in command:
            found.append(command)
    return found


def wait_for(condition: object) -> bool:
    end = time.monotonic() + PATIENCE
    while not (found := condition()) and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.05)
    return bool(found)


def graded(course: Course) -> list[str]:
    return sorted(path.stem for path in (course.root / "results/tiny").glob("*.json"))


def sandboxes(course: Course) -> list[str]:
    return [command for command in left(course.root) if "worker.py" in command]


def end(course: Course, process: subprocess.Popen[str]) -> str:
    """Wait for the end; return the last line after seeing that nothing is left behind."""
    output, errors = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in errors
    assert output == ""
    assert wait_for(lambda: not left(course.root)), left(course.root)
    assert not list(course.root.rglob("*.partial"))
    return re.split(r"[\r\n]+", errors.strip())[-1]


def at_work(course: Course) -> bool:
    """Whether the quick one is graded and the slow one is in its sandbox."""
    return graded(course) == ["quick"] and len(sandboxes(course)) >= 1


def test_ctrl_c_ends_with_one_line_that_says_what_is_finished(
    course: Course, started: subprocess.Popen[str]
) -> None:
    assert wait_for(lambda: at_work(course))
    os.killpg(started.pid, signal.SIGINT)
    assert end(course, started) == LINE
    assert started.returncode == 130
    assert graded(course) == ["quick"]


def test_a_second_ctrl_c_ends_at_once_and_the_same_command_goes_on(
    course: Course, started: subprocess.Popen[str]
) -> None:
    assert wait_for(lambda: at_work(course))
    for _ in range(2):
        os.killpg(started.pid, signal.SIGINT)
        time.sleep(0.01)  # else the two are one to the kernel
    assert end(course, started) == LINE
    assert started.returncode == 130
    result = course.root / "results/tiny/quick.json"
    before = result.stat().st_mtime_ns
    tiny.hand_in(course, "slow", tiny.submission())
    again = subprocess.run(
        started.args, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert again.stdout.strip() == "tiny: 2 graded"
    assert result.stat().st_mtime_ns == before


@tiny.slow
def test_an_end_from_outside_leaves_nothing_running(
    course: Course, started: subprocess.Popen[str]
) -> None:
    assert wait_for(lambda: at_work(course))
    started.kill()
    started.communicate()
    assert wait_for(lambda: not left(course.root)), left(course.root)
    assert graded(course) == ["quick"]


@tiny.slow
@pytest.mark.parametrize("delay", [0.3, 1.5])
def test_ctrl_c_before_the_first_submission_is_no_traceback(
    course: Course, started: subprocess.Popen[str], delay: float
) -> None:
    """Such as while Python imports, or while nbgrader makes the gradebook."""
    time.sleep(delay)
    os.killpg(started.pid, signal.SIGINT)
    end(course, started)
    assert started.returncode in (130, -signal.SIGINT)
