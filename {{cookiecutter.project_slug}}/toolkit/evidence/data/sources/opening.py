"""Opens a data folder, whatever it holds, as text and in clear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from evidence.data.codes import code_lists
from evidence.data.sources import annex_a, cin_xml, own, published, ssda903, ssda903_xml
from evidence.data.sources.copying import Kept
from evidence.data.sources.csv_files import NoRows, RawTable
from evidence.data.sources.database import QUERIES, Asked, DatabaseRead, open_database
from evidence.data.sources.folder import data_files, year_in
from evidence.data.sources.forms import refuse_other_forms
from evidence.data.sources.found_in import FoundIn, parse_found_in
from evidence.data.sources.large import LargeTable, open_large, read_file
from evidence.data.sources.layouts import about_layout
from evidence.project import EvidenceError, Project

# Where published statistics lie in a project.
PUBLISHED = ("data", "published")


@dataclass
class Sources:
    """What lies in a data folder, as text and in clear: for the loader, the leak scan and the draft catalogue."""

    source: str
    key: str
    tables: dict[str, RawTable] = field(default_factory=dict, repr=False)
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Folder:
    """A data folder, or the one file named instead, about to be opened: what every kind of source needs to know."""

    project: Project
    path: Path
    where: str
    rows: pd.DataFrame
    on_read: Callable[[Path | DatabaseRead], None]
    only_confirmed: bool = False
    _variables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def variables(self, table: str) -> pd.DataFrame:
        """The catalogue's rows of one table's variables."""
        if table not in self._variables:
            rows = self.rows
            self._variables[table] = rows[(rows["table"] == table) & (rows["column"] != "")]
        return self._variables[table]

    def told(self) -> dict[str, FoundIn]:
        """Where the catalogue says that tables lie, for those of which it says so."""
        said = self.rows[(self.rows["column"] == "") & (self.rows["found_in"] != "")]
        return {
            row["table"]: parse_found_in(row["found_in"], f"reference/catalogue.csv ({row['source']} {row['table']})")
            for row in said.to_dict("records")
        }

    def place(self, name: str) -> str:
        """How a file of the folder, and a sheet of it, is named in messages."""
        return self.where + name.removeprefix(self.path.name) if self.path.is_file() else f"{self.where}/{name}"


def open_sources(
    project: Project,
    data_folder: str | Path,
    rows: pd.DataFrame,
    on_read: Callable[[Path | DatabaseRead], None] | None = None,
    only_confirmed: bool = False,
) -> Sources:
    """Everything in `data_folder` as text, under the catalogue's names. Raises EvidenceError as `load_tables` does.

    With `only_confirmed`, what nobody has confirmed is left out where that spares much reading.
    """
    read: list[Path | DatabaseRead] = []
    folder = _folder(project, data_folder, rows, read.append, only_confirmed)
    sources = _OPENERS[source_kind(project, folder.path)](folder)
    if sources.source != "own" and (said := list(folder.rows.loc[folder.rows["found_in"] != "", "table"])):
        sources.notes.append(f"found_in in reference/catalogue.csv counts for own tables alone: {', '.join(said)}.")
    if on_read:
        for file in dict.fromkeys(read):
            on_read(file)
    return sources


def _folder(
    project: Project,
    data_folder: str | Path,
    rows: pd.DataFrame,
    on_read: Callable[[Path | DatabaseRead], None],
    only_confirmed: bool = False,
) -> _Folder:
    """The folder, with the catalogue's rows for what it holds. Raises EvidenceError when it cannot be one."""
    check_there(project, data_folder)
    path = project.path(str(data_folder))
    where = place(project, data_folder)
    rows = rows[rows["source"] == source_kind(project, path)]
    return _Folder(project, path, where, rows, on_read, only_confirmed)


def check_there(project: Project, data_folder: str | Path) -> None:
    """Raises EvidenceError where there is no such folder, or its path goes up and out of where it begins."""
    where = place(project, data_folder)
    if ".." in Path(data_folder).parts:
        raise EvidenceError(
            "the path goes up and out of its folder (..).",
            where=where,
            remedy="Name a folder of the project, such as data/raw, or write the full path of another.",
        )
    if not project.path(str(data_folder)).exists():
        raise EvidenceError(
            "there is no such folder.",
            where=where,
            remedy="Put your files there, or name another folder as data_folder in the file in parameters/.",
        )


