"""A file's rows on their way to DuckDB, at hand or in a Parquet file; how many rows have each text is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evidence.data.sources.encoded import narrowed, wide

if TYPE_CHECKING:
    import duckdb
    import pyarrow

TEXT, ROWS = "text of the column", "rows that have it"
# The SQL of a column's text, in what is made of it.
ITS_TEXT = f'"{TEXT}"'
# Batches of so many bytes are put together: a text that stands in many of them is then looked at once.
_TOGETHER = 4 << 20
# In a file, where they are a group of rows, more of them are better.
_GROUP = 8 << 20
# Of a column with no more different texts than this it is kept how many rows have each.
_MOST_DIFFERENT = 100_000
# Where so few texts differ they are counted, however few rows there are.
_FEW = 25_000
# Counts of so many texts of a column, from several lots of rows, are added up at a time.
_ADDED_UP = 1 << 16


@dataclass(frozen=True)
class Kept:
    """What of a file's rows is copied.

    by_row: the columns of which each row is copied; of the others only those with too many different texts to count.
    made: by column what is stored for it, the SQL of each by its name, made of `ITS_TEXT`; a column that is not named
    is left out. Each is worked out once for each different text, so it has to be a function of the text alone, and
    missing or false where that is missing. at_hand: rows that take no more bytes than this stay in memory.
    """

    by_row: frozenset[str]
    made: Mapping[str, Mapping[str, str]]
    at_hand: int = 0


@dataclass(frozen=True)
class Copy:
    """What was copied: `by_row`, the columns of which there are rows, and the counts of those with few texts.

    rows: the rows that stayed in memory; None where they are in the file.
    """

    by_row: tuple[str, ...]
    different: dict[str, pyarrow.Table]
    rows: pyarrow.Table | None


def copied(
    names: Sequence[str],
    batches: Iterable[pyarrow.RecordBatch],
    path: Path,
    kept: Kept,
    duck: duckdb.DuckDBPyConnection,
) -> Copy:
    """Copies batches of encoded texts (the line first, then the columns `names`): see `Copy`.

    path: the Parquet file that takes the rows where they are too many to stay at hand.
    """
    columns = {name: _Column(kept.made.get(name, {}), name in kept.by_row, duck) for name in names}
    rows = _Rows(columns, path, kept.at_hand)
    lots = _together(map(rows.without_counted, batches), rows)
    with ThreadPoolExecutor(1) as beside:
        waiting = None
        try:
            # The first settle which columns are only counted.
            rows.add(next(lots, []))
            # While some batches are copied the next are read, and no more than these two lots are held.
            for some in lots:
                if waiting:
                    waiting.result()
                waiting = beside.submit(rows.add, some)
        finally:
            if waiting:
                waiting.result()
            rows.close()
        at_hand = beside.submit(rows.at_hand)
        counts = {name: column.table() for name, column in columns.items()}
    by_row = tuple(name for name, column in columns.items() if column.stored)
    return Copy(by_row, {name: table for name, table in counts.items() if table is not None}, at_hand.result())


def _together(batches: Iterable[pyarrow.RecordBatch], rows: _Rows) -> Iterator[list[pyarrow.RecordBatch]]:
    some, size = [], 0
    for batch in batches:
        some.append(batch)
        size += batch.nbytes
        if size >= (_GROUP if rows.in_file else _TOGETHER):
            yield some
            some, size = [], 0
    if some:
        yield some


class _Rows:
    """The rows of some columns, as Arrow arrays while they are few and in a Parquet file from then on."""

    def __init__(self, columns: Mapping[str, _Column], path: Path, most: int) -> None:
        self._columns, self._path, self._most = columns, path, most
        self._lines: list[pyarrow.Array] = []
        self._line, self._size, self._writer = "", 0, None
        self._counted: list[str] = []

    @property
    def in_file(self) -> bool:
        """Whether the rows are not, or no longer, at hand."""
        return self._size >= self._most

    def without_counted(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """The batch without those columns of which the first rows showed that they are only counted, which is done."""
        for name in self._counted:
            self._columns[name].count_alone(batch.column(name))
        return batch.drop_columns(self._counted) if self._counted else batch

    def add(self, some: list[pyarrow.RecordBatch]) -> None:
        """Adds some batches, which become one group of rows."""
        import pyarrow

        if not some:
            return
        self._line = some[0].schema.names[0]
        lines = pyarrow.concat_arrays([batch.column(0) for batch in some])
        self._lines.append(narrowed(lines, lines[-1].as_py() if len(lines) else 0))
        self._size += self._lines[-1].nbytes
        for name in some[0].schema.names[1:]:
            self._size += self._columns[name].add([batch.column(name) for batch in some])
        if self.in_file:
            self._write()
        self._counted = [name for name, column in self._columns.items() if not column.stored]

    def _write(self) -> None:
        """Moves what is at hand into the file."""
        import pyarrow

        made = [column.let_go() for column in self._columns.values() if column.stored]
        for lines, *of_columns in zip(self._lines, *made, strict=True):
            arrays = {self._line: lines.cast(pyarrow.int64())}
            for of_column in of_columns:
                arrays |= {name: _for_file(array) for name, array in of_column.items()}
            self._write_group(pyarrow.table(arrays))
        self._lines = []

    def _write_group(self, table: pyarrow.Table) -> None:
        import pyarrow
        import pyarrow.parquet

        if self._writer is None:
            texts = [one.name for one in table.schema if pyarrow.types.is_dictionary(one.type)]
            # Nobody asks for statistics of it, and they take a third of the time.
            how = {"compression": "none", "write_statistics": False, "use_dictionary": texts}
            self._writer = pyarrow.parquet.ParquetWriter(self._path, table.schema, **how)
        self._writer.write_table(table, row_group_size=len(table))

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    def at_hand(self) -> pyarrow.Table | None:
        """The rows, where they did not become so many that they are in the file."""
        import pyarrow

        if self._writer or not self._lines:
            return None
        arrays = {self._line: _alike(self._lines)}
        for column in self._columns.values():
            made = column.let_go() if column.stored else []
            arrays |= {name: _alike([one[name] for one in made]) for name in (made[0] if made else {})}
        return pyarrow.table(arrays)


class _Column:
    """A column of the copy; `stored`, whether it has rows there, and `few` are known once there were some texts."""

    def __init__(self, made: Mapping[str, str], wanted: bool, duck: duckdb.DuckDBPyConnection | None = None) -> None:
        self._made, self._wanted, self._duck = made, wanted, duck
        self.stored, self.few = False, True
        self._encoded: bool | None = None
        # The different texts so far, in the order in which they came; how many rows have each, and what is made of it.
        self._texts: pyarrow.Array | None = None
        self._rows = np.zeros(0, dtype=np.int64)
        self._missing = 0
        # How many rows of later pieces have each, where they are not put together with those.
        self._apart: list[tuple[pyarrow.Array, np.ndarray, int]] = []
        self._texts_apart = 0
        self._values: dict[str, pyarrow.Array] = {}
        # Of each lot of rows that is at hand what is stored; while texts are few, the place of each in their list.
        self._at_hand: list[dict[str, pyarrow.Array]] = []
        self._places: list[pyarrow.Array] = []

    def add(self, pieces: list[pyarrow.DictionaryArray]) -> int:
        """Counts texts while they are few, and keeps what is stored of them; gives back how many bytes that is."""
        import pyarrow

        pieces = [wide(piece) for piece in pieces]
        if self.few:
            texts = self._counted(pieces)
        else:
            texts = pyarrow.chunked_array(pieces).unify_dictionaries().combine_chunks()
        if self._encoded is None:
            # How a column is stored is settled by its first rows, as one file holds all of them.
            self._encoded = self.few or len(texts.dictionary) <= len(texts) * 3 // 4
            self.stored = bool(self._made) and (self._wanted or not self.few)
        return self._keep(texts) if self.stored else 0

    def _keep(self, texts: pyarrow.DictionaryArray) -> int:
        import pyarrow

        if not self._encoded:
            made = self._of_texts(texts.cast(pyarrow.string()))
        elif self.few:
            # The first rows hold most of the texts; what is made of later ones is worked out for all of them at once.
            if not self._places:
                self._know()
            self._places.append(narrowed(texts.indices, len(texts.dictionary)))
            return self._places[-1].nbytes
        else:
            made = _of_rows(texts.indices, self._of_texts(texts.dictionary))
        self._at_hand.append(made)
        return sum(array.nbytes for array in made.values())

    def let_go(self) -> list[dict[str, pyarrow.Array]]:
        """What is stored of each lot of rows that was at hand."""
        if self._places:
            self._know()
        made = [*(_of_rows(places, self._values) for places in self._places), *self._at_hand]
        self._places, self._at_hand = [], []
        return made

    def count_alone(self, texts: pyarrow.DictionaryArray) -> None:
        """Counts texts of which no row is stored, so that they need not be put together."""
        if self.few:
            self._apart.append(_rows_of_each(texts))
            self._texts_apart += len(texts.dictionary)
            if self._texts_apart >= _ADDED_UP:
                self._add_up()

    def _add_up(self) -> None:
        """Adds what was counted apart to the counts."""
        import pyarrow

        before = [] if self._texts is None else [(self._texts, self._rows, self._missing)]
        texts, rows, missing = zip(*before, *self._apart, strict=True)
        every = pyarrow.table({TEXT: pyarrow.concat_arrays(texts), ROWS: np.concatenate(rows)})
        found = every.group_by(TEXT, use_threads=False).aggregate([(ROWS, "sum")])
        self._texts, self._rows = found[0].combine_chunks(), found[1].to_numpy()
        self._missing, self._apart, self._texts_apart = sum(missing), [], 0
        self._see_whether_few()

    def _counted(self, pieces: list[pyarrow.DictionaryArray]) -> pyarrow.DictionaryArray:
        """The texts as one, those that are known already first in their dictionary; counted if they are still few."""
        import pyarrow

        if self._texts is not None:
            nothing = pyarrow.array([], pyarrow.int32())
            pieces = [pyarrow.DictionaryArray.from_arrays(nothing, self._texts), *pieces]
        texts = pyarrow.chunked_array(pieces).unify_dictionaries().combine_chunks()
        self._texts, rows, missing = _rows_of_each(texts)
        self._missing += missing
        rows[: len(self._rows)] += self._rows
        self._rows = rows
        self._see_whether_few()
        return texts

    def _see_whether_few(self) -> None:
        # Where a text stands in three rows or so, counting saves nothing.
        most = max(_FEW, (int(self._rows.sum()) + self._missing) * 3 // 10)
        self.few = len(self._texts) <= min(most, _MOST_DIFFERENT)
        if not self.few:
            self._at_hand = self.let_go()
            self._texts, self._values = None, {}

    def _know(self) -> None:
        """Works out what is made of those of the different texts that are new."""
        import pyarrow

        known = len(next(iter(self._values.values()))) if self._values else 0
        if known < len(self._texts):
            new = self._of_texts(self._texts.slice(known))
            both = {name: [self._values[name], one] if known else [one] for name, one in new.items()}
            self._values = {name: pyarrow.concat_arrays(parts) for name, parts in both.items()}

    def _of_texts(self, texts: pyarrow.Array) -> dict[str, pyarrow.Array]:
        import pyarrow

        found = {name: texts for name, sql in self._made.items() if sql == ITS_TEXT}
        others = {name: sql for name, sql in self._made.items() if name not in found}
        if others:
            self._duck.register("texts", pyarrow.table({TEXT: texts}))
            asked = self._duck.sql(f"SELECT {', '.join(others.values())} FROM texts").to_arrow_table()
            self._duck.unregister("texts")
            found |= {name: one.combine_chunks() for name, one in zip(others, asked.columns, strict=True)}
        return {name: found[name] for name in self._made}

    def table(self) -> pyarrow.Table | None:
        """Each text with its rows, the missing text among them, where they are few."""
        import pyarrow

        if self._apart:
            self._add_up()
        if not self.few:
            return None
        texts = pyarrow.concat_arrays([self._texts, pyarrow.nulls(1, self._texts.type)])
        return pyarrow.table({TEXT: texts, ROWS: np.append(self._rows, self._missing)})


def _rows_of_each(texts: pyarrow.DictionaryArray) -> tuple[pyarrow.Array, np.ndarray, int]:
    """The different texts, how many rows have each, and how many have none."""
    missing = len(texts.dictionary)
    rows = np.bincount(texts.indices.fill_null(missing).to_numpy(), minlength=missing + 1)
    return texts.dictionary, rows[:missing], int(rows[missing])


def _of_rows(places: pyarrow.Array, values: Mapping[str, pyarrow.Array]) -> dict[str, pyarrow.DictionaryArray]:
    """For each row what is made of its text: encoded, so that the places are there once for all of it."""
    import pyarrow

    # That each place is one of the values need not be looked at.
    encoded = partial(pyarrow.DictionaryArray.from_arrays, places, safe=False)
    return {name: encoded(of_texts) for name, of_texts in values.items()}


def _for_file(array: pyarrow.Array) -> pyarrow.Array:
    """What a Parquet file can hold: texts encoded, so that each stands once, and all else as it is."""
    import pyarrow

    if not pyarrow.types.is_dictionary(array.type):
        return array
    if not pyarrow.types.is_string(array.type.value_type):
        return array.dictionary.take(array.indices)
    encoded = array.dictionary.dictionary_encode()
    return pyarrow.DictionaryArray.from_arrays(encoded.indices.take(array.indices), encoded.dictionary)


def _alike(lots: list[pyarrow.Array]) -> pyarrow.ChunkedArray:
    """Lots of a column as one, each number in as many bytes as it has in any lot."""
    import pyarrow

    if pyarrow.types.is_dictionary(lots[0].type):
        values = [lot.dictionary for lot in lots]
        places = _alike([lot.indices for lot in lots]).chunks
        encoded = partial(pyarrow.DictionaryArray.from_arrays, safe=False)
        return pyarrow.chunked_array(list(map(encoded, places, values)))
    if not pyarrow.types.is_integer(lots[0].type):
        return pyarrow.chunked_array(lots)
    widest = max((lot.type for lot in lots), key=lambda kind: kind.bit_width)
    return pyarrow.chunked_array([lot.cast(widest) for lot in lots])
