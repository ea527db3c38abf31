"""On a return that nobody here made: the figures are those that a plain reading of its CSV files gives."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from conftest import read_return

from evidence import measures
from evidence.data import load_tables
from evidence.project import open_project

START, END = date(2017, 4, 1), date(2018, 3, 31)


def day(text: str) -> date | None:
    return datetime.strptime(text, "%d/%m/%Y").date() if text else None


def plain_count(folder: Path) -> dict[str, int]:
    """Child to placements in the year to 31 March 2018, worked out with the csv module alone."""
    lives = defaultdict(list)
    with (folder / "episodes.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            start, end = day(row["DECOM"]), day(row["DEC"])
            if row["LS"] not in ("V3", "V4") and not (end and end < start):
                lives[row["CHILD"]].append((start, end or date.max, row))
    counts = {}
    for child, life in lives.items():
        life.sort(key=lambda one: (one[0], one[1]))
        if any(start <= END < end for start, end, _ in life):
            counts[child] = placements_of(life)
    return counts


def placements_of(life: list) -> int:
    placement, last, temporary, counted = 0, None, False, set()
    for start, end, row in life:
        if row["PLACE"].startswith("T"):
            temporary = True
            continue
        home = (row["PLACE"], row["PLACE_PROVIDER"])
        same = row["RNE"] in ("L", "T", "U") or (temporary and row["RNE"] in ("P", "B") and home == last)
        if last is None or not same:
            placement += 1
        last, temporary = home, False
        if START <= start <= END or (start < START < end):
            counted.add(placement)
    return len(counted)


@pytest.fixture(scope="module")
def folder(shared_data) -> Path:
    return shared_data / "ssda903"


@pytest.fixture(scope="module")
def tables(template, folder):
    """The return through the toolkit's own loader: children are tokens here."""
    return load_tables(open_project(template), folder)


def test_the_descriptive_figures_are_those_of_a_plain_count(load_worked, folder, parameters):
    tool = load_worked("descriptive")
    expected = plain_count(folder)
    frame = tool.prepare(read_return(folder), parameters)
    assert frame["year_end"].unique().tolist() == [pd.Timestamp(END)]
    assert dict(zip(frame["child"], frame["placements"], strict=True)) == expected
    assert len(expected) == 1201
    assert sum(number >= 3 for number in expected.values()) == 176


def test_the_figures_by_sex_are_those_of_a_plain_count(load_worked, folder, tables, parameters):
    tool = load_worked("descriptive")
    with (folder / "header.csv").open(encoding="utf-8-sig", newline="") as file:
        sex = {row["CHILD"]: {"1": "Male", "2": "Female"}[row["SEX"]] for row in csv.DictReader(file)}
    expected = plain_count(folder)
    output = tool.run(tool.prepare(tables, parameters), parameters)
    table = measures.one_measure(measures.test_by_group(tool, output, parameters), "with the outcome")
    for group in ("Male", "Female"):
        numbers = [number for child, number in expected.items() if sex[child] == group]
        row = table.loc[("sex", group)]
        assert (row["n"], row["denominator"]) == (sum(number >= 3 for number in numbers), len(numbers))
        assert row["percent"] == pytest.approx(100 * sum(number >= 3 for number in numbers) / len(numbers))


def test_all_three_tools_run_and_are_explained(tool, tables, parameters):
    frame = tool.prepare(tables, parameters)
    output = tool.run(frame, parameters)
    assert len(tool.explain(output, parameters)) == len(output)
    assert measures.checks(tool, output, parameters)["held"].eq("yes").all()


def test_with_one_year_the_prediction_is_tested_on_children_it_did_not_learn_from(load_worked, tables, parameters):
    tool = load_worked("predictive")
    frame = tool.prepare(tables, parameters)
    days = {used: set(rows["year_end"].dt.strftime("%Y-%m-%d")) for used, rows in frame.groupby("used_for")}
    assert days == {"coming year": {"2018-03-31"}, "testing": {"2017-03-31"}, "training": {"2017-03-31"}}
    learnt, tested = (set(frame.loc[frame["used_for"] == use, "child"]) for use in ("training", "testing"))
    assert not learnt & tested
    assert abs(len(learnt) - len(tested)) <= 1


def test_noise_stays_noise(load_worked, tables, parameters):
    """Its values are drawn at random, so no group differs from the others by more than chance explains."""
    tool = load_worked("diagnostic")
    output = tool.run(tool.prepare(tables, parameters), parameters)
    table = measures.observed_expected_by_group(tool, output).dropna()
    surely = table[(table["low"] > 100) | (table["high"] < 100)]
    assert len(surely) <= 2
