"""Headlines of the tables that the audit makes: what was found, in a sentence. Never a value from a record."""

from __future__ import annotations

import pandas as pd


def recent_activity(recorded: pd.DataFrame, last: int, years: int = 6) -> pd.DataFrame:
    """`activity` as a table of the years up to the one that ends in `last`: a column for each table and date."""
    recorded = recorded[(recorded["year"] <= last) & (recorded["year"] > last - years)]
    if recorded.empty:
        return pd.DataFrame(index=pd.Index([], name="year_to_31_march"))
    table = recorded.pivot_table(index="year", columns=["table", "event"], values="events", aggfunc="sum", fill_value=0)
    table.columns = [f"{name}: {event}" for name, event in table.columns]
    return table.astype("int64").rename_axis("year_to_31_march")


def activity(recorded: pd.DataFrame, last: int) -> str:
    """How many tables hold dated events up to the year that ends in `last`, and whether any lie later."""
    until = recorded[recorded["year"] <= last]
    if until.empty:
        return "The data holds no dated events"
    words = f"{until['table'].nunique()} tables hold dated events up to 31 March {last}"
    return words if len(until) == len(recorded) else f"{words}; some dates lie later"


def profile(sizes: pd.DataFrame) -> str:
    """How much there is."""
    return f"{len(sizes)} tables hold {int(sizes['rows'].sum()):,} rows in {int(sizes['columns'].sum())} columns"


def missing(gaps: pd.DataFrame) -> str:
    """How many of the columns that must be filled are not, and which is worst."""
    needed = gaps[gaps["required"]]
    empty = needed[needed["missing"] > 0].sort_values("share", ascending=False, kind="stable")
    if empty.empty:
        return f"None of the {len(needed)} columns that must be filled has a gap"
    worst = empty.iloc[0]
    words = f"{len(empty)} of the {len(needed)} columns that must be filled have gaps"
    return f"{words}; most in {worst['column']} of {worst['table']}, {_percent(worst['share'])} of rows"


def conformance(checks: pd.DataFrame) -> str:
    """How many columns hold something that is not written as it should be."""
    wrong = checks[checks["failures"] > 0].sort_values("share", kind="stable")
    if wrong.empty:
        return f"All {len(checks)} columns with a set form keep to it"
    worst = wrong.iloc[0]
    words = f"{len(wrong)} of {len(checks)} columns with a set form do not always keep to it"
    return f"{words}; {worst['column']} of {worst['table']} least, with {_percent(worst['share'])} right"


def audit(found: pd.DataFrame) -> str:
    """How many rules found something."""
    failing = int((found["failures"] > 0).sum())
    return f"{failing} of {len(found)} rules found something, {int(found['failures'].sum()):,} rows in all"


def families(table: pd.DataFrame) -> str:
    """Which of the three common kinds of error is the most frequent."""
    if not table["failures"].sum():
        return "None of the three common kinds of error was found"
    worst = table.loc[table["share"].fillna(-1).idxmax()]
    share = "less than 0.1%" if worst["share"] < 0.05 else _percent(worst["share"])
    return f"The most frequent of the three common kinds of error: {worst['family']}, {share} of checks"


def decision(verdict: dict) -> str:
    """Whether the data is good enough by the limits fixed beforehand."""
    missed = sum(not reason["met"] for reason in verdict["reasons"])
    if not missed:
        return "The data keeps within every limit"
    return f"The data misses {missed} of the {len(verdict['reasons'])} limits"


def reasons(verdict: dict) -> pd.DataFrame:
    """The reasons of a decision as a table: columns limit (in words) and met (yes or no)."""
    rows = [(reason["text"], "yes" if reason["met"] else "no") for reason in verdict["reasons"]]
    return pd.DataFrame(rows, columns=["limit", "met"])


def _percent(share: float) -> str:
    return f"{share:.1f}%"
