"""The disclosure rules of a project, as `reference/disclosure.toml` states them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from evidence.project import EvidenceError, Project, read_text

WHERE = "reference/disclosure.toml"


@dataclass(frozen=True)
class Rules:
    """Numbers of children from `hide_from` to `hide_to` are shown as `shown_as`; percentages to `decimals` places.

    `fewest_alike`: how many children should be alike in what somebody may know of them before data is passed on.
    """

    hide_from: int = 1
    hide_to: int = 5
    shown_as: str = "c"
    hide_a_second: bool = True
    decimals: int = 1
    fewest_alike: int = 5


def load_rules(project: Project) -> Rules:
    """The rules in `reference/disclosure.toml`.

    Raises EvidenceError when the file is not valid TOML, or a rule is missing or of the wrong kind.
    """
    try:
        document = tomllib.loads(read_text(project.path("reference", "disclosure.toml")))
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"this is not valid TOML: {error}.", where=WHERE) from None
    rules = Rules(
        hide_from=_value(document, "small_numbers", "hide_from", int),
        hide_to=_value(document, "small_numbers", "hide_to", int),
        shown_as=_value(document, "small_numbers", "shown_as", str),
        hide_a_second=_value(document, "totals", "hide_a_second", bool),
        decimals=_value(document, "percentages", "decimals", int),
        fewest_alike=_value(document, "alike", "fewest", int),
    )
    if not 1 <= rules.hide_from <= rules.hide_to:
        raise EvidenceError(
            "hide_from must be 1 or more, and hide_to no less than hide_from.",
            where=f"{WHERE}, [small_numbers]",
            remedy="The usual rule is hide_from = 1 and hide_to = 5.",
        )
    return rules


def _value(document: dict, section: str, name: str, kind: type) -> object:
    value = document.get(section, {}).get(name)
    if type(value) is not kind:
        words = {int: "a whole number", str: "text", bool: "true or false"}[kind]
        raise EvidenceError(f"{name} must be {words}.", where=f"{WHERE}, [{section}]")
    return value
