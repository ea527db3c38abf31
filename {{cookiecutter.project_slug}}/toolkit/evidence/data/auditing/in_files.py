"""Opens a data folder for the audit: in memory, or in its files where they are too large for that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.access.log import admitted, log_read
from evidence.data.access.people import Access
from evidence.data.access.rules import withhold
from evidence.data.auditing.counting import FileTables, kept, make_views
from evidence.data.auditing.earlier import earlier_folder, load_with_earlier
from evidence.data.auditing.own_rules import by_row
from evidence.data.cataloguing.catalogues import catalogue
from evidence.data.codes import code_lists
from evidence.data.loading import refuse_nothing
from evidence.data.sources import large_tables, place, source_kind
from evidence.data.sources.copying import Kept
from evidence.data.sources.duck import connection, memory_of_machine, private_folder
from evidence.data.sources.folder import EARLIER
from evidence.data.sources.large import LargeTable
from evidence.data.sources.own import about_columns, about_tables, key_of, loaded_variables, not_read
from evidence.data.tables import Table, Tables
from evidence.project import Project

# From this size on, own tables are counted where they lie.
_SLOW = 16 << 20
# Rows of all files of a folder that take no more bytes than this stay at hand, which is much quicker than a file.
_AT_HAND = min(2 << 30, memory_of_machine() // 8)


@contextmanager
def tables_for_audit(project: Project, data_folder: str | Path, why: str = "") -> Iterator[Tables]:
    """The tables of a folder, with the return before, for as long as the block runs.

    As `load_with_earlier` gives them; own tables that take a while to load stay in their files.
    """
    if _too_large(project, data_folder):
        with tables_in_files(project, data_folder, why, every_row=True) as tables:
            yield tables
    else:
        yield load_with_earlier(project, data_folder, why=why)


def _too_large(project: Project, data_folder: str | Path) -> bool:
    """Whether the folder holds own tables as CSV and Parquet files alone, and enough of them to load slowly."""
    path = project.path(str(data_folder))
    if not path.is_dir() or source_kind(project, path) != "own":
        return False
    files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
    elsewhere = catalogue(project)["found_in"].str.startswith("database").any()
    return (
        not elsewhere and all(_is_plain(file) for file in files) and sum(file.stat().st_size for file in files) >= _SLOW
    )


def _is_plain(file: Path) -> bool:
    return file.suffix.lower() in (".csv", ".txt", ".parquet", ".md")


@contextmanager
def tables_in_files(
    project: Project, data_folder: str | Path, why: str = "", every_row: bool = False
) -> Iterator[FileTables]:
    """A council's own tables as they lie in their files, for the audit's counts: no row is loaded.

    Only columns that the catalogue confirms and does not drop, and that the role of whoever is at work may see; a line
    of the access log says so. every_row: which rows fail will be asked for too; without it a file is read again
    when it is. Raises EvidenceError as `load_tables` does.
    """
    access = admitted(project, data_folder)
    with ExitStack() as stack:
        tables = _in_files(project, data_folder, access, why, stack, every_row)
        before = earlier_folder(project, data_folder)
        if before is not None:
            tables.earlier = _in_files(project, before, access, why, stack, every_row)
            for table in tables.earlier.loaded.values():
                table.file = f"{EARLIER}/{table.file}"
        tables.connection = stack.enter_context(connection(stack.enter_context(private_folder())))
        make_views(tables, tables.connection)
        yield tables


def _in_files(
    project: Project, folder: str | Path, access: Access, why: str, stack: ExitStack, every_row: bool
) -> FileTables:
    rows = catalogue(project)
    known = rows[rows["source"] == "own"]
    rows = known[known["treatment"] != "drop"]
    confirmed = loaded_variables(rows)
    at_hand = _AT_HAND // max(1, confirmed["table"].nunique())

    def copied(name: str) -> Kept:
        variables = confirmed[confirmed["table"] == name]
        return kept(variables, variables["column"] if every_row else by_row(variables), at_hand)

    large = stack.enter_context(large_tables(project, folder, rows, only_confirmed=True, kept=copied))
    seen, withheld = withhold(confirmed, rows, {name: list(table.held) for name, table in large.items()}, access)
    tables = FileTables("own", key_of(rows, large), rows, code_lists(project), withheld=withheld, large=large)
    for name, table in large.items():
        columns = list(seen.loc[seen["table"] == name, "column"])
        if columns:
            tables.loaded[name] = _without_rows(name, table, columns)
            tables.notes.append(f"{table.file} was counted where it lies, and not loaded.")
        tables.notes += about_columns(table, table.file, known[known["table"] == name])
    tables.notes += not_read(project.path(str(folder))) + about_tables(rows, large, tables.key)
    refuse_nothing(tables, access, place(project, folder))
    read = {name: (list(table.frame.columns), large[name].rows) for name, table in tables.loaded.items()}
    log_read(project, access, data=place(project, folder), read=read, why=why)
    return tables


def _without_rows(name: str, table: LargeTable, columns: list[str]) -> Table:
    nothing = np.zeros(0, dtype=np.int64)
    return Table(name, table.file, pd.DataFrame(columns=columns, dtype="str"), pd.DataFrame(), nothing, table.held)
