"""Frames and lines of a stream of encoded texts: what repeats is a category, which holds each text once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data.sources.encoded import narrow, wide
from evidence.project import give_back_memory

if TYPE_CHECKING:
    import pyarrow

# So many batches are put together at a time.
_TOGETHER = 64
# A column of no more different texts than this is a category, however few rows there are.
_FEW = 1000


def compact(
    names: Sequence[str], batches: Iterable[pyarrow.RecordBatch], categories: Callable[[int], bool] = lambda rows: True
) -> tuple[pd.DataFrame, np.ndarray]:
    """(frame, lines) of batches that hold the line and then the columns `names` as text.

    categories: whether, with so many rows, columns whose texts repeat become categories.
    """
    columns = [_Column() for _ in names]
    lines = []
    for batch in batches:
        lines.append(batch.column(0).to_numpy())
        for column, texts in zip(columns, batch.columns[1:], strict=True):
            column.add(texts)
    lines = np.concatenate(lines) if lines else np.zeros(0, dtype=np.int64)
    series = {}
    for name in names:
        # Each column is let go as soon as it is made, so that none is held twice.
        series[name] = columns.pop(0).series(categories(len(lines)))
    give_back_memory()
    return pd.DataFrame(series), lines


class _Column:
    """The texts of one column, gathered batch by batch: as a category while they repeat, as text otherwise."""

    def __init__(self) -> None:
        self._pieces: list[pyarrow.Array] = []
        self._waiting: list[pyarrow.Array] = []
        self._repeats = True

    def add(self, texts: pyarrow.Array) -> None:
        if not self._repeats:
            self._pieces.append(texts)
            return
        self._waiting.append(narrow(texts.dictionary_encode()))
        if len(self._waiting) == _TOGETHER:
            # What repeats from batch to batch is held once; a text may be rare in one batch and repeat in the next.
            whole = _as_one(self._waiting)
            self._pieces.append(whole)
            self._waiting = []
            self._repeats = len(whole.dictionary) <= _most_different(len(whole))

    def series(self, categories: bool) -> pd.Series:
        import pyarrow

        self._pieces += self._waiting
        self._waiting = []
        if self._repeats and self._pieces:
            whole = _as_one(self._pieces)
            if categories and len(whole.dictionary) <= _most_different(len(whole)):
                names = pd.Index(whole.dictionary.to_pandas(), dtype=_text())
                codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
                return pd.Series(pd.Categorical.from_codes(codes, dtype=list_of_names(names)))
            self._pieces = [whole]
        texts = [piece.cast(pyarrow.string()) for piece in self._pieces]
        return pyarrow.chunked_array(texts, pyarrow.string()).to_pandas(types_mapper=lambda kind: _text())


def list_of_names(names: pd.Index) -> pd.CategoricalDtype:
    """Different texts as a list of categories."""
    made = pd.CategoricalDtype(names)
    # What pandas looks names up in, made to see that they differ, holds each text once more.
    getattr(made.categories, "_cache", {}).clear()
    return made


def _as_one(pieces: list[pyarrow.DictionaryArray]) -> pyarrow.DictionaryArray:
    """Texts with a dictionary each as texts with one."""
    import pyarrow

    return narrow(pyarrow.chunked_array(list(map(wide, pieces))).unify_dictionaries().combine_chunks())


def _most_different(rows: int) -> int:
    """Up to how many different texts in so many rows a category takes less room than the texts themselves."""
    return max(_FEW, rows * 3 // 4)


def _text() -> pd.StringDtype:
    return pd.StringDtype(na_value=np.nan)
