"""Data that was copied or renamed is still the same, so packs of it that give numbers away are refused as well."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from evidence.pack import refused_beside_others
from evidence.pack.record import under_key
from evidence.privacy import key_fingerprint
from evidence.privacy.keys import rotate_key
from evidence.project import sha256_of_file
from tests.evidence.pack.test_counted_otherwise import BASE, FLAGS_NOBODY, project_with, refused

FOUR = {"placements_at_least": 4}


@pytest.fixture
def project(tmp_path):
    project = project_with(tmp_path / "toy", FLAGS_NOBODY)
    folder = project.path("data/own")
    folder.mkdir(parents=True)
    (folder / "header.csv").write_text("CHILD\nA1\n")
    (folder / "episodes.csv").write_text("CHILD,DECOM\nA1,01/02/2025\n")
    return project


def copied(project, name: str = "copy") -> Path:
    return Path(shutil.copytree(project.path("data/own"), project.path("data", name)))


def test_a_run_of_a_copied_folder_is_refused_beside_one_of_the_folder(project):
    copied(project)
    copy = {"data_folder": "data/copy"}
    found = refused_beside_others(project, {"a": BASE, "b": {**BASE, **copy, **FOUR}})
    assert list(found) == ["b"]
    assert "two names and hold the same files" in str(found["b"])
    assert "A1" not in str(found["b"])
    assert refused(project, a={}, b=copy) == [], "they count alike"
    assert refused(project, whole={}, north={**copy, "area": "N"}) == ["whole"]


def test_files_beside_the_data_and_their_names_make_no_difference(project):
    copy = copied(project)
    (copy / "README.md").write_text("From March.\n")
    (copy / ".hidden").write_text("x")
    (copy / "episodes.csv").rename(copy / "episodes_2025.csv")
    (copy / "more.csv").write_text("CHILD\nB2\n")
    assert refused(project, a={}, b={"data_folder": "data/copy", **FOUR}) == ["b"]


def test_other_data_is_not_taken_for_the_same(project):
    copy = copied(project)
    (copy / "episodes.csv").write_text("CHILD,DECOM\nA1,02/02/2025\n")
    copied(project, "empty")
    for path in project.path("data/empty").iterdir():
        path.unlink()
    for other in ("data/copy", "data/empty", "data/nowhere", "postgresql://there/own"):
        assert refused(project, a={}, b={"data_folder": other, **FOUR}) == [], other


def put_pack_of(project, folder: str) -> None:
    pack = project.path("packs", "spring")
    pack.mkdir(parents=True)
    (pack / "inputs.json").write_text(json.dumps({"parameters": {**BASE, "data_folder": folder}}))
    digests = under_key(project, {path.name: sha256_of_file(path) for path in project.path(folder).iterdir()})
    receipt = {"data_folder": folder, "data_files": {key_fingerprint(project): digests}}
    (pack / "receipt.json").write_text(json.dumps(receipt))


def test_a_pack_is_known_by_its_receipt_though_its_data_was_renamed(project):
    put_pack_of(project, "data/own")
    project.path("data/own").rename(project.path("data/spring"))
    now = {"data_folder": "data/spring"}
    assert refused(project, summer={**now, **FOUR}) == ["summer"]
    assert refused(project, summer=now) == []
    (project.path("data/spring") / "header.csv").write_text("CHILD\nA1\nB2\n")
    assert refused(project, summer={**now, **FOUR}) == [], "other data by now"


def test_under_a_new_key_a_receipt_tells_nothing(project):
    put_pack_of(project, "data/own")
    project.path("data/own").rename(project.path("data/spring"))
    rotate_key(project, date(2026, 5, 1))
    assert refused(project, summer={"data_folder": "data/spring", **FOUR}) == []
