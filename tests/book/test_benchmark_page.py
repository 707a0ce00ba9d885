"""The benchmarks page says what benchmarks/results.json holds, and that holds every target."""

import ast
import copy
import importlib.util
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTENSIONS = ROOT / "book" / "_ext"
RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
PAGE = (ROOT / "book" / "benchmarks.md").read_text("utf-8")
SHOWN = {kind: re.findall(rf"```\{{benchmark-{kind}\}} (\w+)", PAGE) for kind in ("rows", "figure")}
# What was promised: experiment, beginning of what, part of against, target and bound.
TARGETS = [
    ("article", "the article's four runs", "textbook", "at least", 100),
    ("article", "the article's four runs", "PyTorch", "at least", 50),
    ("small", "one step, 2-16-16-1", "PyTorch", "at least", 5),
    ("small", "one step, 2-16-16-1", "partial_fit", "at least", 3),
    ("deep", "one step, 50 layers of 256", "PyTorch", "at least", 0.9),
    ("deep", "one step, 50 layers of 256", "matrix products", "at least", 0.75),
    ("ensemble", "one step of 256 networks", "one after another", "at least", 20),
    ("memory", "peak memory of the article's", "size of the data", "at most", 2.5),
    ("imports", "import course_code", "import numpy", "at most", 1.5),
    ("book", "cold build of the book", "seconds", "at most", 60),
    ("book", "again, nothing changed", "seconds", "at most", 2),
    ("tests", "all tests", "seconds", "at most", 120),
]

pytest.importorskip("sphinx")


def module(name):
    """One of the book's own extensions; they import each other by name."""
    spec = importlib.util.spec_from_file_location(name, EXTENSIONS / f"{name}.py")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


words = module("benchmark_text")
figures = module("benchmark_figures")

SIGN = {"at least": "≥", "at most": "≤"}


def named(row):
    """A row's name in the table."""
    return words.capital(words.title(row))


def in_words(row):
    """What the page must say of a row, from its numbers alone."""
    if row["ratio"] is None:
        return "not measured"
    if row["bound"] is None:
        return ""
    better = row["ratio"] - row["bound"] if row["target"] == "at least" else None
    better = row["bound"] - row["ratio"] if better is None else better
    return "met" if better >= 0 else "**not met**"


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t[0]}-{t[2]}".replace(" ", "-"))
def test_every_target_has_a_row(target):
    name, what, against, *wanted = target
    found = [
        row
        for row in RESULTS["rows"]
        if row["name"] == name and row["what"].startswith(what) and against in row["against"]
    ]
    assert wanted in [[row["target"], row["bound"]] for row in found]


@pytest.mark.parametrize("row", RESULTS["rows"], ids=lambda r: f"{r['what']}-{r['against']}")
def test_row(row):
    assert bool(row["missing"]) == (row["ratio"] is None)
    for times in (row["ours"], row["theirs"]):
        assert times is None or times["low"] <= times["median"] <= times["high"]
    lines = words.summary_lines(RESULTS)
    (line,) = [text for text in lines if text.startswith(f"| {named(row)} |")]
    _, value, wanted, verdict = (cell.strip() for cell in line.strip("|").split(" | "))
    assert verdict.rstrip(" |") == in_words(row)
    assert wanted.startswith("no target" if row["bound"] is None else SIGN[row["target"]])
    if row["ratio"] is not None:
        shown = float(value.removesuffix(" s"))
        assert shown == pytest.approx(row["ratio"], rel=5e-3)
        if row["bound"] is not None:  # what is shown lies on the side that the verdict says
            assert in_words(row | {"ratio": shown}) == in_words(row)


def test_the_page_shows_every_experiment_and_every_series_once():
    assert SHOWN["rows"] == list(dict.fromkeys(row["name"] for row in RESULTS["rows"]))
    series = [key.split(",")[0] for key in RESULTS["scaling"]]
    assert sorted(SHOWN["figure"]) == sorted(set(series))
    for name in SHOWN["rows"]:
        text = "\n".join(words.rows_lines(RESULTS, name))
        for row in RESULTS["rows"]:
            assert row["name"] != name or row["missing"] or named(row).split(",")[0] in text


def test_the_count_of_targets_met():
    met = [row for row in RESULTS["rows"] if in_words(row) == "met"]
    judged = [row for row in RESULTS["rows"] if in_words(row) in ("met", "**not met**")]
    first = words.summary_lines(RESULTS)[0]
    assert first == f"{len(met)} of {len(judged)} measured targets are met."


