"""benchmarks/results.json as text, tables and figures: the directives of book/benchmarks.md.

``{benchmark-machine}``, ``{benchmark-summary}``, ``{benchmark-rows} small`` (an experiment) and
``{benchmark-figure} depth`` (a series). They write MyST and leave the rest to the parser. The page
itself holds no measured number, so it cannot disagree with the file.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from sphinx.application import Sphinx

Row = dict[str, Any]
Results = dict[str, Any]

RESULTS = Path("benchmarks") / "results.json"
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
TAIL = 3  # points through which the law is drawn: those whose exponent is measured
PACKAGES = {"numpy": "NumPy", "scipy": "SciPy", "scikit-learn": "scikit-learn", "torch": "PyTorch"}


# ---- words and numbers -------------------------------------------------------------------------


def escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|$])", r"\\\1", text)


def digits(value: float, n: int = 3) -> str:
    """Write a number with n significant digits, never with an exponent."""
    return np.format_float_positional(
        value, precision=n, fractional=False, trim="-", unique=False
    ).rstrip(".")


def duration(seconds: float) -> str:
    """Write seconds with three digits in the unit that suits them."""
    factor, unit = next((u for u in UNITS if abs(seconds) >= 0.9995 * u[0]), UNITS[-1])
    return f"{digits(seconds / factor)} {unit}"


def is_clock(row: Row) -> bool:
    return "seconds" in row["against"]


def amount(row: Row, value: float) -> str:
    """Write one of a row's measurements: seconds, or multiples of the data."""
    return f"{digits(value)} x the data" if row["name"] == "memory" else duration(value)


def ratio(row: Row) -> str:
    """Write a row's ratio with enough digits to tell on which side of the bound it is."""
    n = 3
    if row["bound"] is not None:
        while n < 12 and within(row, float(digits(row["ratio"], n))) != row["met"]:
            n += 1
    return digits(row["ratio"], n) + (" s" if is_clock(row) else "")


def within(row: Row, value: float) -> bool:
    return value >= row["bound"] if row["target"] == "at least" else value <= row["bound"]


def wanted(row: Row) -> str:
    if row["bound"] is None:
        return "no target"
    return f"{row['target']} {row['bound']:g}" + (" s" if is_clock(row) else "")


def verdict(row: Row) -> str:
    if row["missing"]:
        return "not measured"
    return {True: "met", False: "**not met**", None: ""}[row["met"]]


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def title(row: Row) -> str:
    against = "" if is_clock(row) else f", against {row['against']}"
    return escaped(row["what"] + against)


# ---- what the directives write -----------------------------------------------------------------


def machine_lines(results: Results) -> list[str]:
    """Write when and on what the numbers were measured."""
    machine = results["machine"]
    memory = machine["memory_bytes"]
    versions = [
        f"{PACKAGES.get(name, name)} {version}" if version else f"no {PACKAGES.get(name, name)}"
        for name, version in machine["versions"].items()
    ]
    parts = {
        "date": results["date"],
        "processor": f"{machine['processor']}, {machine['cores']} cores, "
        f"{f'{memory / 2**30:.0f} GiB of memory, ' if memory else ''}{machine['system']}",
        "threads": f"{results['threads']} for every library",
        "rounds": f"{results['repeats']}, unless a row says fewer",
        "versions": ", ".join([f"Python {machine['python']}", *versions, machine["blas"]]),
        "reads memory at": f"{digits(machine['bandwidth_bytes_per_second'] / 1e9)} GB/s",
        "multiplies matrices at": ", ".join(
            f"{digits(machine[f'{name}_operations_per_second'] / 1e9)} billion operations a second "
            f"in {name}"
            for name in ("float64", "float32")
        ),
    }
    return [line for name, text in parts.items() for line in (name, f": {escaped(text)}", "")]


