"""Measures of anonymity against values worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from evidence.privacy import reidentification_risk
from evidence.project import EvidenceError

# Five groups alike in age and sex: (10-15, M) has 3 children, (10-15, F) 2, (missing, M) 2, and two groups have 1:
# (16+, F) and (missing, missing).
FRAME = pd.DataFrame(
    {
        "age": ["10-15", "10-15", "10-15", "10-15", "10-15", None, None, "16+", None],
        "sex": ["M", "M", "M", "F", "F", "M", "M", "F", None],
        "need": ["N1", "N1", "N2", "N1", "N1", "N1", None, "N2", "N1"],
    }
)


@pytest.fixture
def measured() -> pd.DataFrame:
    return reidentification_risk(FRAME, ["age", "sex"], "need").set_index("measure")


def test_k_anonymity_counts_missing_as_a_category(measured):
    assert measured.loc["k-anonymity", ["value", "children", "share"]].tolist() == [1, 2, 22.2]


def test_unique_records(measured):
    assert measured.loc["unique records", "value"] == 2


def test_small_groups(measured):
    assert measured.loc["in groups under 5", "value"] == 9


def test_l_diversity(measured):
    # Groups of one value: the two girls of 10-15 (N1, N1), and the two who stand alone.
    assert measured.loc["l-diversity", ["value", "children"]].tolist() == [1, 4]


def test_t_closeness(measured):
    # Everybody: N1 6/9, N2 2/9, missing 1/9. The girl of 16 and over has N2 only: (6/9 + 7/9 + 1/9) / 2 = 7/9.
    assert measured.loc["t-closeness", ["value", "children"]].tolist() == [0.7778, 1]


def test_categories_that_nobody_has_do_not_count():
    frame = FRAME.astype({"sex": "category"})
    frame["sex"] = frame["sex"].cat.add_categories("U")
    assert reidentification_risk(frame, ["sex"]).set_index("measure").loc["k-anonymity", "value"] == 1


def test_generalising_helps():
    one_group = reidentification_risk(FRAME.assign(age="any", sex="any"), ["age", "sex"], ["need"]).set_index("measure")
    assert one_group.loc["k-anonymity", "value"] == 9
    assert one_group.loc["l-diversity", "value"] == 3
    assert one_group.loc["t-closeness", "value"] == 0


def test_unknown_column():
    with pytest.raises(EvidenceError, match="no column height"):
        reidentification_risk(FRAME, ["height"])
