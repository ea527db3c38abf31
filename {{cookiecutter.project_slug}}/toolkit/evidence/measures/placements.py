"""How placements of looked-after children are counted, from the tables of an SSDA903 return.

One definition for every tool and every page. `DEFINITION` says it in words; the functions below do what it says.
The tables have the return's columns in upper case, CHILD is a token, DECOM, DEC and DOB are dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from evidence.data import NOT_KNOWN, age_band, each_text, latest_day, year_reached
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
    here = np.flatnonzero(counts & ~(episodes["DEC"] < episodes["DECOM"]))
    order = {column: in_order_of_values(episodes[column])[here] for column in EPISODE_COLUMNS}
    # Two episodes that start on one day: the one that ended first came first.
    by = ["CHILD", "DECOM", "DEC", "RNE", "PLACE", "PLACE_PROVIDER", "LS", "CIN"]
    sorted_ = np.lexsort([order[column] for column in reversed(by)])
    # A row that is there twice now stands below itself.
    sorted_ = sorted_[~_as_above(*(numbers[sorted_] for numbers in order.values()))]
    child, place, provider = (order[column][sorted_] for column in ("CHILD", "PLACE", "PLACE_PROVIDER"))
    del order
    rows = episodes[EPISODE_COLUMNS].take(here[sorted_]).reset_index(drop=True)

    temporary = rows["PLACE"].isin(TEMPORARY).to_numpy()
    was_temporary = np.append(False, temporary)[:-1] & _as_above(child)
    settled = np.flatnonzero(~temporary)
    reason = rows["RNE"].take(settled)
    first = ~_as_above(child[settled])
    same_as_before = ~first & _as_above(place[settled], provider[settled])
    returned = was_temporary[settled] & same_as_before & reason.isin(["P", "B"]).to_numpy()

    # A child's first row opens a placement whatever its code: the return may begin in the middle of one.
    new = first | (reason.isin(NEW_PLACEMENT).to_numpy() & ~returned)
    number = np.ones(len(rows), dtype=np.int64)
    opened = np.cumsum(new)
    number[settled] = opened - (opened[first] - 1)[np.cumsum(first) - 1]
    rows["PLACEMENT"] = pd.arrays.IntegerArray(number, temporary)
    return rows


def in_order_of_values(values: pd.Series) -> np.ndarray:
    """A number for each value that grows with it, the same for the same value; the missing have the highest."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        numbers = values.cat.codes.to_numpy()
    elif pd.api.types.is_datetime64_dtype(values.dtype):
        # A missing date is the lowest number there is, and what is below that is the highest.
        return values.to_numpy().view(np.int64) - 1
    elif isinstance(values.dtype, pd.StringDtype):
        numbers = _in_order_of_texts(values)
    else:
        numbers, different = pd.factorize(values, sort=True)
        # In fewer bytes they take less room, and are sorted sooner.
        numbers = numbers.astype(np.min_scalar_type(-1 - len(different)))
    # Missing is -1, which is the highest of the numbers without a sign.
    return numbers.view(f"u{numbers.itemsize}")


def _in_order_of_texts(values: pd.Series) -> np.ndarray:
    """The place of each text among the different ones in order, -1 where it is missing."""
    numbers, different = pd.factorize(values)
    # The last one is for what is missing, whose number is -1.
    places = np.full(len(different) + 1, -1, dtype=np.min_scalar_type(-1 - len(different)))
    places[different.argsort()] = np.arange(len(different))
    return places[numbers]


def _as_above(*columns: np.ndarray) -> np.ndarray:
    """Whether a row says the same as the one above it in all of these columns."""
    same = np.ones(len(columns[0]), dtype=bool)
    same[:1] = False
    for numbers in columns:
        same[1:] &= numbers[1:] == numbers[:-1]
    return same


