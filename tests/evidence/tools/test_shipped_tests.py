"""The tests that a project ships pass on its tool, and fail for the right reason when the tool is broken on purpose."""

from __future__ import annotations

import json

import pytest
import small_project

TOOL, COUNTING = "src/placements_tool/tool.py", "toolkit/evidence/measures/placements.py"

# What is broken: kind of tool, file, the piece of source and what stands there instead, a test that must catch it.
FAULTS = {
    "threshold off by one": (
        "descriptive", TOOL,
        [('frame["placements"] >= parameters', 'frame["placements"] > parameters')],
        "test_the_outcome_begins_exactly_at_the_threshold",
    ),
    "threshold fixed, the parameter ignored": (
        "diagnostic", TOOL,
        [('(frame["placements"] >= parameters["placements_at_least"])', '(frame["placements"] >= 3)')],
        "test_the_outcome_begins_exactly_at_the_threshold",
    ),
    "threshold off by one in the year after": (
        "predictive", TOOL,
        [('counted >= parameters["placements_at_least"]', 'counted > parameters["placements_at_least"]')],
        "test_the_outcome_begins_exactly_at_the_threshold",
    ),
    "rows dropped when it runs": (
        "descriptive", TOOL,
        [("output = frame.copy()", 'output = frame[frame["age"].notna() & (frame["placements"] > 0)].iloc[5:].copy()')],
        "test_run_keeps_every_row_as_it_was_and_adds_its_output",
    ),
    "children dropped when it prepares": (
        "diagnostic", TOOL,
        [("placements.in_steady_order(frame)", 'placements.in_steady_order(frame[frame["placements"] > 1])')],
        "test_nobody_looked_after_on_the_day_is_lost",
    ),
    "rows shuffled": (
        "diagnostic", TOOL,
        [("output = frame.copy()", "output = frame.sample(frac=1, random_state=3)")],
        "test_run_keeps_every_row_as_it_was_and_adds_its_output",
    ),
    "order of rows taken from the file": (
        "descriptive", TOOL,
        [("return placements.in_steady_order(frame)", "return frame.sample(frac=1)")],
        "test_a_second_run_says_the_same",
    ),
    "order of rows taken from the token": (
        "diagnostic", TOOL,
        [("return placements.in_steady_order(frame)", "return frame.sort_values([UNIT, PERIOD], ignore_index=True)")],
        "test_other_tokens_make_no_difference",
    ),
    "features that look into the future": (
        "predictive", TOOL,
        [("placements.known_on(episodes, day)", "placements.known_on(episodes, day + pd.DateOffset(years=1))")],
        "test_what_is_known_on_a_day_does_not_come_from_later",
    ),
    "outcome used as a feature": (
        "predictive", TOOL,
        [("fillna(learnt_from.median())", "fillna(0) + 9 * frame[[OUTCOME]].fillna(False).to_numpy(dtype=float)")],
        "test_the_outcome_of_a_tested_child_makes_no_difference_to_its_score",
    ),
    "level of flags ignored": (
        "predictive", TOOL,
        [('output[SCORE] >= parameters["flag_at"]\n', "output[SCORE] >= 0.25\n")],
        "test_the_level_of_flags_is_used_and_is_part_of_the_flagged",
    ),
    "flags above the level only": (
        "predictive", TOOL,
        [('output[SCORE] >= parameters["flag_at"]\n', 'output[SCORE] > parameters["flag_at"]\n')],
        "test_the_level_of_flags_is_used_and_is_part_of_the_flagged",
    ),
    "year asked for ignored": (
        "descriptive", TOOL,
        [('tables["episodes"], parameters)', 'tables["episodes"], {**parameters, "year_end": ""})')],
        "test_the_last_year_is_the_one_that_was_asked_for",
    ),
    "token in an explanation": (
        "descriptive", TOOL,
        [('f"{_placements(row.placements)} in the year;', 'f"{row.child}: {_placements(row.placements)} in the year;')],
        "test_no_explanation_names_the_token",
    ),
    "temporary placements counted": (
        "descriptive", COUNTING,
        [('TEMPORARY = ["T0", "T1", "T2", "T3", "T4"]', 'TEMPORARY = ["T0"]')],
        "test_edge_case",
    ),
    "same carer counted as a move": (
        "descriptive", COUNTING,
        [('NEW_PLACEMENT = ["S", "P", "B"]', 'NEW_PLACEMENT = ["S", "P", "B", "T"]')],
        "test_edge_case",
    ),
    "first day of the year wrong": (
        "descriptive", COUNTING,
        [("pd.DateOffset(years=1) + pd.Timedelta(days=1)", "pd.DateOffset(years=1)")],
        "test_edge_case",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["descriptive", "diagnostic", "predictive"])
def test_the_shipped_tests_pass_on_the_worked_tool(kind, tmp_path):
    result = small_project.run_pytest(small_project.make(tmp_path, kind), "tests")
    assert result.returncode == 0, result.stdout[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_the_shipped_tests_catch_a_broken_tool(fault, tmp_path):
    kind, file, changes, test = FAULTS[fault]
    folder = small_project.make(tmp_path, kind)
    small_project.break_tool(folder, changes, file)
    result = small_project.run_pytest(folder, "tests", "-k", test)
    assert result.returncode == 1, result.stdout[-2000:]
    assert test in small_project.failed(result), result.stdout[-2000:]


@pytest.mark.slow
def test_a_changed_headline_figure_fails_and_an_unchanged_one_passes(tmp_path):
    folder = small_project.make(tmp_path, "descriptive")
    seven = "notebooks/07_testing.ipynb"
    first = small_project.run_pytest(folder, seven)
    assert first.returncode == 1
    assert "--update-headlines" in first.stdout

    assert small_project.run_pytest(folder, seven, "--update-headlines").returncode == 0
    stored = json.loads((folder / "tests" / "reference" / "headlines_descriptive.json").read_text(encoding="utf-8"))
    assert stored["07_testing.ipynb"][0].startswith("with the outcome: ")
    assert small_project.run_pytest(folder, seven).returncode == 0

    small_project.break_tool(folder, FAULTS["threshold off by one"][2])
    broken = small_project.run_pytest(folder, seven)
    assert broken.returncode == 1
    assert "Cell 2" in " ".join(small_project.failed(broken))
    assert json.loads((folder / seven).read_text(encoding="utf-8"))["cells"][2]["outputs"] == [], (
        "stored without outputs"
    )
