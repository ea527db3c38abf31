"""Does the data hold what the tool reads? A changed return has to be noticed, not worked around."""

import pandas as pd
import pytest

from evidence.project import EvidenceError


def test_every_table_and_column_the_tool_reads_is_in_the_data(tool, tables):
    for table, columns in tool.TABLES.items():
        assert table in tables
        assert set(columns) <= set(tables[table].columns)


def test_dates_are_dates(tool, tables):
    for table, columns in tool.TABLES.items():
        for column in {"DECOM", "DEC", "DOB"} & set(columns):
            assert pd.api.types.is_datetime64_any_dtype(tables[table][column])


def test_the_tool_reads_nothing_that_it_does_not_name(tool, tables, frame, parameters):
    """With every other column taken away it prepares the same."""
    named = {table: tables[table][list(columns)] for table, columns in tool.TABLES.items()}
    pd.testing.assert_frame_equal(tool.prepare(named, parameters), frame)


def test_a_missing_column_is_named_in_plain_words(tool, tables, parameters):
    table, columns = next(iter(tool.TABLES.items()))
    without = {**tables, table: tables[table].drop(columns=columns[-1])}
    with pytest.raises(EvidenceError, match=columns[-1]):
        tool.prepare(without, parameters)


def test_a_missing_table_is_named_in_plain_words(tool, tables, parameters):
    table = next(iter(tool.TABLES))
    with pytest.raises(EvidenceError, match=table):
        tool.prepare({name: rows for name, rows in tables.items() if name != table}, parameters)
