"""What a column seems to hold, guessed from its name and its values, with the reason in words and no value in them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.cataloguing.forenames import FORENAMES
from evidence.data.treatments import free_text

_LONGEST_CODE, _MOST_CODES = 40, 60
_LEAST_FOR_RANGE = 50

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"(\+44|0044|0)[\s().-]*\d(?:[\s().-]*\d){8,9}")
_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", re.IGNORECASE)
_NAME = re.compile(r"[A-Z][a-z]*(?:['’-]?[A-Z]?[a-z]+)*(?:[ ,]+[A-Z][a-z]*(?:['’-]?[A-Z]?[a-z]+)*){0,3}")

# Words in a column's name and what the column is then taken for; the first that fits. Blanks stand around the name.
_NAMED = (
    (r"\bdob\b|birth|\bborn\b|\bbday\b", "direct identifier", "month", "a date of birth"),
    (r"post ?code|\bpost\b|\bpcode\b", "direct identifier", "area", "a postcode"),
    (r"\bupn\b|unique pupil", "direct identifier", "token upn", "a pupil number"),
    (r"\bnhs\b", "direct identifier", "token nhs", "an NHS number"),
    (r"\buln\b|unique learner", "direct identifier", "token uln", "a learner number"),
    (r"\bnino\b|\bni (no|number)\b|national insurance", "direct identifier", "token nino",
     "a National Insurance number"),
    (r"\b(no|num|number|count|total) of\b|\bcount\b", "ordinary", "number", "a number of things"),
    (r"worker|\bsw\b|practitioner|officer|manager|assessor|allocated to|\bauthor\b|\bentered by\b|\breviewer\b|\biro\b",
     "direct identifier", "drop", "a member of staff"),
    (r"\b(uprn|house|street|town|address)\b", "direct identifier", "drop", "an address"),
    (r"\b(child|person|client|pupil|student|young person|mosaic|case|family|la child|swift|ics|carefirst)"
     r" ?(id|ref|reference|no|number|identifier|key)\b|\b(child|person)\b$",
     "direct identifier", "token child", "an identifier of a child"),
    (r"\b(id|urn|identifier|reference|ref|key|guid|uuid)\b", "direct identifier", "token", "an identifier"),
    (r"\b(country|region|la|authority|council|ward|area|district|school|team|provider|organisation|service|setting|group|"
     r"category|file) names?\b", "quasi-identifier", "code", "the name of a place or service"),
    (r"(sur|fore)?names?\b|\baka\b|\balias\b|\binitials\b", "direct identifier", "drop", "a name"),
    (r"phone|mobile|\btel\b|\bfax\b|e?mail|contact (no|number|details)", "direct identifier", "drop",
     "contact details"),
    (r"\bnotes?\b|comments?|narrative|\btext\b|free text|remarks?|details|description|summary|case ?note",
     "direct identifier", "drop", "text that people write"),
    (r"\b(sex|gender|age|ward|area|team|school|district|lsoa|msoa|locality|household|race)\b|local authority|\bla\b|"
     r"ethnic", "quasi-identifier", "code", "something others see or know of a child"),
    (r"disab|religion|faith|\bneeds?\b|abuse|legal|offen|convict|health|language|asylum|uasc|nationality|"
     r"orientation|immigration|pregnan|mental|substance|diagnos", "sensitive", "code", "something sensitive"),
    (r"\bdates?\b", "ordinary", "date", "a date"),
)  # fmt: skip
# UK GDPR article 9 and, with the same weight here, article 10 (offences).
_SPECIAL = re.compile(
    r"ethnic|\brace\b|racial|religio|faith|belief|disab|health|medical|medication|diagnos|gp\b|camhs|\bsen\b|\bsend\b|"
    r"ehcp|\bsdq\b|immunis|vaccin|dental|teeth|autis|mental|self harm|substance|drug|alcohol|pregnan|sexual|"
    r"orientation|trans(gender)?\b|gender identity|convict|offen[cs]|offender|crim|custod|\byot\b|\byjs\b|remand|"
    r"asylum|uasc|nationality|immigration|assessment factor|biometric|genetic|trade union|political"
)


@dataclass(frozen=True)
class Guess:
    """What a column seems to be, in the catalogue's words; `why` says so in words and quotes no value."""

    role: str
    treatment: str
    why: str
    code_list: str = ""
    valid_range: str = ""
    special_category: str = ""

    def row(self) -> dict[str, str]:
        """The cells of the catalogue that it fills."""
        return {name: cell for name, cell in asdict(self).items() if name != "why"}


