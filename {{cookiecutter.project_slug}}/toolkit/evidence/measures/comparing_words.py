"""Headlines of comparisons with published statistics. The figures are published, so none of them needs hiding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence.measures.comparisons import COUNCIL, ENGLAND, PublishedMeasure, rank_of


def beside_others(table: pd.DataFrame, measure: PublishedMeasure) -> str:
    """The council's figure and how it stands to England: `Leicester 5.2%, lower than England (10.4%) by 5.2 points`."""
    here, name = table.iloc[0], table.index[0]
    said = f"{measure.name}: {name}"
    if np.isnan(here["value"]):
        return f"{said} has no figure for {here['year']} ({here['published_as']})"
    said += f" {_figure(here['value'], measure)} in {here['year']}"
    rows = table[table["kind"] == ENGLAND]
    if rows.empty or np.isnan(rows.iloc[0]["value"]):
        return said
    england = rows.iloc[0]
    shown = f"England ({_figure(england['value'], measure)})"
    if np.isnan(england["difference_low"]):
        return f"{said}, {shown}"
    if england["difference_low"] <= 0 <= england["difference_high"]:
        return f"{said}, no different from {shown} beyond chance"
    ends = sorted(abs(england[end]) for end in ("difference_low", "difference_high"))
    points = " percentage points" if measure.per == 100 else ""
    gap = f"{abs(england['difference']):.1f} ({ends[0]:.1f} to {ends[1]:.1f}){points}"
    return f"{said}, {'higher' if england['difference'] > 0 else 'lower'} than {shown} by {gap}"


def rank(series: pd.DataFrame, measure: PublishedMeasure, council: str, neighbours: Sequence[str]) -> str:
    """The council's place among all authorities and among its neighbours, 1 the lowest."""
    whole = rank_of(series, council)
    if whole is None:
        return "Without a figure the council has no rank."
    words = {"lower": " Lower is better.", "higher": " Higher is better.", "": ""}[measure.better]
    said = f"{_place(whole['rank'])} lowest of {whole['of']} authorities with a figure"
    if whole["without"]:
        said += f"; {whole['without']} more {'has' if whole['without'] == 1 else 'have'} one that is not published"
    beside = rank_of(series, council, neighbours) if neighbours else None
    if beside:
        said += f"; {_place(beside['rank'])} lowest of {beside['of']} with its statistical neighbours"
    return f"{said}.{words}"


def trend(table: pd.DataFrame, measure: PublishedMeasure) -> str:
    """From the council's first year with a figure to its last, beside England's in the same years."""
    council, known = table.columns[0], table.iloc[:, 0].dropna()
    if len(known) < 2:
        return f"{measure.name}: {council} has too few years with a figure to show a trend"
    first, last = known.index[0], known.index[-1]
    said = f"{council} went from {_figure(known[first], measure)} ({first}) to {_figure(known[last], measure)} ({last})"
    if ENGLAND in table and table.loc[[first, last], ENGLAND].notna().all():
        england = table[ENGLAND]
        said += f", England from {_figure(england[first], measure)} to {_figure(england[last], measure)}"
    return said


def funnel(table: pd.DataFrame) -> str:
    """Where the council lies: within the limits that chance, or the spread of all authorities, keeps to, or beyond."""
    here = table[table["kind"] == COUNCIL]
    if here.empty:
        return "The council has no figure to place among the others"
    name, standing, by_chance = here.index[0], here.iloc[0]["standing"], here.iloc[0]["standing_by_chance"]
    within, higher = standing == "within the limits", by_chance.startswith("above")
    if not _spread(table):
        if within:
            return f"{name} lies within the limits: its size alone could explain how far it is from England"
        return f"{name} lies {standing}: {'higher' if higher else 'lower'} than chance alone would explain"
    if within and by_chance == "within the limits":
        return f"{name} lies within the limits: its size alone could explain how far it is from England"
    if within:
        way = "higher" if higher else "lower"
        return (
            f"{name} is {way} than chance alone would explain, but no further from England than authorities often are"
        )
    return f"{name} lies {standing}, further from England than authorities usually are"


def _spread(table: pd.DataFrame) -> bool:
    """Whether authorities differ by more than chance, so that the limits are widened."""
    return bool(len(table) and table["dispersion"].iloc[0] > 1)


def how_limits_are_drawn(table: pd.DataFrame) -> str:
    """What the limits of the funnel rest on, and how many authorities lie outside them."""
    if table.empty:
        return ""
    by_chance, outside = (int(table[name].str.contains("99.8").sum()) for name in ("standing_by_chance", "standing"))
    if not _spread(table):
        return (
            f"The limits are those of chance alone. {outside} of {len(table)} authorities lie outside the outer ones."
        )
    return (
        f"Authorities differ {table['dispersion'].iloc[0]:.1f} times as much as chance alone would make them: "
        f"{by_chance} of {len(table)} lie outside the 99.8% limits of chance, where {0.002 * len(table):.1f} would by "
        f"chance. The limits are widened by that spread (Spiegelhalter 2005); {outside} lie outside the widened ones. "
        "What makes authorities differ may be practice, families, or how things are recorded: the plot cannot tell."
    )


def _figure(value: float, measure: PublishedMeasure) -> str:
    return f"{value:.1f}%" if measure.per == 100 else f"{value:.1f} per {measure.per:,}"


def _place(number: int) -> str:
    if number == 1:
        return "the"
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
