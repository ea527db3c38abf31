"""The three worked tools, each on the sample, on made-up extremes, and in every measure that a page asks for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evidence import measures
from evidence.measures import placements, words
from evidence.project import EvidenceError

YEAR_END = pd.Timestamp(2026, 3, 31)


@pytest.fixture(scope="module")
def made(tool, sample, parameters):
    """The tool, what it prepared, and what it says of it."""
    frame = tool.prepare(sample, parameters)
    return tool, frame, tool.run(frame, parameters)


def test_the_columns_that_all_three_share_are_there(made):
    tool, frame, output = made
    shared = [
        "child", "year_end", "sex", "age", "age_band", "ethnic_group", "category_of_need", "placement_type",
        "placements", "outcome",
    ]  # fmt: skip
    assert set(shared) <= set(frame.columns)
    assert tool.OUTPUT in output
    assert frame["outcome"].dtype == "boolean"
    assert tool.DEFINITION == placements.DEFINITION


def test_the_sample_covers_three_years(made):
    _, frame, _ = made
    assert sorted(frame["year_end"].dt.year.unique())[-1] == 2026
    assert frame["year_end"].nunique() == 3


def test_every_page_has_a_table_and_a_sentence(made, sample, parameters):
    tool, frame, output = made
    by_group = measures.test_by_group(tool, output, parameters)
    main = measures.main_measure(tool)
    shown = {
        words.lowest(measures.one_measure(by_group, main), main),
        words.highest(measures.baseline(tool, frame, parameters), "the share"),
        words.trend(measures.by_period(tool, frame), "the share"),
        words.strongest_proxy(measures.proxies_of(tool, frame)),
        words.drift(measures.drift_of(tool, frame)),
        words.against_baseline(measures.against_baseline(tool, output, parameters)),
    }
    assert all(len(sentence) > 20 for sentence in shown)
    assert not any("Too few" in sentence for sentence in shown)
    assert len(measures.test_tool(tool, output, parameters)) > 2
    assert len(measures.representation_of(tool, frame)) > 8
    assert len(measures.explanations(tool, output, parameters)) > 2
    assert len(measures.alpha_beta(tool, output, parameters)) > 2
    assert measures.checks(tool, output, parameters)["held"].eq("yes").all()
    assert measures.test_plan(tool)["of"].isin(["outputs", "use"]).all()


def test_what_is_recorded_is_in_the_workbooks_form(made, parameters):
    tool, _, output = made
    whole = measures.as_rows(measures.test_tool(tool, output, parameters))
    groups = measures.as_rows(measures.test_by_group(tool, output, parameters))
    assert {"measure", "value"} <= set(whole.columns)
    assert {"group_by", "group", "measure", "value"} <= set(groups.columns)


def test_counted_twice_is_the_same(load_worked, sample, parameters):
    tool = load_worked("descriptive")
    table = measures.reconciliation_of(tool, sample, tool.prepare(sample, parameters), parameters)
    assert (table["n"] == table["denominator"]).all()
    assert len(table) == 3


def test_an_explanation_of_a_move_says_how_many(load_worked, sample, parameters):
    tool = load_worked("descriptive")
    output = tool.run(tool.prepare(sample, parameters), parameters)
    why = tool.explain(output, parameters)["why"]
    row = output.index[output["placements"] == 4][0]
    assert why[row].startswith("4 placements in the year;")
    assert why[row].endswith("3 or more count as unstable.")


# Diagnostic ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def diagnostic(load_worked, sample, parameters):
    tool = load_worked("diagnostic")
    return tool, tool.run(tool.prepare(sample, parameters), parameters)


def test_expected_numbers_add_up_to_the_observed_ones(diagnostic):
    tool, output = diagnostic
    years = output.groupby("year_end")
    assert years[tool.OUTPUT].sum().tolist() == pytest.approx(years["outcome"].sum().astype(float).tolist())
    assert output[tool.OUTPUT].between(0, 1).all()


def test_expected_is_the_share_among_children_alike(diagnostic):
    tool, output = diagnostic
    shares = output.groupby(tool.STANDARDISED_BY)["outcome"].agg(["mean", "size"])
    share = shares.loc[shares["size"] >= tool.FEWEST_ALIKE, "mean"].astype(float)
    given = output[output["year_end"] == YEAR_END].groupby(tool.STANDARDISED_BY)[tool.OUTPUT].mean()
    # All expected numbers of a year are brought to the observed total of that year by one and the same factor.
    factor = (given / share[share > 0]).dropna()
    assert len(factor) > 5
    assert factor.max() == pytest.approx(factor.min())


def test_no_sentence_of_the_diagnostic_tool_claims_a_cause(diagnostic, parameters):
    tool, output = diagnostic
    said = " ".join(tool.explain(output, parameters)["why"]).lower().replace("not what causes it", "")
    assert not any(word in said for word in ("because of", "due to", "leads to", "caused", "causes", "results in"))


def test_a_planted_difference_shows_after_standardisation(load_worked, sample, parameters):
    """Age and placement type explain nothing of it, so the group has to stand out."""
    tool = load_worked("diagnostic")
    frame = tool.prepare(sample, parameters)
    random = np.random.default_rng(2)
    chance = np.where(frame["ethnic_group"] == "Black", 0.4, 0.1)
    output = tool.run(frame.assign(outcome=pd.array(random.random(len(frame)) < chance, dtype="boolean")), parameters)
    table = measures.observed_expected_by_group(tool, output)
    assert table.at[("ethnic group", "Black"), "low"] > 150
    assert table.at[("ethnic group", "White"), "percent"] < 100


# Predictive ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def predictive(load_worked, sample, parameters):
    tool = load_worked("predictive")
    frame = tool.prepare(sample, parameters)
    return tool, frame, tool.run(frame, parameters)


def test_it_learns_from_the_earliest_year_and_is_tested_on_the_latest(predictive):
    _, frame, _ = predictive
    used = frame.groupby("year_end")["used_for"].unique().map(list)
    assert used.tolist() == [["training"], ["testing"], ["coming year"]]
    assert frame.loc[frame["used_for"] == "coming year", "outcome"].isna().all()
    assert frame.loc[frame["used_for"] != "coming year", "outcome"].notna().all()


def test_it_finds_what_the_sample_holds_and_is_calibrated(predictive, parameters):
    from sklearn.metrics import roc_auc_score

    tool, _, output = predictive
    rows = measures.tested_rows(tool, output)
    assert roc_auc_score(rows["outcome"].astype(int), rows[tool.SCORE]) > 0.6
    assert rows[tool.SCORE].mean() == pytest.approx(float(rows["outcome"].mean()), abs=0.05)


def test_on_noise_it_finds_nothing(load_worked, sample, parameters):
    from sklearn.metrics import roc_auc_score

    tool = load_worked("predictive")
    frame = tool.prepare(sample, parameters)
    noise = pd.array(np.random.default_rng(9).random(len(frame)) < 0.15, dtype="boolean")
    output = tool.run(frame.assign(outcome=noise), parameters)
    rows = measures.tested_rows(tool, output)
    assert roc_auc_score(rows["outcome"].astype(int), rows[tool.SCORE]) == pytest.approx(0.5, abs=0.1)


def test_children_who_leave_in_the_coming_year_are_not_taken_out(predictive, sample):
    _, frame, _ = predictive
    day = frame["year_end"].min()
    there = placements.looked_after_on(sample["episodes"], day)
    gone = set(there["CHILD"]) - set(
        placements.looked_after_on(sample["episodes"], day + pd.DateOffset(years=1))["CHILD"]
    )
    assert gone
    assert gone <= set(frame.loc[frame["year_end"] == day, "child"])


def test_each_reason_points_the_way_the_model_weighs_it(predictive, parameters):
    tool, _, output = predictive
    why = tool.explain(output, parameters)["why"]
    settled = output.index[(output["placements"] == 1) & (output["months_in_placement"] >= 12)][0]
    assert "(lowers it)" in why[settled]
    assert why[output[tool.SCORE].idxmax()].startswith("Flagged: about ")
    assert why[output[tool.SCORE].idxmin()].startswith("Not flagged: about ")
    assert "(raises it)" in why[output[tool.SCORE].idxmax()]


def test_with_too_little_to_learn_from_it_says_so(load_worked, sample, parameters):
    tool = load_worked("predictive")
    few = {"episodes": sample["episodes"].head(150), "header": sample["header"]}
    frame = tool.prepare(few, {**parameters, "year_end": "2026-03-31"})
    with pytest.raises(EvidenceError, match="too little to learn from"):
        tool.run(frame, parameters)


def test_with_one_class_it_says_so(load_worked, sample, parameters):
    tool = load_worked("predictive")
    with pytest.raises(EvidenceError, match="too little to learn from"):
        never = {**parameters, "placements_at_least": 30}
        tool.run(tool.prepare(sample, never), never)


def test_another_seed_changes_nothing_where_nothing_is_drawn(predictive, parameters):
    tool, frame, output = predictive
    again = tool.run(frame, {**parameters, "seed": 1})
    pd.testing.assert_series_equal(again[tool.SCORE], output[tool.SCORE])


def test_only_the_predictive_tool_needs_scikit_learn(template):
    for path in [*template.glob("src/*/worked/*.py"), *template.glob("toolkit/evidence/**/*.py")]:
        if path.name != "predictive.py":
            assert "sklearn" not in path.read_text(encoding="utf-8"), path.name
