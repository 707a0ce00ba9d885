"""The process that runs a student's notebook, inside the sandbox. Nothing in it is trusted.

It answers on its standard input and output, which the student's code does not get to see: both are
moved away before the first cell, and what the code prints is captured. Code that finds the pipe
all the same can only forge its own answers: the checks and the marks are elsewhere.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import resource
import signal
import sys
import types
from typing import Any

import protocol

from course_code.exercises import Local, Problem, plain

MAX_OUTPUT = 20_000


class Slow(BaseException):
    """The time limit of a cell or call is reached. `except Exception` does not catch it."""


class Capped(io.StringIO):
    """What the student's code prints, up to a limit; the rest is counted and dropped."""

    dropped = 0

    def write(self, text: str) -> int:
        room = max(0, MAX_OUTPUT - self.tell())
        super().write(text[:room])
        self.dropped += len(text) - min(len(text), room)
        return len(text)

    def text(self) -> str:
        note = f"\n[{self.dropped} more characters]" if self.dropped else ""
        return self.getvalue() + note


def limit(limits: dict[str, int]) -> None:
    """Set this process's limits for good (the hard ones too)."""
    for name, value in limits.items():
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        except (OSError, ValueError, AttributeError):  # macOS knows fewer of them
            continue


def become(uid: int) -> None:
    """Give up root's identity for an unused one, under which the limit on processes holds."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def start_shell() -> Any:
    """Return an IPython shell without history, colours or a home."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    shell = InteractiveShell.instance(config=config, user_module=types.ModuleType("__main__"))
    shell.enable_gui = lambda gui=None: None  # %matplotlib inline asks for it
    shell.display_pub.publish = lambda data, *args, **kwargs: print(data.get("text/plain", ""))
    return shell


class Timer:
    """A limit in seconds of processor time, so that a busy machine does not shorten it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        signal.signal(signal.SIGPROF, self._stop)
        signal.setitimer(signal.ITIMER_PROF, self.seconds)

    def __exit__(self, *error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _stop(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 1)  # again, should the code have swallowed it
        raise Slow


def run_cell(shell: Any, source: str, seconds: float) -> dict[str, Any]:
    """Run one cell; return what it printed and its error, if any."""
    printed = Capped()
    stdout, stderr = sys.stdout, sys.stderr
    error = None
    try:
        sys.stdout = sys.stderr = printed
        with Timer(seconds):
            result = shell.run_cell(source, store_history=False)
        if (raised := result.error_before_exec or result.error_in_exec) is not None:
            error = f"{type(raised).__name__}: {str(raised)[:300]}"
            if isinstance(raised, Slow):
                error = f"took longer than {seconds:g} s"
    except Slow:
        error = f"took longer than {seconds:g} s"
    except BaseException as odd:  # an error that cannot be shown
        error = type(odd).__name__
    finally:
        sys.stdout, sys.stderr = stdout, stderr
    return {"printed": printed.text(), "error": error}


def answer(shell: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request of the grader."""
    seconds = request["seconds"]
    if request["do"] == "cell":
        return run_cell(shell, request["source"], seconds)
    answers = Local(shell.user_ns)
    sys.stdout = sys.stderr = Capped()
    name = request["name"]
    try:
        with Timer(seconds):
            if request["do"] == "value":
                return {"result": answers.value(name)}
            result, left = answers.call_and_arguments(name, *request["args"], **request["kwargs"])
            return {"result": result, "arguments": left}
    except Problem as problem:
        return {"problem": str(problem)}
    except Slow:
        return {"slow": seconds}
    except BaseException as error:  # raised by an odd object while it is copied
        return {"problem": f"{name} raised {type(error).__name__}"}


def main() -> None:
    """Serve requests until the grader closes the pipe."""
    requests, replies = os.dup(0), os.dup(1)
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY)):
        null = os.open(os.devnull, mode)
        os.dup2(null, descriptor)
        os.close(null)
    settings = json.loads(sys.argv[1])
    if settings["uid"]:
        become(settings["uid"])
    limit(settings["limits"])
    reader = io.FileIO(requests)

    def read(n: int) -> bytes:
        parts = []
        while n > 0:
            part = reader.read(n)
            if not part:
                os._exit(0)
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def send(message: dict[str, Any], write: Any = os.write, encode: Any = protocol.encode) -> None:
        frame = memoryview(encode(message))
        while frame:
            frame = frame[write(replies, frame) :]

    shell = start_shell()
    send({"ready": True})
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    process = os.getpid()
    while True:
        request = protocol.receive(read)
        reply = answer(shell, request)
        if os.getpid() != process:  # a fork of the student's that came back
            os._exit(1)
        try:
            reply = plain(reply, "the answer")
        except Problem as problem:
            reply = {"problem": str(problem)}
        send(reply)


if __name__ == "__main__":
    builtins.exit = builtins.quit = sys.exit
    main()
