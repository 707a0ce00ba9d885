"""Buttons in the book lead to the repository that the book is built from."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

spec = importlib.util.spec_from_file_location("repository", ROOT / "book/_ext/repository.py")
extension = importlib.util.module_from_spec(spec)
spec.loader.exec_module(extension)


@pytest.fixture(autouse=True)
def no_workflow(monkeypatch):
    for name in ("REPOSITORY", "SERVER_URL", "BASE_REF", "REF_NAME"):
        monkeypatch.delenv(f"GITHUB_{name}", raising=False)


@pytest.fixture
def clone(tmp_path):
    """Make a repository with a given origin, on branch ``lessons``."""

    def make(origin):
        subprocess.run(["git", "init", "-q", "-b", "lessons", tmp_path], check=True)
        subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", origin], check=True)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        ("https://github.com/someone/a-fork.git", "https://github.com/someone/a-fork"),
        ("https://github.com/someone/a.fork/", "https://github.com/someone/a.fork"),
        ("https://name:token@github.com/someone/fork", "https://github.com/someone/fork"),
        ("git@github.com:someone/fork.git", "https://github.com/someone/fork"),
        ("ssh://git@gitlab.com/someone/fork.git", "https://gitlab.com/someone/fork"),
    ],
)
def test_origin_is_used(clone, origin, url):
    assert extension.repository(clone(origin)) == (url, "lessons")


@pytest.mark.parametrize(
    "origin", ["/srv/git/course", "file:///srv/git/course", "https://git.example/a/b"]
)
def test_other_addresses_give_no_buttons(clone, origin):
    assert extension.repository(clone(origin)) is None


def test_no_repository_gives_no_buttons(tmp_path):
    assert extension.repository(tmp_path) is None


def test_a_workflow_names_its_own_repository(clone, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "fork/course")
    monkeypatch.setenv("GITHUB_REF_NAME", "12/merge")
    root = clone("https://github.com/someone/course.git")
    assert extension.repository(root) == ("https://github.com/fork/course", "12/merge")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert extension.repository(root) == ("https://github.com/fork/course", "main")
