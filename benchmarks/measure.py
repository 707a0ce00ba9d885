"""Timing: interleaved, repeated, with the spread; and what the machine can do at best."""

from __future__ import annotations

import os
import platform
import statistics
import time
from importlib import metadata
from pathlib import Path

import numpy as np


def interleaved(contestants, repeats, tick=lambda: None):
    """Return ``{name: {"median", "low", "high", "cpu", "repeats"}}``, seconds a unit of work.

    `contestants` is ``{name: (function, units)}``; a call of the function does that many units.
    In each round every contestant runs once, in turn forward and backward (A B, B A, ...), so what
    the machine does beside hits all alike. The first, uncounted round warms the caches.
    """
    wall = {name: [] for name in contestants}
    cpu = {name: [] for name in contestants}
    for r in range(repeats + 1):
        for name in list(contestants)[:: 1 if r % 2 else -1]:
            function, units = contestants[name]
            start, start_cpu = time.perf_counter(), time.process_time()
            function()
            seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
            if r > 0:
                wall[name].append(seconds / units)
                cpu[name].append(cpu_seconds / units)
            tick()
    return {name: summary(wall[name]) | {"cpu": statistics.median(cpu[name])} for name in wall}


def summary(values):
    """Return median, smallest, largest and number of `values`."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "repeats": len(values),
    }


def best(function, repeats=15):
    """Return the shortest of some runs of `function`, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def bandwidth():
    """Return the bytes a second at which 200 MB are read (one sum over them)."""
    values = np.ones(25_000_000)
    return values.nbytes / best(values.sum)


def product_rate(dtype, n=1024):
    """Return the operations a second of an n x n matrix product, 2 n^3 of them."""
    rng = np.random.default_rng(0)
    A, B = (rng.standard_normal((n, n)).astype(dtype) for _ in range(2))
    out = np.empty_like(A)
    return 2 * n**3 / best(lambda: np.matmul(A, B, out=out))


def machine():
    """Return what a reader needs to know of this computer to compare numbers with his own."""
    versions = {}
    for name in ("numpy", "scipy", "scikit-learn", "torch"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
        "blas": f"{blas['name']} {blas['version']}",
        "bandwidth_bytes_per_second": bandwidth(),
        "float64_operations_per_second": product_rate(np.float64),
        "float32_operations_per_second": product_rate(np.float32),
    }


def _processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory():
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
