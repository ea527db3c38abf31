"""Files too large to read in full: CSV in a stream, Parquet where it lies, both as text columns that DuckDB queries."""

from __future__ import annotations

import codecs
import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np
import pandas as pd

from evidence.data.sources.copying import ITS_TEXT, Copy, Kept, copied, counts_of
from evidence.data.sources.csv_files import (
    LINE_END,
    NoRows,
    RawTable,
    Rows,
    nameless_column,
    read_csv,
    read_header,
    refuse_other_kinds,
    squeezed,
    two_encodings,
)
from evidence.data.sources.parquet import TIME_ZONE, open_parquet, read_parquet, unreadable
from evidence.data.sources.quotation_marks import Marks
from evidence.project import EvidenceError, give_back_memory
from evidence.project.slow_imports import without

if TYPE_CHECKING:
    import duckdb
    import pyarrow

Taken = TypeVar("Taken")
# From this size a CSV file is read in a stream: in full it takes five times its size while it is read (measured).
LARGE = 256 << 20
# A Parquet file holds the same rows in about a fifth of the room (measured on episodes in 30 columns).
_PARQUET_SAVES = 5
_PIECE = 1 << 22
_ROWS_A_BATCH = 200_000
# So much of a CSV file is parsed at once: in less, few texts repeat, and each is stored and looked at again.
_PARSED_AT_ONCE = 4 << 20
# Pieces of that size are parsed side by side, each on a thread of its own.
_PIECE_OF_ROWS = 4 << 20
_MOST_THREADS = 4
# So many letters are compared at once: what that takes is at hand, and needs no new memory.
_COMPARED_AT_ONCE = 1 << 18
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
LINE = "line of the file"


