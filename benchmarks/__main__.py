"""Measure the table of `benchmarks.rows` and the series of `benchmarks.scaling`.

    python -m benchmarks [--rows article small ...] [--repeats 7] [--output FILE]

prints the table and writes a JSON file (at once, when all is measured)::

    {"date": "2026-11-22", "threads": 2, "repeats": 7,
     "machine": {"processor", "cores", "memory_bytes", "system", "python", "blas",
                 "versions": {package: version or null}, "bandwidth_bytes_per_second",
                 "float64_operations_per_second", "float32_operations_per_second"},
     "rows": [{"name": the experiment, "what", "against",
               "target": "at least" | "at most", "bound": the ratio wanted or null,
               "ratio": of medians, or seconds where the row is against a clock, or null,
               "met": true | false | null,
               "ours", "theirs": {"median", "low", "high", "cpu", "repeats"}, seconds a unit of
                   work (the memory rows: multiples of the data), or null,
               "floor": {"seconds", "computed": how} or null,
               "missing": why there is no ratio, or null, "note"}],
     "scaling": {name: {"x_label", "x": [...], "seconds_a_step": [{"median", "low", ...}],
                        "expected_exponent", "measured_exponent", "law"}}}

A ratio "at least" is their time over ours; one "at most" is our cost over theirs. `cpu` is the
processor time of all threads: on a busy machine it says more than the clock.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

THREADS = 2


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rows", nargs="+", metavar="NAME", help="some of the rows only")
    parser.add_argument("--repeats", type=int, default=7, help="rounds of every measurement (7)")
    parser.add_argument("--threads", type=int, default=THREADS, help="of every library (2)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    arguments = parser.parse_args()
    os.environ.update(
        dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(arguments.threads))
    )

    from tqdm import tqdm  # NumPy, which reads the number of threads, is imported from here on

    from . import measure, rows, scaling

    names = [*rows.EXPERIMENTS, "scaling"]
    chosen = arguments.rows or names
    if unknown := set(chosen) - set(names):
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")

    results = {
        "date": datetime.date.today().isoformat(),
        "threads": arguments.threads,
        "repeats": arguments.repeats,
        "machine": measure.machine(),
        "rows": [],
        "scaling": {},
    }
    with tqdm(unit="run", file=sys.stderr, leave=False) as bar:
        options = rows.Options(arguments.repeats, arguments.threads, results["machine"], bar.update)
        for name in chosen:
            bar.set_description(name)
            if name == "scaling":
                for series in scaling.SERIES:
                    results["scaling"][series] = scaling.measure(
                        series, arguments.repeats, bar.update
                    )
            else:
                results["rows"] += [
                    {"name": name} | judged(r) for r in rows.EXPERIMENTS[name](options)
                ]
    print(table(results))
    write(results, arguments.output)
    print(f"\nwritten to {arguments.output}")


def judged(row):
    """Return the row with ``met``: whether its ratio is within its bound."""
    ratio, bound = row["ratio"], row["bound"]
    if ratio is None or bound is None:
        return row | {"met": None}
    return row | {"met": ratio >= bound if row["target"] == "at least" else ratio <= bound}


def table(results):
    """Return the rows and series as text."""
    lines = [
        f"{results['date']}, {results['machine']['processor']}, {results['threads']} threads, "
        f"medians of {results['repeats']} rounds (smallest to largest)"
    ]
    for row in results["rows"]:
        lines += ["", f"{row['what']}", f"  against {row['against']}"]
        if row["missing"]:
            lines.append(f"  not measured: {row['missing']}")
            continue
        bound = "" if row["bound"] is None else f"   wanted: {row['target']} {row['bound']:g}"
        verdict = {True: "   met", False: "   NOT met", None: ""}[row["met"]]
        lines.append(f"  ratio {row['ratio']:.3g}{bound}{verdict}")
        for who in ("ours", "theirs"):
            if row[who]:
                lines.append(f"  {who:6} {spread(row[who])}")
        if row["floor"]:
            lines.append(f"  floor  {row['floor']['seconds']:.3g}: {row['floor']['computed']}")
        if row["note"]:
            lines.append(f"  {row['note']}")
    for name, series in results["scaling"].items():
        lines += ["", f"cost of a step against {name}: {series['law']}"]
        lines.append(
            f"  exponent {series['measured_exponent']:.2f}, expected {series['expected_exponent']}"
        )
        for x, times in zip(series["x"], series["seconds_a_step"], strict=True):
            lines.append(f"  {x:6} {spread(times)}")
    return "\n".join(lines)


def spread(times):
    """Return the median, smallest and largest as text."""
    return f"{times['median']:.3g} ({times['low']:.3g} to {times['high']:.3g})"


def write(results, path):
    """Write the JSON file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    main()
