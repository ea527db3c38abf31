"""How placements of looked-after children are counted, from the tables of an SSDA903 return.

One definition for every tool and every page. `DEFINITION` says it in words; the functions below do what it says.
The tables have the return's columns in upper case, CHILD is a token, DECOM, DEC and DOB are dates.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from evidence.data import NOT_KNOWN, age_band, latest_day, year_reached
from evidence.measures.ssda903_words import (
    CATEGORY_OF_NEED,
    ETHNIC_GROUP,
    OTHER_PLACEMENT,
    PLACEMENT_TYPE,
    SEX,
    age_on,
    words_for,
)
from evidence.project import EvidenceError

DEFINITION = (
    "Children looked after on 31 March, without those in a series of short breaks (legal status V3 or V4). Their "
    "placements in the year from 1 April to 31 March are counted: the one already running on 1 April counts as one, "
    "and each episode that starts with a new placement (reason for new episode S, P or B) counts as one more. A "
    "change of legal status alone (L) and a change with the same carer (T, U) are not new placements. Temporary "
    "placements (T0 to T4) are not counted, nor is the return from one to the same kind of placement with the same "
    "provider. Episodes without a start date or that end before they begin are left out. A row that is there twice "
    "counts once."
)

EPISODE_COLUMNS = ["CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC"]
HEADER_COLUMNS = ["CHILD", "SEX", "DOB", "ETHNIC"]

NEW_PLACEMENT = ["S", "P", "B"]
TEMPORARY = ["T0", "T1", "T2", "T3", "T4"]
SHORT_BREAKS = ["V3", "V4"]

# A year counts as covered when at least this share of the latest year's number of episodes ended in it: a few old
# rows, or one mistyped date, do not make a year.
_COVERED_SHARE = 0.1


def definition(parameters: Mapping[str, object]) -> str:
    """The definition with this run's threshold."""
    return f"{DEFINITION} {parameters['placements_at_least']} or more placements in the year count as unstable."


def need(tables: Mapping[str, pd.DataFrame], wanted: Mapping[str, list[str]]) -> None:
    """Raises EvidenceError when a table or a column that a tool reads is not in the data."""
    for table, columns in wanted.items():
        if table not in tables:
            raise EvidenceError(
                f"the tool reads a table called {table}, and the data has none.",
                where="TABLES in the tool",
                remedy=f"Put {table} into the data folder, or change what the tool reads.",
            )
        missing = [column for column in columns if column not in tables[table]]
        if missing:
            raise EvidenceError(
                f"the tool reads {', '.join(missing)} from {table}, and the data does not have that.",
                where="TABLES in the tool",
                remedy="Check the file's first row and the access rules for this stage.",
            )


def follow_placements(episodes: pd.DataFrame) -> pd.DataFrame:
    """The episodes that count, in order, each with the number of the child's placement it belongs to.

    Returns EPISODE_COLUMNS sorted by child and date, with PLACEMENT: 1, 2, 3 ... within a child, missing while the
    child is in a temporary placement. The order of the rows given makes no difference.
    """
    if "PLACEMENT" in episodes:
        return episodes
    counts = episodes["CHILD"].notna() & episodes["DECOM"].notna() & ~episodes["LS"].isin(SHORT_BREAKS)
    rows = episodes.loc[counts & ~(episodes["DEC"] < episodes["DECOM"]), EPISODE_COLUMNS]
    # Two episodes that start on one day: the one that ended first came first.
    rows = rows.sort_values(["CHILD", "DECOM", "DEC", "RNE", "PLACE", "PLACE_PROVIDER", "LS", "CIN"], ignore_index=True)
    # A row that is there twice now stands below itself.
    rows = rows[~_as_above(rows, EPISODE_COLUMNS)].reset_index(drop=True)

    same_child = _as_above(rows, ["CHILD"])
    temporary = rows["PLACE"].isin(TEMPORARY)
    was_temporary = temporary.shift(fill_value=False) & same_child
    settled = rows[~temporary]
    first = ~_as_above(settled, ["CHILD"])
    same_as_before = _as_above(settled, ["CHILD", "PLACE", "PLACE_PROVIDER"])
    returned = was_temporary[settled.index] & same_as_before & settled["RNE"].isin(["P", "B"])

    # A child's first row opens a placement whatever its code: the return may begin in the middle of one.
    new = first | (settled["RNE"].isin(NEW_PLACEMENT) & ~returned)
    number = new.groupby(first.cumsum()).cumsum()
    rows["PLACEMENT"] = number.reindex(rows.index).astype("Int64")
    return rows


