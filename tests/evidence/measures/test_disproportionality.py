"""The relative rate index equals statsmodels' ratio of two proportions, and gives no hidden group away."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep

from evidence.data import read_plain
from evidence.measures import (
    is_population,
    not_there,
    population_of,
    read_ethnic_groups,
    with_characteristics,
)
from evidence.measures.disproportionality import (
    PROTECTION,
    against_population,
    disproportionality,
)
from evidence.measures.words import against_population as population_in_words
from evidence.measures.words import disproportionality as in_words
from evidence.privacy import protect
from evidence.project import EvidenceError

ONS = "ons-ethnic-population-la.csv"


def drawn(seed: int, rows: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    group = random.choice(["White", "Black", "Asian"], rows, p=[0.6, 0.3, 0.1])
    rate = np.where(group == "Black", 0.4, 0.2)
    return pd.DataFrame(
        {"ethnic_group": group, "sex": random.choice(["F", "M"], rows), "outcome": random.random(rows) < rate}
    )


@pytest.mark.parametrize("seed", range(60))
def test_ratios_are_those_of_statsmodels(seed):
    frame = drawn(seed, 300 + 10 * seed)
    table = disproportionality(frame, "outcome", ["ethnic_group", "sex"])
    white = frame[frame["ethnic_group"] == "White"]
    for (characteristic, group), row in table.iterrows():
        here = frame[characteristic.replace(" ", "_")] == group
        other = white if characteristic == "ethnic group" else frame[~here]
        if group == "White":
            assert np.isnan(row["ratio"])
            assert row["compared_with"] == "is the reference"
            continue
        assert row["compared_with"] == ("White" if characteristic == "ethnic group" else "everyone else")
        if np.isnan(row["ratio"]):
            assert row["denominator"] < 10 or not row["n"]
            continue
        assert row["ratio"] == pytest.approx(frame.loc[here, "outcome"].mean() / other["outcome"].mean())
        counts = here[here].size, other["outcome"].sum(), len(other)
        low, high = confint_proportions_2indep(
            frame.loc[here, "outcome"].sum(), counts[0], counts[1], counts[2], method="log", compare="ratio"
        )
        assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((low, high), rel=1e-6)


def test_a_group_far_above_is_named_in_words():
    said = in_words(disproportionality(drawn(4, 4000), "outcome", ["ethnic_group", "sex"]))
    assert said.startswith("Ethnic group Black has the outcome 2.")
    assert said.endswith("as White")


def test_ratios_to_a_hidden_group_would_give_it_away_so_everyone_else_takes_its_place():
    frame = drawn(5, 600)
    few = frame["ethnic_group"] == "White"
    frame.loc[few, "outcome"] = np.arange(few.sum()) < 3
    table = disproportionality(frame, "outcome", ["ethnic_group"])
    assert table["compared_with"].eq("everyone else").all()
    shown = protect(table, counts=["denominator"], parts={"n": "denominator"}).table
    assert shown.at[("ethnic group", "White"), "ratio"] == "c"


def people(**groups: int) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([["ethnic group"], list(groups)], names=["characteristic", "group"])
    return pd.DataFrame({"population": list(groups.values())}, index=index)


def test_rates_against_a_population():
    frame = pd.DataFrame({"ethnic_group": ["White"] * 120 + ["Black"] * 60 + ["Not known"] * 20, "outcome": True})
    frame.loc[::2, "outcome"] = False
    table = against_population(frame, "outcome", people(White=60_000, Black=10_000, Asian=5_000))
    row = table.loc[("ethnic group", "Black")]
    assert (row["in_group"], row["population"], row["per_10000"]) == (60, 10_000, 60)
    assert row["ratio"] == pytest.approx(3)
    low, high = confint_proportions_2indep(60, 10_000, 120, 60_000, method="log", compare="ratio")
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((low, high))
    assert table.at[("ethnic group", "Asian"), "per_10000"] == 0
    assert table.loc[("ethnic group", "Not known"), ["population", "per_10000", "ratio"]].isna().all()
    assert population_in_words(table) == "Ethnic group Black is in the data 3.0 times as often (2.2 to 4.1) as White"


def test_what_holds_the_ethnic_group_is_compared_in_the_same_way_under_another_name():
    frame = drawn(7, 2000)
    renamed = frame.rename(columns={"ethnic_group": "child_ethnicity"})
    numbers = ["n", "ratio", "ratio_low", "ratio_high"]
    wanted = disproportionality(frame, "outcome", ["ethnic_group"])
    found = disproportionality(renamed, "outcome", ["child_ethnicity"])
    assert set(found.index.unique("characteristic")) == {"child ethnicity"}
    assert list(found["compared_with"]) == list(wanted["compared_with"]) and "White" in set(found["compared_with"])
    np.testing.assert_array_equal(found[numbers].astype(float), wanted[numbers].astype(float))
    population = people(White=60_000, Black=10_000, Asian=5_000)
    found, wanted = (against_population(one, "outcome", population) for one in (renamed, frame))
    assert set(found.index.unique("characteristic")) == {"child ethnicity"} and len(found) == 3
    assert list(found["compared_with"]) == list(wanted["compared_with"]) and "White" in set(found["compared_with"])
    numbers += ["per_10000", "low", "high"]
    np.testing.assert_array_equal(found[numbers].astype(float), wanted[numbers].astype(float))


def test_a_small_group_is_hidden_with_its_rate():
    frame = pd.DataFrame({"ethnic_group": ["White"] * 120 + ["Black"] * 60 + ["Asian"] * 3 + ["Mixed"] * 9})
    table = against_population(
        frame.assign(outcome=False), "outcome", people(White=60_000, Black=9_000, Asian=800, Mixed=900)
    )
    shown = protect(table, **PROTECTION).table
    assert shown.loc[("ethnic group", "Asian"), ["in_group", "per_10000", "ratio"]].eq("c").all()
    assert shown["in_group"].eq("c").sum() == 2
    assert shown.at[("ethnic group", "Asian"), "population"] == 800


def test_more_children_than_people_is_another_population_and_not_a_rate():
    frame = pd.DataFrame({"ethnic_group": ["White"] * 120, "outcome": False})
    table = against_population(frame, "outcome", people(White=50))
    assert np.isnan(table.iloc[0]["per_10000"])


def test_a_characteristic_that_the_data_does_not_have_is_left_out():
    assert against_population(pd.DataFrame({"outcome": [True]}), "outcome", people(White=50)).empty


@pytest.mark.parametrize("council", ["E06000016", "E09000001", "E06000053", "E06000063"])
def test_the_population_of_a_council_is_that_of_the_file(council, shared_data, template):
    path = shared_data / "published" / ONS
    frame = read_plain(path, ONS)
    assert is_population(frame)
    groups = read_ethnic_groups(template / "reference" / "ethnic_groups.csv")
    found = population_of(frame, council, groups, ONS)["population"]
    wanted: dict[str, int] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            label = row["Ethnic group (20 categories)"]
            if row["2023 Upper tier local authorities Code"] == council and label != "Does not apply":
                name = label.split(":")[0].split(",")[0].split()[0]
                wanted[name] = wanted.get(name, 0) + int(row["Observation"])
    assert {group: int(number) for (_, group), number in found.items()} == wanted
    assert set(wanted) == {"Asian", "Black", "Mixed", "White", "Other"}


def test_a_council_that_is_not_in_the_file_has_no_population(shared_data, template):
    frame = read_plain(shared_data / "published" / ONS, ONS)
    groups = read_ethnic_groups(template / "reference" / "ethnic_groups.csv")
    assert population_of(frame, "E10000006", groups, ONS).empty


def test_a_table_of_ones_own():
    frame = pd.DataFrame(
        {
            "characteristic": ["age_band", "age_band", "sex"],
            "group": ["1 to 4", "1 to 4", "F"],
            "population": ["1,000", "50", "7"],
        }
    )
    assert is_population(frame)
    found = population_of(frame, "", {}, "x")["population"]
    assert found.to_dict() == {("age band", "1 to 4"): 1050, ("sex", "F"): 7}
    with pytest.raises(EvidenceError, match="not a whole number"):
        population_of(frame.assign(population="many"), "", {}, "data/published/x.csv")


def test_a_label_that_nobody_mapped_is_named(shared_data):
    frame = read_plain(shared_data / "published" / ONS, ONS)
    with pytest.raises(EvidenceError, match="Add a line"):
        population_of(frame, "E06000016", {"White: Irish": "White"}, ONS)


class Loaded(dict):
    """Tables as they are loaded, with the catalogue's word on each column."""

    key = "LAchildID"

    def __init__(self, tables: dict[str, pd.DataFrame], treatments: dict[str, str]) -> None:
        super().__init__(tables)
        columns = [(name, column) for name, frame in tables.items() for column in frame]
        self.catalogue = pd.DataFrame(columns, columns=["table", "column"])
        self.catalogue["treatment"] = [treatments.get(name, "code") for _, name in columns]

    def variables(self, table: str) -> pd.DataFrame:
        return self.catalogue[self.catalogue["table"] == table]


