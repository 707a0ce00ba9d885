"""The table of a sweep, and the CSV file that keeps it between runs."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..history import History
from .points import Point

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

PARAMETERS = {"initializer": "str", "activation": "str", "depth": int, "scale": float, "seed": int}
RESULTS = {
    "final_loss": float,
    "min_loss": float,
    "accuracy": float,
    "diverged_at": "Int64",  # integers, some of them missing
    "validation_loss": float,
    "validation_accuracy": float,
}
# How to read a cell of the file, where it is not text; an empty cell is a missing number.
_PARSE: dict[str, Callable[[str], Any]] = {
    name: lambda cell: float(cell or "nan") for name, dtype in RESULTS.items() if dtype is float
} | {
    "depth": int,
    "scale": float,
    "seed": int,
    "diverged_at": lambda cell: int(cell) if cell else None,
    "curve": json.loads,
}


def row(point: Point, history: History, member: int) -> Row:
    """Return a point's row from the history of the ensemble of which it is a member."""
    diverged_at = history.diverged_at[member]
    curve = history.loss[: None if diverged_at is None else diverged_at + 1, member]
    finite = curve[np.isfinite(curve)]

    def at_end(values: Any) -> float:
        absent = values is None or diverged_at is not None
        return math.nan if absent else float(values[-1, member])

    return {name: getattr(point, name) for name in PARAMETERS} | {
        "final_loss": float(curve[-1]),
        "min_loss": float(finite.min()) if finite.size else math.nan,
        "accuracy": at_end(history.accuracy),
        "diverged_at": diverged_at,
        "validation_loss": at_end(history.validation_loss),
        "validation_accuracy": at_end(history.validation_accuracy),
        "curve": curve.tolist(),
    }


def table(rows: Iterable[Row], *extra: str) -> pd.DataFrame:
    """Return rows as a table with the columns of every sweep, and the extra ones."""
    import pandas as pd

    dtypes = PARAMETERS | RESULTS
    return pd.DataFrame(list(rows), columns=[*dtypes, *extra]).astype(dtypes)


def fingerprint(*parts: Any) -> str:
    """Return 16 characters that tell data and settings apart: arrays by content, the rest by repr.

    Examples
    --------
    >>> fingerprint(np.zeros(3), "sgd") == fingerprint(np.zeros(3), "sgd")
    True
    >>> fingerprint(np.zeros(3), "sgd") == fingerprint(np.zeros((3, 1)), "sgd")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype} {part.shape} ".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(f"{part!r} ".encode())
    return digest.hexdigest()[:16]


def file(path: object) -> Path:
    """Return where to keep the rows; refuse what cannot be written."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a Path; got {path!r}")
    location = Path(path)
    if not (location.parent.is_dir() and os.access(location.parent, os.W_OK)):
        raise ValueError(f"path: there is no folder {location.parent} that can be written to")
    return location


def write(path: Path, rows: Iterable[Row], *extra: str) -> None:
    """Replace the file by these rows: the old file stays until the new one is complete."""
    frame = table(rows, *extra)
    if "curve" in extra:
        frame["curve"] = frame["curve"].map(json.dumps)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        frame.to_csv(temporary, index=False)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path, *extra: str) -> list[Row]:
    """Return the rows that :func:`write` wrote, equal to the last bit; none if there is no file."""
    import pandas as pd

    if not path.exists():
        return []
    try:
        frame = pd.read_csv(path, dtype="str", keep_default_na=False)
        if list(frame.columns) != [*PARAMETERS, *RESULTS, *extra]:
            raise ValueError(f"its columns are {', '.join(frame.columns)}")
        return [
            {name: _PARSE.get(name, str)(cell) for name, cell in record.items()}
            for record in frame.to_dict("records")
        ]
    except (ValueError, OSError) as error:
        raise ValueError(f"path: {path} is not a table of such a sweep: {error}") from error
