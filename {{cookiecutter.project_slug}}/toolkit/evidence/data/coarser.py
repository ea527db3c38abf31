"""What somebody might know of a child from the loaded data, and the same data made coarser, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from evidence.data.deidentify import each_text
from evidence.data.tables import Tables

Frames = dict[str, pd.DataFrame]
# Treatments that leave something of an identifier: when a child was born, and where it lives.
_LEAVES_SOMETHING = ("month", "age", "area")
EVERYTHING = "all of these together"


def known_of_children(tables: Tables, frames: Frames | None = None) -> pd.DataFrame:
    """One row a child: what somebody might know of it from elsewhere, under the variables' own names.

    These are the variables that the catalogue calls quasi-identifiers, and what is left of births and postcodes. Of
    several rows of a child, the latest counts; of two tables with the same variable, the first. `frames` are the
    tables in another form. Index: the child's token.
    """
    columns: dict[str, pd.Series] = {}
    for name, frame in (frames or dict(tables)).items():
        wanted = [column for column in _quasi_identifiers(tables, name) if column not in columns]
        if tables.key in frame and wanted:
            latest = _latest(tables, name, frame[list(dict.fromkeys([tables.key, *wanted]))])
            columns |= {column: latest[column] for column in wanted}
    children = pd.Index(pd.unique(pd.concat([frame[tables.key] for frame in tables.values() if tables.key in frame])))
    return pd.DataFrame({column: values.reindex(children) for column, values in columns.items()}, index=children)


def _quasi_identifiers(tables: Tables, name: str) -> list[str]:
    rows = tables.variables(name)
    chosen = (rows["role"] == "quasi-identifier") | rows["treatment"].isin(_LEAVES_SOMETHING)
    return list(rows.loc[chosen, "column"])


def _latest(tables: Tables, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The row of each child with the latest date in it, by child."""
    rows = tables.variables(name)
    dates = list(rows.loc[rows["treatment"] == "date", "column"])
    if dates:
        # The dates as they were loaded: a coarser form of them must not choose other rows.
        when = tables[name][dates].max(axis=1)
        frame = frame.loc[when.sort_values(kind="stable", na_position="first").index]
    return frame.dropna(subset=tables.key).drop_duplicates(tables.key, keep="last").set_index(tables.key)


def steps(tables: Tables) -> Iterator[tuple[str, Frames]]:
    """Coarser forms of the data, one after the other: (what was done, in words; table name to frame).

    Births to the quarter, the year, five years; each coded quasi-identifier to its main groups; areas left out; dates
    of events to the month; and births to five years, main groups and no areas together. One value stands for all that
    fall together (the middle of a year, the first code of a main group), so that a tool still reads what it expects.
    Steps that change nothing are left out.
    """
    births = {"the quarter": _quarter, "the year": _year, "five years": _five_years}
    single: dict[str, Callable[[Frames], Frames]] = {
        f"births to {words}": _on_treatment(tables, "month", coarser) for words, coarser in births.items()
    }
    groups = {column: _to_groups(tables, column) for column in _grouped(tables)}
    single |= {f"{column} to main groups": change for column, change in groups.items()}
    areas = _on_treatment(tables, "area", _left_out)
    single |= {"areas left out": areas, "dates of events to the month": _on_treatment(tables, "date", _month)}
    given = dict(tables)
    for words, change in single.items():
        coarse = change(given)
        if any(not coarse[name].equals(given[name]) for name in given):
            yield words, coarse
        # Two forms of large tables are too much to hold at a time.
        del coarse
    together = areas(single["births to five years"](given))
    for change in groups.values():
        together = change(together)
    if any(not together[name].equals(given[name]) for name in given):
        yield EVERYTHING, together


def _on_treatment(tables: Tables, treatment: str, coarser: Callable[[pd.Series], pd.Series]):
    def change(frames: Frames) -> Frames:
        changed = {}
        for name, frame in frames.items():
            rows = tables.variables(name)
            columns = rows.loc[rows["treatment"] == treatment, "column"]
            changed[name] = frame.assign(**{column: coarser(frame[column]) for column in columns})
        return changed

    return change


def _month(dates: pd.Series) -> pd.Series:
    return dates.dt.to_period("M").dt.to_timestamp().astype(dates.dtype)


def _quarter(dates: pd.Series) -> pd.Series:
    return (dates.dt.to_period("Q").dt.to_timestamp() + pd.DateOffset(months=1)).astype(dates.dtype)


def _year(dates: pd.Series) -> pd.Series:
    # The middle of the year, so that ages are wrong as often by being too old as too young.
    return (dates.dt.to_period("Y").dt.to_timestamp() + pd.DateOffset(months=6)).astype(dates.dtype)


def _five_years(dates: pd.Series) -> pd.Series:
    middle = dates.dt.year // 5 * 5 + 2
    days = {"year": middle, "month": 7, "day": 1}
    return pd.to_datetime(pd.DataFrame(days)).astype(dates.dtype) if len(dates) else dates


def _left_out(values: pd.Series) -> pd.Series:
    return values.where(pd.Series(False, index=values.index))


def _grouped(tables: Tables) -> list[str]:
    """The coded quasi-identifiers whose code list puts codes together in main groups."""
    found = []
    for name in tables:
        for row in tables.variables(name).to_dict("records"):
            if (
                row["column"] in _quasi_identifiers(tables, name)
                and len(set(_first_codes(tables, row["code_list"]))) > 1
            ):
                found.append(row["column"])
    return list(dict.fromkeys(found))


def _first_codes(tables: Tables, code_list: str) -> dict[str, str]:
    """Each code of a list to the first code of its main group; empty where the list has no groups."""
    rows = tables.codes
    dataset, table, column = (code_list.split("/") + ["", ""])[:3]
    rows = rows[(rows["dataset"] == dataset) & (rows["table"] == table) & (rows["column"] == column)]
    rows = rows[rows["group"] != ""]
    if rows["group"].nunique() == rows["code"].nunique():
        return {}
    return dict(zip(rows["code"], rows.groupby("group")["code"].transform("first"), strict=True))


def _to_groups(tables: Tables, column: str) -> Callable[[Frames], Frames]:
    def change(frames: Frames) -> Frames:
        changed = dict(frames)
        for name, frame in frames.items():
            row = tables.catalogue[(tables.catalogue["table"] == name) & (tables.catalogue["column"] == column)]
            if column in frame and len(row):
                first = _first_codes(tables, row["code_list"].iloc[0])
                changed[name] = frame.assign(
                    **{column: each_text(frame[column], lambda code, first=first: first.get(code, code))}
                )
        return changed

    return change
