"""Ctrl-C: the first ends a command in good order, the second at once; neither is a traceback.

An exception at an arbitrary place would be caught by nbgrader, which then takes the submission in
hand for a failed one. Here the first Ctrl-C ends the processes that grade and is noted; the command
asks between two submissions (`STOP.check`).
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class Stop:
    """Whether Ctrl-C was pressed, which processes grade, and what is finished, in words."""

    def __init__(self) -> None:
        self.asked = False
        self.running: set[subprocess.Popen[bytes]] = set()
        self.finished = ""

    def install(self) -> None:
        """Take over Ctrl-C; an end from outside (SIGTERM, a closed terminal) is at once too."""
        signal.signal(signal.SIGINT, self._interrupted)
        signal.signal(signal.SIGTERM, self._at_once)
        signal.signal(signal.SIGHUP, self._at_once)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self.asked:
            raise KeyboardInterrupt

    def message(self) -> str:
        """Return the line that an interrupted command ends with."""
        if not self.finished:
            return "Interrupted: run the same command again."
        return f"Interrupted. {self.finished}. The same command goes on from there."

    def kill(self) -> None:
        """End the processes that grade; their sandboxes end with them."""
        for process in list(self.running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            self._at_once(number, frame)
        self.asked = True
        self.kill()

    def _at_once(self, number: int, frame: FrameType | None) -> None:
        self.kill()
        with suppress(OSError):  # print() may itself be what was interrupted
            os.write(2, f"\n{self.message()}\n".encode())
        os._exit(128 + number)


STOP = Stop()


@contextmanager
def shielded() -> Iterator[None]:
    """Keep Ctrl-C from the programs that are started in this block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
