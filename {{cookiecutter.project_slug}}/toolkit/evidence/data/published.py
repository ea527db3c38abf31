"""The published statistics that a project keeps in `data/published`: loaded, described, audited. They name no child."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.cataloguing.catalogues import COLUMNS, catalogue
from evidence.data.codes import code_lists
from evidence.data.rules import INCORRECT, REPEATED
from evidence.data.sources.own import table_name
from evidence.data.sources.published import (
    PLACES,
    SYMBOLS,
    Published,
    find_files,
    missing_columns,
    open_published,
    read_plain,
    read_published,
)
from evidence.data.tables import Table, Tables
from evidence.project import Project, read_text

FOLDER = "data/published"
_PERCENT = re.compile(r"(^|_)(percent|percentage|pct)$")
_AUDIT_COLUMNS = ["rule", "table", "columns", "what", "family", "failures", "checked"]


def load_published(
    project: Project, folder: str | Path = FOLDER, on_read: Callable[[Path], None] | None = None
) -> Tables:
    """Every file of the folder as a table: those in the Department's layout as `read_published` gives them.

    Files in other layouts are plain tables of texts, which the notes say. Nothing is de-identified, and every column
    counts as confirmed: published statistics are about no child. Raises EvidenceError as `read_published` does.
    """
    rows = _with_what_is_in(project, _described(project, folder))
    tables = Tables("published", "", rows, code_lists(project))
    for path, where in _files(project, folder):
        name = table_name(path.stem)
        plain = read_plain(path, where)
        tidy = not missing_columns(plain)
        frame = read_published(path, where) if tidy else plain
        if not tidy:
            tables.notes.append(f"{path.name} is not in the layout of published statistics and is a plain table.")
        lines = np.arange(2, len(frame) + 2)
        tables.loaded[name] = Table(name, path.name, frame, pd.DataFrame(index=frame.index), lines, tuple(plain))
        if on_read:
            on_read(path)
    return tables


def draft_published(project: Project, folder: str | Path = FOLDER) -> pd.DataFrame:
    """The rows that the catalogue still lacks for the folder's files, in its columns: confirmed, as they are public."""
    described = _described(project, folder)
    rows = catalogue(project)
    known = set(zip(rows["source"], rows["table"], rows["column"], strict=True))
    new = [row for row in described if (row["source"], row["table"], row["column"]) not in known]
    return pd.DataFrame(new, columns=list(COLUMNS))


def audit_published(project: Project, folder: str | Path = FOLDER) -> pd.DataFrame:
    """One row a check, as of `audit`: rule, table, columns, what, family, failures (rows), checked (rows).

    Rows there twice, periods that are none, codes of authorities that `reference/authorities.csv` does not list (of
    former ones, too), places without their code, percentages under 0 or over 100, counts under 0, and cells with
    neither a number nor a symbol. Of a plain table only rows there twice. Sources: actions 3.04, 3.05.
    """
    authorities = _authorities(project)
    found = []
    for path, where in _files(project, folder):
        plain = _is_plain(path, where)
        checks = _plain_checks(path, where) if plain else _checks(open_published(path, where), authorities)
        found += [(rule, table_name(path.stem), *rest) for rule, *rest in checks]
    return pd.DataFrame(found, columns=_AUDIT_COLUMNS)


def symbols_published(project: Project, folder: str | Path = FOLDER) -> pd.DataFrame:
    """One row a column of numbers: table, column, rows, numbers, empty, and how many of each symbol (c, z, x, …)."""
    found = []
    for path, where in _files(project, folder):
        if _is_plain(path, where):
            continue
        opened = open_published(path, where)
        for column in opened.indicators:
            symbols = opened.frame[f"{column}_symbol"].value_counts()
            counts = {symbol: int(symbols.get(symbol, 0)) for symbol in SYMBOLS}
            numbers, rows = int(opened.frame[column].notna().sum()), len(opened.frame)
            unread = int(opened.unread[column].sum()) if column in opened.unread else 0
            empty = rows - numbers - unread - sum(counts.values())
            row = {"table": table_name(path.stem), "column": column, "rows": rows, "numbers": numbers, "empty": empty}
            found.append(row | counts)
    return pd.DataFrame(found, columns=["table", "column", "rows", "numbers", "empty", *SYMBOLS])


def contents_published(project: Project, folder: str | Path = FOLDER) -> list[str]:
    """What each file holds, in a line: rows, periods, levels, groups and numbers."""
    said = []
    for path, where in _files(project, folder):
        if _is_plain(path, where):
            plain = read_plain(path, where)
            said.append(f"{path.name}: {len(plain):,} rows, {len(plain.columns)} columns, a plain table.")
            continue
        opened = open_published(path, where)
        levels = opened.frame["geographic_level"].value_counts().sort_index()
        said.append(
            f"{path.name}: {len(opened.frame):,} rows, {_span(opened.frame)}; "
            f"{', '.join(f'{level} {count:,}' for level, count in levels.items())}; "
            f"groups: {', '.join(opened.filters) or 'none'}; numbers: {', '.join(opened.indicators)}."
        )
    return said


