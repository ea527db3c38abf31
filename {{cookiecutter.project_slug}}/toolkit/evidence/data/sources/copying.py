"""A CSV file's rows on their way into a Parquet file that DuckDB queries; how many rows have each text is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import duckdb
    import pyarrow

TEXT, ROWS = "text of the column", "rows that have it"
# The SQL of a column's text, in what is made of it.
ITS_TEXT = f'"{TEXT}"'
# Batches of so many bytes are put together: a text that stands in many of them is then looked at once.
_TOGETHER = 8 << 20
# Of a column with no more different texts than this it is kept how many rows have each.
_MOST_DIFFERENT = 100_000
# Where so few texts differ they are counted, however few rows there are.
_FEW = 1000
# Counts of so many texts of a column, from several lots of rows, are added up at a time.
_ADDED_UP = 1 << 16


@dataclass(frozen=True)
class Kept:
    """What of a CSV file's rows is copied.

    by_row: the columns of which each row is copied; of the others only those with too many different texts to count.
    made: by column what is stored for it, the SQL of each by its name, made of `ITS_TEXT`; a column that is not named
    is left out. Each is worked out once for each different text, so it has to be a function of the text alone, and
    missing or false where that is missing.
    """

    by_row: frozenset[str]
    made: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Copy:
    """What was copied: `by_row`, the columns of which there are rows, and the counts of those with few texts."""

    by_row: tuple[str, ...]
    different: dict[str, pyarrow.Table]


def copied(
    names: Sequence[str],
    batches: Iterable[pyarrow.RecordBatch],
    path: Path,
    kept: Kept,
    duck: duckdb.DuckDBPyConnection,
) -> Copy:
    """Copies batches of encoded texts (the line first, then the columns `names`) into a Parquet file at `path`."""
    columns = {name: _Column(kept.made.get(name, {}), name in kept.by_row) for name in names}
    writer = None
    # While some batches are written the next are read, and no more than these two lots are held.
    with ThreadPoolExecutor(1) as beside:
        waiting = None
        try:
            for some in _together(batches):
                writer = waiting.result() if waiting else None
                waiting = beside.submit(_written, some, columns, writer, path, duck)
        finally:
            writer = waiting.result() if waiting else writer
            if writer is not None:
                writer.close()
    by_row = tuple(name for name, column in columns.items() if column.stored)
    counts = {name: column.table() for name, column in columns.items()}
    return Copy(by_row, {name: table for name, table in counts.items() if table is not None})


def counts_of(texts: Iterable[pyarrow.DictionaryArray], left_out: int = 0) -> pyarrow.Table | None:
    """How many rows have each text, the missing text among them, of a column's encoded texts; None for too many.

    left_out: so many rows that have none are not counted.
    """
    column = _Column({}, False)
    for some in texts:
        column.of([some], None)
        if not column.few:
            return None
    return column.table(left_out)


def _together(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[list[pyarrow.RecordBatch]]:
    some, size = [], 0
    for batch in batches:
        some.append(batch)
        size += batch.nbytes
        if size >= _TOGETHER:
            yield some
            some, size = [], 0
    if some:
        yield some


def _written(some: list[pyarrow.RecordBatch], columns: dict[str, _Column], writer, path: Path, duck):
    """Writes batches as one group of rows; gives back the writer, which is made for the first of them."""
    import pyarrow
    import pyarrow.parquet

    line = some[0].schema.names[0]
    made = {line: pyarrow.chunked_array([batch.column(0) for batch in some])}
    for place, column in enumerate(columns.values(), start=1):
        made |= column.of([batch.column(place) for batch in some], duck)
    table = pyarrow.table(made)
    if writer is None:
        texts = [one.name for one in table.schema if pyarrow.types.is_dictionary(one.type)]
        # Nobody asks for statistics of it, and they take a third of the time.
        how = {"compression": "none", "write_statistics": False, "use_dictionary": texts}
        writer = pyarrow.parquet.ParquetWriter(path, table.schema, **how)
    writer.write_table(table, row_group_size=len(table))
    return writer


class _Column:
    """A column of the copy; `stored`, whether it has rows there, and `few` are known once there were some texts."""

    def __init__(self, made: Mapping[str, str], wanted: bool) -> None:
        self._made, self._wanted = made, wanted
        self.stored, self.few = False, True
        self._encoded: bool | None = None
        # The different texts so far, in the order in which they came; how many rows have each, and what is made of it.
        self._texts: pyarrow.Array | None = None
        self._rows = np.zeros(0, dtype=np.int64)
        self._missing = 0
        # How many rows of later pieces have each, where they are not put together with those.
        self._apart: list[tuple[pyarrow.Array, np.ndarray, int]] = []
        self._values: dict[str, pyarrow.Array] = {}

    def of(
        self, pieces: list[pyarrow.DictionaryArray], duck: duckdb.DuckDBPyConnection | None
    ) -> dict[str, pyarrow.Array]:
        """What is stored of these texts; they are counted while they are few."""
        import pyarrow

        if self._encoded is not None and not self.stored:
            self._count_alone(pieces)
            return {}
        if self.few:
            texts = self._counted(pieces)
        else:
            texts = pyarrow.chunked_array(pieces).unify_dictionaries().combine_chunks()
        if self._encoded is None:
            # How a column is stored is settled by its first rows, as one file holds all of them.
            self._encoded = self.few or len(texts.dictionary) <= len(texts) * 3 // 4
            self.stored = bool(self._made) and (self._wanted or not self.few)
        if not self.stored:
            return {}
        if not self._encoded:
            return self._of_texts(texts.cast(pyarrow.string()), duck)
        return {name: _for_rows(values, texts) for name, values in self._of_different(texts.dictionary, duck).items()}

    def _count_alone(self, pieces: list[pyarrow.DictionaryArray]) -> None:
        """Counts texts of which no row is stored, so that they need not be put together."""
        if self.few:
            self._apart += map(_rows_of_each, pieces)
            if sum(len(texts) for texts, *_ in self._apart) >= _ADDED_UP:
                self._add_up()

    def _add_up(self) -> None:
        """Adds what was counted apart to the counts."""
        import pyarrow

        texts, rows, missing = zip((self._texts, self._rows, self._missing), *self._apart, strict=True)
        every = pyarrow.table({TEXT: pyarrow.concat_arrays(texts), ROWS: np.concatenate(rows)})
        found = every.group_by(TEXT, use_threads=False).aggregate([(ROWS, "sum")])
        self._texts, self._rows = found[0].combine_chunks(), found[1].to_numpy()
        self._missing, self._apart = sum(missing), []
        self._see_whether_few()

    def _counted(self, pieces: list[pyarrow.DictionaryArray]) -> pyarrow.DictionaryArray:
        """The texts as one, those that are known already first in their dictionary; counted if they are still few."""
        import pyarrow

        if self._texts is not None:
            nothing = pyarrow.array([], pyarrow.int32())
            pieces = [pyarrow.DictionaryArray.from_arrays(nothing, self._texts), *pieces]
        texts = pyarrow.chunked_array(pieces).unify_dictionaries().combine_chunks()
        self._texts = texts.dictionary
        self._missing += texts.null_count
        there = texts.indices.drop_null() if texts.null_count else texts.indices
        rows = np.bincount(there.to_numpy(), minlength=len(self._texts))
        rows[: len(self._rows)] += self._rows
        self._rows = rows
        self._see_whether_few()
        return texts

    def _see_whether_few(self) -> None:
        # Where a text stands in three rows or so, counting saves nothing.
        most = max(_FEW, (int(self._rows.sum()) + self._missing) * 3 // 10)
        self.few = len(self._texts) <= min(most, _MOST_DIFFERENT)
        if not self.few:
            self._texts, self._values = None, {}

    def _of_different(self, texts: pyarrow.Array, duck: duckdb.DuckDBPyConnection) -> dict[str, pyarrow.Array]:
        """What is made of each different text: while they are counted, of each once in the whole file."""
        import pyarrow

        if not self.few:
            return self._of_texts(texts, duck)
        known = len(next(iter(self._values.values()))) if self._values else 0
        if known < len(texts):
            new = self._of_texts(texts.slice(known), duck)
            both = {name: [self._values[name], one] if known else [one] for name, one in new.items()}
            self._values = {name: pyarrow.concat_arrays(parts) for name, parts in both.items()}
        return self._values

    def _of_texts(self, texts: pyarrow.Array, duck: duckdb.DuckDBPyConnection) -> dict[str, pyarrow.Array]:
        import pyarrow

        found = {name: texts for name, sql in self._made.items() if sql == ITS_TEXT}
        others = {name: sql for name, sql in self._made.items() if name not in found}
        if others:
            duck.register("texts", pyarrow.table({TEXT: texts}))
            asked = duck.sql(f"SELECT {', '.join(others.values())} FROM texts").to_arrow_table()
            duck.unregister("texts")
            found |= {name: one.combine_chunks() for name, one in zip(others, asked.columns, strict=True)}
        return {name: found[name] for name in self._made}

    def table(self, left_out: int = 0) -> pyarrow.Table | None:
        """Each text with its rows, the missing text among them but for so many rows, where they are few."""
        import pyarrow

        if self._apart:
            self._add_up()
        if not self.few:
            return None
        texts = pyarrow.concat_arrays([self._texts, pyarrow.nulls(1, self._texts.type)])
        return pyarrow.table({TEXT: texts, ROWS: np.append(self._rows, self._missing - left_out)})


def _rows_of_each(texts: pyarrow.DictionaryArray) -> tuple[pyarrow.Array, np.ndarray, int]:
    """The different texts, how many rows have each, and how many have none."""
    missing = len(texts.dictionary)
    rows = np.bincount(texts.indices.fill_null(missing).to_numpy(), minlength=missing + 1)
    return texts.dictionary, rows[:missing], int(rows[missing])


def _for_rows(values: pyarrow.Array, texts: pyarrow.DictionaryArray) -> pyarrow.Array:
    """For each row what was made of its text: texts encoded, so that each stands once."""
    import pyarrow

    if not pyarrow.types.is_string(values.type):
        return values.take(texts.indices)
    encoded = values.dictionary_encode()
    return pyarrow.DictionaryArray.from_arrays(encoded.indices.take(texts.indices), encoded.dictionary)
