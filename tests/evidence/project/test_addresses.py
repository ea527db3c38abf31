"""Data at an address is there while it is worked with, for its owner alone, and gone afterwards."""

from __future__ import annotations

import os
import stat

import pytest

from evidence.project import EvidenceError, Project, at_hand, shown_parameters

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def stored():
    """A return with last year's, in fsspec's storage in memory."""
    storage = fsspec.filesystem("memory")
    storage.pipe({"/returns/2026/header.csv": b"CHILD\n", "/returns/2026/earlier/header.csv": b"SEX\n"})
    yield "memory://returns/2026"
    storage.rm("/returns", recursive=True)


def test_it_is_there_while_the_block_runs(stored, tmp_path):
    project = Project(tmp_path)
    before = dict(os.environ)
    with at_hand([stored, "data/raw"]):
        folder = project.data_folder({"data_folder": stored})
        assert folder.name == "2026" and stat.S_IMODE(folder.parents[1].stat().st_mode) == 0o700
        assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv")) == [
            "earlier/header.csv", "header.csv",
        ]  # fmt: skip
        assert project.path(f"{stored}/earlier").joinpath("header.csv").read_bytes() == b"SEX\n"
        assert project.name_of_data(folder / "header.csv", folder) == "header.csv"
    assert not folder.parents[1].exists() and dict(os.environ) == before
    with pytest.raises(EvidenceError, match="only while a run works with it"):
        project.data_folder({"data_folder": stored})


def test_one_file_may_be_the_data(stored, tmp_path):
    with at_hand([f"{stored}/header.csv"]):
        assert Project(tmp_path).path(f"{stored}/header.csv").read_bytes() == b"CHILD\n"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("memory://returns/none", "cannot be read from its address"),
        ("nosuch://bucket/returns", "Install the package of that kind of storage"),
    ],
)
def test_what_cannot_be_read_is_said_without_quoting_the_other_side(address, says):
    with pytest.raises(EvidenceError, match=says) as caught, at_hand([address]):
        pass
    assert address not in str(caught.value)


def test_one_that_cannot_be_read_keeps_the_others_from_nobody_who_asks_for_that(stored, tmp_path):
    unread = {}
    with at_hand([stored, "memory://returns/none"], unread=unread):
        assert Project(tmp_path).path(f"{stored}/header.csv").read_bytes() == b"CHILD\n"
    assert list(unread) == ["memory://returns/none"]
    assert "cannot be read from its address" in str(unread["memory://returns/none"])


def test_others_see_the_last_name_of_an_address_alone():
    shown = shown_parameters({"data_folder": "s3://secret-bucket/returns/2026"})
    assert shown == {"data_folder": "outside the project: 2026"}
