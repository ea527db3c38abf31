"""A threshold passes or fails only where the whole interval says so; hidden groups are not spoken of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from evidence.measures import against_thresholds, estimates
from evidence.measures.words import verdicts as in_words


def overall(**counts: tuple[int, int]) -> pd.DataFrame:
    n, of = zip(*counts.values(), strict=True)
    return estimates(n, of, pd.Index(list(counts), name="measure"))


def groups(**counts: tuple[int, int]) -> pd.DataFrame:
    n, of = zip(*counts.values(), strict=True)
    index = pd.MultiIndex.from_tuples(
        [("sex", name, "recall") for name in counts], names=["characteristic", "group", "measure"]
    )
    return estimates(n, of, index)


@pytest.mark.parametrize(
    ("n", "reached", "said"),
    [
        (90, "yes", "pass"),
        (65, "yes", "insufficient evidence"),
        (55, "no", "insufficient evidence"),
        (30, "no", "fail"),
    ],
)
def test_the_whole_interval_decides(n, reached, said):
    row = against_thresholds(overall(recall=(n, 100)), groups(F=(50, 100)), [("recall", "everyone", 0.6)]).iloc[0]
    assert (row["reached"], row["verdict"], row["at_least"]) == (reached, said, 60)
    ends = binomtest(n, 100).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((100 * ends.low, 100 * ends.high))


def test_each_group_has_its_own_row_and_a_named_group_alone_has_one():
    by_group = groups(F=(80, 100), M=(30, 100), U=(2, 4))
    table = against_thresholds(overall(recall=(110, 200)), by_group, [("recall", "each group", 0.6)])
    assert {name[2] for name in table.index} <= {"F", "M"}
    one = against_thresholds(overall(recall=(1, 2)), groups(F=(80, 100), M=(30, 100)), [("recall", "SEX: f", 0.6)])
    assert list(one.index) == [("recall of at least 60%", "sex", "F")]


def test_what_is_hidden_or_too_small_is_not_spoken_of():
    by_group = groups(F=(80, 100), M=(3, 100), U=(1, 4))
    table = against_thresholds(overall(recall=(84, 204)), by_group, [("recall", "each group", 0.6)])
    assert not {"M", "U"} & {name[2] for name in table.index}
    assert against_thresholds(overall(recall=(3, 50)), by_group, [("recall", "everyone", 0.6)]).empty
    assert in_words(against_thresholds(overall(recall=(3, 50)), by_group, [("precision", "everyone", 0.6)])).startswith(
        "No"
    )


def test_a_tool_at_its_threshold_is_called_surely_above_or_below_as_rarely_as_said():
    random = np.random.default_rng(2)
    drawn = random.binomial(150, 0.6, 3000)
    said = [
        against_thresholds(overall(recall=(int(n), 150)), groups(F=(50, 100)), [("recall", "everyone", 0.6)]).iloc[0][
            "verdict"
        ]
        for n in np.unique(drawn)
    ]
    share = pd.Series(drawn).map(dict(zip(np.unique(drawn), said, strict=True))).value_counts(normalize=True)
    assert share["insufficient evidence"] == pytest.approx(0.95, abs=0.02)


def test_the_sentence_counts_all_three():
    table = against_thresholds(
        overall(recall=(90, 100), precision=(30, 100), accuracy=(61, 100)), groups(F=(50, 100)),
        [(name, "everyone", 0.6) for name in ("recall", "precision", "accuracy")],
    )  # fmt: skip
    assert in_words(table) == (
        "Of 3 figures held against a threshold, 1 pass, 1 fail, for 1 the interval holds the threshold, "
        "so there is not enough evidence"
    )
