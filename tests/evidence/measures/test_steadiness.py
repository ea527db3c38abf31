"""Reasons that do not depend on which children are drawn are steady; reasons made of noise are not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from evidence.measures import case_stability, explanation_stability, findings, steadiness

PARAMETERS = {"seed": 4}
FACTORS = ["age", "place", "need", "month", "moon"]


def tool(noise: bool) -> SimpleNamespace:
    """Learns the mean difference that each factor makes; `noise` gives it factors that make none."""
    factors = FACTORS

    def effects(frame: pd.DataFrame) -> pd.Series:
        learnt = frame[frame["used_for"] == "training"]
        return pd.Series(
            {
                name: learnt["outcome"].astype(float)[learnt[name]].mean()
                - learnt["outcome"].astype(float)[~learnt[name]].mean()
                for name in factors
            }
        )

    def weights(frame, parameters):
        return effects(frame).abs().sort_values(ascending=False).to_frame("weight")

    def run(frame, parameters):
        score = frame[factors].astype(float) @ effects(frame)
        return frame.assign(flagged=score > score.median())

    def explain(frame, parameters):
        first = weights(frame, parameters).index
        return pd.DataFrame({"why": f"Flagged: 3 in 10. What weighs most: {first[0]}; {first[1]}."}, index=frame.index)

    return SimpleNamespace(
        UNIT="child", OUTCOME="outcome", OUTPUT="flagged", weights=weights, run=run, explain=explain, noise=noise
    )


def frame(noise: bool, rows: int = 1200) -> pd.DataFrame:
    random = np.random.default_rng(1)
    table = pd.DataFrame({name: random.random(rows) < 0.5 for name in FACTORS})
    strength = np.zeros(5) if noise else np.array([0.4, 0.25, 0.1, 0, 0])
    chance = 0.1 + table.to_numpy(float) @ strength
    table["outcome"] = pd.array(random.random(rows) < chance, dtype="boolean")
    table["child"] = [f"C{number // 2}" for number in range(rows)]
    table["used_for"] = np.where(np.arange(rows) < rows // 2, "training", "testing")
    return table


def test_strong_reasons_come_out_again_and_noise_does_not():
    strong = explanation_stability(tool(False), tool(False).run(frame(False), PARAMETERS), PARAMETERS)
    noise = explanation_stability(tool(True), tool(True).run(frame(True), PARAMETERS), PARAMETERS)
    assert strong["percent"].iloc[:2].min() >= 90
    assert strong["denominator"].eq(25).all()
    assert noise["percent"].min() < 90
    assert "Not steady" in findings.explanation_stability(noise)


def test_cases_keep_strong_reasons_and_lose_those_of_noise():
    strong = case_stability(tool(False), frame(False), PARAMETERS)
    noise = case_stability(tool(True), frame(True), PARAMETERS)
    assert strong.loc["the first reason", "percent"] > 90
    assert noise.loc["the first reason", "percent"] < 70
    assert strong["denominator"].eq(2000).all()
    assert ((strong["low"] <= strong["percent"]) & (strong["percent"] <= strong["high"])).all()


def test_the_same_seed_says_the_same_again():
    first, again = (case_stability(tool(True), frame(True), PARAMETERS) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)


def test_the_rows_that_are_only_judged_stay_as_they_are():
    seen = []
    one = tool(False)
    plain = one.run
    one.run = lambda rows, parameters: seen.append(rows) or plain(rows, parameters)
    case_stability(one, frame(False), PARAMETERS, times=2, cases=50)
    judged = [rows[rows["used_for"] == "testing"].drop(columns="used_for") for rows in seen[1:]]
    assert all(rows.index.is_unique for rows in seen)
    pd.testing.assert_frame_equal(judged[0], judged[1])
    # Children are drawn whole: both rows of a child are there as often.
    drawn = seen[1][seen[1]["used_for"] == "training"].groupby("child").size()
    assert (drawn % 2 == 0).all()


def test_a_tool_that_learns_from_nobody_has_no_cases_to_lose():
    table = case_stability(tool(False), frame(False).drop(columns="used_for"), PARAMETERS)
    assert table.empty
    assert "learns from no other children" in findings.case_stability(table)


def test_of_very_many_children_some_stand_for_all_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr(steadiness, "MOST_CHILDREN", 300)
    seen, learns = [], tool(False)
    plain = learns.run
    learns.run = lambda rows, parameters: seen.append(rows["child"].nunique()) or plain(rows, parameters)
    many = frame(False, 6000)
    reasons = explanation_stability(tool(False), tool(False).run(many, PARAMETERS), PARAMETERS)
    cases = case_stability(learns, many, PARAMETERS, times=3, cases=100)
    # Those that are judged are there besides, whether they were taken or not.
    assert seen and max(seen) <= 400
    assert cases["denominator"].eq(300).all() and cases.loc["the first reason", "percent"] > 60
    assert reasons["percent"].iloc[:2].min() >= 90
    said = "(300 children, taken at random, stand for all)"
    assert said in findings.explanation_stability(reasons) and said in findings.case_stability(cases)
    few = explanation_stability(tool(False), tool(False).run(frame(False, 400), PARAMETERS), PARAMETERS)
    assert "stand for all" not in findings.explanation_stability(few)
