"""Keys: rotation keeps old ones, nobody else may read them, and they never lie in a project, a log or a pack."""

from __future__ import annotations

import base64
import os
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from evidence.data import load_tables
from evidence.data.reidentify import behind
from evidence.privacy import key_fingerprint, lasting_key, pseudonym_key, pseudonym_keys, rotate_key, token
from evidence.project import EvidenceError, Project, open_project
from evidence.run.cache import Standing


@pytest.fixture
def keys(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def project(template, keys) -> Project:
    return open_project(template)


def test_a_new_key_keeps_the_old_ones_with_their_last_day(project, keys):
    first = pseudonym_key(project)
    mark = key_fingerprint(project)
    assert rotate_key(project, date(2026, 11, 23)) == 2
    second = pseudonym_key(project)
    assert rotate_key(project, date(2027, 1, 4)) == 3
    versions = pseudonym_keys(project)
    assert [(key.version, key.until) for key in versions] == [(3, ""), (2, "2027-01-04"), (1, "2026-11-23")]
    assert [key.key for key in versions[1:]] == [second, first]
    assert len({key.key for key in versions}) == 3
    assert lasting_key(project) == first
    assert key_fingerprint(project) != mark
    assert first.hex() not in repr(versions) and repr(first) not in repr(versions)
    assert len(list(keys.iterdir())) == 3


@pytest.mark.skipif(os.name != "posix", reason="Windows closes the folder by its access list, which is not read here")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(project, keys, mode):
    rotate_key(project, date(2026, 11, 23))
    for file in keys.iterdir():
        file.chmod(mode)
        with pytest.raises(EvidenceError, match="other users") as error:
            pseudonym_keys(project)
        assert "chmod 600" in str(error.value)
        file.chmod(0o600)
    assert len(pseudonym_keys(project)) == 2


def test_a_token_of_any_key_is_traced_to_its_record(project):
    old = load_tables(project, "data/sample")["header"]["CHILD"][7]
    rotate_key(project, date(2026, 11, 23))
    new = load_tables(project, "data/sample")["header"]["CHILD"][7]
    assert new != old
    real = pd.read_csv(project.path("data", "sample", "header.csv"), dtype="str")["CHILD"].iloc[7]
    for asked, version in ((old, 1), (f" {new.upper()} ", 2)):
        found = behind(project, "data/sample", asked)
        assert (found.identifier, found.kind, found.key.version) == (real, "child", version)
        assert {"header CHILD", "episodes CHILD"} <= set(found.found_in)
        assert found.lasting == old
        assert real not in repr(found)
    assert token(real, lasting_key(project), "child") == old


@pytest.mark.parametrize(("asked", "message"), [("QX123", "no token"), ("0" * 16, "no identifier in the data")])
def test_what_no_record_gives(project, asked, message):
    with pytest.raises(EvidenceError, match=message):
        behind(project, "data/sample", asked)


def test_rotating_removes_what_was_kept_under_the_old_key(bake, keys, run_evidence):
    made = bake()
    kept = made / ".evidence" / "runs" / "sample" / "results"
    kept.mkdir(parents=True)
    log = made / ".evidence" / "access_log_head"
    log.write_text("{}")
    said = run_evidence(made, "data", "rotate-key")
    assert said.returncode == 0, said.stderr
    assert "Key 2 is in use" in said.stdout
    assert not kept.exists()
    assert log.exists()
    assert len(pseudonym_keys(open_project(made))) == 2


def test_stages_kept_under_the_old_key_are_not_used_again(project):
    before = Standing.of(project, project.parameters("sample")).common
    rotate_key(project, date(2026, 11, 23))
    after = Standing.of(project, project.parameters("sample")).common
    assert [name for name in before if before[name] != after[name]] == ["the key for tokens"]
    assert pseudonym_key(project).hex() not in str(after)


def forms_of(key: bytes) -> set[bytes]:
    """The key as somebody may have written it down: as bytes, in figures, and in base64 at each of its three places."""
    shifted = [base64.b64encode(b"\0" * shift + key)[4:40] for shift in range(3)]
    safe = [form.replace(b"+", b"-").replace(b"/", b"_") for form in shifted]
    return {key, key.hex().encode(), key.hex().upper().encode(), repr(key)[2:-1].encode(), *shifted, *safe}


@pytest.mark.slow
def test_no_key_is_in_a_pack_a_log_or_anywhere_in_the_project(bake, keys, run_evidence):
    made = bake()
    run_evidence(made, "data", "rotate-key")
    said = run_evidence(made, "run", "sample")
    assert said.returncode == 0, said.stderr
    versions = pseudonym_keys(open_project(made))
    assert len(versions) == 2
    files = [path for path in made.rglob("*") if path.is_file()]
    assert any("packs" in path.parts and path.suffix == ".zip" for path in files)
    assert any(".evidence" in path.parts for path in files)
    looked_for = {form for key in versions for form in forms_of(key.key)}
    holding = [path for path in files if any(form in path.read_bytes() for form in looked_for)]
    assert holding == []
    written = (said.stdout + said.stderr).encode()
    assert not any(form in written for form in looked_for)
    # The search itself finds a key where one is.
    assert all(
        any(form in b"x" + text for form in forms_of(versions[0].key))
        for text in (base64.b64encode(b"ab" + versions[0].key), versions[0].key.hex().encode())
    )
    if sys.platform != "win32":
        assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
