"""The catalogue (`reference/catalogue.csv`): every table and variable that may be loaded, and what becomes of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from evidence.data import shapes, treatments
from evidence.data.access.rules import roles_named
from evidence.data.access.summaries import roles_known
from evidence.data.codes import list_names
from evidence.data.reference_rows import is_answered, reference_rows
from evidence.data.sources.csv_files import squeezed
from evidence.project import EvidenceError, Project, read_text

if TYPE_CHECKING:
    from evidence.data.tables import Tables

WHERE = "reference/catalogue.csv"
COLUMNS = (
    "source", "table", "column", "role", "treatment", "code_list", "valid_range", "required", "needed_by", "confirmed",
    "found_in", "owner", "period", "legal_basis", "special_category", "access",
)  # fmt: skip
_YES_OR_NO = ("required", "confirmed", "special_category")
_OF_DATA_SETS = ("found_in", "owner", "period", "legal_basis")
# What valid_range may say besides a range of numbers: of a table, that a child has one row of it at a time; of a date,
# which other date of the table it cannot lie before.
ONE_AT_A_TIME, NOT_BEFORE = "one at a time", "not before "
ROLES = ("direct identifier", "quasi-identifier", "sensitive", "outcome", "ordinary")


def catalogue(project: Project) -> pd.DataFrame:
    """One row a table (`column` empty) and one a variable, all columns text, empty where nothing is said.

    Columns: source (ssda903, cin, annex_a, own), table, column, role, treatment (token, month, age, area, date, number,
    code, keep, drop), how (what stands behind the treatment: `token child`, `age at DECOM`, `area district`, `keep
    because …`), code_list (data set/table/column of `code_lists.csv`), valid_range ("0-40"; of a date "not before
    START"; of a table "one at a time"), required, needed_by (numbers of the stages that need it; empty means any),
    confirmed. Of a table: found_in (where it lies, if not in a
    file of its name), owner, period, legal_basis. Of either: special_category (yes), access (roles, separated by
    semicolons; empty means every role). Source of the demand: action 3.01.

    Raises EvidenceError, naming row and column, for a role, treatment, role of people, code list or stage that does not
    exist, a range that is none, a range or code list that the treatment has no use for, anything but yes and no where
    one of the two is due, two rows for one variable, what belongs to a data set on a variable's row, and a direct
    identifier that would be kept in clear without a reason.
    """
    text = read_text(project.path("reference", "catalogue.csv"))
    return _read(text, list_names(project), frozenset(roles_known(project))).copy()


@lru_cache(maxsize=4)
def _read(text: str, lists: frozenset[str], roles: frozenset[str]) -> pd.DataFrame:
    rows = reference_rows(text, WHERE, COLUMNS)
    for line, entry in rows:
        _check(entry, line)
    _check_once(rows)
    _check_against(rows, lists, roles)
    _check_order(rows)
    return pd.DataFrame([entry for _, entry in rows], columns=[*COLUMNS, "how"], dtype="str")


_Rows = list[tuple[int, dict[str, str]]]


def _check(entry: dict[str, str], line: int) -> None:
    entry["treatment"], entry["how"] = treatments.split(entry["treatment"])
    for name in ("source", "role", *_YES_OR_NO, "access"):
        entry[name] = entry[name].lower()
    for name in _YES_OR_NO:
        if entry[name] not in ("yes", "no", ""):
            raise _wrong(line, entry, name, "it must be yes or no.", "Write yes, no or nothing.")
    if not entry["source"] or not entry["table"]:
        raise _wrong(line, entry, "table", "the row does not say which table it is about.", "Fill in source and table.")
    if not entry["column"]:
        return
    if entry["role"] not in ROLES:
        raise _wrong(line, entry, "role", f'"{entry["role"]}" is not a role.', f"Use one of: {', '.join(ROLES)}.")
    for name in _OF_DATA_SETS:
        if entry[name]:
            remedy = "Write it in the row of the table whose cell `column` is empty."
            raise _wrong(line, entry, name, "this is said of a data set, not of one variable.", remedy)
    _check_range(entry, line)
    treatments.check(entry, f"{WHERE}, row {line} ({entry['table']} {entry['column']})")
    _check_can_be_held_against(entry, line)


def _check_range(entry: dict[str, str], line: int) -> None:
    said = entry["valid_range"].lower()
    if not said or (not entry["column"] and said == ONE_AT_A_TIME):
        return
    if entry["treatment"] == "date" and said.startswith(NOT_BEFORE):
        return
    ends = shapes.bounds(entry["valid_range"])
    if ends is None or ends[0] > ends[1]:
        remedy = 'Write the lowest and the highest value: "0-40", or "-5 to 5".'
        raise _wrong(line, entry, "valid_range", "that is no range.", remedy)


def _check_can_be_held_against(entry: dict[str, str], line: int) -> None:
    """A range or code list that no value can be held against is refused: nobody would notice that none is."""
    treatment, said = entry["treatment"], entry["valid_range"].lower()
    if said and not said.startswith(NOT_BEFORE) and treatment not in ("number", "drop"):
        what = f"with the treatment {treatment}, values are not held against a range of numbers."
        raise _wrong(line, entry, "valid_range", what, "Write number as its treatment, or take the range out.")
    if entry["code_list"] and treatment not in ("code", "keep", "drop"):
        what = f"with the treatment {treatment}, values are not held against a code list."
        raise _wrong(line, entry, "code_list", what, "Write code as its treatment, or take the code list out.")


def _check_once(rows: _Rows) -> None:
    """One row a variable: names count as the same where only case, blanks and the like differ, as they do in files."""
    places: dict[tuple[str, ...], int] = {}
    for line, entry in rows:
        place = tuple(squeezed(entry[name]) for name in ("source", "table", "column"))
        if place in places:
            what = f"row {places[place]} is about the same {'variable' if entry['column'] else 'data set'}."
            raise _wrong(line, entry, "column", what, "Keep one of the two.")
        places[place] = line


def _check_against(rows: _Rows, lists: frozenset[str], roles: frozenset[str]) -> None:
    """What a row names has to be there: code lists, roles of people, stages."""
    for line, entry in rows:
        if entry["code_list"] and entry["code_list"] not in lists:
            remedy = "Use data set/table/column of a list in reference/code_lists.csv, or add the list there."
            raise _wrong(line, entry, "code_list", "there is no such code list.", remedy)
        for role in roles_named(entry["access"]) if entry["access"] else ():
            if role not in roles:
                remedy = f"Use one of: {', '.join(sorted(roles))}; or add it to reference/access.toml."
                raise _wrong(line, entry, "access", f'"{role}" is no role that people have.', remedy)
        if entry["needed_by"] and re.sub(r"\b([1-9]|10)\b|[,; ]", "", entry["needed_by"]):
            raise _wrong(line, entry, "needed_by", "these are no numbers of stages.", 'For example: "5 6 7".')


def _check_order(rows: _Rows) -> None:
    """A date that another one cannot lie before has to be in the same table."""
    dates = {(entry["source"], entry["table"], entry["column"]) for _, entry in rows if entry["treatment"] == "date"}
    for line, entry in rows:
        said = entry["valid_range"]
        other = (entry["source"], entry["table"], said[len(NOT_BEFORE) :].strip())
        if said.lower().startswith(NOT_BEFORE) and other not in dates:
            remedy = "Name a column of the same table whose treatment is date."
            raise _wrong(line, entry, "valid_range", "there is no such date to lie before.", remedy)


def _wrong(line: int, entry: dict[str, str], column: str, what: str, remedy: str) -> EvidenceError:
    about = " ".join(filter(None, (entry["table"], entry["column"])))
    return EvidenceError(what, where=f"{WHERE}, row {line} ({about}), column {column}", remedy=remedy)


def catalogue_summary(tables: Tables) -> pd.DataFrame:
    """The catalogue's data sets at hand (guidance action 3.01): one row a table that was loaded.

    Columns: table, owner, period, legal_basis (text; "not said" where nobody has filled it in), variables (rows of the
    catalogue for columns in the file), direct_identifiers, quasi_identifiers, sensitive, special_category (of these
    variables), unconfirmed (columns in the file that nobody has confirmed), roles (who may see it; "every role").
    """
    found = []
    for name, table in tables.loaded.items():
        rows = tables.catalogue[tables.catalogue["table"] == name]
        data_set = rows[rows["column"] == ""].iloc[0] if (rows["column"] == "").any() else pd.Series(dtype="str")
        here = rows[rows["column"].isin(table.held)]
        roles = here["role"].value_counts()
        special = len(here) if data_set.get("special_category") == "yes" else (here["special_category"] == "yes").sum()
        said = [data_set.get(column, "") for column in ("owner", "period", "legal_basis")]
        said = [cell if is_answered(cell) else "not said" for cell in said]
        counts = [int(roles.get(role, 0)) for role in ("direct identifier", "quasi-identifier", "sensitive")]
        waiting = len(table.held) - int((here["confirmed"] == "yes").sum())
        access = ", ".join(roles_named(data_set.get("access", ""))) or "every role"
        found.append((name, *said, len(here), *counts, int(special), waiting, access))
    columns = ["table", "owner", "period", "legal_basis", "variables", "direct_identifiers", "quasi_identifiers"]
    return pd.DataFrame(found, columns=[*columns, "sensitive", "special_category", "unconfirmed", "roles"])