def test_disability_and_area_are_taken_from_the_data_where_the_tool_has_neither():
    disabilities = pd.DataFrame(
        {
            "LAchildID": ["a", "a", "b", "c", "d", "e"],
            "Disability": ["NONE", "LD", "NONE", "b) No", "a) Yes", "Unknown"],
        }
    )
    homes = pd.DataFrame(
        {
            "LAchildID": ["a", "a", "b"],
            "from": pd.to_datetime(["2025-06-01", "2024-01-01", "2025-01-01"]),
            "HOME_POST": ["LS", "BD", None],
            "PL_POST": ["ZZ", "ZZ", "ZZ"],
        }
    )
    tables = Loaded({"disabilities": disabilities, "homes": homes}, {"HOME_POST": "area", "PL_POST": "area"})
    frame = pd.DataFrame({"child": ["a", "b", "c", "d", "e", "f"], "sex": "Female"})
    found = with_characteristics(frame, tables, "child")
    none = "None recorded"
    assert found["disability"].tolist() == ["Recorded", none, none, "Recorded", "Not known", "Not known"]
    assert found["area"].tolist() == ["LS", *["Not known"] * 5]
    assert not_there(found) == ["ethnic group", "age band"]
    assert not_there(frame) == ["ethnic group", "age band", "disability", "area"]


