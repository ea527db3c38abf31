"""Finds rows that a CSV file lost because a quotation mark before them was never closed."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

_LINE_ENDS = rb"\r\n"
# In larger pieces the search keeps more of what it passed, and takes twice as long (measured).
_SEARCHED_AT_ONCE = 1 << 14


class Marks:
    """How many quotation marks and line ends (line feed, carriage return, or both as one) the pieces of a file have."""

    def __init__(self) -> None:
        self.quotes = self.line_ends = 0
        self._last = b""

    def add(self, piece: bytes) -> None:
        """Counts the next piece."""
        self.quotes += piece.count(b'"')
        self.line_ends += piece.count(b"\n") + piece.count(b"\r")
        # A file without carriage returns need not be searched for pairs, which is the slowest.
        if b"\r" in piece:
            self.line_ends -= piece.count(b"\r\n")
        if self._last == b"\r" and piece.startswith(b"\n"):
            self.line_ends -= 1
        self._last = piece[-1:] or self._last

    @property
    def lines(self) -> int:
        """How many lines there are: the last may have no end."""
        return self.line_ends + (self._last not in (b"\n", b"\r"))


def line_before_lost_rows(file: BinaryIO, separator: str) -> int:
    """The line on which a cell begins whose quotation mark was never closed, so that rows are in it; 0 where none is.

    Its sign: a quoted cell goes over a line end, and text follows right after the mark that closes it, which was to
    open another cell. `file` is in UTF-8 and is read on from where it stands, in pieces.
    """
    in_order, lost = _patterns(separator)
    passed, held, piece = Marks(), b"\n", file.read(_SEARCHED_AT_ONCE).removeprefix(codecs.BOM_UTF8)
    while held:
        # What is held begins with the byte before, which tells whether a quotation mark opens a cell.
        text = held + (piece or b"\n")
        end = in_order.match(text, 1).end()
        passed.add(text[1:end])
        if lost.match(text, end):
            return passed.line_ends + 1
        held = text[end - 1 :] if piece else b""
        piece = file.read(_SEARCHED_AT_ONCE)
    return 0


def _patterns(separator: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """(text without the sign, up to a cell that has it or whose end is not there yet; a cell that has it)."""
    ends = re.escape(separator.encode()) + _LINE_ENDS
    cell = rb'"[^"]*+(?:""[^"]*+)*"'
    on_one_line = cell.replace(rb'[^"]', rb'[^"%b]' % _LINE_ENDS)
    # A mark within text that is not quoted opens nothing.
    within = rb'(?<=[^%b])"' % ends
    in_order = rb'[^"]*+(?:(?:%b|%b(?= *+[%b])|%b(?=[^"]))[^"]*+)*' % (within, cell, ends, on_one_line)
    return re.compile(in_order), re.compile(rb'%b(?!") *+[^ %b]' % (cell, ends))
