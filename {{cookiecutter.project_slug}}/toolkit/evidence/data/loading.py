"""Opens a data folder, whatever it holds, and hands over de-identified tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd

from evidence.data.access.log import admitted, log_read
from evidence.data.access.people import Access
from evidence.data.access.rules import withhold
from evidence.data.auditing.years import last_year_end
from evidence.data.cataloguing.catalogues import catalogue
from evidence.data.codes import code_lists
from evidence.data.deidentify import AREAS, Means, deidentified, one_list, read_areas, token_kind
from evidence.data.published import load_published
from evidence.data.sources import DatabaseRead, Sources, check_there, open_sources, place, source_kind
from evidence.data.tables import Table, Tables
from evidence.data.treatments import for_stage
from evidence.privacy import pseudonym_key
from evidence.project import EvidenceError, Project, give_back_memory


def load_tables(
    project: Project,
    data_folder: str | Path,
    *,
    stage: int | None = None,
    year_end: date | str | None = None,
    why: str = "",
    on_read: Callable[[Path | DatabaseRead], None] | None = None,
) -> Tables:
    """The tables in `data_folder` (from the project's folder, or a full path), de-identified.

    `data/sample` is always read as an SSDA903 return; otherwise `project.toml` says what the folder holds. SSDA903:
    header, episodes, reviews, oc2 and any other of the return's tables, from CSV files or XML, of one year or several.
    CIN census (XML): children, disabilities, referrals, assessments, factors, cin_plans, section47, protection_plans,
    reviews, pre_proceedings. Annex A: contacts, early_help, referrals, assessments, section47, children_in_need,
    protection_plans, looked_after, care_leavers, adoption, adopters. `data_folder` may also be the one XML file or
    workbook itself. Own: a table for every CSV and Parquet file, every sheet of a workbook, and every table or query of
    the database that the catalogue names, with those of its columns that the catalogue confirms. `data/published` holds
    published statistics: see `load_published`.

    Identifiers are tokens, births the first day of their month or an age in whole years (Int64), postcodes their area,
    dates datetime64, sex M, F or U, numbers float; every other column is text. A date or number that cannot be read is
    missing, and the audit counts it. Rows stay in the files' order, and those of a database in order of their contents.
    Of a file of 256 MiB or more (and a database table of that size) columns whose texts repeat are categories, in
    alphabetical order; tokens of one kind have the same categories in every table then.

    `stage` leaves out what the catalogue says other stages need and this one does not; what is kept in clear for a
    reason is handed to the stages named there, and to nothing else. `year_end` is the day on which ages are told
    (default: the last 31 March the data covers). `on_read` is called with the path of every file, and with what was
    read of a database.

    Of data that is not made up, only what the role of whoever is at work may see is loaded; the rest is listed in
    `withheld`. Each load is a line of the access log, `why` its reason there. Raises EvidenceError for anything that
    cannot be read whole, with file and line, and for somebody who may not see the data. Sources: actions 3.01, 5.12,
    5.13, 6.01, 6.02.
    """
    check_there(project, data_folder)
    if source_kind(project, project.path(str(data_folder))) == "published":
        return load_published(project, data_folder, on_read)
    access = admitted(project, data_folder, stage=stage)
    rows = catalogue(project)
    sources = open_sources(project, data_folder, rows, on_read, only_confirmed=True)
    rows = rows[rows["source"] == sources.source]
    variables = rows[(rows["column"] != "") & (rows["confirmed"] == "yes")]
    means = _means(project, sources, variables, year_end, on_read)
    held = {name: list(raw.held) for name, raw in sources.tables.items()}
    variables, withheld = withhold(variables, rows, held, access)
    tables = Tables(
        sources.source, sources.key, rows, code_lists(project), notes=list(sources.notes), withheld=withheld
    )
    given = for_stage(variables, stage)
    tables.loaded.update(_deidentified(sources, given, means, let_go=True))
    _one_list_of_tokens(tables, given)
    refuse_nothing(tables, access, place(project, data_folder))
    read = {name: (list(frame.columns), len(frame)) for name, frame in tables.items()}
    log_read(project, access, data=place(project, data_folder), read=read, why=why, stage=stage)
    return tables


def refuse_nothing(tables: Tables, access: Access, where: str) -> None:
    """Raises EvidenceError where no table was loaded: none is for the role, or nothing is confirmed."""
    if not tables and tables.withheld.tables:
        raise EvidenceError(
            f"no table in it is for the role {access.role}, so nothing was loaded.",
            where=where,
            remedy=" ".join(tables.withheld.notes()),
        )
    if not tables:
        raise EvidenceError(
            "nothing in it is confirmed in the catalogue, so nothing was loaded.",
            where=where,
            remedy="Run `evidence data describe` on the folder, check the rows it drafts in reference/catalogue.csv, "
            "and change `no` to `yes` in the column `confirmed` row by row.",
        )


def _deidentified(sources: Sources, variables: pd.DataFrame, means: Means, let_go: bool = False) -> dict[str, Table]:
    """Every table of which the catalogue's rows leave a column, de-identified.

    With `let_go`, what was read in clear is given up table by table.
    """
    tables = {}
    for name in list(sources.tables):
        raw = sources.tables.pop(name) if let_go else sources.tables[name]
        table = deidentified(name, sources.files[name], raw, variables[variables["table"] == name], means)
        if len(table.frame.columns):
            tables[name] = table
        del raw
        give_back_memory(after=len(table.frame))
    return tables


def _one_list_of_tokens(tables: Tables, variables: pd.DataFrame) -> None:
    """Where tokens of a kind are categories in one table, they are the same categories, in order, in every table.

    Tables are joined by them then without looking at a text.
    """
    columns: dict[str, list[tuple[str, str]]] = {}
    for row in variables[variables["treatment"] == "token"].to_dict("records"):
        if row["column"] in tables.get(row["table"], ()):
            columns.setdefault(token_kind(row["column"], row["how"]), []).append((row["table"], row["column"]))
    for places in columns.values():
        if any(isinstance(tables[table][column].dtype, pd.CategoricalDtype) for table, column in places):
            frames = [tables[table] for table, _ in places]
            shared = one_list([frame[column] for frame, (_, column) in zip(frames, places, strict=True)])
            for frame, (_, column), values in zip(frames, places, shared, strict=True):
                frame[column] = values
    give_back_memory(after=max(map(len, tables.values()), default=0))


def _means(project: Project, sources: Sources, variables: pd.DataFrame, year_end, on_read) -> Means:
    """The key, and where the catalogue asks for ages or looked-up areas, the day and the lookup."""
    key, day, areas = pseudonym_key(project), year_end, {}
    if (variables["how"][variables["treatment"] == "area"] == "lookup").any():
        areas = read_areas(project)
        if on_read:
            on_read(project.path(*AREAS.split("/")))
    if not day and (variables["how"][variables["treatment"] == "age"] == "").any():
        dated = variables[variables["treatment"] == "date"]
        tables = Tables(sources.source, sources.key, dated, pd.DataFrame())
        tables.loaded.update(_deidentified(sources, dated, Means(key)))
        day = last_year_end(tables)
    return Means(key, pd.Timestamp(day).date() if day else None, areas)
