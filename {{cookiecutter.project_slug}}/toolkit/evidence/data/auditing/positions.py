"""Where the audit's failures stand, for the people who mend the data: a file that stays on this machine."""

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path

from evidence.data.auditing.checking import failing_parts
from evidence.data.auditing.own_audit import POSITION_COLUMNS
from evidence.data.tables import Tables
from evidence.project import Project

_PLACE = (".evidence", "audit", "failing_rows.csv")


def write_positions(project: Project, tables: Tables, year_end: date | str | None = None) -> Path:
    """Writes `.evidence/audit/failing_rows.csv` (table, file, row, columns, rule, what), readable by this user only.

    It holds no values, but it points at children's rows: nothing that leaves the machine reads it.
    """
    path = project.path(*_PLACE)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A file of its own until it is complete; it is made for this user alone, from the first byte written.
    handle, part = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(",".join(POSITION_COLUMNS) + "\n")
            for rows in failing_parts(tables, year_end):
                rows.to_csv(file, index=False, header=False, lineterminator="\n")
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return path
