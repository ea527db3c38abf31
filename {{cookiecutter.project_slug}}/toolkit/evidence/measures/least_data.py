"""How little data would do: what coarser data costs a tool, and which of the loaded variables it uses at all."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.measures.estimating import NOT_ESTIMABLE, NOT_ESTIMABLE_BELOW, estimates, truth
from evidence.measures.of_tool import kind, tested_rows
from evidence.project import EvidenceError, give_back_memory

if TYPE_CHECKING:
    from evidence.data import Tables

AS_LOADED = "as loaded"
SAME, WITHIN, BEYOND = "no change", "within chance", "beyond chance"
YES, NO_DIFFERENCE, NO = "yes", "read, but makes no difference", "no"
# Of more rows than these, the tool is tried without each variable on so many children: enough to tell, and quick.
_MANY_ROWS, _TRIED_ON = 20_000, 1000


def deidentification_cost(
    tool: ModuleType, tables: Tables, parameters: Mapping[str, object], fewest_alike: int = 5
) -> pd.DataFrame:
    """What each coarser form of the data does for privacy, and what it costs the tool (6.03, 6.04): index step.

    Privacy, over all children in the data and what may be known of them (`known_of_children`): children, k (the size
    of the smallest group alike), unique (alone in their group), in_small_groups (in one smaller than `fewest_alike`).

    Cost, on the rows that the tool is tested on: n, denominator, percent with low and high (recall of a predictive
    tool, the share with the outcome of the others) and reliability; change (percentage points from the data as
    loaded) with change_low and change_high, from a seeded resampling of the same children; chance (no change, within
    chance, beyond chance, not estimable); same_output (percent of the children of whom the tool says the same, a number
    between 0 and 1 to within 0.01).
    """
    from evidence.data.coarser import known_of_children, steps

    before = tested_rows(tool, _judged(tool, tables, parameters))
    as_loaded = _figure(tool, before, before, parameters)
    found = {AS_LOADED: {**_alike(known_of_children(tables), fewest_alike), **as_loaded}}
    for step, frames in steps(tables):
        # One step at a time, and of each no more than it is judged by: the outputs of all steps are too much to hold.
        found[step] = _alike(known_of_children(tables, frames), fewest_alike)
        if _is_read(tool, tables, frames):
            found[step] |= _figure(tool, before, _output(tool, frames, parameters, before), parameters)
        else:
            found[step] |= as_loaded
        del frames
        give_back_memory(after=len(before))
    table = pd.DataFrame.from_dict(found, orient="index").rename_axis("step")
    return table.astype(dict.fromkeys(("children", "k", "unique", "in_small_groups", "n", "denominator"), "int64"))


def _is_read(tool: ModuleType, tables: Mapping[str, pd.DataFrame], frames: Mapping[str, pd.DataFrame]) -> bool:
    """Whether anything changed in the columns that the tool says it reads; if not, it need not run again."""
    return any(
        frames[name] is not tables[name] and not frames[name][columns].equals(tables[name][columns])
        for name, columns in tool.TABLES.items()
    )


def _judged(tool: ModuleType, frames: Mapping[str, pd.DataFrame], parameters: Mapping[str, object]) -> pd.DataFrame:
    """The columns of the tool's output by which it is judged."""
    output = tool.run(tool.prepare(frames, parameters), parameters)
    columns = (tool.UNIT, tool.PERIOD, tool.OUTCOME, tool.OUTPUT, "used_for")
    return output[[name for name in dict.fromkeys(columns) if name in output]]


def _output(
    tool: ModuleType, frames: Mapping[str, pd.DataFrame], parameters: Mapping[str, object], before: pd.DataFrame
) -> pd.DataFrame | None:
    """The tool's output in the periods that are in `before`."""
    try:
        output = _judged(tool, frames, parameters)
    except EvidenceError:
        # The tool itself says that it cannot work with so little.
        return None
    return output[output[tool.PERIOD].isin(before[tool.PERIOD].unique())]


def _alike(known: pd.DataFrame, fewest: int) -> dict[str, int]:
    from evidence.privacy.anonymity import alike

    group, sizes = alike(known, list(known.columns))
    size = sizes[group]
    return {
        "children": len(known),
        "k": int(sizes.min()) if len(sizes) else 0,
        "unique": int((size == 1).sum()),
        "in_small_groups": int((size < fewest).sum()),
    }


def _figure(
    tool: ModuleType, before: pd.DataFrame, output: pd.DataFrame | None, parameters: Mapping[str, object]
) -> dict[str, object]:
    """The tool's main figure with one form of the data; `before` are the rows it is tested on, as the data was loaded.

    It is about the same children and periods, found again by their names.
    """
    key = [tool.UNIT, tool.PERIOD]
    now = before.iloc[:0] if output is None else output
    now = now.drop_duplicates(key)
    now = before[key].merge(now, on=key, how="left")
    said, says = before[tool.OUTPUT].to_numpy(), now[tool.OUTPUT].to_numpy()
    happened = truth(before[tool.OUTCOME]).to_numpy()
    pair = (said, says) if kind(tool) == "predictive" else (happened, truth(now[tool.OUTCOME]).to_numpy())
    first, then = (truth(pd.Series(values)).to_numpy() for values in pair)
    counted = happened == 1 if kind(tool) == "predictive" else np.ones(len(happened), dtype=bool)
    known = counted & ~np.isnan(first) & ~np.isnan(then)
    row = estimates([then[known].sum()], [known.sum()]).iloc[0].to_dict()
    row |= _change(first[known], then[known], int(parameters["seed"]))
    row["same_output"] = 100 * _share_same(said, says)
    return row


