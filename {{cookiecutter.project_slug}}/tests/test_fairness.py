"""Is every child in a group, is every group judged, and does the tool say the same whatever group a child is in?

These hold for any tool that names its GROUPS and, in LEFT_OUT, the ones it must not use. How far results differ between
groups, and whether that is acceptable, is for people to judge: stage 7 shows it with intervals.
"""

import pandas as pd
import pytest

from evidence import measures


def test_what_is_left_out_makes_no_difference_to_what_the_tool_says(tool, frame, output, parameters):
    """Sexes, then ethnic groups, are dealt out anew among the children: the output stays."""
    for column in getattr(tool, "LEFT_OUT", []):
        assert frame[column].nunique() > 1, f"the data must hold several groups of {column}"
        dealt = frame[column].sample(frac=1, random_state=1).set_axis(frame.index)
        turned = tool.run(frame.assign(**{column: dealt}), parameters)
        said = [tool.OUTPUT] if tool.SCORE is None else [tool.OUTPUT, tool.SCORE]
        pd.testing.assert_frame_equal(turned[said], output[said], obj=f"the output with another {column}")


def test_the_groups_of_each_kind_add_up_to_all_children(tool, output):
    rows = measures.tested_rows(tool, output)
    table = measures.by_each(rows, tool.OUTCOME, tool.GROUPS)
    for kind, part in table.groupby(level="characteristic"):
        assert part["denominator"].sum() == rows[tool.OUTCOME].notna().sum(), kind
        assert part["n"].sum() == rows[tool.OUTCOME].sum(), kind


def test_every_group_is_judged_or_said_to_be_too_small(tool, frame, output, parameters):
    table = measures.test_by_group(tool, output, parameters)
    judged = set(table.index.droplevel("measure"))
    tested = measures.tested_rows(tool, output)
    for column in tool.GROUPS:
        if column not in getattr(tool, "STANDARDISED_BY", ()):
            assert {(column.replace("_", " "), str(group)) for group in tested[column]} <= judged
    few = table[table["denominator"] < 10]
    assert few["percent"].isna().all()
    assert few["reliability"].eq("not estimable").all()


def test_no_group_is_left_without_output(tool, output):
    for column in tool.GROUPS:
        assert output.groupby(column, dropna=False)[tool.OUTPUT].apply(lambda said: said.notna().all()).all(), column


def test_the_sex_of_each_child_is_the_one_in_the_data(tool, tables, frame):
    """A group that is read wrongly makes every comparison wrong, so one is read again, from the table itself."""
    if "sex" not in frame or "SEX" not in tables.get("header", {}):
        pytest.skip("the tool's rows hold no sex, or the data no table of children")
    header = tables["header"].drop_duplicates("CHILD").set_index("CHILD")["SEX"].astype("str")
    words = header.map({"M": "Male", "1": "Male", "F": "Female", "2": "Female"})
    assert (frame[tool.UNIT].map(words).fillna("Not known") == frame["sex"]).all()
