"""The children of one area: what the parameter `area` restricts a run to."""

from __future__ import annotations

import difflib
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.data.tables import Table, Tables
from evidence.project import EvidenceError


def in_area(tables: Tables, area: str, column: str, fewest: int) -> Tables:
    """The rows of the children whose area is `area`, in every table that names the child; other tables stay whole.

    column: `table.column`, in which the area stands as it was loaded (`episodes.HOME_POST`). A child counts to the area
    of its latest row there, by the table's first column of dates, so that each child is in one area and no more.

    Raises EvidenceError where the tables have no such column, and where the area has fewer than `fewest` children: of
    so few nothing could be shown, and how many there are is not said.
    """
    table, _, name = column.partition(".")
    frame = tables.get(table)
    if frame is None or name not in frame or tables.key not in frame:
        raise EvidenceError(
            f"there is no column {name or column} in a table {table} that names the child, so no area can be told.",
            where="the parameter area_of",
            remedy='Name table and column as they are loaded, for example area_of = "episodes.HOME_POST".',
        )
    of_child = _area_of_each(tables, table, name)
    children = set(of_child.index[of_child == area])
    if len(children) < fewest:
        near = difflib.get_close_matches(area, sorted(set(of_child)), n=1, cutoff=0.6)
        remedy = f"Did you mean {near[0]}?" if near and near[0] != area else "Put it together with another area."
        raise EvidenceError(
            f"fewer than {fewest} children have {area} as their area, too few for a run of their own.",
            where="the parameter area",
            remedy=remedy,
        )
    loaded = {name: _rows_of(table, tables.key, children) for name, table in tables.loaded.items()}
    # Of the return before nothing is shown by itself, only what changed.
    earlier = in_area(tables.earlier, area, column, 0) if tables.earlier is not None else None
    said = f"Only children whose area is {area} ({column}, their latest row there) are in this run."
    return replace(tables, loaded=loaded, earlier=earlier, notes=[*tables.notes, said], _remembered={})


def _area_of_each(tables: Tables, table: str, column: str) -> pd.Series:
    """The area of each child that has one, by child."""
    rows = tables[table]
    variables = tables.variables(table)
    dated = [name for name in variables.loc[variables["treatment"] == "date", "column"] if name in rows]
    rows = rows[rows[column].notna() & rows[tables.key].notna()]
    if dated:
        rows = rows.sort_values(dated[0], kind="stable", na_position="first")
    return rows.groupby(tables.key, observed=True)[column].last().astype("str")


def _rows_of(table: Table, key: str, children: set[str]) -> Table:
    if key not in table.frame:
        return table
    kept = table.frame[key].isin(children).to_numpy(dtype=bool)
    files = None if table.files is None else np.asarray(table.files)[kept]
    return replace(
        table,
        frame=table.frame[kept].reset_index(drop=True),
        malformed=table.malformed[kept].reset_index(drop=True),
        lines=np.asarray(table.lines)[kept],
        files=files,
    )
