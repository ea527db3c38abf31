"""What coarser data does and costs, and which variables are used: small data with answers worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from evidence.data import Tables
from evidence.data.cataloguing.catalogues import COLUMNS
from evidence.data.coarser import EVERYTHING, known_of_children, steps
from evidence.data.tables import Table
from evidence.measures import deidentification_cost, minimisation, words
from evidence.measures.least_data import _change
from evidence.privacy import protect, reidentification_risk
from evidence.project import EvidenceError

VARIABLES = [
    ("people", "child", "direct identifier", "token"),
    ("people", "born", "direct identifier", "month"),
    ("people", "origin", "quasi-identifier", "code"),
    ("people", "home", "direct identifier", "area"),
    ("people", "score", "sensitive", "number"),
    ("visits", "child", "direct identifier", "token"),
    ("visits", "on", "ordinary", "date"),
    ("visits", "kind", "quasi-identifier", "code"),
]
CODES = pd.DataFrame(
    [("own", "people", "origin", code, code, code[0], 0, 9999) for code in ("a1", "a2", "b1", "b2")],
    columns=["dataset", "table", "column", "code", "label", "group", "from_year", "to_year"],
)


def table(name: str, frame: pd.DataFrame) -> Table:
    return Table(name, f"{name}.csv", frame, frame.iloc[:, :0], np.arange(len(frame)), tuple(frame.columns))


@pytest.fixture
def tables() -> Tables:
    """Forty children: origin by number modulo 4 (and with it the home, modulo 2), month of birth modulo 6."""
    n = 40
    people = pd.DataFrame(
        {
            "child": [f"{i:016x}" for i in range(n)],
            "born": [pd.Timestamp(2012, 1 + i % 6, 1) for i in range(n)],
            "origin": ["a1", "a2", "b1", "b2"] * 10,
            "home": ["LS", "ZB"] * 20,
            "score": np.arange(n, dtype=float),
        }
    ).astype({"child": "str", "origin": "str", "home": "str"})
    visits = pd.DataFrame(
        {
            "child": [*people["child"], people["child"][0]],
            "on": [pd.Timestamp(2026, 1, 1 + i % 28) for i in range(n)] + [pd.Timestamp(2025, 1, 1)],
            "kind": ["x"] * n + ["y"],
        }
    ).astype({"child": "str", "kind": "str"})
    rows = [dict.fromkeys((*COLUMNS, "how"), "") | dict(zip(COLUMNS[1:5], row, strict=True)) for row in VARIABLES]
    catalogue = pd.DataFrame(rows).assign(source="own", confirmed="yes")
    catalogue.loc[catalogue["column"] == "origin", "code_list"] = "own/people/origin"
    made = Tables("own", "child", catalogue, CODES)
    made.loaded = {"people": table("people", people), "visits": table("visits", visits)}
    return made


def a_tool(prepare, **more: object) -> SimpleNamespace:
    names = {"UNIT": "child", "PERIOD": "year_end", "OUTCOME": "outcome", "OUTPUT": "said", "SCORE": None}
    reads = {"people": ["child", "born", "score"], "visits": ["child", "on"]}

    def of_one_year(tables, parameters) -> pd.DataFrame:
        return prepare(tables, parameters).assign(year_end=pd.Timestamp(2026, 3, 31))

    return SimpleNamespace(prepare=of_one_year, run=lambda frame, _: frame.copy(), TABLES=reads, **names | more)


def late_born(tables, parameters) -> pd.DataFrame:
    """Children born in June, and the score."""
    people = tables["people"]
    outcome = (people["born"].dt.month == 6).astype("boolean").mask(people["born"].isna())
    return pd.DataFrame({"child": people["child"], "score": people["score"], "outcome": outcome, "said": outcome})


def test_what_is_known_of_a_child_is_its_latest_row_without_what_is_only_sensitive(tables):
    known = known_of_children(tables)
    assert list(known.columns) == ["born", "origin", "home", "kind"]
    assert len(known) == 40
    # The earlier visit of another kind stands last in the file, and does not count.
    assert known["kind"].tolist() == ["x"] * 40


def test_rows_that_name_no_child_are_no_child(tables):
    tables["people"].loc[0, "child"] = tables["visits"].loc[[0, 40], "child"] = None
    known = known_of_children(tables)
    assert list(known.index) == [f"{i:016x}" for i in range(1, 40)]
    assert list(known["origin"]) == (["a1", "a2", "b1", "b2"] * 10)[1:]


def test_each_step_makes_what_it_says_coarser_and_nothing_else(tables):
    made = dict(steps(tables))
    assert list(made) == [
        "births to the quarter", "births to the year", "births to five years", "origin to main groups",
        "areas left out", "dates of events to the month", EVERYTHING,
    ]  # fmt: skip
    quarters = made["births to the quarter"]["people"]["born"]
    assert set(quarters) == {pd.Timestamp(2012, 2, 1), pd.Timestamp(2012, 5, 1)}
    assert set(made["births to the year"]["people"]["born"]) == {pd.Timestamp(2012, 7, 1)}
    assert set(made["origin to main groups"]["people"]["origin"]) == {"a1", "b1"}
    assert made["areas left out"]["people"]["home"].isna().all()
    assert set(made["dates of events to the month"]["visits"]["on"]) == {
        pd.Timestamp(2026, 1, 1),
        pd.Timestamp(2025, 1, 1),
    }
    for step, frames in made.items():
        assert frames["people"]["score"].equals(tables["people"]["score"]), step
        assert frames["people"].dtypes.equals(tables["people"].dtypes), step
    assert tables["people"]["home"].notna().all()


def test_the_table_says_what_each_step_does_and_what_it_costs(tables):
    cost = deidentification_cost(a_tool(late_born), tables, {"seed": 1}, fewest_alike=5)
    # By hand: month and origin repeat every twelve children, so forty make twelve kinds of four or three.
    assert cost.loc["as loaded", ["children", "k", "unique", "in_small_groups"]].tolist() == [40, 3, 0, 40]
    # Two quarters and four origins: the four kinds met once in twelve children have 4, 3, 3 and 3 of the forty.
    assert cost.loc["births to the quarter", ["k", "in_small_groups"]].tolist() == [3, 13]
    assert cost.at["births to the year", "k"] == 10
    assert cost.at["births to the year", "in_small_groups"] == 0
    assert cost.at[EVERYTHING, "k"] == 20
    # Six of forty are born in June; with the middle of the year nobody is any more, with the middle of a quarter too.
    assert cost.loc["as loaded", ["n", "denominator", "percent", "change"]].tolist() == [6, 40, 15, 0]
    assert cost.loc["births to the year", ["n", "change"]].tolist() == [0, -15]
    assert cost.at["births to the year", "chance"] == "beyond chance"
    assert cost.at["births to the year", "same_output"] == 85
    assert cost.at["areas left out", "chance"] == "no change"
    assert cost.at["dates of events to the month", "same_output"] == 100


def test_the_interval_of_a_change_is_that_of_another_bootstrap():
    before = np.array([1] * 60 + [0] * 140, dtype=float)
    now = np.array([1] * 45 + [0] * 15 + [1] * 1 + [0] * 139, dtype=float)
    found = _change(before, now, seed=3)
    peer = bootstrap((100 * (now - before),), np.mean, n_resamples=5000, method="percentile", random_state=8)
    assert found["change"] == pytest.approx(-7)
    assert found["change_low"] == pytest.approx(peer.confidence_interval.low, abs=0.6)
    assert found["change_high"] == pytest.approx(peer.confidence_interval.high, abs=0.6)
    assert found["chance"] == "beyond chance"
    assert _change(before, np.roll(before, 1), 3)["chance"] == "within chance"
    assert _change(before[:5], now[:5], 3)["chance"] == "not estimable"


def test_recall_is_compared_on_the_children_who_had_the_outcome(tables):
    def prepare(tables, parameters):
        people = tables["people"]
        outcome = (people["score"] >= 20).astype("boolean")
        return pd.DataFrame({"child": people["child"], "outcome": outcome, "flag": people["born"].dt.month <= 3})

    cost = deidentification_cost(a_tool(prepare, SCORE="score", OUTPUT="flag"), tables, {"seed": 1})
    # Of the last twenty children those born in January to March are flagged; with births in July, nobody is.
    flagged = sum(i % 6 <= 2 for i in range(20, 40))
    assert cost.loc["as loaded", ["n", "denominator"]].tolist() == [flagged, 20]
    assert cost.loc["births to the year", ["n", "denominator"]].tolist() == [0, 20]
    assert cost.at["births to the year", "change"] == pytest.approx(-100 * flagged / 20)


def test_a_tool_that_cannot_work_with_so_little_is_not_estimable(tables):
    def prepare(tables, parameters):
        if tables["people"]["born"].nunique() < 3:
            raise EvidenceError("too little to learn from.")
        return late_born(tables, parameters)

    cost = deidentification_cost(a_tool(prepare), tables, {"seed": 1})
    assert cost.at["births to the year", "chance"] == "not estimable"
    assert np.isnan(cost.at["births to the year", "percent"])
    assert cost.at["births to the year", "k"] == 10


def test_the_headline_names_the_cheapest_step_that_is_enough(tables):
    cost = deidentification_cost(a_tool(late_born), tables, {"seed": 1})
    assert words.cost(cost, 5) == (
        "Enough for every child to have 5 alike: births to the year; the main figure: changes beyond chance"
    )
    assert words.cost(cost, 1).startswith("Every child has at least 1 alike")
    assert words.cost(cost[cost["k"] < 5], 5) == (
        "No step gives every child 5 alike. Nearest comes: births to the quarter, which leaves 32% of children in "
        "smaller groups; the main figure: changes beyond chance"
    )
    shown = words.coarser_data(cost)
    assert shown.at["as loaded", "figure"] == "15% (7% to 29%) of 40 children"
    # Nobody is left with the outcome: the figure is shown, and so is the change.
    assert shown.at["births to the year", "change"].startswith("−15.0 (")
    few = words.coarser_data(cost.assign(n=3))
    assert few["figure"].eq("c").all() and few["change"].eq("c").all() and few["chance"].eq("c").all()


def test_what_is_no_number_of_children_stays_when_small_numbers_are_hidden(tables):
    known = known_of_children(tables).reset_index(drop=True)
    risk = reidentification_risk(known, ["born", "origin"], "home").set_index("measure")
    few = reidentification_risk(known.head(37), ["born", "origin"], "home")
    table = words.recognised(few)
    safe = protect(table, counts=["children"]).table
    assert risk.at["k-anonymity", "value"] == 3
    assert (table.loc[["k-anonymity", "l-diversity", "t-closeness"], "value"] != "").all()
    assert table.at["unique records", "value"] == ""
    assert safe["value"].tolist() == table["value"].tolist()


def test_variables_are_used_where_leaving_them_out_shows(tables):
    def prepare(tables, parameters):
        people, visits = tables["people"], tables["visits"]
        seen = visits.groupby("child")["on"].max()
        # Reads the score and does nothing with it.
        assert len(people["score"]) == len(people)
        frame = pd.DataFrame({"child": people["child"], "born": people["born"]})
        return frame.assign(last=frame["child"].map(seen))

    read = {3: tables.given, 6: [pair for pair in tables.given if pair[1] != "kind"]}
    table = minimisation(a_tool(prepare), tables, {}, read)
    assert table["handed_to_stages"].to_dict() == {pair: "3" if pair[1] == "kind" else "3, 6" for pair in tables.given}
    assert table["used"].to_dict() == {
        ("people", "child"): "yes",
        ("people", "born"): "yes",
        ("people", "origin"): "no",
        ("people", "home"): "no",
        ("people", "score"): "read, but makes no difference",
        ("visits", "child"): "yes",
        ("visits", "on"): "yes",
        ("visits", "kind"): "no",
    }
    assert words.minimisation(table) == "The tool uses 4 of the 8 loaded variables; 3 could be left out"
    assert "Could be left out: people: origin, home; visits: kind." in words.left_out(table)
    assert words.left_out(table).endswith("in this data without effect: people: score.")


def test_a_variable_that_is_read_and_not_declared_is_found(tables):
    table = minimisation(a_tool(lambda tables, _: tables["people"][["child", "home"]].copy()), tables, {})
    assert table.at[("people", "home"), "used"] == "yes"
    assert table.at[("people", "origin"), "used"] == "no"
    assert table.at[("visits", "kind"), "used"] == "no"


def test_a_variable_that_matters_for_one_child_in_many_is_used(tables):
    people = pd.concat([tables["people"]] * 50, ignore_index=True)
    people["child"] = [f"{i:016x}" for i in range(len(people))]
    people["score"] = np.where(np.arange(len(people)) == len(people) - 1, 1.0, 0.0)
    tables.loaded = {"people": table("people", people)}
    tool = a_tool(lambda tables, _: tables["people"][["child"]].assign(high=tables["people"]["score"] > 0))
    tool.TABLES = {"people": ["child", "score"]}
    assert minimisation(tool, tables, {}).at[("people", "score"), "used"] == "yes"


def test_what_the_stage_is_not_given_is_held_and_not_loaded(tables):
    people = tables.loaded["people"]
    people.frame = people.frame.drop(columns="home")
    row = minimisation(a_tool(late_born), tables, {}).loc[("people", "home")]
    assert (row["loaded"], row["used"]) == ("no", "")
