"""Looks for real identifying values in everything that is about to leave, in clear or wrapped up."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import io
import json
import re
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from evidence.privacy.identifiers import SHORTEST, WORD, Secrets
from evidence.project import EvidenceError

# A run of letters and digits, joined by at most one mark at a time, as identifiers are written.
_RUN = re.compile(r"[^\W_]+(?:[-_/.][^\W_]+)*")
_PIECE = re.compile(r"[^\W_]+")
# These begin with what they take, which a search can run ahead to; what must not stand before is looked at after that.
_DECIMAL = re.compile(r"[+\-\d](?<![\w.].)\d*(?<=\d)\.\d+(?:[eE][+-]?\d+)?(?![\w.])")
_POSTCODE = re.compile(r"([A-Z](?<![A-Z0-9].)[A-Z]?\d[A-Z\d]?) ?(\d[A-Z]{2})(?![A-Z0-9])")
_DAY_FIRST = re.compile(r"(\d(?<!\d\d)\d?)[/.-](\d{1,2})[/.-](\d{4})(?!\d)")
_YEAR_FIRST = re.compile(r"(\d(?<!\d\d)\d{3})[-/](\d{2})[-/](\d{2})(?!\d)")
_COLOUR = re.compile(
    r"((?:fill|stroke|color|background|border)[\w-]*[ \t]*[:=][ \t]*[\"']?)#[0-9a-f]{3,8}\b", re.IGNORECASE
)
# How large a page of a Word file is.
_PAGE_SIZE = re.compile(r"<w:pgSz\b[^<>\n]*>")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_IN_WORDS = re.compile(
    rf"(\d(?<!\d\d)\d?)(?:st|nd|rd|th)?\s+({'|'.join(m[:3] + '(?:' + m[3:] + ')?' for m in _MONTHS)})\s+(\d{{4}})",
    re.IGNORECASE,
)
_BIRTH_WORDS = re.compile(r"\b(born|dob|d\.o\.b|date of birth|birth ?date)\b", re.IGNORECASE)
# One of these is part of each of the words above.
_OF_BIRTH = ("born", "dob", "d.o.b", "birth")
_NEAR = 60
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\s*\\?n?\s*[A-Za-z0-9+/_-]{16,})*={0,2}")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrtbf\"/\\]))")
_ZIP, _PNG = b"PK\x03\x04", b"\x89PNG"
_DEEPEST = 4
_LARGEST_MEMBER = 512 * 1024 * 1024


@dataclass(frozen=True, order=True)
class Finding:
    """Where an identifying value stands and of what kind it is. Never the value."""

    path: str
    line: int
    kind: str


class Findings(list):
    """The findings as a list. `files` were looked through; `notes` say what was not looked for, in words."""

    def __init__(self, found: Iterable[Finding], files: int, notes: list[str]) -> None:
        super().__init__(found)
        self.files = files
        self.notes = notes


def scan(folder: str | Path, secrets: Secrets, allowed: Iterable[str] = ()) -> Findings:
    """Every place in a file or folder where one of `secrets` stands: path (from `folder`), line, kind, once each.

    Looks through text in UTF-8 and UTF-16, with the escapes of JSON, HTML and addresses undone; base64 (images, data
    addresses, notebooks) and what it holds; zip archives, Word and Excel files; names of files. An identifier counts
    where it stands alone, not inside a longer word, number or decimal. Dates of birth count wherever they are written
    in figures, and in words only near "born", "DOB" or "date of birth".

    `allowed` are values that may appear though they equal an identifying one: parameters, such as the date a run speaks
    from. Raises EvidenceError when `folder` is not there or a file cannot be read. Source: action 6.02.
    """
    return Scanner(secrets, allowed).scan(folder)


def find_in(value: object, secrets: Secrets) -> str | None:
    """What kind of identifying value stands in a text, frame, list or dictionary; None where there is none of them."""
    search = Scanner(secrets)
    found = (kind for text in _texts(value) for _, kind in search.text(text))
    return next(found, None)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif hasattr(value, "reset_index"):
        for name, column in value.reset_index().items():
            yield from (str(one) for one in (name, *column.unique()) if isinstance(one, str))
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in _texts(part))
    elif isinstance(value, (list, tuple)):
        yield from (text for part in value for text in _texts(part))


def _notes(secrets: Secrets) -> list[str]:
    if not secrets.too_short:
        return []
    return [
        f"{secrets.too_short:,} values shorter than {SHORTEST} characters were not looked for: "
        "they would be found in ordinary numbers and words."
    ]


class Scanner:
    """Looks for the same values again and again, as `scan` does. What it found clean it need not look through twice."""

    def __init__(self, secrets: Secrets, allowed: Iterable[str] = ()) -> None:
        self._secrets = secrets
        self._allowed = {str(value).strip().upper() for value in allowed}
        self._allowed_days = {day for value in self._allowed for day in _days(value)}
        self._words = secrets.longest()
        self._clean: set[str] = set()
        self._clean_lines: set[str] = set()
        self._clean_blocks: set[tuple[int, str]] = set()

    def scan(self, folder: str | Path, which: Callable[[str], bool] = lambda name: True) -> Findings:
        """What `scan` gives of a file or folder, or of what lies directly in it under names that `which` takes."""
        root = Path(folder)
        if not root.exists():
            raise EvidenceError("there is no such file or folder.", where=str(folder))
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
        names = {path: path.name if root.is_file() else path.relative_to(root).as_posix() for path in files}
        names = {path: name for path, name in names.items() if which(name.partition("/")[0])}
        found: set[Finding] = set()
        for path, name in names.items():
            try:
                data = path.read_bytes()
            except OSError as error:
                raise EvidenceError(f"the file cannot be read ({error.strerror}).", where=name) from None
            found.update(Finding(name, 0, kind) for _, kind in self.text(name))
            found.update(Finding(name, line, kind) for line, kind in self.data(data, 0))
        return Findings(sorted(found), len(names), _notes(self._secrets))

    def data(self, data: bytes, depth: int) -> Iterator[tuple[int, str]]:
        """(line, kind) for everything found in a file's bytes, whatever they are."""
        if data.startswith(_ZIP):
            yield from self._members(data, depth)
            return
        if data.startswith(_PNG):
            data = _png_text(data)
        for text in _decoded(data):
            yield from self.text(text)
            yield from self._unwrapped(text, depth)

    def text(self, text: str) -> Iterator[tuple[int, str]]:
        """(line, kind) for a text as it stands and with its escapes undone."""
        for view in _views(text):
            starts = _line_starts(view)
            for position, kind in self._in(view):
                yield _line(starts, position), kind

    def _members(self, data: bytes, depth: int) -> Iterator[tuple[int, str]]:
        if depth >= _DEEPEST:
            return
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.infolist():
                    yield from ((0, kind) for _, kind in self.text(member.filename))
                    if member.file_size <= _LARGEST_MEMBER and not member.flag_bits & 1:
                        yield from ((0, kind) for _, kind in self.data(archive.read(member), depth + 1))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError):
            return

    def _unwrapped(self, text: str, depth: int) -> Iterator[tuple[int, str]]:
        if depth >= _DEEPEST:
            return
        blocks = [block for block in _BASE64.finditer(text) if (depth, block.group()) not in self._clean_blocks]
        unwrapped = {block.group(): _from_base64(block.group()) for block in blocks}
        if not self._anything_in([data for data in unwrapped.values() if data is not None], depth + 1):
            # Most of what might be wrapped is a long word that comes again and again; images do not.
            self._clean_blocks |= {(depth, block) for block in unwrapped}
            return
        starts = _line_starts(text)
        for block in blocks:
            data = unwrapped[block.group()]
            for _, kind in self.data(data, depth + 1) if data is not None else ():
                yield _line(starts, block.start()), kind

    def _anything_in(self, unwrapped: list[bytes], depth: int) -> bool:
        """Whether something may be found in any of these: most are short and hold nothing, so all are read at once."""
        texts = []
        for data in unwrapped:
            if not data.startswith((_ZIP, _PNG)):
                texts += _decoded(data)
            elif any(True for _ in self.data(data, depth)):
                return True
        # Nothing that is looked for goes over this, but for words of a name: that is then seen one by one.
        text = "\n\0\n".join(texts)
        return any(True for _ in self.text(text)) or any(True for _ in self._unwrapped(text, depth))

    def _in(self, text: str) -> Iterator[tuple[int, str]]:
        # The same lines and tags stand in a pack over and over: new ones are looked through, the whole only where they
        # matter. Nothing that is looked for in a line goes on beyond the end of a tag.
        new = set(text.replace(">", ">\n").split("\n")) - self._clean_lines
        if any(self._in_lines("\n".join(new))):
            yield from self._in_lines(text)
        else:
            self._clean_lines |= new
        if self._words > 1:
            yield from self._names(_plain(text).upper())
        yield from self._births_in_words(text)

    def _in_lines(self, text: str) -> Iterator[tuple[int, str]]:
        """What stands in a line whatever the lines before and after it."""
        plain = _plain(text).upper()
        yield from self._identifiers(plain if len(plain) == len(text) else text.upper())
        for match in _POSTCODE.finditer(plain):
            code = match.group(1) + match.group(2)
            if self._secrets.has_postcode(code) and code not in self._allowed:
                yield match.start(), "postcode"
        yield from self._births(text)

    def _identifiers(self, plain: str) -> Iterator[tuple[int, str]]:
        # So do words: each is looked up once, and its places only where it matters.
        runs = set(_RUN.findall(plain)) - self._clean
        found = {run: places for run in runs if (places := list(self._in_run(run)))}
        self._clean |= runs - found.keys()
        for run in _RUN.finditer(plain) if found else ():
            yield from ((run.start() + place, kind) for place, kind in found.get(run.group(), ()))

    def _in_run(self, run: str) -> Iterator[tuple[int, str]]:
        """(place, kind) for the whole run, or else for up to four of its pieces that stand together."""
        if len(run) < SHORTEST:
            return
        kind = self._kind(run)
        if kind:
            yield 0, kind
            return
        pieces = list(_PIECE.finditer(run))
        for i in range(len(pieces) if len(pieces) > 1 else 0):
            for j in range(i, min(i + 4, len(pieces))):
                kind = self._kind(run[pieces[i].start() : pieces[j].end()])
                if kind:
                    yield pieces[i].start(), kind

    def _names(self, plain: str) -> Iterator[tuple[int, str]]:
        words = list(WORD.finditer(plain))
        texts = [word.group() for word in words]
        for i in range(len(words)):
            for count in range(2, self._words + 1):
                kind = self._kind(" ".join(texts[i : i + count]))
                if kind:
                    yield words[i].start(), kind

    def _kind(self, text: str) -> str | None:
        kind = self._secrets.kind_of(text)
        return None if kind is None or text in self._allowed else kind

    def _births(self, text: str) -> Iterator[tuple[int, str]]:
        for pattern, order in ((_DAY_FIRST, (3, 2, 1)), (_YEAR_FIRST, (1, 2, 3))):
            for match in pattern.finditer(text):
                if self._is_birth(*(int(match.group(i)) for i in order)):
                    yield match.start(), "date of birth"

    def _births_in_words(self, text: str) -> Iterator[tuple[int, str]]:
        # Nearly all text says nothing of birth, and is not searched for dates in words.
        lowered = text.lower()
        for match in _IN_WORDS.finditer(text) if any(word in lowered for word in _OF_BIRTH) else ():
            month = 1 + [name[:3] for name in _MONTHS].index(match.group(2)[:3].lower())
            near = text[max(match.start() - _NEAR, 0) : match.end() + _NEAR]
            if self._is_birth(int(match.group(3)), month, int(match.group(1))) and _BIRTH_WORDS.search(near):
                yield match.start(), "date of birth"

    def _is_birth(self, year: int, month: int, day: int) -> bool:
        try:
            found = date(year, month, day)
        except ValueError:
            return False
        return self._secrets.has_birth(found) and found not in self._allowed_days