def _change(before: np.ndarray, now: np.ndarray, seed: int, times: int = 2000) -> dict[str, object]:
    """Percentage points from before to now over the same children, with an interval from drawing them again."""
    n = len(before)
    if n < NOT_ESTIMABLE_BELOW:
        return {"change": np.nan, "change_low": np.nan, "change_high": np.nan, "chance": NOT_ESTIMABLE}
    gained, lost = int(((now == 1) & (before == 0)).sum()), int(((now == 0) & (before == 1)).sum())
    drawn = np.random.default_rng(seed).multinomial(n, [gained / n, lost / n, 1 - (gained + lost) / n], size=times)
    low, high = np.percentile(100 * (drawn[:, 0] - drawn[:, 1]) / n, [2.5, 97.5])
    chance = SAME if gained == lost == 0 else WITHIN if low <= 0 <= high else BEYOND
    return {"change": 100 * (gained - lost) / n, "change_low": low, "change_high": high, "chance": chance}


def _share_same(first: np.ndarray, second: np.ndarray) -> float:
    first, second = pd.Series(first), pd.Series(second)
    if pd.api.types.is_float_dtype(first):
        same = np.isclose(first, second.astype("float64"), rtol=0, atol=0.01, equal_nan=True)
    else:
        same = (first.astype("str") == second.astype("str")) & second.notna()
    return float(np.mean(same)) if len(first) else np.nan


# Which variables the tool uses ----------------------------------------------------------------------------------


def minimisation(
    tool: ModuleType,
    tables: Tables,
    parameters: Mapping[str, object],
    read: Mapping[int, Collection[tuple[str, str]]] | None = None,
) -> pd.DataFrame:
    """Variables held against variables used (6.01): index (table, column).

    Columns: role (of the catalogue), loaded (yes, no: for this stage), used (yes, no, "read, but makes no difference";
    empty where it is not loaded), handed_to_stages (the stages that were handed it, by `read`: stage to variables),
    needed_by (the stages that the catalogue names; empty means all).

    Used is what was tried, not what was declared: the tool prepares its rows without the variable, and they are the
    same or not. What it does not declare in TABLES is taken away at once; what it declares, one by one: of many rows
    first for 1,000 children, and where that makes no difference for all.
    """
    said = {(row["table"], row["column"]): row for row in reversed(tables.catalogue.to_dict("records"))}
    unknown = {"role": "not in the catalogue", "needed_by": ""}
    given = set(tables.given)
    used = _used(tool, tables, parameters)
    rows = {}
    for pair in tables.held:
        about = said.get(pair, unknown)
        rows[pair] = {
            "role": about["role"],
            "loaded": YES if pair in given else NO,
            "used": used.get(pair, "") if pair in given else "",
            "handed_to_stages": ", ".join(str(stage) for stage, pairs in sorted((read or {}).items()) if pair in pairs),
            "needed_by": about["needed_by"],
        }
    index = pd.MultiIndex.from_tuples(rows, names=["table", "column"])
    return pd.DataFrame(list(rows.values()), index=index)


def _first_children(tables: Tables) -> dict[str, pd.DataFrame]:
    from evidence.data.rules.rule import among

    keyed = [frame[tables.key] for frame in tables.values() if tables.key in frame]
    if not keyed:
        return dict(tables)
    chosen = pd.Series(pd.unique(pd.concat(keyed).dropna())[:_TRIED_ON])
    return {
        name: frame[among(frame[tables.key], chosen)] if tables.key in frame else frame
        for name, frame in tables.items()
    }


def _used(tool: ModuleType, tables: Tables, parameters: Mapping[str, object]) -> dict[tuple[str, str], str]:
    every = _Trial(tool, dict(tables), parameters)
    many = sum(map(len, tables.values())) > _MANY_ROWS
    some = _Trial(tool, _first_children(tables), parameters) if many else every
    declared = {(name, column) for name, columns in tool.TABLES.items() for column in columns}
    pairs = [(name, column) for name, frame in tables.items() for column in frame]
    others = [pair for pair in pairs if pair not in declared]
    if every.same_without(others):
        found = dict.fromkeys(others, NO)
    else:
        found = {pair: NO if every.same_without([pair]) else YES for pair in others}
    for pair in pairs:
        if pair in declared:
            idle = some.same_without([pair]) and (some is every or every.same_without([pair]))
            found[pair] = NO_DIFFERENCE if idle else YES
    return found


class _Trial:
    """A tool's rows from some data, to be compared with its rows from the same data without some variables."""

    def __init__(self, tool: ModuleType, frames: dict[str, pd.DataFrame], parameters: Mapping[str, object]) -> None:
        self._tool, self._frames, self._parameters = tool, frames, parameters
        self._usual = _fingerprint(tool.prepare(frames, parameters))

    def same_without(self, pairs: list[tuple[str, str]]) -> bool:
        """Whether the rows are the same with these variables (table, column) empty. An error is a difference."""
        without = dict(self._frames)
        for name in {name for name, _ in pairs}:
            columns = [column for table, column in pairs if table == name]
            filled = without[name][columns]
            without[name] = without[name].assign(**filled.where(np.zeros(filled.shape, dtype=bool)))
        try:
            return _fingerprint(self._tool.prepare(without, self._parameters)) == self._usual
        except Exception:  # the team's own code, which may fail in any way without a variable that it needs
            return False


def _fingerprint(frame: pd.DataFrame) -> tuple[object, ...]:
    """What two frames have in common if they are equal: columns, types, and a digest of all that stands in them.

    Of millions of rows two frames are too much to hold at a time.
    """
    give_back_memory(after=len(frame))
    rows = pd.util.hash_pandas_object(frame).to_numpy()
    kinds = [(str(name), str(kind)) for name, kind in frame.dtypes.items()]
    return (*kinds, hashlib.sha256(rows.tobytes()).hexdigest())