def _files(project: Project, folder: str | Path) -> Iterator[tuple[Path, str]]:
    where = project.relative(project.path(str(folder)))
    for path in find_files(project.path(str(folder)), where):
        yield path, f"{where}/{path.name}"


def _is_plain(path: Path, where: str) -> bool:
    return bool(missing_columns(read_plain(path, where)))


# Describing ------------------------------------------------------------------------------------------------------


def _described(project: Project, folder: str | Path) -> list[dict[str, str]]:
    rows = []
    for path, where in _files(project, folder):
        table = {"source": "published", "table": table_name(path.stem), "confirmed": "yes"}
        if _is_plain(path, where):
            treatments = dict.fromkeys(read_plain(path, where), "keep")
            rows.append(table)
        else:
            opened = open_published(path, where)
            treatments = {column: "keep" for column in opened.frame if not column.endswith("_symbol")}
            treatments |= dict.fromkeys(opened.filters, "code") | dict.fromkeys(opened.indicators, "number")
            del treatments["year_ending"]
            rows.append(table | {"period": _span(opened.frame)})
        rows += [table | {"column": name, "role": "ordinary", "treatment": how} for name, how in treatments.items()]
    return [dict.fromkeys(COLUMNS, "") | row for row in rows]


def _span(frame: pd.DataFrame) -> str:
    years = frame.loc[frame["year_ending"] > 0, "year_ending"]
    if years.empty:
        return ""
    return f"{years.min()} to {years.max()}" if years.nunique() > 1 else f"{years.min()}"


def _with_what_is_in(project: Project, described: list[dict[str, str]]) -> pd.DataFrame:
    """The catalogue's rows of published files, and for what it lacks those that would be drafted."""
    rows = catalogue(project)
    said = rows[rows["source"] == "published"]
    drafted = pd.DataFrame(described, columns=list(COLUMNS), dtype="str")
    both = pd.concat([said, drafted], ignore_index=True).fillna("")
    return both.drop_duplicates(["table", "column"], ignore_index=True).assign(confirmed="yes")


# Auditing --------------------------------------------------------------------------------------------------------


def _authorities(project: Project) -> dict[str, set[str]]:
    """The codes of today's authorities, by the column of a published file that holds them."""
    rows = list(csv.DictReader(io.StringIO(read_text(project.path("reference", "authorities.csv")))))
    return {"new_la_code": {row["code"] for row in rows}, "old_la_code": {row["three_digit_code"] for row in rows}}


def _plain_checks(path: Path, where: str) -> Iterator[tuple]:
    plain = read_plain(path, where)
    yield "PB01", "", "Row is there twice", REPEATED, int(plain.duplicated().sum()), len(plain)


def _checks(opened: Published, authorities: dict[str, set[str]]) -> Iterator[tuple]:
    """(rule, columns, what, family, failures, checked)."""
    frame, rows = opened.frame, len(opened.frame)
    twice = frame.duplicated(opened.key)
    yield "PB01", "", "Row is there twice: the same period, place and groups", REPEATED, int(twice.sum()), rows
    unread = opened.unread.get("time_period")
    yield "PB02", "time_period", "Not a period", INCORRECT, 0 if unread is None else int(unread.sum()), rows
    for column, known in authorities.items():
        if column in frame:
            of_authorities = (frame["geographic_level"] == "Local authority") & frame[column].notna()
            unknown = of_authorities & ~frame[column].isin(known)
            yield "PB03", column, "Not the code of an authority of today", INCORRECT, *_counted(unknown, of_authorities)
    for level, columns in PLACES.items():
        of_level = frame["geographic_level"] == level
        if of_level.any():
            codes = [column for column in columns if column in frame]
            without = of_level & frame[codes].isna().all(axis=1) if codes else of_level
            yield "PB04", ", ".join(columns), f"{level} without a code or name", INCORRECT, *_counted(without, of_level)
    for column in opened.indicators:
        numbers, there = frame[column], frame[column].notna()
        if _PERCENT.search(column):
            wrong = there & ~numbers.between(0, 100)
            yield "PB05", column, "Not from 0 to 100 per cent", INCORRECT, *_counted(wrong, there)
        if column.endswith("_count"):
            yield "PB06", column, "A count under 0", INCORRECT, *_counted(numbers < 0, there)
        neither = numbers.isna() & (frame[f"{column}_symbol"] == "")
        yield "PB07", column, "Neither a number nor a symbol", INCORRECT, int(neither.sum()), rows


def _counted(failing: pd.Series, checked: pd.Series) -> tuple[int, int]:
    return int(failing.sum()), int(checked.sum())