def test_what_the_tool_itself_says_of_disability_stays_and_other_units_get_nothing():
    tables = Loaded({"d": pd.DataFrame({"LAchildID": ["a"], "Disability": ["LD"]})}, {})
    own = pd.DataFrame({"child": ["a"], "disability": ["Learning"]})
    assert with_characteristics(own, tables, "child")["disability"].tolist() == ["Learning"]
    areas = pd.DataFrame({"ward": ["North"]})
    assert list(with_characteristics(areas, tables, "ward")) == ["ward"]


def test_disability_is_compared_in_the_data_and_with_a_population_with_intervals():
    random = np.random.default_rng(3)
    children = [f"c{number}" for number in range(600)]
    recorded = random.random(600) < 0.3
    tables = Loaded({"d": pd.DataFrame({"LAchildID": children, "Disability": np.where(recorded, "LD", "NONE")})}, {})
    frame = pd.DataFrame({"child": children, "outcome": random.random(600) < np.where(recorded, 0.4, 0.1)})
    frame = with_characteristics(frame, tables, "child")
    inside = disproportionality(frame, "outcome", ["disability"]).loc[("disability", "Recorded")]
    expected = Table2x2(pd.crosstab(~recorded, ~frame["outcome"]).to_numpy())
    assert inside["ratio"] == pytest.approx(expected.riskratio)
    assert (inside["ratio_low"], inside["ratio_high"]) == pytest.approx(expected.riskratio_confint())
    index = pd.MultiIndex.from_product([["disability"], ["Recorded", "None recorded"]])
    people = pd.DataFrame({"population": [9000, 81_000]}, index=index.set_names(["characteristic", "group"]))
    beside = against_population(frame, "outcome", people).loc[("disability", "Recorded")]
    assert beside["ratio"] == pytest.approx((recorded.sum() / 9000) / ((~recorded).sum() / 81_000))
    assert beside["ratio_low"] < beside["ratio"] < beside["ratio_high"]
