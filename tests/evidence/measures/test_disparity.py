"""Gaps between groups are those of fairlearn and statsmodels, and their intervals hold what they say."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame
from sklearn.metrics import accuracy_score, recall_score
from statsmodels.stats.proportion import confint_proportions_2indep

from evidence.measures import against_the_rest, disparity, estimates, metrics_by_group


def drawn(seed: int, rows: int, groups: int = 4) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "outcome": random.random(rows) < random.uniform(0, 1),
            "flagged": random.random(rows) < random.uniform(0, 1),
            "group": random.choice([f"g{n}" for n in range(groups)], rows, p=random.dirichlet(np.ones(groups))),
        }
    )


@pytest.mark.parametrize("seed", range(120))
def test_the_widest_gap_is_that_of_fairlearn(seed):
    frame = drawn(seed, int(np.random.default_rng(seed).integers(80, 900)))
    found = disparity(metrics_by_group(frame, "outcome", "flagged", ["group"]))
    # Groups too small for a percentage are left out; fairlearn has no such rule, so it is given the others only.
    large = frame["group"].map(frame["group"].value_counts()) >= 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MetricFrame(
            metrics=accuracy_score,
            y_true=frame.loc[large, "outcome"],
            y_pred=frame.loc[large, "flagged"],
            sensitive_features=frame.loc[large, "group"],
        )
    if frame.loc[large, "group"].nunique() > 1:
        assert found.at[("group", "accuracy"), "gap"] == pytest.approx(100 * theirs.difference("between_groups"))


@pytest.mark.parametrize("seed", range(150))
def test_against_the_rest_is_two_proportions_of_statsmodels(seed):
    frame = drawn(seed, int(np.random.default_rng(seed).integers(60, 800)))
    table = against_the_rest(metrics_by_group(frame, "outcome", "flagged", ["group"]))
    for (_, group, measure), row in table.iterrows():
        if measure != "recall" or np.isnan(row["difference"]):
            continue
        here = frame["group"] == group
        inside, outside = frame[here & frame["outcome"]], frame[~here & frame["outcome"]]
        counts = inside["flagged"].sum(), len(inside), outside["flagged"].sum(), len(outside)
        rest = recall_score(frame.loc[~here, "outcome"], frame.loc[~here, "flagged"])
        assert row["percent_rest"] == pytest.approx(100 * rest)
        theirs = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
        ours = [row["difference_low"], row["difference_high"]]
        # Their interval of a share that is 0 or 100 is cut a hair off the end.
        assert ours == pytest.approx([100 * end for end in theirs], abs=1e-4)
        if counts[0] and counts[2]:
            low, high = confint_proportions_2indep(*counts, method="log", compare="ratio")
            assert row["ratio"] == pytest.approx(row["percent"] / row["percent_rest"])
            assert [row["ratio_low"], row["ratio_high"]] == pytest.approx([low, high], rel=1e-6)


def by_group(counts: dict[str, tuple[int, int]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(
        [("sex", group, "recall") for group in counts], names=["characteristic", "group", "measure"]
    )
    n, of = zip(*counts.values(), strict=True)
    return estimates(n, of, index)


def test_too_few_on_either_side_is_not_estimable_and_never_nought():
    table = against_the_rest(by_group({"F": (0, 4), "M": (30, 60)}))
    assert table[["difference", "ratio", "percent_rest"]].isna().all(axis=None)
    assert table["reliability"].eq("not estimable").all()
    assert disparity(by_group({"F": (0, 4), "M": (30, 60)})).empty


def test_a_gap_worked_out_by_hand():
    row = disparity(by_group({"F": (40, 50), "M": (20, 50), "U": (1, 3)})).loc[("sex", "recall")]
    assert (row["lowest"], row["highest"], row["groups"]) == ("M", "F", 2)
    assert row["gap"] == pytest.approx(40)
    # Wilson gives 67.0 to 88.8 and 27.6 to 53.8: 40 less the root of 13.0² + 13.8², and plus that of 8.8² + 12.4².
    assert (row["low"], row["high"]) == pytest.approx((21.0, 55.2), abs=0.05)
    assert row["beyond_chance"] == "yes"


def test_the_widest_of_many_gaps_is_called_real_as_rarely_as_said():
    random = np.random.default_rng(11)
    called = 0
    for _ in range(400):
        counts = {f"g{n}": (int(random.binomial(60, 0.4)), 60) for n in range(6)}
        found = disparity(by_group(counts))
        called += found.iloc[0]["beyond_chance"] == "yes"
    # Six equal groups: at most 5 in 100 may be called different. Without the wider interval it would be some 30.
    assert called <= 0.05 * 400 + 3 * np.sqrt(400 * 0.05 * 0.95)
