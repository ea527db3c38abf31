"""Opens a data folder, whatever it holds, and hands over de-identified tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evidence.data.catalogues import catalogue
from evidence.data.codes import code_lists
from evidence.data.deidentify import deidentified
from evidence.data.sources import open_sources, place
from evidence.data.tables import Tables
from evidence.privacy import pseudonym_key
from evidence.project import EvidenceError, Project


def load_tables(
    project: Project,
    data_folder: str | Path,
    *,
    stage: int | None = None,
    on_read: Callable[[Path], None] | None = None,
) -> Tables:
    """The tables in `data_folder` (from the project's folder, or a full path), de-identified.

    `data/sample` is always read as an SSDA903 return; otherwise `project.toml` says what the folder holds. SSDA903:
    header, episodes, reviews, oc2 and any other of the return's tables. CIN census: children, disabilities, referrals,
    assessments, factors, cin_plans, section47, protection_plans, reviews, pre_proceedings; `data_folder` may also be
    the XML file itself. Own: a table for every CSV file, with those of its columns that the catalogue confirms.

    Identifiers are tokens, births the first day of their month, postcodes their area, dates datetime64, sex M, F or U,
    numbers float; every other column is text. A date or number that cannot be read is missing, and the audit counts
    it. Rows stay in the files' order.

    `stage` leaves out what the catalogue says other stages need and this one does not. `on_read` is called with the
    path of every file. Raises EvidenceError for anything that cannot be read whole, with file and line. Sources:
    actions 3.01, 6.01, 6.02.
    """
    rows = catalogue(project)
    sources = open_sources(project, data_folder, rows, on_read)
    rows = rows[rows["source"] == sources.source]
    key = pseudonym_key(project)
    tables = Tables(sources.source, sources.key, rows, code_lists(project), notes=list(sources.notes))
    for name, raw in sources.tables.items():
        variables = rows[(rows["table"] == name) & (rows["column"] != "") & (rows["confirmed"] == "yes")]
        if stage is not None:
            needed = variables["needed_by"].str.findall(r"\d+")
            variables = variables[[not numbers or str(stage) in numbers for numbers in needed]]
        table = deidentified(name, sources.files[name], raw, variables, key)
        if len(table.frame.columns):
            tables.loaded[name] = table
    if not tables:
        raise EvidenceError(
            "nothing in it is confirmed in the catalogue, so nothing was loaded.",
            where=place(project, data_folder),
            remedy="Run `evidence data describe` on the folder, check the rows it drafts in reference/catalogue.csv, "
            "and change `no` to `yes` in the column `confirmed` row by row.",
        )
    return tables
