"""Cells that show an error in the two binary kinds of workbook, .xls and .xlsb, which the reading library leaves empty.

Sources: Microsoft's open specifications MS-CFB and MS-XLS (.xls) and MS-XLSB (.xlsb).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from struct import unpack_from

# Records of .xls: a sheet's place and name, a cell with a truth value or an error, a formula, the end of a sheet.
_SHEET, _ERROR, _FORMULA, _END = 0x0085, 0x0205, 0x0006, 0x000A
# Records of .xlsb: a row, a cell with an error, a formula that gives one, a sheet's name.
_ROW, _CELL_ERROR, _FORMULA_ERROR, _BUNDLE = 0, 3, 11, 156
_NO_SECTOR = 0xFFFFFFFA


def errors_of_xls(path: Path) -> dict[str, list[str]]:
    """By sheet: where cells show an error (B2). Raises ValueError or struct.error for what does not have this form."""
    book = _stream_of_compound_file(path.read_bytes())
    sheets, found = {}, {}
    for at, kind, body in _records_of_xls(book, 0):
        if kind == _SHEET:
            length, wide = body[6], body[7] & 1
            text = body[8 : 8 + length * (1 + wide)]
            sheets[text.decode("utf-16-le" if wide else "latin-1")] = unpack_from("<I", body)[0]
        if kind == _END and at:
            break
    for name, start in sheets.items():
        found[name] = [
            _place(*unpack_from("<HH", body))
            for _, kind, body in _records_of_xls(book, start)
            if _shows_error(kind, body)
        ]
    return found


def _shows_error(kind: int, body: bytes) -> bool:
    if kind == _ERROR:
        return body[7] == 1
    # A formula's result that is no number says so in its last two bytes, and of which kind it is in its first.
    return kind == _FORMULA and body[12:14] == b"\xff\xff" and body[6] == 2


def _records_of_xls(book: bytes, at: int) -> Iterator[tuple[int, int, bytes]]:
    """(place, kind, body) of each record up to the one that ends this part of the workbook."""
    while at + 4 <= len(book):
        kind, size = unpack_from("<HH", book, at)
        yield at, kind, book[at + 4 : at + 4 + size]
        if kind == _END:
            return
        at += 4 + size


def _stream_of_compound_file(data: bytes) -> bytes:
    """The stream of cells in a compound file: pieces of one size, chained by a table."""
    size = 1 << unpack_from("<H", data, 30)[0]
    piece = [data[at : at + size] for at in range(size, len(data), size)]
    table_at = [at for at in unpack_from("<109I", data, 76) if at < _NO_SECTOR]
    more = unpack_from("<I", data, 68)[0]
    while more < _NO_SECTOR:
        *some, more = unpack_from(f"<{size // 4}I", piece[more])
        table_at += [at for at in some if at < _NO_SECTOR]
    table = [after for at in table_at for after in unpack_from(f"<{size // 4}I", piece[at])]
    folder = _chained(piece, table, unpack_from("<I", data, 48)[0])
    # The first entry holds the pieces of streams that are too short for pieces of their own.
    small = _chained(piece, table, unpack_from("<I", folder, 116)[0])
    for at in range(0, len(folder), 128):
        name = folder[at : at + unpack_from("<H", folder, at + 64)[0]].decode("utf-16-le").rstrip("\0")
        start, length = unpack_from("<II", folder, at + 116)
        if name in ("Workbook", "Book") and length >= unpack_from("<I", data, 56)[0]:
            return _chained(piece, table, start)[:length]
        if name in ("Workbook", "Book"):
            chains = _chained(piece, table, unpack_from("<I", data, 60)[0])
            pieces = [small[at : at + 64] for at in range(0, len(small), 64)]
            return _chained(pieces, list(unpack_from(f"<{len(chains) // 4}I", chains)), start)[:length]
    raise ValueError("no stream of cells")


def _chained(piece: list[bytes], table: list[int], at: int) -> bytes:
    chain = []
    while at < _NO_SECTOR and len(chain) <= len(piece):
        chain.append(piece[at])
        at = table[at]
    return b"".join(chain)


def errors_of_xlsb(path: Path) -> dict[str, list[str]]:
    """As `errors_of_xls`, of an .xlsb workbook."""
    with zipfile.ZipFile(path) as package:
        links = package.read("xl/_rels/workbook.bin.rels")
        targets = {}
        for element in re.findall(rb"<Relationship\s[^>]*>", links):
            named = dict(re.findall(rb'(\w+)="([^"]*)"', element))
            targets[named[b"Id"].decode()] = named[b"Target"].decode()
        found = {}
        for kind, body in _records_of_xlsb(package.read("xl/workbook.bin")):
            if kind == _BUNDLE:
                link, after = _text(body, 8)
                part = "xl/" + targets[link].removeprefix("/xl/")
                found[_text(body, after)[0]] = list(_errors_of_part(package.read(part)))
    return found


def _errors_of_part(part: bytes) -> Iterator[str]:
    row = 0
    for kind, body in _records_of_xlsb(part):
        if kind == _ROW:
            row = unpack_from("<I", body)[0]
        elif kind in (_CELL_ERROR, _FORMULA_ERROR):
            yield _place(row, unpack_from("<I", body)[0])


def _records_of_xlsb(part: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(part):
        kind, at = _number(part, at, 2)
        size, at = _number(part, at, 4)
        yield kind, part[at : at + size]
        at += size


def _number(part: bytes, at: int, longest: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, the eighth bit set in all bytes but the last; and what is behind."""
    value = 0
    for place in range(longest):
        value |= (part[at] & 0x7F) << 7 * place
        at += 1
        if part[at - 1] < 0x80:
            break
    return value, at


def _text(body: bytes, at: int) -> tuple[str, int]:
    end = at + 4 + 2 * unpack_from("<I", body, at)[0]
    return body[at + 4 : end].decode("utf-16-le"), end


def _place(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"
