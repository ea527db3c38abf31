"""How many children an evaluation needs: a trial of children, of whole teams, or of teams that begin one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import pandas as pd

from evidence.project import EvidenceError

BY_CHILD, BY_TEAM, STEPPED = "by child", "by team", "stepped wedge"
SERIES, NONE = "interrupted time series", "none"
_MOST_STEPS = 50


def trial_design(
    rate: float, difference: float, power: float = 0.8, alpha: float = 0.05, per_cluster: int = 1, icc: float = 0.0
) -> pd.DataFrame:
    """How many children a controlled trial needs (8.07): one row, `each arm`.

    Columns: children (in each arm), total, clusters (teams or homes in each arm), design_effect.

    rate: the share with the outcome today (0 to 1); difference: how far it should move (percentage points as 0 to
    1; down, unless that would leave 0 to 1). Where whole teams or homes are drawn, per_cluster children each, icc says
    how alike those in one are. Raises EvidenceError when the rates are not between 0 and 1. Source: Donner, Klar 2000.
    """
    rate, other = _rates(rate, difference)
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    middle = (rate + other) / 2
    spread = z_alpha * math.sqrt(2 * middle * (1 - middle))
    spread += z_power * math.sqrt(rate * (1 - rate) + other * (1 - other))
    effect = design_effect(per_cluster, icc)
    children = math.ceil(effect * spread**2 / (rate - other) ** 2)
    row = {
        "children": children,
        "total": 2 * children,
        "clusters": math.ceil(children / per_cluster),
        "design_effect": effect,
    }
    return pd.DataFrame([row], index=pd.Index(["each arm"], name="arm"))


def _rates(rate: float, difference: float) -> tuple[float, float]:
    other = rate - abs(difference)
    other = other if other > 0 else rate + abs(difference)
    if not (0 < rate < 1 and 0 < other < 1 and difference):
        raise EvidenceError(
            "the share today and the share hoped for must both lie between 0 and 1, and differ.", where="trial design"
        )
    return rate, other


def design_effect(per_cluster: float, icc: float) -> float:
    """How many times more children are needed because whole teams are drawn: 1 + (per_cluster - 1) * icc."""
    return 1 + (per_cluster - 1) * icc


def trial_power(
    rate: float, hoped: float, children: float, alpha: float = 0.05, per_cluster: float = 1, icc: float = 0.0
) -> float:
    """The chance (0 to 1) that a trial with so many children in each arm notices the change, two-sided test."""
    _rates(rate, rate - hoped)
    effective = children / design_effect(per_cluster, icc)
    middle = (rate + hoped) / 2
    under_none = math.sqrt(2 * middle * (1 - middle) / effective)
    under_change = math.sqrt((rate * (1 - rate) + hoped * (1 - hoped)) / effective)
    limit = NormalDist().inv_cdf(1 - alpha / 2) * under_none
    gap = NormalDist(abs(rate - hoped), under_change)
    return 1 - gap.cdf(limit) + gap.cdf(-limit)


def stepped_wedge_variance(variance: float, icc: float, teams_a_step: int, steps: int, per_period: float) -> float:
    """The variance of the estimated effect of a stepped wedge with one period before the first step and one after each.

    variance: of one child's outcome (p * (1 - p)); icc: how alike the children of a team are; per_period: children of
    a team in each period. Every team sends different children to each period. Source: Hussey and Hughes 2007, (8).
    """
    periods, teams = steps + 1, steps * teams_a_step
    between, within = variance * icc, variance * (1 - icc) / per_period
    treated = np.zeros((teams, periods))
    for team in range(teams):
        treated[team, team // teams_a_step + 1 :] = 1
    u, w = treated.sum(), (treated.sum(axis=0) ** 2).sum()
    v = (treated.sum(axis=1) ** 2).sum()
    above = teams * within * (within + periods * between)
    below = (teams * u - w) * within + (u**2 + teams * periods * u - periods * w - teams * v) * between
    # With one step all teams begin together, and the effect cannot be told from that of the period.
    return float(above / below) if below > 0 else math.inf


def stepped_wedge_power(
    rate: float, hoped: float, icc: float, teams_a_step: int, steps: int, per_period: float, alpha: float = 0.05
) -> float:
    """The chance (0 to 1) that a stepped wedge notices the change: Wald test, variance at the mean of the two rates."""
    _rates(rate, rate - hoped)
    middle = (rate + hoped) / 2
    error = math.sqrt(stepped_wedge_variance(middle * (1 - middle), icc, teams_a_step, steps, per_period))
    return NormalDist().cdf(abs(rate - hoped) / error - NormalDist().inv_cdf(1 - alpha / 2))


def trial_plan(plans: pd.DataFrame) -> pd.DataFrame:
    """Each planned trial with what it needs and what it has (8.07): index the plan's id; empty without a plan.

    plans: lines of the register trial_design, columns kind, now and hoped (shares, 0 to 1), power, icc, teams, a_team
    (children of one team in the trial, in each period of a stepped wedge), steps, available (children in all). Columns:
    kind, percent_today, percent_then (0 to 100), needed (children in each group; in all for a stepped wedge), in_all,
    teams_needed (in all), available (children), power_percent (what those available give), enough (yes, no).
    Interrupted time series and no trial at all need no number; their figures are missing. A line whose shares make no
    sense, or that lacks what its kind needs, is left out: `plan_problems` names it.
    """
    rows = {plan["id"]: _planned(plan) for plan in plans.to_dict("records") if not _problem(plan)}
    columns = [
        "kind", "percent_today", "percent_then", "needed", "in_all", "teams_needed", "available", "power_percent",
        "enough",
    ]  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("plan")


def plan_problems(plans: pd.DataFrame) -> list[str]:
    """What keeps a line of the register trial_design from being worked out, one sentence a line."""
    return [f"{plan['id']}: {said}" for plan in plans.to_dict("records") if (said := _problem(plan))]


def _problem(plan: Mapping[str, object]) -> str:
    kind = plan["kind"]
    if kind in (SERIES, NONE):
        return ""
    if not (0 < plan["now"] < 1 and 0 < plan["hoped"] < 1 and plan["now"] != plan["hoped"]):
        return "the share today and the share hoped for must lie between 0 and 1, and differ."
    if not 0.5 <= plan["power"] < 1:
        return "power must be from 0.5 to under 1; 0.8 is usual."
    if kind == BY_CHILD:
        return ""
    missing = [name for name in ("icc", "teams", "a_team") if not plan[name] >= 0]
    if kind == STEPPED and not 2 <= plan["steps"] <= _MOST_STEPS:
        missing.append("steps")
    if missing:
        return f"a trial {'as a ' if kind == STEPPED else ''}{kind} needs {' and '.join(missing)}."
    if kind == STEPPED and plan["teams"] < plan["steps"]:
        return "there are fewer teams than steps."
    return ""


def _planned(plan: Mapping[str, object]) -> dict[str, object]:
    kind = plan["kind"]
    row: dict[str, object] = {"kind": kind}
    if kind in (SERIES, NONE):
        return row
    now, hoped, wanted = float(plan["now"]), float(plan["hoped"]), float(plan["power"])
    row |= {"percent_today": 100 * now, "percent_then": 100 * hoped}
    if kind == STEPPED:
        return row | _stepped(plan, now, hoped, wanted)
    a_team, icc = (float(plan["a_team"]), float(plan["icc"])) if kind == BY_TEAM else (1.0, 0.0)
    # Worked out from the rates as they stand, so that a rise can be planned as well as a fall.
    high, low = max(now, hoped), min(now, hoped)
    needed = trial_design(high, high - low, power=wanted, per_cluster=int(a_team), icc=icc).iloc[0]
    there = float(plan["available"]) if plan["available"] >= 0 else np.nan
    if kind == BY_TEAM:
        there = np.nanmin([there, float(plan["teams"]) * a_team])
        row["teams_needed"] = 2 * needed["clusters"]
    return row | {
        "needed": needed["children"],
        "in_all": needed["total"],
        "available": there,
        "power_percent": 100 * trial_power(now, hoped, there / 2, per_cluster=a_team, icc=icc)
        if there >= 2
        else np.nan,
        "enough": "yes" if there >= needed["total"] else "no",
    }


def _stepped(plan: Mapping[str, object], now: float, hoped: float, wanted: float) -> dict[str, object]:
    steps, a_team, icc = int(plan["steps"]), float(plan["a_team"]), float(plan["icc"])
    # Teams that do not fill a step evenly wait: the formula has the same number at each step.
    each_step = int(plan["teams"]) // steps
    power = stepped_wedge_power(now, hoped, icc, each_step, steps, a_team)
    reaching = next(
        (teams for teams in range(1, 1001) if stepped_wedge_power(now, hoped, icc, teams, steps, a_team) >= wanted),
        None,
    )
    in_all = reaching * steps * a_team * (steps + 1) if reaching else np.nan
    return {
        "needed": in_all,
        "in_all": in_all,
        "teams_needed": reaching * steps if reaching else np.nan,
        "available": each_step * steps * a_team * (steps + 1),
        "power_percent": 100 * power,
        "enough": "yes" if power >= wanted else "no",
    }
