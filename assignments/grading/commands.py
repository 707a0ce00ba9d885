"""The instructor's commands; the Makefile's targets call them (``make help``)."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import signal
import sys
import warnings
from pathlib import Path

from grading import one
from grading.course import ASSIGNMENTS, Course, Trouble
from grading.interrupt import STOP
from grading.sandbox import Unavailable

ONE_MEMORY = 4 * 2**30
PR_SET_PDEATHSIG = 1
UNPROTECTED = "UNPROTECTED: the submissions run without a sandbox and can do all that you can.\n"


def parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    main = argparse.ArgumentParser(prog="grading", description=__doc__)
    main.add_argument("--root", type=Path, default=ASSIGNMENTS, help="the course folder")
    commands = main.add_subparsers(dest="command", required=True)
    command = commands.add_parser("assignments", help="make the students' versions")
    command.add_argument("--set", default="", help="one problem set; all of them if empty")
    command.add_argument("--students", default="", help="the students' repository, for links")
    command.add_argument("--branch", default="")
    command = commands.add_parser("collect", help="take in a folder or a learning platform's zip")
    command.add_argument("--set", required=True)
    command.add_argument("--from", dest="source", required=True)
    command.add_argument("--roster", default="")
    command = commands.add_parser("grade", help="grade what is new or changed")
    command.add_argument("--set", required=True)
    command.add_argument("--unprotected", default="")
    command.add_argument("--workers", type=int)
    command = commands.add_parser("feedback", help="write feedback as HTML")
    command.add_argument("--set", required=True)
    command = commands.add_parser("grades", help="export grades.csv and canvas.csv")
    command.add_argument("--roster", default="")
    command = commands.add_parser("check", help="try solutions and untouched versions")
    command.add_argument("--set", default="")
    command.add_argument("--unprotected", default="")
    command = commands.add_parser("one", help=argparse.SUPPRESS)
    command.add_argument("course", type=Path)
    command.add_argument("name")
    command.add_argument("path", type=Path)
    command.add_argument("--unprotected", action="store_true")
    return main


def run(arguments: argparse.Namespace) -> int:
    """Carry out one command; return the exit code."""
    course = Course(arguments.root.resolve())
    if arguments.command == "one":
        end_with_parent()
        # Should a check itself ask for too much, with what a student returned.
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (ONE_MEMORY, hard))
        problem_set = Course(arguments.course).problem_set(arguments.name)
        result = one.grade(problem_set, arguments.path, unprotected=arguments.unprotected)
        json.dump(result, sys.stdout)
        return 0
    STOP.install()
    if arguments.command == "assignments":
        from grading import release

        names = [arguments.set] if arguments.set else course.sets()
        print("\n".join(release.make(course, names, arguments.students, arguments.branch)))
        return 0
    if arguments.command == "collect":
        from grading import collect

        source = Path(arguments.source)
        report, _ = collect.collect(course, arguments.set, source, arguments.roster)
        print(report)
        return 0
    if arguments.command == "feedback":
        from grading import export

        print(export.feedback(course, arguments.set))
        return 0
    if arguments.command == "grades":
        from grading import export

        print(export.grades(course, arguments.roster))
        return 0
    unprotected = wish(arguments.unprotected)
    if arguments.command == "check":
        from grading import release, selfcheck

        names = [arguments.set] if arguments.set else course.sets()
        for name in names:
            release.generate(course, name)
            STOP.check()
        return selfcheck.check(course, names, unprotected)
    from grading.run import grade

    results, report = grade(
        course, arguments.set, unprotected=unprotected, workers=arguments.workers
    )
    print(report)
    return 1 if any(result["status"] == "failed" for result in results.values()) else 0


def end_with_parent() -> None:
    """See that this process does not outlive the one that started it (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wish(unprotected: str) -> bool:
    """Return whether UNPROTECTED=yes was asked for, loudly; anything else than yes is an error."""
    if unprotected not in ("", "yes"):
        raise Trouble(f"UNPROTECTED must be yes or left out; got {unprotected!r}")
    if unprotected:
        sys.stderr.write(UNPROTECTED)
    return bool(unprotected)


def main() -> int:
    """Run the command line; known trouble is one message, not a traceback."""
    # nbgrader starts `alembic` by its name, also when the environment is not activated.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    warnings.filterwarnings("ignore", module=r"nbgrader\.api")  # of SQLAlchemy, about its queries
    try:
        return run(parser().parse_args())
    except KeyboardInterrupt:
        pass
    except (Trouble, Unavailable) as trouble:
        if not STOP.asked:  # else it is trouble that Ctrl-C made, in a program that we called
            print(trouble, file=sys.stderr)
            return 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over
    print(STOP.message(), file=sys.stderr)
    return 130
