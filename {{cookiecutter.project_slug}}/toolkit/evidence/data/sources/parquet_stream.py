"""A large Parquet file's rows as a stream of encoded texts, of which each column is read by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evidence.data.sources.csv_files import NoRows, as_known, nameless_column
from evidence.data.sources.encoded import THREADS, as_batch, encoded_anew, narrow, with_something
from evidence.data.sources.parquet import as_text, open_parquet, refuse_other_encoding, unreadable

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

# Groups of fewer rows are read together: each has to be found, and its texts looked at.
_ROWS_AT_ONCE = 1 << 17
# So many bytes of a column are taken from the file at a time.
_BUFFER = 1 << 16


class ParquetStream:
    """The rows of a Parquet file as record batches, as `CsvStream` has those of a CSV file. Read it once.

    Raises EvidenceError as `read_parquet` does. After the last batch, `rows` and `blank` count them.
    """

    def __init__(self, path: Path, where: str, known: Sequence[str], only: bool) -> None:
        self.where, self.file, self._path = where, path.name, path
        with open_parquet(path, where) as file:
            schema, self._metadata = file.schema_arrow, file.metadata
        held = schema.names
        given = dict(zip(held, as_known(map(str.strip, held), known), strict=True))
        self._wanted = {name: called for name, called in given.items() if called and (not only or called in known)}
        nameless = [name for name, called in given.items() if not called]
        # Where no row can be empty, only what is wanted has to be looked at.
        self._some_empty = not (self._wanted and _has_a_full_column(self._metadata))
        others = [name for name in held if name not in self._wanted]
        self._others = others if self._some_empty else nameless
        self._nameless = {name: held.index(name) for name in nameless}
        # The file holds most texts encoded, and they can be read as they are.
        self._texts = [field.name for field in schema if _is_text(field.type)]
        self.held = tuple(called for called in given.values() if called)
        self.names = tuple(self._wanted.values())
        self.rows = self.blank = 0

    def __iter__(self) -> Iterator[pyarrow.RecordBatch]:
        before = 0
        for columns in self._columns():
            for name, place in self._nameless.items():
                if columns[name].null_count < len(columns[name]):
                    raise nameless_column(place, self.where)
            wanted = {called: columns[name] for name, called in self._wanted.items()}
            count = len(next(iter(columns.values())))
            lines = np.arange(before + 1, before + count + 1)
            made = as_batch(lines, wanted)
            if self._some_empty:
                made = with_something(made, (columns[name] for name in self._others))
            before += count
            self.rows += len(made)
            self.blank += count - len(made)
            yield made
        if not self.rows:
            raise NoRows("the file has columns and no rows.", where=self.where, remedy="Export the table again.")

    def _columns(self) -> Iterator[dict[str, pyarrow.DictionaryArray]]:
        """The columns that are looked at, of some rows at a time."""
        names = [*self._wanted, *self._others]
        with ThreadPoolExecutor(THREADS) as beside:
            lots = (beside.map(partial(self._column, groups), names) for groups in _together(self._metadata))
            waiting = next(lots, None)
            while waiting is not None:
                # While some rows are worked with the next are read.
                columns, waiting = dict(zip(names, waiting, strict=True)), next(lots, None)
                yield columns

    def _column(self, groups: Sequence[int], name: str) -> pyarrow.DictionaryArray:
        """A column of some groups of rows. One alone takes little memory: a reader of many needs a part of each."""
        import pyarrow
        import pyarrow.parquet

        how = {"metadata": self._metadata, "read_dictionary": self._texts, "buffer_size": _BUFFER}
        try:
            with pyarrow.parquet.ParquetFile(self._path, **how) as file:
                found = file.read_row_groups(groups, columns=[name], use_threads=False)
        except (pyarrow.ArrowException, OSError) as error:
            raise unreadable(self._path, error, self.where) from None
        return self._encoded(name, _column_called(name, found))

    def _encoded(self, name: str, column: pyarrow.Array) -> pyarrow.DictionaryArray:
        """A column as trimmed texts, each different one once."""
        import pyarrow
        import pyarrow.compute

        if isinstance(column.type, pyarrow.BaseExtensionType):
            # What Arrow does not know itself cannot be encoded.
            column = as_text(column)
        if not pyarrow.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        refuse_other_encoding(name, column.dictionary, self.where)
        texts = pyarrow.compute.utf8_trim_whitespace(as_text(column.dictionary))
        if _some_alike(column.dictionary, texts):
            column = encoded_anew(column.indices, texts)
        else:
            column = pyarrow.DictionaryArray.from_arrays(column.indices, texts, safe=False)
        return narrow(column)


def _some_alike(values: pyarrow.Array, texts: pyarrow.Array) -> bool:
    """Whether different values may have the same text, or one has none."""
    import pyarrow.compute
    from pyarrow import types

    if types.is_timestamp(values.type) and values.type.tz:
        # Clocks go back.
        return True
    if _is_text(values.type) and not texts.equals(values):
        return True
    return bool(texts.null_count) or pyarrow.compute.index(texts, "").as_py() >= 0


def _is_text(kind: pyarrow.DataType) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _column_called(name: str, table: pyarrow.Table) -> pyarrow.Array:
    """The column of that name; of several without a name the one that has most in it."""
    there = map(table.column, table.schema.get_all_field_indices(name))
    return min(there, key=lambda column: column.null_count).unify_dictionaries().combine_chunks()


def _together(metadata: pyarrow.parquet.FileMetaData) -> Iterator[list[int]]:
    """The file's groups of rows, small ones together."""
    some, rows = [], 0
    for group in range(metadata.num_row_groups):
        some.append(group)
        rows += metadata.row_group(group).num_rows
        if rows >= _ROWS_AT_ONCE:
            yield some
            some, rows = [], 0
    if some:
        yield some


def _has_a_full_column(metadata: pyarrow.parquet.FileMetaData) -> bool:
    """Whether the file itself says of a column of numbers or dates that every row has something there."""
    whole = [
        place
        for place in range(metadata.num_columns)
        if metadata.schema.column(place).physical_type in ("INT32", "INT64", "BOOLEAN")
    ]
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return any(all(_is_full(group.column(place)) for group in groups) for place in whole)


def _is_full(column: pyarrow.parquet.ColumnChunkMetaData) -> bool:
    told = column.statistics
    return told is not None and told.has_null_count and told.null_count == 0
