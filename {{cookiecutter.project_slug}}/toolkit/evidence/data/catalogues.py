"""The catalogue (`reference/catalogue.csv`): every table and variable that may be loaded, and what becomes of it."""

from __future__ import annotations

import csv
import io
from functools import lru_cache

import pandas as pd

from evidence.data import treatments
from evidence.project import EvidenceError, Project, read_text

WHERE = "reference/catalogue.csv"
COLUMNS = (
    "source", "table", "column", "role", "treatment", "code_list", "valid_range", "required", "needed_by", "confirmed",
    "found_in", "owner", "period", "legal_basis", "special_category", "access",
)  # fmt: skip
ROLES = ("direct identifier", "quasi-identifier", "sensitive", "outcome", "ordinary")


def catalogue(project: Project) -> pd.DataFrame:
    """One row a table (`column` empty) and one a variable, all columns text, empty where nothing is said.

    Columns: source (ssda903, cin, annex_a, own), table, column, role, treatment (token, month, age, area, date, number,
    code, keep, drop), how (what stands behind the treatment: `token child`, `age at DECOM`, `area district`, `keep
    because …`), code_list (data set/table/column of `code_lists.csv`), valid_range ("0-40"), required, needed_by
    (numbers of the stages that need it; empty means any), confirmed. Of a table: found_in (where it lies, if not in a
    file of its name), owner, period, legal_basis. Of either: special_category (yes), access (roles, separated by
    semicolons; empty means every role). Raises EvidenceError for a role or treatment that does not exist, and for a
    direct identifier that would be kept in clear without a stage's reason. Source of the demand: action 3.01.
    """
    return _read(read_text(project.path("reference", "catalogue.csv"))).copy()


@lru_cache(maxsize=4)
def _read(text: str) -> pd.DataFrame:
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    if not rows or [name.strip().lower() for name in rows[0][: len(COLUMNS)]] != list(COLUMNS):
        raise EvidenceError(
            "the first line is not the list of columns.", where=WHERE, remedy=f"It must be: {','.join(COLUMNS)}"
        )
    found = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = [cell.strip() for cell in row[: len(COLUMNS)]]
        entry = dict(zip(COLUMNS, cells + [""] * (len(COLUMNS) - len(cells)), strict=True))
        _check(entry, line)
        found.append(entry)
    return pd.DataFrame(found, columns=[*COLUMNS, "how"], dtype="str")


def _check(entry: dict[str, str], line: int) -> None:
    entry["treatment"], entry["how"] = treatments.split(entry["treatment"])
    for name in ("role", "confirmed", "required"):
        entry[name] = entry[name].lower()
    if not entry["column"]:
        return
    where = f"{WHERE}, row {line} ({entry['table']} {entry['column']})"
    if entry["role"] not in ROLES:
        raise EvidenceError(f'"{entry["role"]}" is not a role.', where=where, remedy=f"Use one of: {', '.join(ROLES)}.")
    treatments.check(entry, where)
