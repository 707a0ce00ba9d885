"""Start the worker where it can do no harm: bubblewrap on Linux, or nothing at all on demand."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import IO

import course_code
from grading import seccomp

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent  # of the repository: never visible inside
INSIDE = "/grader"

MEMORY = 2 * 2**30  # resident, of all processes together; and address space of each
PROCESSES = 32  # threads count
SCRATCH = 64 * 2**20  # of /tmp, which is memory
LIMITS = {
    "AS": MEMORY + 2**30,
    "CPU": 300,
    "NPROC": PROCESSES,
    "NOFILE": 64,
    "FSIZE": 16 * 2**20,
    "CORE": 0,
    "MSGQUEUE": 0,
}
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}

NO_SANDBOX = """\
Student code is untrusted code, and there is no sandbox to run it in: {reason}
On Debian and Ubuntu: sudo apt install bubblewrap (on macOS and Windows: grade in a Linux machine
or in WSL 2). To run the submissions WITHOUT protection all the same, add UNPROTECTED=yes. Every
submission can then read and change everything that you can: your files, the other submissions, the
gradebook and its own marks, and it can use the network."""


class Unavailable(Exception):
    """There is no working sandbox here."""


def readable_paths() -> list[Path]:
    """Return the folders of this Python that the worker needs, outermost first."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve()}
    prefixes.add(Path(sys.executable).resolve().parent.parent)
    return sorted(path for path in prefixes if path != Path("/") and path != Path("/usr"))


def bubblewrap(folder: Path | None) -> list[str]:
    """Return the command that runs what follows it inside the sandbox.

    Inside are the system's programs, this Python with its packages, the worker, `course_code`, and
    the files of `folder` (the problem set's visible checks), all read-only, and an empty /tmp of
    limited size; no network, no other process, no home, and nothing else of the repository.
    """
    command = [shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session", "--clearenv"]
    for space in ("pid", "net", "ipc", "uts", "cgroup-try"):
        command.append(f"--unshare-{space}")
    if os.getuid() == 0:  # the worker gives up these two with root's identity
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--cap-drop", "ALL"]
    for name, value in {**ENVIRONMENT, "PYTHONPATH": INSIDE}.items():
        command += ["--setenv", name, value]
    for name in ("/etc", INSIDE):
        command += ["--perms", "0755", "--dir", name]
    command += ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            command += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            command += ["--ro-bind", name, name]
    for name in ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives"):
        command += ["--ro-bind-try", name, name]
    # First: this Python may itself be somewhere in /tmp.
    command += ["--size", str(SCRATCH), "--perms", "1777", "--tmpfs", "/tmp"]
    for path in readable_paths():
        for parent in reversed(path.parents):  # bubblewrap alone would make them root's own
            command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", str(path), str(path)]
        if ROOT.is_relative_to(path):
            command += ["--tmpfs", str(ROOT)]
    package = Path(course_code.__file__).parent
    command += ["--ro-bind", str(package), f"{INSIDE}/course_code"]
    for name in ("worker.py", "protocol.py"):
        command += ["--ro-bind", str(HERE / name), f"{INSIDE}/{name}"]
    for path in sorted(folder.glob("*.py")) if folder else []:
        command += ["--ro-bind", str(path), f"{INSIDE}/{path.name}"]
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--size", str(2**20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    return [*command, "--remount-ro", "/", "--chdir", "/tmp"]


@cache
def check_available() -> None:
    """Try the sandbox once.

    Raises
    ------
    Unavailable
        With what an instructor can do about it.
    """
    if not sys.platform.startswith("linux"):
        raise Unavailable(
            NO_SANDBOX.format(reason=f"bubblewrap needs Linux, this is {sys.platform}")
        )
    if shutil.which("bwrap") is None:
        raise Unavailable(NO_SANDBOX.format(reason="bwrap (bubblewrap) is not installed"))
    command = [*bubblewrap(None), sys.executable, "-c", "import numpy"]
    trial = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, start_new_session=True
    )
    if trial.returncode != 0:
        reason = f"bwrap does not work here ({trial.stderr.strip()[-300:]})"
        raise Unavailable(NO_SANDBOX.format(reason=reason))


class Process:
    """A running worker: `send`, `stdout` to read from, and `kill`."""

    def __init__(self, folder: Path | None, unprotected: bool = False) -> None:
        limits = dict(LIMITS)
        uid = random.SystemRandom().randrange(2**20, 2**30) if os.getuid() == 0 else 0
        if unprotected:
            del limits["NPROC"]  # it would count all of the user's processes
            command, uid = [], 0
            paths = [str(HERE), str(Path(course_code.__file__).parent.parent), str(folder or HERE)]
            environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(paths)}
            self.scratch = tempfile.TemporaryDirectory(prefix="worker-")
            environment["HOME"] = self.scratch.name
        else:
            check_available()
            command, environment = bubblewrap(folder), {}
            self.scratch = None
        settings = json.dumps({"grader": os.getpid(), "limits": limits, "uid": uid})
        worker = str(HERE / "worker.py") if unprotected else f"{INSIDE}/worker.py"
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        with _filter(not unprotected) as descriptors:
            extra = ["--seccomp", str(descriptors[0])] if descriptors else []
            self.process = subprocess.Popen(
                [*command, *extra, sys.executable, worker, settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                pass_fds=descriptors,
                env=environment,
                cwd=self.scratch.name if self.scratch else None,
                start_new_session=True,
            )
        self.over_limit: str | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Kill the sandbox when its processes together hold too much memory."""
        while self.process.poll() is None:
            count, resident = usage(self.process.pid)
            if resident > MEMORY or count > 2 * PROCESSES:
                self.over_limit = "too much memory" if resident > MEMORY else "too many processes"
                self.process.kill()
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue

    def kill(self) -> None:
        """End the worker and, with its namespace, everything that it started."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            if stream is not None:
                stream.close()
        if self.scratch:
            self.scratch.cleanup()

    def first_errors(self) -> str:
        """Return what the worker wrote to stderr before it was ready, for the instructor."""
        self.errors.seek(0)
        return self.errors.read(2000).decode(errors="replace").strip()


class _filter:
    """The seccomp program on a descriptor that bubblewrap reads; none where there is none."""

    def __init__(self, wanted: bool) -> None:
        self.file: IO[bytes] | None = None
        if wanted and seccomp.program():
            self.file = tempfile.TemporaryFile()  # noqa: SIM115

    def __enter__(self) -> tuple[int, ...]:
        if self.file is None:
            return ()
        self.file.write(seccomp.program())
        self.file.seek(0)
        return (self.file.fileno(),)

    def __exit__(self, *error: object) -> None:
        if self.file is not None:
            self.file.close()


def usage(pid: int) -> tuple[int, int]:
    """Return how many processes descend from `pid` and their resident bytes together (Linux)."""
    count, pages, waiting = 0, 0, [pid]
    while waiting:
        parent = waiting.pop()
        try:
            tasks = os.listdir(f"/proc/{parent}/task")
            for task in tasks:
                children = Path(f"/proc/{parent}/task/{task}/children").read_text().split()
                waiting.extend(int(child) for child in children)
            pages += int(Path(f"/proc/{parent}/statm").read_text().split()[1])
            count += 1
        except (OSError, IndexError, ValueError):  # it has ended meanwhile
            continue
    return count, pages * os.sysconf("SC_PAGE_SIZE")
