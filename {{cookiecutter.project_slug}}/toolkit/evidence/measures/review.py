"""What decides whether a tool goes on: the triggers for retirement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from evidence.measures.estimating import NOT_ESTIMABLE

MET, NOT_MET, NOT_KNOWN = "met", "not met", "not known"


def triggers(
    *,
    series: pd.DataFrame | None = None,
    targets: Mapping[str, float] | None = None,
    retraining: pd.DataFrame | None = None,
    usage: pd.DataFrame | None = None,
    least_used: float = 0.25,
    laws: pd.DataFrame | None = None,
    as_of: date | None = None,
    planned: Mapping[str, float] | None = None,
    spent: Mapping[str, float] | None = None,
    most_over: float = 0.25,
    challenges: pd.DataFrame | None = None,
    most_upheld: float = 0.5,
    maturity: tuple[bool | None, str] = (None, ""),
) -> pd.DataFrame:
    """What would speak for retiring the tool (10.01): index trigger; columns met (in words), evidence.

    series: as `over_periods`, of which the last period counts; targets: the least percentage by measure, as fixed in
    stage 5. retraining: as the function of that name. usage: as `usage_by_period`; least_used: the least share of users
    (0 to 1). laws: lines of the register law_changes. planned and spent: pounds by year; most_over: the share by which
    the plan may be exceeded. challenges: as the function of that name; most_upheld: the share of answers (0 to 1) above
    which the tool is too often wrong. maturity: whether the level of maturity still permits the tool, and the sentence
    that says so. What is not given is `not known`, and what rests on too few is `not estimable`: neither counts as
    `not met`.
    """
    rows = {
        "its figures lie below what was agreed": _below(series, targets),
        "the children or their records have changed": _drifted(retraining),
        "it is hardly used": _unused(usage, least_used),
        "law or policy no longer allows it as it is": _law(laws, as_of),
        "it costs more than was agreed": _costs(planned, spent, most_over),
        "what it says is too often challenged with success": _challenged(challenges, most_upheld),
        "data maturity no longer permits such a tool": _maturity(*maturity),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["met", "evidence"]).rename_axis("trigger")


def _below(series: pd.DataFrame | None, targets: Mapping[str, float] | None) -> tuple[str, str]:
    if series is None or series.empty:
        return NOT_KNOWN, "no figures by period"
    if not targets:
        return NOT_KNOWN, "no threshold was fixed in stage 5"
    last = series.xs(series.index.get_level_values("period")[-1], level="period")
    known = [name for name in targets if name in last.index and pd.notna(last.at[name, "percent"])]
    # Only what is below with some certainty counts: the whole interval lies under the target.
    below = [name for name in known if last.at[name, "high"] < targets[name]]
    if below:
        return MET, f"surely below its threshold: {', '.join(below)}"
    if len(known) < len(targets):
        return NOT_ESTIMABLE, "too few children to judge every threshold"
    return NOT_MET, "no figure lies surely below its threshold"


def _drifted(retraining: pd.DataFrame | None) -> tuple[str, str]:
    if retraining is None or retraining.empty:
        return NOT_KNOWN, "no period is recorded"
    ringing = list(retraining.index[retraining["met"] == "yes"])
    if ringing:
        return MET, f"{'; '.join(ringing)}: retrain, and retire it where that does not help"
    for state in (NOT_KNOWN, NOT_ESTIMABLE):
        if (retraining["met"] == state).any():
            return state, "; ".join(retraining.loc[retraining["met"] == state, "evidence"])
    return NOT_MET, "neither sign that it needs retraining is there"


def _unused(usage: pd.DataFrame | None, least: float) -> tuple[str, str]:
    if usage is None or usage.empty:
        return NOT_KNOWN, "nobody has recorded how much it is used"
    n, of = int(usage["n"].iloc[-1]), int(usage["denominator"].iloc[-1])
    # These are all the users there are, not a sample of them: a share of ten people is exact.
    said = f"{n} of its {of} users used it in the latest period; {100 * least:.0f}% was agreed as the least"
    return (MET if n < least * of else NOT_MET), said


def _law(laws: pd.DataFrame | None, as_of: date | None) -> tuple[str, str]:
    if laws is None or laws.empty:
        return NOT_KNOWN, "nobody has recorded a look at changes of law and policy"
    known = laws if as_of is None else laws[laws["date"] <= pd.Timestamp(as_of)]
    still = known[
        (known["affects"] == "the tool must stop") | ((known["affects"] == "needs a change") & (known["done"] == "no"))
    ]
    if len(still):
        return MET, f"not settled: {', '.join(still['id'])}"
    return NOT_MET, "all changes recorded so far are settled"


def _costs(planned: Mapping[str, float] | None, spent: Mapping[str, float] | None, most_over: float) -> tuple[str, str]:
    both = sorted(set(planned or {}) & set(spent or {}))
    if not both:
        return NOT_KNOWN, "no year has both a planned cost (stage 3) and what was spent"
    over = [year for year in both if spent[year] > planned[year] * (1 + most_over)]
    if over:
        worst = ", ".join(f"{year}: £{spent[year]:,.0f} against £{planned[year]:,.0f}" for year in over)
        return MET, f"more than {100 * most_over:.0f}% over plan in {worst}"
    return NOT_MET, f"within {100 * most_over:.0f}% of the plan in {', '.join(both)}"


def _challenged(challenges: pd.DataFrame | None, most: float) -> tuple[str, str]:
    if challenges is None or challenges.empty:
        return NOT_KNOWN, "no challenge is recorded; look whether people know how to make one"
    upheld, answered = (int(challenges.at["upheld, wholly or in part", name]) for name in ("n", "denominator"))
    if not answered:
        return NOT_KNOWN, "no challenge is answered yet"
    # With few challenges even all of them upheld may be chance: the whole interval must lie above the limit.
    low = challenges.at["upheld, wholly or in part", "low"]
    said = f"{upheld} of {answered} answered challenges were upheld, wholly or in part"
    if pd.isna(low):
        return NOT_ESTIMABLE, f"{said}: too few to judge"
    return (MET if low > 100 * most else NOT_MET), said


def _maturity(permitted: bool | None, said: str) -> tuple[str, str]:
    if permitted is None:
        return NOT_KNOWN, "data maturity is not assessed in stage 2"
    return (NOT_MET if permitted else MET), said
