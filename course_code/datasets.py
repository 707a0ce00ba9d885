"""Pictures of cats and dogs as rows of numbers: drawn ones, or the reader's own photographs."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import checks, pets

if TYPE_CHECKING:
    from PIL import Image

Features = NDArray[np.float64]
Labels = NDArray[np.int64]

SMALLEST = 16  # pixels: below this the animals are blots
FILE_NAME = re.compile(r"(cat|dog)(?![a-z]).*\.(jpg|jpeg|png)", re.IGNORECASE)
HIDDEN = ("thumbs.db", "desktop.ini")  # what Windows hides; elsewhere a dot hides a file


def make_pets(
    n_samples: int = 100, size: int = 150, *, rng: np.random.Generator
) -> tuple[Features, Labels]:
    r"""Draw cats (1) and dogs (0), as many of one as of the other, in random order.

    Pose, place, size, coat, background and light are drawn at random without regard to the
    species. Only the shape of the animal tells: a cat has upright pointed ears, slit pupils, a
    small pink nose and whiskers; a dog has hanging ears, a long pale muzzle and a big dark nose.
    The pictures are darker (mean about 0.28 of the full scale) and richer in contrast than most
    photographs.

    Parameters
    ----------
    n_samples : int, default 100
        How many pictures, at least 1. If it is odd, there is one cat more than dogs.
    size : int, default 150
        Height and width of a picture in pixels, at least 16.
    rng : numpy.random.Generator
        The source of randomness. The same generator gives the same bytes on every platform.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, size * size * 3)
        One picture a row, in (height, width, channel) order, row by row, channels red, green, blue;
        whole numbers 0 to 255. ``X[i].reshape(size, size, 3)`` is the picture.
    y : ndarray of int64, shape (n_samples,)
        1 for a cat, 0 for a dog.

    Raises
    ------
    TypeError
        If `rng` is not a Generator, or `n_samples` or `size` is not an integer.
    ValueError
        If `n_samples` is less than 1 or `size` less than 16.

    Examples
    --------
    >>> import numpy as np
    >>> from course_code.datasets import make_pets
    >>> X, y = make_pets(10, size=32, rng=np.random.default_rng(0))
    >>> X.shape, y.shape, int(y.sum())
    ((10, 3072), (10,), 5)
    >>> bool(X.min() >= 0), bool(X.max() <= 255)
    (True, True)
    """
    checks.generator(rng)
    n_samples = checks.integer("n_samples", n_samples, minimum=1)
    size = checks.integer("size", size, minimum=SMALLEST)
    y = rng.permutation((np.arange(n_samples) % 2 == 0).astype(np.int64))
    X = np.empty((n_samples, size * size * 3))
    for row, label in zip(X, y, strict=True):
        row[:] = pets.draw_pet(bool(label), size, rng).ravel()
    return X, y


def load_image_folder(
    path: str | os.PathLike[str], size: Sequence[int] = (150, 150)
) -> tuple[Features, Labels, list[str]]:
    r"""Read a folder of photographs named ``cat.*.jpg`` and ``dog.*.jpg``.

    The label is in the file's name: it begins with ``cat`` or ``dog``, not followed by another
    letter, and ends in ``.jpg``, ``.jpeg`` or ``.png``; capitals do not matter. Hidden files
    (``.DS_Store``, ``Thumbs.db``) are passed over. Anything else in the folder is an error, so
    that no picture is left out or mislabelled unnoticed.

    A picture is turned upright as its EXIF orientation says and converted to RGB (transparent
    parts become white). One that already has the wanted size is left exactly as decoded; another
    is resized to it with Pillow's bilinear filter, which averages when it shrinks. The proportions
    are not kept: a wide photograph is squeezed.

    Parameters
    ----------
    path : str or path-like
        The folder. Folders inside it are not searched.
    size : (int, int), default (150, 150)
        Height and width of the result in pixels.

    Returns
    -------
    X : ndarray of float64, shape (n_files, height * width * 3)
        One picture a row, in (height, width, channel) order, row by row, channels red, green, blue;
        whole numbers 0 to 255. It takes ``24 * n_files * height * width`` bytes.
    y : ndarray of int64, shape (n_files,)
        1 for a cat, 0 for a dog.
    files : list of str
        The names of the files, sorted, in the order of the rows. So all cats come first
        (if the names are in one case): shuffle before you train in batches or split.

    Raises
    ------
    TypeError
        If `path` is not a path, or `size` is not a pair of integers.
    ValueError
        If `size` does not hold two positive integers; if the folder is empty, holds one class
        only or a file that is neither; if a picture is unreadable, cut short or too large to
        decode safely (Pillow's limit, about 179 million pixels). The message names the file.
    FileNotFoundError, NotADirectoryError
        If there is nothing at `path`, or it is not a folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from course_code.datasets import load_image_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (40, 30), (255, 0, 0)).save(Path(folder, "cat.0.png"))
    ...     Image.new("L", (20, 20), 128).save(Path(folder, "dog.0.png"))
    ...     X, y, files = load_image_folder(folder, size=(8, 10))
    >>> X.shape, y.tolist(), files
    ((2, 240), [1, 0], ['cat.0.png', 'dog.0.png'])
    >>> X[:, :3].tolist()
    [[255.0, 0.0, 0.0], [128.0, 128.0, 128.0]]
    """
    height, width = _height_and_width(size)
    folder = _folder(path)
    files = sorted(entry.name for entry in folder.iterdir() if not _is_hidden(entry.name))
    labels = [_label(folder / name) for name in files]
    if not files:
        raise ValueError(f"no cat.*.jpg or dog.*.jpg in the folder {folder}: it is empty")
    if len(set(labels)) == 1:
        found, missing = ("cat", "dog") if labels[0] else ("dog", "cat")
        raise ValueError(
            f"the folder {folder} holds only one class: {len(files)} {found} and no {missing} "
            f"pictures ({missing}.*.jpg)"
        )
    X = np.empty((len(files), height * width * 3))
    for row, name in zip(X, files, strict=True):
        row[:] = _read(folder / name, height, width).ravel()
    return X, np.array(labels, dtype=np.int64), files


def _height_and_width(size: object) -> tuple[int, int]:
    if isinstance(size, str) or not isinstance(size, Sequence | np.ndarray):
        raise TypeError(f"size must be a pair (height, width) of integers; got {size!r}")
    if len(size) != 2:
        raise ValueError(f"size must be a pair (height, width); got {size!r}")
    height, width = (checks.integer(f"size[{i}]", value, minimum=1) for i, value in enumerate(size))
    return height, width


def _folder(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a folder's name, a str or a Path; got {path!r}")
    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(f"path must be a folder; there is nothing at {folder}")
    if not folder.is_dir():
        raise NotADirectoryError(f"path must be a folder; {folder} is not one")
    return folder


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in HIDDEN


def _label(file: Path) -> int:
    """Return 1 for a cat's file name and 0 for a dog's; refuse any other."""
    match = FILE_NAME.fullmatch(file.name)
    if match is None or not file.is_file():
        what = "is not a file" if match else "is named neither cat.*.jpg nor dog.*.jpg"
        raise ValueError(
            f"{file} {what}; a folder of pictures holds only files named cat or dog, "
            "a dot, a number or word, and .jpg, .jpeg or .png"
        )
    return int(match[1].lower() == "cat")


def _read(file: Path, height: int, width: int) -> NDArray[np.uint8]:
    """Return the picture in `file` as (height, width, 3)."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no reason not to read a picture
            with Image.open(file, formats=("JPEG", "PNG")) as image:
                upright = _rgb(ImageOps.exif_transpose(image))
    except Exception as error:  # Pillow raises many kinds on a broken file
        raise ValueError(f"{file} cannot be read as a JPEG or PNG picture: {error}") from error
    if upright.size != (width, height):
        upright = upright.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(upright)


def _rgb(image: Image.Image) -> Image.Image:
    """Return the picture in RGB: 16-bit greys scaled to 8 bits, transparent parts white."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        greys: NDArray[Any] = np.asarray(image, dtype=np.float64) / 257
        return Image.fromarray(np.clip(np.rint(greys), 0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
