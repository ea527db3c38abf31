"""Rules for a council's own tables, made from what the catalogue says of each table and variable.

A rule is a condition on a row, in SQL, of the columns of the views that `counting.views` makes. Where a row is judged
by others too, a statement that runs first puts aside the few lines or keys that fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.auditing.counting import EARLIER, LINE, filled, have_rows, unread
from evidence.data.auditing.in_sql import has_shape
from evidence.data.auditing.neighbours import ROWS_AT_ONCE, different, out_of_order, suspects
from evidence.data.cataloguing.catalogues import NOT_BEFORE, ONE_AT_A_TIME
from evidence.data.codes import allowed_codes
from evidence.data.rules import INCONSISTENT, INCORRECT, KEYS, OVERLAP, REPEATED
from evidence.data.sources.duck import literal, quoted
from evidence.data.tables import Tables

if TYPE_CHECKING:
    import duckdb
    import pyarrow

# A column whose values hardly ever repeat is the key of its table.
_KEY_SHARE = 0.98
# Treatments after which two different values may be the same.
_SHORTENED = ("month", "age", "area")
# What does not change in a child's life, or not between two returns.
_LASTING = re.compile(r"^(sex|gender)|birth|^dob$|ethnic", re.IGNORECASE)
_BEGINS = r"start|begin|began|begun|from|opened|open|decom"
_ENDS = r"end|ended|finish|until|closed|close|dec"


# The condition that every row meets.
ALL = "true"
AGAIN = "prints of several rows"
SUSPECTS = "children not cleared"
DIFFER = "children that differ"


@dataclass(frozen=True)
class OwnRule:
    """One check of one table: `failing` and `checked` are conditions on a row, `first` statements that run before.

    aside: the table that is made before where that takes more than statements. prints: a query for a number of each
    row, the same for rows that are the same; `aside` has the lines that `compared` finds among the rows whose number is
    in the table `AGAIN`. beside: a query for rows by which most children are cleared, and `apart`, which are not (see
    `neighbours`): `first` then looks at those in the table `SUSPECTS` alone.
    """

    id: str
    what: str
    table: str
    columns: tuple[str, ...]
    failing: str
    checked: str = ALL
    family: str = INCORRECT
    check: str = ""
    first: tuple[str, ...] = ()
    aside: str = ""
    prints: str = ""
    compared: str = ""
    beside: str = ""
    apart: Callable[[pyarrow.RecordBatch], np.ndarray] | None = None


def by_row(variables: pd.DataFrame) -> set[str]:
    """The columns that rules hold against other columns or rows; of the others it is enough to count the texts."""
    telling = _telling(variables)
    lasting = [column for column in variables["column"] if _LASTING.search(column)]
    return {*telling, *lasting} if telling else set(variables["column"])


def put_aside(tables: Tables, connection: duckdb.DuckDBPyConnection, rule: OwnRule) -> None:
    """Makes what a rule needs before its conditions can be looked at; what is there already stays."""
    if rule.aside and _is_there(connection, rule.aside):
        return
    if rule.beside:
        lots = connection.sql(rule.beside).to_arrow_reader(ROWS_AT_ONCE)
        connection.register(SUSPECTS, pd.DataFrame({"child": suspects(lots, rule.apart)}))
    for statement in rule.first:
        connection.execute(statement)
    if rule.beside:
        connection.unregister(SUSPECTS)
    if rule.prints:
        _put_aside_twice(tables, connection, rule)


def _put_aside_twice(tables: Tables, connection: duckdb.DuckDBPyConnection, rule: OwnRule) -> None:
    again = _that_repeat(connection.execute(rule.prints).fetchnumpy()["print"])
    if not len(again):
        connection.execute(f"CREATE TEMP TABLE {quoted(rule.aside)} (found BIGINT)")
        return
    have_rows(tables, connection, rule.table)
    connection.register(AGAIN, pd.DataFrame({"print": again}))
    connection.execute(f"CREATE TEMP TABLE {quoted(rule.aside)} AS {rule.compared}")
    connection.unregister(AGAIN)


def _that_repeat(prints: np.ndarray) -> np.ndarray:
    """The numbers that are there more than once; they are sorted where they are."""
    middle = len(prints) // 2
    # To sort them is what takes long: the lower half and the upper one each on a processor of its own.
    prints.partition(middle)
    with ThreadPoolExecutor(2) as beside:
        list(beside.map(np.ndarray.sort, (prints[:middle], prints[middle:])))
    return np.unique(prints[1:][prints[1:] == prints[:-1]])


def _is_there(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall())


def rules_for(tables: Tables, connection: duckdb.DuckDBPyConnection, year: int) -> list[OwnRule]:
    """For each table the rules that its catalogue rows call for, in the order of the tables and columns.

    For the returns there are none: their own rules say more. Annex A is no return. `year` chooses the codes that a list
    allows.
    """
    if tables.source in ("ssda903", "cin"):
        return []
    found: list[OwnRule] = []
    for name in tables:
        found.append(_twice(name, tables))
        variables = tables.variable_rows(name)
        for row in variables:
            found.extend(_of_variable(name, row, tables, year))
        for begin, end in begins_and_ends(variables):
            found.append(_in_order(name, begin, end))
        found.extend(_overlaps(name, tables))
        found.extend(_lasting(name, tables))
    found.extend(_orphans(tables, connection))
    if tables.earlier is not None:
        both = [name for name in tables if name in tables.earlier]
        found.extend(rule for name in both for rule in _since_earlier(name, tables, tables.earlier))
    return found


def not_checked(tables: Tables) -> list[str]:
    """What the rules of own tables leave out because the catalogue does not ask for it, a sentence each."""
    if tables.source in ("ssda903", "cin"):
        return []
    said = []
    for name in tables:
        pairs = begins_and_ends(tables.variable_rows(name))
        if pairs and tables.key in tables[name] and not _one_at_a_time(name, tables):
            said.append(
                f"{name}: whether a child's rows overlap. If they must not, write `{ONE_AT_A_TIME}` under valid_range "
                "in the table's own row of reference/catalogue.csv."
            )
    return said


def _of_variable(name: str, row: dict[str, str], tables: Tables, year: int) -> Iterator[OwnRule]:
    column = row["column"]
    label, value = f"{name}: {column}", quoted(column)
    if has_shape(row):
        yield OwnRule(f"{label} shape", "Filled, but not in the right shape", name, (column,), unread(column))
    if row["required"] == "yes":
        yield OwnRule(f"{label} missing", "Missing", name, (column,), f"NOT {filled(column)}")
    if row["code_list"]:
        wrong = outside(value, allowed_codes(tables.codes, row["code_list"], (year,)))
        yield OwnRule(f"{label} code", "Not on the code list", name, (column,), wrong)
    limits = shapes.bounds(row["valid_range"])
    if limits and row["treatment"] == "number":
        what = f"Not from {limits[0]:g} to {limits[1]:g}"
        yield OwnRule(f"{label} range", what, name, (column,), out_of_range(value, limits))


def outside(value: str, codes: set[str]) -> str:
    """The SQL of whether a filled value is none of the codes."""
    listed = ", ".join(literal(code) for code in sorted(codes))
    # A long list is compared with code by code; as a table it is looked up.
    return f"coalesce({value} NOT IN (SELECT unnest(CAST([{listed}] AS VARCHAR[]))), false)"


def out_of_range(value: str, limits: tuple[float, float]) -> str:
    """The SQL of whether a filled number lies outside its range."""
    return f"coalesce({value} NOT BETWEEN {limits[0]!r} AND {limits[1]!r}, false)"


def _twice(name: str, tables: Tables) -> OwnRule:
    variables = tables.variables(name)
    columns = tuple(variables["column"])
    # Rows that differ in what is left out look the same here.
    what = "Row is entered twice" if _whole(name, tables) else "Row is like another in all that is loaded of it"
    listed = ", ".join(quoted(column) for column in columns)
    told = ", ".join(quoted(column) for column in _telling(variables)) or listed
    # Rows that are the same have the same names and dates; only the few that have are then compared in full.
    numbered = f"row_number() OVER (PARTITION BY {listed} ORDER BY {LINE}) AS number"
    same = f"hash({told}) IN (SELECT print FROM {quoted(AGAIN)})"
    suspects = f"SELECT {LINE}, {numbered} FROM {quoted(name)} WHERE {same}"
    lines = f"twice: {name}"
    return OwnRule(
        f"{name}: twice", what, name, columns, _among(LINE, quoted(lines)), family=REPEATED,
        prints=f"SELECT hash({told}) AS print FROM {quoted(name)}", aside=lines,
        compared=f"SELECT {LINE} AS found FROM ({suspects}) WHERE number > 1",
    )  # fmt: skip


def _whole(name: str, tables: Tables) -> bool:
    """Whether all that a table's file says is loaded: no column left out, and none shortened."""
    variables = tables.variables(name)
    held = set(tables.loaded[name].held)
    return held <= set(variables["column"]) and not variables["treatment"].isin(_SHORTENED).any()


