"""What decides whether a tool goes on: trial sizes, triggers for retirement."""

from __future__ import annotations

import math
from statistics import NormalDist

import pandas as pd

from evidence.project import EvidenceError


def trial_design(
    rate: float, difference: float, power: float = 0.8, alpha: float = 0.05, per_cluster: int = 1, icc: float = 0.0
) -> pd.DataFrame:
    """How many children a controlled trial needs (8.07): one row, `each arm`.

    Columns: children (in each arm), total, clusters (teams or homes in each arm), design_effect.

    rate: the share with the outcome today (0 to 1); difference: how far it should move (percentage points as 0 to
    1, either way). Where whole teams or homes are drawn, per_cluster children each, icc says how alike those in one
    are. Raises EvidenceError when the rates are not between 0 and 1.
    """
    other = rate - abs(difference)
    other = other if other > 0 else rate + abs(difference)
    if not (0 < rate < 1 and 0 < other < 1 and difference):
        raise EvidenceError(
            "the share today and the share hoped for must both lie between 0 and 1, and differ.", where="trial design"
        )
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    middle = (rate + other) / 2
    spread = z_alpha * math.sqrt(2 * middle * (1 - middle))
    spread += z_power * math.sqrt(rate * (1 - rate) + other * (1 - other))
    effect = 1 + (per_cluster - 1) * icc
    children = math.ceil(effect * spread**2 / (rate - other) ** 2)
    row = {
        "children": children,
        "total": 2 * children,
        "clusters": math.ceil(children / per_cluster),
        "design_effect": effect,
    }
    return pd.DataFrame([row], index=pd.Index(["each arm"], name="arm"))


def triggers(
    performance: pd.DataFrame | None = None,
    drift: pd.DataFrame | None = None,
    usage: int | None = None,
    open_challenges: int | None = None,
    targets: dict[str, float] | None = None,
) -> pd.DataFrame:
    """What would speak for retiring the tool (10.01): index trigger; columns met (`yes`, `no`, `not known`), evidence.

    performance: index (period, measure), as `of_tool.performance`; targets: the least percentage by measure, as
    fixed in stage 5. usage: look-ups since the last review; open_challenges: challenges upheld and not yet put
    right. What is not given is not known: it never counts as `no`.
    """
    rows = {
        "figures below what was agreed": _below(performance, targets),
        "the children are no longer those it was made for": _drifted(drift),
        "nobody uses it": _count(usage, lambda number: number == 0, "look-ups since the last review"),
        "upheld challenges are not put right": _count(open_challenges, lambda number: number > 0, "upheld and open"),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["met", "evidence"]).rename_axis("trigger")


def _below(performance: pd.DataFrame | None, targets: dict[str, float] | None) -> tuple[str, str]:
    if performance is None or not targets or performance.empty:
        return "not known", "no figures by period, or no thresholds fixed in stage 5"
    last = performance.xs(performance.index.get_level_values("period")[-1], level="period")
    known = [name for name in targets if name in last.index and pd.notna(last.at[name, "percent"])]
    # Only what is below with some certainty counts: the whole interval lies under the target.
    below = [name for name in known if last.at[name, "high"] < targets[name]]
    if below:
        return "yes", f"surely below its threshold: {', '.join(below)}"
    if len(known) < len(targets):
        return "not known", "not every threshold can be judged yet"
    return "no", "no figure lies surely below its threshold"


def _drifted(drift: pd.DataFrame | None) -> tuple[str, str]:
    if drift is None or drift.empty or (drift["alarm"] == "not estimable").all():
        return "not known", "one period alone shows no drift"
    ringing = list(drift.index[drift["alarm"] == "yes"])
    return (
        ("yes", f"drift in: {', '.join(ringing)}")
        if ringing
        else ("no", "no variable has drifted more than chance explains")
    )


def _count(number: int | None, met, words: str) -> tuple[str, str]:
    if number is None:
        return "not known", "no record yet"
    return ("yes" if met(number) else "no"), f"{number} {words}"
