"""Writing answers and lines of registers: whole files or nothing, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from evidence.project import EvidenceError, atomic_write
from evidence.workbook.answers import question_id
from evidence.workbook.markdown import Part, ended_at, read_parts, replace_answer
from evidence.workbook.reference import RegisterInfo
from evidence.workbook.sheet import heading_name, read_any_text, separator_of
from evidence.workbook.words import plain

BOTH = "Both are kept: what somebody else wrote meanwhile, then yours."


@dataclass(frozen=True)
class Saved:
    """What saving came to. `text` is what the file holds now; `kept_both` is True if somebody else wrote meanwhile."""

    text: str
    kept_both: bool = False
    changed: bool = True


def save_answer(path: Path, file: str, identifier: str, answer: str, seen: str) -> Saved:
    """Writes the answer to one question ("1.04", "Q3"). `seen` is the text the person had before them.

    Only that answer is touched. Where the file holds other words than `seen`, both are kept, theirs first. Raises
    EvidenceError when the heading is not in the file or the file cannot be written.
    """
    return _save(path, file, answer, seen, lambda heading: question_id(heading, file) == identifier, identifier)


def save_field(path: Path, file: str, heading: str, answer: str, seen: str) -> Saved:
    """The same for one heading of a document."""
    return _save(path, file, answer, seen, lambda words: plain(words) == plain(heading), heading)


def _save(path: Path, file: str, answer: str, seen: str, wanted, name: str) -> Saved:
    text = read_any_text(path)
    part = _part(text, file, wanted, name)
    answer, now = _safe(answer).strip("\n"), part.text
    if plain(now) == plain(answer):
        return Saved(now, changed=False)
    clash = plain(now) != plain(seen) and plain(now) not in plain(answer)
    whole = f"{now}\n\n{answer}" if clash and answer.strip() else now if clash else answer
    atomic_write(path, replace_answer(text, part, whole))
    return Saved(whole, kept_both=clash)


def _part(text: str, file: str, wanted, name: str) -> Part:
    for part in read_parts(text, wanted):
        # The question ends where the next one begins, whatever that is called.
        later = [
            other for other in read_parts(text, lambda _: True) if other.line > part.line and other.level <= part.level
        ]
        return ended_at(text, part, later[0].line - 1) if later else part
    raise EvidenceError(
        f"the heading of {name} is not there, so nothing was saved.", where=file, remedy="Put it back and save again."
    )


def _safe(answer: str) -> str:
    """An answer may hold headings of its own, but none as high as a question's."""
    lines = answer.replace("\r\n", "\n").split("\n")
    return "\n".join(f"##{line}" if line.startswith(("# ", "## ")) else line for line in lines)


def save_row(path: Path, info: RegisterInfo, identifier: str, cells: dict[str, str], seen: dict[str, str]) -> Saved:
    """Writes cells of the line `identifier`, or a new line where there is none. Cells not named stay as they are.

    A cell that somebody else changed since `seen` keeps both texts, theirs first. Raises EvidenceError when the
    register has no such column or cannot be written.
    """
    if unknown := sorted(set(cells) - set(info.column_names)):
        raise EvidenceError(f"the register has no column {unknown[0]}.", where=info.file)
    records, separator, mark = _records(path, info)
    top = next((n for n, row in enumerate(records) if "id" in map(heading_name, row)), None)
    if top is None:
        raise EvidenceError("the row of headings is not there.", where=info.file, remedy="Put it back and save again.")
    headings = [heading_name(cell) for cell in records[top]]
    position = next((n for n in range(top + 1, len(records)) if _cell(records[n], headings, "id") == identifier), None)
    if position is None:
        records.append([identifier if heading == "id" else cells.get(heading, "") for heading in headings])
        kept_both = False
    else:
        kept_both = _merge(records[position], headings, cells, seen)
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(records)
    atomic_write(path, mark + out.getvalue())
    return Saved(identifier, kept_both)


def _records(path: Path, info: RegisterInfo) -> tuple[list[list[str]], str, str]:
    if not path.is_file():
        return [info.column_names], ",", ""
    text = read_any_text(path)
    separator = separator_of(text, info.column_names)
    raw = path.read_bytes()
    plain_utf8 = not raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) and _is_utf8(raw)
    # Excel recognises UTF-8 by this mark, so a file that came from Excel gets it.
    mark = "" if plain_utf8 and separator == "," else "\ufeff"
    return list(csv.reader(io.StringIO(text), delimiter=separator)), separator, mark


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cell(record: list[str], headings: list[str], name: str) -> str:
    position = headings.index(name)
    return record[position].strip() if position < len(record) else ""


def _merge(record: list[str], headings: list[str], cells: dict[str, str], seen: dict[str, str]) -> bool:
    record.extend([""] * (len(headings) - len(record)))
    kept_both = False
    for name, new in cells.items():
        position = headings.index(name)
        now = record[position].strip()
        clash = plain(now) not in (plain(seen.get(name, "")), plain(new)) and plain(now) != ""
        record[position] = f"{now} / {new}" if clash and new else now if clash else new
        kept_both |= clash
    return kept_both


def next_id(identifiers: list[str], letter: str) -> str:
    """A new id: the letter and the first number above those in use."""
    numbers = [
        int(one[len(letter) :]) for one in identifiers if one.startswith(letter) and one[len(letter) :].isdigit()
    ]
    return f"{letter}{max(numbers, default=0) + 1}"
