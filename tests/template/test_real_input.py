"""From the questions to a released pack on returns that nobody here made; figures checked against a plain reading."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import give_access, text_of

pytestmark = pytest.mark.slow

STAGES = 10


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def year_of(text: str) -> int:
    """The year to 31 March that a date falls in."""
    day = datetime.strptime(text, "%d/%m/%Y")
    return day.year + (day.month > 3)


@pytest.fixture(scope="module")
def released(shared_data, bake_to_keep, run_evidence) -> Path:
    """A project made for SSDA903, its data folder filled with a return, and nothing else touched."""
    project = give_access(bake_to_keep(data_source="ssda903", council="Kent"))
    for path in (shared_data / "ssda903").glob("*.csv"):
        shutil.copy(path, project / "data" / "raw")
    done = run_evidence(project, "run")
    assert done.returncode == 0, done.stderr
    return project / "packs" / "own"


@pytest.fixture(scope="module")
def episodes(shared_data) -> list[dict[str, str]]:
    return rows_of(shared_data / "ssda903" / "episodes.csv")


def test_all_ten_stages_finish(released):
    assert len(list(released.glob("[01][0-9]_*.html"))) == STAGES
    run = json.loads((released.parents[1] / ".evidence" / "runs" / "own" / "run.json").read_text(encoding="utf-8"))
    assert [stage["state"] for stage in run["stages"]] == ["done"] * STAGES


def test_the_sizes_are_those_of_the_files(released, shared_data):
    sizes = {row["table"]: row for row in rows_of(released / "tables" / "03_profile.csv")}
    for name in ("header", "episodes", "reviews", "oc2"):
        rows = rows_of(shared_data / "ssda903" / f"{name}.csv")
        assert int(sizes[name]["rows"]) == len(rows)
        assert int(sizes[name]["columns"]) == len(rows[0])
        assert int(sizes[name]["children"]) == len({row["CHILD"] for row in rows})


def test_the_gaps_are_those_of_the_files(released, episodes):
    gaps = {row["column"]: row for row in rows_of(released / "tables" / "03_missing.csv") if row["table"] == "episodes"}
    for column in episodes[0]:
        assert int(gaps[column]["missing"]) == sum(not row[column].strip() for row in episodes), column


def test_children_without_an_episode_are_counted(released, episodes, shared_data):
    failures = {row["what"]: int(row["failures"]) for row in rows_of(released / "tables" / "03_audit.csv")}
    listed = {row["CHILD"] for row in rows_of(shared_data / "ssda903" / "header.csv")}
    without = listed - {row["CHILD"] for row in episodes}
    assert len(without) > 0 and failures["Child has no episode"] == len(without)


def test_events_by_year_are_those_of_the_files(released, episodes):
    shown = {
        row["year_to_31_march"]: row["episodes: DECOM"] for row in rows_of(released / "tables" / "01_activity.csv")
    }
    counted = Counter(year_of(row["DECOM"]) for row in episodes)
    # A number is shown, or hidden because it is small or because a small one could be worked out from it.
    known = {year: int(number) for year, number in shown.items() if number != "c"}
    assert len(known) >= 2 and known == {year: counted[int(year)] for year in known}


def test_the_share_with_three_or_more_placements_is_that_of_a_plain_count(released):
    """176 of the 1,201 children looked after on 31 March 2018; the tools' own tests count them with the csv module."""
    everyone = rows_of(released / "tables" / "05_baseline.csv")[0]
    assert (int(everyone["n"]), int(everyone["denominator"])) == (176, 1201)
    figures = {row["name"]: row["value"] for row in json.loads((released / "figures.json").read_text(encoding="utf-8"))}
    assert figures["children"] == 2675
    assert 14.7 in figures.values()


def test_nothing_in_the_pack_is_a_child(released, shared_data, run_evidence):
    done = run_evidence(released.parents[1], "scan", "packs/own")
    assert done.returncode == 0, done.stdout + done.stderr
    everything = "\n".join(text_of(path) for path in released.rglob("*") if path.is_file())
    header = rows_of(shared_data / "ssda903" / "header.csv")
    # Digits after a decimal point are no identifier.
    words = set(re.findall(r"(?<![\w.])\w+(?!\w)", everything))
    # Shorter ones cannot be told from numbers of rows.
    assert not words & {row["CHILD"] for row in header if len(row["CHILD"]) >= 5}
    assert not words & {row["UPN"] for row in header if row["UPN"]}


def test_the_pack_is_whole_and_comes_out_the_same_again(released, run_evidence):
    done = run_evidence(released.parents[1], "verify", "packs/own", "--rerun")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_census_runs_as_far_as_stage_4(shared_data, bake, run_evidence):
    project = give_access(bake(data_source="cin", council="886"))
    census = shared_data / "cin" / "CIN_Census_2026.xml"
    shutil.copy(census, project / "data" / "raw")
    done = run_evidence(project, "run", "own", "--stages", "1-4")
    assert done.returncode == 0, done.stderr
    pack = project / "packs" / "own"
    sizes = {row["table"]: int(row["rows"]) for row in rows_of(pack / "tables" / "03_profile.csv")}
    tree = ElementTree.parse(census)
    for table, tag in {"children": "Child", "referrals": "CINdetails", "assessments": "Assessments"}.items():
        assert sizes[table] == len(list(tree.iter(tag)))
    run = json.loads((project / ".evidence" / "runs" / "own" / "run.json").read_text(encoding="utf-8"))
    assert [stage["state"] for stage in run["stages"]] == ["done"] * 4 + ["not asked"] * 6


def test_a_full_path_to_the_data_stays_outside_the_seal(shared_data, bake, run_evidence, tmp_path):
    place = tmp_path / "Ann's drive" / "returns 2018"
    shutil.copytree(shared_data / "ssda903", place)
    project = give_access(bake(data_source="ssda903"))
    file = project / "parameters" / "own.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"data/raw"', json.dumps(str(place))), encoding="utf-8")
    done = run_evidence(project, "run", "own", "--stages", "1")
    assert done.returncode == 0, done.stderr
    pack = project / "packs" / "own"
    sealed = [path for path in pack.rglob("*") if path.is_file() and path.name != "receipt.json"]
    assert len(sealed) > 15
    assert not [path.name for path in sealed if "Ann" in text_of(path)]
    assert "outside the project: returns 2018" in (pack / "index.html").read_text(encoding="utf-8")
    again = run_evidence(project, "verify", "packs/own", "--rerun")
    assert again.returncode == 0, again.stdout + again.stderr