@dataclass
class LargeTable:
    """A file as DuckDB sees it: `sql` stands after FROM in any connection, and lasts as long as the block it is for.

    Where its rows are `at_hand`, in memory, there is no `sql` that any connection knows: see `seen_by`.

    Its columns are text, trimmed, NULL where empty, and `line`, the row's line in the file. columns: those that were
    taken; held: all that the file has; rows: how many; blank: rows with nothing in them, which are left out. kinds: of
    a Parquet file the DuckDB type of each column that was taken, names: what the file calls it; `stored(column)` is the
    column as it is stored.
    different: of columns with few different texts, in a Parquet file those that it holds as text, the columns `TEXT`
    and `ROWS`, how many rows have each; tidy: those of a Parquet file of which no text has blanks to take off.
    made: the columns of a CSV file's rows are what `Kept` says, of the columns `by_row`; `every_row()` is the table
    with all columns by row, for which the file is read again.
    """

    file: str
    sql: str
    columns: tuple[str, ...]
    held: tuple[str, ...]
    rows: int
    blank: int
    line: str = f'"{LINE}"'
    kinds: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    different: Mapping[str, pyarrow.Table] = field(default_factory=dict)
    tidy: frozenset[str] = frozenset()
    by_row: tuple[str, ...] = ()
    made: bool = False
    every_row: Callable[[], LargeTable] | None = None
    at_hand: pyarrow.Table | None = None

    def seen_by(self, connection: duckdb.DuckDBPyConnection) -> str:
        """What stands after FROM in that connection."""
        if self.at_hand is None:
            return self.sql
        name = f"rows at hand: {id(self.at_hand)}"
        connection.register(name, self.at_hand)
        return quoted(name)

    def stored(self, column: str) -> str:
        """The SQL of a Parquet file's column as it is stored."""
        return quoted(f"stored: {column}")


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
    others. A CSV file is copied, in pieces, into a private folder that is removed afterwards; kept: what of it, and in
    which form (default: all of it as text). Raises EvidenceError with the line as `read_csv` does.
    """
    with private_folder() as folder:
        if _is_parquet(path):
            yield _with_texts_counted(_parquet(path, where, known, only), path)
        else:
            yield _in_rows(path, where, known, only, folder, kept)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else may look into, removed with all that is in it when the block ends."""
    with tempfile.TemporaryDirectory(prefix="evidence-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """What `connect` opens, while the block runs."""
    opened = connect(folder)
    try:
        yield opened
    finally:
        opened.close()


def connect(folder: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB that takes a quarter of the memory (2 GiB at most), spills into `folder` alone, and fetches nothing."""
    import duckdb

    limit = min(2 << 30, _memory() // 4)
    settings = {
        "memory_limit": f"{limit >> 20}MiB",
        "temp_directory": str(folder or ""),
        # What one query needed goes back before the next one asks for as much.
        "allocator_flush_threshold": "1MB",
        "allocator_bulk_deallocation_flush_threshold": "1MB",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    # In a notebook it draws a bar for what takes long where it finds widgets, which take a tenth of a second to import.
    with without("ipywidgets"):
        opened = duckdb.connect(config=settings)
    if "ipywidgets" in sys.modules:
        opened.execute("SET enable_progress_bar = false")
    return opened


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 << 30


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
        if not _is_parquet(path):
            stream, (frame, lines) = _read_once_or_twice(
                path, where, known, only, folder, lambda stream: compact(stream.names, stream)
            )
            return RawTable(frame, lines, stream.blank, stream.held)
        table = _parquet(path, where, known, only)
        with connection(folder) as duck, _one_line(path, where):
            taken = ", ".join([table.line, *map(quoted, table.columns)])
            reader = duck.sql(f"SELECT {taken} FROM {table.sql}").to_arrow_reader(_ROWS_A_BATCH)
            frame, lines = compact(table.columns, reader)
        return RawTable(frame, lines, table.blank, table.held)


# CSV -----------------------------------------------------------------------------------------------------------


class _LookThrough(Exception):
    """A file that is to be looked through before its rows are read: it is not in UTF-8."""


def _read_once_or_twice(
    path: Path, where: str, known: Sequence[str], only: bool, folder: Path, take: Callable[[CsvStream], Taken]
) -> tuple[CsvStream, Taken]:
    """A CSV file's stream, and what `take` makes of it.

    Most files are in UTF-8 and in order, and are looked through while they are read. Any other is read again when it
    has been looked through, so that what is wrong with its letters is told before what is wrong with its rows.
    """
    with _opened(path, where) as file:
        beginning = file.read(_PIECE)
    refuse_other_kinds(beginning, where)
    in_utf16 = beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    del beginning
    with suppress(_LookThrough, EvidenceError):
        if not in_utf16:
            stream = CsvStream(path, path, where, known, only)
            return stream, take(stream)
    stream = CsvStream(path, _as_utf8_file(path, in_utf16, where, folder), where, known, only)
    return stream, take(stream)


class CsvStream:
    """The rows of a CSV file as record batches: `LINE`, then the columns `names` as trimmed text. Read it once.

    Texts are encoded: each batch has every different text of a column once. in_utf8: the file, or a copy of it in
    UTF-8. Raises `_LookThrough` where it is something else.

    After the last batch, `rows` and `blank` count them.
    """

    def __init__(self, path: Path, in_utf8: Path, where: str, known: Sequence[str], only: bool) -> None:
        self.where, self.file, self._path = where, path.name, in_utf8
        with _opened(in_utf8, where) as file:
            self._header = read_header(file.read(_PIECE).removeprefix(codecs.BOM_UTF8), where)
        places = self._header.places(where)
        names = {squeezed(name): name for name in known}
        given = {place: names.get(squeezed(name), name) for place, name in places.items()}
        self._wanted = {place: name for place, name in given.items() if not only or name in known}
        self.held = tuple(given.values())
        self.names = tuple(self._wanted.values())
        self.rows = self.blank = 0

    def __iter__(self) -> Iterator[pyarrow.RecordBatch]:
        rows, marks = Rows(self._header, self.where), Marks()
        above, last, parsed = self._header.line, [], 0
        for batch, lines in self._parsed(rows, marks):
            parsed += len(batch)
            last = [str(column[-1]) for column in batch.columns]
            if above:
                batch, lines, above = _below(batch, above), lines[above:], max(0, above - len(batch))
            yield self._filled(batch, lines)
        rows.check(marks, parsed, last, lambda: _opened(self._path, self.where))
        if not self.rows:
            raise NoRows(
                "the file has a header and no rows.", where=self.where, remedy="Export the table again, with its rows."
            )

    def _parsed(self, rows: Rows, marks: Marks) -> Iterator[tuple[pyarrow.RecordBatch, np.ndarray]]:
        """The rows with their lines, as far as they come in whole pieces side by side, and from there on in one go.

        What is met that is no row goes to `rows`, and what the file has of marks to `marks`.
        """
        import pyarrow.csv

        place, line = 0, 1
        for end, piece in self._side_by_side():
            if not piece.rows.ended:
                break
            rows.follow(piece.rows, line)
            marks.quotes, marks.line_ends = marks.quotes + piece.quotes, marks.line_ends + piece.lines - 1
            # A piece ends with the last of its line ends.
            marks.add(LINE_END)
            count = len(piece.batch)
            if count:
                yield piece.batch, line - 1 + piece.rows.lines(1, count)
            place, line = end, line + count + piece.rows.left_out
        if _line_in_other_letters(self._path, self.where, place, marks.add):
            raise _LookThrough
        rest, first = Rows(self._header, self.where), 1
        whole = rest.refusing_what_has_no_end(_PARSED_AT_ONCE, lambda: _opened(self._path, self.where))
        with _opened(self._path, self.where) as file, whole:
            file.seek(place)
            for batch in pyarrow.csv.open_csv(file, **rest.options(_encoded(), _PARSED_AT_ONCE)):
                if len(batch):
                    lines = rest.lines(first, len(batch))
                    first = int(lines[-1]) + 1
                    yield batch, line - 1 + lines
        rows.follow(rest, line)

    def _side_by_side(self) -> Iterator[tuple[int, _Piece]]:
        """Where each piece of the file ends, and what it is; in order, without the last piece."""
        threads = min(_MOST_THREADS, os.cpu_count() or 1)
        with _opened(self._path, self.where) as file, ThreadPoolExecutor(threads) as beside:
            waiting, used = deque(), []
            mark = Rows(self._header, self.where).end_mark
            for end, quotes, data in _cut(file, mark, used):
                waiting.append((end, data, beside.submit(self._of_piece, data, quotes)))
                if len(waiting) > threads:
                    end, data, parsed = waiting.popleft()
                    piece = parsed.result()
                    used.append(data)
                    yield end, piece
            for end, _, parsed in waiting:
                yield end, parsed.result()

    def _of_piece(self, data: bytearray, quotes: int) -> _Piece:
        """A marked piece with so many quotation marks, whose rows have `ended` where it is whole rows."""
        import pyarrow
        import pyarrow.csv

        if not _is_utf8(data):
            raise _LookThrough
        rows = Rows(self._header, self.where, marked=True)
        try:
            # The usual allocator keeps what each thread gives back.
            table = pyarrow.csv.read_csv(
                pyarrow.BufferReader(data),
                **rows.options(_encoded(), len(data) + 1),
                memory_pool=pyarrow.system_memory_pool(),
            )
        except pyarrow.ArrowInvalid:
            return _Piece(Rows(self._header, self.where))
        batch = pyarrow.record_batch([column.combine_chunks() for column in table.columns], table.schema.names)
        return _Piece(rows, batch, quotes, _lines(data))

    def _filled(self, batch: pyarrow.RecordBatch, lines: np.ndarray) -> pyarrow.RecordBatch:
        import pyarrow

        for place, name in enumerate(self._header.names):
            if not name and batch.column(place).null_count < len(batch):
                raise nameless_column(place, self._header, self.where)
        columns = {place: _trimmed(batch.column(place)) for place in self._wanted}
        made = pyarrow.record_batch([pyarrow.array(lines), *columns.values()], names=[LINE, *self._wanted.values()])
        filled = _rows_with_something(batch, columns)
        if filled is not None:
            made = made.filter(pyarrow.array(filled))
        self.rows += len(made)
        self.blank += len(batch) - len(made)
        return made


@dataclass
class _Piece:
    """A piece of a file: what was met in it, and where it is whole rows, those and its quotation marks and lines."""

    rows: Rows
    batch: pyarrow.RecordBatch | None = None
    quotes: int = 0
    lines: int = 0


def _cut(file: BinaryIO, mark: bytes, used: list[bytearray] | None = None) -> Iterator[tuple[int, int, bytearray]]:
    """A file in pieces that look like whole rows, but for the last: where one ends, its quotation marks, and itself.

    Behind each piece stands the mark.

    It stops where that cannot be told from the quotation marks, or the mark could be the file's own: whoever parses a
    piece has to see that it is whole. used: pieces that nobody needs any more, which are filled again: new memory costs
    more than the reading.
    """
    end = 0
    while True:
        piece = used.pop() if used else bytearray()
        del piece[_PIECE_OF_ROWS:]
        piece += bytes(_PIECE_OF_ROWS - len(piece))
        file.seek(end)
        if file.readinto(piece) < _PIECE_OF_ROWS:
            return
        size, quotes = (0, 0) if mark[:1] in piece else _whole_rows(piece)
        if not size:
            return
        end += size
        piece[size:] = mark
        yield end, quotes, piece
        del piece


def _whole_rows(data: bytearray) -> tuple[int, int]:
    """How many of the bytes are whole rows, if they begin with one, and how many quotation marks those have.

    They end with the last line end outside a quoted cell.
    """
    inside, after = _count(data, b'"'), len(data)
    # The parser takes a byte order mark off wherever it begins.
    before = data.rfind(LINE_END, 0, len(data) - len(codecs.BOM_UTF8))
    while before >= 0:
        inside -= data.count(b'"', before, after)
        if inside % 2 == 0 and not data.startswith(codecs.BOM_UTF8, before + 1):
            return before + 1, inside
        before, after = data.rfind(LINE_END, 0, before), before
    return 0, 0


def _lines(data: bytearray) -> int:
    """How many lines there are in whole rows."""
    returns, feeds = _count(data, b"\r"), _count(data, b"\n")
    if returns:
        letters = np.frombuffer(data, dtype=np.uint8)
        feeds -= int(np.count_nonzero(letters[np.flatnonzero(letters[:-1] == ord("\r")) + 1] == ord("\n")))
    return returns + feeds


def _count(data: bytearray, letter: bytes) -> int:
    """How often a letter is there."""
    # To see that it is nowhere is fastest.
    if letter not in data:
        return 0
    letters = np.frombuffer(data, dtype=np.uint8)
    pieces = (letters[begin : begin + _COMPARED_AT_ONCE] for begin in range(0, len(letters), _COMPARED_AT_ONCE))
    return sum(int(np.count_nonzero(piece == ord(letter))) for piece in pieces)


def _is_utf8(data: bytearray) -> bool:
    """Whether the bytes are UTF-8 without a zero byte."""
    values = np.frombuffer(data, dtype=np.uint8)
    if not values.min():
        return False
    # Most pieces have plain letters alone, which is seen much faster.
    if values.max() < 128:
        return True
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError:
        return False
    return True


def _encoded() -> pyarrow.DataType:
    """Texts of which each different one stands once, and a number for each row."""
    import pyarrow

    return pyarrow.dictionary(pyarrow.int32(), pyarrow.string())


def _below(batch: pyarrow.RecordBatch, rows: int) -> pyarrow.RecordBatch:
    """The batch without its first rows, and without their texts."""
    import pyarrow

    below = batch.slice(rows)
    columns = [column.dictionary.take(column.indices).dictionary_encode() for column in below.columns]
    return pyarrow.record_batch(columns, names=batch.schema.names)


def _trimmed(column: pyarrow.DictionaryArray, some_empty: bool = False) -> pyarrow.DictionaryArray:
    """Texts without blanks around them, missing where nothing is left; some_empty: where nothing was there before."""
    import pyarrow.compute

    texts = pyarrow.compute.utf8_trim_whitespace(column.dictionary)
    if texts.equals(column.dictionary) and not some_empty:
        return column
    texts = pyarrow.compute.if_else(pyarrow.compute.equal(texts, ""), None, texts)
    # Texts that differed in blanks alone are one now.
    return texts.take(column.indices).dictionary_encode()


def _rows_with_something(batch: pyarrow.RecordBatch, trimmed: dict[str, pyarrow.Array]) -> np.ndarray | None:
    """Where a row has something in any column, of those wanted or not; None where every row has."""
    empty = np.ones(len(batch), dtype=bool)
    for name in [*trimmed, *(name for name in batch.schema.names if name not in trimmed)]:
        column = trimmed.get(name)
        column = _trimmed(batch.column(name)) if column is None else column
        if not column.null_count:
            return None
        empty &= column.is_null().to_numpy(zero_copy_only=False)
        if not empty.any():
            return None
    return ~empty


def _as_utf8_file(path: Path, in_utf16: bool, where: str, folder: Path) -> Path:
    """The file, or a copy of it in UTF-8."""
    if in_utf16:
        try:
            return _recoded(path, "utf-16", where, folder)
        except UnicodeDecodeError:
            raise EvidenceError("the file is cut short.", where=where, remedy="Copy the whole file again.") from None
    wrong = _line_in_other_letters(path, where)
    if not wrong:
        return path
    try:
        if not _other_letters(path, where):
            return _recoded(path, "cp1252", where, folder)
    except UnicodeDecodeError:
        pass
    raise two_encodings(f"{where}, line {wrong}")


@contextmanager
def _opened(path: Path, where: str) -> Iterator:
    try:
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise EvidenceError(
            f"the file cannot be opened ({error.strerror}).",
            where=where,
            remedy="Close it in other programs and try again.",
        ) from None


def _line_in_other_letters(
    path: Path, where: str, begin: int = 0, look: Callable[[bytes], None] = lambda piece: None
) -> int:
    """The line of the first byte from `begin` on that is no UTF-8, or 0; each piece before it is shown to `look`."""
    decoder, read = codecs.getincrementaldecoder("utf-8")(), begin
    with _opened(path, where) as file:
        file.seek(begin)
        while True:
            piece = file.read(_PIECE)
            _refuse_zero_bytes(piece, where)
            waiting = len(decoder.getstate()[0])
            # Most pieces have plain letters alone, which is seen much faster.
            if waiting or not piece or not piece.isascii():
                try:
                    decoder.decode(piece, final=not piece)
                except UnicodeDecodeError as error:
                    return _line_at(path, where, read + max(0, error.start - waiting))
            if not piece:
                return 0
            look(piece)
            read += len(piece)


def _line_at(path: Path, where: str, place: int) -> int:
    """The line of the file's byte at that place."""
    line = 1
    with _opened(path, where) as file:
        while piece := file.read(min(_PIECE, place)):
            line, place = line + piece.count(LINE_END), place - len(piece)
    return line


def _refuse_zero_bytes(piece: bytes, where: str) -> None:
    if b"\x00" in piece:
        raise EvidenceError("this is not a text file.", where=where, remedy="Export the table again, as CSV.")


def _other_letters(path: Path, where: str) -> bool:
    """Whether a file that is not UTF-8 as a whole has letters in UTF-8, so that it is in two encodings."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with _opened(path, where) as file:
        while piece := file.read(_PIECE):
            if not decoder.decode(piece).replace("\ufffd", "").isascii():
                return True
    return False


def _recoded(path: Path, encoding: str, where: str, folder: Path) -> Path:
    decoder = codecs.getincrementaldecoder(encoding)()
    copy = folder / "recoded.csv"
    with _opened(path, where) as file, open(copy, "wb") as out:
        while True:
            piece = file.read(_PIECE)
            text = decoder.decode(piece, final=not piece).encode()
            _refuse_zero_bytes(text, where)
            out.write(text)
            if not piece:
                return copy


def _in_rows(path: Path, where: str, known: Sequence[str], only: bool, folder: Path, kept: Kept | None) -> LargeTable:
    """The table that `open_large` gives of a CSV file."""
    handle, copy = tempfile.mkstemp(suffix=".parquet", dir=folder)
    os.close(handle)
    before = _as_it_is(path)
    # Pieces of the file come and go: what one of them needed is there for the next.
    give_back_memory(but_for=_PIECE_OF_ROWS)

    def copy_of(stream: CsvStream) -> Copy:
        text_alone = Kept(frozenset(stream.names), {name: {name: ITS_TEXT} for name in stream.names})
        batches = iter(stream)
        # While DuckDB is imported, which takes a while, the first pieces are parsed.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(import_module, "duckdb")
            first = list(islice(batches, 1))
        with connection(folder) as duck:
            return copied(stream.names, chain(first, batches), Path(copy), kept or text_alone, duck)

    stream, found = _read_once_or_twice(path, where, known, only, folder, copy_of)
    # DuckDB takes its own memory from here on.
    give_back_memory()

    def again() -> LargeTable:
        if _as_it_is(path) != before:
            raise EvidenceError(
                "the file was changed while it was being read.",
                where=where,
                remedy="Repeat the command when nobody is writing to it.",
            )
        every = Kept(frozenset(stream.names), kept.made) if kept else None
        return _in_rows(path, where, known, only, folder, every)

    sql = f"read_parquet({literal(_unglobbed(Path(copy)))})" if found.rows is None else ""
    return LargeTable(
        stream.file, sql, stream.names, stream.held, stream.rows, stream.blank, f'CAST("{LINE}" AS BIGINT)',
        different=found.different, by_row=found.by_row, made=kept is not None, every_row=again, at_hand=found.rows,
    )  # fmt: skip


def _as_it_is(path: Path) -> tuple[int, int]:
    """What changes when somebody writes to a file: its size and the time it was written."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


# Parquet -------------------------------------------------------------------------------------------------------

# How many columns have something in every row, as the file itself says.
_ALWAYS_FILLED = """SELECT count(*) FROM (
    SELECT path_in_schema FROM parquet_metadata({})
    GROUP BY path_in_schema HAVING bool_and(stats_null_count = 0 AND stats_min_value > ' '))"""


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _parquet(path: Path, where: str, known: Sequence[str], only: bool) -> LargeTable:
    """The file where it lies, its columns turned into text by DuckDB as they are asked for."""
    open_parquet(path, where).close()
    source = f"read_parquet({literal(_unglobbed(path))}, file_row_number = true)"
    wanted = {squeezed(name): name for name in known}
    with private_folder() as folder, connection(folder) as duck, _one_line(path, where):
        kinds = {name: str(kind) for name, kind, *_ in duck.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        kinds.pop("file_row_number")
        texts = {name: text_of(quoted(name), kind) for name, kind in kinds.items()}
        given = {name: wanted.get(squeezed(name), name.strip()) for name in kinds}
        taken = {name: called for name, called in given.items() if not only or called in known}
        filled = f"coalesce({', '.join(texts.values())}) IS NOT NULL"
        held = rows = duck.execute(f"SELECT count(*) FROM {source}").fetchone()[0]
        if not duck.execute(_ALWAYS_FILLED.format(literal(_unglobbed(path)))).fetchone()[0]:
            rows = duck.execute(f"SELECT count(*) FROM {source} WHERE {filled}").fetchone()[0]
    if not rows:
        raise NoRows("the file has columns and no rows.", where=where, remedy="Export the table again.")
    line = f"file_row_number + 1 AS {quoted(LINE)}"
    as_stored = (f"{quoted(name)} AS {quoted(f'stored: {called}')}" for name, called in taken.items())
    chosen = ", ".join([line, *(f"{texts[name]} AS {quoted(called)}" for name, called in taken.items()), *as_stored])
    some = f" WHERE {filled}" if rows < held else ""
    sql = f"(SELECT {chosen} FROM {source}{some})"
    columns, names = tuple(taken.values()), {called: name for name, called in taken.items()}
    return LargeTable(
        path.name, sql, columns, tuple(given.values()), rows, held - rows, by_row=columns, names=names,
        kinds={called: kinds[name] for name, called in taken.items()},
    )  # fmt: skip


def _with_texts_counted(table: LargeTable, path: Path) -> LargeTable:
    """The table of a Parquet file with `different` and `tidy`.

    The file holds texts encoded, so that to count them takes less than to look at every row once.
    """
    import pyarrow

    different, tidy = {}, set()
    give_back_memory()
    for column in (column for column, kind in table.kinds.items() if kind == "VARCHAR"):
        try:
            counts, has_blanks = _texts_of(path, table.names[column], table.blank)
        except pyarrow.ArrowException:
            # Whoever asks DuckDB for the rows is told what is wrong with them.
            continue
        if counts is not None:
            different[column] = counts
            tidy |= set() if has_blanks else {column}
    give_back_memory()
    return replace(table, different=different, tidy=frozenset(tidy))


def _texts_of(path: Path, name: str, blank: int) -> tuple[pyarrow.Table | None, bool]:
    """What `counts_of` finds in a column of a Parquet file, and whether blanks had to be taken off its texts."""
    import pyarrow.compute
    import pyarrow.parquet

    changed = []

    def trimmed(batch: pyarrow.RecordBatch) -> pyarrow.DictionaryArray:
        encoded = _as_encoded(batch.column(name))
        texts = _trimmed(encoded, some_empty=pyarrow.compute.index(encoded.dictionary, "").as_py() >= 0)
        changed.append(texts is not encoded)
        return texts

    with pyarrow.parquet.ParquetFile(path, read_dictionary=[name]) as file:
        # On threads of its own it keeps what they let go.
        batches = file.iter_batches(_ROWS_A_BATCH, columns=[name], use_threads=False)
        return counts_of(map(trimmed, batches), left_out=blank), any(changed)


def _as_encoded(texts: pyarrow.Array) -> pyarrow.DictionaryArray:
    """Texts of any kind, encoded as those of a CSV file are."""
    import pyarrow

    if pyarrow.types.is_dictionary(texts.type):
        return texts.cast(_encoded())
    return texts.cast(pyarrow.string()).dictionary_encode()


def text_of(column: str, kind: str) -> str:
    """The SQL that turns a column of that DuckDB type into text: dates year-month-day, numbers as people write them."""
    text = f"CAST({column} AS VARCHAR)"
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        # Taking blanks off is slow, and most texts begin and end with a plain letter or digit.
        ends = " AND ".join(f"unicode({text}[{end}]) BETWEEN 33 AND 127" for end in (1, -1))
        return f"CASE WHEN {ends} THEN {text} ELSE nullif(trim({text}, {literal(_BLANKS)}), '') END"
    if kind.startswith("TIMESTAMP"):
        plain = f"{column} AT TIME ZONE '{TIME_ZONE}'" if has_time_zone(kind) else column
        return (
            f"CASE WHEN CAST({plain} AS TIME) = TIME '00:00:00' THEN strftime({plain}, '%Y-%m-%d') "
            f"ELSE CAST({plain} AS VARCHAR) END"
        )
    if kind in ("DOUBLE", "FLOAT"):
        # No exponent, which readers of text do not take for a number; whole numbers without a point. Where DuckDB
        # trusts a file's statistics, which leave out what is no number, isnan finds none.
        whole = f"CAST(TRY_CAST({text} AS DECIMAL(38, 0)) AS VARCHAR)"
        return (
            f"CASE WHEN isnan({column}) THEN NULL WHEN isinf({column}) THEN {text} "
            f"WHEN {column} = trunc({column}) THEN coalesce({whole}, nullif({text}, 'nan')) "
            f"WHEN abs({column}) < 0.001 THEN rtrim(CAST(CAST({text} AS DECIMAL(38, 32)) AS VARCHAR), '0') "
            f"ELSE {text} END"
        )
    return text


def has_time_zone(kind: str) -> bool:
    """Whether values of that DuckDB type are moments, of which a time zone tells day and time."""
    return kind.startswith(("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"))


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _unglobbed(path: Path) -> str:
    """A path in which DuckDB takes no character for a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


@contextmanager
def _one_line(path: Path, where: str) -> Iterator[None]:
    """What DuckDB raises within the block, as one line without a value."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise EvidenceError(
            "there is not enough memory or room on the disk to read it.",
            where=where,
            remedy="Close other programs, or free some room, and repeat the command.",
        ) from None
    except duckdb.Error as error:
        raise unreadable(path, error, where) from None


# Frames ----------------------------------------------------------------------------------------------------------


class _Column:
    """The texts of one column, gathered batch by batch: as a category while they repeat, as text otherwise."""

    def __init__(self) -> None:
        self._pieces: list[pyarrow.Array] = []
        self._waiting: list[pyarrow.Array] = []
        self._repeats = True

    def add(self, texts: pyarrow.Array) -> None:
        if not self._repeats:
            self._pieces.append(texts)
            return
        self._waiting.append(texts.dictionary_encode())
        if len(self._waiting) == _TOGETHER:
            # What repeats from batch to batch is held once; a text may be rare in one batch and repeat in the next.
            whole = _as_one(self._waiting)
            self._pieces.append(whole)
            self._waiting = []
            self._repeats = len(whole.dictionary) <= _most_different(len(whole))

    def series(self, categories: bool) -> pd.Series:
        import pyarrow

        self._pieces += self._waiting
        self._waiting = []
        if self._repeats and self._pieces:
            whole = _as_one(self._pieces)
            if categories and len(whole.dictionary) <= _most_different(len(whole)):
                names = pd.Index(whole.dictionary.to_pandas(), dtype=_text())
                codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
                return pd.Series(pd.Categorical.from_codes(codes, dtype=list_of_names(names)))
            self._pieces = [whole]
        texts = [piece.cast(pyarrow.string()) for piece in self._pieces]
        return pyarrow.chunked_array(texts, pyarrow.string()).to_pandas(types_mapper=lambda kind: _text())


def list_of_names(names: pd.Index) -> pd.CategoricalDtype:
    """Different texts as a list of categories."""
    made = pd.CategoricalDtype(names)
    # What pandas looks names up in, made to see that they differ, holds each text once more.
    getattr(made.categories, "_cache", {}).clear()
    return made


def _as_one(pieces: list[pyarrow.Array]) -> pyarrow.Array:
    """Texts with a dictionary each as texts with one."""
    import pyarrow

    return pyarrow.chunked_array(pieces).unify_dictionaries().combine_chunks()


def _most_different(rows: int) -> int:
    """Up to how many different texts in so many rows a category takes less room than the texts themselves."""
    return max(_FEW, rows * 3 // 4)


# So many batches are put together at a time.
_TOGETHER = 64
# A column of no more different texts than this is a category, however few rows there are.
_FEW = 1000


def _text() -> pd.StringDtype:
    return pd.StringDtype(na_value=np.nan)


def compact(
    names: Sequence[str], batches: Iterable[pyarrow.RecordBatch], categories: Callable[[int], bool] = lambda rows: True
) -> tuple[pd.DataFrame, np.ndarray]:
    """(frame, lines) of batches that hold the line and then the columns `names` as text.

    categories: whether, with so many rows, columns whose texts repeat become categories.
    """
    columns = [_Column() for _ in names]
    lines = []
    for batch in batches:
        lines.append(batch.column(0).to_numpy())
        for column, texts in zip(columns, batch.columns[1:], strict=True):
            column.add(texts)
    lines = np.concatenate(lines) if lines else np.zeros(0, dtype=np.int64)
    series = {}
    for name in names:
        # Each column is let go as soon as it is made, so that none is held twice.
        series[name] = columns.pop(0).series(categories(len(lines)))
    give_back_memory()
    return pd.DataFrame(series), lines
