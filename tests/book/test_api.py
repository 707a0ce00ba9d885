"""The API reference has every public module of the package."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
# Read through other modules: what they offer is in those modules' `__all__` or signatures.
INTERNAL = {
    "__init__", "blocks", "canvas", "checks", "history", "pets", "products", "signals", "workspace",
}  # fmt: skip


def test_every_public_module_is_in_the_reference():
    page = (ROOT / "book" / "api.md").read_text("utf-8")
    documented = re.findall(r"automodule:: course_code\.(\w+)", page)
    package = ROOT / "course_code"
    modules = {path.stem for path in package.glob("*.py")} - INTERNAL
    modules |= {path.parent.name for path in package.glob("*/__init__.py")}
    assert sorted(documented) == sorted(modules)
