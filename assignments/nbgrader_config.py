"""nbgrader's configuration, read by `nbgrader` and the formgrader when they run in this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from grading.course import configure

configure(get_config(), Path(__file__).resolve().parent)  # type: ignore[name-defined]  # noqa: F821
