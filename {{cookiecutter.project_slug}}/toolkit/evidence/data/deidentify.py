"""What becomes of each variable when it is loaded, as the catalogue says; nothing stays in clear by accident."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.cataloguing.catalogues import WHERE
from evidence.data.sources import RawTable
from evidence.data.sources.compact import list_of_names
from evidence.data.tables import Table
from evidence.data.treatments import free_text
from evidence.privacy import token
from evidence.project import EvidenceError, Project, read_text

if TYPE_CHECKING:
    import pyarrow

AREAS = "reference/areas.csv"
ELSEWHERE = "Elsewhere"
# "UN1" and "XXXXXXX" stand for "has none"; they are no identifiers and stay as they are.
_NONE = re.compile("UN[1-7]|X{5,7}")
# The shape that two kinds of identifier have.
_SHAPES = {"upn": shapes.upn_fits, "urn": shapes.urn_fits}
_LETTERS = re.compile("[A-Z]+")
# The return's codes for sex before 2025, in today's letters.
_SEX = {"1": "M", "2": "F", "0": "U", "9": "U"}


@dataclass(frozen=True)
class Means:
    """What de-identifying takes besides the values: the key, the day on which ages are told, and the lookup of areas.

    areas: area by postcode, sector or district, each without blanks and in upper case.
    """

    key: bytes = field(repr=False)
    day: date | None = None
    areas: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def token(self) -> Callable[[str, str], str]:
        """A text and its kind as a token. The last ones are remembered: a child is in most tables of a load."""
        return lru_cache(maxsize=1 << 15)(lambda text, kind: token(text, self.key, kind))


def token_kind(column: str, how: str) -> str:
    """What kind of identifier a token stands for: what the catalogue says (`token child`), else the column's name.

    Two columns of one kind have the same token for the same value, in whatever table or source they are.
    """
    return how.lower() or column.lower()


def deidentified(name: str, file: str, raw: RawTable, variables: pd.DataFrame, means: Means) -> Table:
    """The table with every column treated as `variables` (rows of the catalogue) says; columns it lacks are empty.

    A column that is neither in `variables` nor to be kept is not in the result. What holds categories still does, in
    order. Raises EvidenceError, naming the catalogue's row, for free text or names that nobody has said a need for.
    """
    columns, malformed = {}, {}
    rows = len(raw.frame)
    for variable in variables[["table", "column", "treatment", "how", "code_list"]].to_dict("records"):
        column = variable["column"]
        if variable["treatment"] == "drop":
            continue
        held = column in raw.frame.columns
        values = raw.frame[column] if held else pd.Series([None] * rows, dtype="str", name=column)
        columns[column], misfit = _treated(values, variable, raw.frame, means)
        if misfit is not None:
            malformed[column] = misfit
    index = pd.RangeIndex(rows)
    return Table(
        name=name,
        file=file,
        frame=pd.DataFrame(columns, index=index),
        malformed=pd.DataFrame(malformed, index=index),
        lines=raw.lines,
        held=raw.held,
        files=raw.files,
        years=raw.years,
    )


def _treated(
    values: pd.Series, variable: Mapping[str, str], frame: pd.DataFrame, means: Means
) -> tuple[pd.Series, pd.Series | None]:
    column, treatment, how = variable["column"], variable["treatment"], variable["how"]
    if treatment == "token":
        kind = token_kind(column, how)
        misfit = shapes.misfits(values, _SHAPES[kind]) if kind in _SHAPES else None
        return _tokens(values, means, kind), misfit
    if treatment in ("date", "month", "number"):
        turn = {"date": shapes.as_dates, "month": shapes.as_months, "number": shapes.as_numbers}[treatment]
        converted = turn(values)
        return converted, values.notna() & converted.isna()
    if treatment == "age":
        births = shapes.as_dates(values)
        return _ages(births, _days(variable, frame, means.day)), values.notna() & births.isna()
    if treatment == "area":
        areas = _areas(values, how, means.areas)
        return areas, values.notna() & areas.isna()
    texts = pd.api.types.is_string_dtype(values) or isinstance(values.dtype, pd.CategoricalDtype)
    if not how and not variable["code_list"] and texts and free_text(column, values):
        raise EvidenceError(
            "the column holds names or free text, and those are dropped.",
            where=f"{WHERE}, {variable['table']} {column}",
            remedy="Write drop as its treatment. Where a stage cannot do without it, write `keep because` and the "
            "reason, and the stage's number under needed_by.",
        )
    if treatment == "code":
        return _as_codes(values, column), None
    return (each_text(values, str) if isinstance(values.dtype, pd.CategoricalDtype) else values), None


def each_text(values: pd.Series, what: Callable[[str], str | None]) -> pd.Series:
    """`what` of every different text, once; of categories categories, in alphabetical order."""
    codes, answers = shapes.by_value(values, what)
    if isinstance(values.dtype, pd.CategoricalDtype):
        names, places = in_order(answers)
        made = pd.Categorical.from_codes(np.append(places, -1)[codes], dtype=list_of_names(names))
    else:
        made = pd.array([*answers, None], dtype="str").take(codes)
    return pd.Series(made, index=values.index, name=values.name)


def in_order(texts: Sequence[str | None] | pyarrow.Array) -> tuple[pd.Index, np.ndarray]:
    """The different texts in order, and for each of `texts` its place among them: -1 for none."""
    import pyarrow
    import pyarrow.compute

    coded = pyarrow.array(texts, pyarrow.large_string(), from_pandas=True).dictionary_encode()
    order = pyarrow.compute.sort_indices(coded.dictionary)
    place = np.empty(len(order) + 1, dtype=np.int64)
    place[order.to_numpy()], place[-1] = np.arange(len(order)), -1
    names = pd.Index(coded.dictionary.take(order).to_pandas(types_mapper=lambda kind: pd.StringDtype(na_value=np.nan)))
    return names, place[coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]


def one_list(columns: Sequence[pd.Series]) -> list[pd.Series]:
    """Columns of texts or categories as categories of one list, in alphabetical order."""
    import pyarrow

    coded = [_coded(values) for values in columns]
    names, places = in_order(pyarrow.concat_arrays([texts for _, texts in coded]))
    kind = list_of_names(names)
    begins = np.cumsum([0, *(len(texts) for _, texts in coded)])
    return [
        pd.Series(
            pd.Categorical.from_codes(np.append(places[begin:end], -1)[codes], dtype=kind),
            values.index,
            name=values.name,
        )
        for values, (codes, _), (begin, end) in zip(columns, coded, pairwise(begins), strict=True)
    ]


def _coded(values: pd.Series) -> tuple[np.ndarray, pyarrow.Array]:
    """The place of each value among the different texts (-1 where it is missing), and those texts."""
    import pyarrow

    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, unique = values.cat.codes.to_numpy(), values.cat.categories
    else:
        codes, unique = pd.factorize(values, use_na_sentinel=True)
    return codes, pyarrow.array(unique.to_series(), pyarrow.large_string())


def _tokens(values: pd.Series, means: Means, kind: str) -> pd.Series:
    def tokened(text: str) -> str:
        return text if kind in _SHAPES and _NONE.fullmatch(text.upper()) else means.token(text, kind)

    return each_text(values, tokened)


def _days(variable: Mapping[str, str], frame: pd.DataFrame, day: date | None) -> pd.Series:
    """The day on which each row's age is told: the event that the catalogue names, or the same day for all."""
    event = variable["how"].removeprefix("at ")
    if not event:
        return pd.Series(pd.Timestamp(day), index=frame.index)
    days = shapes.as_dates(frame[event]) if event in frame.columns else None
    # Every age would be missing, and no rule would say why.
    if days is None or (frame[event].notna().any() and days.isna().all()):
        what = "the table has no such column" if days is None else "no date is in that column"
        raise EvidenceError(
            f"the age is to be told at {event}, and {what}.",
            where=f"{WHERE}, {variable['table']} {variable['column']}",
            remedy="Name a column of the same table that holds dates.",
        )
    return days


