"""A run of one area holds the rows of its children and of nobody else, and each child is in one area."""

from __future__ import annotations

import shutil
from datetime import date

import pandas as pd
import pytest

from evidence.data import generate_sample, in_area, load_tables
from evidence.project import EvidenceError, open_project

COLUMN = "episodes.HOME_POST"


@pytest.fixture(scope="module")
def tables(sample_project, tmp_path_factory):
    # Loading writes a line into the access log, and the sample project is for reading only.
    folder = shutil.copytree(sample_project, tmp_path_factory.mktemp("area") / "project")
    return load_tables(open_project(folder), "data/sample", year_end="2026-03-31")


def test_the_areas_share_all_children_with_a_home_between_them(tables):
    homes = tables["episodes"].dropna(subset=["HOME_POST", "CHILD"])
    areas = sorted(homes["HOME_POST"].unique())
    found = {area: set(in_area(tables, area, COLUMN, 1)["header"]["CHILD"]) for area in areas}
    together = [child for children in found.values() for child in children]
    assert len(areas) == 8 and len(together) == len(set(together))
    assert set(together) == set(homes["CHILD"]) & set(tables["header"]["CHILD"])


def test_every_table_holds_the_children_of_the_area_and_all_their_rows(tables):
    part = in_area(tables, "ZB", COLUMN, 6)
    children = set(part["episodes"]["CHILD"])
    latest = tables["episodes"].dropna(subset=["HOME_POST"]).sort_values("DECOM", kind="stable")
    assert children == set(latest.groupby("CHILD")["HOME_POST"].last().loc[lambda home: home == "ZB"].index)
    for name, frame in part.items():
        whole = tables[name]
        expected = whole[whole["CHILD"].isin(children)].reset_index(drop=True)
        pd.testing.assert_frame_equal(frame, expected)
        table = part.loaded[name]
        assert len(table.lines) == len(table.malformed) == len(frame) < len(whole)
    assert part.children == len(children | set(part["header"]["CHILD"])) < tables.children
    assert any("Only children whose area is ZB" in note for note in part.notes)


def test_a_child_that_moved_counts_where_it_lives_last(tables):
    homes = tables["episodes"].dropna(subset=["HOME_POST"]).sort_values("DECOM", kind="stable")
    moved = homes.groupby("CHILD")["HOME_POST"].agg(["first", "last", "nunique"]).query("nunique > 1")
    for child, home in moved.head(3).iterrows():
        assert child in set(in_area(tables, home["last"], COLUMN, 1)["episodes"]["CHILD"])


@pytest.mark.parametrize(
    ("area", "column", "says"),
    [
        ("ZBB", COLUMN, "fewer than 6 children have ZBB as their area.*\nDid you mean ZB"),
        ("York", COLUMN, "fewer than 6 children have York"),
        ("ZB", "episodes.WARD", "there is no column WARD in a table episodes"),
        ("ZB", "HOME_POST", "there is no column HOME_POST in a table HOME_POST"),
    ],
)
def test_what_cannot_be_an_area_is_refused_without_saying_how_many(tables, area, column, says):
    with pytest.raises(EvidenceError, match=says):
        in_area(tables, area, column, 6)


def test_an_area_of_few_is_refused_and_one_of_enough_is_not(sample_project, tmp_path):
    generate_sample(tmp_path / "data", children=60, seed=4, year_end=date(2026, 3, 31))
    import shutil

    shutil.copytree(sample_project, tmp_path / "project")
    shutil.copytree(tmp_path / "data", tmp_path / "project" / "data" / "sample", dirs_exist_ok=True)
    tables = load_tables(open_project(tmp_path / "project"), "data/sample", year_end="2026-03-31")
    latest = tables["episodes"].dropna(subset=["HOME_POST"]).sort_values("DECOM", kind="stable")
    sizes = latest.groupby("CHILD")["HOME_POST"].last().value_counts()
    for area, size in sizes.items():
        if size < 6:
            with pytest.raises(EvidenceError) as caught:
                in_area(tables, area, COLUMN, 6)
            assert str(size) not in str(caught.value).replace("fewer than 6", "")
        else:
            assert len(set(in_area(tables, area, COLUMN, 6)["episodes"]["CHILD"])) == size
    assert (sizes < 6).any() and (sizes >= 6).any()
