"""Zip the built book so that it opens from a folder, without a network.

    python tools/offline.py     after `make book`; needs npm, for the scripts

The zip is written beside itself and moved into place when it is whole.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from scripts import use_local_scripts
from vendor import ROOT, VendorError

HTML = ROOT / "_build" / "html"
NAME = "weight-initialization"
ZIP = ROOT / "_build" / f"{NAME}.zip"
# Of use on a server only.
LEFT_OUT = ("404.html", "sitemap.xml", "robots.txt", ".nojekyll", ".buildinfo", "objects.inv")
README = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Weight initialization: offline copy</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ font: 1.1rem/1.6 sans-serif; max-width: 36em; margin: 3em auto; padding: 0 1em }}
</style></head><body>
<h1>Weight initialization: every claim tested</h1>
<p><a href="index.html"><strong>Open the book</strong></a> (the file <code>index.html</code>).</p>
<p>This copy needs no network: formulas, explorers, figures, search and quizzes work from the
folder. Unpack the whole zip first: opened from inside it, the pages have no figures. Links to
papers, to Binder and to Colab do need a network. The notebooks are in
<code>_sources/book</code>.</p>
<p>Text and figures: <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>.
Code: BSD 3-Clause.{source}</p>
</body></html>
"""
HINT = re.compile(
    r'<link\b[^>]*rel="(?:preconnect|dns-prefetch|prefetch|prerender)"[^>]*href="(?:https?:)?//[^>]*>'
)
STYLE_URL = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
REMOTE = re.compile(r"(?:https?:)?//")


class Requests(HTMLParser):
    """Collect the addresses of other hosts that a browser would ask for to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        asked = [values.get(name, "") for name in ("src", "srcset", "poster", "background")]
        asked += [values.get("data", "") if tag == "object" else ""]
        if tag == "link" and values.get("rel", "") not in ("canonical", "license", "author"):
            asked.append(values.get("href", ""))
        self.found += [address for address in asked if REMOTE.match(address)]
        self.found += STYLE_URL.findall(values.get("style", ""))


def other_hosts(folder: Path) -> Iterator[str]:
    """Name every address of another host that a page or a style sheet in a folder asks for."""
    for page in sorted(folder.rglob("*.html")):
        parser = Requests()
        parser.feed(page.read_text(encoding="utf-8"))
        yield from (f"{page.relative_to(folder)}: {address}" for address in parser.found)
    for style in sorted(folder.rglob("*.css")):
        for address in STYLE_URL.findall(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(folder)}: {address}"


def prepare(book: Path, target: Path, source: str = "") -> None:
    """Copy a built book to a folder, and make it ask no other host for anything."""
    shutil.copytree(book, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
    use_local_scripts(target)
    for page in target.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(HINT.sub("", text), encoding="utf-8", newline="\n")
    (target / "README.html").write_text(README.format(source=source), encoding="utf-8")
    if asked := list(other_hosts(target)):
        raise ValueError("the pages still ask other hosts:\n  " + "\n  ".join(asked))


def write_zip(folder: Path, target: Path) -> None:
    """Zip a folder, with its own name inside, and put the zip in place at once."""
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent))
    os.replace(part, target)


def main() -> int:
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    from repository import repository

    if not (HTML / "index.html").exists():
        print("The book is not built: run `make book` first, or `make offline`.", file=sys.stderr)
        return 1
    found = repository(ROOT)
    source = f' Source: <a href="{found.url}">{found.url}</a>.' if found else ""
    try:
        with tempfile.TemporaryDirectory(dir=ROOT / "_build") as name:
            prepare(HTML, Path(name) / NAME, source)
            write_zip(Path(name) / NAME, ZIP)
    except (VendorError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    size = ZIP.stat().st_size / 1e6
    print(f"The offline copy is {ZIP.relative_to(ROOT)} ({size:.1f} MB)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
