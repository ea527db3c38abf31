"""Children by sex, ethnic group and age, and how complete what is required is for each of them and by year."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data.auditing.counting import filled, have_rows, views
from evidence.data.auditing.years import last_year_end
from evidence.data.codes import rows_of
from evidence.data.sources.duck import quoted
from evidence.data.tables import Tables

if TYPE_CHECKING:
    import duckdb

NOT_KNOWN = "Not known"
AGE_BANDS = ["Under 1", "1 to 4", "5 to 9", "10 to 15", "16 and over", NOT_KNOWN]
_AGE_EDGES = [0, 1, 5, 10, 16, 18]
_GROWN_UP = "18 and over"
_COUNTED = ["table", "column", "characteristic", "group", "n", "denominator"]
# What a column is called that holds a characteristic; an age band is worked out from the month of birth.
_CALLED = {"sex": r"^(sex|gender)$", "ethnic group": r"ethnic", "age band": r"^dob$|birth"}
# Names that no column of a council's table has.
_CHILD, _SAID, _HOW_MANY = '"child of the row"', '"said of the child"', '"so many children"'
# How many years back completeness is looked at.
_YEARS = 6


def age_band(age: pd.Series) -> pd.Series:
    """The age bands of the national statistics, as text; `Not known` where the age is missing."""
    place = np.searchsorted(_AGE_EDGES, age.astype("float"), side="right") - 1
    # Below the first edge and from the last one on there is no band: -1 and 5 are the last word. So is what is missing.
    return pd.Series(pd.array(AGE_BANDS, dtype="str").take(place), age.index, name=age.name)


def children_by_group(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """One row a child and characteristic the tables hold: columns sex, ethnic group, age band (on `year_end`), as text.

    A column is left out where no table has it. What is missing or on no list is `Not known`. For
    `measures.representativeness`.
    """
    day = pd.Timestamp(year_end or last_year_end(tables))
    where = _where(tables)
    if not where:
        return pd.DataFrame()
    each = ", ".join(f"any_value({told}) AS {told}" for told in (quoted(_told(name)) for name in where))
    every = " UNION ALL BY NAME ".join(_of_each_child(tables, table, held) for table, held in _by_table(where).items())
    with views(tables) as connection:
        # Children of whom the same is said are counted together: there are few kinds of them, however many children.
        found = connection.execute(
            f"SELECT *, count(*) AS {_HOW_MANY} FROM (SELECT {each} FROM ({every}) GROUP BY {_CHILD}) GROUP BY ALL"
        ).df()
    children = pd.DataFrame(
        {name: _in_words(found[_told(name)], name, *place, tables, day) for name, place in where.items()}
    )
    children = children.fillna(NOT_KNOWN).assign(number=found[_HOW_MANY.strip('"')])
    # Ordered by what it says, as tokens differ from one project's key to another's.
    children = children.sort_values(list(where), ignore_index=True)
    number = children.pop("number")
    return children.loc[children.index.repeat(number)].reset_index(drop=True)


def filled_by_group(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """How often each required variable is filled: table, column, characteristic, group, n (filled rows), denominator.

    characteristic: "year" (ending 31 March, by the table's first date, the last six), "sex", "ethnic group", "age band"
    (on `year_end`), each where the data has it. For `measures.completeness`. Sources: actions 3.03, 3.05.
    """
    found = tables.remember(("filled", str(year_end or "")), lambda: _filled_by_group(tables, year_end))
    return found.copy()


def _filled_by_group(tables: Tables, year_end: date | str | None) -> pd.DataFrame:
    day = pd.Timestamp(year_end or last_year_end(tables))
    found: list[tuple] = []
    with views(tables) as connection:
        for name in tables:
            variables = tables.variables(name)
            required = list(variables.loc[variables["required"] == "yes", "column"])
            if required:
                have_rows(tables, connection, name, required)
                found.extend(_by_year(tables, connection, name, required, day))
                found.extend(_by_characteristic(tables, connection, name, required, day))
    return pd.DataFrame(found, columns=_COUNTED)


def _by_year(
    tables: Tables, connection: duckdb.DuckDBPyConnection, name: str, columns: list[str], day: pd.Timestamp
) -> list[tuple]:
    variables = tables.variables(name)
    dates = list(variables.loc[variables["treatment"] == "date", "column"])
    if not dates:
        return []
    when = quoted(dates[0])
    year = f"year({when}) + CAST(month({when}) > 3 AS INTEGER)"
    recent = f"{year} BETWEEN {day.year - _YEARS + 1} AND {day.year}"
    sql = f"SELECT {year} AS {_SAID}, {_rows_filled(columns)} FROM {quoted(name)} WHERE {recent} GROUP BY {_SAID}"
    table = pd.DataFrame(connection.execute(sql).fetchall(), columns=["said", "denominator", *columns])
    return _long(table, table["said"].astype("Int64").astype("str"), name, "year", columns)


def _by_characteristic(
    tables: Tables, connection: duckdb.DuckDBPyConnection, name: str, required: list[str], day: pd.Timestamp
) -> list[tuple]:
    if tables.key not in tables[name]:
        return []
    # A row that names no child is not of any group of children.
    columns = [column for column in required if column != tables.key]
    where = _where(tables)
    counted = {
        characteristic: group
        for table, held in _by_table(where).items()
        for characteristic, group in _counted_by(tables, connection, name, table, held, columns).items()
    }
    found: list[tuple] = []
    for characteristic, place in where.items():
        table = pd.DataFrame(counted[characteristic], columns=["said", "denominator", *columns])
        words = _in_words(table["said"], characteristic, *place, tables, day)
        found.extend(_long(table, words, name, characteristic, columns))
    return found


def _counted_by(
    tables: Tables,
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: str,
    held: dict[str, str],
    columns: list[str],
) -> dict[str, list[tuple]]:
    """By characteristic that `table` holds: what it says of a child, rows of `name` about such, and those filled.

    All of them in one pass, as to go through the rows is what takes long.
    """
    told = [quoted(_told(characteristic)) for characteristic in held]
    listed, sets = ", ".join(told), ", ".join(f"({group})" for group in told)
    rows = connection.execute(
        f"SELECT GROUPING({listed}), {listed}, {_rows_filled(columns)} FROM {quoted(name)} "
        f"JOIN ({_of_each_child(tables, table, held)}) ON {quoted(tables.key)} = {_CHILD} "
        f"GROUP BY GROUPING SETS ({sets})"
    ).fetchall()
    found: dict[str, list[tuple]] = {}
    for place, characteristic in enumerate(held):
        # Of its bits, one for each characteristic, only that is 0 by which the rows are grouped.
        bits = (1 << len(held)) - 1 - (1 << (len(held) - 1 - place))
        found[characteristic] = [(row[1 + place], *row[1 + len(held) :]) for row in rows if row[0] == bits]
    return found


def _rows_filled(columns: list[str]) -> str:
    """The SQL of how many rows there are, and in how many of them each column is filled."""
    return ", ".join(["count(*)", *(f"count(*) FILTER ({filled(column)})" for column in columns)])


def _where(tables: Tables) -> dict[str, tuple[str, str]]:
    """By characteristic the first table about children that holds it, and the column."""
    return tables.remember("where characteristics are", lambda: _found_where(tables))


def _found_where(tables: Tables) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for name in tables:
        for row in tables.variable_rows(name) if tables.key in tables[name] else ():
            for characteristic, pattern in _CALLED.items():
                fits = re.search(pattern, row["column"], re.IGNORECASE) and row["column"] != tables.key
                if fits and (row["treatment"] in ("month", "age")) == (characteristic == "age band"):
                    found.setdefault(characteristic, (name, row["column"]))
    return {characteristic: found[characteristic] for characteristic in _CALLED if characteristic in found}


def _by_table(where: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """For each table the characteristics that are looked up there, and their columns."""
    found: dict[str, dict[str, str]] = {}
    for characteristic, (table, column) in where.items():
        found.setdefault(table, {})[characteristic] = column
    return found


def _of_each_child(tables: Tables, table: str, held: dict[str, str]) -> str:
    """The SQL of each child of a table, and of what that says of it: one column a characteristic."""
    key = quoted(tables.key)
    said = ", ".join(f"min({quoted(column)}) AS {quoted(_told(name))}" for name, column in held.items())
    return f"SELECT {key} AS {_CHILD}, {said} FROM {quoted(table)} WHERE {key} IS NOT NULL GROUP BY {_CHILD}"


def _told(characteristic: str) -> str:
    return f"told: {characteristic}"


def _in_words(
    said: pd.Series, characteristic: str, table: str, column: str, tables: Tables, day: pd.Timestamp
) -> pd.Series:
    if characteristic == "age band":
        return _age_words(said, day)
    words = tables.remember(("words", table, column), lambda: _words_of(tables, table, column))
    return (said.map(words) if words else said).astype("str").fillna(NOT_KNOWN)


def _words_of(tables: Tables, table: str, column: str) -> dict[str, str]:
    """What the codes of a variable mean; nothing where it has no code list."""
    rows = tables.variables(table)
    codes = rows_of(tables.codes, rows.loc[rows["column"] == column, "code_list"].iloc[0])
    return dict(zip(codes["code"], codes["group"].where(codes["group"] != "", codes["label"]), strict=True))


def _age_words(said: pd.Series, day: pd.Timestamp) -> pd.Series:
    """The age band on a day from the month of birth, or from an age in years."""
    age = said.astype("float") if pd.api.types.is_numeric_dtype(said) else None
    if age is None:
        born = pd.to_datetime(said)
        age = ((day.year - born.dt.year) * 12 + day.month - born.dt.month) // 12
    return age_band(age).mask(age >= _AGE_EDGES[-1], _GROWN_UP)


def _long(table: pd.DataFrame, groups: pd.Series, name: str, characteristic: str, columns: list[str]) -> list[tuple]:
    """For each variable one row a group, groups of one name together."""
    places, names = pd.factorize(groups, sort=True)
    counts = np.zeros((len(names), 1 + len(columns)), dtype=np.int64)
    np.add.at(counts, places, table[["denominator", *columns]].to_numpy(dtype=np.int64))
    denominator, *filled_in = counts.T.tolist()
    return [
        (name, column, characteristic, group, n, of)
        for column, those in zip(columns, filled_in, strict=True)
        for group, n, of in zip(names, those, denominator, strict=True)
    ]
