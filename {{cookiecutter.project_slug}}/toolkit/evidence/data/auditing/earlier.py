"""The return of the year before, for what the audit compares: it lies in the folder `earlier` in the data folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from evidence.data.loading import load_tables
from evidence.data.sources.folder import EARLIER
from evidence.data.tables import Tables
from evidence.project import Project


def load_with_earlier(
    project: Project,
    data_folder: str | Path,
    *,
    stage: int | None = None,
    year_end: date | str | None = None,
    why: str = "",
    on_read: Callable[[Path], None] | None = None,
) -> Tables:
    """As `load_tables`, with the return of the year before as `earlier` where the folder has one of that name.

    It is read as the data folder itself is, so it holds the same kind of files. Source: action 3.06.
    """
    tables = load_tables(project, data_folder, stage=stage, year_end=year_end, why=why, on_read=on_read)
    before = earlier_folder(project, data_folder)
    if before is not None:
        tables.earlier = load_tables(project, before, stage=stage, year_end=year_end, why=why, on_read=on_read)
        for table in tables.earlier.loaded.values():
            table.file = f"{EARLIER}/{table.file}"
    return tables


def earlier_folder(project: Project, data_folder: str | Path) -> Path | None:
    """Where the return of the year before lies, if there is one."""
    folder = project.path(str(data_folder)) / EARLIER
    return folder if folder.is_dir() else None
