"""The usability scale is scored as it was published; intervals are Student's; too few answers give no mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.measures import findings, survey, sus_scores, themes
from evidence.measures.asking import EVERYONE, FEWEST, QUESTIONS, SCALE, SUS, mean_interval

# The example of Brooke's own paper: answers 5 4 2 1 2 3 2 4 5 2 give 22 points, 55 of 100.
BROOKE = [5, 4, 2, 1, 2, 3, 2, 4, 5, 2]


def people(rows: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(SUS), dtype="float64")


def test_the_example_of_the_paper():
    assert sus_scores(people([BROOKE])).tolist() == [55]


@pytest.mark.parametrize(("odd", "even", "score"), [(5, 1, 100), (1, 5, 0), (3, 3, 50)])
def test_the_ends_and_the_middle_of_the_scale(odd, even, score):
    assert sus_scores(people([[odd, even] * 5])).tolist() == [score]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=10, max_size=10))
def test_the_published_rule_word_by_word(answers):
    points = sum(a - 1 if at % 2 == 0 else 5 - a for at, a in enumerate(answers))
    assert sus_scores(people([answers])).iloc[0] == pytest.approx(points * 2.5)


def test_two_statements_left_out_count_as_the_mean_of_the_others_and_three_give_no_score():
    two, three = [4.0, 2.0] * 5, [4.0, 2.0] * 5
    two[0] = two[1] = np.nan
    three[0] = three[1] = three[2] = np.nan
    assert sus_scores(people([two])).iloc[0] == 75
    assert np.isnan(sus_scores(people([three])).iloc[0])
    assert np.isnan(sus_scores(people([[np.nan] * 10])).iloc[0])


def answered(n: int, skill: str = "low", seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({name: random.integers(1, 6, n).astype(float) for name in (*SUS, *QUESTIONS)})
    return frame.assign(skill=skill)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=2, max_size=40).filter(lambda values: np.ptp(values) > 0.01))
def test_the_interval_of_a_mean_is_scipys(values):
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(np.array(values)) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_everyone_and_each_level_of_skill():
    table = survey(pd.concat([answered(6, "low"), answered(4, "high", 2)]))
    assert table.loc[(SCALE, EVERYONE), "n"] == 10
    assert table.loc[(SCALE, "low skill"), "reliability"] == "few answers"
    assert table.loc[(SCALE, "high skill"), "reliability"] == "not estimable"
    assert np.isnan(table.loc[(SCALE, "high skill"), "mean"])
    assert table.loc[(SCALE, "medium skill"), "denominator"] == 0
    inside = table.dropna(subset="mean")
    assert ((inside["low"] <= inside["mean"]) & (inside["mean"] <= inside["high"])).all()
    assert (table.loc["I trust what it says", ["low", "high"]].stack().dropna().between(1, 5)).all()


def test_an_answer_left_out_lowers_n_and_not_the_number_asked():
    frame = answered(8)
    frame.loc[0, "trust"] = np.nan
    row = survey(frame).loc[("I trust what it says", EVERYONE)]
    assert (row["n"], row["denominator"]) == (7, 8)
    assert row["mean"] == pytest.approx(frame["trust"].mean())


def test_everyone_alike_has_a_mean_and_no_interval_of_no_width():
    frame = answered(FEWEST).assign(easy=4.0)
    row = survey(frame).loc[("it is easy to use", EVERYONE)]
    assert row["mean"] == 4
    assert row[["low", "high"]].isna().all()


def test_nobody_asked_is_no_evidence():
    table = survey(answered(0))
    assert table.empty
    assert findings.user_survey(table).startswith("Nobody has answered the survey yet")


def test_themes_are_counts_and_hold_no_words_of_anyone():
    frame = pd.DataFrame({"likes_theme": ["saves time", "saves time", "", "layout"], "improve_theme": [None] * 4})
    table = themes(frame)
    assert table.loc[("likes", "saves time")].tolist() == [2, 3]
    assert ("would improve", "") not in table.index
    assert themes(frame.iloc[:0]).empty
