"""Decisions are laid beside what the tool had said by then; new children beside those of the alpha test."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evidence.measures import (
    alpha_to_beta,
    beside_today,
    differently_by_group,
    drift_to_beta,
    findings,
    known_from,
    parallel_run,
    says_yes_or_no,
)

TOOL = SimpleNamespace(
    UNIT="child", PERIOD="year_end", OUTCOME="outcome", OUTPUT="flagged", SCORE="probability", GROUPS=["sex"]
)
YEARS = pd.to_datetime(["2024-03-31", "2025-03-31", "2026-03-31"])
USED = dict(zip(YEARS, ["training", "testing", "coming year"], strict=True))


def output(children: int = 300, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    parts = []
    for year in YEARS:
        probability = random.random(children)
        outcome = pd.array(random.random(children) < probability * 0.4, dtype="boolean")
        parts.append(
            pd.DataFrame(
                {
                    "child": [f"C{number}" for number in range(children)],
                    "year_end": year,
                    "sex": random.choice(["Female", "Male"], children),
                    "age": random.integers(0, 18, children),
                    "probability": probability,
                    "flagged": probability > 0.7,
                    "outcome": outcome if year < YEARS[2] else pd.array([None] * children, dtype="boolean"),
                    "used_for": USED[year],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def decisions(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["child", "date", "decision"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def lines(*rows: dict) -> pd.DataFrame:
    empty = dict.fromkeys(("both", "tool_only", "team_only", "neither"), np.nan)
    days = {"starts": pd.Timestamp("2026-04-01"), "ends": pd.Timestamp("2026-04-28")}
    return pd.DataFrame([{"id": f"PR{at}", **days, **empty, **row} for at, row in enumerate(rows, 1)])


def test_a_decision_is_laid_beside_the_last_output_that_stood_on_its_day():
    said = output()
    rows = beside_today(TOOL, said, decisions(("C1", "2026-04-02", True), ("C2", "2026-03-30", False)))
    assert rows.set_index("child").loc["C1", "year_end"] == YEARS[2]
    assert rows.set_index("child").loc["C2", "year_end"] == YEARS[1]
    expected = said[(said["child"] == "C2") & (said["year_end"] == YEARS[1])]["flagged"].iloc[0]
    assert rows.set_index("child").loc["C2", "flagged"] == expected
    assert rows["flagged"].dtype == bool


def test_a_decision_on_the_day_itself_sees_the_output_of_that_day():
    rows = beside_today(TOOL, output(), decisions(("C1", "2026-03-31", True)))
    assert rows["year_end"].tolist() == [YEARS[2]]


def test_children_the_tool_does_not_know_are_counted_and_left_out():
    rows = beside_today(
        TOOL, output(), decisions(("C1", "2026-04-02", True), ("X", "2026-04-02", True), ("C3", "2020-01-01", True))
    )
    assert rows["child"].tolist() == ["C1"]
    assert rows.attrs == {"decisions": 3, "unknown": 2}


def test_a_child_decided_on_twice_counts_once_and_as_picked_out():
    rows = beside_today(TOOL, output(), decisions(("C1", "2026-04-09", True), ("C1", "2026-04-02", False)))
    assert rows["team"].tolist() == [True]
    assert rows["decided_on"].tolist() == [pd.Timestamp("2026-04-02")]


def everyone_decided(said: pd.DataFrame, picked: pd.Series) -> pd.DataFrame:
    now = said[said["year_end"] == YEARS[2]]
    frame = pd.DataFrame({"child": now["child"], "date": pd.Timestamp("2026-04-10"), "decision": picked.to_numpy()})
    return beside_today(TOOL, said, frame)


def test_lines_with_numbers_and_lines_with_children_stand_in_one_table_with_their_sum():
    said = output()
    now = said[said["year_end"] == YEARS[2]]
    beside = everyone_decided(said, now["flagged"])
    counted = lines({"both": 10, "tool_only": 15, "team_only": 16, "neither": 59}, {})
    table = parallel_run(TOOL, counted, beside)
    assert table.index.tolist() == ["PR1", "PR2", "all lines together"]
    assert table.loc["PR2", "percent"] == 100
    assert table.loc["PR2", "kappa"] == pytest.approx(1)
    assert table.loc["all lines together", "denominator"] == 100 + len(now)
    assert table.loc["all lines together", "tool_only"] == 15
    assert "say the same of" in findings.parallel_run(table)


def test_decisions_outside_every_line_count_nowhere():
    said = output()
    beside = everyone_decided(said, said[said["year_end"] == YEARS[2]]["flagged"])
    late = lines({"starts": pd.Timestamp("2026-05-01"), "ends": pd.Timestamp("2026-05-31")})
    assert parallel_run(TOOL, late, beside).empty
    assert differently_by_group(TOOL, late, beside).empty
    assert parallel_run(TOOL, lines(), beside).empty
    assert findings.parallel_run(pd.DataFrame()).startswith("No parallel run is recorded yet")


def test_who_is_treated_differently_is_counted_among_the_children_of_the_lines():
    said = output()
    now = said[said["year_end"] == YEARS[2]]
    beside = everyone_decided(said, ~now["flagged"])
    table = differently_by_group(TOOL, lines({}), beside)
    assert table["percent"].eq(100).all()
    assert table["denominator"].sum() == len(now)


def test_a_tool_that_gives_words_is_not_laid_beside_yes_and_no():
    said = output().assign(flagged="same placement all year")
    assert not says_yes_or_no(TOOL, said)
    beside = beside_today(TOOL, said, decisions(("C1", "2026-04-02", True)))
    assert parallel_run(TOOL, lines({}), beside).empty
    assert len(parallel_run(TOOL, lines({"both": 10, "tool_only": 15, "team_only": 16, "neither": 59}), beside)) == 1


def test_new_children_are_compared_in_what_is_known_and_the_rest_gets_a_date():
    said = output()
    table = alpha_to_beta(TOOL, said, {"seed": 1})
    assert table.loc["flagged", "denominator"] == 300
    assert np.isfinite(table.loc["flagged", "difference"])
    assert table.loc[["recall", "precision", "accuracy"], "difference"].isna().all()
    assert known_from(TOOL, said) == pd.Timestamp("2027-03-31")
    assert findings.alpha_to_beta(table, known_from(TOOL, said)).endswith("will be known from 31 March 2027")


def test_once_the_outcome_is_known_accuracy_is_compared_with_an_interval():
    said = output()
    said["outcome"] = said["outcome"].fillna(said["probability"] > 0.8)
    table = alpha_to_beta(TOOL, said, {"seed": 1})
    assert table["difference"].notna().all()
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()
    assert known_from(TOOL, said) is None


def test_without_a_later_period_there_is_nothing_to_compare():
    said = output()
    said = said[said["year_end"] < YEARS[2]]
    assert alpha_to_beta(TOOL, said, {"seed": 1}).empty
    assert drift_to_beta(TOOL, said, {"seed": 1}).empty


def test_planted_drift_from_alpha_to_beta_rings():
    said = output()
    later = said["year_end"] == YEARS[2]
    said.loc[later, "age"] = said.loc[later, "age"] // 2
    table = drift_to_beta(TOOL, said, {"seed": 1})
    assert table["alarm"].to_dict() == {"sex": "no", "age": "yes"}
