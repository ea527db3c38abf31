"""Agreement equals statsmodels and scikit-learn; who is treated differently adds up to all children."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa as theirs

from evidence.measures import AGREEMENT, DIFFERENTLY, agreement, cohens_kappa, treated_differently
from evidence.measures.agreeing import CELLS, WAYS, counted
from evidence.privacy import protect

cell = st.integers(0, 400)


@settings(max_examples=400, deadline=None)
@given(cell, cell, cell, cell)
@example(0, 0, 1, 76)
def test_kappa_and_its_interval_are_those_of_statsmodels(both, tool, team, neither):
    kappa, low, high = cohens_kappa(both, tool, team, neither)
    total = both + tool + team + neither
    by_chance = (both + tool) * (both + team) + (neither + tool) * (neither + team)
    if total == 0 or by_chance == total**2:
        assert np.isnan([kappa, low, high]).all()
        return
    expected = theirs([[both, tool], [team, neither]])
    assert kappa == pytest.approx(expected.kappa, abs=1e-9)
    if np.isnan(expected.kappa_low):
        # Its variance of nought came out just below it.
        assert (low, high) == pytest.approx((kappa, kappa), abs=1e-6)
        return
    assert low == pytest.approx(max(expected.kappa_low, -1), abs=1e-6)
    assert high == pytest.approx(min(expected.kappa_upp, 1), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=10, max_size=80))
def test_kappa_of_rows_is_that_of_scikit_learn(rows):
    frame = pd.DataFrame(rows, columns=["tool", "team"])
    table = agreement(counted(frame, "tool", "team"))
    row = table.iloc[0]
    assert row["n"] == (frame["tool"] == frame["team"]).sum()
    assert row["denominator"] == len(frame)
    if frame.stack().nunique() == 1:
        assert np.isnan(row["kappa"])
    else:
        assert row["kappa"] == pytest.approx(cohen_kappa_score(frame["tool"], frame["team"]), abs=1e-9)


def test_nine_children_have_no_kappa_and_no_percentage():
    table = agreement(pd.DataFrame([[3, 2, 2, 2]], columns=CELLS))
    assert table[["percent", "kappa", "kappa_low", "kappa_high"]].isna().all(axis=None)
    assert table["reliability"].tolist() == ["not estimable"]


def children(n: int) -> pd.DataFrame:
    random = np.random.default_rng(n)
    return pd.DataFrame(
        {
            "tool": random.random(n) < 0.3,
            "team": random.random(n) < 0.3,
            "sex": random.choice(["F", "M"], n),
            "age_band": random.choice(["Under 1", "5 to 9", "10 to 15"], n),
        }
    )


def test_who_is_treated_differently_adds_up_in_every_characteristic():
    frame = children(400)
    table = treated_differently(frame, "tool", "team", ["sex", "age_band"])
    for characteristic in ("sex", "age band"):
        part = table.loc[characteristic]
        assert part["denominator"].sum() == 400
        assert part["n"].sum() == (frame["tool"] != frame["team"]).sum()
        assert part["tool_only"].sum() == (frame["tool"] & ~frame["team"]).sum()
    assert (table[WAYS].sum(axis=1) == table["denominator"]).all()
    assert table.loc["age band"].index.tolist() == ["Under 1", "5 to 9", "10 to 15"]


def test_a_decision_that_is_missing_counts_nowhere():
    frame = pd.DataFrame({"tool": [True, True, False], "team": pd.array([True, None, False], dtype="boolean")})
    assert counted(frame, "tool", "team").iloc[0].tolist() == [1, 0, 0, 1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(cell, cell, cell, cell), min_size=1, max_size=4))
def test_where_a_number_of_children_is_hidden_kappa_is_hidden_too(rows):
    table = agreement(pd.DataFrame(rows, columns=CELLS))
    safe = protect(table, **AGREEMENT).table
    for at in range(len(table)):
        small = any(1 <= table.iloc[at][name] <= 5 for name in CELLS)
        for name in ("n", "percent", "kappa", "kappa_low", "kappa_high"):
            if small and pd.notna(table.iloc[at][name]):
                assert safe.iloc[at][name] == "c"


def test_few_treated_differently_are_hidden_with_all_that_gives_them_away():
    frame = pd.DataFrame({"tool": [True] * 3 + [False] * 97, "team": False, "sex": ["F"] * 50 + ["M"] * 50})
    safe = protect(treated_differently(frame, "tool", "team", ["sex"]), **DIFFERENTLY).table
    assert safe.loc[("sex", "F"), ["tool_only", "n", "percent"]].tolist() == ["c", "c", "c"]
