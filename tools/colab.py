"""Give each notebook its first cell: on Colab it installs course_code, elsewhere it does nothing.

    python tools/colab.py book/*.ipynb

Colab opens a notebook without its repository, and a fork's notebook has to install the fork's
package. So the cell holds no address: it asks Colab where the notebook was opened from, in the two
places where Colab keeps that (neither is documented). The book's pages leave the cell out.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from notebooks import Notebook, as_lines, dump, read

ID = "colab-setup"
METADATA = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["remove-cell"]}
SOURCE = r"""
# @title On Colab only: install course_code from this notebook's repository
import importlib.util
import sys

if "google.colab" in sys.modules and not importlib.util.find_spec("course_code"):
    import os
    import re

    import requests
    from google.colab import _message

    try:  # the session names the notebook that was opened; a copy remembers its origin
        api = f"http://{os.environ.get('COLAB_JUPYTER_IP', '172.28.0.12')}:9000/api"
        session = requests.get(f"{api}/sessions", timeout=10).text.replace("%2F", "/")
        metadata = str(_message.blocking_request("get_ipynb")["ipynb"]["metadata"])
        origin = r"github\.com/([\w.-]+/[\w.-]+)/blob/(.+?)/book/"
        repository, branch = re.search(origin, session + metadata).groups()
    except Exception as why:
        raise ImportError("Run %pip install git+https://github.com/OWNER/REPO") from why
    %pip install -q git+https://github.com/{repository}@{branch}
""".strip()


def is_setup(cell: dict[str, Any]) -> bool:
    return cell.get("id") == ID


def with_setup(notebook: Notebook) -> Notebook:
    """Return a copy of a notebook that starts with the cell, as it would be after a run.

    The cell prints nothing and changes nothing that the others see, so that the counts of the
    others move on by one, without a new run.
    """
    others = [dict(cell) for cell in notebook["cells"] if not is_setup(cell)]
    if len(others) == len(notebook["cells"]):
        for cell in others:
            if cell.get("execution_count"):
                cell["execution_count"] += 1
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "id": ID,
        "metadata": METADATA,
        "outputs": [],
        "source": as_lines(SOURCE),
    }
    return {**notebook, "cells": [cell, *others]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    for path in parser.parse_args().paths:
        old = path.read_text(encoding="utf-8")
        new = dump(with_setup(read(path)))
        if new != old:
            path.write_text(new, encoding="utf-8", newline="\n")
            print(f"wrote the first cell of {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
