"""The ledger is complete and well-formed, its tests exist, and the chapters say what it says."""

import ast
import json
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
ROWS = yaml.safe_load((ROOT / "book" / "claims.yml").read_text("utf-8"))
KEYS = ["id", "source", "claim", "verdict", "correction", "chapter", "test"]
# What the four documents claim, as it was listed before any verdict was known.
LISTED = {"A": 14, "B": 10, "C": 12, "D": 9}
BOX = re.compile(
    r"\{admonition\} Claim ([A-D]\d+): (true|conditional|false)\n(.*?)^:::", re.S | re.M
)


def test_every_listed_claim_has_one_row():
    ids = [row["id"] for row in ROWS]
    assert len(ids) == len(set(ids))
    assert {f"{s}{i}" for s, n in LISTED.items() for i in range(1, n + 1)} <= set(ids)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_row(row):
    assert list(row) == KEYS
    assert all(isinstance(value, str) and value.strip() for value in row.values())
    assert row["id"].startswith(row["source"])
    assert row["verdict"] in ("true", "conditional", "false")
    path, _, function = row["test"].partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    name, _, parameter = function.rstrip("]").partition("[")
    assert name in functions, f"{row['test']} does not exist"
    # The parameter of a parametrized test is one of the strings in its decorator.
    if parameter:
        values = [n.value for n in ast.walk(functions[name]) if isinstance(n, ast.Constant)]
        assert parameter in values


def boxes(path):
    """The claim boxes of a chapter: id, verdict and body."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return {match[1]: (match[2], match[3]) for match in BOX.finditer(text)}


CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_has_the_boxes_of_its_claims_with_the_ledger_s_verdicts(path):
    expected = {row["id"]: row["verdict"] for row in ROWS if row["chapter"] == path.stem}
    found = boxes(path)
    assert {claim: verdict for claim, (verdict, _) in found.items()} == expected
    for claim, (_, body) in found.items():
        assert f":name: check-{claim.lower()}" in body, f"{claim}: the box has no :name:"
        assert f"(claim-{claim.lower()})" in body, f"{claim}: the box has no link to the ledger"
