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


def keys(found: pd.DataFrame) -> str:
    """Whether what must be in another table is there."""
    if found.empty:
        return "No two tables share a key"
    needed = found[found["must_be_there"]]
    lost = needed[needed["not_there"] > 0].sort_values("share", ascending=False, kind="stable")
    if needed.empty:
        return "No table lists each child or record once, so none can be held against another"
    if lost.empty:
        return "Every child or record is in the table that lists them"
    worst = lost.iloc[0]
    words = f"{len(lost)} of {len(needed)} tables name a child or record that the table which lists them does not have"
    return f"{words}; most {worst['table']}, {_percent(worst['share'])} of them"


def least_complete(table: pd.DataFrame, most: int = 4) -> pd.DataFrame:
    """The part of `measures.completeness` worth reading, one block a variable and characteristic: `most` blocks.

    Blocks in which a group is clearly less complete come first, then those with the widest gap. Index (characteristic,
    group); columns n, denominator, percent, low, high, reliability, clearly_less (yes or empty).
    """
    gaps = table[table["n"] < table["denominator"]]
    named = ["table", "column", "characteristic"]
    blocks = gaps.groupby(named, sort=False).agg(worse=("worse", "any"), behind=("behind", "max")).reset_index()
    blocks = blocks.sort_values(["worse", "behind"], ascending=False, kind="stable").head(most)
    shown = blocks[named].merge(table, on=named, how="left")
    about = shown["table"] + " " + shown["column"] + " by " + shown["characteristic"]
    index = pd.MultiIndex.from_arrays([about, shown["group"]], names=["characteristic", "group"])
    columns = ["n", "denominator", "percent", "low", "high", "reliability"]
    return shown[columns].assign(clearly_less=shown["worse"].map({True: "yes", False: ""})).set_axis(index)


def completeness(table: pd.DataFrame) -> str:
    """How many groups are clearly less complete than the others."""
    if table.empty:
        return "Nothing is asked for in every row, so completeness by group cannot be told"
    worse = table[table["worse"]]
    if worse.empty:
        return "No year or group is less complete than the others by more than chance explains"
    variables = len(worse.drop_duplicates(["table", "column"]))
    columns = "1 column" if variables == 1 else f"{variables} columns"
    return f"In {columns}, {_groups(len(worse))} clearly less complete than the others"


def _groups(count: int) -> str:
    return "1 year or group is" if count == 1 else f"{count} years or groups are"


def year_changes(table: pd.DataFrame) -> str:
    """How many yearly numbers changed by more than chance explains."""
    if table.empty:
        return "The data covers no two years that could be compared"
    beyond = table[(table["low"] > 0) | (table["high"] < 0)]
    if beyond.empty:
        return "No yearly number of events changed by more than chance explains"
    most = beyond.loc[beyond["percent"].abs().sort_values(ascending=False, kind="stable").index[0]]
    changed = "1 yearly number" if len(beyond) == 1 else f"{len(beyond)} yearly numbers"
    return (
        f"{changed} of events changed by more than chance explains; most {most['event']} of {most['table']} "
        f"in the year to 31 March {most['year']}, by {most['percent']:+.0f}%"
    )


def earlier(found: pd.DataFrame, compared: bool) -> str:
    """What the comparison with the return before found."""
    if not compared:
        return (
            "There is no return of the year before to compare with; its place is the folder earlier in the data folder"
        )
    since = found[found["rule"].str.startswith("YR") | found["rule"].str.endswith((" changed", " gone"))]
    failing = int(since["failures"].sum())
    if not failing:
        return f"{len(since)} checks against the return before found nothing"
    return f"{failing:,} rows do not agree with the return before, by {int((since['failures'] > 0).sum())} checks"


def decision(verdict: dict) -> str:
    """Whether the data is good enough by the limits fixed beforehand."""
    missed = sum(reason["met"] is False for reason in verdict["reasons"])
    open_ones = sum(reason["met"] is None for reason in verdict["reasons"])
    rest = f"; {open_ones} could not be judged" if open_ones else ""
    if not missed:
        return f"The data keeps within every limit{' that could be judged' if rest else ''}{rest}"
    return f"The data misses {missed} of the {len(verdict['reasons'])} limits{rest}"


def reasons(verdict: dict) -> pd.DataFrame:
    """The reasons of a decision as a table: columns limit (in words) and met (yes, no or not judged)."""
    said = {True: "yes", False: "no", None: "not judged"}
    rows = [(reason["text"], said[reason["met"]]) for reason in verdict["reasons"]]
    return pd.DataFrame(rows, columns=["limit", "met"])


def _percent(share: float) -> str:
    return f"{share:.1f}%"
