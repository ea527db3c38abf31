"""Disclosure control of a table that is about to be shown: no small number, and none that can be worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from numbers import Real

import numpy as np
import pandas as pd

from evidence.privacy.recovery import Cell, System
from evidence.privacy.rules import Rules
from evidence.project import EvidenceError

# Names of an index level that say how the rows of a table belong together.
CHARACTERISTIC = ("characteristic", "group_by")
MEASURE = "measure"
SEPARATE = ("column", "rule", "figure", "step", "definition")
# Two rows of a table, by their positions.
_Pair = tuple[int, int]
_PERCENT = ("%", "per cent", "percent")


@dataclass(frozen=True)
class Protected:
    """`table`: safe to show, hidden cells are the text of the rules ("c"). `hidden`: how many. `note`: why, in words.

    `total_safe` is False where every number is so small that even the total of the table would give them away.
    """

    table: pd.DataFrame
    hidden: int
    note: str
    total_safe: bool = True


def protect(
    frame: pd.DataFrame,
    counts: Sequence[str] | None = None,
    parts: Mapping[str, str] | None = None,
    plain: Sequence[str] = (),
    rules: Rules | None = None,
    who: Mapping[str, Sequence[AbstractSet]] | None = None,
) -> Protected:
    """`frame` with every small number of children hidden, and with it whatever else would give it away.

    frame: one row a category, the index its label or labels. counts: the columns that are numbers of children (default:
    every whole-number column not in `plain`). parts: {"moved": "children"} where `moved` counts some of `children`; the
    others, `children` less `moved`, are protected too. plain: columns that have nothing to do with numbers of children.
    Any other numeric column (a percentage, a rate, a mean) is hidden in each row in which a count is hidden.

    An index whose first label is called `characteristic` holds several tables of the same children, one below the
    other, and with more labels after the group's, such as a period, one for each of these. With a label called
    `measure`, every number of a block is hidden where one of them is small. The rows of one whose last label is
    `column`, `rule`, `figure`, `step` or `definition` add up to nothing.

    who: where the rows count the same children in several ways, for each count column the children that each row
    counts. Where all of one row are among those of another, the others of the larger one are a group too (3 or more
    placements less 4 or more are those with exactly 3), so two such rows are not shown together where that group is
    small. As few rows as possible are hidden for it, the first one last of all.

    What a reader is taken to know: every shown cell, the total of each count column, with several labels also the total
    of each label, that noughts are shown, and that a part is no more than its whole. With that, no hidden number can be
    worked out. Where hiding other numbers does not achieve it (six categories of one child each), noughts are hidden
    too, and in the last resort `total_safe` is False. Raises EvidenceError for a count that is negative or not whole,
    or a column that does not exist. Source: action 6.02.
    """
    rules = rules or Rules()
    parts = dict(parts or {})
    counts = _count_columns(frame, counts, parts, plain)
    numbers = _numbers(frame, counts)
    hidden = {name: _small(values, rules) for name, values in numbers.items()}
    for part, whole in parts.items():
        hidden[part] |= _small(numbers[whole] - numbers[part], rules)
    if who:
        _hide_nearly_alike(who, numbers, parts, hidden, rules)
    total_safe = True
    if MEASURE in frame.index.names:
        total_safe = _hide_in_blocks(frame.index, numbers, parts, hidden, rules)
    elif rules.hide_a_second and frame.index.names[-1] not in SEPARATE:
        total_safe = _hide_others(_lines(frame.index), numbers, parts, hidden)
    return _shown(frame, hidden, _derived(frame, counts, plain), total_safe, rules)


def _count_columns(frame: pd.DataFrame, counts, parts: Mapping[str, str], plain: Sequence[str]) -> list[str]:
    if counts is None:
        kinds = frame.dtypes.items()
        counts = [name for name, kind in kinds if pd.api.types.is_integer_dtype(kind) and name not in plain]
    named = list(dict.fromkeys([*counts, *parts.values(), *parts]))
    missing = [name for name in [*named, *plain] if name not in frame.columns]
    if missing:
        raise EvidenceError(f"the table has no column {missing[0]}.", where="disclosure control of a table")
    if not frame.columns.is_unique:
        raise EvidenceError("two columns have the same name.", where="disclosure control of a table")
    return named


def _numbers(frame: pd.DataFrame, counts: list[str]) -> dict[str, np.ndarray]:
    """The counts as floats, so that a missing one can be told from a nought."""
    numbers = {}
    for name in counts:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        filled = values[~np.isnan(values)]
        if (filled < 0).any() or (filled != np.floor(filled)).any():
            raise EvidenceError(
                f"{name} is not a number of children: it holds negative or broken numbers.",
                where="disclosure control of a table",
                remedy="Name the columns that count children in `counts`, and the others in `plain`.",
            )
        numbers[name] = values
    return numbers


def _small(values: np.ndarray, rules: Rules) -> np.ndarray:
    return (values >= rules.hide_from) & (values <= rules.hide_to)


def _hide_nearly_alike(who, numbers: dict[str, np.ndarray], parts: dict[str, str], hidden, rules: Rules) -> None:
    """Hides the fewest rows after which no two are shown of which one counts a few children more than the other."""
    close = set()
    for (row, many, children), (other, beside, others) in combinations(_in_sight(who, numbers, parts, hidden), 2):
        if row != other and _small(abs(many - beside), rules) and (children <= others or others <= children):
            close.add((min(row, other), max(row, other)))
    # The first row stands on other pages too, so whatever is close to it goes.
    beside_first = {other for one, other in close if one == 0}
    for row in beside_first | _fewest_rows({pair for pair in close if not beside_first & set(pair)}):
        for name, column in hidden.items():
            column[row] = not np.isnan(numbers[name][row])


def _in_sight(who, numbers, parts, hidden) -> list[tuple[int, float, AbstractSet]]:
    """Each group of children whose number is shown, or is left over from two that are: (row, how many, children)."""
    found = [
        (row, numbers[name][row], children)
        for name in who
        for row, children in enumerate(who[name])
        if not hidden[name][row]
    ]
    for part, whole in parts.items():
        rows = np.flatnonzero(~hidden[part] & ~hidden[whole]) if part in who and whole in who else ()
        found += [(row, numbers[whole][row] - numbers[part][row], who[whole][row] - who[part][row]) for row in rows]
    return found


def _fewest_rows(pairs: AbstractSet[_Pair]) -> set[int]:
    """The fewest rows of which every pair holds one; of several such choices one that leaves earlier rows."""
    if not pairs:
        return set()
    rows = [row for pair in pairs for row in pair]
    row = max(rows, key=lambda one: (rows.count(one), one))
    beside = {other for pair in pairs if row in pair for other in pair} - {row}
    # Either the row goes, or it stays and all that it is in a pair with go.
    goes = {row} | _fewest_rows({pair for pair in pairs if row not in pair})
    if len(beside) == 1:
        return goes
    return min(goes, beside | _fewest_rows({pair for pair in pairs if not beside & set(pair)}), key=len)


def _lines(index: pd.Index) -> list[np.ndarray]:
    """The sets of rows whose total a reader may know: all rows, and with several labels those of each label.

    Where the first label is a characteristic, its groups add up to all children: those of each period and measure
    apart, and rows of different characteristics to nothing.
    """
    if index.names[0] in CHARACTERISTIC:
        return _rows_of_each(index.droplevel(1) if index.nlevels > 2 else index.get_level_values(0))
    lines = [np.ones(len(index), dtype=bool)]
    for level in range(index.nlevels) if index.nlevels > 1 else ():
        # A label that stands in one row alone has no total of its own: that total would be the cell.
        lines.extend(rows for rows in _rows_of_each(index.get_level_values(level)) if rows.sum() > 1)
    return lines


def _rows_of_each(labels: pd.Index) -> list[np.ndarray]:
    codes = pd.factorize(labels, use_na_sentinel=False)[0]
    return [codes == code for code in range(codes.max(initial=-1) + 1)]


def _hide_in_blocks(index: pd.Index, numbers: dict[str, np.ndarray], parts, hidden, rules: Rules) -> bool:
    """Hides blocks of measures until none can be worked out. False where that cannot be reached by hiding."""
    blocks = _rows_of_each(index.droplevel(MEASURE) if index.nlevels > 1 else pd.Index([0] * len(index)))
    in_lines = rules.hide_a_second and index.names[0] in CHARACTERISTIC
    lines = _lines(index) if in_lines else []
    while True:
        _hide_whole_blocks(blocks, numbers, hidden)
        if not in_lines:
            return True
        before = sum(column.sum() for column in hidden.values())
        safe = _hide_others(lines, numbers, parts, hidden)
        if sum(column.sum() for column in hidden.values()) == before:
            return safe


def _hide_whole_blocks(blocks: list[np.ndarray], numbers: dict[str, np.ndarray], hidden: dict[str, np.ndarray]) -> None:
    """Measures of the same children are made of the same few counts: where one is small, all of them give it away."""
    for rows in blocks:
        if any(column[rows].any() for column in hidden.values()):
            for name, column in hidden.items():
                column[rows] = ~np.isnan(numbers[name][rows])


def _hide_others(
    lines: list[np.ndarray], numbers: dict[str, np.ndarray], parts: dict[str, str], hidden: dict[str, np.ndarray]
) -> bool:
    """Hides more until no hidden number can be worked out. False where that cannot be reached by hiding."""
    partitions = _partitions(numbers, parts)
    while True:
        _hide_together(lines, numbers, parts, hidden)
        system = System(lines, numbers, parts, partitions, hidden)
        exposed = system.exposed()
        if not exposed:
            return True
        if not _hide_next(lines, numbers, parts, partitions, hidden, exposed):
            return False


def _partitions(numbers: dict[str, np.ndarray], parts: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Wholes whose parts add up to them in every row: (whole, parts)."""
    found = []
    for whole in dict.fromkeys(parts.values()):
        pieces = [part for part, of in parts.items() if of == whole]
        if len(pieces) > 1 and np.array_equal(sum(numbers[piece] for piece in pieces), numbers[whole], equal_nan=True):
            found.append((whole, pieces))
    return found


