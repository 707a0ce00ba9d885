"""The built pages are made lighter without losing what they show."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "book" / "_ext" / "light.py"
pytest.importorskip("pydata_sphinx_theme")
spec = importlib.util.spec_from_file_location("light", SCRIPT)
light = importlib.util.module_from_spec(spec)
spec.loader.exec_module(light)

THEME = (light.STATIC / light.STYLES).read_text("utf-8")


def test_icons_in_use_keep_their_rules_and_characters():
    css, characters = light.with_icons(THEME, {"fa-list", "fa-github"})
    assert re.search(r'\.fa-list:before[^{}]*\{content:"\\f03a"\}', css)
    assert ".fa-github:before" in css
    assert ".fa-rocket:before" not in css
    assert {0xF03A, 0xF09B} <= characters
    assert len(css) < len(THEME) - 60_000


def test_a_font_holds_the_characters_asked_for_only(tmp_path):
    from fontTools.ttLib import TTFont

    font = light.STATIC / "vendor/fontawesome/webfonts/fa-solid-900.ttf"
    light.subset_font(font, tmp_path / "small.woff", {0xF03A, 0xF135})
    assert set(TTFont(tmp_path / "small.woff").getBestCmap()) == {0xF03A, 0xF135}
    assert (tmp_path / "small.woff").stat().st_size < 3000


def test_a_page_loses_the_icons_script_and_its_scripts_wait():
    html = light.lighter_page(
        '<head><script src="_static/scripts/fontawesome.js?digest=1"></script>'
        '<script src="_static/documentation_options.js"></script>'
        '<script src="_static/doctools.js?v=9"></script><script src="../searchindex.js"></script>'
        "<script>inline()</script></head>"
        '<img alt="a" src="../_images/a.png"><img src="_static/logo.svg">'
    )
    assert html == (
        '<head><script src="_static/documentation_options.js"></script>'
        '<script defer src="_static/doctools.js?v=9"></script>'
        '<script defer src="../searchindex.js"></script><script>inline()</script></head>'
        '<img loading=lazy alt="a" src="../_images/a.png"><img src="_static/logo.svg">'
    )
    assert light.lighter_page(html) == html


def pictured(path, values):
    Image.fromarray(values.astype(np.uint8)).convert("RGBA").save(path)
    before = path.stat().st_size
    light.lighter_picture(path)
    return before, path.stat().st_size, np.asarray(Image.open(path).convert("RGB"), float)


def test_formulas_scripts_stay_where_there_are_formulas():
    scripts = (
        '<script>window.MathJax = {"loader": {}}</script>\n'
        '<script defer="defer" src="https://cdn.example/npm/mathjax@3.2.2/es5/startup.js"></script>'
    )
    without = light.lighter_page(f"<head>{scripts}</head><p>No formula.</p>")
    assert without == "<head></head><p>No formula.</p>"
    formula = f'<head>{scripts}</head><span class="math notranslate">x</span>'
    assert light.lighter_page(formula) == formula


def test_a_figure_keeps_its_colours_in_256_of_them(tmp_path):
    values = np.random.default_rng(0).integers(100, 116, (90, 90, 3))
    before, after, seen = pictured(tmp_path / "figure.png", values)
    assert after < before
    assert np.abs(seen - values).max() <= light.LARGEST_ERROR


@pytest.mark.parametrize("kind", ["colours would be lost", "bytes would be gained"])
def test_a_picture_that_would_suffer_stays(tmp_path, kind):
    if kind == "colours would be lost":
        values = np.random.default_rng(0).integers(0, 256, (90, 90, 3))
    else:
        values = np.tile(np.arange(90)[:, None, None], (1, 90, 3))
    before, after, seen = pictured(tmp_path / "noise.png", values)
    assert after == before
    assert np.array_equal(seen, values)


def test_a_transparent_picture_stays(tmp_path):
    path = tmp_path / "transparent.png"
    Image.new("RGBA", (9, 9), (255, 0, 0, 100)).save(path)
    light.lighter_picture(path)
    assert Image.open(path).getpixel((0, 0)) == (255, 0, 0, 100)
