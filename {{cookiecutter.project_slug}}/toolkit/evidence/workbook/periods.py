"""The figures of earlier periods: one CSV a period in `workbook/periods`, written by `evidence period add`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from evidence.project import EvidenceError, Project, atomic_write, read_text

FOLDER = ("workbook", "periods")
ACCURACY, SIGN = "accuracy", "sign"
COLUMNS = (
    "period", "definition", "pack_digest", "about", "characteristic", "group", "measure", "n", "denominator", "percent",
    "low", "high", "reliability",
)  # fmt: skip


def period_file(project: Project, day: date) -> Path:
    """Where the figures of the period that ends on `day` are kept."""
    return project.path(*FOLDER, f"{day.isoformat()}.csv")


def period_files(project: Project, before: date) -> list[Path]:
    """The files of the periods that end before a day, oldest first. Raises EvidenceError for one named otherwise."""
    found = []
    for path in sorted(project.path(*FOLDER).glob("*.csv")):
        try:
            day = date.fromisoformat(path.stem)
        except ValueError:
            raise EvidenceError(
                "the name is not the last day of a period.",
                where=project.relative(path),
                remedy="It is written by: evidence period add 2026-06-30. Rename or remove it.",
            ) from None
        if day < before:
            found.append(path)
    return found


def read_period(project: Project, path: Path) -> list[dict[str, str]]:
    """The lines of one period's file as texts. Raises EvidenceError where its first line is not COLUMNS."""
    rows = list(csv.reader(io.StringIO(read_text(path))))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise EvidenceError(
            "the first line is not the one that `evidence period add` writes.",
            where=project.relative(path),
            remedy="Bring the file back from version control, or remove it and add the period again.",
        )
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def write_period(
    project: Project, day: date, definition: str, pack_digest: str, lines: Iterable[Mapping[str, str]]
) -> Path:
    """Keeps the figures of a period as its pack shows them: each line has about and any of the figures' columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        known = {"period": day.isoformat(), "definition": definition, "pack_digest": pack_digest, **line}
        writer.writerow([known.get(name, "") for name in COLUMNS])
    path = period_file(project, day)
    atomic_write(path, text.getvalue())
    return path


def definition_digest(definition: Mapping[str, object]) -> str:
    """Twelve letters that differ where two periods do not count alike."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:12]
