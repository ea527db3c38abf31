"""Headlines of the tables about catalogue and access: what was found, in a sentence, without a name."""

from __future__ import annotations

import pandas as pd


def catalogue(summary: pd.DataFrame) -> str:
    """Of how many data sets it is said who owns them, for which period they are, and on which legal basis."""
    said = summary[["owner", "period", "legal_basis"]] != "not said"
    full = int(said.all(axis=1).sum())
    return f"Owner, period and legal basis are written down for {full} of {_count(len(summary), 'data set')}"


def held(summary: pd.DataFrame) -> str:
    """How many columns hold what needs care."""
    identifiers, special = (int(summary[name].sum()) for name in ("direct_identifiers", "special_category"))
    return (
        f"{identifiers} of {_count(int(summary['variables'].sum()), 'column')} identify a child directly, "
        f"{special} hold special category data"
    )


def plan(plan: pd.DataFrame) -> str:
    """How many roles see the data, and whether any role sees less than all of it."""
    roles = plan["role"].nunique()
    limited = plan.loc[plan["hidden"] > 0, "role"].nunique()
    if not limited:
        return f"{_count(roles, 'role')} may see the data, with no column hidden from any"
    return f"{_count(roles, 'role')} may see the data; columns are hidden from {limited} of them"


def restricted(changed: pd.DataFrame) -> str:
    """How many columns that could identify a child were changed at load."""
    if changed.empty:
        return "No column that could identify a child is in the data"
    return f"{_count(len(changed), 'column')} that could identify a child are changed before any role sees them"


def roles(table: pd.DataFrame) -> str:
    """How many people have access now, and how many of them the further permissions."""
    now, special, again = (int(table[name].sum()) for name in ("in_force", "special_category", "re_identify"))
    have = "has" if now == 1 else "have"
    return (
        f"{_count(now, 'person', 'people')} {have} access now, {special} of them to special category data, "
        f"{again} may re-identify"
    )


def log(lines: pd.DataFrame) -> str:
    """How often the data was read, and how much of that asks for a second look."""
    odd = int((lines["flags"] != "").sum())
    asks = "none asks" if not odd else f"{odd} asks" if odd == 1 else f"{odd} ask"
    read = _count(len(lines), "line")
    return f"The access log holds {read}, every one as it was written; {asks} for a second look"


def flagged(odd: pd.DataFrame) -> str:
    """What was flagged most."""
    if not odd["lines"].sum():
        return "Nothing was flagged"
    worst = odd.loc[odd["lines"].idxmax()]
    return f"Flagged most: {worst['flag']}. A flag is a question to a person, not a finding against one"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
