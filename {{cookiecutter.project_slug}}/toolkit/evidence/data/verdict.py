"""Whether the data is good enough, by limits that were fixed before anybody looked at it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from evidence.data.auditing import audit, error_families
from evidence.data.profiling import conformance, missing
from evidence.data.rules import INCONSISTENT, INCORRECT, REPEATED
from evidence.data.tables import Tables
from evidence.project import EvidenceError, Project, read_text

WHERE = "reference/quality_limits.toml"
_LIMITS = {
    "missing": ("required_at_most",),
    "format": ("readable_at_least",),
    "rules": ("failing_at_most",),
    "families": ("inconsistent_at_most", "missing_or_incorrect_at_most", "repeated_at_most"),
    "size": ("children_at_least", "judged_from_rows"),
}


def quality_decision(
    project: Project, tables: Tables, year_end: date | str | None = None, limits: Sequence[Mapping[str, object]] = ()
) -> dict[str, object]:
    """The audit held against `reference/quality_limits.toml`: {"decision": "go on" or
    "improve first", "met": bool, "reasons": [{"met": bool, "text": str}, …]}.

    limits: those that the team set besides, each with id, table (or "every table"), measure ("missing", "outside the
    code list" or "rule failures") and limit_percent. One reason a limit, in words, with the figure, the limit and where
    it is worst. Raises EvidenceError when a limit is missing or no number. Source: action 3.07.
    """
    general = _read_limits(project)
    gaps, forms, audited = missing(tables), conformance(tables, year_end), audit(tables, year_end)
    reasons = [
        _missing(_judged(gaps, "rows", general), general["required_at_most"]),
        _readable(_judged(forms, "filled", general), general["readable_at_least"]),
        _rules(_judged(audited, "checked", general), general["failing_at_most"]),
        *_families(error_families(audited), general),
        _size(tables, general["children_at_least"]),
        *(_set_by_the_team(limit, gaps, forms, audited) for limit in limits),
    ]
    met = all(reason["met"] for reason in reasons)
    return {"decision": "go on" if met else "improve first", "met": met, "reasons": reasons}


def _set_by_the_team(
    limit: Mapping[str, object], gaps: pd.DataFrame, forms: pd.DataFrame, audited: pd.DataFrame
) -> dict[str, object]:
    shares = {
        "missing": gaps[gaps["required"]].set_index("table")["share"],
        "outside the code list": 100 - forms[forms["form"] == "code list"].set_index("table")["share"],
        "rule failures": (100 * audited["failures"] / audited["checked"]).set_axis(audited["table"]),
    }[str(limit["measure"])].dropna()
    table = str(limit["table"])
    if table != "every table":
        shares = shares[shares.index.str.lower() == table.lower()]
    said = f"Limit {limit['id']} ({limit['measure']}, {table}, at most {limit['limit_percent']:g}%)"
    if shares.empty:
        return _reason(False, f"{said}: the data holds nothing that it could be held against.")
    return _reason(shares.max() <= limit["limit_percent"], f"{said}: the highest is {shares.max():.2f}%.")


def _read_limits(project: Project) -> dict[str, float]:
    try:
        document = tomllib.loads(read_text(project.path("reference", "quality_limits.toml")))
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"this is not valid TOML: {error}.", where=WHERE) from None
    limits = {}
    for section, names in _LIMITS.items():
        for name in names:
            value = document.get(section, {}).get(name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise EvidenceError(f"{name} must be a number.", where=f"{WHERE}, [{section}]")
            limits[name] = value
    return limits


def _reason(met: bool, text: str) -> dict[str, object]:
    return {"met": bool(met), "text": text}


def _judged(frame: pd.DataFrame, size: str, limits: dict[str, float]) -> pd.DataFrame:
    """The rows about enough cases for their share to mean something."""
    return frame[frame[size] >= limits["judged_from_rows"]]


def _missing(frame: pd.DataFrame, limit: float) -> dict[str, object]:
    over = frame[frame["required"] & (frame["share"] > limit)].sort_values("share", ascending=False, kind="stable")
    if over.empty:
        return _reason(True, f"No variable that is asked for in every row is missing in more than {limit:g}% of rows.")
    worst = over.iloc[0]
    return _reason(
        False,
        f"{_variables(len(over))} asked for in every row missing in more than {limit:g}% of rows; most often "
        f"{worst['table']} {worst['column']} ({worst['share']:.1f}%).",
    )


def _readable(frame: pd.DataFrame, limit: float) -> dict[str, object]:
    under = frame[frame["share"] < limit].sort_values("share", kind="stable")
    if under.empty:
        return _reason(
            True, f"At least {limit:g}% of the filled values of every variable are in the form they should be."
        )
    worst = under.iloc[0]
    return _reason(
        False,
        f"{_variables(len(under))} in the right form in less than {limit:g}% of filled values; the worst is "
        f"{worst['table']} {worst['column']} ({worst['share']:.1f}%).",
    )


def _variables(count: int) -> str:
    return "1 variable is" if count == 1 else f"{count} variables are"


def _rules(audited: pd.DataFrame, limit: float) -> dict[str, object]:
    share = 100 * audited["failures"] / audited["checked"]
    over = share[share > limit].sort_values(ascending=False, kind="stable")
    if over.empty:
        return _reason(True, f"No rule of the audit fails in more than {limit:g}% of the rows it was checked on.")
    worst = audited.loc[over.index[0]]
    rules = "1 rule of the audit fails" if len(over) == 1 else f"{len(over)} rules of the audit fail"
    return _reason(
        False,
        f"{rules} in more than {limit:g}% of the rows checked; most often {worst['rule']}, "
        f"{worst['table']}: {worst['what']} ({over.iloc[0]:.1f}%).",
    )


def _families(families: pd.DataFrame, limits: dict[str, float]) -> list[dict[str, object]]:
    names = {
        INCONSISTENT: "inconsistent_at_most",
        INCORRECT: "missing_or_incorrect_at_most",
        REPEATED: "repeated_at_most",
    }
    reasons = []
    for row in families[families["checked"] > 0].to_dict("records"):
        limit = limits[names[row["family"]]]
        text = f"Checks for data {row['family']}" if row["family"] != REPEATED else f"Checks for {row['family']}"
        text += f" fail in {row['share']:.2f}% of cases; the limit is {limit:g}%."
        reasons.append(_reason(row["share"] <= limit, text))
    return reasons


def _size(tables: Tables, limit: float) -> dict[str, object]:
    children = max((frame[tables.key].nunique() for frame in tables.values() if tables.key in frame), default=0)
    return _reason(children >= limit, f"The data is about {children:,} children; at least {limit:,g} are asked for.")
