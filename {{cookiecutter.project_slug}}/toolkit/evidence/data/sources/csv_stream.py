"""A large CSV file's rows as a stream of encoded texts, parsed in pieces side by side; any encoding, told by line."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from evidence.data.sources.csv_files import (
    LINE_END,
    NoRows,
    Rows,
    as_known,
    nameless_column,
    opened,
    read_header,
    refuse_other_kinds,
    two_encodings,
)
from evidence.data.sources.encoded import THREADS, as_batch, encoded, trimmed, with_something
from evidence.data.sources.quotation_marks import Marks
from evidence.project import EvidenceError

if TYPE_CHECKING:
    import pyarrow

Taken = TypeVar("Taken")
_PIECE = 1 << 22
# So much of a CSV file is parsed at once: in less, few texts repeat, and each is stored and looked at again.
_PARSED_AT_ONCE = 4 << 20
# Pieces of that size are parsed side by side, each on a thread of its own.
PIECE_OF_ROWS = 4 << 20
# So many letters are compared at once: what that takes is at hand, and needs no new memory.
_COMPARED_AT_ONCE = 1 << 18


class _LookThrough(Exception):
    """A file that is to be looked through before its rows are read: it is not in UTF-8."""


def read_once_or_twice(
    path: Path, where: str, known: Sequence[str], only: bool, folder: Path, take: Callable[[CsvStream], Taken]
) -> tuple[CsvStream, Taken]:
    """A CSV file's stream, and what `take` makes of it.

    Most files are in UTF-8 and in order, and are looked through while they are read. Any other is read again when it
    has been looked through, so that what is wrong with its letters is told before what is wrong with its rows.
    """
    with opened(path, where) as file:
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
        with opened(in_utf8, where) as file:
            self._header = read_header(file.read(_PIECE).removeprefix(codecs.BOM_UTF8), where)
        places = self._header.places(where)
        given = dict(zip(places, as_known(places.values(), known), strict=True))
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
        rows.check(marks, parsed, last, lambda: opened(self._path, self.where))
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
        whole = rest.refusing_what_has_no_end(_PARSED_AT_ONCE, lambda: opened(self._path, self.where))
        with opened(self._path, self.where) as file, whole:
            file.seek(place)
            for batch in pyarrow.csv.open_csv(file, **rest.options(encoded(), _PARSED_AT_ONCE)):
                if len(batch):
                    lines = rest.lines(first, len(batch))
                    first = int(lines[-1]) + 1
                    yield batch, line - 1 + lines
        rows.follow(rest, line)

    def _side_by_side(self) -> Iterator[tuple[int, _Piece]]:
        """Where each piece of the file ends, and what it is; in order, without the last piece."""
        with opened(self._path, self.where) as file, ThreadPoolExecutor(THREADS) as beside:
            waiting, used = deque(), []
            mark = Rows(self._header, self.where).end_mark
            for end, quotes, data in _cut(file, mark, used):
                waiting.append((end, data, beside.submit(self._of_piece, data, quotes)))
                if len(waiting) > THREADS:
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
                **rows.options(encoded(), len(data) + 1),
                memory_pool=pyarrow.system_memory_pool(),
            )
        except pyarrow.ArrowInvalid:
            return _Piece(Rows(self._header, self.where))
        batch = pyarrow.record_batch([column.combine_chunks() for column in table.columns], table.schema.names)
        return _Piece(rows, batch, quotes, _lines(data))

    def _filled(self, batch: pyarrow.RecordBatch, lines: np.ndarray) -> pyarrow.RecordBatch:
        for place, name in enumerate(self._header.names):
            if not name and batch.column(place).null_count < len(batch):
                raise nameless_column(place, f"{self.where}, line {self._header.line}")
        columns = {name: trimmed(batch.column(place)) for place, name in self._wanted.items()}
        others = (trimmed(batch.column(place)) for place in range(batch.num_columns) if place not in self._wanted)
        made = with_something(as_batch(lines, columns), others)
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
        del piece[PIECE_OF_ROWS:]
        piece += bytes(PIECE_OF_ROWS - len(piece))
        file.seek(end)
        if file.readinto(piece) < PIECE_OF_ROWS:
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


def _below(batch: pyarrow.RecordBatch, rows: int) -> pyarrow.RecordBatch:
    """The batch without its first rows, and without their texts."""
    import pyarrow

    below = batch.slice(rows)
    columns = [column.dictionary.take(column.indices).dictionary_encode() for column in below.columns]
    return pyarrow.record_batch(columns, names=batch.schema.names)


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


def _line_in_other_letters(
    path: Path, where: str, begin: int = 0, look: Callable[[bytes], None] = lambda piece: None
) -> int:
    """The line of the first byte from `begin` on that is no UTF-8, or 0; each piece before it is shown to `look`."""
    decoder, read = codecs.getincrementaldecoder("utf-8")(), begin
    with opened(path, where) as file:
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
    with opened(path, where) as file:
        while piece := file.read(min(_PIECE, place)):
            line, place = line + piece.count(LINE_END), place - len(piece)
    return line


def _refuse_zero_bytes(piece: bytes, where: str) -> None:
    if b"\x00" in piece:
        raise EvidenceError("this is not a text file.", where=where, remedy="Export the table again, as CSV.")


def _other_letters(path: Path, where: str) -> bool:
    """Whether a file that is not UTF-8 as a whole has letters in UTF-8, so that it is in two encodings."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with opened(path, where) as file:
        while piece := file.read(_PIECE):
            if not decoder.decode(piece).replace("\ufffd", "").isascii():
                return True
    return False


def _recoded(path: Path, encoding: str, where: str, folder: Path) -> Path:
    decoder = codecs.getincrementaldecoder(encoding)()
    copy = folder / "recoded.csv"
    with opened(path, where) as file, open(copy, "wb") as out:
        while True:
            piece = file.read(_PIECE)
            text = decoder.decode(piece, final=not piece).encode()
            _refuse_zero_bytes(text, where)
            out.write(text)
            if not piece:
                return copy
