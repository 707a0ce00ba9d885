"""Point the launch, source and edit buttons at the repository that the book is built from.

A fork's book leads to the fork: GITHUB_REPOSITORY in a GitHub workflow, else git's ``origin``, else
no buttons. Only GitHub and GitLab addresses count; a local path or another host gives no buttons.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

ADDRESS = re.compile(
    r"(?:https://(?:[^@/]+@)?|ssh://git@|git@)"
    r"(?P<host>github\.com|gitlab\.com)[:/](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?"
)


class Repository(NamedTuple):
    url: str
    branch: str


def git(root: Path, *arguments: str) -> str:
    """What a git command prints, or nothing where it fails or git is missing."""
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def repository(root: Path) -> Repository | None:
    """Find the repository and branch that a folder is built from; None if it has none online."""
    if name := os.environ.get("GITHUB_REPOSITORY"):
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        # A pull request's own ref is no branch: take the one that it is made against.
        branch = os.environ.get("GITHUB_BASE_REF") or os.environ.get("GITHUB_REF_NAME") or "main"
        return Repository(f"{server}/{name}", branch)
    match = ADDRESS.fullmatch(git(root, "remote", "get-url", "origin"))
    if match is None:
        return None
    branch = git(root, "branch", "--show-current") or "main"
    return Repository(f"https://{match['host']}/{match['name']}", branch)


def set_repository(app: Sphinx, config: Config) -> None:
    found = repository(Path(app.srcdir))
    options = config.html_theme_options
    if found is None:
        options["launch_buttons"] = {}
        options.pop("repository_url", None)
        return
    options["repository_url"], options["repository_branch"] = found
    if not found.url.startswith("https://github.com/"):
        options["launch_buttons"].pop("colab_url", None)
    # Not the theme's issues button, which writes a placeholder: the foot of each page has a link.
    for button in ("repository", "edit_page"):
        options[f"use_{button}_button"] = True


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", set_repository)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