@dataclass(frozen=True)
class Lists:
    """The code lists there are: name to codes, and those that the catalogue calls special category data."""

    codes: dict[str, set[str]]
    special: frozenset[str] = frozenset()
    # What the catalogue of the returns calls a column of these codes.
    roles: Mapping[str, str] = field(default_factory=dict)


NO_LISTS = Lists({})


def guess(column: str, values: pd.Series, lists: Lists = NO_LISTS) -> Guess:
    """What a column of texts seems to be. The shape of its values counts before its name, both before its variety.

    Where it cannot be told, a column whose values hardly repeat is taken for
    an identifier and is not loaded: better too careful. A person confirms or corrects every guess.
    """
    filled = shapes.evenly(values.dropna()).astype("str")
    words = in_words(column)
    found = _by_shape(words, filled) or _by_name(words, filled) or _by_text(column, filled) or _by_variety(filled)
    role, treatment, why = found
    code_list = _code_list(column, filled, lists.codes) if treatment in ("code", "number") else ""
    if code_list:
        treatment, why = "code", f"{why}; the codes are those of {code_list}"
        role = lists.roles.get(code_list, role) if role == "ordinary" else role
    special = "yes" if _SPECIAL.search(words) or code_list in lists.special else ""
    if special:
        role = "sensitive" if role == "ordinary" else role
        why = f"{why}; {'the codes' if code_list in lists.special else 'its name'} may tell special category data"
    valid = _range(filled) if treatment == "number" else ""
    return Guess(role, treatment, why, code_list, valid, special)


def in_words(column: str) -> str:
    """A column's name as separate words in lower case: `PersonBirthDate`, `person_birth_date`, `Person birth date`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+", " ", column)
    return " ".join(apart.lower().split())


# By the values' shape ----------------------------------------------------------------------------------------------


def _share(counts: pd.Series, fits: Callable[[str], object]) -> float:
    """The share of filled rows whose value fits; counts: value to number of rows."""
    fitting = [bool(fits(value)) for value in counts.index]
    return float(counts[fitting].sum() / counts.sum())


def _digits(text: str) -> str:
    return re.sub(r"[\s-]", "", text)


def nhs_number_fits(text: str) -> bool:
    """Ten digits of which the last is the NHS number's check digit (weights 10 to 2, modulus 11)."""
    digits = _digits(text)
    if not re.fullmatch(r"\d{10}", digits) or len(set(digits)) == 1:
        return False
    check = -sum(int(digit) * weight for digit, weight in zip(digits[:9], range(10, 1, -1), strict=True)) % 11
    return check == int(digits[9])


def uln_fits(text: str) -> bool:
    """Ten digits that meet the learner number's check (weights 10 to 1, remainder 10 on division by 11)."""
    digits = _digits(text)
    if not re.fullmatch(r"[1-9]\d{9}", digits):
        return False
    return sum(int(digit) * weight for digit, weight in zip(digits, range(10, 0, -1), strict=True)) % 11 == 10


def _looks_like_a_name(text: str) -> bool:
    """One to four capitalised words of which one is a common forename."""
    return bool(_NAME.fullmatch(text)) and any(word in FORENAMES for word in re.findall(r"[a-z]+", text.lower()))


# What it is, the test, the least share of rows, role and treatment; the first that fits.
_SHAPES = (
    ("a pupil number (UPN)", lambda text: shapes.upn_fits(text) and text[:2].upper() != "UN", 0.8, "token upn"),
    ("an NHS number", nhs_number_fits, 0.8, "token nhs"),
    ("a learner number (ULN)", uln_fits, 0.8, "token uln"),
    ("a National Insurance number", lambda text: _NINO.fullmatch(_digits(text)), 0.8, "token nino"),
    ("a postcode", shapes.postcode_fits, 0.8, "area"),
    ("an e-mail address", _EMAIL.fullmatch, 0.5, "drop"),
    ("a telephone number", _PHONE.fullmatch, 0.8, "drop"),
)


