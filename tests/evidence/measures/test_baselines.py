"""A baseline is compared only with figures that count alike, and a refusal says what differs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from evidence.measures import (
    answers_before_after,
    asked_alike,
    definition_of,
    differences_of_definition,
    minutes_before_after,
    need_same_definition,
    survey_answers,
    survey_minutes,
)
from evidence.measures.baselines import decide_who_is_counted
from evidence.measures.words import answers_before_after as said_of_answers
from evidence.measures.words import baseline_answers
from evidence.measures.words import baseline_survey as in_words
from evidence.measures.words import minutes_before_after as said_of_minutes
from evidence.project import EvidenceError

PARAMETERS = {"as_of": "2026-04-30", "data_folder": "data/sample", "year_end": "", "seed": 1, "flag_at": 0.25}


def tool(**others: object) -> SimpleNamespace:
    facts = {"UNIT": "child", "GROUPS": ["sex"], "DEFINITION": "Placements are counted.", "SCORE": None, "OUTPUT": "x"}
    facts["outcome_words"] = lambda parameters: f"{parameters['placements_at_least']} or more placements"
    return SimpleNamespace(**{**facts, **others})


def defined(at_least: int = 3, changed: dict | None = None, **others: object) -> dict:
    return definition_of(tool(**others), {**PARAMETERS, "placements_at_least": at_least, **(changed or {})})


def test_another_day_folder_seed_or_level_of_flags_is_the_same_definition():
    other = {"as_of": "2027-01-01", "data_folder": "data/raw", "year_end": "2027-03-31", "seed": 9, "flag_at": 0.4}
    assert differences_of_definition(defined(), defined(changed=other)) == []
    need_same_definition(defined(), defined(changed=other), "stage 8")


def test_a_changed_parameter_is_refused_by_its_name_with_both_values():
    assert differences_of_definition(defined(3), defined(4)) == ["placements_at_least was 3 and is 4"]
    with pytest.raises(EvidenceError, match="placements_at_least was 3 and is 4"):
        need_same_definition(defined(3), defined(4), "stage 8")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"DEFINITION": "Episodes are counted."}, "how it is counted has changed"),
        ({"UNIT": "area"}, 'what one row is was "child" and is "area"'),
        ({"GROUPS": ["sex", "age"]}, "the groups compared was sex and is sex, age"),
        ({"outcome_words": lambda _: "an exclusion"}, "what is counted was"),
    ],
)
def test_every_other_part_of_the_definition_counts(others, said):
    assert len(found := differences_of_definition(defined(), defined(**others))) == 1
    assert said in found[0]


def test_a_definition_that_was_never_recorded_is_a_difference():
    assert differences_of_definition({}, defined())


def test_a_tool_may_name_what_its_outcome_rests_on():
    both = [defined(changed={"colour": colour}, DEFINED_BY=["placements_at_least"]) for colour in ("red", "blue")]
    assert differences_of_definition(*both) == []
    assert differences_of_definition(*(defined(changed={"colour": colour}) for colour in ("red", "blue")))


OWN = {"placements_at_least": 3, "colour": "red", "seed": 1, "flag_at": 0.2, "as_of": "2026-04-30", "area": "N"}


@pytest.mark.parametrize(
    ("says", "decide"),
    [
        ({"SCORE": None}, {"placements_at_least", "colour"}),
        ({"SCORE": None, "DEFINED_BY": ["placements_at_least"]}, {"placements_at_least"}),
        ({"SCORE": "score"}, {"placements_at_least", "colour", "seed", "flag_at"}),
        (
            {"SCORE": "score", "DEFINED_BY": ["placements_at_least"]},
            {"placements_at_least", "colour", "seed", "flag_at"},
        ),
        ({}, {"placements_at_least", "colour", "seed", "flag_at"}),
    ],
)
def test_what_a_tool_says_of_itself_tells_which_parameters_decide_who_is_counted(says, decide):
    assert set(decide_who_is_counted(SimpleNamespace(**says), OWN)) == decide


def asked(people: int, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "role": random.choice(["Social worker", "Manager"], people, p=[0.8, 0.2]),
            "made_how": random.choice(["meeting", "own judgement"], people),
            "minutes": random.integers(5, 90, people).astype(float),
            "information": random.integers(1, 6, people).astype(float),
            "confidence": random.integers(1, 6, people).astype(float),
            "outcome_known": random.choice(["yes", "no", ""], people),
        }
    ).astype({"role": "str", "made_how": "str", "outcome_known": "str"})


@pytest.mark.parametrize("seed", range(30))
def test_minutes_and_shares_are_those_of_statsmodels(seed):
    rows = asked(40 + seed, seed)
    everyone = survey_minutes(rows).loc["everyone"]
    low, high = DescrStatsW(rows["minutes"]).tconfint_mean()
    assert everyone["mean"] == pytest.approx(rows["minutes"].mean())
    assert (everyone["low"], everyone["high"]) == pytest.approx((low, high))
    row = survey_answers(rows).loc[("is confident in the decision", "yes (4 or 5 of 5)")]
    low, high = proportion_confint((rows["confidence"] >= 4).sum(), len(rows), method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((100 * low, 100 * high))


def test_a_blank_answer_counts_in_neither_number():
    rows = asked(60)
    known = rows[rows["outcome_known"] != ""]
    table = survey_answers(rows).loc["learns what came of it"]
    assert table["denominator"].eq(len(known)).all()
    assert table["n"].sum() == len(known)


def test_a_handful_of_people_give_no_figure_and_no_one_answer_can_be_read_off():
    table = survey_minutes(asked(12).assign(role=["Manager"] + ["Social worker"] * 11))
    assert table.at["Manager", "people"] == 1
    assert table.loc["Manager", ["mean", "low", "high", "median"]].isna().all()
    assert not np.isnan(table.at["Social worker", "mean"])
    assert in_words(survey_minutes(asked(3))) == "3 people say how long a decision takes: too few for a figure"
    assert "12 people say" in in_words(table)


@pytest.mark.parametrize("seed", range(20))
def test_before_and_since_are_compared_as_statsmodels_does(seed):
    before, since = asked(25 + seed, seed), asked(40, 100 + seed)
    row = minutes_before_after(before, since).iloc[0]
    low, high = CompareMeans(DescrStatsW(since["minutes"]), DescrStatsW(before["minutes"])).tconfint_diff(
        usevar="unequal"
    )
    assert row["difference"] == pytest.approx(since["minutes"].mean() - before["minutes"].mean())
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    shares = answers_before_after(before, since).loc[("is confident in the decision", "yes (4 or 5 of 5)")]
    yes = [(rows["confidence"] >= 4).sum() for rows in (since, before)]
    low, high = confint_proportions_2indep(yes[0], len(since), yes[1], len(before), method="newcomb")
    assert (shares["low"], shares["high"]) == pytest.approx((100 * low, 100 * high))


def test_only_people_asked_about_the_same_decision_are_compared():
    rows = pd.DataFrame(
        {
            "asked": ["before the tool", "before the tool", "since the tool", "since the tool"],
            "decision": ["Whom to visit", "Whether to meet", "whom  to VISIT", "Whom to list"],
        }
    )
    before, since, once = asked_alike(rows)
    assert (list(before.index), list(since.index)) == ([0], [2])
    assert once == ["Whether to meet", "Whom to list"]


def test_an_answer_that_nobody_gives_any_more_is_still_in_the_table():
    before = asked(30).assign(made_how="meeting")
    since = asked(30, 2).assign(made_how="report")
    table = answers_before_after(before, since).loc["how the decision is made"]
    assert table.loc["meeting", ["n_before", "n"]].tolist() == [30, 0]
    assert table.loc["report", ["n_before", "n"]].tolist() == [0, 30]
    assert "meeting (100% before, 0% since)" in said_of_answers(answers_before_after(before, since))


def test_too_few_before_or_since_are_not_compared():
    table = minutes_before_after(asked(9), asked(40))
    assert table[["mean_before", "mean", "difference", "low", "high"]].isna().all(axis=None)
    assert "Too few" in said_of_minutes(table)
    assert "Too few" in said_of_answers(answers_before_after(asked(9), asked(40)))


def test_the_headline_of_a_survey_says_how_decisions_are_made_and_how_sure_people_are():
    rows = asked(20).assign(made_how=["meeting"] * 12 + ["report"] * 8, confidence=[4.0] * 5 + [2.0] * 15)
    assert baseline_answers(survey_answers(rows)) == (
        "Today decisions are made most often by meeting (60% of 20 people asked); 25% are confident in them"
    )
    assert "too few people" in baseline_answers(survey_answers(asked(5)))
