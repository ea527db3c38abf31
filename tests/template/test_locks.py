"""The lock files: everything pinned with hashes, for every platform, and no word about where it was fetched."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.conftest import ROOT, TEMPLATE

LOCKS = {
    "project": TEMPLATE / "requirements.lock",
    "predictive": TEMPLATE / "requirements-predictive.lock",
    "cluster": TEMPLATE / "requirements-cluster.lock",
    "developers": ROOT / "requirements-dev.lock",
    "tools": ROOT / "requirements-tools.lock",
}
ENTRY = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ ;\\]+)(?P<marker> ; [^\\]+)?")


def entries(lock: str) -> dict[str, set[tuple[str, str]]]:
    """Name -> the versions it is pinned to, each with the condition under which it is."""
    pinned: dict[str, set[tuple[str, str]]] = {}
    for line in LOCKS[lock].read_text(encoding="utf-8").splitlines():
        if found := ENTRY.match(line):
            pinned.setdefault(found["name"], set()).add((found["version"], (found["marker"] or "").strip(" ;")))
    return pinned


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place(lock):
    text = LOCKS[lock].read_text(encoding="utf-8")
    assert not re.search(
        r"://|@ |\bwww\.|\.(org|com|net|io|dev|uk)\b|--(index|find|extra|trusted)|/(tmp|home|opt|usr)/", text
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes(lock):
    packages = re.split(r"\n(?=\S)", LOCKS[lock].read_text(encoding="utf-8").strip())
    assert len(packages) > 20
    for package in packages:
        assert ENTRY.match(package) and re.search(r"--hash=sha256:[0-9a-f]{64}", package), package[:60]


def direct(text: str) -> set[str]:
    return {
        re.split(r"[<>=~! \[;]", line)[0].lower() for line in text.splitlines() if line and not line.startswith("#")
    }


def test_a_projects_locks_hold_what_its_settings_ask_for():
    settings = tomllib.loads((TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))
    asked = direct("\n".join(settings["project"]["dependencies"]))
    assert asked <= set(entries("project"))
    assert "scikit-learn" not in entries("project")
    assert asked | {"scikit-learn"} <= set(entries("predictive")) <= set(entries("developers"))


def test_the_locks_agree_with_each_other():
    for smaller, larger in (("project", "predictive"), ("predictive", "developers"), ("cluster", "developers")):
        for name, versions in entries(smaller).items():
            assert {version for version, _ in versions} <= {version for version, _ in entries(larger)[name]}, name


def test_the_other_locks_hold_what_was_asked_for():
    for source, lock in (
        ("requirements-dev.in", "developers"),
        ("requirements-cluster.in", "cluster"),
        ("requirements-tools.in", "tools"),
    ):
        assert direct((ROOT / source).read_text(encoding="utf-8")) <= set(entries(lock))


def test_windows_is_thought_of():
    assert any("nt" in marker or "win32" in marker for _, marker in entries("project")["pywinpty"])
    assert "colorama" in entries("project")
