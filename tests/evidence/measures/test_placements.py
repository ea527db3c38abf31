"""Placements are counted as the definition says: by hand, by a second way of counting, and on anything at all."""

from __future__ import annotations

import csv
import shutil
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.data import age_band, load_tables
from evidence.measures import placements
from evidence.measures.ssda903_words import ETHNIC_GROUP, PLACEMENT_TYPE, age_on
from evidence.project import EvidenceError, open_project

YEAR_END = pd.Timestamp(2026, 3, 31)
COLUMNS = placements.EPISODE_COLUMNS


def episodes_of(*rows: tuple) -> pd.DataFrame:
    """Each row: child, start, reason, place, end; everything else is the same for all."""
    frame = pd.DataFrame(rows, columns=["CHILD", "DECOM", "RNE", "PLACE", "DEC"])
    frame = frame.assign(LS="C2", CIN="N1", PLACE_PROVIDER="PR1")
    for name in ("DECOM", "DEC"):
        frame[name] = pd.to_datetime(frame[name])
    return frame[COLUMNS].astype({name: "str" for name in COLUMNS if name not in ("DECOM", "DEC")})


def count(*rows: tuple) -> int:
    return int(placements.placements_in_year(episodes_of(*rows), YEAR_END).get("a", 0))


def test_a_placement_that_goes_on_counts_once():
    assert count(("a", "2020-01-01", "S", "U6", None)) == 1


def test_each_new_carer_counts_and_the_same_carer_does_not():
    assert count(
        ("a", "2020-01-01", "S", "U6", "2025-06-01"),
        ("a", "2025-06-01", "P", "K2", "2025-08-01"),
        ("a", "2025-08-01", "T", "K2", "2025-09-01"),
        ("a", "2025-09-01", "L", "K2", "2025-10-01"),
        ("a", "2025-10-01", "U", "K2", "2025-11-01"),
        ("a", "2025-11-01", "B", "U4", None),
    ) == 3  # fmt: skip


def test_two_temporary_placements_in_a_row_and_back_are_no_move():
    assert count(
        ("a", "2020-01-01", "S", "U6", "2025-06-01"),
        ("a", "2025-06-01", "P", "T1", "2025-06-10"),
        ("a", "2025-06-10", "P", "T4", "2025-06-15"),
        ("a", "2025-06-15", "P", "U6", None),
    ) == 1  # fmt: skip


def test_a_move_to_the_same_kind_of_placement_is_a_move_when_nothing_temporary_lay_between():
    assert count(("a", "2020-01-01", "S", "U6", "2025-06-01"), ("a", "2025-06-01", "P", "U6", None)) == 2


def test_a_placement_that_ended_last_year_and_was_followed_by_a_temporary_one_does_not_count():
    assert count(
        ("a", "2020-01-01", "S", "U6", "2025-03-20"),
        ("a", "2025-03-20", "P", "T4", "2025-04-05"),
        ("a", "2025-04-05", "P", "K2", None),
    ) == 1  # fmt: skip


def test_coming_back_into_care_counts_even_from_a_temporary_placement_to_the_same_home():
    assert count(
        ("a", "2025-05-01", "S", "U6", "2025-06-01"),
        ("a", "2025-06-01", "P", "T4", "2025-06-05"),
        ("a", "2025-07-01", "S", "U6", None),
    ) == 2  # fmt: skip


def test_looked_after_on_a_day_takes_the_episode_that_runs_on_it():
    rows = episodes_of(
        ("a", "2020-01-01", "S", "U6", "2026-03-31"),
        ("a", "2026-03-31", "P", "K2", None),
        ("b", "2020-01-01", "S", "U6", "2026-03-31"),
        ("c", "2026-04-01", "S", "U6", None),
    )
    found = placements.looked_after_on(rows, YEAR_END)
    assert list(found["CHILD"]) == ["a"]
    assert list(found["PLACE"]) == ["K2"]


def test_known_on_a_day_forgets_later_starts_and_later_ends():
    rows = episodes_of(("a", "2020-01-01", "S", "U6", "2026-05-01"), ("a", "2026-05-01", "P", "K2", None))
    known = placements.known_on(rows, YEAR_END)
    assert len(known) == 1
    assert known["DEC"].isna().all()


# Years ------------------------------------------------------------------------------------------------------------


def years(rows: pd.DataFrame, **parameters: str) -> list[int]:
    found = placements.years_covered(rows, {"as_of": "2026-04-30", "year_end": "", **parameters})
    return [end.year for end in found]


def many(year: int, times: int) -> list[tuple]:
    """Short placements, one a child, that begin and end within the year ending in `year`."""
    return [(f"{year}-{number}", f"{year - 1}-05-01", "S", "U6", f"{year - 1}-09-01") for number in range(times)]


