"""Bring the scripts that the pages load from a CDN into _build/vendor, from npm, checked.

    python tools/vendor.py

The built book gets copies of them; without npm it keeps the CDN's addresses. Each package is held
to a version and to the digest of its archive.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "_build" / "vendor"
CDN = "https://cdn.jsdelivr.net/npm/"

# What _config.yml names, version for version: package@version, and its archive's digest.
PACKAGES = {
    "mathjax@3.2.2": "sha512-Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",  # noqa: E501
    "@jupyter-widgets/html-manager@1.0.15": "sha512-5thBIV6ymNgmPVOHvzx+gGy8ZSKmSazhtGw4/c4xJDVzRhG9PTeQsRjF3FUTopvFi//SABeNz1yp47bCrJ3CQA==",  # noqa: E501
    "requirejs@2.3.8": "sha512-7/cTSLOdYkNBNJcDMWf+luFvMriVm7eYxp4BcFCsAX0wF421Vyce5SXP17c+Jd5otXKGNehIonFlyQXSowL6Mw==",  # noqa: E501
}
# The files of the archives that a page can come to ask for.
USED = re.compile(
    r"es5/((core|startup|input/tex|output/chtml|a11y/[\w-]+)\.js|input/tex/extensions/.*"
    r"|output/chtml/fonts/.*|sre/mathmaps/(base|en)\.json)"
    r"|dist/(embed-amd\.js|.*\.woff2)|require\.js|LICENSE.*"
)
NO_NPM = (
    "npm is missing: it brings the scripts for formulas and widgets. To install it:\n"
    "  Debian, Ubuntu:  apt install npm\n"
    "  macOS:           brew install node\n"
    "  Windows:         winget install OpenJS.NodeJS.LTS"
)


class VendorError(RuntimeError):
    """A package could not be had, or is not the one that it should be."""


def integrity(archive: Path) -> str:
    digest = hashlib.sha512(archive.read_bytes()).digest()
    return "sha512-" + base64.b64encode(digest).decode()


def download(package: str, folder: Path) -> Path:
    """Have npm fetch one package's archive into an empty folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise VendorError(NO_NPM)
    options = ["--loglevel=error", "--fetch-retries=2", "--fetch-retry-mintimeout=1000"]
    command = [npm, "pack", package, *options, "--pack-destination", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    archives = list(folder.glob("*.tgz"))
    if result.returncode or len(archives) != 1:
        raise VendorError(f"npm could not fetch {package}\n{result.stderr.strip()}")
    return archives[0]


def unpack(archive: Path, target: Path) -> None:
    """Unpack the used files of an npm archive, which holds them under ``package/``."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            name = member.name.partition("/")[2]
            if member.isfile() and USED.fullmatch(name):
                member.name = name
                tar.extract(member, target, filter="data")


def fetch(package: str, digest: str) -> None:
    target = VENDOR / package
    if target.is_dir():
        return
    with tempfile.TemporaryDirectory(dir=VENDOR) as name:
        archive = download(package, Path(name))
        if (found := integrity(archive)) != digest:
            raise VendorError(f"{package} is not the package it was: {found}, expected {digest}")
        unpack(archive, Path(name) / "files")
        if not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            (Path(name) / "files").rename(target)


def vendor() -> Path:
    """Fetch what is missing; return the folder that stands for ``CDN``."""
    kept = VENDOR / ".used"
    if VENDOR.exists() and not (kept.exists() and kept.read_text() == USED.pattern):
        shutil.rmtree(VENDOR)  # made by another version of this file
    VENDOR.mkdir(parents=True, exist_ok=True)
    kept.write_text(USED.pattern)
    for package, digest in PACKAGES.items():
        fetch(package, digest)
    return VENDOR


def local_file(url: str) -> Path | None:
    """Find the file that stands for a CDN's address, or None for an address of anywhere else."""
    path = url.partition("?")[0].partition("#")[0].removeprefix(CDN)
    if path == url or ".." in path:
        return None
    file = VENDOR / path
    return file if file.is_file() else None


def main() -> int:
    try:
        print(f"The scripts are in {vendor().relative_to(ROOT)}")
    except VendorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
