"""What git says of the project: a project without git, or a machine without it, is no fault."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

_SECONDS = 20


def git_says(root: Path, *arguments: str) -> str:
    """What `git ARGUMENTS` prints in the project's folder; empty where there is no git, no repository or an error."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True, encoding="utf-8", errors="replace", timeout=_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def git_digest(root: Path) -> str:
    """A digest of what pages say of git: which files of the code, the tests and the data it keeps, and as what."""
    said = git_says(root, "ls-files", "-s", "--", "src", "tests", "data/raw", "logs")
    said += git_says(root, "status", "--porcelain", "--", "src", "tests")
    return hashlib.sha256(said.encode()).hexdigest()
