"""What student code sees and can do in the sandbox: as good as nothing."""

from __future__ import annotations

import os
import socket
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny
from grading import commands, sandbox
from grading.remote import Remote

from course_code.exercises import Problem, Seed

try:
    sandbox.check_available()
except sandbox.Unavailable as why:
    pytest.skip(str(why).splitlines()[0], allow_module_level=True)

# Each of these is a student's function; the test calls it and looks at what it found.
PROBES = """
import os, socket, subprocess, sys, ctypes, glob
import numpy as np

def tree():
    found = []
    for top in ("/", "/grader", "/root", "/home", "/tmp", "/etc", "/work", "/var", "/mnt", "/srv"):
        try:
            found += [os.path.join(top, name) for name in os.listdir(top)]
        except OSError:
            pass
    return found

def readable(path):
    try:
        return open(path, "rb").read(100).decode("latin1")
    except OSError as error:
        return type(error).__name__

def search(word, top):
    hits = []
    for where, folders, files in os.walk(top):
        for file in files:
            try:
                if word in open(os.path.join(where, file), errors="ignore").read(100000):
                    hits.append(os.path.join(where, file))
            except OSError:
                pass
    return hits

def writable():
    ways = []
    places = ["/", "/grader", "/etc", "/usr", "/dev", "/proc/sys/kernel/hostname", "/root",
              os.path.dirname(np.__file__), sys.prefix, sys.base_prefix]
    for place in places:
        try:
            open(place if os.path.isfile(place) else place + "/x", "w").write("x")
            ways.append(place)
        except OSError:
            pass
    return ways

def connect(family, address):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.settimeout(1)
            s.connect(address if isinstance(address, str) else tuple(address))
            return "connected"
    except OSError as error:
        return type(error).__name__

def resolve():
    try:
        return socket.gethostbyname("pypi.org")
    except OSError as error:
        return type(error).__name__

def processes():
    return [p for p in os.listdir("/proc") if p.isdigit()]

def call(number, *arguments):
    ctypes.set_errno(0)
    libc = ctypes.CDLL(None, use_errno=True)
    return [libc.syscall(number, *arguments), ctypes.get_errno()]

def become_root():
    for way in (os.setuid, os.setgid):
        try:
            way(0)
            return "root"
        except OSError:
            pass
    return "no"

def status():
    return open("/proc/self/status").read()

def environment():
    return dict(os.environ)"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make(tmp_path_factory.mktemp("course")).root


@pytest.fixture(scope="module")
def student(root: Path) -> Iterator[Remote]:
    with Remote([("probes", PROBES)], root / "source/tiny") as remote:
        remote.run()
        assert not remote.errors
        yield remote


def test_only_what_is_needed_is_there(student: Remote, root: Path) -> None:
    paths = student.call("tree")
    assert {"/grader/worker.py", "/grader/protocol.py", "/grader/tiny_checks.py"} <= set(paths)
    for path in (root / "hidden/tiny.py", root / "source/tiny/tiny.ipynb", root / "gradebook.db"):
        assert student.call("readable", str(path)) == "FileNotFoundError"
    for path in (tiny.ASSIGNMENTS / "hidden", tiny.ASSIGNMENTS / "source", Path.home() / ".ssh"):
        assert student.call("readable", str(path)) == "FileNotFoundError"
    assert student.call("readable", "/etc/passwd") == "FileNotFoundError"
    assert student.call("readable", "/etc/shadow") == "FileNotFoundError"


def test_the_checks_are_nowhere(student: Remote) -> None:
    for top in ("/grader", "/dev/shm", "/etc"):
        assert student.call("search", "SECRET-OF-" + "THE-CHECKS", top) == []


def test_nothing_outside_tmp_can_be_written(student: Remote) -> None:
    assert student.call("writable") == []


def test_no_network(student: Remote) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert student.call("connect", socket.AF_INET.value, ["127.0.0.1", port]) != "connected"
    assert student.call("connect", socket.AF_INET.value, ["1.1.1.1", 53]) != "connected"
    assert student.call("resolve") == "gaierror"


def test_no_abstract_socket_of_the_host(student: Remote) -> None:
    name = f"\0grading-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        assert student.call("connect", socket.AF_UNIX.value, name) != "connected"


def test_no_other_processes_and_no_privileges(student: Remote) -> None:
    assert len(student.call("processes")) <= 3
    assert student.call("become_root") == "no"
    status = dict(
        line.split(":\t") for line in student.call("status").splitlines() if ":\t" in line
    )
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Uid"].split()[0] != "0"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are of x86-64")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("unshare", (272, 0x10000000)),
        ("memfd_create", (319, 0, 0)),
        ("ptrace", (101, 0, 0, 0, 0)),
        ("mount", (165, 0, 0, 0, 0, 0)),
        ("keyctl", (250, 0, 0)),
        ("io_uring_setup", (425, 1, 0)),
        ("bpf", (321, 0, 0, 0)),
        ("shmget", (29, 0, 4096, 0o1600)),
        ("clone into a new user namespace", (56, 0x10000000 | 17, 0, 0, 0, 0)),
    ],
)
def test_refused_system_calls(student: Remote, name: str, arguments: tuple[int, ...]) -> None:
    assert student.call("call", *arguments) == [-1, 1]


def test_a_clean_environment(student: Remote) -> None:
    environment = student.call("environment")
    assert environment["HOME"] == "/tmp"
    assert "PYTEST_CURRENT_TEST" not in environment
    assert not set(environment) & {"USER", "SSH_AUTH_SOCK", "GITHUB_TOKEN"}


def test_without_bubblewrap_grading_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(sandbox.Unavailable, match="UNPROTECTED=yes"):
        sandbox.check_available.__wrapped__()


def test_where_bubblewrap_does_not_work_grading_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sandbox.Unavailable, match="uid map: Permission denied"):
        sandbox.check_available.__wrapped__()


def test_elsewhere_than_on_linux_grading_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(sandbox.Unavailable, match="bubblewrap needs Linux"):
        sandbox.check_available.__wrapped__()


def test_unprotected_is_asked_for_by_name_and_said_aloud(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert commands.wish("") is False
    assert capsys.readouterr().err == ""
    assert commands.wish("yes") is True
    assert "can do all that you can" in capsys.readouterr().err
    with pytest.raises(commands.Trouble, match="UNPROTECTED must be yes or left out; got '1'"):
        commands.wish("1")


def test_unprotected_runs_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError

    monkeypatch.setattr(sandbox, "check_available", refuse)
    with Remote([("a", "def f(x):\n    return 2 * x")], unprotected=True) as remote:
        assert remote.call("f", 2.0) == 4.0


ODD = """
import numpy as np

