"""Periods add up to series, the rule for retraining holds to its word, and calendars know their day."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score
from statsmodels.stats.proportion import confint_proportions_2indep

from evidence.measures import (
    alarms_by_period,
    estimates,
    findings,
    groups_over_periods,
    missing_kinds,
    outcomes,
    over_periods,
    own_outcome,
    period_figures,
    period_signs,
    periods_of,
    retraining,
    review_calendar,
    usage_by_period,
)
from evidence.measures.monitoring import DRIFTED, OVERDUE, RULES, USERS

TOOL = SimpleNamespace(
    UNIT="child", PERIOD="year_end", OUTCOME="outcome", OUTPUT="flagged", SCORE="probability", GROUPS=["sex"]
)
AS_OF = date(2026, 4, 30)


def output(rows: int = 600) -> pd.DataFrame:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "child": range(rows),
            "year_end": pd.Timestamp("2025-03-31"),
            "sex": random.choice(["Female", "Male"], rows),
            "flagged": random.random(rows) < 0.3,
            "outcome": pd.array(random.random(rows) < 0.2, dtype="boolean"),
            "used_for": "testing",
        }
    )
    later = frame.assign(year_end=pd.Timestamp("2026-03-31"), outcome=pd.array([None] * rows, dtype="boolean"))
    learnt = frame.assign(year_end=pd.Timestamp("2024-03-31"), used_for="training", flagged=True)
    return pd.concat([learnt, frame, later.assign(used_for="coming year")], ignore_index=True)


def test_figures_of_a_period_are_those_of_its_judged_children_alone():
    said = output()
    judged = said[said["used_for"] == "testing"]
    table = period_figures(TOOL, said, {"seed": 1})
    truth, flags = judged["outcome"].astype(bool), judged["flagged"]
    overall = table.loc[("All", "All children")]
    assert overall.loc["recall", "percent"] == pytest.approx(100 * recall_score(truth, flags))
    assert overall.loc["precision", "percent"] == pytest.approx(100 * precision_score(truth, flags))
    women = judged["sex"] == "Female"
    assert table.loc[("sex", "Female", "recall"), "percent"] == pytest.approx(
        100 * recall_score(truth[women], flags[women])
    )


def test_without_a_judged_child_there_are_no_figures():
    said = output()
    assert period_figures(TOOL, said[said["used_for"] != "testing"], {"seed": 1}).empty


def kept(period: str, table: pd.DataFrame) -> pd.DataFrame:
    return table.reset_index().assign(period=period)


def test_earlier_periods_come_first_and_this_one_last():
    now = period_figures(TOOL, output(), {"seed": 1})
    earlier = pd.concat([kept("31 December 2025", now), kept("31 March 2026", now)])
    series = over_periods(earlier, now, "30 April 2026")
    assert periods_of(series) == ["31 December 2025", "31 March 2026", "30 April 2026"]
    assert series.index.get_level_values("measure").unique().tolist() == ["recall", "precision", "accuracy", "flagged"]
    assert "Over 3 periods recall went from" in findings.periods(series, "recall")
    groups = groups_over_periods(earlier, now, "30 April 2026", "recall")
    assert groups.loc[("sex", "Male")].index.tolist() == periods_of(series)


def test_one_period_is_no_series_and_says_how_to_add_one():
    now = period_figures(TOOL, output(), {"seed": 1})
    series = over_periods(pd.DataFrame(), now, "30 April 2026")
    assert periods_of(series) == ["30 April 2026"]
    assert "evidence period add" in findings.periods(series, "recall")
    assert groups_over_periods(pd.DataFrame(), now, "30 April 2026", "recall").empty


def series(*recalls: tuple[int, int]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(
        [(f"period {at}", "recall") for at in range(len(recalls))], names=["period", "measure"]
    )
    return estimates([n for n, _ in recalls], [of for _, of in recalls], index)


@pytest.mark.parametrize(
    ("recalls", "met"),
    [
        ([(60, 100)], "not known"),
        ([(60, 100), (30, 100)], "not known"),
        ([(60, 100), (30, 100), (30, 100)], "yes"),
        ([(60, 100), (30, 100), (58, 100)], "no"),
        ([(60, 100), (58, 100), (30, 100)], "no"),
        ([(60, 100), (80, 100), (85, 100)], "no"),
        ([(60, 100), (1, 4), (30, 100)], "not estimable"),
    ],
)
def test_one_bad_period_is_not_enough_and_two_running_are(recalls, met):
    table = retraining(series(*recalls), "recall", {})
    assert table["met"].iloc[0] == met


@pytest.mark.parametrize(
    ("alarms", "met"), [([], "not known"), ([1], "not known"), ([1, 2], "yes"), ([2, 0], "no"), ([0, 1, 1], "yes")]
)
def test_alarms_in_two_periods_running(alarms, met):
    table = retraining(series((60, 100)), "recall", {str(at): number for at, number in enumerate(alarms)})
    assert table["met"].iloc[1] == met


def test_without_decline_the_rule_hardly_ever_asks_for_retraining():
    random = np.random.default_rng(9)
    asked = 0
    for _ in range(400):
        hits = random.binomial(120, 0.5, 3)
        table = retraining(series(*[(int(n), 120) for n in hits]), "recall", {})
        asked += table["met"].iloc[0] == "yes"
    # Each of two differences lies below nought by chance in 2.5 of 100, and they share the first period.
    assert asked <= 400 * 0.025


def test_signs_of_a_period_and_its_alarms_for_the_next():
    audited = pd.DataFrame({"failures": [3, 1], "checked": [200, 300]})
    moved = pd.DataFrame({"alarm": ["yes", "no", "not estimable"]})
    used = usage_by_period(usage(), AS_OF)
    log = pd.DataFrame({"n": [4, 1], "denominator": [4, 4]}, index=["raised", "open and overdue"])
    table = period_signs(audited, moved, used, log)
    assert table.loc[RULES, ["n", "denominator"]].tolist() == [4, 500]
    assert table.loc[DRIFTED, ["n", "denominator"]].tolist() == [1, 2]
    assert table.loc[USERS, ["n", "denominator"]].tolist() == [8, 9]
    assert table.loc[OVERDUE, "n"] == 1
    earlier = pd.DataFrame({"period": ["before"], "measure": [DRIFTED], "n": [2.0]})
    assert alarms_by_period(earlier, table, "now") == {"before": 2.0, "now": 1.0}


def test_what_nobody_counted_is_no_nought():
    empty = pd.DataFrame()
    table = period_signs(pd.DataFrame({"failures": [1], "checked": [10]}), empty, empty, empty)
    assert table.index.tolist() == [RULES]
    assert alarms_by_period(empty, table, "now") == {}


def usage() -> pd.DataFrame:
    days = pd.to_datetime(["2026-04-29", "2026-03-31", "2026-06-30"])
    return pd.DataFrame(
        {"ends": days, "users_with_access": [9, 7, 9], "users_who_used_it": [8, 6, 9], "times_used": [91, 58, 99]}
    )


def test_use_in_order_and_nothing_from_after_the_day():
    table = usage_by_period(usage(), AS_OF)
    assert table.index.tolist() == ["31 March 2026", "29 April 2026"]
    assert table["n"].tolist() == [6, 8]
    assert findings.usage(table) == "In the period to 29 April 2026, 8 of 9 users used the tool, 91 times"
    assert usage_by_period(usage(), date(2026, 1, 1)).empty


def reviews() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["R1", "R2", "R3", "R4", "R5"],
            "kind": "accuracy",
            "owner": "A. Example",
            "due": pd.to_datetime(["2026-04-29", "2026-03-31", "2026-05-20", "2026-12-31", "2026-04-30"]),
            "done_on": pd.to_datetime([None, "2026-05-15", None, None, "2026-04-01"]),
        }
    )


def test_the_calendar_knows_what_is_overdue_on_its_day():
    table = review_calendar(reviews(), AS_OF)
    assert table["stands"].to_dict() == {
        "R2": "overdue by 30 days",
        "R1": "overdue by 1 day",
        "R5": "done",
        "R3": "due within 30 days",
        "R4": "planned",
    }
    assert findings.calendar(table) == "2 reviews overdue; the next is due on 20 May 2026"
    assert (review_calendar(reviews(), date(2026, 5, 16))["stands"] == "done").sum() == 2


def outcome_line(**changed: object) -> pd.DataFrame:
    line = {"id": "X1", "measure": "visits", "before_n": 38, "before_of": 200, "now_n": 27, "now_of": 64}
    line |= {"better": "higher", "target": 0.45, "same_definition": "yes"}
    return pd.DataFrame([{**line, **changed}])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 80), st.integers(80, 300), st.integers(0, 40), st.integers(40, 200))
def test_the_difference_is_newcombes(before_n, before_of, now_n, now_of):
    table = outcomes(outcome_line(before_n=before_n, before_of=before_of, now_n=now_n, now_of=now_of))
    low, high = confint_proportions_2indep(now_n, now_of, before_n, before_of, compare="diff", method="newcomb")
    assert table.at["X1: visits", "low"] == pytest.approx(100 * low, abs=1e-6)
    assert table.at["X1: visits", "high"] == pytest.approx(100 * high, abs=1e-6)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, "better than before"),
        ({"better": "lower"}, "worse than before"),
        ({"now_n": 12}, "no clear difference"),
        ({"now_n": 3, "now_of": 8}, "not estimable"),
        ({"same_definition": "no"}, "not comparable"),
    ],
)
def test_what_was_found_is_said_and_never_guessed(changed, found):
    table = outcomes(outcome_line(**changed))
    assert table.at["X1: visits", "found"] == found
    assert np.isnan(table.at["X1: visits", "difference"]) == (found in ("not estimable", "not comparable"))


@pytest.mark.parametrize("changed", [{"before_n": 300}, {"now_n": np.nan}, {"now_of": -1}])
def test_numbers_that_cannot_be_are_left_out(changed):
    assert outcomes(outcome_line(**changed)).empty


def test_the_four_questions_of_the_live_evaluation():
    found = pd.DataFrame({"kind": ["better outcomes", "users' views"]})
    assert missing_kinds(found) == ["changed behaviour", "changed decisions"]


def years() -> tuple[SimpleNamespace, pd.DataFrame]:
    tool = SimpleNamespace(PERIOD="year_end", OUTCOME="outcome", OUTPUT="stability", SCORE=None, GROUPS=["sex"])
    parts = []
    for year, share in ((2024, 0.5), (2025, 0.5), (2026, 0.2)):
        hit = np.arange(200) < 200 * share
        parts.append(pd.DataFrame({"year_end": pd.Timestamp(f"{year}-03-31"), "outcome": hit, "sex": "F"}))
    return tool, pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("began", "before"),
    [(date(2025, 4, 1), 50), (date(2025, 3, 31), 50), (date(2025, 4, 2), None), (date(2026, 3, 3), None), (None, None)],
)
def test_a_year_counts_as_after_only_when_the_whole_of_it_is(began, before):
    table = own_outcome(*years(), began)
    if before is None:
        assert table.empty
        assert "no after" in findings.own_outcome(table, began)
    else:
        first = table.iloc[0]
        assert (first["percent_before"], first["percent"]) == (50, 20)
        assert "from 50% to 20%" in findings.own_outcome(table, began)


def test_what_disclosure_control_hides_is_not_in_the_sentence():
    tool, frame = years()
    few = frame.assign(outcome=frame.groupby("year_end").cumcount() < 3)
    said = findings.own_outcome(own_outcome(tool, few, date(2025, 4, 1)), date(2025, 4, 1))
    assert said == "Too few children to say what changed after the tool began"
