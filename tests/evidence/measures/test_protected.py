"""Protected characteristics are found under the names that people give them, and not in other words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evidence.measures import given_away_of, not_there, proxies_of, with_characteristics
from evidence.measures.of_tool import characteristics
from evidence.measures.protected import holds, protected_columns

TOOL = {
    "UNIT": "child", "PERIOD": "year_end", "OUTCOME": "outcome", "OUTPUT": "said", "SCORE": None,
    "GROUPS": ["sex", "ethnicity", "ward"], "LEFT_OUT": ["sex", "ethnicity"],
}  # fmt: skip


def tool(**names: object) -> SimpleNamespace:
    return SimpleNamespace(**{**TOOL, **names})


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random, n = np.random.default_rng(1), 300
    ethnicity = random.choice(["White", "Black", "Asian"], n)
    return pd.DataFrame(
        {
            "child": range(n),
            "year_end": pd.Timestamp(2026, 3, 31),
            "sex": random.choice(["Male", "Female"], n),
            "ethnicity": ethnicity,
            "ward": np.where(random.random(n) < 0.9, ethnicity, "North"),
            "first_tongue": random.choice(["one", "other"], n),
            "outcome": random.random(n) < 0.3,
        }
    )


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("ethnicity", "ethnic_group"), ("ChildEthnicity", "ethnic_group"), ("ethnic origin", "ethnic_group"),
        ("Gender", "sex"), ("age_group", "age_band"), ("AgeBand", "age_band"), ("disabled", "disability"),
        ("faith", "religion"), ("home_language", "language"), ("sexual_orientation", "sexual_orientation"),
        ("nationality_code", "nationality"), ("ward", "area"),
        ("package", ""), ("age_of_plan", ""), ("plan_age_band", ""), ("language_therapy", ""), ("sussex_team", ""),
        ("sexual_exploitation", ""), ("placement_area", ""), ("forward", ""), ("percentage", ""), ("racecourse", ""),
    ],
)  # fmt: skip
def test_a_name_tells_a_characteristic_by_whole_words(column, kind):
    assert holds(column) == kind


def test_stand_ins_are_looked_for_whatever_the_column_is_called(frame):
    table = proxies_of(tool(), frame)
    assert table.index[0] == ("ethnicity", "ward")
    assert table.iloc[0]["link"] == "strong"
    assert set(table.index.get_level_values("protected")) == {"sex", "ethnicity"}
    assert "ethnicity" not in table.index.get_level_values("variable")
    assert set(given_away_of(tool(), frame).index.get_level_values(0)) == {"sex", "ethnicity"}


def test_what_the_tool_leaves_out_and_what_the_catalogue_marks_is_protected_too(frame):
    assert protected_columns(tool(LEFT_OUT=["ward", "first_tongue"]), frame) == ["sex", "ethnicity", "ward"]

    class Loaded(dict):
        catalogue = pd.DataFrame(
            {"table": "t", "column": ["FirstTongue", "outcome", ""], "special_category": ["yes", "yes", "yes"]}
        )

    assert protected_columns(tool(), frame, Loaded()) == ["sex", "ethnicity", "first_tongue"]
    assert ("first tongue", "ward") in proxies_of(tool(), frame, tables=Loaded()).index


def test_the_tools_own_word_is_the_last(frame):
    assert protected_columns(tool(PROTECTED=["ward", "not_there"]), frame) == ["ward"]


def test_the_age_is_protected_where_there_is_no_band(frame):
    aged = frame.assign(age=7, age_of_plan=2, package="b")
    assert protected_columns(tool(), aged) == ["sex", "ethnicity", "age"]
    assert protected_columns(tool(), aged.assign(age_group="5 to 9")) == ["sex", "age_group", "ethnicity"]
    variables = proxies_of(tool(), aged.assign(age_group="5 to 9")).index.get_level_values("variable")
    assert "age" not in variables
    assert {"age of plan", "package"} <= set(variables)


def test_what_is_said_not_to_be_there_is_not_there(frame):
    assert not_there(frame) == ["age band", "disability"]
    assert characteristics(tool(), frame) == ["sex", "ethnicity", "ward"]
    more = frame.assign(disabled="No", age_group="5 to 9")
    assert not_there(more) == []
    assert characteristics(tool(), more) == ["sex", "ethnicity", "ward", "age_group", "disabled"]


def test_a_column_of_disability_under_another_name_gets_no_second_one(frame):
    class Loaded(dict):
        key = "child"
        catalogue = pd.DataFrame({"table": ["t"], "column": ["Disability"], "treatment": ["code"]})

        def variables(self, table):
            return self.catalogue

    tables = Loaded(t=pd.DataFrame({"child": frame["child"], "Disability": "LD"}))
    own = frame.assign(disabled="No")
    assert "disability" in with_characteristics(frame, tables, "child")
    assert "disability" not in with_characteristics(own, tables, "child")
