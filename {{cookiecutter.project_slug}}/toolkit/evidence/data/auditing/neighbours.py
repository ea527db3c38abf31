"""Which children's rows have to be held against each other in full: of most, each row beside the next shows enough.

Rows of a child mostly stand together in a file, in the order of their dates, so that to look at each row and the one
before it clears the child. Whoever is not cleared that way is only suspected: SQL then looks at all rows of those few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow

# So many rows are looked at at a time. A child whose rows two lots share is not cleared.
ROWS_AT_ONCE = 250_000


def suspects(lots: Iterable[pyarrow.RecordBatch], apart: Callable[[pyarrow.RecordBatch], np.ndarray]) -> np.ndarray:
    """The children that are not cleared: whose rows do not stand together, or of which two neighbours are `apart`.

    lots: rows that begin with a number for their child. apart: the children of which two neighbours in a lot do not
    fit together.
    """
    begun, found = [np.zeros(0, dtype=np.uint64)], []
    for lot in lots:
        child = lot.column(0).to_numpy()
        begun += [child[:1], child[1:][child[1:] != child[:-1]]]
        found.append(apart(lot))
    once = np.sort(np.concatenate(begun))
    return np.unique(np.concatenate([once[1:][once[1:] == once[:-1]], *found]))


def out_of_order(lot: pyarrow.RecordBatch) -> np.ndarray:
    """Children of whom a row begins before the one above it ends, or no later than that begins.

    lot: for each row a child, a beginning, and an end where it is known.
    """
    import pyarrow.compute

    child, begins, ends = lot.columns
    later, above = begins.slice(1), max(0, len(lot) - 1)
    before = pyarrow.compute.less_equal(later, begins.slice(0, above))
    within = pyarrow.compute.less(later, ends.slice(0, above)).fill_null(False)
    return _of_one_child(child.to_numpy(), pyarrow.compute.or_(before, within))


def different(lot: pyarrow.RecordBatch) -> np.ndarray:
    """Children of whom two rows say different things, with none between them that says anything.

    lot: for each row a child and what it says in some columns.
    """
    import pyarrow.compute

    found = [np.zeros(0, dtype=np.uint64)]
    for column in lot.columns[1:]:
        child = lot.column(0).to_numpy()[column.is_valid().to_numpy(zero_copy_only=False)]
        said = column.drop_null()
        found.append(
            _of_one_child(child, pyarrow.compute.not_equal(said.slice(1), said.slice(0, max(0, len(said) - 1))))
        )
    return np.concatenate(found)


def _of_one_child(child: np.ndarray, apart: pyarrow.BooleanArray) -> np.ndarray:
    """The children of rows that are apart from the one above, where that is of the same child."""
    return child[1:][(child[1:] == child[:-1]) & apart.to_numpy(zero_copy_only=False)]
