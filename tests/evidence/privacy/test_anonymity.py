"""Measures of anonymity against values worked out by hand from the published definitions, and against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

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


def of(frame: pd.DataFrame, quasi: list[str], sensitive: str, measure: str) -> float:
    return reidentification_risk(frame, quasi, sensitive).set_index("measure").at[measure, "value"]


def test_k_anonymity_counts_missing_as_a_category(measured):
    assert measured.loc["k-anonymity", ["value", "children", "share"]].tolist() == [1, 2, 22.2]


def test_unique_records(measured):
    assert measured.loc["unique records", "value"] == 2
    assert "nobody like them in the council" in measured.at["unique records", "meaning"]


def test_small_groups(measured):
    assert measured.loc["in groups under 5", "value"] == 9


def test_l_diversity(measured):
    # Groups of one value: the two girls of 10-15 (N1, N1), and the two who stand alone.
    assert measured.loc["l-diversity", ["value", "children"]].tolist() == [1, 4]


def test_entropy_l_diversity():
    # One group with N1 three times and N2 once, one with both twice. The first is the easier to guess:
    # exp(-(3/4 ln 3/4 + 1/4 ln 1/4)) = 4 / 3^(3/4) = 1.7548; the second is as hard as two equally frequent values.
    frame = pd.DataFrame({"area": list("aaaabbbb"), "need": ["N1", "N1", "N1", "N2", "N1", "N1", "N2", "N2"]})
    table = reidentification_risk(frame, ["area"], "need").set_index("measure")
    assert table.loc["entropy l-diversity", "value"] == pytest.approx(4 / 3**0.75, abs=1e-4)
    assert table.loc["entropy l-diversity", "children"] == 4
    assert of(frame[4:], ["area"], "need", "entropy l-diversity") == 2


def test_t_closeness(measured):
    # Everybody: N1 6/9, N2 2/9, missing 1/9. The girl of 16 and over has N2 only: (6/9 + 7/9 + 1/9) / 2 = 7/9.
    assert measured.loc["t-closeness", ["value", "children"]].tolist() == [0.7778, 1]
    assert "total variation" in measured.at["t-closeness", "meaning"]


@pytest.mark.parametrize(("values", "expected"), [([3, 4, 5], 0.375), ([6, 8, 11], 0.1667), ([3], 0.5), ([7], 0.2778)])
def test_t_closeness_of_numbers_as_its_authors_work_it_out(values, expected):
    # Nine incomes, 3 to 11 thousand, once each. Li and others (2007) give 0.375 for a group with the three lowest and
    # 0.167 for one with the sixth, the eighth and the eleventh. One child with 3: every other rank has to come its way,
    # (0 + 1 + … + 8) / 9 / 8 = 0.5; with the middle one: 2 × (1 + 2 + 3 + 4) / 9 / 8 = 0.2778.
    incomes = [*range(3, 12), *range(3, 12)]
    street = ["y" if place < 9 and income in values else "x" for place, income in enumerate(incomes)]
    frame = pd.DataFrame({"income": incomes, "street": street})
    assert of(frame, ["street"], "income", "t-closeness") == pytest.approx(expected, abs=1e-4)


def test_ordered_categories_and_dates_go_by_rank_and_missing_ones_do_not():
    bands = pd.Categorical(["low", "low", "mid", "high"], ["low", "mid", "high"], ordered=True)
    frame = pd.DataFrame({"area": list("abbb"), "band": bands})
    # Everybody: 1/2, 1/4, 1/4. The child of a has low: (1 - 1/2) + (1 - 3/4) over two steps = 0.375.
    assert of(frame, ["area"], "band", "t-closeness") == 0.375
    assert of(frame.assign(band=frame["band"].astype("str")), ["area"], "band", "t-closeness") == 0.5
    dates = frame.assign(band=pd.to_datetime(["2026-01-01", "2026-01-01", "2026-02-01", "2026-12-01"]))
    assert of(dates, ["area"], "band", "t-closeness") == 0.375
    table = reidentification_risk(frame.assign(band=[1, 1, np.nan, 3]), ["area"], "band").set_index("measure")
    assert table.at["t-closeness", "value"] == 0.5
    assert "total variation" in table.at["t-closeness", "meaning"]


def test_categories_that_nobody_has_do_not_count():
    frame = FRAME.astype({"sex": "category"})
    frame["sex"] = frame["sex"].cat.add_categories("U")
    assert reidentification_risk(frame, ["sex"]).set_index("measure").loc["k-anonymity", "value"] == 1


def test_generalising_helps():
    one_group = reidentification_risk(FRAME.assign(age="any", sex="any"), ["age", "sex"], ["need"]).set_index("measure")
    assert one_group.loc["k-anonymity", "value"] == 9
    assert one_group.loc["l-diversity", "value"] == 3
    assert one_group.loc["t-closeness", "value"] == 0


def test_unknown_column_or_none():
    with pytest.raises(EvidenceError, match="no column height"):
        reidentification_risk(FRAME, ["height"])
    with pytest.raises(EvidenceError, match="no quasi-identifier"):
        reidentification_risk(FRAME, [])
    assert reidentification_risk(FRAME.iloc[:0], ["age"]).empty


rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=40
)


def as_frame(drawn: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(drawn, columns=["area", "age", "need"])


@settings(max_examples=150, deadline=None)
@given(rows)
def test_every_measure_is_what_a_plain_loop_over_groups_gives(drawn):
    groups: dict[tuple, list[int]] = {}
    for area, age, need in drawn:
        groups.setdefault((area, age), []).append(need)
    everybody = [need for _, _, need in drawn]
    ranks = {value: rank for rank, value in enumerate(sorted(set(everybody)))}
    m = len(ranks)

    def entropy(values: list[int]) -> float:
        shares = [values.count(value) / len(values) for value in set(values)]
        return math.exp(-sum(share * math.log(share) for share in shares))

    def moved(values: list[int]) -> float:
        if m == 1:
            return 0.0
        return wasserstein_distance([ranks[v] for v in values], [ranks[v] for v in everybody]) / (m - 1)

    def differs(values: list[int]) -> float:
        gaps = [abs(values.count(v) / len(values) - everybody.count(v) / len(everybody)) for v in ranks]
        return sum(gaps) / 2

    frame = as_frame(drawn)
    table = reidentification_risk(frame, ["area", "age"], "need").set_index("measure")["value"]
    assert table["k-anonymity"] == min(map(len, groups.values()))
    assert table["unique records"] == sum(len(one) == 1 for one in groups.values())
    assert table["l-diversity"] == min(len(set(one)) for one in groups.values())
    assert table["entropy l-diversity"] == pytest.approx(min(map(entropy, groups.values())), abs=1e-4)
    assert table["t-closeness"] == pytest.approx(max(map(moved, groups.values())), abs=1e-4)
    kinds = frame.assign(need=frame["need"].astype("str"))
    assert of(kinds, ["area", "age"], "need", "t-closeness") == pytest.approx(
        max(map(differs, groups.values())), abs=1e-4
    )


@settings(max_examples=80, deadline=None)
@given(rows)
def test_coarser_categories_never_make_a_child_easier_to_single_out(drawn):
    frame = as_frame(drawn)
    merged = frame.assign(area=frame["area"].replace({"b": "a"}), age=frame["age"] // 2)
    fine, coarse = (reidentification_risk(one, ["area", "age"], "need").set_index("measure") for one in (frame, merged))
    assert coarse.at["k-anonymity", "value"] >= fine.at["k-anonymity", "value"]
    assert coarse.at["unique records", "value"] <= fine.at["unique records", "value"]
    assert coarse.at["in groups under 5", "value"] <= fine.at["in groups under 5", "value"]
    for measure in ("l-diversity", "entropy l-diversity"):
        assert coarse.at[measure, "value"] >= fine.at[measure, "value"] - 1e-4
    assert coarse.at["t-closeness", "value"] <= fine.at["t-closeness", "value"] + 1e-4
    fewer = reidentification_risk(frame, ["area"], "need").set_index("measure")
    assert fewer.at["k-anonymity", "value"] >= fine.at["k-anonymity", "value"]


@settings(max_examples=50, deadline=None)
@given(rows, st.randoms())
def test_the_order_of_rows_makes_no_difference_and_every_row_twice_doubles_k(drawn, random):
    table = reidentification_risk(as_frame(drawn), ["area", "age"], "need")
    turned = list(drawn)
    random.shuffle(turned)
    pd.testing.assert_frame_equal(table, reidentification_risk(as_frame(turned), ["area", "age"], "need"))
    twice = reidentification_risk(as_frame(drawn * 2), ["area", "age"], "need").set_index("measure")["value"]
    assert twice["k-anonymity"] == 2 * table["value"].iloc[0]
    assert twice["unique records"] == 0
