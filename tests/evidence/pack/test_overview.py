"""The page that compares runs: what it says, and that neither it nor packs side by side give away what is hidden."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from evidence.pack import MANIFEST, refused_beside_others, release_overview, verify
from evidence.privacy import Rules, Secrets, protect
from evidence.project import EvidenceError, open_project
from tests.evidence.toy import make_project

BASE = {"as_of": "2026-04-30", "data_folder": "data/own", "area_of": "episodes.HOME_POST", "area": ""}
TOGETHER = "All runs with a figure, together"


def figure(n: int, denominator: int, low: float = 1.0, high: float = 99.0) -> dict:
    """A headline figure as a pack holds it, hidden as disclosure control hides it."""
    about = {"stage": 5, "name": "baseline.all", "label": "The share with 3 or more placements", "unit": "%"}
    if any(1 <= count <= 5 for count in (n, denominator - n, denominator)) or not denominator:
        return {**about, "value": None, "text": "not estimable", "rests_on": "too few children for a figure"}
    percent = round(100 * n / denominator, 1)
    rests_on = f"{n:,} of {denominator:,} children; interval {low}% to {high}%"
    estimate = {"n": n, "denominator": denominator, "low": low, "high": high, "few": denominator < 30}
    return {**about, "value": percent, "text": f"{percent}%", "rests_on": rests_on, "estimate": estimate}


def pack(project, name: str, figures: list[dict], met: int = 2, **parameters: object) -> Path:
    folder = project.path("packs", name)
    folder.mkdir(parents=True)
    gates = [{"stage": stage, "state": "met" if stage <= met else "not met"} for stage in range(1, 5)]
    files = {
        "inputs.json": {"parameters": {**BASE, "data_folder": "data/sample", **parameters}},
        "figures.json": figures,
        "standing.json": {"stamp": "DRAFT", "sentence": "Not to be relied on.", "gates": gates},
        "receipt.json": {"data_folder": "data/sample"},
    }
    for file, document in files.items():
        (folder / file).write_text(json.dumps(document))
    (folder / MANIFEST).write_text("")
    return folder


@pytest.fixture(scope="module", autouse=True)
def one_identifying_value():
    """The small project has no catalogue of its data, so its one identifying value is given here."""
    secrets = Secrets()
    secrets.add("child identifier", ["QX7731905"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evidence.data.identifying_values", lambda project, folder: secrets)
        yield


@pytest.fixture
def project(tmp_path):
    return open_project(make_project(tmp_path / "toy"))


def overview(project, counts: dict[str, tuple[int, int]]) -> BeautifulSoup:
    packs = {name: pack(project, name, [figure(*of)], area=name) for name, of in counts.items()}
    return BeautifulSoup((release_overview(project, "areas", packs, {}, {}) / "index.html").read_text(), "html.parser")


def rows(page: BeautifulSoup, caption: str) -> list[list[str]]:
    (table,) = (one for one in page.find_all("table") if caption in one.caption.text)
    return [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in table.select("tbody tr")]


def test_it_compares_runs_highest_first_with_numbers_and_adds_up_what_is_shown(project):
    page = overview(project, {"a": (20, 100), "b": (3, 40), "c": (30, 60), "d": (0, 50)})
    figures = rows(page, "The share with 3 or more placements")
    assert [row[0] for row in figures] == ["c", "a", "d", "b", TOGETHER]
    assert figures[0] == ["c", "50.0%", "30", "60", "1.0% to 99.0%"]
    assert figures[3] == ["b", "not estimable: too few children for a figure"]
    low, high = (100 * bound for bound in proportion_confint(50, 210, method="wilson"))
    assert figures[4] == [TOGETHER, "23.8%", "50", "210", f"{low:.1f}% to {high:.1f}%"]
    assert page.find("a", string="c")["href"] == "../c/index.html"


def test_what_failed_is_named_and_comes_first(project):
    packs = {
        "good": pack(project, "good", [], met=4, area="A"),
        "fewer": pack(project, "fewer", [], met=1, area="B"),
        "stopped": pack(project, "stopped", [], met=2, area="C"),
    }
    stopped = {"row 7": "areas.csv, row 7, column least: this is not a whole number.\nFor example: 3"}
    made = release_overview(project, "areas", packs, {"stopped": (5, 6)}, stopped)
    page = BeautifulSoup((made / "index.html").read_text(), "html.parser")
    table = rows(page, "Where each run stands")
    assert [row[0] for row in table] == ["row 7", "stopped", "fewer", "good"]
    assert table[1][3:5] == ["2 of 4", "5, 6"] and table[2][1] == "area B"
    assert "areas.csv, row 7, column least" in page.get_text()
    assert "2 of 4 runs finished every stage, 1 stopped in a stage, 1 gave no pack." in page.get_text(" ", strip=True)


def test_it_is_offline_accessible_and_sealed_and_comes_out_the_same_again(project):
    page = overview(project, {"a": (20, 100), "b": (30, 60)})
    folder = project.path("packs", "areas")
    assert verify(folder) == [] and (folder.with_name("areas.zip")).is_file()
    assert not page.find_all(["script", "img", "link", "form", "iframe"])
    assert "default-src 'none'" in page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert page.find_all("table") and all(table.caption for table in page.find_all("table"))
    assert all(cell.get("scope") for cell in page.find_all("th"))
    assert [int(head.name[1]) for head in page.find_all(re.compile("h[1-6]"))][:2] == [1, 2]
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    packs = {name: project.path("packs", name) for name in ("a", "b")}
    release_overview(project, "areas", packs, {}, {})
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_runs_of_several_years_are_not_added_up(project):
    packs = {
        year: pack(project, f"y{year}", [figure(20, 100)], as_of=f"{year}-04-30", area="A") for year in ("2025", "2026")
    }
    page = (release_overview(project, "years", packs, {}, {}) / "index.html").read_text()
    assert TOGETHER not in page and "several days" in page
    table = rows(BeautifulSoup(page, "html.parser"), "Where each run stands")
    # The day is told once, in its own column.
    assert [row[-1] for row in table] == ["30 April 2025", "30 April 2026"]
    assert "as_of" not in page and "What is different" not in page


def test_a_value_that_identifies_a_child_is_not_released(project):
    one = {**figure(20, 100), "label": "Share without QX7731905"}
    packs = {"a": pack(project, "a", [one], area="A"), "b": pack(project, "b", [one], area="B")}
    with pytest.raises(EvidenceError, match="may identify a child") as caught:
        release_overview(project, "areas", packs, {}, {})
    assert "QX7731905" not in str(caught.value) and not project.path("packs", "areas").exists()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 25)), min_size=2, max_size=6))
def test_nobody_gets_a_hidden_figure_out_of_sums_or_order(drawn):
    counts = {f"r{place}": (n, n + rest) for place, (n, rest) in enumerate(drawn)}
    with tempfile.TemporaryDirectory() as place:
        page = overview(open_project(make_project(Path(place) / "toy")), counts)
    hidden = sorted(name for name, of in counts.items() if figure(*of)["value"] is None)
    tables = [one for one in page.find_all("table") if "The share" in one.caption.text and "by run" in one.caption.text]
    if len(hidden) == len(counts):
        assert not tables
        return
    found = rows(page, "by run")
    named = [row[0] for row in found if row[0] != TOGETHER]
    assert [name for name in named if name in hidden] == hidden == named[len(named) - len(hidden) :]
    for row in found:
        if row[0] == TOGETHER:
            shown = [of for name, of in counts.items() if name not in hidden]
            assert [int(cell) for cell in row[2:4]] == [sum(n for n, _ in shown), sum(of for _, of in shown)]


AREAS = ("A", "B", "C")
SETS = st.lists(st.sampled_from(["", *AREAS]), min_size=1, max_size=4, unique=True)


def known_to_a_reader(counts: np.ndarray, released: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
    """What packs of those areas ("" is all) say of the cells area x group: sums that are known, and hidden cells."""
    known, hidden = [], []
    for area in released:
        members = np.array([not area or area == one for one in AREAS])
        of_group = counts[members].sum(axis=0)
        table = protect(pd.DataFrame({"children": of_group}, index=[*"wxyz"]), rules=Rules()).table["children"]
        cells = [np.outer(members, np.arange(4) == group).ravel().astype(float) for group in range(4)]
        known.append(sum(cells))
        for cell, shown in zip(cells, table, strict=True):
            (hidden if shown == "c" else known).append(cell)
    return np.array(known), hidden


def worked_out(counts: np.ndarray, released: list[str]) -> int:
    """How many hidden numbers follow from what is known by adding and taking away."""
    known, hidden = known_to_a_reader(counts, released)
    rank = np.linalg.matrix_rank(known)
    return sum(np.linalg.matrix_rank(np.vstack([known, cell])) == rank for cell in hidden)


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """A project without a pack."""
    return make_project(tmp_path_factory.mktemp("empty") / "toy")


@settings(max_examples=150, deadline=None)
@given(numbers=st.lists(st.integers(0, 20), min_size=12, max_size=12), areas=SETS)
def test_nobody_gets_a_hidden_number_out_of_the_packs_that_are_released_side_by_side(empty, numbers, areas):
    project = open_project(empty)
    counts = np.array(numbers).reshape(3, 4)
    runs = {area or "whole": {**BASE, "area": area} for area in areas}
    refused = refused_beside_others(project, runs)
    released = [area for area in areas if (area or "whole") not in refused]
    assert released, "never everything is refused"
    assert worked_out(counts, released) == 0


def test_without_the_refusal_a_hidden_number_is_the_whole_less_the_other_areas():
    counts = np.array([[2, 8, 3, 20], [10, 11, 12, 13], [10, 11, 12, 13]])
    assert worked_out(counts, ["A", "B", "C"]) == 0 < worked_out(counts, ["", "A", "B", "C"])


def test_what_overlaps_with_a_pack_that_is_there_is_refused_with_the_way_out(project):
    pack(project, "own", [], data_folder="data/own", area="")
    (project.path("packs", "own") / "receipt.json").write_text(json.dumps({"data_folder": "data/own"}))
    runs = {"north": {**BASE, "area": "N"}, "south": {**BASE, "area": "S"}}
    refused = refused_beside_others(project, runs)
    assert list(refused) == ["north", "south"] and "the pack own of all children" in str(refused["north"])
    assert "remove it and its zip" in str(refused["north"])
    assert refused_beside_others(project, {"own": BASE}) == {}, "a pack of the same name is replaced"
    assert refused_beside_others(project, {"n": {**BASE, "area": "N", "data_folder": "data/other"}}) == {}
    assert refused_beside_others(project, {"n": {**BASE, "area": "N", "data_folder": "data/sample"}}) == {}


def test_areas_of_two_columns_are_not_released_side_by_side(project):
    runs = {"north": {**BASE, "area": "N"}, "ward": {**BASE, "area": "W", "area_of": "episodes.WARD"}}
    assert list(refused_beside_others(project, runs)) == ["ward"]
