"""Does every child land on the right side of the thresholds? Replace these when your tool counts something else."""

import pandas as pd
import pytest

from evidence import measures
from evidence.workbook import open_workbook


def test_nobody_looked_after_on_the_day_is_lost(tool, tables, frame):
    """The children are found a second time, straight from the episodes."""
    episodes = tables["episodes"]
    counts = ~episodes["LS"].isin(["V3", "V4"]) & ~(episodes["DEC"] < episodes["DECOM"])
    for day, rows in frame.groupby(tool.PERIOD):
        there = counts & (episodes["DECOM"] <= day) & (episodes["DEC"].isna() | (episodes["DEC"] > day))
        assert set(rows[tool.UNIT]) == set(episodes.loc[there, "CHILD"].dropna())


def test_placements_counted_another_way_are_the_same(tool, tables, frame):
    from evidence.measures import placements

    for day, rows in frame.groupby(tool.PERIOD):
        some = rows.iloc[:300]
        counted = some[tool.UNIT].map(placements.recount(tables["episodes"], some[tool.UNIT], day))
        assert (counted == some["placements"]).all()


def test_the_outcome_begins_exactly_at_the_threshold(tool, tables, parameters):
    for threshold in (2, 3, 4):
        frame = tool.prepare(tables, {**parameters, "placements_at_least": threshold})
        counted = frame["placements"] if tool.SCORE is None else _placements_a_year_later(tool, frame)
        known = counted.notna() & frame[tool.OUTCOME].notna()
        assert set(counted[known]) >= {threshold - 1, threshold}, "the data must hold children on both sides"
        assert (frame.loc[known, tool.OUTCOME] == (counted[known] >= threshold)).all()


def _placements_a_year_later(tool, frame):
    """A prediction's outcome is in the next year's row of the same child, where that child was still looked after."""
    later = frame[[tool.UNIT, tool.PERIOD, "placements"]].copy()
    later[tool.PERIOD] = later[tool.PERIOD] - pd.DateOffset(years=1)
    both = frame[[tool.UNIT, tool.PERIOD]].merge(later, on=[tool.UNIT, tool.PERIOD], how="left")
    return pd.Series(both["placements"].to_numpy(), index=frame.index)


def test_the_last_year_is_the_one_that_was_asked_for(tool, tables, frame, parameters):
    asked = pd.Timestamp(parameters["year_end"])
    assert frame[tool.PERIOD].max() == asked
    earlier = asked - pd.DateOffset(years=1)
    assert tool.prepare(tables, {**parameters, "year_end": f"{earlier:%Y-%m-%d}"})[tool.PERIOD].max() == earlier


def test_no_agreed_accuracy_is_surely_missed(project, tool, output):
    """The thresholds of workbook/05_design/thresholds.csv: what was agreed is not below the whole interval."""
    agreed = [one for one in open_workbook(project).thresholds() if one.group in ("everyone", "each group")]
    if tool.SCORE is None or not agreed:
        pytest.skip("no threshold of accuracy has been agreed yet")
    rows = measures.tested_rows(tool, output)
    everyone = measures.metrics(rows, tool.OUTCOME, tool.OUTPUT)
    groups = measures.metrics_by_group(rows, tool.OUTCOME, tool.OUTPUT, tool.GROUPS)
    for one in agreed:
        table = everyone.loc[[one.measure]] if one.group == "everyone" else measures.one_measure(groups, one.measure)
        missed = table[table["high"] < 100 * one.at_least]
        assert missed.empty, f"{one.measure} of at least {one.at_least:.0%} is surely missed: {list(missed.index)}"
