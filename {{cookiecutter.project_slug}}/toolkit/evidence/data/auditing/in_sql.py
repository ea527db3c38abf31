"""What `shapes` says of dates, numbers, codes and identifiers, in SQL: for tables that DuckDB reads from files."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.data import shapes
from evidence.data.deidentify import token_kind

# DuckDB's patterns know no look-ahead: every comma stands before exactly three digits.
_NUMBER = r"[+-]?\d+(,\d{3})*(\.\d+(,\d{3})*)?"
# A date as `shapes` has it, from its first year to its last, before a time of day. What follows is made of functions of
# one text alone: DuckDB works them out once for each different text, and not for each row.
_YEAR = "(?:19[0-9]{2}|20[0-9]{2}|2100)"
_DATE = (
    rf"^([0-9]{{1,2}}/[0-9]{{1,2}}/{_YEAR}|{_YEAR}-[0-9]{{2}}-[0-9]{{2}})"
    rf"(?:{shapes.TIME_OF_DAY.pattern.removesuffix('$')})?$"
)
# The shapes of two kinds of identifier.
NUMBERED = {"upn": shapes.UPN, "urn": shapes.URN}


def of_text(text: str, variable: Mapping[str, str]) -> tuple[str, str, str]:
    """The SQL of a variable's value, of whether it cannot be read, and of whether the file has something there."""
    return value(text, variable), unread(text, variable), f"{text} IS NOT NULL"


def value(text: str, variable: Mapping[str, str]) -> str:
    """The SQL of a variable's value from the SQL of its text, by its catalogue row; missing where it cannot be read.

    As `deidentify` has it, but that identifiers stay in clear, areas are the letters alone, and an age is still the
    date of birth: for counting that makes no difference, and none of it leaves DuckDB.
    """
    treatment, column = variable["treatment"], variable["column"]
    if treatment in ("date", "age"):
        return _date(text)
    if treatment == "month":
        return f"date_trunc('month', {_date(text)})::DATE"
    if treatment == "number":
        return f"try_cast(replace({_if_it_fits(text, _NUMBER)}, ',', '') AS DOUBLE)"
    if treatment == "area":
        return f"nullif(regexp_extract({_if_it_fits(f'upper({text})', shapes.POSTCODE.pattern)}, '^[A-Z]+'), '')"
    if treatment == "code":
        return _code(text, column)
    # A token is made of the identifier in upper case.
    return f"upper({text})" if treatment == "token" else text


def unread(text: str, variable: Mapping[str, str]) -> str:
    """The SQL of whether a variable is filled with something that does not have its shape."""
    if kind := numbered(variable):
        return f"coalesce({_if_it_fits(f'upper({text})', NUMBERED[kind].pattern)} = '', false)"
    if has_shape(variable):
        return f"({text} IS NOT NULL AND {value(text, variable)} IS NULL)"
    return "false"


def has_shape(variable: Mapping[str, str]) -> bool:
    """Whether what a variable is filled with can be wrong in itself."""
    return variable["treatment"] in ("date", "month", "age", "number", "area") or bool(numbered(variable))


def numbered(variable: Mapping[str, str]) -> str:
    """`upn` or `urn` where the variable is such an identifier, else nothing."""
    kind = token_kind(variable["column"], variable["how"]) if variable["treatment"] == "token" else ""
    return kind if kind in NUMBERED else ""


def _if_it_fits(text: str, pattern: str) -> str:
    """The text where it has the shape, else an empty one."""
    return f"regexp_extract({text}, '^(?:{pattern})$')"


def _date(text: str) -> str:
    return f"CAST(try_strptime(regexp_extract({text}, '{_DATE}', 1), ['%d/%m/%Y', '%Y-%m-%d']) AS DATE)"


def _code(text: str, column: str) -> str:
    code = rf"regexp_replace(upper({text}), '^(\d)[.]0+$', '\1')"
    if column.upper() not in ("SEX", "GENDER"):
        return code
    return f"CASE {code} WHEN '1' THEN 'M' WHEN '2' THEN 'F' WHEN '0' THEN 'U' WHEN '9' THEN 'U' ELSE {code} END"
