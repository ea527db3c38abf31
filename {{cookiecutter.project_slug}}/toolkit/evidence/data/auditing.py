"""Checks every rule against the tables: which fail how often, in which family of error. Never a value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from evidence.data import own_rules
from evidence.data.rules import FAMILIES, RULES, Rule
from evidence.data.tables import Tables, last_year_end

_NOT_TABLES = {"before", "after", "born", "year_end", "allowed", "tables"}
_AUDIT_COLUMNS = ["rule", "table", "columns", "what", "family", "failures", "checked"]


def audit(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """One row a rule: rule, table, columns, what, family, failures (rows), checked (rows it could be judged on).

    `year_end`: the last day of the year the return is for (default: the last 31 March the data covers); codes are held
    against that year's lists. Rules whose tables were not loaded are left out. Sources: actions 3.05, 3.06.
    """
    rows = []
    for rule, failing, checked in _checks(tables, year_end):
        columns = ", ".join(rule.columns)
        rows.append((rule.id, rule.table, columns, rule.what, rule.family, int(failing.sum()), int(checked.sum())))
    return pd.DataFrame(rows, columns=_AUDIT_COLUMNS)


def failing_rows(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """One row a failure: table, file, row (the line in the file), columns, rule, what: for those who mend the data.

    It names children's rows, so it stays on the machine: see `write_positions`.
    """
    found = []
    for rule, failing, _ in _checks(tables, year_end):
        lines = tables.loaded[rule.table].lines[failing]
        loaded = tables.loaded[rule.table]
        file = loaded.file if loaded.files is None else loaded.files[failing]
        said = {"table": rule.table, "file": file, "row": lines, "columns": ", ".join(rule.columns), "rule": rule.id}
        found.append(pd.DataFrame(said | {"what": rule.what}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


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


def activity(tables: Tables) -> pd.DataFrame:
    """Events by year: table, event (a date column), year (ending 31 March), events; years without one are left out."""
    rows = []
    for name, frame in tables.items():
        variables = tables.variables(name)
        for column in variables.loc[variables["treatment"] == "date", "column"]:
            days = frame[column].dropna()
            years = (days.dt.year + (days.dt.month > 3)).value_counts().sort_index()
            rows.extend((name, column, int(year), int(events)) for year, events in years.items())
    return pd.DataFrame(rows, columns=["table", "event", "year", "events"])


def _checks(tables: Tables, year_end: date | str | None):
    """(rule, failing, checked) for each rule that can be checked, in order."""
    given = Given(tables, year_end)
    rules = [rule for rule in RULES.values() if rule.source == tables.source]
    for rule in [*rules, *own_rules.rules_for(tables)]:
        if not given.has(rule):
            continue
        frame = tables[rule.table]
        checked = frame[list(rule.needs)].notna().all(axis=1).to_numpy()
        failing = given.find(rule).fillna(False).to_numpy(dtype=bool) & checked
        yield rule, failing, checked


class Given:
    """What a rule's parameters may be called, each worked out once."""

    def __init__(self, tables: Tables, year_end: date | str | None = None) -> None:
        self._tables = tables
        self.year_end = pd.Timestamp(year_end or last_year_end(tables))
        self._neighbours: dict[int, pd.DataFrame] = {}
        self._born: dict[str, pd.Series] = {}
        self._allowed: dict[str, dict[str, set[str]]] = {}

    def has(self, rule: Rule) -> bool:
        names = {name.removesuffix("_malformed") for name in rule.takes}
        tables = names - _NOT_TABLES
        needed = tables | {rule.table} | ({"header"} if "born" in names else set())
        return needed <= set(self._tables) and self._has_columns(rule)

    def _has_columns(self, rule: Rule) -> bool:
        return set(rule.columns) <= set(self._tables[rule.table].columns)

    def find(self, rule: Rule) -> pd.Series:
        return rule.find(**{name: self._value(name, rule.table) for name in rule.takes})

    def _value(self, name: str, table: str) -> object:
        special: dict[str, Callable[[], object]] = {
            "before": lambda: self.neighbours(1),
            "after": lambda: self.neighbours(-1),
            "born": lambda: self.born(table),
            "year_end": lambda: self.year_end,
            "allowed": lambda: self.allowed(table),
            "tables": lambda: self._tables,
        }
        if name in special:
            return special[name]()
        if name.endswith("_malformed"):
            return self._tables.loaded[name.removesuffix("_malformed")].malformed
        return self._tables[name]

    def neighbours(self, step: int) -> pd.DataFrame:
        """Beside each episode the one before it (1) or after it (-1) of the same child; empty where there is none.

        Episodes entered twice count once, and episodes without a start date have no place in the order.
        """
        if step not in self._neighbours:
            episodes = self._tables["episodes"]
            usable = episodes["CHILD"].notna() & episodes["DECOM"].notna() & ~episodes.duplicated()
            child = pd.Series(pd.factorize(episodes["CHILD"])[0], index=episodes.index)[usable]
            ends = episodes.loc[usable, "DEC"].fillna(pd.Timestamp.max.floor("D"))
            order = np.lexsort(
                (np.arange(len(child)), ends.to_numpy(), episodes.loc[usable, "DECOM"].to_numpy(), child)
            )
            ordered = child.index[order]
            moved = episodes.loc[ordered].shift(step)
            same = child.loc[ordered].to_numpy() == child.loc[ordered].shift(step).to_numpy()
            self._neighbours[step] = moved.where(pd.Series(same, index=ordered)).reindex(episodes.index)
        return self._neighbours[step]

    def born(self, table: str) -> pd.Series:
        """The child's month of birth from the header beside each row of a table; empty for an unknown child."""
        if table not in self._born:
            header = self._tables["header"].dropna(subset=["CHILD"]).drop_duplicates("CHILD")
            births = header.set_index("CHILD")["DOB"]
            self._born[table] = self._tables[table]["CHILD"].map(births)
        return self._born[table]

    def allowed(self, table: str) -> dict[str, set[str]]:
        """By column: the codes that the list of the return's year allows, or of any year that the table is made of."""
        if table not in self._allowed:
            years = self._tables.loaded[table].years or (self.year_end.year,)
            self._allowed[table] = {
                row["column"]: set().union(*(allowed_codes(self._tables, row["code_list"], year) for year in years))
                for row in self._tables.variables(table).to_dict("records")
                if row["code_list"]
            }
        return self._allowed[table]


def allowed_codes(tables: Tables, name: str, year: int) -> set[str]:
    """The codes of a list (data set/table/column) in a year; before the first year or after the last, the nearest."""
    dataset, table, column = name.split("/")
    rows = tables.codes
    rows = rows[(rows["dataset"] == dataset) & (rows["table"] == table) & (rows["column"] == column)]
    known = [value for value in [*rows["from_year"], *rows["to_year"]] if 0 < value < 9999]
    if known:
        year = min(max(year, min(known) - 1), max(known) + 1)
    return set(rows.loc[(rows["from_year"] <= year) & (year <= rows["to_year"]), "code"])