def source_kind(project: Project, path: Path) -> str:
    """What a folder holds: ssda903, cin, annex_a, own, or published (statistics about no child)."""
    if path.resolve() == project.path(*PUBLISHED).resolve():
        return "published"
    in_sample = path.resolve().is_relative_to(project.path("data", "sample").resolve())
    if in_sample or project.facts.data_source == "sample":
        return "ssda903"
    return project.facts.data_source


def place(project: Project, data_folder: str | Path) -> str:
    """How a data folder is named in messages."""
    return project.relative(project.path(str(data_folder)))


def _ssda903(folder: _Folder) -> Sources:
    sources = Sources("ssda903", ssda903.KEY)
    codes = code_lists(folder.project)
    parts, sources.notes = _of_xml(folder) if _is_xml(folder) else _of_csv(folder)
    for name, files in parts.items():
        for file, year, raw in files:
            refuse_other_forms(raw, folder.place(file), folder.variables(name))
            sources.notes += about_layout(name, file, raw.frame, year, codes)
        sources.tables[name], notes = ssda903.joined(name, files)
        sources.files[name] = ", ".join(file for file, _, _ in files)
        sources.notes += notes
    return sources


# Table -> for each of its files the file's name, its year and its rows.
_Parts = dict[str, list[tuple[str, int | None, RawTable]]]


def _is_xml(folder: _Folder) -> bool:
    if folder.path.is_file():
        return folder.path.suffix.lower() == ".xml"
    xml = data_files(folder.path, folder.where, (".xml",))
    csv = [path for path in data_files(folder.path, folder.where, (".csv",)) if path.name != ssda903.MANIFEST]
    if xml and csv:
        raise EvidenceError(
            f"there is the return as XML ({xml[0].name}) and as CSV files ({csv[0].name}).",
            where=folder.where,
            remedy="Keep one of the two there.",
        )
    return bool(xml)


def _of_csv(folder: _Folder) -> tuple[_Parts, list[str]]:
    if folder.path.is_file():
        raise EvidenceError(
            "this is a file, and a folder is needed.", where=folder.where, remedy="Name the folder it is in."
        )
    found, notes = ssda903.find_tables(folder.path, folder.where)
    parts: _Parts = {}
    for name, files in found.items():
        for file in files:
            where = folder.place(file.name)
            raw, more = ssda903.as_table(read_file(file.path, where), file.name, where, name, folder.variables(name))
            parts.setdefault(name, []).append((file.name, file.year, raw))
            notes += more
            folder.on_read(file.path)
    return parts, notes


def _of_xml(folder: _Folder) -> tuple[_Parts, list[str]]:
    files = [folder.path] if folder.path.is_file() else data_files(folder.path, folder.where, (".xml",))
    years = [year_in(file.stem) for file in files]
    if len(files) > 1 and (None in years or len(set(years)) < len(files)):
        raise EvidenceError(
            f"there are {len(files)} XML files, and their names do not say of which years.",
            where=folder.where,
            remedy="Keep one of them there, or put the year into each name: ssda903_2024.xml.",
        )
    columns = {name: list(folder.variables(name)["column"]) for name in ssda903.TABLES}
    parts: _Parts = {}
    notes: list[str] = []
    for year, file in sorted(zip(years, files, strict=True), key=lambda found: found[0] or 0):
        tables, more = ssda903_xml.read_tables(file, folder.place(file.name), columns)
        for name, raw in tables.items():
            parts.setdefault(name, []).append((file.name, year, raw))
        notes += more
        folder.on_read(file)
    return parts, notes


def _own(folder: _Folder) -> Sources:
    sources = Sources("own", "")
    if folder.path.is_file():
        raise EvidenceError(
            "this is a file, and a folder is needed.", where=folder.where, remedy="Name the folder it is in."
        )
    found, sources.notes = own.find_tables(folder.path, folder.where, folder.told())
    for name, there in found.items():
        raw, notes = own.read_table(there, folder.place(there.path.name), folder.variables(name), folder.only_confirmed)
        _take(sources, folder, name, there, raw, notes)
    _from_database(sources, folder)
    sources.key = own.key_of(folder.rows, sources.tables)
    sources.notes += own.about_tables(folder.rows, sources.tables, sources.key)
    return sources