def _ages(births: pd.Series, days: pd.Series) -> pd.Series:
    """Age in whole years; missing where either date is, or where the child was not born yet."""
    not_yet = (births.dt.month * 100 + births.dt.day) > (days.dt.month * 100 + days.dt.day)
    years = days.dt.year - births.dt.year - not_yet
    return years.where(births.notna() & days.notna() & (years >= 0)).astype("Int64").rename(births.name)


def read_areas(project: Project) -> dict[str, str]:
    """The area of each postcode, sector or district that `reference/areas.csv` lists (columns postcode and area).

    Raises EvidenceError when the file is not there or has no such columns.
    """
    path = project.path(*AREAS.split("/"))
    if not path.is_file():
        raise EvidenceError(
            "the catalogue asks for areas by lookup, and this file is not there.",
            where=AREAS,
            remedy="Save a table with the columns postcode (whole, or its first part such as LS1) and area there, "
            "or write `area` or `area district` in the catalogue.",
        )
    text = read_text(path)
    rows = list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=text.split("\n", 1)[0].count)))
    names = [name.strip().lower() for name in rows[0]] if rows else []
    if not {"postcode", "area"} <= set(names):
        raise EvidenceError("the first line must have the columns postcode and area.", where=f"{AREAS}, line 1")
    at, to = names.index("postcode"), names.index("area")
    filled = [row for row in rows[1:] if len(row) > max(at, to) and row[at].strip() and row[to].strip()]
    return {_squeezed(row[at]): row[to].strip() for row in filled}


def _areas(values: pd.Series, how: str, lookup: Mapping[str, str]) -> pd.Series:
    """Postcodes as the catalogue says; missing where it is no postcode, Elsewhere where the lookup does not list it."""

    def area(text: str) -> str | None:
        if not shapes.postcode_fits(text):
            return None
        code = _squeezed(text)
        if how == "lookup":
            # The whole postcode says most, then its sector (LS1 4), then its district (LS1).
            parts = (code, code[:-2], code[:-3])
            return next((lookup[part] for part in parts if part in lookup), ELSEWHERE)
        return code[:-3] if how == "district" else _LETTERS.match(code)[0]

    return each_text(values, area)


def _squeezed(postcode: str) -> str:
    return "".join(postcode.upper().split())


def _code(text: str) -> str:
    # Spreadsheets turn the code 1 into 1.0 where the column has gaps.
    return re.sub(r"(?<=^\d)\.0+$", "", text.upper())


def _as_codes(values: pd.Series, column: str) -> pd.Series:
    if column.upper() in ("SEX", "GENDER"):
        return each_text(values, lambda text: _SEX.get(_code(text), _code(text)))
    return each_text(values, _code)
