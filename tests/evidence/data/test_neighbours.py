"""Children whose rows, each beside the next, leave nothing to be held against each other in full."""

from __future__ import annotations

import numpy as np
import pyarrow
import pytest

from evidence.data.auditing.neighbours import different, out_of_order, suspects


def lots(rows: list[tuple], at_once: int) -> list[pyarrow.RecordBatch]:
    """Rows of a child and two values, in pieces."""
    kinds = [pyarrow.uint64(), *[pyarrow.string() if isinstance(rows[0][1], str) else pyarrow.int32()] * 2]
    parts = [zip(*rows[begin : begin + at_once], strict=True) for begin in range(0, len(rows), at_once)]
    arrays = [list(map(pyarrow.array, part, kinds)) for part in parts]
    return [pyarrow.record_batch(columns, ["child", "one", "other"]) for columns in arrays]


def overlapping(rows: list[tuple]) -> set[int]:
    """The children of whom a row begins before another has ended that stands before it by its dates."""
    found = set()
    for child in {row[0] for row in rows}:
        taken = None
        for _, begin, end in sorted(
            (row for row in rows if row[0] == child), key=lambda row: (row[1], row[2] is None, row[2] or 0)
        ):
            found |= {child} if taken is not None and begin < taken else set()
            taken = max(taken or end, end) if end is not None and end >= begin else taken
    return found


@pytest.mark.parametrize("at_once", [1, 7, 1000])
@pytest.mark.parametrize("in_order", [True, False])
def test_no_child_is_cleared_whose_rows_overlap(at_once, in_order):
    rng = np.random.default_rng(1)
    for _ in range(50):
        begins = rng.integers(0, 12, 60).tolist()
        ends = [begin + int(rng.integers(-1, 3)) if rng.random() < 0.9 else None for begin in begins]
        rows = list(zip(rng.integers(0, 20, 60).tolist(), begins, ends, strict=True))
        rows = sorted(rows, key=lambda row: row[:2]) if in_order else rows
        assert overlapping(rows) <= set(suspects(lots(rows, at_once), out_of_order).tolist())


def test_children_in_order_are_cleared():
    rows = [(child, 10 * place, 10 * place + 10) for child in range(50) for place in range(3)]
    assert suspects(lots(rows, 1000), out_of_order).tolist() == []
    rows[4] = (1, 10, 21)
    assert suspects(lots(rows, 1000), out_of_order).tolist() == [1]
    assert suspects(lots([*rows, (7, 90, 95)], 1000), out_of_order).tolist() == [1, 7]


def test_a_child_of_whom_different_things_are_said_is_not_cleared_whatever_is_missing_between():
    rows = [(1, "M", None), (1, None, "x"), (1, "F", "x"), (2, "M", "x"), (2, None, None), (2, "M", "x"), (3, "F", "y")]
    assert suspects(lots(rows, 1000), different).tolist() == [1]
    assert set(suspects(lots(rows, 1), different).tolist()) == {1, 2}


def test_without_rows_nobody_is_suspected():
    assert suspects([], different).tolist() == suspects([], out_of_order).tolist() == []
