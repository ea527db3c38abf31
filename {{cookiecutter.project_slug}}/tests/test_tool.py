"""Does the tool do what a tool has to do? These hold for any tool; they need no change when tool.py is replaced.

Run them with: pytest tests/test_tool.py
"""

import pandas as pd
import pytest


def key(tool):
    return [tool.UNIT, tool.PERIOD] if tool.PERIOD else [tool.UNIT]


def test_one_row_for_each_child_and_period(tool, frame):
    assert len(frame) > 0
    assert not frame.duplicated(key(tool)).any()


def test_run_keeps_every_row_as_it_was_and_adds_its_output(tool, frame, output):
    pd.testing.assert_frame_equal(output[list(frame.columns)], frame)
    added = [tool.OUTPUT] if tool.SCORE is None else [tool.OUTPUT, tool.SCORE]
    assert output[added].notna().all(axis=None)


def test_run_leaves_what_it_is_given_alone(tool, frame, parameters):
    before = frame.copy()
    tool.run(frame, parameters)
    pd.testing.assert_frame_equal(frame, before)


def test_every_row_is_explained_in_words(tool, output, parameters):
    why = tool.explain(output, parameters)
    assert why.index.equals(output.index)
    assert (why["why"].str.len() > 20).all()


def test_nothing_identifies_a_child_but_the_token(tool, tables, output):
    identifying = {"CHILD", "UPN", "DOB", "MC_DOB", "HOME_POST", "PL_POST", "URN", "SW_ID"}
    assert not identifying & {column.upper() for column in output if column != tool.UNIT}


def test_no_explanation_names_the_token(tool, output, parameters):
    why = tool.explain(output, parameters)["why"]
    assert not any(token in words for token, words in zip(output[tool.UNIT].astype(str), why, strict=True))


def test_the_groups_that_results_are_compared_by_are_there(tool, frame):
    assert set(tool.GROUPS) <= set(frame.columns)
    assert frame[list(tool.GROUPS)].notna().all(axis=None), "say `Not known` where a group is not known"


def test_a_score_is_a_probability_and_settles_the_flag(tool, output, parameters):
    if tool.SCORE is None:
        pytest.skip("the tool gives no probabilities")
    assert output[tool.SCORE].between(0, 1).all()
    assert (output[tool.OUTPUT] == (output[tool.SCORE] >= parameters["flag_at"])).all()


def test_the_level_of_flags_is_used_and_is_part_of_the_flagged(tool, frame, output, parameters):
    if tool.SCORE is None:
        pytest.skip("the tool flags nobody")
    # The level is set to one child's own probability: that child must be flagged.
    level = float(output[tool.SCORE].sort_values().iloc[len(output) // 2])
    flagged = tool.run(frame, {**parameters, "flag_at": level})
    assert (flagged[tool.OUTPUT] == (flagged[tool.SCORE] >= level)).all()
    assert flagged[tool.OUTPUT].sum() > 0


def test_the_outcome_of_a_tested_child_makes_no_difference_to_its_score(tool, frame, output, parameters):
    if tool.SCORE is None:
        pytest.skip("the tool predicts nothing")
    blind = frame.copy()
    blind.loc[blind["used_for"] != "training", tool.OUTCOME] = pd.NA
    pd.testing.assert_series_equal(tool.run(blind, parameters)[tool.SCORE], output[tool.SCORE])


def test_what_is_known_on_a_day_does_not_come_from_later(tool, tables, frame, parameters):
    """Everything after a day is taken out of the data; what the tool knows of children on that day stays the same."""
    days = sorted(frame[tool.PERIOD].unique())
    if len(days) < 2:
        pytest.skip("the data covers one year only")
    day = days[-2]
    episodes = tables["episodes"]
    past = episodes[~(episodes["DECOM"] > day)].copy()
    past["DEC"] = past["DEC"].mask(past["DEC"] > day)
    then = tool.prepare({**tables, "episodes": past}, {**parameters, "year_end": f"{day:%Y-%m-%d}"})
    # The outcome of a prediction is the future, and what the row is used for depends on whether that is known.
    known = [column for column in frame if column not in ("used_for", *([tool.OUTCOME] if tool.SCORE else []))]
    pd.testing.assert_frame_equal(_rows(tool, then, day)[known], _rows(tool, frame, day)[known])


def _rows(tool, frame, day):
    return frame[frame[tool.PERIOD] == day].sort_values(tool.UNIT).reset_index(drop=True)
