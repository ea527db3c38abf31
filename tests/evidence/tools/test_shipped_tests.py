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
        [("return placements.in_steady_order(_every_year(tables, parameters))",
          "return _every_year(tables, parameters).sample(frac=1)")],
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
        [('years_covered(tables["episodes"], parameters)', 'years_covered(tables["episodes"], {"year_end": ""})')],
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
    "ethnic group used for a prediction": (
        "predictive", TOOL,
        [('KINDS = ["age_band",', 'KINDS = ["ethnic_group", "age_band",')],
        "test_what_is_left_out_makes_no_difference_to_what_the_tool_says",
    ),
    "sex used for what is expected": (
        "diagnostic", TOOL,
        [('STANDARDISED_BY = ["age_band",', 'STANDARDISED_BY = ["sex", "age_band",')],
        "test_what_is_left_out_makes_no_difference_to_what_the_tool_says",
    ),
    "one group left without output": (
        "descriptive", TOOL,
        [('output["change"] =', 'output.loc[output["sex"] == "Male", OUTPUT] = None\n    output["change"] =')],
        "test_no_group_is_left_without_output",
    ),
    "sex read the wrong way round": (
        "descriptive", "toolkit/evidence/measures/ssda903_words.py",
        [('"M": "Male", "F": "Female"', '"M": "Female", "F": "Male"')],
        "test_the_sex_of_each_child_is_the_one_in_the_data",
    ),
    "a percentage of a handful of children": (
        "predictive", "toolkit/evidence/measures/estimating.py",
        [("NOT_ESTIMABLE_BELOW = 10", "NOT_ESTIMABLE_BELOW = 2")],
        "test_every_group_is_judged_or_said_to_be_too_small",
    ),
    "one group not judged": (
        "descriptive", "toolkit/evidence/measures/of_tool.py",
        [("table = by_each(rows, tool.OUTCOME, tool.GROUPS)", "table = by_each(rows, tool.OUTCOME, tool.GROUPS[1:])")],
        "test_every_group_is_judged_or_said_to_be_too_small",
    ),
}  # fmt: skip


def _files_with(test: str) -> list[str]:
    """The shipped file that holds the test: the others need not be read to see whether it fails."""
    files = sorted((small_project.TEMPLATE / "tests").glob("test_*.py"))
    found = [f"tests/{path.name}" for path in files if f"def {test}(" in path.read_text(encoding="utf-8")]
    assert len(found) == 1, test
    return found


THRESHOLD = (
    "id,measure,group,at_least,worse_error,why,agreed_by,set_on\nA,recall,everyone,{},a miss,Because,Board,05/05/2026\n"
)


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
    result = small_project.run_pytest(folder, *_files_with(test), "-k", test)
    assert result.returncode == 1, result.stdout[-2000:]
    assert test in small_project.failed(result), result.stdout[-2000:]


@pytest.mark.slow
def test_an_agreed_threshold_that_is_surely_missed_fails_and_one_that_is_reached_passes(tmp_path):
    folder = small_project.make(tmp_path, "predictive")
    register = folder / "workbook" / "05_design" / "thresholds.csv"
    register.parent.mkdir(parents=True)
    test = "test_no_agreed_accuracy_is_surely_missed"
    register.write_text(THRESHOLD.format("0.05"), encoding="utf-8")
    assert small_project.run_pytest(folder, "tests/test_thresholds.py", "-k", test).returncode == 0
    register.write_text(THRESHOLD.format("0.99"), encoding="utf-8")
    missed = small_project.run_pytest(folder, "tests/test_thresholds.py", "-k", test)
    assert missed.returncode == 1
    assert "recall of at least 99% is surely missed" in missed.stdout


@pytest.mark.slow
def test_a_frame_shown_by_hand_and_saved_is_caught_and_what_a_stage_shows_is_not(tmp_path):
    folder = small_project.make(tmp_path, "descriptive")
    path = folder / "notebooks" / "07_testing.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    shown = {
        "output_type": "display_data",
        "data": {"text/html": "<p>x</p>"},
        "metadata": {"evidence": {"kind": "table"}},
    }
    for by_hand, code in ((False, 0), (True, 1)):
        output = (
            shown if not by_hand else {**shown, "output_type": "execute_result", "metadata": {}, "execution_count": 1}
        )
        notebook["cells"][1]["outputs"] = [output]
        path.write_text(json.dumps(notebook), encoding="utf-8")
        result = small_project.run_pytest(folder, "tests/test_notebooks.py")
        assert result.returncode == code, result.stdout[-2000:]
    assert small_project.failed(result) == {"test_no_raw_table_is_saved"}


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