def _telling(variables: pd.DataFrame) -> list[str]:
    """The names and dates of a table."""
    return list(variables.loc[variables["treatment"].isin(["token", "date"]), "column"])


def begins_and_ends(variables: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    """Pairs of dates of which the second cannot come first.

    Those of which the catalogue says so (valid_range "not before <column>"), and those whose names differ in nothing
    but a word for beginning and ending.
    """
    dates = [row["column"] for row in variables if row["treatment"] == "date"]
    said = {
        (row["valid_range"][len(NOT_BEFORE) :].strip(), row["column"])
        for row in variables
        if row["valid_range"].lower().startswith(NOT_BEFORE)
    }
    begins = {_rest(column, _BEGINS): column for column in dates if _rest(column, _BEGINS) is not None}
    named = {(begins.get(_rest(column, _ENDS)), column) for column in dates if _rest(column, _ENDS) is not None}
    return [(begin, end) for end in dates for begin in dates if (begin, end) in said | named]


def _rest(column: str, words: str) -> str | None:
    """A column's name without its word for beginning or ending; None where it has none."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", column).lower().split()
    rest = [word for word in split if not re.fullmatch(words, word)]
    return None if len(rest) == len(split) else " ".join(rest)


def _in_order(name: str, begin: str, end: str) -> OwnRule:
    return OwnRule(
        f"{name}: {begin}, {end} order", f"{end} lies before {begin}", name, (begin, end),
        f"{quoted(end)} < {quoted(begin)}",
        f"{quoted(begin)} IS NOT NULL AND {quoted(end)} IS NOT NULL",
    )  # fmt: skip


def _one_at_a_time(name: str, tables: Tables) -> bool:
    rows = tables.catalogue[(tables.catalogue["table"] == name) & (tables.catalogue["column"] == "")]
    return bool((rows["valid_range"].str.lower() == ONE_AT_A_TIME).any())


def _overlaps(name: str, tables: Tables) -> Iterator[OwnRule]:
    pairs = begins_and_ends(tables.variable_rows(name))
    if not pairs or tables.key not in tables[name] or not _one_at_a_time(name, tables):
        return
    begin, end = pairs[0]
    key, start, stop = quoted(tables.key), quoted(begin), quoted(end)
    # What has not ended goes on; of an end that cannot be read nothing is known.
    until = f"CASE WHEN NOT {unread(end)} THEN coalesce({stop}, DATE '9999-12-31') END"
    before = f"PARTITION BY {key} ORDER BY {start}, {until}, {LINE} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    known = f"{key} IS NOT NULL AND {start} IS NOT NULL"
    earlier = (
        f"SELECT {LINE}, {start} AS start, max({until}) FILTER ({until} >= {start}) OVER ({before}) AS taken "
        f"FROM {quoted(name)} WHERE {known} AND {_of_suspects(key)}"
    )
    beside = f"SELECT hash({key}), {start}, {until} FROM {quoted(name)} WHERE {known}"
    aside = f"overlap: {name}"
    lines = quoted(aside)
    yield OwnRule(
        f"{name}: overlap", "Begins before another of the same child has ended", name, (tables.key, begin, end),
        _among(LINE, lines), known, REPEATED, OVERLAP,
        (_keep(lines, f"SELECT {LINE} AS found FROM ({earlier}) WHERE start < taken"),),
        aside, beside=beside, apart=out_of_order,
    )  # fmt: skip


def _lasting(name: str, tables: Tables) -> Iterator[OwnRule]:
    """Sex, month of birth and ethnic group: a child's rows have to agree, in one table and between tables."""
    key, columns = quoted(tables.key), sorted({column for other in tables for column in lasting(other, tables)})
    said = _said_of_children(tables, columns)
    differ = _children_that_differ(said, columns, _of_suspects("found"))
    beside = f"SELECT hash(found), * EXCLUDE found FROM ({said})"
    for column in lasting(name, tables):
        value = quoted(column)
        apart = f"{key} IN (SELECT found FROM {quoted(DIFFER)} WHERE {value})"
        yield OwnRule(
            f"{name}: {column} differs", "The child's rows do not agree", name, (column,), apart,
            f"{key} IS NOT NULL AND {value} IS NOT NULL", INCONSISTENT, first=(differ,),
            aside=DIFFER, beside=beside, apart=different,
        )  # fmt: skip


def _said_of_children(tables: Tables, columns: Sequence[str]) -> str:
    """What the rows of all tables say of their child in these columns."""
    key, parts = quoted(tables.key), []
    for name in tables:
        held = lasting(name, tables)
        said = ", ".join(f"{quoted(column) if column in held else 'NULL'} AS {quoted(column)}" for column in columns)
        if held:
            parts.append(f"SELECT {key} AS found, {said} FROM {quoted(name)} WHERE {key} IS NOT NULL")
    return " UNION ALL ".join(parts)


def _children_that_differ(said: str, columns: Sequence[str], among: str) -> str:
    """Puts aside the children of whom two rows say different things, and in which columns they do."""
    apart = [f"coalesce(min({quoted(column)}) <> max({quoted(column)}), false)" for column in columns]
    flags = ", ".join(f"{condition} AS {quoted(column)}" for condition, column in zip(apart, columns, strict=True))
    every = f"SELECT * FROM ({said}) WHERE {among}"
    return _keep(quoted(DIFFER), f"SELECT found, {flags} FROM ({every}) GROUP BY found HAVING {' OR '.join(apart)}")


def lasting(name: str, tables: Tables) -> list[str]:
    """The columns of a table that say of its child what does not change: sex, birth, ethnic group."""
    variables = tables.variables(name)
    # An age may be told on another day in each row.
    columns = list(variables.loc[variables["treatment"] != "age", "column"])
    return [column for column in columns if tables.key in columns and _LASTING.search(column) and column != tables.key]


def _orphans(tables: Tables, connection: duckdb.DuckDBPyConnection) -> Iterator[OwnRule]:
    for column, (home, others) in homes(tables, connection).items():
        key = quoted(column)
        for other in others:
            lost = quoted(f"orphan: {other} {column}")
            unknown = f"SELECT DISTINCT {key} AS found FROM {quoted(other)} ANTI JOIN {quoted(home)} USING ({key})"
            yield OwnRule(
                f"{other}: {column} orphan", f"Not in the table {home}", other, (column,), _among(key, lost),
                f"{key} IS NOT NULL", INCONSISTENT, KEYS, (_keep(lost, unknown),),
            )  # fmt: skip


def homes(tables: Tables, connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, list[str]]]:
    """For each token that tables share: the table whose rows it names one by one, and the other tables.

    Of several the one with the most different values; a token that is no table's key has no home.
    """
    found = {}
    for column, holders in shared_tokens(tables).items():
        counts = {
            name: connection.execute(
                f"SELECT count(DISTINCT {quoted(column)}), count({quoted(column)}) FROM {quoted(name)}"
            ).fetchall()[0]
            for name in holders
        }
        keys = [name for name, (different, rows) in counts.items() if rows and different >= _KEY_SHARE * rows]
        if keys:
            home = max(keys, key=lambda name: counts[name][0])
            found[column] = home, [name for name in holders if name != home]
    return found


