"""Accuracy measures equal those of scikit-learn and fairlearn on generated cases, one-class ones among them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, true_negative_rate
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    multilabel_confusion_matrix,
    precision_score,
    recall_score,
)

from evidence.measures import (
    against_rule,
    calibration,
    confusion,
    groups_in_sight,
    metrics,
    metrics_by_group,
    one_measure,
    over_thresholds,
    side_by_side,
)

cases = st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(["A", "B", "C"])), min_size=1, max_size=80)


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["outcome", "flagged", "group"])
    return frame.astype({"outcome": "boolean", "flagged": "bool", "group": "str"})


@settings(max_examples=300, deadline=None)
@given(cases)
def test_metrics_are_those_of_scikit_learn(rows):
    frame = frame_of(rows)
    truth, flag = frame["outcome"].astype(int), frame["flagged"].astype(int)
    table = metrics(frame, "outcome", "flagged")
    cells = confusion(frame, "outcome", "flagged")
    assert [cells["n0"], cells["f0"], cells["n1"], cells["f1"]] == confusion_matrix(
        truth, flag, labels=[0, 1]
    ).ravel().tolist()
    expected = {
        "recall": recall_score(truth, flag, zero_division=np.nan),
        "precision": precision_score(truth, flag, zero_division=np.nan),
        "specificity": recall_score(1 - truth, 1 - flag, zero_division=np.nan),
        "false discovery": 1 - precision_score(truth, flag, zero_division=np.nan),
        "false omission": 1 - precision_score(1 - truth, 1 - flag, zero_division=np.nan),
        "accuracy": accuracy_score(truth, flag),
        "flagged": flag.mean(),
        "outcome": truth.mean(),
    }
    for measure, value in expected.items():
        row = table.loc[measure]
        if row["denominator"] < 10:
            assert np.isnan(row["percent"])
            assert row["reliability"] == "not estimable"
        else:
            assert row["percent"] == pytest.approx(100 * value)
            assert row["low"] <= row["percent"] <= row["high"]


@settings(max_examples=60, deadline=None)
@given(cases)
def test_metrics_by_group_are_those_of_fairlearn(rows):
    frame = frame_of(rows)
    truth, flag = frame["outcome"].astype(int), frame["flagged"].astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MetricFrame(
            metrics={
                "recall": recall_score, "precision": precision_score,
                "specificity": true_negative_rate, "accuracy": accuracy_score,
            },
            y_true=truth, y_pred=flag, sensitive_features=frame["group"],
        ).by_group  # fmt: skip
    table = metrics_by_group(frame, "outcome", "flagged", ["group"])
    for group, row in theirs.iterrows():
        for measure, value in row.items():
            ours = table.loc[("group", group, measure)]
            if not np.isnan(ours["percent"]):
                assert ours["percent"] == pytest.approx(100 * value)


def test_two_thousand_groups_are_those_of_scikit_learn_empty_and_of_one_class_too():
    """Groups of 1 to 40 children, many with one class only, each a label of scikit-learn's own count of many labels."""
    random, parts, expected = np.random.default_rng(12), [], []
    for size in (1, 9, 10, 11, 40):
        rate, flagged = random.choice([0, 0.1, 0.5, 1], 400), random.choice([0, 0.3, 1], 400)
        truth, flag = random.random((size, 400)) < rate, random.random((size, 400)) < flagged
        expected.append(multilabel_confusion_matrix(truth, flag).reshape(400, 4))
        names = [f"{size} {number}" for number in range(400)] * size
        parts.append(pd.DataFrame({"outcome": truth.ravel(), "flagged": flag.ravel(), "group": names}))
    frame, counted = pd.concat(parts, ignore_index=True), np.vstack(expected)
    names, empty = list(dict.fromkeys(frame["group"])), [f"empty {number}" for number in range(50)]
    frame["group"] = pd.Categorical(frame["group"], categories=[*names, *empty])
    table = metrics_by_group(frame, "outcome", "flagged", ["group"]).droplevel("characteristic")
    n, of = table["n"].unstack("measure"), table["denominator"].unstack("measure")
    assert (of.loc[empty] == 0).all(axis=None)
    no_alarm, false_alarm, missed, found = counted.T
    for measure, top, bottom in (
        ("recall", found, found + missed),
        ("precision", found, found + false_alarm),
        ("specificity", no_alarm, no_alarm + false_alarm),
        ("accuracy", found + no_alarm, counted.sum(axis=1)),
    ):
        assert (n.loc[names, measure].to_numpy() == top).all() and (of.loc[names, measure].to_numpy() == bottom).all()
    one_class = (found + missed == 0) | (no_alarm + false_alarm == 0)
    assert one_class.sum() > 500 and (~one_class).sum() > 500
    few = table["denominator"] < 10
    assert table.loc[few, ["percent", "low", "high"]].isna().all(axis=None)
    usable = table[~few]
    assert usable["percent"].to_numpy() == pytest.approx((100 * usable["n"] / usable["denominator"]).to_numpy())


