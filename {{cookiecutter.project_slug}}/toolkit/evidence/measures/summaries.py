"""Short tables for the pages of stages 6 and 8: what the tool gave, which data it used, how large a trial would be."""

from __future__ import annotations

from types import ModuleType

import pandas as pd

from evidence.measures.estimating import period_words
from evidence.measures.trials import trial_design

_FALLS = {"a tenth fewer": 0.1, "a quarter fewer": 0.25, "half as many": 0.5}


def output_counts(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """How many children the tool gave each output, period by period.

    Index the output (numbers in five equal steps from 0 to 1); a column of children a period, then nothing else.
    """
    values = output[tool.OUTPUT]
    if pd.api.types.is_float_dtype(values):
        steps = [f"{low / 100:.1f} to {(low + 20) / 100:.1f}" for low in range(0, 100, 20)]
        values = pd.cut(values, [-0.001, 0.2, 0.4, 0.6, 0.8, 1.001], labels=steps).astype("str")
    elif pd.api.types.is_bool_dtype(values):
        values = values.map({True: f"{tool.OUTPUT}: yes", False: f"{tool.OUTPUT}: no"}).astype("str")
    periods = period_words(output[tool.PERIOD])
    table = pd.crosstab(values, periods).rename_axis(index="output", columns=None)
    return table.astype("int64")


def trial_sizes(baseline: pd.DataFrame) -> pd.DataFrame:
    """How many children a trial would need to tell a change from chance (8.07), for three sizes of change.

    baseline: its first row is all children (columns as `estimates`). Index the change; columns percent_today,
    percent_then, each_arm and in_all (children), children_now. Empty where today's share is not estimable, 0 or 100.
    """
    today = baseline.iloc[0]
    rate = float(today["percent"]) / 100
    rows = {}
    for words, fall in _FALLS.items():
        if not 0 < rate < 1:
            continue
        trial = trial_design(rate, rate * fall).iloc[0]
        rows[words] = {
            "percent_today": 100 * rate,
            "percent_then": 100 * rate * (1 - fall),
            "each_arm": int(trial["children"]),
            "in_all": int(trial["total"]),
            "children_now": int(today["denominator"]),
        }
    columns = ["percent_today", "percent_then", "each_arm", "in_all", "children_now"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("change")


def as_rows(table: pd.DataFrame) -> pd.DataFrame:
    """A table of estimates with its index as columns and the percentage as a share: what thresholds are held against.

    Columns measure (and group_by, group, where the table is by group), those of the table, and value (0 to 1, missing
    where not estimable).
    """
    rows = table.reset_index().rename(columns={"characteristic": "group_by"})
    rows["value"] = rows["percent"] / 100
    return rows
