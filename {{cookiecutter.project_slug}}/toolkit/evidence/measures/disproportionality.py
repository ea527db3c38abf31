"""Who is there more often than their share: the relative rate index, in the data and against a population (5.09)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data import NOT_KNOWN
from evidence.measures import intervals
from evidence.measures.estimating import NOT_ESTIMABLE_BELOW, by_each, in_order, reliability
from evidence.measures.protected import columns_of, holds
from evidence.project import EvidenceError, read_text

if TYPE_CHECKING:
    from evidence.privacy import Rules

CHARACTERISTICS = ("ethnic_group", "sex", "age_band", "disability", "area")
_NO, _UNKNOWN = ("none", "no", "n", "0", "false"), ("unknown", "not known", "not recorded", "u", "")
EVERYONE_ELSE = "everyone else"
# The groups that others are compared with where there are enough in them; elsewhere it is everyone else.
REFERENCE = {"ethnic_group": "White"}
PER = 10_000
# A table of people of one's own.
OWN_COLUMNS = ("characteristic", "group", "population")
RATIOS = ("ratio", "ratio_low", "ratio_high")
# How a table of disproportionality is protected, so that it hides what the tables of the same children hide.
PROTECTION = {"counts": ["in_group"], "parts": {"n": "in_group"}, "plain": ["population"]}


def disproportionality(
    frame: pd.DataFrame,
    outcome: str,
    groups: Sequence[str],
    reference: Mapping[str, str] = REFERENCE,
    rules: Rules | None = None,
) -> pd.DataFrame:
    """The relative rate index within the data: index (characteristic, group).

    A group's share with the outcome over that of the reference group, or of everyone else in the data. Columns as
    `estimates`, and ratio with ratio_low and ratio_high (1 is no difference; log scale; missing where either side has
    fewer than NOT_ESTIMABLE_BELOW children or none with the outcome), compared_with. Where the reference group's own
    figures would be hidden, its ratios would give them away: then the others are compared with everyone else.
    """
    from evidence.measures.words import shown

    table = by_each(frame, outcome, groups)
    seen = set(shown(table, rules).index)
    parts = []
    for name, part in table.groupby(level="characteristic", sort=False):
        wanted = _reference_of(str(name), reference)
        part, wanted = part.copy(), wanted if (name, wanted) in seen else ""
        n, of = part["n"], part["denominator"]
        _add_ratios(part, n, of, *_other(n, of, name, wanted), wanted)
        parts.append(part)
    return pd.concat(parts)


def against_population(
    frame: pd.DataFrame,
    outcome: str,
    population: pd.DataFrame,
    reference: Mapping[str, str] = REFERENCE,
    rules: Rules | None = None,
) -> pd.DataFrame:
    """The relative rate index of being in the data at all: index (characteristic, group), those of `population`.

    population: index (characteristic, group), column population (people). A characteristic of the population is that
    of the column that holds it, under whatever name (`ethnic group` that of `ethnicity`), and is called as the column
    is. Columns n (children with the outcome), in_group (children), population, per_10000 (children in the data for
    10,000 people) with low and high (Wilson), ratio with ratio_low and ratio_high, compared_with, reliability. A group
    of the data that the population does not name (`Not known`) has no rate.
    """
    from evidence.measures.words import shown

    parts = []
    for called in population.index.unique("characteristic"):
        column = _column_of(str(called), frame)
        if not column:
            continue
        name = column.replace("_", " ")
        here = by_each(frame, outcome, [column])
        seen = set(shown(here, rules).index)
        people = population.loc[[called], "population"].rename(index={called: name}, level="characteristic")
        index = pd.MultiIndex.from_tuples(
            [(name, group) for group in in_order({*here.index.get_level_values(1), *people.index.get_level_values(1)})],
            names=["characteristic", "group"],
        )
        part = here.reindex(index)[["n", "denominator"]].fillna(0).astype("int64")
        part = part.rename(columns={"denominator": "in_group"})
        # Nobody can be more often in the data than there are people: such a population is not that of these children.
        part["population"] = people.reindex(index).astype("Int64")
        wanted = _reference_of(name, reference)
        wanted = wanted if (name, wanted) in seen else ""
        parts.append(_against_people(part, name, wanted))
    columns = ["n", "in_group", "population", "per_10000", "low", "high", *RATIOS, "compared_with", "reliability"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def _reference_of(name: str, reference: Mapping[str, str]) -> str:
    """The reference group of a characteristic: under its own name, or under that of the kind its name tells."""
    return reference.get(name.replace(" ", "_")) or reference.get(holds(name), "")


def _column_of(name: str, frame: pd.DataFrame) -> str:
    """The column that holds a characteristic of a population; empty where none does."""
    same = [column for column in frame if str(column).replace("_", " ") == name]
    return next(iter(same or columns_of(name.replace(" ", "_"), frame)), "")


def _against_people(part: pd.DataFrame, name: str, wanted: str) -> pd.DataFrame:
    counted = part["population"].notna() & (part["population"] >= part["in_group"])
    n, people = part["in_group"].where(counted, 0), part["population"].where(counted, 0).astype("float64")
    low, high = intervals.wilson(n, people)
    enough = (people >= NOT_ESTIMABLE_BELOW) & counted
    part["per_10000"] = (PER * n / people.where(people > 0)).where(enough)
    part["low"], part["high"] = (np.where(enough, PER * end, np.nan) for end in (low, high))
    _add_ratios(part, n, people, *_other(n, people, name, wanted), wanted)
    part["reliability"] = reliability(people)
    return part


def _other(n: pd.Series, of: pd.Series, name: str, wanted: str) -> tuple[np.ndarray, np.ndarray]:
    """What each group is compared with: the reference group, or all groups but itself."""
    if not wanted:
        return (n.sum() - n).to_numpy(float), (of.sum() - of).to_numpy(float)
    return tuple(np.repeat(float(values[(name, wanted)]), len(values)) for values in (n, of))


def _add_ratios(part: pd.DataFrame, n, of, other_n: np.ndarray, other: np.ndarray, wanted: str) -> None:
    enough = (np.asarray(of, float) >= NOT_ESTIMABLE_BELOW) & (other >= NOT_ESTIMABLE_BELOW)
    itself = part.index.get_level_values("group") == wanted
    for name, values in zip(RATIOS, intervals.rate_ratio(n, of, other_n, other), strict=True):
        part[name] = np.where(enough & ~itself, values, np.nan)
    part["compared_with"] = np.where(itself, "is the reference", wanted or EVERYONE_ELSE)


# Characteristics ------------------------------------------------------------------------------------------------


def with_characteristics(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame], unit: str) -> pd.DataFrame:
    """The rows with columns `disability` and `area` where they have none and the data holds them for children (5.09).

    tables: as `load_tables` gives them. Disability is read from columns so called: recorded where any code of the child
    says so. Area is the child's own, from the last row of a column that the catalogue turns into an area; where a child
    is placed is not where it comes from. Children of whom nothing is recorded are `Not known`.
    """
    catalogue = getattr(tables, "catalogue", None)
    if catalogue is None:
        return frame
    found = {"disability": _by_child(tables, _tells_disability, _disability), "area": _by_child(tables, _tells_area)}
    for name, values in found.items():
        if not columns_of(name, frame) and frame[unit].isin(values.index).any():
            frame = frame.assign(**{name: frame[unit].map(values).fillna(NOT_KNOWN)})
    return frame


def not_there(frame: pd.DataFrame) -> list[str]:
    """Which of the five characteristics the rows have no column of, under whatever name, in words."""
    return [name.replace("_", " ") for name in CHARACTERISTICS if not columns_of(name, frame)]


def _tells_disability(variable: Mapping[str, str]) -> bool:
    return "disab" in variable["column"].lower()


def _tells_area(variable: Mapping[str, str]) -> bool:
    placed = variable["column"].lower().startswith(("pl_", "placement"))
    return variable["treatment"].split(" ")[0] == "area" and not placed


def _disability(values: pd.Series) -> pd.Series:
    """Codes in words: `a) Yes` or `LD` is a disability, `NONE` or `No` is none, what is unknown is missing."""
    text = values.astype("str").str.lower().str.replace(r"^\w\) *", "", regex=True).str.strip()
    words = np.where(text.isin(_NO), "None recorded", "Recorded")
    return pd.Series(words, index=values.index).mask(values.isna() | text.isin(_UNKNOWN))


def _by_child(
    tables: Mapping[str, pd.DataFrame], wanted: Callable, into: Callable = lambda values: values
) -> pd.Series:
    """One value a child: of the columns that are wanted, the last in order of date, a disability before none."""
    parts = []
    for name, frame in tables.items():
        for variable in tables.variables(name).to_dict("records") if tables.key in frame else ():
            if wanted(variable):
                dates = [one for one in frame if pd.api.types.is_datetime64_any_dtype(frame[one])]
                rows = frame.sort_values(dates[0], kind="stable") if dates else frame
                parts.append(into(rows.set_index(tables.key)[variable["column"]]).dropna().astype("str"))
    if not parts:
        return pd.Series(dtype="str")
    values = pd.concat(parts)
    recorded = values[values == "Recorded"]
    last = values[~values.index.duplicated(keep="last")]
    return recorded[~recorded.index.duplicated()].combine_first(last)


# Populations ------------------------------------------------------------------------------------------------------


def is_population(frame: pd.DataFrame) -> bool:
    """Whether a table, read as text, is one of people: the ONS's by ethnic group, or one's own layout."""
    return set(OWN_COLUMNS) <= set(frame) or _ons_columns(frame) is not None


def _ons_columns(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    code = next((name for name in frame if name.lower().endswith("local authorities code")), None)
    group = next((name for name in frame if name.startswith("Ethnic group") and not name.endswith("Code")), None)
    return (code, group, "Observation") if code and group and "Observation" in frame else None


def population_of(frame: pd.DataFrame, council_code: str, ethnic_groups: Mapping[str, str], where: str) -> pd.DataFrame:
    """People by group: index (characteristic, group), column population (whole numbers).

    frame: a table that `is_population`, as text. Of the ONS's table the rows of the council (nine characters), its
    groups brought together as `ethnic_groups` says: label of the table -> group; a label with no group is left out.
    Empty where the council is not in it. Raises EvidenceError for a label that is not in the mapping and a number
    that is none.
    """
    ons = _ons_columns(frame)
    if ons is None:
        rows = pd.DataFrame({"characteristic": frame["characteristic"], "group": frame["group"]})
        rows["population"] = _people(frame["population"], where)
        rows["characteristic"] = rows["characteristic"].str.replace("_", " ")
    else:
        code, group, number = ons
        frame = frame[frame[code] == council_code]
        unknown = sorted(set(frame[group].dropna()) - set(ethnic_groups))
        if unknown:
            raise EvidenceError(
                f'"{unknown[0]}" is not one of the groups that reference/ethnic_groups.csv brings together.',
                where=where,
                remedy="Add a line for it.",
            )
        rows = pd.DataFrame({"characteristic": "ethnic group", "group": frame[group].map(ethnic_groups)})
        rows["population"] = _people(frame[number], where)
        rows = rows[rows["group"] != ""]
    return rows.groupby(["characteristic", "group"], sort=False)[["population"]].sum()


def _people(values: pd.Series, where: str) -> pd.Series:
    numbers = pd.to_numeric(values.astype("str").str.replace(",", ""), errors="coerce")
    if numbers.isna().any() or (numbers < 0).any() or (numbers != numbers.round()).any():
        raise EvidenceError("a number of people is not a whole number.", where=where)
    return numbers.astype("int64")


def read_ethnic_groups(path: Path) -> dict[str, str]:
    """The labels of the ONS's twenty ethnic groups and the five that figures are shown by: label -> group."""
    return {row["label"]: row["group"] for row in csv.DictReader(io.StringIO(read_text(path)))}
