"""Facts about the tool, read from `project.toml`."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from evidence.project.errors import EvidenceError
from evidence.project.files import read_text

CHOICES = {
    "analytics_type": ("descriptive", "diagnostic", "predictive"),
    "output_about": ("area", "cohort", "individual"),
    "data_source": ("sample", "ssda903", "cin", "annex_a", "own"),
}
_PLACES = {
    "title": ("tool", "title"),
    "purpose": ("tool", "purpose"),
    "analytics_type": ("tool", "analytics_type"),
    "output_about": ("tool", "output_about"),
    "council": ("council", "name"),
    "council_code": ("council", "code"),
    "council_three_digit_code": ("council", "three_digit_code"),
    "team": ("people", "team"),
    "accountable_owner": ("people", "accountable_owner"),
    "data_source": ("data", "source"),
    "template_version": ("template", "version"),
}
_UNANSWERED = re.compile(r"\{\{\s*cookiecutter\.(\w+)[^}]*\}\}")


@dataclass(frozen=True)
class Facts:
    """What `project.toml` says of the tool. Every field is text; `council_code` is empty for the fictional council."""

    title: str
    purpose: str
    analytics_type: str
    output_about: str
    council: str
    council_code: str
    council_three_digit_code: str
    team: str
    accountable_owner: str
    data_source: str
    template_version: str
    # Where the access log lies, if not in the project's own folder logs/.
    access_log: str = ""
    # Where the database is whose tables the catalogue names; empty where there is none.
    database_address: str = ""

    @property
    def council_is_fictional(self) -> bool:
        return not self.council_code


def read_facts(root: Path) -> Facts:
    """The facts in `root/project.toml`.

    Raises EvidenceError when the file is not valid TOML, lacks a fact, or holds a choice that does not exist.
    """
    path = root / "project.toml"
    try:
        document = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"this is not valid TOML: {error}.", where="project.toml") from None
    facts = Facts(**{name: _text(document, place) for name, place in _PLACES.items()})
    if document["data"].get("access_log"):
        facts = replace(facts, access_log=_text(document, ("data", "access_log")))
    if document.get("database"):
        facts = replace(facts, database_address=_text(document, ("database", "address")))
    if _UNANSWERED.search(facts.title):
        facts = _with_default_answers(facts, root.parent / "cookiecutter.json")
    for name, allowed in CHOICES.items():
        if getattr(facts, name) not in allowed:
            section, key = _PLACES[name]
            raise EvidenceError(
                f'"{getattr(facts, name)}" is not one of the choices.',
                where=f"project.toml, [{section}] {key}",
                remedy=f"Use one of: {', '.join(allowed)}.",
            )
    return facts


def _text(document: dict, place: tuple[str, str]) -> str:
    section, key = place
    value = document.get(section, {}).get(key)
    if not isinstance(value, str):
        raise EvidenceError(f"[{section}] {key} is missing.", where="project.toml", remedy=f'Add a line: {key} = "..."')
    return value


def _with_default_answers(facts: Facts, questions: Path) -> Facts:
    """The template's own notebooks run in place: each question that nobody was asked has its default answer."""
    defaults = json.loads(read_text(questions))
    filled = {"database_address": facts.database_address}
    for name in _PLACES:
        question = _UNANSWERED.search(getattr(facts, name))
        answer = defaults.get(question.group(1), "") if question else getattr(facts, name)
        answer = answer[0] if isinstance(answer, list) else answer
        filled[name] = "" if name.endswith("_code") and question else str(answer)
    return Facts(**filled)
