"""Hostile submissions: none gains a mark, none harms another, each is reported.

Every attack gives no right answer to the task that it attacks; the other task is solved properly,
and still earns its marks wherever the code lets the process live. Quick attacks run with the other
tests; the rest, and all of them through a class run, with `make test-attacks`.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any

import pytest
import tiny
from grading.sandbox import Unavailable, check_available
from tiny import slow

try:
    check_available()
except Unavailable as why:
    pytest.skip(str(why).splitlines()[0], allow_module_level=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tiny.make(tmp_path_factory.mktemp("course"))


def attack(source: str, wrong: str = "def double(x):\n    return x") -> str:
    return f"{wrong}\n{source}"


# name: (source of the first task's cell, points of the second task, words in the report)
HARMLESS = {
    "input transformer": (
        "get_ipython().input_transformers_cleanup.append(\n"
        "    lambda lines: [l for l in lines if 'check' not in l and 'assert' not in l])",
        2, "",
    ),
    "numpy patched": (
        "np.allclose = np.array_equal = lambda *a, **k: True\n"
        "np.asarray = lambda x, *a, **k: np.zeros(3)",
        None, "",
    ),
    "builtins patched": (
        "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.sum = lambda *a: 100\n"
        "builtins.isinstance = lambda *a: True",
        None, "",
    ),
    "exercises patched": (
        "exercises.outcome = lambda *a: None\nexercises.check = lambda *a: print('ok')\n"
        "exercises.Local.call = lambda *a, **k: 1\nexercises.Problem = Warning",
        None, "",
    ),
    "visible checks patched": (
        "tiny_checks.VISIBLE['double'] = []\ntiny_checks.check_positive = lambda a: None", 2, "",
    ),
    "hidden checks imported": ("import hidden_tiny", 2, ""),
    "forged output": (
        "print('ok  everything (2.5 points)\\n2.5 of 2.5 points')\n"
        "from IPython.display import display, HTML\n"
        "display(HTML('<script>alert(1)</script>'), 2.5)\n2.5",
        2, "",
    ),
    "sys.exit": ("import sys\nsys.exit(0)", 2, ""),
    "quit": ("quit()", 2, ""),
    "asserting nothing": ("%xmode Minimal\n__debug__", 2, ""),
    "display hook": ("import sys\nsys.displayhook = sys.excepthook = lambda *a: None", 2, ""),
    "syntax error": ("def broken(:", 2, ""),
}  # fmt: skip
LETHAL = {
    "os._exit": ("import os\nos._exit(0)", 2, "ended the Python process"),
    "SIGKILL": ("import os\nos.kill(os.getpid(), 9)", 2, "ended the Python process"),
    "segmentation fault": ("import ctypes\nctypes.string_at(0)", 2, "ended the Python process"),
    "deep recursion": (
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return f([x])\nf(0)",
        2, "",
    ),
    "kill all": (
        "import os, signal\nsignal.signal(15, signal.SIG_IGN)\n"
        "for pid in (-1, 1, os.getppid()):\n    try:\n        os.kill(pid, 9)\n"
        "    except OSError as e:\n        print(e)\nos._exit(1)",
        2, "ended the Python process",
    ),
    "endless loop": ("while True:\n    pass", 2, ""),
    "loop that swallows": (
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n"
        "        pass",
        2, "took too long",
    ),
    "loop without alarms": (
        "import signal\nsignal.setitimer(signal.ITIMER_PROF, 0)\n"
        "signal.signal(signal.SIGPROF, signal.SIG_IGN)\nwhile True:\n    pass",
        2, "took too long",
    ),
    "sleep": ("import time\ntime.sleep(1000)", 2, "took too long"),
    "stopped": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", 2, "took too long"),
    "one large array": ("a = np.ones(10**10)", 2, ""),
    "growing list": ("a = []\nwhile True:\n    a.append(bytearray(10**7))", 2, ""),
    "memory of many processes": (
        "import os, time\nfor i in range(12):\n    if os.fork() == 0:\n"
        "        a = [bytearray(b'x') * 10**7 for _ in range(40)]\n        time.sleep(60)\n"
        "time.sleep(60)",
        2, "too much memory",
    ),
    "fork bomb": ("import os\nwhile True:\n    os.fork()", None, ""),
    "fork bomb, quiet": (
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        2, "took too long",
    ),
    "threads": (
        "import threading, time\nfor i in range(10**4):\n"
        "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        2, "",
    ),
    "disk": (
        "for i in range(10**4):\n    open(f'/tmp/{i}', 'wb').write(bytes(2**20))", 2, "",
    ),
    "one large file": ("open('/tmp/x', 'wb').write(bytes(10**8))", 2, ""),
    "endless output": ("while True:\n    print('x' * 10**6)", 2, ""),
    "endless output of a child": ("get_ipython().system('yes')", 2, ""),
}  # fmt: skip


QUICK = ("input transformer", "numpy patched", "exercises patched", "forged output", "sys.exit")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=slow) for name in HARMLESS]
)
def test_no_mark_is_gained(course: Any, name: str) -> None:
    source, others, report = HARMLESS[name]
    check_outcome(tiny.graded(course, tiny.submission(double=attack(source))), others, report)


@pytest.mark.parametrize(
    "name", [name if name == "os._exit" else pytest.param(name, marks=slow) for name in LETHAL]
)
def test_no_mark_is_gained_by_force(course: Any, name: str) -> None:
    source, others, report = LETHAL[name]
    started = time.monotonic()
    check_outcome(tiny.graded(course, tiny.submission(double=attack(source))), others, report)
    assert time.monotonic() - started < 45
    assert not left_over()


def check_outcome(result: dict[str, Any], others: float | None, report: str) -> None:
    print(result["notes"], result["errors"])
    print(*(line for task in result["tasks"].values() for line in task["lines"]), sep="\n")
    points = tiny.points(result)
    assert points["double"] == 0
    if others is not None:
        assert points["noise"] == others
    assert report in " ".join(result["notes"])


def left_over() -> list[str]:
    """Processes of the sandbox that are still there a moment later."""
    for _ in range(20):
        listed = subprocess.run(
            ["ps", "-eo", "pid,stat,args", "-ww"], capture_output=True, text=True
        )
        mine = f'worker.py {{"grader": {os.getpid()},'
        found = [line for line in listed.stdout.splitlines() if mine in line]
        if not found:
            return []
        time.sleep(0.1)
    return found