def shared_tokens(tables: Tables) -> dict[str, list[str]]:
    """The tokens that stand in more than one table, with those tables."""
    holders: dict[str, list[str]] = {}
    for name in tables:
        rows = tables.variables(name)
        for column in rows.loc[rows["treatment"] == "token", "column"]:
            holders.setdefault(column, []).append(name)
    return {column: names for column, names in holders.items() if len(names) > 1}


def _since_earlier(name: str, tables: Tables, earlier: Tables) -> Iterator[OwnRule]:
    """What was said of a child a year before and is said otherwise now; what was open then and has gone."""
    if tables.key not in tables[name] or tables.key not in earlier[name]:
        return
    key = quoted(tables.key)
    for column in lasting(name, tables):
        if column not in earlier[name]:
            continue
        value, keys = quoted(column), quoted(f"earlier: {name} {column}")
        one, other = (_one_value(table, key, value) for table in (name, EARLIER + name))
        changed = (
            f"SELECT now.found FROM ({one}) AS now JOIN ({other}) AS before USING (found) WHERE now.said <> before.said"
        )
        yield OwnRule(
            f"{name}: {column} changed", "Differs from the return before", name, (column,),
            f"{value} IS NOT NULL AND {_among(key, keys)}", f"{key} IS NOT NULL AND {value} IS NOT NULL", INCONSISTENT,
            first=(_keep(keys, changed),),
        )  # fmt: skip
    pairs = begins_and_ends(tables.variable_rows(name))
    if pairs and set(pairs[0]) <= set(earlier[name].columns):
        yield _gone(name, key, *pairs[0], tables.key)