def _as_above(rows: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Whether a row says the same as the one above it in these columns; what is missing in both is the same."""
    same = pd.Series(True, index=rows.index)
    for column in columns:
        number = _numbers(rows[column])
        same &= number == number.shift()
    return same


def _numbers(values: pd.Series) -> pd.Series:
    """A whole number for each different value, the same wherever the value stands in the column."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes
    return pd.Series(pd.factorize(values)[0], index=values.index)


def looked_after_on(episodes: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The episode each child was in on `day`: one row a looked-after child. An episode's DEC is not part of it."""
    rows = follow_placements(episodes)
    running = rows[(rows["DECOM"] <= day) & ~(rows["DEC"] <= day)]
    return running.drop_duplicates("CHILD", keep="last").reset_index(drop=True)


def in_year(episodes: pd.DataFrame, year_end: pd.Timestamp) -> pd.DataFrame:
    """The counted episodes that started in the year ending on `year_end`, or were running on its first day."""
    rows = follow_placements(episodes)
    start = first_day(year_end)
    here = (rows["DECOM"] <= year_end) & ((rows["DECOM"] >= start) | ~(rows["DEC"] <= start))
    return rows[here & rows["PLACEMENT"].notna()]


def placements_in_year(episodes: pd.DataFrame, year_end: pd.Timestamp) -> pd.Series:
    """The number of placements of each child in the year ending on `year_end`, indexed by CHILD.

    A child who was in temporary placements alone all year is not in it.
    """
    different = in_year(episodes, year_end).drop_duplicates(["CHILD", "PLACEMENT"])["CHILD"]
    place, children = pd.factorize(different)
    index = pd.Index(children, name="CHILD")
    return pd.Series(np.bincount(place, minlength=len(index)), index, name="placements").sort_index()


def known_on(episodes: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """What could be known on `day`: later episodes are gone, and an episode that ended later is still running."""
    rows = follow_placements(episodes)
    rows = rows[rows["DECOM"] <= day].copy()
    rows["DEC"] = rows["DEC"].mask(rows["DEC"] > day)
    return rows.reset_index(drop=True)


def first_day(year_end: pd.Timestamp) -> pd.Timestamp:
    """The 1 April on which the year that ends on `year_end` began."""
    return pd.Timestamp(year_end) - pd.DateOffset(years=1) + pd.Timedelta(days=1)


def moves_by_month(episodes: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """How many children moved, month by month, over the years that the data covers: columns month_ending, n, of.

    of: children looked after on the month's last day; n: those of them whose placement began in that month with a move
    from another one (reason P or B). A child's placement on coming into care is no move.
    """
    rows = follow_placements(episodes)
    years = years_covered(rows, parameters)
    # A number is as good as a token to tell children apart, and takes no looking up.
    rows = rows.assign(CHILD=_numbers(rows["CHILD"]))
    begun = rows.dropna(subset=["PLACEMENT"]).drop_duplicates(["CHILD", "PLACEMENT"])
    moved = begun[(begun["PLACEMENT"] > 1) & begun["RNE"].isin(["P", "B"])]
    found = []
    for day in pd.date_range(first_day(years[0]), years[-1], freq="ME"):
        there = looked_after_on(rows, day)["CHILD"]
        in_month = moved.loc[(moved["DECOM"] > day - pd.offsets.MonthEnd(1)) & (moved["DECOM"] <= day), "CHILD"]
        found.append({"month_ending": day, "n": int(there.isin(in_month).sum()), "of": len(there)})
    return pd.DataFrame(found)


def years_covered(episodes: pd.DataFrame, parameters: Mapping[str, object], most: int = 3) -> list[pd.Timestamp]:
    """The year ends, oldest first, that the data covers up to the parameter `year_end`: at most `most`, without a gap.

    An empty `year_end` stands for the last 31 March that the data reaches. Dates after `as_of`, and the highest one
    in a thousand, may be mistyped and reach nothing. Raises EvidenceError when not even one year is covered,
    or the year does not end on 31 March.
    """
    rows = follow_placements(episodes)
    dates = pd.concat([rows["DECOM"], rows["DEC"]]).dropna()
    if parameters.get("as_of"):
        dates = dates[dates <= pd.Timestamp(parameters["as_of"])]
    if dates.empty:
        raise EvidenceError(
            "no episode has dates that can be used.",
            where="table episodes",
            remedy="Check the dates, and the date as_of.",
        )
    latest = latest_day(dates.value_counts())
    last = pd.Timestamp(parameters.get("year_end") or year_reached(latest))
    if (last.month, last.day) != (3, 31):
        raise EvidenceError(
            "the years of the return end on 31 March.",
            where="parameter year_end",
            remedy=f'For example: year_end = "{last.year - 1}-03-31"',
        )
    ended = [int(rows["DEC"].between(first_day(end), end).sum()) for end in _year_ends(last, most)]
    if latest < first_day(last) or rows["DECOM"].min() > last:
        raise EvidenceError(
            f"the data does not reach the year that ends on {last:%d %B %Y}.".replace(" 0", " "),
            where="parameter year_end",
            remedy='Choose a year that the data covers, or "" for the last one it does.',
        )
    covered = [last]
    for end, count in zip(_year_ends(last, most)[1:], ended[1:], strict=True):
        if count == 0 or count < _COVERED_SHARE * ended[0]:
            break
        covered.insert(0, end)
    return covered


def _year_ends(last: pd.Timestamp, most: int) -> list[pd.Timestamp]:
    return [last - pd.DateOffset(years=back) for back in range(most)]


def children_on(tables: Mapping[str, pd.DataFrame], day: pd.Timestamp) -> pd.DataFrame:
    """The children looked after on `day` (a 31 March), one row each, as they were then.

    Columns: child, year_end, sex, age (whole years), age_band, ethnic_group, category_of_need, placement_type,
    placements (in the year up to `day`).
    """
    episodes = follow_placements(tables["episodes"])
    running = looked_after_on(episodes, day)
    # A child who is in the header twice is taken as in the first of the two in the order of their values.
    header = tables["header"][HEADER_COLUMNS]
    if header["CHILD"].duplicated().any():
        header = header.sort_values(HEADER_COLUMNS).drop_duplicates("CHILD")
    rows = running.merge(header, on="CHILD", how="left", validate="one_to_one")
    age = age_on(day, rows["DOB"])
    placements = rows[["CHILD"]].merge(placements_in_year(episodes, day).reset_index(), on="CHILD", how="left")
    return pd.DataFrame(
        {
            "child": rows["CHILD"].astype("str"),
            "year_end": pd.Timestamp(day),
            "sex": words_for(rows["SEX"], SEX),
            "age": age,
            "age_band": age_band(age),
            "ethnic_group": words_for(rows["ETHNIC"], ETHNIC_GROUP),
            "category_of_need": words_for(rows["CIN"], CATEGORY_OF_NEED),
            "placement_type": placement_type(rows["PLACE"]),
            "placements": placements["placements"].fillna(0).astype("int64"),
        }
    )


def placement_type(place: pd.Series) -> pd.Series:
    """The placement's kind in words; codes outside the main kinds are `Other`, blanks `Not known`."""
    return words_for(place, PLACEMENT_TYPE, other=OTHER_PLACEMENT)


def in_steady_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows ordered by what they say and not by the child's token, which differs from one project key to another."""
    columns = [column for column in frame if column != "child"]
    return frame.sort_values([*columns, "child"], ignore_index=True)


def recount(episodes: pd.DataFrame, children: pd.Series, year_end: pd.Timestamp) -> dict[object, int]:
    """The number of placements in the year, counted a second time and in another way: child by child, row by row.

    Slow and plain on purpose: it shares no step with `placements_in_year` beyond the definition, so that a mistake
    in one of them shows. `children` are the tokens to count for.
    """
    start, wanted, stays = first_day(year_end), set(children), {}
    rows = episodes.loc[episodes["CHILD"].isin(wanted), EPISODE_COLUMNS]
    for row in rows.drop_duplicates().to_dict("records"):
        if _counts(row):
            stays.setdefault(row["CHILD"], []).append(row)
    return {child: _recount_one(stays.get(child, []), start, year_end) for child in children}


def _counts(row: dict) -> bool:
    ends_before = pd.notna(row["DEC"]) and pd.notna(row["DECOM"]) and row["DEC"] < row["DECOM"]
    return pd.notna(row["DECOM"]) and not ends_before and row["LS"] not in SHORT_BREAKS


def _recount_one(stays: list[dict], start: pd.Timestamp, year_end: pd.Timestamp) -> int:
    def order(row: dict) -> tuple:
        end = row["DEC"] if pd.notna(row["DEC"]) else pd.Timestamp.max
        codes = (row[name] for name in ("RNE", "PLACE", "PLACE_PROVIDER", "LS", "CIN"))
        return (row["DECOM"], end, *((1, "") if pd.isna(code) else (0, code) for code in codes))

    number, seen, settled, away = 0, set(), None, False
    for row in sorted(stays, key=order):
        if row["PLACE"] in TEMPORARY:
            away = True
            continue
        here = tuple("" if pd.isna(row[name]) else row[name] for name in ("PLACE", "PLACE_PROVIDER"))
        back = away and row["RNE"] != "S" and here == settled
        if settled is None or (row["RNE"] in NEW_PLACEMENT and not back):
            number += 1
        settled, away = here, False
        running = row["DECOM"] < start and (pd.isna(row["DEC"]) or row["DEC"] > start)
        if start <= row["DECOM"] <= year_end or running:
            seen.add(number)
    return len(seen)


def alternatives(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, object]) -> dict[str, tuple]:
    """Other ways in which placements could be counted: words -> (tables, parameters) that count so.

    They show how much of a figure is the definition: one placement fewer or more, and each kind of move that
    `DEFINITION` leaves out counted after all.
    """
    episodes, at_least = tables["episodes"], int(parameters["placements_at_least"])

    def with_codes(column: str, old: list[str], new: str) -> tuple:
        codes = episodes[column].astype("str").mask(episodes[column].isin(old), new)
        changed = episodes.assign(**{column: codes})
        return {**tables, "episodes": changed}, parameters

    ways = {
        f"{number} or more placements": (tables, {**parameters, "placements_at_least": number})
        for number in (at_least - 1, at_least + 1)
        if number > 0
    }
    ways["a move with the same carer counts too"] = with_codes("RNE", ["T", "U"], "P")
    ways["holidays and other temporary placements count too"] = with_codes("PLACE", TEMPORARY, "Z1")
    ways["children in series of short breaks count too"] = with_codes("LS", SHORT_BREAKS, "V2")
    return ways


__all__ = [
    "DEFINITION",
    "EPISODE_COLUMNS",
    "HEADER_COLUMNS",
    "NOT_KNOWN",
    "alternatives",
    "children_on",
    "definition",
    "first_day",
    "follow_placements",
    "in_steady_order",
    "in_year",
    "known_on",
    "looked_after_on",
    "need",
    "placement_type",
    "placements_in_year",
    "recount",
    "years_covered",
]