class Evil:
    def __array__(self, *a, **k): raise KeyboardInterrupt
    def __eq__(self, other): return True
    def __len__(self): return 10**9
    def __getattr__(self, name): raise SystemExit
    def __repr__(self): raise MemoryError
    __class__ = property(lambda self: int)

class Number(float):
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __reduce__(self): raise RuntimeError

class Array(np.ndarray):
    def __array_finalize__(self, obj): pass
    def __eq__(self, other): return np.ones(self.shape, bool)

class Text(str):
    def __str__(self): return "other"

class Dict(dict):
    def items(self): raise RuntimeError

class Loud(Exception):
    def __str__(self): raise SystemExit

def evil(): return Evil()
def number(): return Number(1.5)
def array(): return np.arange(3.0).view(Array)
def text(): return Text("text")
def odd_dict(): return Dict(a=1)
def function(): return evil
def generator(): yield 1
def objects(): return np.array([evil, None])
def pickle(): return np.array([{"a": 1}], dtype=object)
def complex_number(): return 1j
def nested():
    a = []
    for _ in range(10**5): a = [a]
    return a
def cyclic():
    a = []
    a.append(a)
    return a
def large(): return np.zeros(2**27)
def many(): return [1] * 10**6
def broadcast(): return np.broadcast_to(np.float64(1), (10**6, 10**6))
def digits(): return 10**5000
def surrogate(): return "\\ud800 \\x1b[31m"
def loud(): raise Loud
def raises(): raise ValueError("x" * 10**6)
def interrupt(): raise KeyboardInterrupt
def base(): raise BaseException("base")
def changes(x):
    x[0] = 5
    return None
def slow():
    while True: pass
def fine(): return {"a": (1, None, True, [2.5]), "b": np.float32(0.5)}
"""


@pytest.fixture(scope="module")
def odd() -> Iterator[Remote]:
    with Remote([("odd", ODD)], call_seconds=0.5) as remote:
        remote.run()
        assert not remote.errors
        yield remote


@pytest.mark.parametrize(
    "name",
    ["evil", "odd_dict", "function", "generator", "objects", "pickle", "complex_number", "nested",
     "cyclic", "large", "many", "broadcast", "digits", "loud", "raises", "interrupt", "base",
     "missing"],
)  # fmt: skip
def test_odd_answers_are_problems_in_words(odd: Remote, name: str) -> None:
    with pytest.raises(Problem) as problem:
        odd.call(name)
    assert name in str(problem.value)
    assert len(str(problem.value)) < 600


def test_odd_answers_that_are_plain_inside(odd: Remote) -> None:
    assert type(odd.call("number")) is float
    assert type(odd.call("array")) is np.ndarray
    assert not (odd.call("array") == 7).any()
    assert type(odd.call("text")) is str
    assert odd.call("fine") == {"a": (1, None, True, [2.5]), "b": 0.5}


def test_arguments_come_back_as_they_were_left(odd: Remote) -> None:
    given = np.zeros(2)
    assert odd.call_and_arguments("changes", given)[1][0].tolist() == [5, 0]
    assert given.tolist() == [0, 0]


def test_it_was_all_one_worker(odd: Remote) -> None:
    odd.call("fine")
    assert odd.starts == 1


def test_an_endless_function_is_asked_once(odd: Remote) -> None:
    with pytest.raises(Problem, match=r"slow\(\) took (longer than 0.5 s|too long)"):
        odd.call("slow")
    with pytest.raises(Problem, match="in an earlier call"):
        odd.call("slow")


def test_the_same_seed_gives_the_same_numbers_inside_and_outside() -> None:
    with Remote([("a", "def draw(rng):\n    return rng.normal(size=3)")]) as remote:
        assert np.array_equal(remote.call("draw", Seed(3)), np.random.default_rng(3).normal(size=3))


FORGERS = {
    "a mark": "os.write(fd, protocol.encode({'points': 100, 'tasks': {'double': 100}}))",
    "a huge length": "os.write(fd, b'\\xff' * 16)",
    "an answer": "os.write(fd, protocol.encode({'result': 1, 'arguments': []}))",
}


@pytest.mark.parametrize("name", FORGERS)
def test_what_is_written_to_the_pipe_is_an_answer_at_most(root: Path, name: str) -> None:
    source = textwrap.dedent(f"""
        import os, protocol
        def double(x):
            for fd in range(3, 20):
                try:
                    {FORGERS[name]}
                except OSError:
                    pass
            return x
        """)
    result = tiny.graded(tiny.Course(root), tiny.submission(double=source))
    assert tiny.points(result)["double"] == 0


def test_usage_counts_children() -> None:
    count, resident = sandbox.usage(os.getpid())
    assert count >= 1
    assert resident > 2**20
    assert sandbox.usage(2**22 - 1) == (0, 0)
