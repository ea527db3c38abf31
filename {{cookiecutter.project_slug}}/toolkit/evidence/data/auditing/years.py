"""What is recorded when: how many events a day and a year, and the last year that the data covers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from evidence.data.auditing.counting import ROWS_COUNTED, FileTables, counted, of_different, views
from evidence.data.auditing.own_rules import begins_and_ends
from evidence.data.sources.duck import quoted
from evidence.data.tables import Tables

# The columns that say up to when a return's data reaches, of the tables that every return has.
_EVENTS = {
    "ssda903": (("episodes", "DECOM"), ("episodes", "DEC")),
    "cin": (("referrals", "CINreferralDate"), ("referrals", "CINclosureDate")),
}
# The highest one in a thousand dates are the likeliest to be mistyped.
_BELIEVED = 0.999
# A year counts as covered from this share of the last year's events: a few mistyped dates do not make a year.
_COVERED_SHARE = 0.1
_GRACE = pd.Timedelta(days=31)


def days(tables: Tables) -> pd.DataFrame:
    """One row a day on which something is dated: table, event (a date column, births apart), day, events."""
    return tables.remember("days", lambda: _days(tables))


def _days(tables: Tables) -> pd.DataFrame:
    counts = _days_in_files(tables) if isinstance(tables, FileTables) else _days_in_frames(tables)
    parts = [found.assign(table=name, event=column) for name, column, found in counts]
    columns = ["table", "event", "day", "events"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _dated(tables: Tables) -> Iterator[tuple[str, str]]:
    for name in tables:
        variables = tables.variables(name)
        yield from ((name, column) for column in variables.loc[variables["treatment"] == "date", "column"])


def _days_in_frames(tables: Tables) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for name, column in _dated(tables):
        events = tables[name][column].value_counts().sort_index()
        yield name, column, pd.DataFrame({"day": events.index, "events": events.to_numpy()})


def _days_in_files(tables: FileTables) -> Iterator[tuple[str, str, pd.DataFrame]]:
    with views(tables) as connection:
        for name, column in _dated(tables):
            day, rows, events = f"CAST({quoted(column)} AS TIMESTAMP)", quoted(name), "count(*)"
            if counted(tables, name, column):
                rows, events = of_different(tables, name, column), f"sum({ROWS_COUNTED})::BIGINT"
            found = connection.execute(
                f"SELECT {day} AS day, {events} AS events FROM {rows} WHERE {quoted(column)} IS NOT NULL "
                "GROUP BY day ORDER BY day"
            ).df()
            yield name, column, found


def activity(tables: Tables) -> pd.DataFrame:
    """Events by year: table, event (a date column), year (ending 31 March), events; years without one are left out."""
    found = days(tables)
    if found.empty:
        return pd.DataFrame(columns=["table", "event", "year", "events"])
    year = found["day"].dt.year + (found["day"].dt.month > 3)
    return found.assign(year=year).groupby(["table", "event", "year"], sort=False)["events"].sum().reset_index()


def last_year_end(tables: Tables, as_of: date | None = None) -> date:
    """The last 31 March the data covers: what `year_end = ""` means. Without any date it is 31 March 2026.

    Dates after `as_of` count for nothing. See `year_reached` and `latest_day`.
    """
    found = days(tables)
    if wanted := _EVENTS.get(tables.source):
        found = found[np.logical_or.reduce([_is_event(found, *pair) for pair in wanted])]
    if as_of is not None:
        found = found[found["day"] <= pd.Timestamp(as_of)]
    if found.empty:
        return date(2026, 3, 31)
    return year_reached(latest_day(found.groupby("day")["events"].sum()))


def _is_event(found: pd.DataFrame, table: str, event: str) -> pd.Series:
    return (found["table"] == table) & (found["event"] == event)


def latest_day(events: pd.Series) -> pd.Timestamp:
    """The latest day of `events` (how many there are, indexed by day), leaving aside the highest one in a thousand."""
    running = events.sort_index().cumsum()
    return running.index[running > int((running.iloc[-1] - 1) * _BELIEVED)][0]


def year_reached(latest: pd.Timestamp) -> date:
    """The last 31 March that data up to this day covers; a day up to a month before one completes its year."""
    reach = latest + _GRACE
    this_year = date(reach.year, 3, 31)
    return this_year if reach.date() >= this_year else date(reach.year - 1, 3, 31)


def span(tables: Tables, name: str) -> tuple[str, str]:
    """The earliest and latest month of any date of a table, as text, leaving aside one in a thousand at either end."""
    found = days(tables)
    running = found[found["table"] == name].groupby("day")["events"].sum().sort_index().cumsum()
    if running.empty:
        return "", ""
    total = running.iloc[-1]
    places = (int(total * (1 - _BELIEVED)), int((total - 1) * _BELIEVED))
    return tuple(running.index[running > place][0].strftime("%Y-%m") for place in places)


def comparable_years(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """`activity` for the years up to `year_end` that the data covers without a gap, to hold one against another.

    A year counts as covered from a tenth of the last year's events. A table of spells with a beginning and an end
    covers the years in which spells ended: of earlier years it has only the spells that lasted. Source: action 3.06.
    """
    last = pd.Timestamp(year_end or last_year_end(tables)).year
    recorded = activity(tables)
    parts = []
    for (name, event), part in recorded.groupby(["table", "event"], sort=False):
        ends = [end for begin, end in begins_and_ends(tables.variable_rows(name)) if begin == event]
        judged = recorded[(recorded["table"] == name) & (recorded["event"] == (ends[0] if ends else event))]
        parts.append(part[part["year"].isin(_covered(judged.set_index("year")["events"], last))])
    return pd.concat(parts, ignore_index=True) if parts else recorded


def _covered(events: pd.Series, last: int) -> list[int]:
    years = []
    while events.get(last - len(years), 0) > _COVERED_SHARE * events.get(last, 0):
        years.append(last - len(years))
    return years
