"""Whether the data is good enough, by limits that were fixed before anybody looked at it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from evidence.data.auditing.checking import audit, error_families
from evidence.data.auditing.profiling import conformance, missing, profile
from evidence.data.rules import INCONSISTENT, INCORRECT, KEYS, OVERLAP, REPEATED
from evidence.data.tables import Tables
from evidence.project import EvidenceError, Project, read_text

WHERE = "reference/quality_limits.toml"
_LIMITS = {
    "missing": ("required_at_most",),
    "format": ("readable_at_least",),
    "rules": ("failing_at_most",),
    "overlaps": ("overlapping_at_most",),
    "keys": ("orphans_at_most",),
    "groups": ("behind_at_most",),
    "years": ("jump_at_most",),
    "representativeness": ("of_expected_at_least",),
    "families": ("inconsistent_at_most", "missing_or_incorrect_at_most", "repeated_at_most"),
    "size": ("children_at_least", "judged_from_rows"),
}


def quality_decision(
    project: Project,
    tables: Tables,
    year_end: date | str | None = None,
    limits: Sequence[Mapping[str, object]] = (),
    completeness: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    represented: pd.DataFrame | None = None,
) -> dict[str, object]:
    """The audit held against `reference/quality_limits.toml`: {"decision": "go on" or
    "improve first", "met": bool, "reasons": [{"met": bool or None, "text": str}, …]}.

    limits: those that the team set besides, each with id, table (or "every table"), measure ("missing", "outside the
    code list" or "rule failures") and limit_percent. completeness, changes and represented: what
    `measures.completeness`, `year_changes` and `representativeness` found. One reason a limit, in words, with the
    figure, the limit and where it is worst. `met` of a reason is None where too little is known to judge it: that
    stops nothing, and is said. Raises EvidenceError when a limit is missing or no number. Source: action 3.07.
    """
    general = _read_limits(project)
    gaps, forms, audited = missing(tables), conformance(tables, year_end), audit(tables, year_end)
    reasons = [
        _missing(_judged(gaps[gaps["required"]], "rows", general), general["required_at_most"]),
        _readable(_judged(forms, "filled", general), general["readable_at_least"]),
        _rules(_judged(audited[audited["check"] == ""], "checked", general), general["failing_at_most"]),
        _check(audited, OVERLAP, "overlap with another of the same child", general["overlapping_at_most"], general),
        _check(audited, KEYS, "have no counterpart in another table", general["orphans_at_most"], general),
        *_families(error_families(audited), general),
        _groups(completeness, general["behind_at_most"]),
        _jumps(changes, general["jump_at_most"]),
        _represented(represented, general["of_expected_at_least"]),
        _size(tables, general["children_at_least"]),
        *(_set_by_the_team(limit, gaps, forms, audited) for limit in limits),
    ]
    met = all(reason["met"] is not False for reason in reasons)
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


def _not_judged(why: str) -> dict[str, object]:
    return {"met": None, "text": f"Not judged: {why}"}


def _judged(frame: pd.DataFrame, size: str, limits: dict[str, float]) -> pd.DataFrame:
    """The rows about enough cases for their share to mean something."""
    return frame[frame[size] >= limits["judged_from_rows"]]


def _missing(frame: pd.DataFrame, limit: float) -> dict[str, object]:
    if frame.empty:
        return _not_judged("no variable that is asked for in every row has enough rows to judge what is missing.")
    over = frame[frame["share"] > limit].sort_values("share", ascending=False, kind="stable")
    if over.empty:
        return _reason(True, f"No variable that is asked for in every row is missing in more than {limit:g}% of rows.")
    worst = over.iloc[0]
    return _reason(
        False,
        f"{_variables(len(over))} asked for in every row missing in more than {limit:g}% of rows; most often "
        f"{worst['table']} {worst['column']} ({worst['share']:.1f}%).",
    )


def _readable(frame: pd.DataFrame, limit: float) -> dict[str, object]:
    if frame.empty:
        return _not_judged("no variable has enough filled values to judge their form.")
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
    if audited.empty:
        return _not_judged("no rule of the audit was checked on enough rows.")
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


def _check(audited: pd.DataFrame, check: str, what: str, limit: float, limits: dict[str, float]) -> dict[str, object]:
    """The rules of one kind of check, that with the highest share of failures first."""
    rules = audited[audited["check"] == check]
    judged = _judged(rules, "checked", limits)
    if judged.empty:
        why = "too few rows" if len(rules) else "nothing in the data says so, or the catalogue does not ask for it"
        return _not_judged(f"which rows {what} ({why}).")
    share = (100 * judged["failures"] / judged["checked"]).sort_values(ascending=False, kind="stable")
    worst = judged.loc[share.index[0]]
    where = f"most by {worst['rule']}, {worst['table']}: {worst['what']} ({share.iloc[0]:.2f}%)"
    return _reason(share.iloc[0] <= limit, f"At most {limit:g}% of a table's rows may {what}; {where}.")


def _groups(completeness: pd.DataFrame | None, limit: float) -> dict[str, object]:
    if completeness is None or completeness["behind"].notna().sum() == 0:
        return _not_judged("completeness by year and group (no group is large enough, or nothing is required).")
    worse = completeness[completeness["worse"] & (completeness["behind"] > limit)]
    if worse.empty:
        return _reason(
            True, f"No year or group is clearly less complete than the others by more than {limit:g} percentage points."
        )
    worst = worse.sort_values("behind", ascending=False, kind="stable").iloc[0]
    groups = "1 year or group is" if len(worse) == 1 else f"{len(worse)} years or groups are"
    return _reason(
        False,
        f"{groups} clearly less complete than the others by more than {limit:g} percentage points; most "
        f"{worst['table']} {worst['column']} for {worst['characteristic']} {worst['group']}.",
    )


def _jumps(changes: pd.DataFrame | None, limit: float) -> dict[str, object]:
    if changes is None or changes.empty:
        return _not_judged("changes from year to year (the data covers no two years).")
    # Beyond the limit by more than chance explains: the whole interval lies outside.
    beyond = changes[(changes["low"] > limit) | (changes["high"] < -limit)]
    if beyond.empty:
        return _reason(True, f"No number of events changes by more than {limit:g}% from year to year, chance apart.")
    worst = beyond.loc[beyond["percent"].abs().sort_values(ascending=False, kind="stable").index[0]]
    numbers = "1 yearly number of events changes" if len(beyond) == 1 else f"{len(beyond)} yearly numbers change"
    return _reason(
        False,
        f"{numbers} by more than {limit:g}%, chance apart; most {worst['table']} {worst['event']} in the year to "
        f"31 March {worst['year']} ({worst['percent']:+.0f}%).",
    )


def _represented(represented: pd.DataFrame | None, limit: float) -> dict[str, object]:
    if represented is None or represented.empty:
        return _not_judged("representativeness (there is no reference population for the council in data/published).")
    judged = represented[(represented["reference_percent"] >= 1) & represented["ratio_high"].notna()]
    if judged.empty:
        return _not_judged("representativeness (too few children).")
    absent = judged[100 * judged["ratio_high"] < limit]
    said = f"{limit:g}% of its share of the reference population"
    if absent.empty:
        return _reason(True, f"Every group has at least {said} in the data, or may have but for chance.")
    worst = absent.sort_values("ratio", kind="stable").iloc[0]
    named = " ".join(str(part) for part in worst.name)
    return _reason(False, f"{len(absent)} of {len(judged)} groups have clearly less than {said}; least {named}.")


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
    children = profile(tables)["children"].max()
    children = 0 if pd.isna(children) else int(children)
    return _reason(children >= limit, f"The data is about {children:,} children; at least {limit:,g} are asked for.")
