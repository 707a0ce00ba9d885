"""Make the built pages light: only the icons in use, small pictures, scripts that do not block.

The theme loads all of Font Awesome (1.5 MB of script, 0.3 MB of fonts) for the two dozen icons
that it shows. Here the built book gets fonts with just those, and the script is left out. Figures
are reduced to 256 colours, which the eye does not tell apart and which takes two thirds off them.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pydata_sphinx_theme

if TYPE_CHECKING:
    from sphinx.application import Sphinx

STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
STYLES = Path("styles/pydata-sphinx-theme.css")
FONTS = ("fa-solid-900", "fa-regular-400", "fa-brands-400")
ICON_RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\([0-9a-f]+)"\}')
FORMULA_SCRIPT = re.compile(
    r"<script>window\.MathJax = .*?</script>\s*|<script\b[^>]*/mathjax@[^>]*></script>\s*"
)
ICON_SCRIPT = re.compile(r'\s*<script src="[^"]*scripts/fontawesome\.js[^"]*"></script>')
HEAD_SCRIPT = re.compile(
    r'<script ((?:data-[\w-]+="[^"]*" )?src="(?!https?:|[^"]*documentation_options)'
    r'[^"]*(?:_static/|searchindex\.js)[^"]*">)'
)
PICTURE = re.compile(r"<img(?=[^>]*_images/)(?![^>]*loading=)")
LARGEST_ERROR = 24  # of 255, in any channel of any pixel


def used_icons(html: str) -> set[str]:
    """The icons' class names in a page, such as ``fa-list``."""
    return set(re.findall(r"\bfa-[a-z0-9-]+", html))


def with_icons(css: str, names: set[str]) -> tuple[str, set[int]]:
    """Keep the rules of these icons only; also give the characters that the sheet then shows."""

    def keep(rule: re.Match[str]) -> str:
        found = re.findall(r"\.(fa-[\w-]+):before", rule[1])
        return rule[0] if names.intersection(found) else ""

    css = ICON_RULE.sub(keep, css)
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)
    css = re.sub(r",url\([^)]*\.ttf\) format\(\"truetype\"\)", "", css)
    css = re.sub(
        r"(webfonts/fa-[\w-]+)\.woff2\) format\(\"woff2\"\)", r'\1.woff) format("woff")', css
    )
    written = {int(code, 16) for code in re.findall(r"\\([ef][0-9a-f]{3})\b", css)}
    return css, written | {ord(sign) for sign in css if 0xE000 <= ord(sign) <= 0xF8FF}


def subset_font(source: Path, target: Path, characters: set[int]) -> None:
    """Write a font that holds these characters only."""
    from fontTools.subset import Options, Subsetter, load_font, save_font

    options = Options(flavor="woff", layout_features=[], notdef_outline=True, drop_tables=["FFTM"])
    with load_font(str(source), options) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=characters)
        subsetter.subset(font)
        save_font(font, str(target), options)


def lighter_icons(static: Path, names: set[str]) -> None:
    """Replace Font Awesome in the built book by the icons in use."""
    css, characters = with_icons((STATIC / STYLES).read_text("utf-8"), names)
    book = Path(__file__).parents[1] / "_static"
    for sheet in [static / "styles/sphinx-book-theme.css", *book.glob("*.css")]:
        characters |= {
            int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})\b", sheet.read_text())
        }
    (static / STYLES).write_text(css, "utf-8")
    fonts = Path("vendor/fontawesome/webfonts")
    for name in FONTS:
        subset_font(STATIC / fonts / f"{name}.ttf", static / fonts / f"{name}.woff", characters)
        for suffix in (".ttf", ".woff2"):
            (static / fonts / name).with_suffix(suffix).unlink(missing_ok=True)
    for unused in [*static.rglob("*.map"), *(static / "scripts").glob("fontawesome.*")]:
        unused.unlink(missing_ok=True)


def lighter_page(html: str) -> str:
    """Leave out scripts that the page does not use; let its own scripts wait for the page."""
    if 'class="math' not in html:
        html = FORMULA_SCRIPT.sub("", html)
    head, end, body = ICON_SCRIPT.sub("", html).partition("</head>")
    return (
        HEAD_SCRIPT.sub(r"<script defer \1", head) + end + PICTURE.sub(r"<img loading=lazy", body)
    )


def lighter_picture(path: Path) -> None:
    """Reduce a PNG to 256 colours, unless that would show."""
    from PIL import Image, ImageChops

    with Image.open(path) as picture:
        if picture.mode == "P" or (picture.mode == "RGBA" and picture.getextrema()[3][0] < 255):
            return
        full, dpi = picture.convert("RGB"), picture.info.get("dpi")
    reduced = full.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    error = ImageChops.difference(full, reduced.convert("RGB"))
    if max(high for _, high in error.getextrema()) > LARGEST_ERROR:
        return
    smaller = io.BytesIO()
    reduced.save(smaller, "PNG", optimize=True, **({"dpi": dpi} if dpi else {}))
    if len(smaller.getvalue()) < path.stat().st_size:
        path.write_bytes(smaller.getvalue())


def lighten(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    names: set[str] = set()
    for page in out.rglob("*.html"):
        if "_static" not in page.parts:
            html = page.read_text("utf-8")
            names |= used_icons(html)
            page.write_text(lighter_page(html), "utf-8")
    for script in (out / "_static/scripts").glob("*theme.js"):
        names |= used_icons(script.read_text("utf-8"))
    lighter_icons(out / "_static", names)
    for picture in (out / "_images").glob("*.png"):
        lighter_picture(picture)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
