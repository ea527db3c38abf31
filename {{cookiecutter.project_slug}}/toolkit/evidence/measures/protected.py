"""Which columns of a tool's rows hold a protected characteristic, told by the words of their names (action 5.10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import ModuleType

import pandas as pd

# Other names that people give a column; all words of one of them have to be in the column's name.
NAMES = {
    "sex": ("sex", "gender", "transgender"),
    "age_band": ("age band", "age bands", "age group", "age groups", "age range", "age bracket", "ageband", "agegroup"),
    "ethnic_group": ("ethnic", "ethnicity", "race", "racial"),
    "disability": ("disability", "disabilities", "disabled"),
    "religion": ("religion", "religious", "faith", "belief"),
    "sexual_orientation": ("sexual orientation", "sexuality"),
    "nationality": ("nationality", "citizenship"),
    "language": ("language", "languages"),
    "pregnancy": ("pregnancy", "pregnant", "maternity"),
    "marital_status": ("marital", "marriage", "married"),
    "area": ("area", "ward", "locality", "district", "neighbourhood", "lsoa", "msoa"),
}
_AGE = ("age", "age in years", "age years")
# With one of these words a name speaks of something else: a crime, a need, somebody else, or where a child is placed.
_OF_SOMETHING_ELSE = {
    "sex": {"offence", "offences", "offender", "offending", "abuse", "exploitation", "education", "worker", "carer"},
    "age_band": {"plan", "plans", "case", "carer", "carers", "worker", "mother", "father", "parent"},
    "religion": {"school", "schools"},
    "language": {"speech", "therapy", "school", "delay"},
    "area": {"placement", "placed", "pl", "school", "work", "worker"},
}
# Where a child lives is compared, and may stand in for a characteristic; it is none itself.
_NOT_PROTECTED = {"area"}


def holds(column: object) -> str:
    """The characteristic that a column's name tells, as `ethnic_group` for `ChildEthnicity`; empty where it tells none.

    Whole words count, so `package` and `age_of_plan` tell no age.
    """
    words = set(_words(column))
    for kind, names in NAMES.items():
        if any(words.issuperset(name.split()) for name in names) and not words & _OF_SOMETHING_ELSE.get(kind, set()):
            return kind
    return ""


def _words(column: object) -> list[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(column))
    return [word for word in re.split(r"[^a-z]+", apart.lower()) if word]


def is_age(column: object) -> bool:
    """Whether a column is called the age itself: `age`, `Age in years`."""
    return " ".join(_words(column)) in _AGE


def columns_of(kind: str, columns: Iterable[object]) -> list:
    """The columns that hold a characteristic, one of the very name before others."""
    return sorted((name for name in columns if holds(name) == kind), key=lambda name: name != kind)


def protected_columns(
    tool: ModuleType, frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None = None
) -> list[str]:
    """The columns of the tool's rows that hold a protected characteristic (5.10).

    The tool's own PROTECTED is the last word. Without one: the columns whose names tell a characteristic (the age
    itself where there is no band), those of GROUPS that the tool leaves out on purpose (LEFT_OUT), and those that the
    catalogue of `tables`, as `load_tables` gives them, marks as special category data.
    """
    if hasattr(tool, "PROTECTED"):
        return [name for name in tool.PROTECTED if name in frame]
    said = [name for kind in NAMES if kind not in _NOT_PROTECTED for name in columns_of(kind, frame)]
    if not columns_of("age_band", frame):
        ages = [name for name in frame if is_age(name)] + [name for name in frame if _words(name)[:2] == ["age", "at"]]
        said += ages[:1]
    said += [name for name in getattr(tool, "LEFT_OUT", ()) if name in tool.GROUPS and name in frame]
    special = _special(tables)
    said += [name for name in frame if " ".join(_words(name)) in special]
    never = {tool.UNIT, tool.PERIOD, tool.OUTCOME, tool.OUTPUT, tool.SCORE, "used_for"}
    return [name for name in dict.fromkeys(said) if name not in never]


def _special(tables: Mapping[str, pd.DataFrame] | None) -> set[str]:
    """The names, in plain words, of columns that the catalogue marks as special category data."""
    catalogue = getattr(tables, "catalogue", None)
    if catalogue is None or "special_category" not in catalogue:
        return set()
    marked = catalogue[(catalogue["special_category"] == "yes") & (catalogue["column"] != "")]
    return {" ".join(_words(name)) for name in marked["column"]} - {""}
