"""Whether tables that name the same children or records know the same ones, each way."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd

from evidence.data.auditing.counting import views
from evidence.data.auditing.own_rules import homes, shared_tokens
from evidence.data.sources.duck import quoted
from evidence.data.tables import Tables

_COLUMNS = ["key", "table", "other", "must_be_there", "different", "not_there", "share"]


def key_integrity(tables: Tables) -> pd.DataFrame:
    """One row for each key (a token that tables share), table and other table, each way round.

    Columns: key, table, other, must_be_there (the other table lists each one once, so it should know them all),
    different (values of the key in the table), not_there (those that the other table lacks), share (per cent). Where no
    table lists a key once, every pair of tables is compared. Sources: actions 3.05, 3.06.
    """
    return tables.remember("keys", lambda: _key_integrity(tables)).copy()


def _key_integrity(tables: Tables) -> pd.DataFrame:
    rows = []
    with views(tables) as connection:
        known = homes(tables, connection)
        for key, holders in shared_tokens(tables).items():
            home = known[key][0] if key in known else None
            for name, other in permutations(holders, 2):
                if home is not None and home not in (name, other):
                    continue
                here, there = (f"SELECT DISTINCT {quoted(key)} AS k FROM {quoted(table)}" for table in (name, other))
                different, lost = connection.execute(
                    f"SELECT count(*), count(*) FILTER (b.k IS NULL) FROM ({here}) AS a LEFT JOIN ({there}) AS b "
                    "USING (k) WHERE a.k IS NOT NULL"
                ).fetchall()[0]
                share = 100 * lost / different if different else np.nan
                rows.append((key, name, other, other == home, different, lost, share))
    return pd.DataFrame(rows, columns=_COLUMNS)
