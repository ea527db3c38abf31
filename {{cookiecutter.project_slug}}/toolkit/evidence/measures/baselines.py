"""What a baseline counts, kept beside it, so that a later figure is only compared with it where both count alike."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from evidence.project import EvidenceError

# Parameters that say when, where and by which dice, and not what is counted. The level of flags changes what a tool
# says of a child, not what happened to the child.
_NOT_PART_OF_IT = {"as_of", "data_folder", "year_end", "seed", "flag_at"}
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

    names = getattr(tool, "DEFINED_BY", [name for name in parameters if name not in _NOT_PART_OF_IT])
    return {
        "outcome": in_words(tool, WITH_OUTCOME, parameters),
        "how": " ".join(str(getattr(tool, "DEFINITION", "")).split()),
        "unit": tool.UNIT,
        "groups": list(tool.GROUPS),
        "parameters": {name: parameters[name] for name in sorted(names)},
    }


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