def test_three_years_at_most_and_none_beyond_a_gap():
    rows = episodes_of(
        *many(2022, 20), *many(2024, 20), *many(2025, 20), *many(2026, 20), ("z", "2026-03-20", "S", "U6", None)
    )
    assert years(rows, year_end="2026-03-31") == [2024, 2025, 2026]
    assert years(rows, year_end="2025-03-31") == [2024, 2025]


def test_one_mistyped_date_does_not_make_a_year():
    rows = episodes_of(
        *many(2026, 40), ("x", "2024-05-01", "S", "U6", "2024-06-01"), ("z", "2026-03-20", "S", "U6", None)
    )
    assert years(rows, year_end="2026-03-31") == [2026]


def test_the_last_year_is_the_one_that_the_data_reaches():
    reaches = episodes_of(*many(2026, 40), *[(f"z{n}", "2026-03-05", "S", "U6", None) for n in range(5)])
    assert years(reaches) == [2026]
    stops = episodes_of(*many(2025, 40), *[(f"z{n}", "2026-02-10", "S", "U6", None) for n in range(5)])
    assert years(stops)[-1] == 2025


def test_a_date_after_the_day_of_the_run_reaches_nothing():
    rows = episodes_of(
        *many(2026, 40),
        *[(f"z{n}", "2026-03-20", "S", "U6", None) for n in range(5)],
        ("y", "2062-01-01", "S", "U6", None),
    )
    assert years(rows) == [2026]


def test_a_year_that_the_data_does_not_reach_is_refused_in_words():
    with pytest.raises(EvidenceError, match="does not reach the year that ends on 31 March 2030"):
        years(episodes_of(*many(2026, 5)), year_end="2030-03-31")


def test_data_without_a_date_is_refused_in_words():
    with pytest.raises(EvidenceError, match="no episode has dates"):
        years(episodes_of(("a", None, "S", "U6", None)))


# The second way of counting ---------------------------------------------------------------------------------------

days = st.one_of(
    st.none(), st.dates(date(2024, 1, 1), date(2026, 6, 30)), st.just(date(2025, 4, 1)), st.just(date(2026, 3, 31))
)
row = st.tuples(
    st.sampled_from("ab"),
    days,
    st.sampled_from(["S", "L", "P", "T", "B", "U", None]),
    st.sampled_from(["C2", "V3", "J1"]),
    st.sampled_from(["N1", "N8"]),
    st.sampled_from(["U6", "K2", "T1", "T4", "A3", None]),
    st.sampled_from(["PR1", "PR4", None]),
    days,
)


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC"])
    for name in frame:
        frame[name] = pd.to_datetime(frame[name]) if name in ("DECOM", "DEC") else frame[name].astype("str")
    return frame[COLUMNS]


@settings(max_examples=200, deadline=None)
@given(st.lists(row, max_size=9))
def test_both_ways_of_counting_agree_on_anything(rows: list[tuple]):
    frame = frame_of(rows)
    counted = placements.placements_in_year(frame, YEAR_END)
    again = placements.recount(frame, pd.Series(["a", "b"]), YEAR_END)
    assert {child: int(counted.get(child, 0)) for child in "ab"} == again
    children = pd.Series(["b", "nobody", "a", "b"], index=[4, 3, 2, 1])
    beside = placements.number_in_year(children, frame, YEAR_END)
    assert beside.to_dict() == {4: again["b"], 3: 0, 2: again["a"], 1: again["b"]}


@settings(max_examples=60, deadline=None)
@given(st.lists(row, min_size=1, max_size=9), st.randoms())
def test_the_order_of_rows_and_doubled_rows_make_no_difference(rows: list[tuple], random):
    mixed = rows + rows[:2]
    random.shuffle(mixed)
    for find in (
        lambda frame: placements.placements_in_year(frame, YEAR_END),
        lambda frame: placements.looked_after_on(frame, YEAR_END),
    ):
        first, second = find(frame_of(rows)), find(frame_of(mixed))
        assert first.equals(second)


@settings(max_examples=60, deadline=None)
@given(st.lists(row, max_size=9))
def test_looked_after_on_agrees_with_a_plain_search(rows: list[tuple]):
    day = YEAR_END.date()
    there = {
        child
        for child, start, _, status, _, _, _, end in rows
        if start and start <= day and status not in ("V3", "V4") and (end is None or end > day)
    }
    assert set(placements.looked_after_on(frame_of(rows), YEAR_END)["CHILD"]) == there