def _from_database(sources: Sources, folder: _Folder) -> None:
    """Adds the tables of which the catalogue says that they lie in the database."""
    told = {name: there for name, there in folder.told().items() if there.table or there.query}
    if not told:
        return
    with open_database(folder.project) as database:
        if not database.one_moment:
            sources.notes.append("The database cannot hold still: each table is as it was at the moment it was read.")
        for name, there in told.items():
            variables = folder.variables(name)
            asked = Asked(there.table, there.query, own.wanted(variables, dropped=not folder.only_confirmed))
            if name in sources.tables:
                raise EvidenceError(
                    f"{sources.files[name]} and the {asked.name} would be the same table, {name}.",
                    where=folder.where,
                    remedy="Take the file away, or correct found_in in reference/catalogue.csv.",
                )
            if not asked.columns:
                sources.notes.append(f"The {asked.name} has no column that is confirmed to be read, and was not read.")
                continue
            raw, read = database.read(asked)
            refuse_other_forms(raw, asked.name, variables)
            sources.tables[name], sources.files[name] = raw, asked.name
            sources.notes += own.unconfirmed(raw, f"The {asked.name}", variables)
            folder.on_read(read)
            if there.query:
                folder.on_read(folder.project.path(*QUERIES, there.query))


def _published(folder: _Folder) -> Sources:
    sources = Sources("published", "")
    for path in published.find_files(folder.path, folder.where):
        name = own.table_name(path.stem)
        sources.tables[name], sources.files[name] = read_file(path, folder.place(path.name)), path.name
        folder.on_read(path)
    return sources


def _annex_a(folder: _Folder) -> Sources:
    sources = Sources("annex_a", annex_a.KEY)
    found, sources.notes = annex_a.find_tables(folder.path, folder.where)
    for name, there in found.items():
        where = folder.place(there.path.name)
        variables = folder.variables(name)
        try:
            raw, notes = own.read_place(there, where, variables)
        except NoRows:
            sources.notes.append(f"{there.name} has no rows: nobody is on this list.")
            folder.on_read(there.path)
            continue
        raw, more = annex_a.as_table(raw, there, folder.place(there.name), name, variables)
        _take(sources, folder, name, there, raw, notes + more)
    return sources


def _cin(folder: _Folder) -> Sources:
    file = cin_xml.find_file(folder.path, folder.where)
    sources = Sources("cin", cin_xml.KEY)
    tables, sources.notes = cin_xml.read_tables(file, folder.project.relative(file))
    for name, raw in tables.items():
        sources.tables[name], sources.files[name] = raw, file.name
    folder.on_read(file)
    return sources


def _take(sources: Sources, folder: _Folder, name: str, there: own.Place, raw: RawTable, notes: list[str]) -> None:
    refuse_other_forms(raw, folder.place(there.name), folder.variables(name))
    sources.tables[name], sources.files[name] = raw, there.name
    sources.notes += notes
    folder.on_read(there.path)


_OPENERS: dict[str, Callable[[_Folder], Sources]] = {
    "ssda903": _ssda903,
    "cin": _cin,
    "annex_a": _annex_a,
    "own": _own,
    "published": _published,
}


@contextmanager
def large_tables(
    project: Project,
    data_folder: str | Path,
    rows: pd.DataFrame,
    only_confirmed: bool = False,
    kept: Callable[[str], Kept] | None = None,
) -> Iterator[dict[str, LargeTable]]:
    """Every CSV and Parquet table of `data_folder` for DuckDB while the block runs, under the catalogue's names.

    For own tables and for the return as CSV files, those that one file makes up; empty for other kinds. With
    `only_confirmed`, columns that nobody has confirmed are left out; `kept` says for a table what of its file is
    copied. Raises EvidenceError as `load_tables` does.
    """
    folder = _folder(project, data_folder, rows, lambda path: None)
    kind = source_kind(project, folder.path)
    files: dict[str, Path] = {}
    if kind == "ssda903":
        found, _ = ssda903.find_tables(folder.path, folder.where)
        files = {name: years[0].path for name, years in found.items() if len(years) == 1}
    elif kind == "own":
        places, _ = own.find_tables(folder.path, folder.where, folder.told())
        files = {name: there.path for name, there in places.items() if there.book is None}
    with ExitStack() as stack:
        tables = {}
        for name, file in files.items():
            known = folder.variables(name)
            if only_confirmed:
                known = known[known["confirmed"] == "yes"]
            copied = kept(name) if kept else None
            opened = open_large(file, folder.place(file.name), list(known["column"]), only_confirmed, copied)
            tables[name] = stack.enter_context(opened)
        yield tables