def _numbers(values: pd.Series) -> np.ndarray:
    """A whole number for each different value, the same wherever the value stands in the column."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy()
    return pd.factorize(values)[0]


def looked_after_on(episodes: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The episode each child was in on `day`: one row a looked-after child. An episode's DEC is not part of it."""
    rows = follow_placements(episodes)
    return rows.take(_running_on(rows, _numbers(rows["CHILD"]), day)).reset_index(drop=True)


def _running_on(rows: pd.DataFrame, child: np.ndarray, day: pd.Timestamp) -> np.ndarray:
    """The places of the episodes that run on `day`, the last one of each child."""
    begun, ended, day = rows["DECOM"].to_numpy(), rows["DEC"].to_numpy(), np.datetime64(pd.Timestamp(day))
    running = np.flatnonzero((begun <= day) & ~(ended <= day))
    return running[~pd.Series(child[running]).duplicated(keep="last").to_numpy()]


def in_year(episodes: pd.DataFrame, year_end: pd.Timestamp) -> pd.DataFrame:
    """The counted episodes that started in the year ending on `year_end`, or were running on its first day."""
    rows = follow_placements(episodes)
    return rows[_in_year(rows, year_end)]


def _in_year(rows: pd.DataFrame, year_end: pd.Timestamp) -> np.ndarray:
    start, end = np.datetime64(first_day(year_end)), np.datetime64(pd.Timestamp(year_end))
    begun, ended = rows["DECOM"].to_numpy(), rows["DEC"].to_numpy()
    return (begun <= end) & ((begun >= start) | ~(ended <= start)) & rows["PLACEMENT"].notna().to_numpy()


def placements_in_year(episodes: pd.DataFrame, year_end: pd.Timestamp) -> pd.Series:
    """The number of placements of each child in the year ending on `year_end`, indexed by CHILD.

    A child who was in temporary placements alone all year is not in it.
    """
    children, counted = _of_each_child(episodes, year_end)
    return pd.Series(counted, pd.Index(children, name="CHILD"), name="placements").sort_index()


def number_in_year(children: pd.Series, episodes: pd.DataFrame, year_end: pd.Timestamp) -> pd.Series:
    """The number of placements of each of these children (their tokens) in the year, 0 where there was none."""
    counted_for, counted = _of_each_child(episodes, year_end)
    named = pd.Series(counted_for.astype("str"))
    # Looking texts up in an index would make an object of every one of them.
    together = pd.concat([named, children.astype("str")], ignore_index=True)
    child, different = pd.factorize(together, use_na_sentinel=False)
    numbers = np.zeros(len(different), dtype=np.int64)
    numbers[child[: len(named)]] = counted
    return pd.Series(numbers[child[len(named) :]], index=children.index)


def _of_each_child(episodes: pd.DataFrame, year_end: pd.Timestamp) -> tuple[pd.Index, np.ndarray]:
    """The children with a placement in the year, in no order, and how many each had."""
    rows = follow_placements(episodes)
    child, children = pd.factorize(rows["CHILD"])
    counted = _counted(rows, child, year_end)
    return children[counted > 0], counted[counted > 0]


def _counted(rows: pd.DataFrame, child: np.ndarray, year_end: pd.Timestamp) -> np.ndarray:
    """How many placements each child had in the year, by the child's number in `child`."""
    here = np.flatnonzero(_in_year(rows, year_end))
    number = rows["PLACEMENT"].take(here).to_numpy("int64")
    # The rows of a placement follow each other, but for temporary ones, which are left out here.
    different = here[~_as_above(child[here], number)]
    return np.bincount(child[different], minlength=int(child.max(initial=-1)) + 1)


