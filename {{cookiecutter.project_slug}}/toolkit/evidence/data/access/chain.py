"""A file of lines, each sealed to the one before it: what was altered, removed, moved or put in shows.

Detected: any line altered, removed, inserted or moved, and a tail that was cut off, as long as a place outside the file
remembers an earlier last line. Not detected: somebody who rewrites the whole file and every place that remembers it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace

START = "0" * 64
# A line that begins a new stretch after something was wrong: it seals every byte before it, as it is.
NEW_STRETCH, ACCEPTED = "new stretch", "accepted"
_ENDING = b', "hash": "'


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the chain: the line (as a text editor counts) and what happened to it, in words.

    `settled` is true where a person has since accepted it, and for a line that was only half written when the machine
    stopped. `when` is what an altered line says of its time.
    """

    line: int
    what: str
    settled: bool = False
    when: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


@dataclass(frozen=True)
class Head:
    """A last line as it was remembered elsewhere: its number, its hash, and where that is written."""

    number: int
    hash: str
    where: str


@dataclass(frozen=True)
class Start:
    """From where a file is still to be read: bytes and lines before, and number and hash of the last line there."""

    offset: int = 0
    line: int = 0
    number: int = 0
    hash: str = START


FROM_THE_TOP = Start()


@dataclass
class Chain:
    """The lines of a file as they stand, with every fault in them.

    entries: (line in the file, what it says), those that are as they were written. hashes: what every line that can
    be read says its hash is. torn: the file ends in half a line. start: what was there before the lines that were read.
    """

    start: Start = FROM_THE_TOP
    entries: list[tuple[int, dict]] = field(default_factory=list)
    hashes: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    torn: bool = False
    lines: int = 0

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last line that is as it was written; (0, zeros) where there is none."""
        if not self.entries:
            return self.start.number, self.start.hash
        return self.entries[-1][1]["n"], self.entries[-1][1]["hash"]

    @property
    def open_faults(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.settled]


def sealed_line(entry: dict, number: int, previous: str) -> bytes:
    """One line of the file: `entry` with its number, the hash of the line before it, and its own."""
    body = json.dumps({"n": number, "previous": previous, **entry}, ensure_ascii=False)[:-1].encode()
    return body + _ENDING + hashlib.sha256(body).hexdigest().encode() + b'"}\n'


def read_chain(data: bytes, heads: tuple[Head, ...] = (), start: Start = FROM_THE_TOP) -> Chain:
    """Every line of `data`, checked against the one before it, and the whole against the `heads` remembered elsewhere.

    A fault that was there when a person accepted the file as it stood is settled. start: what is already known to be
    as it was, and is not read again.
    """
    *lines, rest = data[start.offset :].split(b"\n")
    chain = Chain(start=start, hashes={start.hash}, torn=bool(rest), lines=start.line + len(lines))
    previous, number, offset = start.hash, start.number, start.offset
    for position, raw in enumerate(lines, start=start.line + 1):
        entry, whole = _read(raw)
        if entry is None:
            chain.faults.append(Fault(position, "cannot be read"))
        else:
            begins = entry.get("what") in (NEW_STRETCH, ACCEPTED)
            if begins and whole and entry["previous"] == hashlib.sha256(data[:offset]).hexdigest():
                _begin_stretch(chain, position, entry)
            elif begins and whole:
                chain.faults.append(Fault(position, "something before it was changed after it was written"))
            elif not whole:
                chain.faults.append(Fault(position, "was altered", when=str(entry.get("when", ""))))
            elif entry["previous"] != previous:
                chain.faults.append(Fault(position, _out_of_place(entry["n"], number)))
            if whole:
                chain.entries.append((position, entry))
            chain.hashes.add(entry["hash"])
            previous, number = entry["hash"], entry["n"]
        offset += len(raw) + 1
    if rest:
        chain.faults.append(Fault(chain.lines + 1, "was only half written"))
    _check_heads(chain, heads)
    return chain


def _read(raw: bytes) -> tuple[dict | None, bool]:
    """What a line says, and whether its own hash still fits it."""
    body, found, _ = raw.rpartition(_ENDING)
    try:
        entry = json.loads(raw)
        entry = {**entry, "n": int(entry["n"]), "hash": str(entry["hash"]), "previous": str(entry["previous"])}
    except (ValueError, KeyError, TypeError):
        return None, False
    return entry, bool(found) and hashlib.sha256(body).hexdigest() == entry["hash"]


def _out_of_place(number: int, before: int) -> str:
    if number > before + 2:
        return f"the lines numbered {before + 1} to {number - 1} are missing before it"
    if number == before + 2:
        return f"the line numbered {before + 1} is missing before it"
    return "does not follow the line before it: one of the two was moved, put in or replaced"


def _begin_stretch(chain: Chain, position: int, entry: dict) -> None:
    if entry["what"] == ACCEPTED:
        chain.faults = [replace(fault, settled=True) for fault in chain.faults]
    elif entry.get("torn"):
        # Half a line and nothing else wrong: the machine stopped while it was written, before any data was handed over.
        chain.faults = [fault for fault in chain.faults if fault.line != position - 1]
        chain.faults.append(Fault(position - 1, "was only half written, when the machine stopped", settled=True))
    elif not chain.open_faults:
        chain.faults.append(Fault(position, f"begins a new stretch, because {entry.get('why', 'of a fault')}"))


def _check_heads(chain: Chain, heads: tuple[Head, ...]) -> None:
    accepted = max((entry["n"] for _, entry in chain.entries if entry.get("what") == ACCEPTED), default=0)
    for head in heads:
        if head.number and head.hash not in chain.hashes:
            what = f"the line numbered {head.number}, which {head.where} remembers, is not in the log any more"
            chain.faults.append(Fault(chain.lines + 1, what, settled=head.number < accepted))
