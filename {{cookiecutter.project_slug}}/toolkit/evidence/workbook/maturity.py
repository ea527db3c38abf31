"""Data maturity: five components, one level, and what that level permits (actions 2.01 to 2.05)."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.workbook.registers import Register
from evidence.workbook.words import count_of, listed

HIGH, MEDIUM, LOW = "high", "medium", "low"


@dataclass(frozen=True)
class Component:
    """One component of maturity. `level` is "high", "medium", "low", or "" where nobody has assessed it yet."""

    id: str
    name: str
    level: str
    why: str
    asked: str


@dataclass(frozen=True)
class Precondition:
    """What a predictive tool needs besides high maturity. `met` is "yes", "partly", "no" or "" (unanswered)."""

    id: str
    name: str
    met: str
    evidence: str


@dataclass(frozen=True)
class Maturity:
    """The result of the self-assessment.

    `level` is "high", "medium" or "low", or "" until every component is assessed. `permits` lists analytics types.
    `consistent` says whether the tool's own type is among them, and is None while that cannot be known.
    """

    components: tuple[Component, ...]
    level: str
    says: str
    permits: tuple[str, ...]
    analytics_type: str
    consistent: bool | None
    sentence: str
    preconditions: tuple[Precondition, ...]
    improvement: Register

    @property
    def unassessed(self) -> list[str]:
        return [component.name for component in self.components if not component.level]

    @property
    def preconditions_met(self) -> bool | None:
        """For a predictive tool, whether all of them are met; None where the tool is not predictive."""
        if self.analytics_type != "predictive":
            return None
        return bool(self.preconditions) and all(one.met == "yes" for one in self.preconditions)

    @property
    def lacks_analysts(self) -> bool:
        """True where analytical capacity is low, or nobody has said that it is not."""
        capacity = next((one for one in self.components if one.id == "M4"), None)
        return capacity is None or capacity.level in ("", LOW)


def level_of(levels: list[str]) -> str:
    """High where every component is high, low where every one is low, else medium; "" while one is unassessed."""
    if not levels or not all(levels):
        return ""
    if set(levels) == {HIGH}:
        return HIGH
    return LOW if set(levels) == {LOW} else MEDIUM


def read_maturity(
    rules: dict, assessment: Register, preconditions: Register, improvement: Register, analytics_type: str
) -> Maturity:
    """The maturity that the register of components shows, by the levels in `reference/maturity.toml`."""
    components = tuple(_component(entry, assessment) for entry in rules["component"])
    level = level_of([component.level for component in components])
    permits = tuple(rules["level"][level]["permits"]) if level else ()
    consistent = analytics_type in permits if level else None
    return Maturity(
        components,
        level,
        rules["level"][level]["says"] if level else "",
        permits,
        analytics_type,
        consistent,
        _sentence(level, permits, analytics_type, [one.name for one in components if not one.level]),
        tuple(_precondition(entry, preconditions) for entry in rules["precondition"]),
        improvement,
    )


def _component(entry: dict, register: Register) -> Component:
    row = register.by_id(entry["id"])
    if row is None:
        return Component(entry["id"], entry["name"], "", "", "")
    return Component(entry["id"], entry["name"], row.text("level"), row.text("why"), row.text("who_was_asked"))


def _precondition(entry: dict, register: Register) -> Precondition:
    row = register.by_id(entry["id"])
    if row is None:
        return Precondition(entry["id"], entry["name"], "", "")
    return Precondition(entry["id"], entry["name"], row.text("met"), row.text("evidence"))


def _sentence(level: str, permits: tuple[str, ...], analytics_type: str, open_components: list[str]) -> str:
    if not level:
        number = count_of(len(open_components), "component")
        return f"The level is not known: {number} of data maturity still to be assessed."
    if not permits:
        return "Data maturity is low on every component: raise it before building anything in-house."
    allowed = f"Data maturity is {level}, which permits {listed(list(permits))} analytics."
    if analytics_type in permits:
        return f"{allowed} This tool is {analytics_type}."
    return f"{allowed} This tool is {analytics_type}, which goes beyond that."