def _plain(text: str) -> str:
    """Without the colours, sizes of pages and decimals, in which digits say nothing of anybody."""
    return _DECIMAL.sub(_blanked, _PAGE_SIZE.sub(_blanked, _COLOUR.sub(_blanked_colour, text)))


def _blanked(match: re.Match) -> str:
    return " " * len(match.group())


def _blanked_colour(match: re.Match) -> str:
    return match.group(1) + " " * (len(match.group()) - len(match.group(1)))


def _days(value: str) -> Iterator[date]:
    for pattern, order in ((_DAY_FIRST, (3, 2, 1)), (_YEAR_FIRST, (1, 2, 3))):
        for match in pattern.finditer(value):
            try:
                yield date(*(int(match.group(i)) for i in order))
            except ValueError:
                continue


def _decoded(data: bytes) -> list[str]:
    """The texts that bytes may be: UTF-16 where they look like it, else UTF-8, or byte by byte."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return [data.decode("utf-16", errors="replace")]
    if data.count(0) > len(data) // 10:
        wide = [data[start:].decode("utf-16-le", errors="replace") for start in (0, 1)]
        return [data.decode("latin-1"), *wide]
    try:
        return [data.decode("utf-8-sig")]
    except UnicodeDecodeError:
        return [data.decode("latin-1")]


def _views(text: str) -> list[str]:
    """The text, and with the escapes of JSON, HTML and addresses undone where it has any."""
    views = [text]
    if "\\" in text:
        # In JSON a backslash is always an escape, so nothing stands in it that does not stand in what it means.
        views = [_ESCAPED.sub(_unescaped, text)] if _is_json(text) else [text, _ESCAPED.sub(_unescaped, text)]
    for mark, undo in (("&", html.unescape), ("%", unquote)):
        views.extend([undo(view) for view in views if mark in view and undo(view) != view])
    return views


def _is_json(text: str) -> bool:
    try:
        return text.lstrip()[:1] in ("{", "[") and json.loads(text) is not None
    except (ValueError, RecursionError):
        return False


def _unescaped(match: re.Match) -> str:
    number = match.group(1) or match.group(2)
    if number:
        return chr(int(number, 16))
    return match.group(3) if match.group(3) in '"/\\' else " "


def _from_base64(text: str) -> bytes | None:
    compact = re.sub(r"\\n|\s", "", text).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return None


def _png_text(data: bytes) -> bytes:
    """The texts that an image carries beside its pixels; pixels are compressed and hold no text."""
    found, at = [], 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in (b"tEXt", b"iTXt", b"eXIf"):
            found.append(data[at + 8 : at + 8 + length])
        elif data[at + 4 : at + 8] == b"zTXt":
            keyword, _, packed = data[at + 8 : at + 8 + length].partition(b"\x00")
            found.append(keyword + b" " + _inflated(packed[1:]))
        at += 12 + length
    return b"\n".join(found)


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, 1 << 24)
    except zlib.error:
        return b""


def _line_starts(text: str) -> list[int]:
    return [match.end() for match in re.finditer("\n", text)]


def _line(starts: list[int], position: int) -> int:
    return bisect_right(starts, position) + 1
