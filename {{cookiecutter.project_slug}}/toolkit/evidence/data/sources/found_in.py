"""Where the catalogue says a table lies (`found_in`): a sheet of a workbook, or a table or a query of a database."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evidence.project import EvidenceError

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_LAST_ROW = 1_048_576
_SHEET = re.compile(
    r"(?P<file>.+?)\s*,\s*sheet\s+(?P<sheet>.+?)(?:\s*,\s*header on row\s+(?P<row>\d+))?", re.IGNORECASE
)
_TABLE = re.compile(r"database table\s+(?P<table>.+)", re.IGNORECASE)
_QUERY = re.compile(r"database query\s+(?P<query>[^/\\]+\.sql)", re.IGNORECASE)
_FORMS = (
    '"extract.xlsx, sheet Referrals", "extract.xlsx, sheet Referrals, header on row 4", '
    '"database table dbo.Referrals" or "database query referrals.sql"'
)


@dataclass(frozen=True)
class FoundIn:
    """One of: `file` with `sheet` (and `header_row`, from 1, if told); `table`; `query` (a file in reference/sql/)."""

    file: str = ""
    sheet: str = ""
    header_row: int | None = None
    table: str = ""
    query: str = ""


def parse_found_in(text: str, where: str) -> FoundIn:
    """What a cell of the catalogue's column `found_in` says. Raises EvidenceError for anything but the four forms."""
    text = text.strip()
    if match := _QUERY.fullmatch(text):
        return FoundIn(query=match["query"].strip())
    if match := _TABLE.fullmatch(text):
        return FoundIn(table=match["table"].strip())
    match = _SHEET.fullmatch(text)
    if not match or not match["file"].lower().endswith(WORKBOOKS):
        raise EvidenceError(
            "found_in does not say where the table lies in words that are known.",
            where=where,
            remedy=f"Leave it empty for a file of the table's own name, or write {_FORMS}.",
        )
    file = match["file"].strip().replace("\\", "/")
    if file.startswith("/") or ":" in file or ".." in file.split("/"):
        raise EvidenceError(
            "found_in names a file outside the data folder.", where=where, remedy="Put the file into the data folder."
        )
    row = int(match["row"]) if match["row"] else None
    if row is not None and not 1 <= row <= _LAST_ROW:
        raise EvidenceError(
            f"found_in names row {row}, and a sheet has rows 1 to {_LAST_ROW:,}.",
            where=where,
            remedy="Write the row that holds the column names.",
        )
    return FoundIn(file=file, sheet=match["sheet"].strip(), header_row=row)
