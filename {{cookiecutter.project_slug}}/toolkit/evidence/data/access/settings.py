"""How access is kept and watched (`reference/access.toml`): the roles there are, usual hours, usual volumes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evidence.project import EvidenceError, Project, read_text

WHERE = "reference/access.toml"


@dataclass(frozen=True)
class Settings:
    """What `reference/access.toml` says. Hours are of the day in `zone`; numbers of look-ups and rows are a day's."""

    roles: tuple[str, ...]
    zone: ZoneInfo
    begins: time
    ends: time
    weekends: bool
    look_ups_from: int
    rows_from: int
    earlier_days: int
    times_the_spread: float


def access_settings(project: Project) -> Settings:
    """The settings. Raises EvidenceError when the file is not valid TOML, or a line is missing or cannot be meant."""
    try:
        document = tomllib.loads(read_text(project.path(*WHERE.split("/"))))
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"this is not valid TOML: {error}.", where=WHERE) from None
    return Settings(
        roles=tuple(role.strip().lower() for role in _value(document, "roles", "known", list)),
        zone=_zone(_value(document, "hours", "time_zone", str)),
        begins=_time(document, "from"),
        ends=_time(document, "until"),
        weekends=_value(document, "hours", "weekends", bool),
        look_ups_from=_value(document, "volume", "look_ups_from", int),
        rows_from=_value(document, "volume", "rows_from", int),
        earlier_days=_value(document, "volume", "earlier_days", int),
        times_the_spread=float(_value(document, "volume", "times_the_spread", (int, float))),
    )


def _value(document: dict, section: str, name: str, kind: type | tuple[type, ...]) -> object:
    value = document.get(section, {}).get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {int: "a whole number", str: "text", bool: "true or false", list: "a list of roles"}
        raise EvidenceError(f"{name} must be {words.get(kind, 'a number')}.", where=f"{WHERE}, [{section}]")
    return value


def _time(document: dict, name: str) -> time:
    text = _value(document, "hours", name, str)
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise EvidenceError(f'{name} must be a time of day, such as "07:00".', where=f"{WHERE}, [hours]") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise EvidenceError(
            "there is no such time zone.", where=f"{WHERE}, [hours] time_zone", remedy='For example: "Europe/London".'
        ) from None
