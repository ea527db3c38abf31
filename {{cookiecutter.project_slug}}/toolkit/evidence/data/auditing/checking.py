"""Checks every rule against the tables: which fail how often, in which family of error. Never a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from pandas.api.extensions import take

from evidence.data.auditing.counting import EARLIER
from evidence.data.auditing.in_pieces import are_large, in_pieces
from evidence.data.auditing.own_audit import POSITION_COLUMNS, is_return, own_counts, own_positions, positions
from evidence.data.auditing.years import last_year_end
from evidence.data.codes import allowed_codes
from evidence.data.rules import FAMILIES, RULES, Rule
from evidence.data.tables import Table, Tables

_NOT_TABLES = {"before", "after", "born", "year_end", "allowed"}
_AUDIT_COLUMNS = ["rule", "table", "columns", "what", "family", "check", "failures", "checked"]


def audit(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """One row a rule: rule, table, columns, what, family, check, failures (rows), checked (rows it could be judged on).

    `year_end`: the last day of the year the return is for (default: the last 31 March the data covers); codes are held
    against that year's lists. check: "overlap", "keys" (a row about a child or record that another table lacks) or
    empty. Rules whose tables were not loaded are left out, and those on the return before where `tables.earlier` holds
    none. Returns are checked by the rules in `rules/`, other tables by what the catalogue says of them, in DuckDB.
    Sources: actions 3.05, 3.06.
    """
    found = tables.remember(("audit", str(year_end or "")), lambda: _audited(tables, year_end))
    return found.copy()


def _audited(tables: Tables, year_end: date | str | None) -> pd.DataFrame:
    rows = [(rule, len(failing), checked) for rule, failing, checked in _checks(tables, year_end)]
    if not rows:
        rows = own_counts(tables, _year(tables, year_end))
    said = [
        (rule.id, rule.table, ", ".join(rule.columns), rule.what, rule.family, rule.check, *counts)
        for rule, *counts in rows
    ]
    return pd.DataFrame(said, columns=_AUDIT_COLUMNS)


def failing_rows(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """One row a failure: table, file, row (the line in the file), columns, rule, what: for those who mend the data.

    It names children's rows, so it stays on the machine: see `write_positions`.
    """
    found = list(failing_parts(tables, year_end))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=POSITION_COLUMNS)


def failing_parts(tables: Tables, year_end: date | str | None = None) -> Iterator[pd.DataFrame]:
    """`failing_rows` a piece at a time, for tables of which there may be millions."""
    if not is_return(tables):
        yield from own_positions(tables, _year(tables, year_end))
    for rule, failing, _ in _checks(tables, year_end):
        if len(failing):
            table = _loaded(tables)[rule.table]
            file = table.file if table.files is None else table.files[failing]
            yield positions(rule, file, table.lines[failing])


def _loaded(tables: Tables) -> dict[str, Table]:
    """The tables by the names rules know them by, those of the return before with `earlier_` before theirs."""
    before = tables.earlier.loaded if tables.earlier is not None else {}
    return {**tables.loaded, **{EARLIER + name: table for name, table in before.items()}}


def _year(tables: Tables, year_end: date | str | None) -> int:
    return pd.Timestamp(year_end or last_year_end(tables)).year


def error_families(audited: pd.DataFrame) -> pd.DataFrame:
    """The audit by the three common families of error: family, rules, rules_failing, failures, checked, share (%).

    Takes what `audit` returns. Source: action 3.06.
    """
    rows = []
    for family in FAMILIES:
        part = audited[audited["family"] == family]
        failures, checked = int(part["failures"].sum()), int(part["checked"].sum())
        share = 100 * failures / checked if checked else np.nan
        rows.append((family, len(part), int((part["failures"] > 0).sum()), failures, checked, share))
    return pd.DataFrame(rows, columns=["family", "rules", "rules_failing", "failures", "checked", "share"])


def _checks(tables: Tables, year_end: date | str | None) -> list[tuple[Rule, np.ndarray, int]]:
    """(rule, which rows fail, how many it could be judged on) for each rule that can be checked, in order."""
    rules = [rule for rule in RULES.values() if rule.source == tables.source]
    if not rules:
        return []
    if not are_large(tables):
        return list(_found(rules, Given(tables, year_end)))
    year_end = year_end or last_year_end(tables)
    across = [rule for rule in rules if rule.across_children]
    found = {rule.id: [(failing, checked)] for rule, failing, checked in _found(across, Given(tables, year_end))}
    for piece, rows, earlier_rows in in_pieces(tables):
        places = {**rows, **{EARLIER + name: those for name, those in earlier_rows.items()}}
        within = [rule for rule in rules if not rule.across_children]
        for rule, failing, checked in _found(within, Given(piece, year_end)):
            found.setdefault(rule.id, []).append((places[rule.table][failing], checked))
    return [
        (rule, np.sort(np.concatenate([failing for failing, _ in found[rule.id]])), sum(n for _, n in found[rule.id]))
        for rule in rules
        if rule.id in found
    ]


def _found(rules: Sequence[Rule], given: Given) -> Iterator[tuple[Rule, np.ndarray, int]]:
    for rule in rules:
        if not given.has(rule):
            continue
        every = np.ones(len(given.frames[rule.table]), dtype=bool)
        checked = np.logical_and.reduce([every, *(given.filled(rule.table, column) for column in rule.needs)])
        failing = given.find(rule).fillna(False).to_numpy(dtype=bool) & checked
        yield rule, np.flatnonzero(failing), int(checked.sum())


class Given:
    """What a rule's parameters may be called, each worked out once."""

    def __init__(self, tables: Tables, year_end: date | str | None = None) -> None:
        self._tables = tables
        self._loaded = _loaded(tables)
        self.frames = {name: table.frame for name, table in self._loaded.items()}
        self.year_end = pd.Timestamp(year_end or last_year_end(tables))
        self._neighbours: dict[int, pd.DataFrame] = {}
        self._born: dict[str, pd.Series] = {}
        self._allowed: dict[str, dict[str, set[str]]] = {}
        self._filled: dict[tuple[str, str], np.ndarray] = {}

    def has(self, rule: Rule) -> bool:
        names = {name.removesuffix("_malformed") for name in rule.takes}
        tables = names - _NOT_TABLES
        needed = tables | {rule.table} | ({"header"} if "born" in names else set())
        return needed <= set(self.frames) and self._has_columns(rule)

    def _has_columns(self, rule: Rule) -> bool:
        return set(rule.columns) <= set(self.frames[rule.table].columns)

    def filled(self, table: str, column: str) -> np.ndarray:
        """In which rows of a table a column holds something that can be read."""
        if (table, column) not in self._filled:
            self._filled[table, column] = self.frames[table][column].notna().to_numpy()
        return self._filled[table, column]

    def find(self, rule: Rule) -> pd.Series:
        return rule.find(**{name: self._value(name, rule.table) for name in rule.takes})

    def _value(self, name: str, table: str) -> object:
        special: dict[str, Callable[[], object]] = {
            "before": lambda: self.neighbours(1),
            "after": lambda: self.neighbours(-1),
            "born": lambda: self.born(table),
            "year_end": lambda: self.year_end,
            "allowed": lambda: self.allowed(table),
        }
        if name in special:
            return special[name]()
        if name.endswith("_malformed"):
            return self._loaded[name.removesuffix("_malformed")].malformed
        return self.frames[name]

    def neighbours(self, step: int) -> pd.DataFrame:
        """Beside each episode the one before it (1) or after it (-1) of the same child; empty where there is none.

        Episodes entered twice count once, and episodes without a start date have no place in the order.
        """
        if step not in self._neighbours:
            episodes = self._tables["episodes"]
            rows, child = self._in_order
            same = child[1:] == child[:-1]
            one, other = (rows[1:], rows[:-1]) if step == 1 else (rows[:-1], rows[1:])
            places = np.full(len(episodes), -1)
            places[one[same]] = other[same]
            beside = {name: take(episodes[name].array, places, allow_fill=True) for name in episodes}
            self._neighbours[step] = pd.DataFrame(beside, index=episodes.index)
        return self._neighbours[step]

    @cached_property
    def _in_order(self) -> tuple[np.ndarray, np.ndarray]:
        """The places of the episodes by child and dates, and a number for the child of each."""
        episodes = self._tables["episodes"]
        usable = np.flatnonzero(episodes["CHILD"].notna() & episodes["DECOM"].notna() & ~episodes.duplicated())
        child = pd.factorize(episodes["CHILD"])[0][usable]
        begins, ends = episodes["DECOM"], episodes["DEC"].fillna(pd.Timestamp.max.floor("D"))
        order = np.lexsort((ends.to_numpy()[usable], begins.to_numpy()[usable], child))
        return usable[order], child[order]

    def born(self, table: str) -> pd.Series:
        """The child's month of birth from the header beside each row of a table; empty for an unknown child."""
        if table not in self._born:
            self._born[table] = self._tables[table]["CHILD"].map(self._births)
        return self._born[table]

    @cached_property
    def _births(self) -> pd.Series:
        header = self._tables["header"][["CHILD", "DOB"]].dropna(subset=["CHILD"])
        return header.drop_duplicates("CHILD").set_index("CHILD")["DOB"]

    def allowed(self, table: str) -> dict[str, set[str]]:
        """By column: the codes that the list of the return's year allows, or of any year that the table is made of."""
        if table not in self._allowed:
            years = self._tables.loaded[table].years or (self.year_end.year,)
            self._allowed[table] = {
                row["column"]: allowed_codes(self._tables.codes, row["code_list"], years)
                for row in self._tables.variable_rows(table)
                if row["code_list"]
            }
        return self._allowed[table]
