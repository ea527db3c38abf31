"""Keys and tokens."""

from __future__ import annotations

import os
import stat
import sys

import pandas as pd
import pytest

from evidence.privacy import pseudonym_key, pseudonymise
from evidence.privacy.keys import key_folder
from evidence.project import EvidenceError, open_project


@pytest.fixture
def project(template, tmp_path, monkeypatch):
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(tmp_path / "keys"))
    return open_project(template)


def test_one_key_a_project_made_once_and_for_the_owner_only(project, tmp_path):
    key = pseudonym_key(project)
    assert len(key) == 32
    assert pseudonym_key(project) == key
    files = list((tmp_path / "keys").iterdir())
    assert len(files) == 1
    assert files[0].read_bytes() == key
    if sys.platform != "win32":
        assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
        assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700


def test_another_title_has_another_key(project, bake):
    other = open_project(bake(tool_name="Another tool", output_about="area"))
    assert pseudonym_key(other) != pseudonym_key(project)


def test_a_key_inside_the_project_is_refused(project, monkeypatch):
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(project.path("data", "keys")))
    with pytest.raises(EvidenceError, match="inside the project"):
        pseudonym_key(project)
    assert not project.path("data", "keys").exists()


def test_a_damaged_key_is_not_used(project, tmp_path):
    pseudonym_key(project)
    next((tmp_path / "keys").iterdir()).write_bytes(b"short")
    with pytest.raises(EvidenceError, match="damaged"):
        pseudonym_key(project)


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/evidence-keys"),
        ("darwin", {"HOME": "/home/a"}, "/home/a/Library/Application Support/evidence-keys"),
        ("linux", {"XDG_DATA_HOME": "/xdg"}, "/xdg/evidence-keys"),
        ("linux", {"HOME": "/home/a"}, "/home/a/.local/share/evidence-keys"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the paths of this test are those of other systems")
def test_where_keys_lie(monkeypatch, system, variables, expected):
    for name in ("EVIDENCE_KEY_FOLDER", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("evidence.privacy.keys.sys.platform", system)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert key_folder().as_posix() == expected


def test_tokens_are_consistent_and_keyed():
    values = pd.Series(["ab12", " AB12 ", None, "cd34", "ab12"], name="CHILD", dtype="str")
    tokens = pseudonymise(values, b"k" * 32, "child")
    assert tokens[0] == tokens[1] == tokens[4] != tokens[3]
    assert pd.isna(tokens[2])
    assert tokens.str.fullmatch("[0-9a-f]{16}").sum() == 4
    assert pseudonymise(values, b"x" * 32, "child")[0] != tokens[0]
    assert pseudonymise(values, b"k" * 32, "upn")[0] != tokens[0]
    # HMAC-SHA256 of "child:AB12" under that key, worked out with another implementation.
    assert tokens[0] == "077443ae257ce804"