@settings(max_examples=100, deadline=None)
@given(st.lists(row, max_size=9), st.booleans())
def test_when_placement_and_care_began_agrees_with_plain_grouping(rows: list[tuple], categories: bool):
    frame = frame_of(rows)
    if categories:
        frame["CHILD"] = frame["CHILD"].astype("category")
    known = placements.known_on(frame, YEAR_END)
    there = placements.looked_after_on(known, YEAR_END)["CHILD"].astype("str")
    of_child = known["CHILD"].astype("str")
    same = known.groupby([of_child, known["PLACEMENT"]], dropna=False)["DECOM"].transform("min")
    came = known["DECOM"].where(known["RNE"] == "S").groupby(of_child).max()
    in_care = came.fillna(known["DECOM"].groupby(of_child).min())
    in_placement = same.groupby(of_child).last()
    assert list(placements.placement_began(known, YEAR_END)) == [in_placement[child] for child in there]
    assert list(placements.care_began(known, YEAR_END)) == [in_care[child] for child in there]


# Children ---------------------------------------------------------------------------------------------------------


def test_a_child_in_the_header_twice_or_not_at_all_is_still_one_row():
    rows = episodes_of(("a", "2020-01-01", "S", "U6", None), ("b", "2020-01-01", "S", "K2", None))
    born = pd.Timestamp(2015, 4, 1)
    header = pd.DataFrame({"CHILD": ["a", "a"], "SEX": ["M", "F"], "DOB": [born, born], "ETHNIC": ["WBRI", "WBRI"]})
    frame = placements.children_on({"episodes": rows, "header": header}, YEAR_END).set_index("child")
    assert list(frame.index) == ["a", "b"]
    assert frame.loc["a", ["sex", "age", "age_band", "ethnic_group"]].tolist() == ["Female", 10, "10 to 15", "White"]
    assert frame.loc["b", ["sex", "age_band", "ethnic_group"]].tolist() == ["Not known"] * 3
    assert pd.isna(frame.at["b", "age"])


def test_children_on_several_days_are_those_of_each_day(sample_project, tmp_path):
    # In a copy, because whoever reads data leaves a line in the project's log.
    project = open_project(shutil.copytree(sample_project, tmp_path / "project"))
    tables = load_tables(project, "data/sample")
    days = placements.years_covered(tables["episodes"], {})
    # Some children are not in the header then, and all in another order.
    header = tables["header"].sample(frac=0.9, random_state=1)
    shuffled = {"episodes": tables["episodes"], "header": header}
    together = list(placements.children_on_each(shuffled, days))
    assert len(together) == len(days) == 3 and min(map(len, together)) > 100
    for day, frame in zip(days, together, strict=True):
        pd.testing.assert_frame_equal(frame, placements.children_on(shuffled, day))
        there = placements.looked_after_on(tables["episodes"], day)
        assert list(frame["child"]) == list(there["CHILD"].astype("str")) and set(frame["year_end"]) == {day}


@given(st.dates(date(2008, 4, 1), date(2026, 3, 31)))
def test_the_month_of_birth_is_enough_for_the_age_on_31_march(born: date):
    exact = 2026 - born.year - ((born.month, born.day) > (3, 31))
    month = pd.Series([pd.Timestamp(born.year, born.month, 1)])
    assert age_on(YEAR_END, month)[0] == exact


def test_ages_that_cannot_be_are_not_known():
    born = pd.to_datetime(pd.Series(["1990-01-01", "2027-01-01", None, "2026-03-01", "2008-04-01"]))
    age = age_on(YEAR_END, born)
    assert age_band(age).tolist() == ["Not known", "Not known", "Not known", "Under 1", "16 and over"]


def test_our_groups_are_those_of_the_code_lists(template):
    with (template / "reference" / "code_lists.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == "ssda903"]
    ethnic = {row["code"]: row["group"] for row in rows if row["column"] == "ETHNIC" and row["table"] == "header"}
    assert ethnic == ETHNIC_GROUP
    places = {row["code"] for row in rows if row["column"] == "PLACE"}
    assert set(PLACEMENT_TYPE) <= places


def test_need_names_what_is_missing():
    with pytest.raises(EvidenceError, match="DEC"):
        placements.need({"episodes": pd.DataFrame(columns=["CHILD"])}, {"episodes": ["CHILD", "DEC"]})


def test_steady_order_does_not_hang_on_the_token():
    frame = pd.DataFrame({"child": ["x", "a", "m"], "year_end": YEAR_END, "placements": [3, 1, 2]})
    other = frame.assign(child=["1", "9", "5"])
    first, second = (placements.in_steady_order(one)["placements"].tolist() for one in (frame, other))
    assert first == second == [1, 2, 3]


def test_first_day_of_a_year():
    assert placements.first_day(pd.Timestamp(2024, 3, 31)) == pd.Timestamp(2023, 4, 1)
    assert placements.first_day(YEAR_END) + timedelta(days=364) == YEAR_END