def test_specificity_is_one_less_false_positives():
    frame = frame_of([(False, True, "A")] * 20 + [(False, False, "A")] * 30)
    rate = false_positive_rate(frame["outcome"].astype(int), frame["flagged"].astype(int), pos_label=1)
    assert metrics(frame, "outcome", "flagged").at["specificity", "percent"] == pytest.approx(100 * (1 - rate))


def test_a_class_that_does_not_occur_is_not_estimable_and_never_nought_or_a_hundred():
    frame = frame_of([(False, False, "A")] * 50)
    table = metrics(frame, "outcome", "flagged")
    assert table.loc[["recall", "precision"], "percent"].isna().all()
    assert table.loc[["recall", "precision"], "reliability"].eq("not estimable").all()


def test_an_outcome_that_is_not_known_counts_nowhere():
    frame = frame_of([(True, True, "A")] * 20)
    frame.loc[:4, "outcome"] = pd.NA
    assert metrics(frame, "outcome", "flagged").at["accuracy", "denominator"] == 15


def test_a_missing_group_is_a_group_of_its_own():
    frame = frame_of([(True, True, "A")] * 20)
    frame.loc[:9, "group"] = None
    table = one_measure(metrics_by_group(frame, "outcome", "flagged", ["group"]), "recall")
    assert len(table) == 2
    assert table["denominator"].tolist() == [10, 10]


@pytest.fixture
def scored() -> pd.DataFrame:
    random = np.random.default_rng(3)
    score = random.beta(1, 4, 3000)
    frame = pd.DataFrame(
        {"score": score, "outcome": random.random(3000) < score, "group": random.choice(["A", "B"], 3000)}
    )
    return frame.assign(flagged=frame["score"] >= 0.25, rule=random.random(3000) < 0.2)


def test_calibration_is_that_of_scikit_learn(scored):
    table = calibration(scored, "outcome", "score")
    share, mean = calibration_curve(scored["outcome"], scored["score"], n_bins=10, strategy="quantile")
    assert table["percent"].tolist() == pytest.approx((100 * share).tolist(), abs=0.4)
    assert table["predicted"].tolist() == pytest.approx((100 * mean).tolist(), abs=0.4)
    assert ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).sum() >= 9


def test_calibration_does_not_hang_on_the_order_of_rows_even_with_equal_scores(scored):
    scored["score"] = scored["score"].round(1)
    first, second = (calibration(rows, "outcome", "score") for rows in (scored, scored.sample(frac=1, random_state=2)))
    pd.testing.assert_frame_equal(first, second)


def test_calibration_of_nobody_is_an_empty_table(scored):
    assert calibration(scored.iloc[:0], "outcome", "score").empty


def test_recall_falls_as_the_threshold_rises(scored):
    table = over_thresholds(scored, "outcome", "score", [0.1, 0.25, 0.5])
    assert table["percent"].is_monotonic_decreasing
    assert table.loc["0.25", "n"] == (scored["flagged"] & scored["outcome"]).sum()


def test_against_a_rule_that_is_chance_the_tool_is_better(scored):
    table = against_rule(scored, "outcome", "flagged", "rule")
    assert table.at["precision", "better"] == "tool"
    assert table.at["precision", "percent_today"] == pytest.approx(
        100 * precision_score(scored["outcome"], scored["rule"])
    )
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()


def test_against_itself_there_is_no_difference(scored):
    table = against_rule(scored, "outcome", "flagged", "flagged")
    assert table["difference"].eq(0).all()
    assert table["better"].eq("no clear difference").all()


def test_less_is_better_for_false_alarms(scored):
    turned = against_rule(scored, "outcome", "rule", "flagged")
    assert turned.at["false discovery", "better"] == "today"


def test_against_rule_says_the_same_again(scored):
    first, second = (against_rule(scored, "outcome", "flagged", "rule", seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_side_by_side_hides_a_group_with_any_small_number_and_another_with_it():
    """Twenty of each kind in groups A, B and C; in D three children have the outcome and are flagged."""
    kinds = [(True, True), (True, False), (False, True), (False, False)]
    rows = [(*kind, group) for group in "ABC" for kind in kinds for _ in range(20 + "ABC".index(group))]
    rows += [(*kind, "D") for kind, number in zip(kinds, (3, 30, 30, 30), strict=True) for _ in range(number)]
    frame = frame_of(rows)
    seen = groups_in_sight(frame, "outcome", "flagged", ["group"])
    assert list(seen) == [("group", "B"), ("group", "C")]
    wide = side_by_side(metrics_by_group(frame, "outcome", "flagged", ["group"]), seen)
    assert wide.loc[("group", "D")].eq("c").all()
    assert wide.loc[("group", "A")].eq("c").all()
    assert wide.at[("group", "B"), "recall"] == "50% (36 to 64), 21 of 42"
