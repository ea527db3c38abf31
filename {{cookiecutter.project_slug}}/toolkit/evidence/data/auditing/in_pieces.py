"""Large tables in pieces for the rules of the returns: some children at a time, with all that is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from evidence.data.deidentify import one_list
from evidence.data.tables import Table, Tables
from evidence.project import give_back_memory

# About so many rows of all tables together are looked at at a time.
_ROWS_AT_ONCE = 1_000_000

# By table the rows of a piece, as places in the table.
_Rows = dict[str, np.ndarray]


def are_large(tables: Tables) -> bool:
    """Whether the tables name children by categories, as those of large files do, and are better taken in pieces."""
    keyed = [frame[tables.key].dtype for frame in tables.values() if tables.key in frame]
    return any(isinstance(kind, pd.CategoricalDtype) for kind in keyed)


def in_pieces(tables: Tables) -> Iterator[tuple[Tables, _Rows, _Rows]]:
    """The tables for some children at a time, texts instead of categories; a piece is its tables and their rows here.

    What a piece holds: the tables, by table which rows of the whole they are, and the same of the return before. Rows
    keep their order; those that name no child are all in the last piece.
    """
    every = [tables] if tables.earlier is None else [tables, tables.earlier]
    named = [(those, name) for those in every for name, frame in those.items() if tables.key in frame]
    children = one_list([those[name][tables.key] for those, name in named])
    pieces = max(1, sum(len(values) for values in children) // _ROWS_AT_ONCE)
    at_once = len(children[0].cat.categories) // pieces + 1
    codes = {id(those[name]): values.cat.codes for (those, name), values in zip(named, children, strict=True)}
    parts = [
        {name: _parted(codes.get(id(frame)), len(frame), at_once, pieces) for name, frame in those.items()}
        for those in every
    ]
    del codes, children
    for number in range(pieces):
        here, *before = ({name: part[number] for name, part in of.items()} for of in parts)
        earlier = _of_piece(tables.earlier, before[0]) if before else None
        yield replace(_of_piece(tables, here), earlier=earlier), here, before[0] if before else {}
        give_back_memory()


def _parted(codes: pd.Series | None, rows: int, at_once: int, pieces: int) -> list[np.ndarray]:
    """The rows of each piece, in order: so many children at once, and those without a child in the last."""
    child = np.full(rows, -1) if codes is None else codes.to_numpy()
    piece = np.where(child < 0, pieces - 1, child // at_once).astype(np.int16)
    order = np.argsort(piece, kind="stable").astype(np.int32)
    ends = np.cumsum(np.bincount(piece, minlength=pieces))
    return [order[begin:end] for begin, end in pairwise([0, *ends])]


def _of_piece(tables: Tables, chosen: _Rows) -> Tables:
    loaded = {name: _rows_of(table, chosen[name]) for name, table in tables.loaded.items()}
    return replace(tables, loaded=loaded, _remembered={})


def _rows_of(table: Table, rows: np.ndarray) -> Table:
    return replace(
        table,
        frame=table.frame.take(rows).reset_index(drop=True).apply(_as_text),
        malformed=table.malformed.take(rows).reset_index(drop=True),
        lines=table.lines[rows],
        files=None if table.files is None else table.files[rows],
    )


def _as_text(values: pd.Series) -> pd.Series:
    """Categories as text; pandas would turn every category into text, of which few are in a piece."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values
    texts = values.cat.categories.array.take(values.cat.codes.to_numpy(), allow_fill=True)
    return pd.Series(texts, values.index, name=values.name)
