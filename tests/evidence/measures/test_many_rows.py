"""What is worked out on numbers instead of texts, and what is let go meanwhile: the same as the plain way."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.measures import placements, steadiness

_TEXTS = st.lists(st.sampled_from(["b", "a", "Z", "é", None]), min_size=1, max_size=30)


@given(_TEXTS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_the_numbers_of_values_sort_as_pandas_sorts_them(texts, random):
    made = pd.Series(texts, dtype="str")
    dates = made.map({"b": "2020-01-02", "a": "1965-03-04", "Z": "2020-01-01", "é": "2031-01-01"})
    columns = {
        "text": made,
        "category": made.astype("category"),
        "date": pd.to_datetime(dates),
        "whole": pd.Series([random.choice([3, 1, None]) for _ in texts], dtype="Int64"),
        "truth": pd.Series([random.choice([True, False, None]) for _ in texts], dtype="boolean"),
        "number": pd.Series([random.choice([0.5, -1.0, np.nan]) for _ in texts]),
    }
    for name, values in columns.items():
        order = np.argsort(placements.in_order_of_values(values), kind="stable")
        expected = values.sort_values(kind="stable", na_position="last")
        assert list(order) == list(expected.index), name


def test_rows_alike_but_for_the_token_come_in_the_order_of_the_tokens_however_they_came():
    frame = pd.DataFrame({"child": ["c", "a", "b", "d"], "sex": ["F", "F", "F", "A"], "placements": [1, 1, 1, 2]})
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 3]):
        given_ = frame.iloc[order].reset_index(drop=True)
        kept = given_.copy()
        ordered = placements.in_steady_order(given_)
        pd.testing.assert_frame_equal(ordered, given_.sort_values(["sex", "placements", "child"], ignore_index=True))
        # What was given is as it was.
        pd.testing.assert_frame_equal(given_, kept)


@pytest.mark.parametrize("learns", [True, False])
def test_children_are_drawn_again_as_a_plain_search_draws_them(learns):
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"child": random.choice(list("abcdef"), 40), "row": range(40), "outcome": True})
    if learns:
        frame["used_for"] = random.choice(["training", "testing"], 40)
    tool = SimpleNamespace(UNIT="child", OUTCOME="outcome")
    learnt = frame["used_for"] == "training" if learns else frame["outcome"]
    rows_of = {}
    for place, child in enumerate(frame["child"]):
        if learnt[place]:
            rows_of.setdefault(child, []).append(place)
    again = np.random.default_rng(9)
    for drawn in steadiness._drawn(tool, frame, frame.index, {"seed": 9}, 3):
        children = list(rows_of.values())
        expected = [row for number in again.integers(0, len(children), len(children)) for row in children[number]]
        judged = list(frame.index[~learnt])
        assert drawn["row"].tolist() == judged + expected
        assert drawn.index.is_unique
