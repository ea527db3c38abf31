"""A pack as it was handed over, by folder or zip, read for a comparison and never changed."""

from __future__ import annotations

import csv
import json
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from evidence.pack.record import FIGURES, INPUTS
from evidence.pack.said import STANDING
from evidence.pack.verifying import Fault, verify
from evidence.project import EvidenceError, read_text

# A pack is a few megabytes; a zip that unfolds into more than this is none.
_MOST_BYTES = 2_000_000_000


@dataclass(frozen=True)
class OpenedPack:
    """What a pack says: its inputs, its figures, what people wrote (nothing in older packs) and its tables' rows.

    `faults` lists everything that is not as it was sealed.
    """

    name: str
    inputs: dict
    figures: list[dict]
    said: dict | None
    tables: dict[str, list[dict[str, str]]] = field(repr=False)
    faults: list[Fault]


def open_pack(given: Path) -> OpenedPack:
    """Reads the pack in a folder or a zip. Raises EvidenceError where there is none, or where it cannot be read."""
    if not given.exists():
        raise EvidenceError(
            "there is no such pack.", where=str(given), remedy="Name a pack's folder or zip, for example packs/sample"
        )
    with _folder_of(given) as folder:
        faults = verify(folder)
        try:
            return OpenedPack(
                name=given.stem if given.suffix == ".zip" else given.name,
                inputs=_json(folder / INPUTS),
                figures=_json(folder / FIGURES),
                said=_json(folder / STANDING) if (folder / STANDING).is_file() else None,
                tables={path.stem: _rows(path) for path in sorted((folder / "tables").glob("*.csv"))},
                faults=faults,
            )
        except (OSError, ValueError, csv.Error):
            raise EvidenceError(
                "a file that a comparison needs is missing or cannot be read.",
                where=given.name,
                remedy=f"See which: evidence verify {given.name}",
            ) from None


@contextmanager
def _folder_of(given: Path) -> Iterator[Path]:
    if given.is_dir():
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="evidence-") as place:
        yield _unpacked(given, Path(place))


def _unpacked(path: Path, place: Path) -> Path:
    """The one folder in the zip, unpacked. Raises EvidenceError for a zip that leads out of its folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            roots = {PurePosixPath(entry.filename).parts[:1] for entry in entries}
            if len(roots) != 1 or any(map(_leads_elsewhere, entries)) or _size(entries) > _MOST_BYTES:
                raise EvidenceError("this zip is not that of a pack.", where=path.name)
            archive.extractall(place)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        raise EvidenceError(
            "this file is neither a pack's folder nor a zip that can be read.", where=path.name
        ) from None
    return place / roots.pop()[0]


def _leads_elsewhere(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    return (
        entry.filename.startswith("/")
        or "\\" in entry.filename
        or ":" in entry.filename
        or any(part in ("..", "") for part in parts)
        or stat.S_ISLNK(entry.external_attr >> 16)
    )


def _size(entries: list[zipfile.ZipInfo]) -> int:
    return sum(entry.file_size for entry in entries)


def _json(path: Path) -> object:
    return json.loads(read_text(path))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
