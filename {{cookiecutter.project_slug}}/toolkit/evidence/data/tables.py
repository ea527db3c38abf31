"""The de-identified tables that everything after the loader works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evidence.data.access.rules import Withheld
from evidence.data.treatments import kept_in_clear
from evidence.privacy import Secrets
from evidence.project import EvidenceError


@dataclass
class Table:
    """One loaded table: the frame, what could not be read in it, and where each row stands in its file."""

    name: str
    file: str
    frame: pd.DataFrame
    # One true-or-false column for each variable with a shape (date, number, identifier): filled, but not in that shape.
    malformed: pd.DataFrame
    lines: np.ndarray
    held: tuple[str, ...] = ()
    # For each row the name of its file, where the files of several years make up the table, and those years.
    files: np.ndarray | None = None
    years: tuple[int, ...] = ()


# What a treatment of the catalogue does, in words; the others leave the variable as it is.
_TREATMENTS = {
    "token": "replaced by a token that only this project's key can make again",
    "month": "shortened to the month",
    "age": "turned into an age in whole years",
    "area": "shortened to the area",
    "drop": "not loaded",
}
_HOW = {"lookup": "replaced by an area of the lookup", "district": "shortened to the postcode district"}


def _done(row: Mapping[str, str]) -> str:
    if kept_in_clear(row):
        return f"kept in clear for stage {row['needed_by']}, {row['how']}; it is not made safe and never shown"
    return _HOW.get(row["how"], "") or _TREATMENTS[row["treatment"]]


@dataclass
class Tables(Mapping):
    """Table name to frame, as a mapping. Identifiers are tokens, births are months, postcodes are areas.

    source: "ssda903", "cin", "annex_a" or "own". held: variables in the files, given: variables handed over, both
    (table, column).
    notes: what a reader should know of the loading, in words. catalogue: the rows that the loading went by.
    codes: every code list named there, with its years. earlier: the return of the year before, where
    the audit asked for it and there is one. Frames keep the row order of the files; they are to be copied before they
    are changed.
    """

    source: str
    key: str
    catalogue: pd.DataFrame
    codes: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    loaded: dict[str, Table] = field(default_factory=dict)
    # What the role that loaded them may not see, and whom to ask for it.
    withheld: Withheld = field(default_factory=Withheld)
    earlier: Tables | None = None
    _remembered: dict[object, object] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self.withheld.tables:
            raise EvidenceError(
                f"the table {name} is not for the role {self.withheld.role}: {self.withheld.tables[name]}."
            )
        return self.loaded[name].frame

    def __contains__(self, name: object) -> bool:
        return name in self.loaded

    def get(self, name: str, default: object = None) -> pd.DataFrame | object:
        return self.loaded[name].frame if name in self.loaded else default

    def __iter__(self) -> Iterator[str]:
        return iter(self.loaded)

    def __len__(self) -> int:
        return len(self.loaded)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} ({len(frame):,} rows)" for name, frame in self.items())
        return f"<Tables of {self.source}: {sizes}>"

    def remember(self, what: object, work_out: Callable[[], object]) -> object:
        """What `work_out` gives, worked out once: the frames are never changed."""
        if what not in self._remembered:
            self._remembered[what] = work_out()
        return self._remembered[what]

    @property
    def held(self) -> list[tuple[str, str]]:
        """Variables the files hold: (table, column)."""
        return [(name, column) for name, table in self.loaded.items() for column in table.held]

    @property
    def at_hand(self) -> list[tuple[str, str]]:
        """Variables the files hold, with those the catalogue knows of tables that this role may not see."""
        rows = self.catalogue[self.catalogue["table"].isin(self.withheld.tables) & (self.catalogue["column"] != "")]
        return [*self.held, *zip(rows["table"], rows["column"], strict=True)]

    @property
    def given(self) -> list[tuple[str, str]]:
        """Variables handed over, in whatever form: (table, column)."""
        return [(name, column) for name, column in self.held if column in self.loaded[name].frame.columns]

    @property
    def children(self) -> int:
        """How many different children the tables are about."""
        named = [frame[self.key] for frame in self.values() if self.key in frame]
        return int(pd.concat(named).nunique()) if named else 0

    def treatments(self) -> pd.DataFrame:
        """What was done to each variable that could identify a child: columns table, column, role, done (6.02).

        What is kept in clear is listed with its reason, which stages it is for, and that it is not made safe.
        """
        rows = [
            (name, row["column"], row["role"], _done(row))
            for name, table in self.loaded.items()
            for row in self.catalogue[self.catalogue["table"] == name].to_dict("records")
            if row["column"] in table.held and (row["treatment"] in _TREATMENTS or kept_in_clear(row))
        ]
        return pd.DataFrame(rows, columns=["table", "column", "role", "done"])

    def in_clear(self) -> Secrets:
        """What stands in columns that are kept in clear for a reason: to be looked for in results, never shown."""
        secrets = Secrets() if self.earlier is None else self.earlier.in_clear()
        for name, table in self.loaded.items():
            variables = self.variables(name)
            for column in variables.loc[kept_in_clear(variables), "column"]:
                values = table.frame[column].dropna()
                secrets.add(f"text of {name} {column}", values.astype("str").unique())
        return secrets

    def variables(self, table: str) -> pd.DataFrame:
        """The catalogue's rows of one table's variables, those that were handed over."""
        return self.remember(("variables", table), lambda: self._variables(table))

    def variable_rows(self, table: str) -> list[dict[str, str]]:
        """`variables`, each as a dict by the catalogue's columns; not to be changed."""
        return self.remember(("variable rows", table), lambda: self.variables(table).to_dict("records"))

    def _variables(self, table: str) -> pd.DataFrame:
        rows = self.catalogue
        return rows[(rows["table"] == table) & (rows["column"] != "") & rows["column"].isin(self[table].columns)]