def _hide_together(
    lines: list[np.ndarray], numbers: dict[str, np.ndarray], parts: dict[str, str], hidden: dict[str, np.ndarray]
) -> None:
    """Where a whole is hidden, so are its parts: they would bound it. With several labels, also the other way round."""
    several = len(lines) > 1
    changed = True
    while changed:
        changed = False
        for part, whole in parts.items():
            for one, other in ((whole, part), (part, whole)) if several else ((whole, part),):
                more = hidden[one] & (numbers[other] > 0) & ~hidden[other]
                hidden[other] |= more
                changed |= bool(more.any())


def _hide_next(lines, numbers, parts, partitions, hidden, exposed: list[Cell]) -> bool:
    """Hides one more cell beside an exposed one: the smallest number in a line with it, or at last a nought."""
    for smallest in (1, 0):
        options = []
        for column, row in exposed:
            for line in lines:
                if line[row]:
                    rows = np.flatnonzero(line & ~hidden[column] & (numbers[column] >= smallest))
                    options.extend((numbers[column][other], column, other) for other in rows)
            for whole, pieces in partitions:
                if column in pieces and not hidden[whole][row]:
                    options.extend(
                        (numbers[piece][row], piece, row)
                        for piece in pieces
                        if not hidden[piece][row] and numbers[piece][row] >= smallest
                    )
        if options:
            order = list(numbers)
            _, column, row = min(options, key=lambda option: (option[0], order.index(option[1]), option[2]))
            hidden[column][row] = True
            return True
    return False