def summary_lines(results: Results) -> list[str]:
    """Write all rows with their verdicts, then in words what is not met or not measured."""
    rows = results["rows"]
    judged = [row for row in rows if row["bound"] is not None and not row["missing"]]
    lines = [f"{sum(row['met'] for row in judged)} of {len(judged)} measured targets are met.", ""]
    for row in rows:
        if row["missing"]:
            lines.append(f"- Not measured: {title(row)}: {escaped(row['missing'])}.")
        elif row["met"] is False:
            lines.append(f"- Not met: {title(row)}: {ratio(row)}, wanted {wanted(row)}.")
    lines += [
        "",
        "| what, and against what | ratio | wanted | verdict |",
        "| --- | ---: | ---: | --- |",
    ]
    for row in rows:
        value = "" if row["missing"] else ratio(row)
        lines.append(f"| {title(row)} | {value} | {wanted(row)} | {verdict(row)} |")
    return lines


def rows_lines(results: Results, name: str) -> list[str]:
    """Write the measurements of one experiment: a table for each thing that was measured."""
    rows = [row for row in results["rows"] if row["name"] == name]
    if not rows:
        raise ValueError(f"{RESULTS} has no row of the experiment {name!r}")
    lines: list[str] = []
    for what in dict.fromkeys(row["what"] for row in rows):
        lines += measured_lines([row for row in rows if row["what"] == what])
    return lines


def measured_lines(rows: list[Row]) -> list[str]:
    """Write the rows of one measured thing: medians, spread, and the floor."""
    first = rows[0]
    lines = [f"| {escaped(first['what'])} | median | smallest to largest | runs |"]
    lines.append("| --- | ---: | ---: | ---: |")
    ours = "course_code" if first["theirs"] else "measured"
    everyone = [(ours, first["ours"]), *((row["against"], row["theirs"]) for row in rows)]
    for who, times in everyone:
        if times:
            low, median, high = (amount(first, times[key]) for key in ("low", "median", "high"))
            runs = times["repeats"]
            lines.append(f"| {escaped(who)} | {median} | {low} to {high} | {runs} |")
    lines.append("")
    missing = [row for row in rows if row["missing"]]
    lines += [f"Not measured: {title(row)}: {escaped(row['missing'])}.\n" for row in missing]
    if first["floor"]:
        floor, how = first["floor"]["seconds"], escaped(first["floor"]["computed"])
        line = f"Floor: {amount(first, floor)} ({how})."
        if first["ours"]:
            line += f" The median is {digits(first['ours']['median'] / floor, 2)} times that."
        lines += [line, ""]
    notes = dict.fromkeys(escaped(row["note"]) for row in rows if row["note"])
    return [*lines, *(f"{capital(note)}.\n" for note in notes), ""]


# ---- figures -----------------------------------------------------------------------------------


def series_of(results: Results, name: str) -> dict[str, Row]:
    """Return the series of one figure: ``features`` has ``features, direct`` and another."""
    found = {key: series for key, series in results["scaling"].items() if key.split(",")[0] == name}
    if not found:
        raise ValueError(
            f"{RESULTS} has no series {name!r}; it has {', '.join(results['scaling'])}"
        )
    return found


def law(series: Row) -> Any:
    """Return the expected power of x, through the middle of the last points."""
    x = np.asarray(series["x"], float)
    seconds = np.array([times["median"] for times in series["seconds_a_step"]])
    power = x ** series["expected_exponent"]
    return power * np.exp(np.mean(np.log(seconds[-TAIL:] / power[-TAIL:])))


