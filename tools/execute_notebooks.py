"""Execute notebooks side by side, one a core.

    python tools/execute_notebooks.py book/*.ipynb

runs them in place and cleans them. The book's build (build_book.py) uses the same function to fill
its cache with the notebooks that are not in it yet.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from tqdm import tqdm

from notebooks import clean_file

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "_build" / ".jupyter_cache"
TIMEOUT = 300  # seconds a cell


@dataclass
class Executed:
    path: Path
    notebook: nbformat.NotebookNode
    seconds: float
    error: str = ""


def execute(path: Path) -> Executed:
    """Run one notebook in its own folder; an error comes back as text, cell and traceback in it."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        record_timing=False,  # timings in the metadata would change what the cache looks up
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # no warnings about the local transport
    )
    start, error = time.perf_counter(), ""
    try:
        # Windows' default loop cannot watch the kernel's sockets.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(client.async_execute())
    except CellExecutionError as failure:
        error = str(failure)
    except Exception as failure:  # a dead kernel or a timeout must not lose the others' work
        error = f"{type(failure).__name__}: {failure}"
    return Executed(path, notebook, time.perf_counter() - start, error)


def execute_all(paths: list[Path]) -> Iterator[Executed]:
    """Run notebooks side by side, each yielded as it ends; the cores are shared out evenly.

    Each notebook's kernel is a process; a thread here only waits for it.
    """
    if not paths:
        return
    cores = os.cpu_count() or 1
    kernels = min(cores, len(paths))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(max(1, cores // kernels)))
    # The largest file first: the longest run should not start last.
    by_size = sorted(paths, key=lambda path: path.stat().st_size, reverse=True)
    pool = ThreadPoolExecutor(kernels)
    try:
        futures = [pool.submit(execute, path) for path in by_size]
        with tqdm(total=len(paths), desc="notebooks", disable=None) as progress:
            for future in as_completed(futures):
                result = future.result()
                progress.update()
                outcome = "failed" if result.error else "executed"
                name = result.path.relative_to(ROOT)
                progress.write(f"{outcome} {name} in {result.seconds:.1f} s")
                yield result
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        os._exit(130)  # do not wait for the threads; the kernels end with this process
    finally:
        pool.shutdown(cancel_futures=True)


def environment_key() -> str:
    """A digest of what the notebooks' outputs depend on beside their own code."""
    digest = hashlib.sha256(sys.version.encode())
    files = [ROOT / "requirements-dev.txt", *sorted((ROOT / "course_code").rglob("*.py"))]
    for folder in ("book", "benchmarks"):
        for suffix in ("json", "csv"):
            files += sorted((ROOT / folder).rglob(f"*.{suffix}"))
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def fill_cache(paths: list[Path]) -> bool:
    """Execute the notebooks that are not in the book's cache; True if all of them ran."""
    stamp, key = CACHE / "environment", environment_key()
    if not stamp.exists() or stamp.read_text() != key:
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        stamp.write_text(key)
    cache = get_cache(str(CACHE))
    missing = []
    for path in paths:
        try:
            cache.match_cache_notebook(nbformat.read(path, as_version=4))
        except KeyError:
            missing.append(path)
    failures = []
    for result in execute_all(missing):
        if result.error:
            failures.append(result)
            continue
        cache.cache_notebook_bundle(
            CacheBundleIn(
                result.notebook, str(result.path), data={"execution_seconds": result.seconds}
            ),
            check_validity=False,
            overwrite=True,
        )
    return report(failures)


def execute_in_place(paths: list[Path]) -> bool:
    """Execute, write and clean; a notebook that fails keeps its file as it was."""
    failures = []
    for result in execute_all(paths):
        if result.error:
            failures.append(result)
            continue
        nbformat.write(result.notebook, result.path)
        clean_file(result.path)
    return report(failures)


def report(failures: list[Executed]) -> bool:
    for failure in failures:
        print(f"\n{failure.path.relative_to(ROOT)} failed:\n{failure.error}", file=sys.stderr)
    return not failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path)
    paths = [path.resolve() for path in parser.parse_args().paths]
    return 0 if execute_in_place(paths) else 1


if __name__ == "__main__":
    raise SystemExit(main())