def _by_shape(words: str, filled: pd.Series) -> tuple[str, str, str] | None:
    counts = filled.value_counts()
    if counts.empty:
        return None
    for what, fits, least, treatment in _SHAPES:
        share = _share(counts, fits)
        if share >= least:
            return "direct identifier", treatment, _looks_like(what, share)
    share = _share(counts, lambda text: re.fullmatch(r"\d{10}", _digits(text)))
    if share >= 0.8:
        return "direct identifier", "token", _looks_like("a number of ten digits, such as an NHS number", share)
    share = float(counts[shapes.as_dates(counts.index.to_series()).notna().to_numpy()].sum() / counts.sum())
    if share >= 0.8:
        if re.search(_NAMED[0][0], words):
            return "direct identifier", "month", f"{_looks_like('a date', share)}, and its name speaks of birth"
        return "ordinary", "date", _looks_like("a date", share)
    share = _share(counts, _looks_like_a_name)
    if share >= 0.3 and not free_text("", filled):
        return "direct identifier", "drop", _looks_like("a person's name", share)
    return None


def _looks_like(what: str, share: float) -> str:
    return f"looks like {what} in {min(99, round(100 * share)) if share < 1 else 100}% of filled rows"


# By name, by text, by variety ----------------------------------------------------------------------------------------


def _by_name(words: str, filled: pd.Series) -> tuple[str, str, str] | None:
    for pattern, role, treatment, what in _NAMED:
        if re.search(pattern, words):
            if treatment == "code" and len(filled) and shapes.as_numbers(filled).notna().mean() > 0.95:
                treatment = "number" if filled.nunique() > 12 else "code"
            if treatment == "code" and free_text("", filled):
                return "direct identifier", "drop", f"its name speaks of {what}, and it holds free text"
            return role, treatment, f"its name speaks of {what}"
    return None


def _by_text(column: str, filled: pd.Series) -> tuple[str, str, str] | None:
    if free_text(column, filled):
        return "direct identifier", "drop", "holds long texts that hardly repeat"
    return None


def _by_variety(filled: pd.Series) -> tuple[str, str, str]:
    different = filled.nunique()
    if len(filled) and shapes.as_numbers(filled).notna().mean() > 0.95:
        if different > 0.9 * len(filled) and len(filled) > 20 and filled.str.fullmatch(r"\d{5,}").all():
            return "direct identifier", "token", "long numbers that hardly repeat, as identifiers do"
        return "ordinary", "number", "holds numbers"
    if not len(filled):
        return "ordinary", "code", "is empty, so nothing can be told of it"
    if different <= _MOST_CODES and (filled.str.len() <= _LONGEST_CODE).all() and different <= max(12, len(filled) / 3):
        return "ordinary", "code", f"holds few different short texts ({different})"
    return "direct identifier", "drop", "holds many different texts, and may name somebody"


# Code lists and ranges -----------------------------------------------------------------------------------------------


def _code_list(column: str, filled: pd.Series, lists: dict[str, set[str]]) -> str:
    """The list whose codes the values are: by its name where the names agree, else only where chance is unlikely."""
    values = filled.str.upper().str.replace(r"(?<=^\d)\.0+$", "", regex=True)
    found = set(values.unique())
    if not found or len(found) > 200:
        return ""
    fitting = []
    for name, codes in lists.items():
        if values.isin(codes).mean() < 0.95:
            continue
        same_name = _squeezed(name.rsplit("/", 1)[-1]) == _squeezed(column)
        covered = len(found & codes) / len(codes)
        if same_name or (len(found & codes) >= 4 and covered >= 0.3):
            fitting.append((same_name, covered, name))
    return max(fitting, key=lambda one: (one[0], one[1]))[2] if fitting else ""


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _range(filled: pd.Series) -> str:
    """Round ends around nearly all values: never the lowest or highest, which may be one child's; "" where unclear."""
    numbers = shapes.as_numbers(filled).dropna()
    if len(numbers) < _LEAST_FOR_RANGE or numbers.nunique() < 5:
        return ""
    low, high = np.percentile(numbers, [1, 99])
    if 1900 <= low and high <= 2100:
        return f"{int(low // 10 * 10)}-{int(high // 10 * 10 + 10)}"
    ends = (0.0 if low >= 0 else -_round_up(-low)), _round_up(high)
    separator = "-" if ends[0] >= 0 else " to "
    return f"{ends[0]:g}{separator}{ends[1]:.12g}" if ends[1] > ends[0] else ""


def _round_up(number: float) -> float:
    """The next round number up: 1, 1.5, 2, 3, 4, 5, 6 or 8 times a power of ten."""
    if number <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(number))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= number * (1 - 1e-9))