def _one_value(table: str, key: str, value: str) -> str:
    return (
        f"SELECT {key} AS found, min({value}) AS said FROM {quoted(table)} WHERE {key} IS NOT NULL "
        f"GROUP BY {key} HAVING min({value}) = max({value})"
    )


def _gone(name: str, key: str, begin: str, end: str, token: str) -> OwnRule:
    then, start = EARLIER + name, quoted(begin)
    still_open = f"{key} IS NOT NULL AND {start} IS NOT NULL AND NOT {filled(end)}"
    lines = quoted(f"gone: {name}")
    gone = (
        f"SELECT {LINE} AS found FROM {quoted(then)} ANTI JOIN {quoted(name)} USING ({key}, {start}) WHERE {still_open}"
    )
    return OwnRule(
        f"{name}: gone", "Was open in the return before, and is not in this one", then, (token, begin, end),
        _among(LINE, lines), still_open, INCONSISTENT, first=(_keep(lines, gone),),
    )  # fmt: skip


def _of_suspects(key: str) -> str:
    return f"hash({key}) IN (SELECT child FROM {quoted(SUSPECTS)})"


def _keep(name: str, sql: str) -> str:
    return f"CREATE TEMP TABLE IF NOT EXISTS {name} AS {sql}"


def _among(value: str, kept: str) -> str:
    return f"{value} IN (SELECT found FROM {kept})"
