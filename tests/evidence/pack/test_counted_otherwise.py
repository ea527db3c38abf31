"""Packs that count the same children in two ways are not released side by side."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.pack import refused_beside_others
from evidence.pack.apart import must_lie_apart
from evidence.privacy import protect
from evidence.project import open_project
from tests.conftest import give_access
from tests.evidence.toy import make_project

BASE = {
    "as_of": "2026-04-30", "year_end": "2026-03-31", "data_folder": "data/own", "area_of": "episodes.HOME_POST",
    "area": "", "placements_at_least": 3, "flag_at": 0.25, "seed": 2026,
}  # fmt: skip
FLAGS_NOBODY = "SCORE = None\ndef run(): ...\n"
FLAGS = 'SCORE = "score"\ndef run(): ...\n'


def project_with(folder: Path, tool: str = FLAGS_NOBODY):
    make_project(folder)
    (folder / "src/toy/tool.py").write_text(tool)
    return open_project(folder)


@pytest.fixture
def project(tmp_path):
    return project_with(tmp_path / "toy")


def put_pack(project, name: str, **parameters: object) -> None:
    folder = project.path("packs", name)
    folder.mkdir(parents=True)
    (folder / "inputs.json").write_text(json.dumps({"parameters": {**BASE, **parameters}}))


def refused(project, **runs: dict) -> list[str]:
    return list(refused_beside_others(project, {name: {**BASE, **of} for name, of in runs.items()}))


def test_what_counts_otherwise_than_a_pack_that_is_there_is_refused_with_the_ways_out(project):
    put_pack(project, "own")
    put_pack(project, "spring", as_of="2026-03-31")
    (error,) = refused_beside_others(project, {"other": {**BASE, "placements_at_least": 4}}).values()
    said = str(error)
    assert "the run other and the pack own (and 1 more) count the same children in two ways" in said
    assert "placements_at_least is 4 here and 3 there" in said
    assert "run it under the name own to replace that pack" in said and "handed to nobody, remove it" in said
    assert "stage 5" in said and "stage 7" in said
    assert refused(project, alike={}) == []


def test_a_pack_of_the_same_name_is_replaced(project):
    put_pack(project, "own")
    assert refused(project, own={"placements_at_least": 4}) == []


def test_of_several_runs_the_first_one_goes_on_and_those_that_count_as_it_does(project):
    four = {"placements_at_least": 4}
    assert refused(project, a={}, b=four, c={}, d=four) == ["b", "d"]
    assert refused(project, b=four, a={}, d=four) == ["a"]


def test_days_and_years_may_differ_as_long_as_all_count_alike(project):
    """Two years of months, as `evidence period` makes them, and the same definition on another day is no way round."""
    months = pd.date_range("2024-04-30", periods=24, freq="ME")
    runs = {
        f"m{day:%Y_%m}": {"as_of": f"{day:%Y-%m-%d}", "year_end": f"{day.year - (day.month < 4)}-03-31"}
        for day in months
    }
    assert refused(project, **runs) == []
    for name, of in runs.items():
        put_pack(project, name, **of)
    later = {"as_of": "2026-05-31", "year_end": "2026-03-31"}
    assert refused(project, later=later) == []
    (error,) = refused_beside_others(project, {"later": {**BASE, **later, "placements_at_least": 2}}).values()
    assert "(and 23 more)" in str(error)


def test_areas_are_about_different_children_and_other_data_too(project):
    put_pack(project, "north", area="N")
    four = {"placements_at_least": 4}
    assert refused(project, south={**four, "area": "S"}, more={**four, "data_folder": "data/more"}) == []
    assert refused(project, north_again={**four, "area": "N"}) == ["north_again"]
    sample = {"data_folder": "data/sample"}
    assert refused(project, a=sample, b={**four, **sample}) == []
    assert refused(project, north=sample, south={**four, "area": "N"}) == [], "that pack is replaced by one of no child"


@pytest.mark.parametrize(
    ("tool", "changed", "goes_on"),
    [
        (FLAGS_NOBODY, {"seed": 1}, True),
        (FLAGS_NOBODY, {"flag_at": 0.3}, True),
        (FLAGS, {"seed": 1}, False),
        (FLAGS, {"flag_at": 0.26}, False),
        ("from elsewhere import SCORE\n", {"flag_at": 0.3}, False),
        (FLAGS_NOBODY, {"own": "other"}, False),
        ('DEFINED_BY = ["placements_at_least"]\n' + FLAGS_NOBODY, {"own": "other"}, True),
        ('DEFINED_BY = ["placements_at_least"]\n' + FLAGS_NOBODY, {"placements_at_least": 2}, False),
    ],
)
def test_which_parameters_decide_is_read_in_the_tool_and_an_unknown_one_does(tmp_path, tool, changed, goes_on):
    project = project_with(tmp_path / "toy", tool)
    assert refused(project, a={"own": "usual"}, b={"own": "usual", **changed}) == ([] if goes_on else ["b"])


def test_a_pack_from_before_a_parameter_was_there_counts_as_made_with_its_usual_value(project):
    """`least` is a parameter of the notebooks of the small project, and usually 3."""
    put_pack(project, "own")
    assert refused(project, alike={"least": 3}) == []
    assert refused(project, other={"least": 4}) == ["other"]


def test_what_is_refused_leaves_its_old_pack_so_nothing_that_overlaps_with_that_goes_on(project):
    """Without this the areas went on, and lay beside the pack of all children that was not replaced."""
    put_pack(project, "own")
    assert refused(project, own={}, north={"area": "N"}) == ["north"]
    assert refused(project, own={"placements_at_least": 4}, north={"area": "N"}) == ["north"]
    assert refused(project, new={}, own={"placements_at_least": 4}) == ["own"]


@pytest.mark.parametrize(
    ("changed", "apart"),
    [
        ({}, False),
        ({"as_of": "2026-05-31"}, False),
        ({"placements_at_least": 4}, True),
        ({"area": "N"}, True),
        ({"placements_at_least": 4, "data_folder": "data/other"}, False),
    ],
)
def test_a_pack_that_is_replaced_is_not_compared_with_where_both_could_not_lie_side_by_side(project, changed, apart):
    put_pack(project, "own")
    put_pack(project, "sample", data_folder="data/sample")
    assert must_lie_apart(project, project.path("packs", "own"), {**BASE, **changed}) == apart
    assert not must_lie_apart(
        project, project.path("packs", "sample"), {**BASE, "data_folder": "data/sample", **changed}
    )
    assert not must_lie_apart(project, project.path("packs", "none"), {**BASE, **changed})


def test_the_command_refuses_before_anything_runs(sample_project, tmp_path, run_evidence):
    folder = tmp_path / "project"
    shutil.copytree(sample_project, folder, ignore=shutil.ignore_patterns(".git", "packs"))
    shutil.copytree(folder / "data/sample", folder / "data/raw", dirs_exist_ok=True)
    give_access(folder)
    own = folder / "parameters/own.toml"
    four = own.read_text().replace("placements_at_least = 3", "placements_at_least = 4")
    (folder / "parameters/other.toml").write_text(four)
    put_pack(open_project(folder), "own", data_folder="data/raw")
    done = run_evidence(folder, "run", "other")
    assert done.returncode == 2 and "Traceback" not in done.stderr and not (folder / ".evidence" / "runs").exists()
    assert "parameters/other.toml: the run other and the pack own count the same children in two ways" in done.stderr
    assert "placements_at_least is 4 here and 3 there" in done.stderr
    both = run_evidence(folder, "run", "other", "own", "sample", "--stages", "1")
    assert both.returncode == 2 and both.stderr.count("count the same children in two ways") == 1
    # Where no pack comes of it nothing lies beside another.
    for names in (["other"], ["other", "own"]):
        alone = run_evidence(folder, "run", *names, "--no-pack", "--stages", "1")
        assert alone.returncode == 0, alone.stderr


# Released packs against whoever takes one number from the other ---------------------------------------------------

AREAS, GROUPS, BANDS = 2, 3, 4


def counted(area: str, level: int, group: int) -> np.ndarray:
    """Which cells area x group x band a run counts: of its area or all, from that level up."""
    cells = np.zeros((AREAS, GROUPS, BANDS))
    cells[slice(None) if not area else int(area), group, level:] = 1
    return cells.ravel()


def small_groups_told(counts: np.ndarray, released: list[tuple[str, int]]) -> int:
    """How many groups of 1 to 5 children between two released numbers follow from all that is shown."""
    known = [np.zeros(counts.size)]
    for area, level in released:
        cells = [counted(area, level, group) for group in range(GROUPS)]
        table = protect(pd.DataFrame({"n": [int(cell @ counts) for cell in cells]}))
        known += [cell for cell, number in zip(cells, table.table["n"], strict=True) if number != "c"]
        known += [sum(cells)] * table.total_safe
    rank = np.linalg.matrix_rank(known)
    steps = [
        counted(area, min(one, other), group) - counted(area, max(one, other), group)
        for (area, one), (another, other) in combinations(released, 2)
        if area == another
        for group in range(GROUPS)
    ]
    return sum(1 <= step @ counts <= 5 and np.linalg.matrix_rank([*known, step]) == rank for step in steps)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A project without a pack."""
    return project_with(tmp_path_factory.mktemp("empty") / "toy")


@settings(max_examples=150, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 12), min_size=AREAS * GROUPS * BANDS, max_size=AREAS * GROUPS * BANDS),
    asked=st.lists(st.tuples(st.sampled_from(["", "0", "1"]), st.integers(0, 3)), min_size=1, max_size=5, unique=True),
)
def test_nobody_gets_a_small_step_out_of_the_packs_that_are_released_side_by_side(empty, numbers, asked):
    runs = {f"{area}_{level}": {"area": area, "placements_at_least": level} for area, level in asked}
    out = refused(empty, **runs)
    released = [one for one, name in zip(asked, runs, strict=True) if name not in out]
    assert released and small_groups_told(np.array(numbers, float), released) == 0


def test_without_the_refusal_four_or_more_taken_from_three_or_more_tells_how_many_had_three():
    counts = np.full((AREAS, GROUPS, BANDS), 10.0)
    counts[:, 0, 1] = 1, 2
    assert small_groups_told(counts.ravel(), [("", 1), ("", 2)]) == 1
