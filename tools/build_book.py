"""Build the book into _build/html, strictly: a failing cell, a warning, a broken reference stop it.

    python tools/build_book.py

Notebooks that changed are executed first, in parallel; the others come from the cache. If nothing
that the book is made from has changed since the last build that succeeded, nothing is done.
Otherwise all pages are written anew from the cache: Sphinx would not repeat, for a page that it
takes for unchanged, a warning that it gave in an earlier run, and would keep old navigation.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
STAMP = BUILD / ".built"
SOURCES = ("book", "course_code", "benchmarks", "tools")
SINGLE_SOURCES = ("_config.yml", "_toc.yml", "requirements-dev.txt")

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from repository import repository  # noqa: E402
from scripts import add_scripts  # noqa: E402


def source_files() -> list[Path]:
    files = [ROOT / name for name in SINGLE_SOURCES]
    for folder in SOURCES:
        files += sorted((ROOT / folder).rglob("*"))
    return [file for file in files if file.is_file() and not is_by_product(file)]


def is_by_product(file: Path) -> bool:
    """Whether a file is one that tools leave behind, such as a linter's cache."""
    return any(p == "__pycache__" or p.startswith(".") for p in file.relative_to(ROOT).parts)


def sources_key() -> str:
    """A digest of everything that the book is made from."""
    npm, url = shutil.which("npm") is not None, os.environ.get("BOOK_URL")
    digest = hashlib.sha256(repr((sys.version, repository(ROOT), npm, url)).encode())
    for file in source_files():
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def main() -> int:
    key, page = sources_key(), BUILD / "html" / "index.html"
    if STAMP.exists() and STAMP.read_text() == key and page.exists():
        print(f"Nothing has changed: the book is in {page.relative_to(ROOT)}")
        return 0
    STAMP.unlink(missing_ok=True)

    from execute_notebooks import fill_cache  # slow to import, and seldom needed

    if not fill_cache(sorted((ROOT / "book").glob("*.ipynb"))):
        return 1
    for name in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(BUILD / name, ignore_errors=True)
    jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*jupyter_book, "build", ".", "-q", "-n", "-W", "--keep-going"]
    if code := subprocess.call(command, cwd=ROOT):
        print("The book was not built: see the warnings above.", file=sys.stderr)
        return code
    add_scripts(BUILD / "html")
    STAMP.write_text(key)
    print(f"The book is in {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
