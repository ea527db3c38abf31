"""Files too large to read in full: read in a stream, into frames that hold each text once or for DuckDB to query."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from evidence.data.sources.compact import compact
from evidence.data.sources.copying import ITS_TEXT, Copy, Kept, copied
from evidence.data.sources.csv_files import RawTable, read_csv
from evidence.data.sources.csv_stream import PIECE_OF_ROWS, CsvStream, read_once_or_twice
from evidence.data.sources.duck import connection, literal, private_folder, quoted
from evidence.data.sources.encoded import LINE
from evidence.data.sources.parquet import read_parquet
from evidence.data.sources.parquet_stream import ParquetStream
from evidence.project import EvidenceError, give_back_memory

if TYPE_CHECKING:
    import duckdb
    import pyarrow

Taken = TypeVar("Taken")
# From this size a CSV file is read in a stream: in full it takes five times its size while it is read (measured).
LARGE = 256 << 20
# A Parquet file holds the same rows in about a fifth of the room (measured on episodes in 30 columns).
_PARQUET_SAVES = 5


@dataclass
class LargeTable:
    """A file as DuckDB sees it: `sql` stands after FROM in any connection, and lasts as long as the block it is for.

    Where its rows are `at_hand`, in memory, there is no `sql` that any connection knows: see `seen_by`.

    Its columns are what `Kept` says, of the columns `by_row`, and `line`, the row's line in the file. columns: those
    that were taken; held: all that the file has; rows: how many; blank: rows with nothing in them, which are left out.
    different: of columns with few different texts, the columns `TEXT` and `ROWS`, how many rows have each.
    `every_row()` is the table with all columns by row, for which the file is read again.
    """

    line: ClassVar[str] = f'CAST("{LINE}" AS BIGINT)'

    file: str
    sql: str
    columns: tuple[str, ...]
    held: tuple[str, ...]
    rows: int
    blank: int
    by_row: tuple[str, ...]
    different: Mapping[str, pyarrow.Table]
    every_row: Callable[[], LargeTable]
    at_hand: pyarrow.Table | None = None

    def seen_by(self, connection: duckdb.DuckDBPyConnection) -> str:
        """What stands after FROM in that connection."""
        if self.at_hand is None:
            return self.sql
        name = f"rows at hand: {id(self.at_hand)}"
        connection.register(name, self.at_hand)
        return quoted(name)


def is_large(path: Path) -> bool:
    """Whether a file is better not read in full."""
    size = path.stat().st_size
    return size >= (LARGE // _PARQUET_SAVES if _is_parquet(path) else LARGE)


@contextmanager
def open_large(
    path: Path, where: str, known: Sequence[str] = (), only: bool = False, kept: Kept | None = None
) -> Iterator[LargeTable]:
    """A CSV or Parquet file for DuckDB while the block runs.

    known: names for columns that are written otherwise in the file (compared by `squeezed`); only: leave out the
    others. kept: what of it is copied, and in which form (default: all of it as text); what is too much to stay in
    memory lies in a private folder that is removed afterwards. Raises EvidenceError with the line as `read_csv` does.
    """
    with private_folder() as folder:
        yield _in_rows(path, where, known, only, folder, kept)


def read_file(path: Path, where: str, known: Sequence[str] = (), only: bool = False) -> RawTable:
    """A CSV or Parquet file as `read_csv` and `read_parquet` give it; a large one in a stream.

    known, only: as for `open_large`. Columns of a large file whose texts repeat are categories.
    """
    if is_large(path):
        return read_large(path, where, known, only)
    raw = read_parquet(path, where) if _is_parquet(path) else read_csv(path, where)
    give_back_memory(after=len(raw.frame))
    return raw


def read_large(path: Path, where: str, known: Sequence[str] = (), only: bool = False) -> RawTable:
    """A large CSV or Parquet file, as `read_file` says."""
    give_back_memory()
    with private_folder() as folder:
        stream, (frame, lines) = _streamed(
            path, where, known, only, folder, lambda stream: compact(stream.names, stream)
        )
    return RawTable(frame, lines, stream.blank, stream.held)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _streamed(
    path: Path,
    where: str,
    known: Sequence[str],
    only: bool,
    folder: Path,
    take: Callable[[CsvStream | ParquetStream], Taken],
) -> tuple[CsvStream | ParquetStream, Taken]:
    """A file's stream, and what `take` makes of it."""
    if not _is_parquet(path):
        return read_once_or_twice(path, where, known, only, folder, take)
    stream = ParquetStream(path, where, known, only)
    return stream, take(stream)


def _in_rows(path: Path, where: str, known: Sequence[str], only: bool, folder: Path, kept: Kept | None) -> LargeTable:
    """The table that `open_large` gives."""
    handle, copy = tempfile.mkstemp(suffix=".parquet", dir=folder)
    os.close(handle)
    before = _as_it_is(path)
    # Pieces of the file come and go: what one of them needed is there for the next.
    give_back_memory(but_for=0 if _is_parquet(path) else PIECE_OF_ROWS)

    def copy_of(stream: CsvStream | ParquetStream) -> Copy:
        text_alone = Kept(frozenset(stream.names), {name: {name: ITS_TEXT} for name in stream.names})
        batches = iter(stream)
        # While DuckDB is imported, which takes a while, the first pieces are parsed.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(import_module, "duckdb")
            batches = chain(list(islice(batches, 1)), batches)
        with connection(folder) as duck:
            return copied(stream.names, batches, Path(copy), kept or text_alone, duck)

    stream, found = _streamed(path, where, known, only, folder, copy_of)
    # DuckDB takes its own memory from here on.
    give_back_memory()

    def again() -> LargeTable:
        if _as_it_is(path) != before:
            raise EvidenceError(
                "the file was changed while it was being read.",
                where=where,
                remedy="Repeat the command when nobody is writing to it.",
            )
        return _in_rows(path, where, known, only, folder, Kept(frozenset(stream.names), kept.made) if kept else None)

    sql = f"read_parquet({literal(_unglobbed(Path(copy)))})" if found.rows is None else ""
    return LargeTable(
        stream.file, sql, stream.names, stream.held, stream.rows, stream.blank,
        found.by_row, found.different, again, found.rows,
    )  # fmt: skip


def _as_it_is(path: Path) -> tuple[int, int]:
    """What changes when somebody writes to a file: its size and the time it was written."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _unglobbed(path: Path) -> str:
    """A path in which DuckDB takes no character for a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
