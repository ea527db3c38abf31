"""What becomes of each variable when it is loaded, as the catalogue says; nothing stays in clear by accident."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.sources import RawTable
from evidence.data.tables import Table
from evidence.privacy import pseudonymise

# Which identifiers are the same kind of thing in different tables, and the shape they have.
_KINDS = {"UPN": "upn", "FormerUPN": "upn", "URN": "urn", "SW_ID": "worker", "CHILD": "child", "LAchildID": "child"}
_SHAPES = {"upn": shapes.upn_fits, "urn": shapes.urn_fits}
# The return's codes for sex before 2025, in today's letters.
_SEX = {"1": "M", "2": "F", "0": "U", "9": "U"}


def deidentified(name: str, file: str, raw: RawTable, variables: pd.DataFrame, key: bytes) -> Table:
    """The table with every column treated as `variables` (rows of the catalogue) says; columns it lacks are empty.

    A column that is neither in `variables` nor to be kept is not in the result.
    """
    columns, malformed = {}, {}
    rows = len(raw.frame)
    for variable in variables.to_dict("records"):
        column, treatment = variable["column"], variable["treatment"]
        if treatment == "drop":
            continue
        held = column in raw.frame.columns
        values = raw.frame[column] if held else pd.Series([None] * rows, dtype="str", name=column)
        columns[column], misfit = _treated(values, column, treatment, key)
        if misfit is not None:
            malformed[column] = misfit
    index = pd.RangeIndex(rows)
    return Table(
        name=name,
        file=file,
        frame=pd.DataFrame(columns, index=index),
        malformed=pd.DataFrame(malformed, index=index),
        lines=raw.lines,
        held=tuple(raw.frame.columns),
    )


def _treated(values: pd.Series, column: str, treatment: str, key: bytes) -> tuple[pd.Series, pd.Series | None]:
    if treatment == "token":
        kind = _KINDS.get(column, column.lower())
        misfit = shapes.misfits(values, _SHAPES[kind]) if kind in _SHAPES else None
        return _tokens(values, key, kind), misfit
    if treatment in ("date", "month"):
        converted = (shapes.as_dates if treatment == "date" else shapes.as_months)(values)
        return converted, values.notna() & converted.isna()
    if treatment == "number":
        converted = shapes.as_numbers(values)
        return converted, values.notna() & converted.isna()
    if treatment == "area":
        return shapes.as_areas(values), shapes.misfits(values, shapes.postcode_fits)
    if treatment == "code":
        return _as_codes(values, column), None
    return values, None


def _tokens(values: pd.Series, key: bytes, kind: str) -> pd.Series:
    if kind not in ("upn", "urn"):
        return pseudonymise(values, key, kind)
    # "UN1" and "XXXXXXX" stand for "has none"; they are no identifiers and stay as they are.
    none = values.str.upper().str.fullmatch("UN[1-7]|X{5,7}").fillna(False).astype(bool)
    return pseudonymise(values.mask(none), key, kind).where(~none, values)


def _code(text: str) -> str:
    # Spreadsheets turn the code 1 into 1.0 where the column has gaps.
    return re.sub(r"(?<=^\d)\.0+$", "", text.upper())


def _as_codes(values: pd.Series, column: str) -> pd.Series:
    codes, answers = shapes.by_value(values, _code)
    if column.upper() in ("SEX", "GENDER"):
        answers = [_SEX.get(code, code) for code in answers]
    return pd.Series(pd.array([*answers, None], dtype="str").take(np.asarray(codes)), values.index, name=values.name)
