"""Where the audit's failures stand, for the people who mend the data: a file that stays on this machine."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from evidence.data.auditing import failing_rows
from evidence.data.tables import Tables
from evidence.project import Project, atomic_write

_PLACE = (".evidence", "audit", "failing_rows.csv")


def write_positions(project: Project, tables: Tables, year_end: date | str | None = None) -> Path:
    """Writes `.evidence/audit/failing_rows.csv` (table, file, row, columns, rule, what), readable by this user only.

    It holds no values, but it points at children's rows: nothing that leaves the machine reads it.
    """
    path = project.path(*_PLACE)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The empty file comes first, so that its permission holds from the first byte written.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    path.chmod(0o600)
    atomic_write(path, failing_rows(tables, year_end).to_csv(index=False, lineterminator="\n"))
    return path
