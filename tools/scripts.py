"""Give the built pages copies of the scripts that they would load from a CDN.

The book then asks no other host for anything, opens without a network, and from a folder as well
as from a server.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from vendor import CDN, PACKAGES, VendorError, vendor

FOLDER = "_static/npm/"
SCRIPT = re.compile(r"<script\b[^>]*>")
PATHS = re.compile(r'<script id="widget-paths">.*?</script>\s*')
WIDGETS = next(name for name in PACKAGES if name.startswith("@jupyter-widgets/html-manager@"))
MODULES = ("base", "base7", "controls", "controls7", "html-manager")
# The widgets' script hands each label to MathJax 2; ours is 3, and the labels hold no formulas.
OLD_MATHJAX = (
    'addEventListener("DOMContentLoaded", () => { if (window.MathJax) MathJax.Hub = {Queue() {}} })'
)
# It checks its own schema at each load, and warns in the console of a type that it then allows.
STRICT_TYPES = (b'"log",strictTuples', b"false,strictTuples")
# Sphinx fetches pages to quote from them; browsers do not allow that for files.
SUMMARY = ("SHOW_SEARCH_SUMMARY: true", 'SHOW_SEARCH_SUMMARY: location.protocol !== "file:"')


def with_scripts_from(html: str, source: str) -> str:
    """Return a page whose scripts come from ``source``, which replaces the CDN's address.

    The widgets' script holds several modules. Each asks for its fonts beside the page, unless
    RequireJS is told in which folder it is.
    """
    html = PATHS.sub("", html)
    folder = f"{source}{WIDGETS}/dist"
    paths = {f"@jupyter-widgets/{name}": f"{folder}/index" for name in MODULES}
    paths["@jupyter-widgets/html-manager/dist"] = folder
    require = json.dumps({"paths": paths})
    setting = f'<script id="widget-paths">window.require = {require};{OLD_MATHJAX}</script>\n'

    def replace(match: re.Match[str]) -> str:
        tag = match[0].replace(CDN, source)
        return setting + tag if "/requirejs@" in tag else tag

    return SCRIPT.sub(replace, html)


def use_local_scripts(book: Path) -> None:
    """Copy the scripts into a built book, and have its pages load them; raises VendorError."""
    unused = shutil.ignore_patterns(".used")
    shutil.copytree(vendor(), book / FOLDER, ignore=unused, dirs_exist_ok=True)
    script = book / FOLDER / WIDGETS / "dist" / "embed-amd.js"
    script.write_bytes(script.read_bytes().replace(*STRICT_TYPES))
    rewrite(book, local=True)


def rewrite(book: Path, *, local: bool) -> None:
    for page in book.rglob("*.html"):
        to_root = "../" * (len(page.relative_to(book).parts) - 1)
        old = page.read_text(encoding="utf-8")
        new = with_scripts_from(old, to_root + FOLDER if local else CDN)
        if new != old:
            page.write_text(new, encoding="utf-8", newline="\n")
    options = book / "_static" / "documentation_options.js"
    options.write_text(options.read_text("utf-8").replace(*SUMMARY), "utf-8", newline="\n")


def add_scripts(book: Path) -> None:
    """Use local scripts where npm can fetch them; otherwise leave the CDN's addresses."""
    try:
        use_local_scripts(book)
    except VendorError as error:
        rewrite(book, local=False)
        reason = str(error).splitlines()[0]
        print(f"The pages load scripts from a CDN: {reason} (details: python tools/vendor.py)")
