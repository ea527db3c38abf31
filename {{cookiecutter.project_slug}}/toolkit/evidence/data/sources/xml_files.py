"""Reads a return sent as XML, a record at a time; refuses a file that is broken, means harm, or is another return."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from evidence.data.sources.csv_files import opened
from evidence.project import EvidenceError

# In these a document type cannot hide from a search for its name.
_ENCODINGS = ("utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin-1", "iso-8859-15", "windows-1252")
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_KNOWN_ROOTS = {"EXPSSDA903": "an SSDA903 return", "Message": "a census of the Department for Education"}


def records(path: Path, where: str, root: str, wanted: dict[str, str]) -> Iterator[tuple[str, ET.Element]]:
    """The elements called by a key of `wanted` that stand directly inside its value, in order; namespaces do not count.

    Each is let go once it was handed over, so that a large return fits in memory. Raises EvidenceError when the file is
    not XML, is cut short, is in an encoding that is not used for returns, declares a document type (never part of a
    return, and a way to attack a reader), is not a document of the kind `root`, or cannot be opened.
    """
    parser = ET.XMLPullParser(("start", "end"))
    open_elements: list[ET.Element] = []
    beginning: bytes | None = b""
    try:
        with opened(path, where) as file:
            while piece := file.read(1 << 20):
                if beginning is not None:
                    beginning += piece
                    _refuse_harm(beginning, where)
                parser.feed(piece)
                for event, element in parser.read_events():
                    if event == "start":
                        if beginning is not None:
                            _check_root(local_name(element), root, where)
                            beginning = None
                        open_elements.append(element)
                        continue
                    open_elements.pop()
                    name = local_name(element)
                    if open_elements and wanted.get(name) == local_name(open_elements[-1]):
                        yield name, element
                        open_elements[-1].clear()
            parser.close()
    except ET.ParseError as error:
        raise EvidenceError(
            "the file is cut short or is not well-formed XML.",
            where=f"{where}, line {error.position[0]}",
            remedy="Export it again and copy the whole file.",
        ) from None


def _refuse_harm(beginning: bytes, where: str) -> None:
    declared = _ENCODING.search(beginning.replace(b"\x00", b"")[:1000])
    if declared and declared[1].decode().lower() not in _ENCODINGS:
        raise EvidenceError(
            f"the file is in an encoding that returns are not sent in, {declared[1].decode()}.",
            where=where,
            remedy="Export it again from the case-management system.",
        )
    if b"<!DOCTYPE" in beginning.replace(b"\x00", b"").upper():
        raise EvidenceError(
            "the file declares a document type, which a return never does.",
            where=where,
            remedy="Export it again from the case-management system.",
        )


def _check_root(name: str, root: str, where: str) -> None:
    if name != root:
        raise EvidenceError(
            f"this is {_KNOWN_ROOTS.get(name, 'another kind of document')}, not {_KNOWN_ROOTS[root]}.",
            where=where,
            remedy=f"The first element is {name[:40]}, and it must be {root}. Export the right return.",
        )


def local_name(element: ET.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def texts(element: ET.Element | None) -> dict[str, str | None]:
    """The texts of the elements directly inside that hold no others, by name."""
    return {} if element is None else {local_name(part): part.text for part in element if len(part) == 0}