@pytest.mark.parametrize("name", SHOWN["figure"])
def test_figure(name):
    found = figures.series_of(RESULTS, name)
    figure = figures.draw(RESULTS, name)
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert len(axes.lines) == 2 * len(found)  # what was measured, then the laws
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    assert len(file.getvalue()) > 5000
    text = figures.described(RESULTS, name)
    for series in found.values():
        assert f"{series['measured_exponent']:.2f}; expected {series['expected_exponent']}" in text
        for x, times in zip(series["x"], series["seconds_a_step"], strict=True):
            assert f" {x:,}: {words.duration(times['median'])}" in text


def test_a_law_has_its_exponent_and_goes_through_the_last_points():
    times = [{"median": seconds} for seconds in (5.0, 6.0, 8.0, 32.0, 128.0)]
    series = {"x": [1, 2, 4, 8, 16], "seconds_a_step": times, "expected_exponent": 2}
    assert figures.law(series) == pytest.approx([0.5, 2, 8, 32, 128])


ROW = {"name": "small", "what": "a step", "against": "another", "target": "at least", "bound": 0.9,
       "ratio": 0.89996, "met": False, "missing": None, "note": "", "floor": None,
       "ours": None, "theirs": None}  # fmt: skip


def test_a_ratio_just_below_its_bound_is_not_rounded_up_to_it():
    assert words.ratio(ROW) == "0.89996"
    assert words.ratio(ROW | {"ratio": 0.91234, "met": True}) == "0.912"
    clock = ROW | {"against": "a clock (seconds)", "target": "at most", "bound": 60}
    assert words.ratio(clock | {"ratio": 60.04}) == "60.04 s"


def test_what_is_missing_or_not_met_is_said_in_words():
    missing = ROW | {"what": "b", "ratio": None, "met": None, "missing": "torch is not installed"}
    lines = words.summary_lines({"rows": [ROW, missing]})
    assert lines[0] == "0 of 1 measured targets are met."
    assert "- Not met: a step, against another: 0.89996, wanted ≥ 0.9." in lines
    assert "- Not measured: b, against another: torch is not installed." in lines


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(61.26, "61.3 s"), (1.0, "1.00 s"), (0.0125, "12.5 ms"), (1.234e-4, "123 µs"),
     (0.9999, "1.00 s"), (3e-8, "30.0 ns"), (1234.5, "1230 s")],
)  # fmt: skip
def test_durations(seconds, text):
    assert words.duration(seconds) == text


def test_the_tests_that_the_page_names_exist():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) >= 8
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def built(folder, results, page):
    """Build a page with the extension; return Sphinx's exit code, warnings and the HTML."""
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (folder / "index.md").write_text(page, encoding="utf-8")
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\n"
        "extensions = ['myst_parser', 'benchmark_page']\n"
        "myst_enable_extensions = ['colon_fence', 'deflist']\n",
        encoding="utf-8",
    )
    out = folder / "_build" / "html"
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(folder), str(out)],
        capture_output=True,
        text=True,
    )
    html = (out / "index.html").read_text("utf-8") if run.returncode == 0 else ""
    return run, html


def test_the_directives_in_a_build(tmp_path):
    directives = "\n".join(re.findall(r"^```\{benchmark-.*\n```\n", PAGE, re.MULTILINE))
    results = copy.deepcopy(RESULTS)
    results["rows"][0]["note"] = "a | b * c_d < e"  # what Markdown would read as its own
    run, html = built(tmp_path, results, f"# Page\n\n{directives}")
    assert run.returncode == 0, run.stderr
    assert "A | b * c_d &lt; e." in html
    assert html.count("<td><p><strong>not met</strong></p></td>") == sum(
        row["met"] is False for row in results["rows"]
    )
    assert len(re.findall(r'<img alt="Time of a step against [^"]+"', html)) == len(SHOWN["figure"])
    pictures = list((tmp_path / "_build/html/_images").glob("benchmark-*.svg"))
    assert len(pictures) == len(SHOWN["figure"])


def test_a_file_that_lacks_a_row_stops_the_build(tmp_path):
    results = RESULTS | {"rows": RESULTS["rows"][:1]}
    run, _ = built(tmp_path, results, "# Page\n\n```{benchmark-rows} ensemble\n```\n")
    assert run.returncode != 0
    assert "no row of the experiment 'ensemble'" in run.stderr
