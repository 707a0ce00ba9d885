"""The files around the course agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(name):
    """Read the lines ``package==version ; marker``: package to version."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([\w.+!]+)", text, re.MULTILINE))


def requirement_name(requirement):
    return re.match(r"[\w.-]+", requirement).group().lower()


def toc_files(part):
    """All files that a part of _toc.yml names."""
    found = [part[key] for key in ("root", "file") if key in part]
    for key in ("parts", "chapters", "sections"):
        for child in part.get(key, []):
            found += toc_files(child)
    return found


TOC = toc_files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", TOC)
def test_toc_names_files_that_exist(name):
    assert any((ROOT / name).with_suffix(suffix).exists() for suffix in (".md", ".ipynb"))


def test_every_notebook_is_in_the_toc():
    notebooks = {f"book/{path.stem}" for path in (ROOT / "book").glob("*.ipynb")}
    assert notebooks <= set(TOC)


def test_dev_requirements_are_a_superset_with_equal_pins():
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_requirements_end_with_the_package_and_name_no_index_or_path():
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if re.search(r"://|^\s*-|^/|@", line)]
    assert (ROOT / "requirements.txt").read_text(encoding="utf-8").endswith("\n.\n")


@pytest.mark.parametrize("extra", ["lab", "book", "test"])
def test_what_pyproject_asks_for_is_pinned(extra):
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"][extra]
    assert {requirement_name(r) for r in wanted} <= set(pins("requirements-dev.txt"))


def test_running_the_notebooks_needs_no_build_or_test_tools():
    names = set(pins("requirements.txt"))
    assert {requirement_name(r) for r in PROJECT["dependencies"]} <= names
    assert not names & {"jupyter-book", "sphinx", "pytest", "keras", "torch"}


def test_frameworks_stay_out_of_the_common_requirements():
    assert not {"torch", "keras", "jax", "triton"} & set(pins("requirements-dev.txt"))
    assert set(pins("requirements-frameworks.txt")) == {"keras", "torch"}


def test_book_tools_stay_at_the_versions_that_work():
    versions = pins("requirements-dev.txt")
    assert versions["jupyter-book"].startswith("1.")
    assert versions["sphinx-book-theme"] == "1.2.0"
    assert versions["pydata-sphinx-theme"] == "0.16.1"


def test_supported_python_versions_agree():
    classifiers = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if "Python :: 3." in c]
    oldest, newest = classifiers[0], classifiers[-1]
    assert PROJECT["requires-python"] == f">={oldest}"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {oldest} to {newest}" in readme
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"python{version}" in makefile for version in classifiers)
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert f'python: ["{oldest}", "{newest}"]' in workflow


def test_hooks_use_the_pinned_ruff():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"ruff==([\d.]+)", hooks)) == {pins("requirements-dev.txt")["ruff"]}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_to_files_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_actions_are_pinned_by_commit():
    for workflow in (ROOT / ".github/workflows").glob("*.yml"):
        for action in re.findall(r"uses: (\S+.*)", workflow.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action), action
