"""Tables of the same children by the same groups hide the same groups, so that none gives away what another hides."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import measures
from evidence.measures.words import REPRESENTATION
from evidence.privacy import protect


def hidden_groups(table: pd.DataFrame, column: str) -> set:
    """The groups whose number is hidden; the row of all children stands in one of the tables alone."""
    return set(table.index[table[column].map(lambda value: value == "c")]) - {("All", "All children")}


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=6),
    shares=st.lists(st.integers(0, 10), min_size=6, max_size=6),
    odd=st.integers(1, 6),
)
def test_today_and_representation_hide_the_same_groups(sizes, shares, odd):
    frame = pd.DataFrame({"group": np.repeat([f"g{n}" for n in range(len(sizes))], sizes)})
    place = frame.groupby("group").cumcount()
    share = frame["group"].map(dict(zip([f"g{n}" for n in range(6)], shares, strict=True)))
    frame["outcome"] = (place % 10 < share).astype("boolean")
    frame["kind"] = np.where(np.arange(len(frame)) < odd, "few", "many")
    baseline = measures.by_each(frame, "outcome", ["group", "kind"], overall=True)
    shown = protect(baseline, counts=["denominator"], parts={"n": "denominator"}).table
    beside = measures.representation(frame[frame["outcome"]], ["group", "kind"], frame)
    shown_beside = protect(beside, **REPRESENTATION).table
    for column, other in (("n", "n"), ("denominator", "in_group")):
        assert hidden_groups(shown, column) == hidden_groups(shown_beside, other)
    assert hidden_groups(shown_beside, "in_group") <= hidden_groups(shown_beside, "reference_percent")
