"""Opens a data folder, whatever it holds, as text and in clear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from evidence.data.sources import cin_xml, own, ssda903
from evidence.data.sources.csv_files import RawTable
from evidence.data.sources.large import LargeTable, open_large
from evidence.project import EvidenceError, Project


@dataclass
class Sources:
    """What lies in a data folder, as text and in clear: for the loader, the leak scan and the draft catalogue."""

    source: str
    key: str
    tables: dict[str, RawTable] = field(default_factory=dict, repr=False)
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def open_sources(
    project: Project,
    data_folder: str | Path,
    rows: pd.DataFrame,
    on_read: Callable[[Path], None] | None = None,
    only_confirmed: bool = False,
) -> Sources:
    """Everything in `data_folder` as text, under the catalogue's names. Raises EvidenceError as `load_tables` does.

    With `only_confirmed`, what nobody has confirmed is left out where that spares much reading.
    """
    path = project.path(str(data_folder))
    where = place(project, data_folder)
    if not path.exists():
        raise EvidenceError(
            "there is no such folder.",
            where=where,
            remedy="Put your files there, or name another folder as data_folder in the file in parameters/.",
        )
    kind = source_kind(project, path)
    if kind == "cin":
        return _cin(project, path, where, on_read)
    if not path.is_dir():
        raise EvidenceError("this is a file, and a folder is needed.", where=where, remedy="Name the folder it is in.")
    if kind == "ssda903":
        return _ssda903(project, path, where, rows, on_read)
    return _own(project, path, where, rows, on_read, only_confirmed)


def source_kind(project: Project, path: Path) -> str:
    """What a folder holds: ssda903, cin or own."""
    if path.resolve() == project.path("data", "sample").resolve() or project.facts.data_source == "sample":
        return "ssda903"
    return project.facts.data_source


def place(project: Project, data_folder: str | Path) -> str:
    """How a data folder is named in messages."""
    return project.relative(project.path(str(data_folder)))


def _ssda903(project: Project, folder: Path, where: str, rows: pd.DataFrame, on_read) -> Sources:
    files, notes = ssda903.find_tables(folder, where)
    sources = Sources("ssda903", ssda903.KEY, notes=notes)
    for name, path in files.items():
        variables = rows[(rows["source"] == "ssda903") & (rows["table"] == name) & (rows["column"] != "")]
        raw, more = ssda903.read_table(path, f"{where}/{path.name}", name, variables)
        _add(sources, name, raw, path, more, on_read)
    return sources


def _own(project: Project, folder: Path, where: str, rows: pd.DataFrame, on_read, only_confirmed: bool) -> Sources:
    sources = Sources("own", own.key_of(rows))
    for name, path in own.find_tables(folder, where).items():
        known = rows[(rows["source"] == "own") & (rows["table"] == name) & (rows["column"] != "")]
        raw, more = own.read_table(path, f"{where}/{path.name}", known, only_confirmed)
        _add(sources, name, raw, path, more, on_read)
    return sources


def _cin(project: Project, path: Path, where: str, on_read) -> Sources:
    file = cin_xml.find_file(path, where)
    sources = Sources("cin", cin_xml.KEY)
    for name, raw in cin_xml.read_tables(file, project.relative(file)).items():
        sources.tables[name], sources.files[name] = raw, file.name
    if on_read:
        on_read(file)
    return sources


def _add(sources: Sources, name: str, raw: RawTable, path: Path, notes: list[str], on_read) -> None:
    sources.tables[name], sources.files[name] = raw, path.name
    sources.notes.extend(notes)
    if on_read:
        on_read(path)


@contextmanager
def large_tables(project: Project, data_folder: str | Path, rows: pd.DataFrame) -> Iterator[dict[str, LargeTable]]:
    """Every CSV and Parquet table of `data_folder` for DuckDB while the block runs, under the catalogue's names.

    For the returns as CSV files and own tables; empty for other kinds. Raises EvidenceError as `load_tables` does.
    """
    path, where = project.path(str(data_folder)), place(project, data_folder)
    kind = source_kind(project, path)
    files: dict[str, Path] = {}
    if kind == "ssda903":
        files, _ = ssda903.find_tables(path, where)
    elif kind == "own":
        files = own.find_tables(path, where)
    with ExitStack() as stack:
        tables = {}
        for name, file in files.items():
            known = rows[(rows["source"] == kind) & (rows["table"] == name) & (rows["column"] != "")]
            tables[name] = stack.enter_context(open_large(file, f"{where}/{file.name}", list(known["column"])))
        yield tables
