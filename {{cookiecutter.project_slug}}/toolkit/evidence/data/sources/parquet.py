"""Reads a Parquet file as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.sources.csv_files import NoRows, RawTable, named_columns, plain_number, refuse_twice
from evidence.project import EvidenceError

# Where the children are whom the data is about.
TIME_ZONE = "Europe/London"


def read_parquet(path: Path, where: str) -> RawTable:
    """Every column of `path` as text; `lines` number the rows from 1.

    Dates become year-month-day, times of day follow after a blank (where the file names a time zone, those of clocks in
    the United Kingdom), whole numbers have no point. Raises EvidenceError for a file that is cut short, encrypted or no
    Parquet file, has no rows, is not in UTF-8, or holds lists or records inside a column.
    """
    import pyarrow

    try:
        with open_parquet(path, where) as file:
            names = file.schema_arrow.names
            table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        raise unreadable(path, error, where) from None
    for name, column in zip(names, table.columns, strict=True):
        refuse_other_encoding(name, column, where)
    texts = pyarrow.Table.from_arrays(
        [as_text(column) for column in table.columns], names=list(map(str, range(len(names))))
    )
    frame = texts.to_pandas(types_mapper=lambda kind: pd.StringDtype(na_value=np.nan))
    frame = named_columns(frame, [name.strip() for name in names], where)
    filled = frame.notna().to_numpy().any(axis=1) if len(frame.columns) else np.ones(len(frame), dtype=bool)
    lines = np.flatnonzero(filled) + 1
    return RawTable(frame.loc[filled].reset_index(drop=True), lines, int((~filled).sum()))


def open_parquet(path: Path, where: str):
    """The file, opened and seen to be a table with rows; nothing of it is read yet. Raises as `read_parquet` does."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise unreadable(path, error, where) from None
    names = file.schema_arrow.names
    _refuse_nested(file.schema_arrow, names, where)
    refuse_twice([name.strip() for name in names], where)
    if not file.metadata.num_rows:
        raise NoRows("the file has columns and no rows.", where=where, remedy="Export the table again.")
    return file


def _refuse_nested(schema, names: list[str], where: str) -> None:
    from pyarrow import types

    bytes_alone = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    for name, kind in zip(names, schema.types, strict=True):
        kind = kind.value_type if types.is_dictionary(kind) else kind
        if types.is_nested(kind) or any(of_kind(kind) for of_kind in bytes_alone):
            raise EvidenceError(
                f"the column {name} holds lists, records or raw bytes, which are no values of a table.",
                where=where,
                remedy="Write one value a cell, in columns or in a table of its own, and export again.",
            )


def refuse_other_encoding(name: str, column, where: str) -> None:
    """Raises EvidenceError where a column of the file holds text that is not in UTF-8."""
    import pyarrow

    try:
        column.validate(full=True)
    except pyarrow.ArrowInvalid:
        raise EvidenceError(
            f"the text in the column {name} is not in UTF-8, as that of a Parquet file has to be.",
            where=where,
            remedy="Export the table again, in UTF-8.",
        ) from None


def unreadable(path: Path, error: Exception, where: str) -> EvidenceError:
    try:
        with open(path, "rb") as file:
            beginning = file.read(4)
            file.seek(-4, 2)
            ending = file.read(4)
    except OSError:
        beginning = ending = b""
    if b"PARE" in (beginning, ending) or "crypt" in str(error).lower():
        return EvidenceError(
            "the file is encrypted.",
            where=where,
            remedy="Save a copy that is not, in a folder that only those who may see it can open.",
        )
    return EvidenceError(
        "the file is empty, cut short, or no Parquet file.", where=where, remedy="Export it again and copy it whole."
    )


def as_text(column):
    """An Arrow array, or the column of a table, as text."""
    import pyarrow
    import pyarrow.compute

    kind = column.type
    if pyarrow.types.is_timestamp(kind):
        column = _local(column) if kind.tz else column
        days = column.cast(pyarrow.date32(), safe=False)
        if days.cast(column.type).equals(column):
            return days.cast(pyarrow.string())
        text = column.cast(pyarrow.string())
        text = pyarrow.compute.replace_substring_regex(text, r"\.0+$", "")
        text = pyarrow.compute.replace_substring_regex(text, r"(\.\d*[1-9])0+$", r"\1")
        return pyarrow.compute.replace_substring_regex(text, r" 00:00:00$", "")
    if isinstance(kind, pyarrow.UuidType):
        # A cast would take its sixteen bytes for letters.
        return pyarrow.array([value and str(value) for value in column.to_pylist()], pyarrow.string())
    if pyarrow.types.is_floating(kind):
        text = column.cast(pyarrow.string())
        # Few numbers have an exponent or are none.
        odd = pyarrow.compute.match_substring_regex(text, "e|nan")
        if not pyarrow.compute.any(odd).as_py():
            return text
        return pyarrow.array([plain_number(value) for value in text.to_pylist()], pyarrow.string())
    return column.cast(pyarrow.string())


def _local(column):
    """Moments as clocks in the United Kingdom showed them: in UTC a summer's midnight is still the day before."""
    import pyarrow

    # pyarrow finds no time zones on every Windows; pandas brings them.
    moments = column.cast(pyarrow.timestamp(column.type.unit, "UTC")).to_pandas()
    return pyarrow.array(moments.dt.tz_convert(TIME_ZONE).dt.tz_localize(None))