def draw(results: Results, name: str) -> Figure:
    """Draw the cost of a step: medians with their spread, and the expected law."""
    from course_code import plots

    found = series_of(results, name)
    data, lowest = {}, np.inf
    for key, series in found.items():
        label = key.partition(", ")[2] or "measured"
        spread = [[t["low"], t["median"], t["high"]] for t in series["seconds_a_step"]]
        data[label] = (series["x"], np.array(spread))
        lowest = min(lowest, np.min(spread))
    what = next(iter(found.values()))["x_label"]
    figure = plots.curves(
        data, x_label=what, y_label="seconds a step", x_scale="log", y_scale="log", markers=True
    )
    (axes,) = figure.axes
    for series, color in zip(found.values(), plots.COLORS, strict=False):
        exponent = series["expected_exponent"]
        label = "law: constant" if exponent == 0 else f"law: ~ {what}^{exponent}"
        axes.plot(series["x"], law(series), color="0.3" if len(found) == 1 else color,
                  linestyle=":", linewidth=1.5, label=label)  # fmt: skip
    axes.set_ylim(bottom=lowest / 2)
    axes.legend(fontsize=plots.FONT - 1, framealpha=0.85)
    return figure


def described(results: Results, name: str) -> str:
    """Return a figure's alternative text: every point, and the exponents."""
    parts = []
    for key, series in series_of(results, name).items():
        points = ", ".join(
            f"{x:,}: {duration(times['median'])}"
            for x, times in zip(series["x"], series["seconds_a_step"], strict=True)
        )
        parts.append(
            f"Time of a step against {key} ({series['x_label']}), both axes logarithmic: {points}. "
            f"{exponents(series)}"
        )
    return " ".join(parts)


def exponents(series: Row) -> str:
    return (
        f"Over the last {TAIL} points the time grows with the power "
        f"{series['measured_exponent']:.2f}; expected {series['expected_exponent']}."
    )


def figure_lines(results: Results, name: str, picture: str) -> list[str]:
    lines = [f":::{{figure}} {picture}", f":name: benchmark-{name}"]
    lines += [f":alt: {described(results, name)}", ""]
    caption = [
        f"{capital(key)}: {escaped(series['law'])}. {exponents(series)}"
        for key, series in series_of(results, name).items()
    ]
    return [*lines, " ".join(caption), ":::", ""]


# ---- directives --------------------------------------------------------------------------------


class Benchmarks(Directive):
    """What all directives share: reading the file and parsing what they write."""

    def run(self) -> list[nodes.Node]:
        self.env = self.state.document.settings.env
        path = Path(self.env.srcdir) / RESULTS
        self.env.note_dependency(str(path))
        try:
            lines = self.lines(json.loads(path.read_text("utf-8")))
        except (OSError, KeyError, ValueError) as why:
            raise self.error(f"{RESULTS} cannot be shown: {why!r}") from why
        container = nodes.container(classes=["benchmarks"])
        text = "\n".join(lines).splitlines()
        self.state.nested_parse(StringList(text, str(path)), self.content_offset, container)
        return [container]

    def lines(self, results: Results) -> list[str]:
        raise NotImplementedError


class Machine(Benchmarks):
    def lines(self, results: Results) -> list[str]:
        return machine_lines(results)


class Summary(Benchmarks):
    def lines(self, results: Results) -> list[str]:
        return summary_lines(results)


class Rows(Benchmarks):
    required_arguments = 1

    def lines(self, results: Results) -> list[str]:
        return rows_lines(results, self.arguments[0])


class Scaling(Benchmarks):
    required_arguments = 1

    def lines(self, results: Results) -> list[str]:
        import matplotlib as mpl

        name = self.arguments[0]
        folder = Path(self.env.app.outdir).parent / "benchmarks"
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / f"benchmark-{name}.svg"
        with mpl.rc_context({"svg.hashsalt": name}):  # the same file from the same numbers
            draw(results, name).savefig(picture, metadata={"Date": None})
        page = Path(self.env.doc2path(self.env.docname))
        return figure_lines(results, name, Path(os.path.relpath(picture, page.parent)).as_posix())


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("benchmark-machine", Machine)
    app.add_directive("benchmark-summary", Summary)
    app.add_directive("benchmark-rows", Rows)
    app.add_directive("benchmark-figure", Scaling)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
