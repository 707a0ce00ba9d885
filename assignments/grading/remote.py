"""A student's work as the checks see it in the grader: answers of a worker in the sandbox."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path
from typing import Any

import numpy as np

from course_code.exercises import Answers, Problem, call_text
from grading import protocol
from grading.sandbox import Process

CELL_SECONDS = 30.0  # of processor time
CALL_SECONDS = 10.0
TOTAL_SECONDS = 180.0  # of a submission, by the clock
MAX_STARTS = 4
START_SECONDS = 60.0
MAX_PRINTED = 25_000  # characters kept of a cell; the worker's own limit may be forged
MAX_ALL_PRINTED = 500_000  # of all cells


class Died(Exception):
    """The worker is gone: it was killed, or it ended itself."""


class Remote(Answers):
    """Run a notebook's code cells in a worker and ask it for calls and values.

    Parameters
    ----------
    cells : list of (name, source)
        The code cells to run, in order.
    folder : Path
        Where the modules are that the notebook imports (the visible checks).
    unprotected : bool
        Run without a sandbox.
    total_seconds, cell_seconds, call_seconds : float
        The limits.
    """

    def __init__(
        self,
        cells: list[tuple[str, str]],
        folder: Path | None = None,
        *,
        unprotected: bool = False,
        total_seconds: float = TOTAL_SECONDS,
        cell_seconds: float = CELL_SECONDS,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self.cells = cells
        self.folder = folder
        self.unprotected = unprotected
        self.cell_seconds, self.call_seconds = cell_seconds, call_seconds
        self.deadline = time.monotonic() + total_seconds
        self.starts = 0
        self.process: Process | None = None
        self.printed: dict[str, str] = {}  # by cell
        self.errors: dict[str, str] = {}  # by cell
        self.left_out: dict[str, str] = {}  # cells that ended the worker, and why
        self.refused: dict[str, str] = {}  # functions that ended it or are slow, and why
        self.gone: str | None = None  # why no more is asked

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def call_and_arguments(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        if name in self.refused:
            raise Problem(f"{name} {self.refused[name]} in an earlier call")
        request = {"do": "call", "name": name, "args": list(args), "kwargs": kwargs}
        reply = self._ask(request, call_text(name, args, kwargs))
        arguments = reply.get("arguments")
        if "result" not in reply or not isinstance(arguments, list) or len(arguments) != len(args):
            raise self._unreadable(name)
        return reply["result"], arguments

    def value(self, name: str) -> Any:
        reply = self._ask({"do": "value", "name": name}, name)
        if "result" not in reply:
            raise self._unreadable(name)
        return reply["result"]

    def _unreadable(self, name: str) -> Problem:
        """Note for the report what only code that writes to the pipe itself brings about."""
        self.refused[name] = "gave no answer that could be read"
        return Problem(f"{name} gave no answer that could be read")

    def run(self) -> None:
        """Run the cells; on return the worker is ready for calls, or `gone` says why not."""
        try:
            self._started()
        except Problem:
            return

    def _ask(self, request: dict[str, Any], text: str) -> dict[str, Any]:
        self._started()
        name = request["name"]
        try:
            reply = self._exchange({**request, "seconds": self.call_seconds}, self.call_seconds)
        except (Died, protocol.Malformed) as error:
            self._stop()
            self.refused[name] = str(error)
            raise Problem(f"{text} {error}") from None
        if isinstance(problem := reply.get("problem"), str):
            raise Problem(clean(problem[:1000]))
        if "slow" in reply:
            self.refused[name] = f"took longer than {self.call_seconds:g} s"
            raise Problem(f"{text} took longer than {self.call_seconds:g} s")
        return reply

    def _started(self) -> None:
        """Start a worker and run the cells in it, without those that ended an earlier one."""
        while self.process is None:
            if self.gone is None and self.starts >= MAX_STARTS:
                self.gone = "the notebook's code kept ending the process that runs it"
            if self.gone is None and time.monotonic() > self.deadline:
                self.gone = "the time for this submission is over"
            if self.gone is not None:
                raise Problem(self.gone)
            self.starts += 1
            self.process = Process(self.folder, self.unprotected)
            # A write to a pipe that is nearly full would wait longer than the limits.
            os.set_blocking(self.process.process.stdin.fileno(), False)
            name = ""
            try:
                self._receive(START_SECONDS)
                for name, source in self.cells:
                    if name not in self.left_out:
                        self._run_cell(name, source)
            except (Died, protocol.Malformed) as error:
                trouble = self.process.first_errors() if not name else ""
                self._stop()
                if not name:
                    raise RuntimeError(f"the worker did not start: {error} {trouble}") from None
                self.left_out[name] = str(error)

    def _run_cell(self, name: str, source: str) -> None:
        request = {"do": "cell", "source": source, "seconds": self.cell_seconds}
        reply = self._exchange(request, self.cell_seconds)
        printed, error = reply.get("printed"), reply.get("error")
        self.printed.pop(name, None)
        room = MAX_ALL_PRINTED - sum(map(len, self.printed.values()))
        printed = printed[: min(room, MAX_PRINTED)] if isinstance(printed, str) else ""
        self.printed[name] = clean(printed)
        self.errors.pop(name, None)
        if error is not None:
            self.errors[name] = clean(str(error)[:1000])

    def _exchange(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        assert self.process is not None
        frame = memoryview(protocol.encode(request))
        limit = self._limit(patience(seconds))
        stdin = self.process.process.stdin.fileno()
        while frame:
            self._wait([], [stdin], limit)
            try:
                frame = frame[os.write(stdin, frame[:65536]) :]
            except BrokenPipeError:
                raise Died(self._why()) from None
        return self._receive(patience(seconds))

    def _receive(self, seconds: float) -> dict[str, Any]:
        assert self.process is not None
        limit = self._limit(seconds)
        stdout = self.process.process.stdout.fileno()

        def read(n: int) -> bytes:
            received = bytearray()
            while len(received) < n:
                self._wait([stdout], [], limit)
                part = os.read(stdout, min(n - len(received), 2**20))
                if not part:
                    raise Died(self._why())
                received += part
            return bytes(received)

        with np.errstate(all="ignore"):
            return protocol.receive(read)

    def _limit(self, seconds: float) -> float:
        return min(time.monotonic() + seconds, max(self.deadline, time.monotonic() + 1))

    def _wait(self, reading: list[int], writing: list[int], limit: float) -> None:
        left = limit - time.monotonic()
        if left <= 0 or not any(select.select(reading, writing, [], left)):
            raise Died("took too long and was stopped")

    def _why(self) -> str:
        assert self.process is not None
        if self.process.over_limit:
            return f"used {self.process.over_limit} and was stopped"
        return "ended the Python process"

    def _stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process = None


def patience(seconds: float) -> float:
    """Return the limit by the clock that goes with one of processor time: the machine is shared."""
    return 3 * seconds + 2


def clean(text: str) -> str:
    """Return text from a student's process without control characters and broken surrogates."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in text if c in "\n\t" or (c.isprintable() or c == " "))
