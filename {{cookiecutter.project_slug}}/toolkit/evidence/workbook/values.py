"""Reading one cell the way a person meant it, whatever a spreadsheet program made of it."""

from __future__ import annotations

import re
from datetime import date, timedelta

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
)}  # fmt: skip
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][\d:.]+Z?)?")
_BRITISH = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})(?: [\d:]+)?")
_MONTH_IN_WORDS = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ \-/]*([A-Za-z]{3,9})\.?,?[ \-/]*(\d{4}|\d{2})")
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
# A spreadsheet counts days from here; it believes that 1900 had a 29 February.
_SERIAL_ZERO = date(1899, 12, 30)


def read_date(text: str) -> date | None:
    """A date written as 30/04/2026, 30-Apr-26, 30 April 2026, 2026-04-30 or a spreadsheet's day number; else None.

    03/04/2026 is the third of April: the day comes first.
    """
    text = text.strip()
    if found := _ISO.fullmatch(text):
        return _day(*found.groups())
    if found := _BRITISH.fullmatch(text):
        day, month, year = found.groups()
        return _day(year, month, day)
    if found := _MONTH_IN_WORDS.fullmatch(text):
        day, month, year = found.groups()
        return _day(year, str(_MONTHS.get(month[:3].lower(), 0)), day)
    if (found := _SERIAL.fullmatch(text)) and _FIRST_SERIAL <= int(found.group(1)) <= _LAST_SERIAL:
        return _SERIAL_ZERO + timedelta(days=int(found.group(1)))
    return None


def is_month_first(text: str) -> bool:
    """True for 04/23/2026: a date only when the month comes first, as American settings write it."""
    found = _BRITISH.fullmatch(text.strip())
    if not found:
        return False
    month, day, year = found.groups()
    return read_date(text) is None and _day(year, month, day) is not None


def _day(year: str, month: str, day: str) -> date | None:
    full_year = int(year) + 2000 if len(year) == 2 else int(year)
    try:
        return date(full_year, int(month), int(day))
    except ValueError:
        return None


def read_number(text: str) -> float | None:
    """A number written as 12500, 12,500.00, £12,500, 0,25 (a comma for the decimal point) or 65% (0.65); else None."""
    text = re.sub(r"[\s£\u00a0]", "", text)
    share = text.endswith("%")
    text = text.rstrip("%")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"-?\d+,\d+", text):
        text = text.replace(",", ".")
    if not re.fullmatch(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return None
    return float(text) / 100 if share else float(text)


def written_number(value: float) -> str:
    """`12500`, `0.65`: no trailing zeros."""
    return str(int(value)) if value == int(value) else f"{value:g}"
