"""Drafts the catalogue of a council's own tables: what each column seems to be, for a person to confirm."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd

from evidence.data import shapes
from evidence.data.catalogues import COLUMNS, WHERE, catalogue
from evidence.data.sources import open_sources
from evidence.project import Project, atomic_write, read_text

_TEN_DIGITS = re.compile(r"\d{3} ?\d{3} ?\d{4}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Words in a column's name that say what it holds, and what it is then taken for: the first that fits.
_NAMED = (
    (r"\bdob\b|birth", "direct identifier", "month"),
    (r"post ?code|\bpost\b", "direct identifier", "area"),
    (r"\b(upn|nhs|uln|nino|urn|id|identifier|reference)\b|national insurance", "direct identifier", "token"),
    (r"name|address|phone|mobile|e?mail|worker|\bnotes?\b|comment|\btext\b", "direct identifier", "drop"),
    (r"\b(sex|gender|age|ward|area|team|school)\b|local authority", "quasi-identifier", "code"),
    (r"ethnic|disab|religion|faith|\bneeds?\b|abuse|legal|offen|health|language|asylum|uasc|nationality|orientation",
     "sensitive", "code"),
)  # fmt: skip
_LONGEST_CODE, _MOST_CODES = 40, 60


def guess(column: str, values: pd.Series) -> dict[str, str]:
    """What a column of texts seems to be: its role and treatment. Shapes of the values count before its name.

    Where it cannot be told, a column whose values hardly repeat is taken for an identifier: better too careful.
    """
    filled = values.dropna()
    role, treatment = _by_shape(column, filled) or _by_name(column) or _by_variety(filled)
    return {"role": role, "treatment": treatment}


def _share(filled: pd.Series, fits) -> float:
    unique = filled.unique()[:2000]
    return sum(bool(fits(value)) for value in unique) / len(unique) if len(unique) else 0.0


def _by_shape(column: str, filled: pd.Series) -> tuple[str, str] | None:
    birth = re.search(r"dob|birth", column.lower())
    if _share(filled, shapes.upn_fits) > 0.8:
        return "direct identifier", "token"
    if _share(filled, shapes.postcode_fits) > 0.8:
        return "direct identifier", "area"
    if _share(filled, lambda value: _EMAIL.fullmatch(value)) > 0.5:
        return "direct identifier", "drop"
    if _share(filled, lambda value: _TEN_DIGITS.fullmatch(value)) > 0.8:
        return "direct identifier", "token"
    if _share(filled, lambda value: shapes.as_dates(pd.Series([value], dtype="str")).notna().iloc[0]) > 0.8:
        return ("direct identifier", "month") if birth else ("ordinary", "date")
    return None


def _by_name(column: str) -> tuple[str, str] | None:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", column).lower()
    for pattern, role, treatment in _NAMED:
        if re.search(pattern, words):
            return role, treatment
    return None


def _by_variety(filled: pd.Series) -> tuple[str, str]:
    different = filled.nunique()
    if len(filled) and shapes.as_numbers(filled).notna().mean() > 0.95:
        identifier = different > 0.9 * len(filled) and len(filled) > 20 and filled.str.fullmatch(r"\d{5,}").all()
        return ("direct identifier", "token") if identifier else ("ordinary", "number")
    if different <= _MOST_CODES and (filled.str.len() <= _LONGEST_CODE).all():
        return "ordinary", "code"
    return "direct identifier", "drop"


def draft(project: Project, data_folder: str | Path) -> pd.DataFrame:
    """The rows that the catalogue still lacks for the tables in `data_folder`, unconfirmed, in its columns."""
    rows = catalogue(project)
    sources = open_sources(project, data_folder, rows)
    known = set(zip(rows["source"], rows["table"], rows["column"], strict=True))
    drafted = []
    for name, raw in sources.tables.items():
        for column in ("", *raw.frame.columns):
            if (sources.source, name, column) in known:
                continue
            row = dict.fromkeys(COLUMNS, "") | {"source": sources.source, "table": name, "column": column}
            if column:
                row |= guess(column, raw.frame[column])
            drafted.append(row | {"confirmed": "no"})
    return pd.DataFrame(drafted, columns=list(COLUMNS))


def add_to_catalogue(project: Project, drafted: pd.DataFrame) -> None:
    """Puts drafted rows behind those of `reference/catalogue.csv`; what is there stays as it is."""
    path = project.path(*WHERE.split("/"))
    text = read_text(path).rstrip("\n") + "\n"
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, delimiter=max(",;\t", key=text.split("\n", 1)[0].count), lineterminator="\n")
    writer.writerows(drafted[list(COLUMNS)].itertuples(index=False))
    atomic_write(path, text + rows.getvalue())
