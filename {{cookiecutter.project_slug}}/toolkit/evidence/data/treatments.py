"""What the catalogue may say becomes of a variable (its column `treatment`), and what it may not."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from evidence.data.shapes import evenly
from evidence.project import EvidenceError

TREATMENTS = ("token", "month", "age", "area", "date", "number", "code", "keep", "drop")
# What a direct identifier may become; in clear it leaves the loader only for a stage that has said why it needs it.
SAFE = ("token", "month", "age", "area", "drop")
# The returns' own rules and the counting of placements go by the month of birth.
_BY_MONTH = ("ssda903", "cin")
# What may stand behind a treatment, and how that is written.
_HOW = {
    "token": (r"[a-z][a-z0-9_]*", "`token` and what kind of identifier it is, in one word: `token child`"),
    "age": (r"at \S.*", "`age` (on the last day of the year) or `age at` and a date column of the table"),
    "area": (r"district|lookup", "`area` (the letters), `area district`, or `area lookup` (reference/areas.csv)"),
    "keep": (r"because \S+( \S+){2,}", "`keep`, or `keep because` and the reason in a few words"),
}


def split(text: str) -> tuple[str, str]:
    """The treatment's first word and the rest: `token child`, `age at DECOM`, `area district`, `keep because …`."""
    word, _, how = text.strip().partition(" ")
    return word.lower(), " ".join(how.split())


def check(entry: dict[str, str], where: str) -> None:
    """Raises EvidenceError where a catalogue row's treatment is none, is badly written, or leaves a person in clear.

    entry: the row, with `treatment` and `how` already split. Free text and names become nothing (`drop`), unless the
    row says `keep because …` and names under `needed_by` the stages that cannot do without. Source: action 6.02.
    """
    word, how = entry["treatment"], entry["how"]
    if word not in TREATMENTS:
        raise EvidenceError(
            f'"{word}" is not a treatment.', where=where, remedy=f"Use one of: {', '.join(TREATMENTS)}."
        )
    pattern, written = _HOW.get(word, ("", f"`{word}` alone"))
    if how and not re.fullmatch(pattern, how if word in ("age", "keep") else how.lower()):
        raise EvidenceError(f'"{word} {how}" cannot be understood.', where=where, remedy=f"Write {written}.")
    if word == "age" and entry["source"] in _BY_MONTH:
        raise EvidenceError(
            "the return's rules and its counts need the month of birth, not the age.",
            where=where,
            remedy="Use month; the tool works the age out from it.",
        )
    if entry["role"] == "direct identifier" and word not in SAFE and not how:
        raise EvidenceError(
            "a direct identifier cannot be loaded in clear.",
            where=where,
            remedy=f"Use one of: {', '.join(SAFE)}. Where a stage cannot do without a name or free text, write "
            "`keep because` and the reason, and the stage's number under needed_by.",
        )
    if word == "keep" and how and not re.search(r"\d", entry["needed_by"]):
        raise EvidenceError(
            "it is kept for a reason, and no stage is named that needs it.",
            where=where,
            remedy="Write the stage's number under needed_by. No other stage gets it.",
        )


def for_stage(variables: pd.DataFrame, stage: int | None) -> pd.DataFrame:
    """The rows of a table's variables that a stage may have; without a stage (a command), all but those kept in clear.

    A variable with nothing under `needed_by` is for every stage.
    """
    needed = variables["needed_by"].str.findall(r"\d+")
    if stage is None:
        return variables[~kept_in_clear(variables)]
    return variables[[not numbers or str(stage) in numbers for numbers in needed]]


def kept_in_clear(rows: pd.DataFrame | Mapping[str, str]) -> pd.Series | bool:
    """Which rows of the catalogue (or whether one) keep names or free text because a stage has said why it must."""
    return (rows["treatment"] == "keep") & (rows["how"] != "")


_MOST_LABELS = 60


def free_text(column: str, values: pd.Series) -> bool:
    """Whether texts look like sentences, or like people's names: many different ones that are long, or named so.

    A few dozen labels, however long, are a list and not free text. Looks at up to 20,000 filled rows, spread evenly.
    """
    filled = evenly(values.dropna()).astype("str")
    different = pd.Series(filled.unique())
    if len(filled) < 10 or (len(different) <= _MOST_LABELS and len(different) <= len(filled) / 2):
        return False
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", column).lower()
    lettered = different.str.contains(r"[A-Za-z]{2}", regex=True).mean() > 0.5
    if lettered and re.search(r"name\b|\bnotes?\b|comment|free ?text|narrative", words):
        return True
    long = (different.str.count(r"\S+") >= 5) | (different.str.len() > 60)
    return bool(long.mean() > 0.2)
