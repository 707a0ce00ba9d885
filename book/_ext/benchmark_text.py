"""The rows of benchmarks/results.json in words and tables, as MyST (see benchmark_page.py)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

Row = dict[str, Any]
Results = dict[str, Any]

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
PACKAGES = {"numpy": "NumPy", "scipy": "SciPy", "scikit-learn": "scikit-learn", "torch": "PyTorch"}


def escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|$])", r"\\\1", text)


def digits(value: float, n: int = 3) -> str:
    """Write a number with n significant digits, never with an exponent."""
    return np.format_float_positional(
        value, precision=n, fractional=False, trim="k", unique=False
    ).rstrip(".")


def duration(seconds: float) -> str:
    """Write seconds with three digits in the unit that suits them."""
    factor, unit = unit_of(seconds)
    return f"{digits(seconds / factor)} {unit}"


def unit_of(seconds: float) -> tuple[float, str]:
    return next((unit for unit in UNITS if abs(seconds) >= 0.9995 * unit[0]), UNITS[-1])


def is_clock(row: Row) -> bool:
    return "seconds" in row["against"]


def unit_in(row: Row, value: float) -> tuple[float, str]:
    """Return factor and name of the unit of a row's measurements: data sizes, or a time's."""
    return (1.0, "x") if row["name"] == "memory" else unit_of(value)


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
    sign = {"at least": "≥", "at most": "≤"}[row["target"]]
    return f"{sign} {row['bound']:g}" + (" s" if is_clock(row) else "")


def verdict(row: Row) -> str:
    if row["missing"]:
        return "not measured"
    return {True: "met", False: "**not met**", None: ""}[row["met"]]


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def title(row: Row) -> str:
    against = "" if is_clock(row) else f", against {row['against']}"
    # A long name may break after its dot, or the table is too wide for a phone.
    return re.sub(r"(?<=[a-z])\.(?=[a-z])", ".\u200b", escaped(row["what"] + against))


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
        "measured on": results["date"],
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
    return [f"- {capital(name)}: {escaped(text)}" for name, text in parts.items()]


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
        lines.append(f"| {capital(title(row))} | {value} | {wanted(row)} | {verdict(row)} |")
    return lines


def rows_lines(results: Results, name: str) -> list[str]:
    """Write the measurements of one experiment: a table for each thing that was measured."""
    rows = [row for row in results["rows"] if row["name"] == name]
    if not rows:
        raise ValueError(f"the file has no row of the experiment {name!r}")
    lines: list[str] = []
    for what in dict.fromkeys(row["what"] for row in rows):
        lines += measured_lines([row for row in rows if row["what"] == what])
    return lines


def measured_lines(rows: list[Row]) -> list[str]:
    """Write the rows of one measured thing: medians, spread, and the floor."""
    first, lines = rows[0], []
    ours = "course_code" if first["theirs"] else "measured"
    everyone = [(ours, first["ours"]), *((row["against"], row["theirs"]) for row in rows)]
    if first["ours"]:
        heading = capital(escaped(first["what"]))
        lines = [f"| {heading} | median | smallest to largest | runs |"]
        lines.append("| --- | ---: | ---: | ---: |")
    for who, times in everyone:
        if times:
            factor, unit = unit_in(first, times["median"])
            low, median, high = (digits(times[key] / factor) for key in ("low", "median", "high"))
            spread = f"{low} to {high} {unit}"
            lines.append(f"| {escaped(who)} | {median} {unit} | {spread} | {times['repeats']} |")
    lines.append("")
    missing = [row for row in rows if row["missing"]]
    lines += [f"Not measured: {title(row)}: {escaped(row['missing'])}.\n" for row in missing]
    if first["floor"]:
        floor, how = first["floor"]["seconds"], escaped(first["floor"]["computed"])
        factor, unit = unit_in(first, floor)
        line = f"Floor: {digits(floor / factor)} {unit} ({how})."
        if first["ours"]:
            line += f" The median is {digits(first['ours']['median'] / floor, 2)} times that."
        lines += [line, ""]
    notes = dict.fromkeys(escaped(row["note"]) for row in rows if row["note"])
    return [*lines, *(f"{capital(note)}.\n" for note in notes), ""]