def known_on(episodes: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """What could be known on `day`: later episodes are gone, and an episode that ended later is still running."""
    rows = follow_placements(episodes)
    rows = rows[rows["DECOM"] <= day].reset_index(drop=True)
    ended = rows["DEC"].to_numpy(copy=True)
    ended[ended > np.datetime64(pd.Timestamp(day))] = np.datetime64("NaT", "us")
    rows["DEC"] = ended
    return rows


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
    begun, ended = rows["DECOM"].to_numpy(), rows["DEC"].to_numpy()
    dates = np.concatenate([begun, ended[~np.isnat(ended)]])
    if parameters.get("as_of"):
        dates = dates[dates <= np.datetime64(pd.Timestamp(parameters["as_of"]))]
    if not len(dates):
        raise EvidenceError(
            "no episode has dates that can be used.",
            where="table episodes",
            remedy="Check the dates, and the date as_of.",
        )
    latest = latest_day(pd.Series(dates).value_counts())
    last = pd.Timestamp(parameters.get("year_end") or year_reached(latest))
    if (last.month, last.day) != (3, 31):
        raise EvidenceError(
            "the years of the return end on 31 March.",
            where="parameter year_end",
            remedy=f'For example: year_end = "{last.year - 1}-03-31"',
        )
    in_years = [
        int(((ended >= np.datetime64(first_day(end))) & (ended <= np.datetime64(end))).sum())
        for end in _year_ends(last, most)
    ]
    if latest < first_day(last) or rows["DECOM"].min() > last:
        raise EvidenceError(
            f"the data does not reach the year that ends on {last:%d %B %Y}.".replace(" 0", " "),
            where="parameter year_end",
            remedy='Choose a year that the data covers, or "" for the last one it does.',
        )
    covered = [last]
    for end, count in zip(_year_ends(last, most)[1:], in_years[1:], strict=True):
        if count == 0 or count < _COVERED_SHARE * in_years[0]:
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
    (found,) = children_on_each(tables, [day])
    return found


def children_on_each(tables: Mapping[str, pd.DataFrame], days: Sequence[pd.Timestamp]) -> Iterator[pd.DataFrame]:
    """What `children_on` gives for each of several days; what they have in common is worked out once."""
    rows = follow_placements(tables["episodes"])
    child = _numbers(rows["CHILD"])
    running = [_running_on(rows, child, day) for day in days]
    # Many an episode runs on several of the days.
    here, place = np.unique(np.concatenate(running), return_inverse=True)
    header = tables["header"]
    said = _place_in(header, rows["CHILD"].take(here))
    born = _at(header["DOB"], said)
    same = {
        "child": rows["CHILD"].take(here).astype("str"),
        "sex": words_for(_at(header["SEX"], said), SEX),
        "ethnic_group": words_for(_at(header["ETHNIC"], said), ETHNIC_GROUP),
        "category_of_need": words_for(rows["CIN"].take(here), CATEGORY_OF_NEED),
        "placement_type": placement_type(rows["PLACE"].take(here)),
    }
    ends = np.cumsum([len(those) for those in running])
    for day, those, end in zip(days, running, ends, strict=True):
        places = place[end - len(those) : end]
        taken = {name: values.array.take(places) for name, values in same.items()}
        age = age_on(day, pd.Series(born.array.take(places)))
        yield pd.DataFrame(
            {
                "child": taken["child"],
                "year_end": pd.Timestamp(day),
                "sex": taken["sex"],
                "age": age,
                "age_band": age_band(age),
                "ethnic_group": taken["ethnic_group"],
                "category_of_need": taken["category_of_need"],
                "placement_type": taken["placement_type"],
                "placements": _counted(rows, child, day)[child[those]],
            }
        )


def placement_began(episodes: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """When the latest placement of each child of `children_on` began, row for row; give it what is `known_on` the day.

    A stay in temporary placements begins with the child's first one.
    """
    rows, first, block, here = _blocks(episodes, day)
    number = rows["PLACEMENT"].to_numpy("int64", na_value=0)
    latest = np.zeros_like(first)
    # Of several rows of a child the last one stays.
    latest[block] = number
    of_latest = np.flatnonzero(number == latest[block])
    begins = of_latest[~_as_above(block[of_latest])]
    return rows["DECOM"].take(begins[block[here]]).reset_index(drop=True)


def care_began(episodes: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """When the latest period of care of each child of `children_on` began, row for row.

    It begins with the child's last episode coded S, or with the first one that the data holds.
    """
    rows, begins, block, here = _blocks(episodes, day)
    started = np.flatnonzero(rows["RNE"].isin(["S"]))
    begins[block[started]] = started
    return rows["DECOM"].take(begins[block[here]]).reset_index(drop=True)


def _blocks(episodes: pd.DataFrame, day: pd.Timestamp) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """The rows, of each child the place of its first one, the child's number beside each, and those running on `day`.

    A child's rows stand together, in order of their dates: going by places needs no group and no look at a token.
    """
    rows = follow_placements(episodes)
    child = _numbers(rows["CHILD"])
    is_first = ~_as_above(child)
    return rows, np.flatnonzero(is_first), np.cumsum(is_first) - 1, _running_on(rows, child, day)


def _place_in(header: pd.DataFrame, children: pd.Series) -> np.ndarray:
    """The place of each child's row in the header, -1 where it is not there.

    A child who is in the header twice is taken as in the first of the two in the order of their values.
    """
    together, different = pd.factorize(pd.concat([header["CHILD"], children], ignore_index=True))
    child, wanted = together[: len(header)], together[len(header) :]
    rows = np.flatnonzero(child >= 0)
    twice = np.bincount(child[rows])[child[rows]] > 1
    if twice.any():
        again = rows[twice]
        order = np.lexsort([in_order_of_values(header[column].take(again)) for column in reversed(HEADER_COLUMNS)])
        again = again[order]
        rows = np.append(rows[~twice], again[~_as_above(child[again])])
    places = np.full(len(different), -1)
    places[child[rows]] = rows
    return places[wanted]


def _at(values: pd.Series, places: np.ndarray) -> pd.Series:
    """The values at these places, missing at -1."""
    return pd.Series(values.array.take(places, allow_fill=True))


def placement_type(place: pd.Series) -> pd.Series:
    """The placement's kind in words; codes outside the main kinds are `Other`, blanks `Not known`."""
    return words_for(place, PLACEMENT_TYPE, other=OTHER_PLACEMENT)


def in_steady_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows ordered by what they say and not by the child's token, which differs from one project key to another."""
    numbers = [in_order_of_values(frame[column]) for column in frame if column != "child"]
    order = np.lexsort(numbers[::-1])
    tied = _as_above(*(one[order] for one in numbers))
    # Rows mostly come in the order of their tokens, and then those that are alike otherwise are in order by now.
    if (tied[1:] & _falls(frame["child"].take(order))).any():
        order = np.lexsort([in_order_of_values(frame["child"]), *numbers[::-1]])
    del numbers, tied
    # Column by column, so that of millions of rows none but one column is held twice where nobody else holds the frame.
    columns = {name: frame[name].array for name in frame}
    del frame
    for name in list(columns):
        columns[name] = columns[name].take(order)
    return pd.DataFrame(columns, copy=False)


def _falls(values: pd.Series) -> np.ndarray:
    """For each value but the first whether it is lower than the one above it; what is missing is the highest."""
    numbers = (
        values.array if pd.api.types.is_string_dtype(values) and not values.hasnans else in_order_of_values(values)
    )
    return np.asarray(numbers[1:] < numbers[:-1], dtype=bool)


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
        codes = each_text(episodes[column], lambda code: new if code in old else code)
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
    "care_began",
    "children_on",
    "children_on_each",
    "definition",
    "first_day",
    "follow_placements",
    "in_steady_order",
    "in_year",
    "known_on",
    "looked_after_on",
    "need",
    "number_in_year",
    "placement_began",
    "placement_type",
    "placements_in_year",
    "recount",
    "years_covered",
]
