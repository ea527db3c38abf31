"""Refuses a column that is in another form than the catalogue says, so that it is not loaded as if it were empty."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.sources.csv_files import RawTable
from evidence.project import EvidenceError

_LOOKED_AT = 2000
_FEWEST = 3
_DAY_COUNT = re.compile(r"\d{5}(\.\d+)?")
_MONTH_FIRST = re.compile(r"\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}")
_AS_DATES = "Write dates as day/month/year or year-month-day, and export the table again."


def refuse_other_forms(raw: RawTable, where: str, known: pd.DataFrame) -> None:
    """Raises EvidenceError where most of a date or number column (by the catalogue, confirmed) cannot be read as such.

    A few values that cannot be read are no matter for a refusal: they count as missing, and the audit says where they
    are. Judged by up to 2,000 filled values, spread evenly.
    """
    for column, treatment, confirmed in zip(known["column"], known["treatment"], known["confirmed"], strict=True):
        with_a_form = treatment in ("date", "month", "age", "number")
        if confirmed == "yes" and with_a_form and column in raw.frame:
            values = raw.frame[column]
            filled = np.flatnonzero(values.notna())
            filled = filled[:: max(1, len(filled) // _LOOKED_AT)]
            looked_at = values.iloc[filled]
            read = (shapes.as_numbers if treatment == "number" else shapes.as_dates)(looked_at)
            wrong = read.isna().to_numpy()
            if wrong.sum() >= _FEWEST and wrong.mean() > 0.5:
                line = int(raw.lines[filled[wrong][0]])
                raise _refusal(column, treatment, looked_at[wrong], f"{where}, row {line}")


def _refusal(column: str, treatment: str, wrong: pd.Series, where: str) -> EvidenceError:
    if treatment == "number":
        return EvidenceError(
            f"most of what is in the column {column} is no number that can be read; the first one is here.",
            where=where,
            remedy="Write numbers with a point before decimals, and without currency or words (1,234.5 or 1234.5).",
        )
    if _share(wrong, _DAY_COUNT) > 0.5:
        return EvidenceError(
            f"most of the column {column} are numbers as Excel counts days, not dates; the first one is here. "
            "Which day they count from cannot be told.",
            where=where,
            remedy="Format the column as a date before saving, or hand over the .xlsx workbook itself.",
        )
    if _share(wrong, _MONTH_FIRST) > 0.5:
        return EvidenceError(
            f"in the column {column} the month stands before the day; the first one is here.",
            where=where,
            remedy=_AS_DATES,
        )
    return EvidenceError(
        f"most of what is in the column {column} is no date that can be read; the first one is here.",
        where=where,
        remedy=_AS_DATES,
    )


def _share(values: pd.Series, form: re.Pattern) -> float:
    return float(values.str.fullmatch(form).mean())
