"""How decisions are made today: what a baseline counts, kept beside it, and what a survey of those who decide says.

A later figure is only compared with a baseline where both count alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import numpy as np
import pandas as pd

from evidence.measures.chances import t_limit, welch
from evidence.measures.estimating import NOT_ESTIMABLE_BELOW, before_after, estimates, reliability
from evidence.project import EvidenceError
from evidence.project.parameters import WHEN_AND_WHERE

# Parameters that say by which dice, and from which level a tool flags: that changes what it says of a child, not what
# happened to the child.
_OF_THE_OUTPUT = {"seed", "flag_at"}
# Which children are counted is part of it only where a run is about one area.
_OF_ONE_AREA = {"area", "area_of"}
_WORDS = {
    "outcome": "what is counted",
    "how": "how it is counted",
    "unit": "what one row is",
    "groups": "the groups compared",
}


def definition_of(tool: ModuleType, parameters: Mapping[str, object]) -> dict[str, object]:
    """What the baseline of 5.04 counts: a dict with outcome, how, unit, groups and parameters, to be recorded.

    A tool may name the parameters that its outcome rests on in DEFINED_BY; otherwise all count but those of time,
    place and chance.
    """
    from evidence.measures.of_tool import WITH_OUTCOME, in_words

    aside = _OF_THE_OUTPUT | WHEN_AND_WHERE - (_OF_ONE_AREA if parameters.get("area") else set())
    names = getattr(tool, "DEFINED_BY", [name for name in parameters if name not in aside])
    return {
        "outcome": in_words(tool, WITH_OUTCOME, parameters),
        "how": " ".join(str(getattr(tool, "DEFINITION", "")).split()),
        "unit": tool.UNIT,
        "groups": list(tool.GROUPS),
        "parameters": {name: parameters[name] for name in sorted(names)},
    }


def decide_who_is_counted(tool: object, parameters: Mapping[str, object]) -> list[str]:
    """The parameters on which it rests which of the same children are counted, or flagged.

    A tool that flags nobody (SCORE is None) counts by what its outcome rests on, see `definition_of`. Of any other tool
    all parameters but those of time and place count, its seed included: other dice may flag other children.
    """
    own = [name for name in parameters if name not in WHEN_AND_WHERE]
    if getattr(tool, "SCORE", "not known") is not None:
        return own
    return list(getattr(tool, "DEFINED_BY", [name for name in own if name not in _OF_THE_OUTPUT]))


def differences_of_definition(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """How two definitions differ, one difference a line, in words; empty where they are alike."""
    said = []
    for name in sorted({*before.get("parameters", {}), *now.get("parameters", {})}):
        old, new = (one.get("parameters", {}).get(name, "not there") for one in (before, now))
        if old != new:
            said.append(f"{name} was {old} and is {new}")
    for key, words in _WORDS.items():
        old, new = before.get(key), now.get(key)
        # The outcome's words hold the parameters, which are named above.
        if old != new and not (key == "outcome" and said):
            said.append(f"{words} was {_said(old)} and is {_said(new)}" if key != "how" else f"{words} has changed")
    return said


def _said(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return "not recorded" if value is None else f'"{value}"'


def need_same_definition(before: Mapping[str, object], now: Mapping[str, object], where: str) -> None:
    """Raises EvidenceError, saying what differs, where two figures do not count alike (8.06)."""
    said = differences_of_definition(before, now)
    if said:
        raise EvidenceError(
            f"the baseline and the figures now do not count alike: {'; '.join(said)}. They are not compared.",
            where=where,
            remedy="Work the baseline out again with today's definition, or today's figures with the baseline's.",
        )


# The questions of the survey whose answers are choices, and those that are scores from 1 to 5 with what a 4 or 5 means.
_CHOICES = {"made_how": "how the decision is made", "outcome_known": "learns what came of it"}
_SCORES = {"confidence": "is confident in the decision", "information": "has the information that is needed"}


BEFORE, SINCE = "before the tool", "since the tool"


def survey_answers(rows: pd.DataFrame, alike: pd.DataFrame | None = None) -> pd.DataFrame:
    """What people say of how they decide today (5.04): index (question, answer), columns as `estimates`.

    rows: one a person, with the columns of the register baseline_survey. n is people; a score of 4 or 5 of 5 counts as
    yes. Blank answers count in neither number. alike: people whose answers get a row as well, with n = 0 where nobody
    of `rows` gave them.
    """
    parts, alike = [], rows if alike is None else alike
    for column, question in _CHOICES.items():
        given = rows[column].replace("", pd.NA).dropna()
        answers = sorted(alike[column].replace("", pd.NA).dropna().unique())
        parts.append(_answered(question, given.value_counts().reindex(answers, fill_value=0), len(given)))
    for column, question in _SCORES.items():
        given = rows[column].dropna()
        parts.append(_answered(question, pd.Series({"yes (4 or 5 of 5)": int((given >= 4).sum())}), len(given)))
    return pd.concat(parts)


def _answered(question: str, counts: pd.Series, of: int) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([[question], [str(one) for one in counts.index]], names=["question", "answer"])
    return estimates(counts, np.repeat(of, len(counts)), index)


def asked_alike(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """(those asked before, those asked since, decisions asked about one time only): like is compared with like (8.06).

    Decisions are the same where they are written in the same words, capitals and spaces apart. Empty frames where
    nobody was asked about the same decision both times.
    """
    decision = rows["decision"].str.split().str.join(" ").str.lower()
    before, since = (rows["asked"] == when for when in (BEFORE, SINCE))
    both = set(decision[before]) & set(decision[since])
    once = rows["decision"][~decision.isin(both)].drop_duplicates()
    return rows[before & decision.isin(both)], rows[since & decision.isin(both)], sorted(once)


def answers_before_after(before: pd.DataFrame, since: pd.DataFrame) -> pd.DataFrame:
    """What those asked before and those asked since say: index (question, answer), columns of `before_after`.

    They are two samples: nobody gave a name, so no person's two answers can be set side by side.
    """
    everyone = pd.concat([before, since])
    return before_after(survey_answers(before, everyone), survey_answers(since, everyone))


def minutes_before_after(before: pd.DataFrame, since: pd.DataFrame) -> pd.DataFrame:
    """How long a decision takes, in minutes, before and since: one row; index figure.

    Columns people_before, mean_before, people, mean, difference with low and high (95%, Welch's t, which does not take
    both times to spread alike), reliability. Missing where either has fewer than NOT_ESTIMABLE_BELOW people.
    """
    old, new = (rows["minutes"].dropna().astype("float64") for rows in (before, since))
    row = dict.fromkeys(("mean_before", "mean", "difference", "low", "high"), np.nan)
    if min(len(old), len(new)) >= NOT_ESTIMABLE_BELOW:
        low, high = welch(new.to_numpy(), old.to_numpy())
        row = {"mean_before": old.mean(), "mean": new.mean(), "difference": new.mean() - old.mean()}
        row |= {"low": low, "high": high}
    table = pd.DataFrame([{"people_before": len(old), "people": len(new), **row}])
    table.index = pd.Index(["minutes that a decision takes"], name="figure")
    table["reliability"] = reliability([min(len(old), len(new))])
    return table[["people_before", "mean_before", "people", "mean", "difference", "low", "high", "reliability"]]


def survey_minutes(rows: pd.DataFrame) -> pd.DataFrame:
    """How long a decision takes today, in minutes: index role, first everyone.

    Columns people, mean with low and high (95%, Student's t), median, reliability; missing for fewer than
    NOT_ESTIMABLE_BELOW people, so that no person's own answer can be read off.
    """
    given = rows.dropna(subset=["minutes"])
    parts = {"everyone": given, **{str(role): part for role, part in given.groupby("role")}}
    table = {}
    for name, part in parts.items():
        minutes = part["minutes"].astype("float64")
        row = {"people": len(minutes), "mean": np.nan, "low": np.nan, "high": np.nan, "median": np.nan}
        if len(minutes) >= NOT_ESTIMABLE_BELOW:
            half = float(t_limit(len(minutes) - 1) * minutes.std(ddof=1) / np.sqrt(len(minutes)))
            mean = float(minutes.mean())
            row |= {"mean": mean, "low": max(mean - half, 0.0), "high": mean + half, "median": float(minutes.median())}
        table[name] = row
    frame = pd.DataFrame.from_dict(table, orient="index").rename_axis("role")
    return frame.assign(reliability=reliability(frame["people"]))