def _derived(frame: pd.DataFrame, counts: list[str], plain: Sequence[str]) -> list[str]:
    return [name for name in frame.columns if name not in counts and name not in plain and _holds_numbers(frame[name])]


def _holds_numbers(column: pd.Series) -> bool:
    """Also a column of which some numbers are hidden already and stand there as text."""
    if pd.api.types.is_object_dtype(column):
        return any(map(_is_number, column))
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _rounded(column: pd.Series, rules: Rules) -> pd.Series:
    if not pd.api.types.is_object_dtype(column):
        return column.round(rules.decimals)
    return column.map(lambda value: round(value, rules.decimals) if _is_number(value) else value)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not np.isnan(value)


def _shown(
    frame: pd.DataFrame, hidden: dict[str, np.ndarray], derived: list[str], total_safe: bool, rules: Rules
) -> Protected:
    table = frame.copy()
    rows = np.any(list(hidden.values()), axis=0) if hidden else np.zeros(len(frame), dtype=bool)
    for name in derived:
        if any(word in str(name).lower() for word in _PERCENT):
            table[name] = _rounded(table[name], rules)
    masks = hidden | {name: rows & frame[name].notna().to_numpy() for name in derived if rows.any()}
    for name, mask in masks.items():
        if mask.any():
            values = table[name].astype(object).to_numpy(copy=True)
            values[mask] = rules.shown_as
            table[name] = pd.Series(values, table.index, dtype=object)
    count = int(sum(mask.sum() for mask in masks.values()))
    return Protected(table, count, _note(count, total_safe, rules), total_safe)


def _note(count: int, total_safe: bool, rules: Rules) -> str:
    if not count:
        return ""
    cells = "1 cell is" if count == 1 else f"{count:,} cells are"
    note = (
        f"{cells} shown as {rules.shown_as}: a number of children from {rules.hide_from} to {rules.hide_to}, "
        "or a number from which one of those could be worked out. A nought is a true nought."
    )
    if not total_safe:
        note += " The total of this table must not be shown either: with it the hidden numbers could be worked out."
    return note
