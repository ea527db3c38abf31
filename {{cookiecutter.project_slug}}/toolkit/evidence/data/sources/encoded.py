"""Encoded texts, each different one once and a number for each row: a large file's rows while it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow

LINE = "line of the file"
# So many threads read parts of a file side by side.
THREADS = min(4, os.cpu_count() or 1)


def encoded() -> pyarrow.DataType:
    """What the columns of a CSV file are parsed to, and all are before they are put together."""
    import pyarrow

    return pyarrow.dictionary(pyarrow.int32(), pyarrow.string())


def trimmed(column: pyarrow.DictionaryArray) -> pyarrow.DictionaryArray:
    """Texts without blanks around them, missing where nothing is left; none of the texts is empty or twice there."""
    import pyarrow.compute

    texts = pyarrow.compute.utf8_trim_whitespace(column.dictionary)
    return column if texts.equals(column.dictionary) else encoded_anew(column.indices, texts)


def encoded_anew(places: pyarrow.Array, texts: pyarrow.Array) -> pyarrow.DictionaryArray:
    """For each row the text at its place, missing where that is empty; texts that are alike become one."""
    import pyarrow.compute

    texts = pyarrow.compute.if_else(pyarrow.compute.equal(texts, ""), None, texts)
    return texts.take(places).dictionary_encode()


def narrow(column: pyarrow.DictionaryArray) -> pyarrow.DictionaryArray:
    """The same with numbers of as few bytes as they need; `wide` has them as `encoded` says."""
    import pyarrow

    places = narrowed(column.indices, len(column.dictionary))
    return pyarrow.DictionaryArray.from_arrays(places, column.dictionary, safe=False)


def wide(column: pyarrow.DictionaryArray) -> pyarrow.DictionaryArray:
    """The same with numbers as `encoded` says."""
    import pyarrow

    if column.type.index_type == encoded().index_type:
        return column
    places = column.indices.cast(encoded().index_type)
    return pyarrow.DictionaryArray.from_arrays(places, column.dictionary, safe=False)


def narrowed(numbers: pyarrow.Array, highest: int) -> pyarrow.Array:
    """Whole numbers in as few bytes each as the highest of them needs."""
    import pyarrow

    kinds = ((pyarrow.int8(), 1 << 7), (pyarrow.int16(), 1 << 15), (pyarrow.int32(), 1 << 31))
    return numbers.cast(next((kind for kind, end in kinds if highest < end), pyarrow.int64()))


def as_batch(lines: np.ndarray, columns: Mapping[str, pyarrow.DictionaryArray]) -> pyarrow.RecordBatch:
    """`LINE` and the columns."""
    import pyarrow

    return pyarrow.record_batch([pyarrow.array(lines), *columns.values()], names=[LINE, *columns])


def with_something(batch: pyarrow.RecordBatch, others: Iterable[pyarrow.DictionaryArray]) -> pyarrow.RecordBatch:
    """The batch without the rows that have nothing in any of its columns but `LINE`, and of the other columns."""
    import pyarrow

    empty = np.ones(len(batch), dtype=bool)
    for column in chain(batch.columns[1:], others):
        if not column.null_count:
            return batch
        empty &= column.is_null().to_numpy(zero_copy_only=False)
        if not empty.any():
            return batch
    return batch.filter(pyarrow.array(~empty))
