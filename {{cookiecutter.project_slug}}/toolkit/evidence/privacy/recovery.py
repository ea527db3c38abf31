"""Whether a hidden number can be worked out: looks for another table that a reader could not tell apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# A cell of the table: the column's name and the row's position.
Cell = tuple[str, int]


class System:
    """What a reader knows of the hidden cells: sums that must hold, and bounds.

    A hidden cell is safe when some other table of whole numbers agrees with everything the reader knows and differs in
    that cell. Such tables are looked for among small shifts between hidden cells: the null space of the known sums, and
    its vectors taken two at a time. Finding one proves the cell safe; finding none counts as exposed, so a mistake here
    hides too much, never too little.
    """

    def __init__(
        self,
        lines: list[np.ndarray],
        numbers: Mapping[str, np.ndarray],
        parts: Mapping[str, str],
        partitions: list[tuple[str, list[str]]],
        hidden: Mapping[str, np.ndarray],
    ) -> None:
        self.cells: list[Cell] = [(name, int(row)) for name in numbers for row in np.flatnonzero(hidden[name])]
        self._place = {cell: i for i, cell in enumerate(self.cells)}
        self._true = np.array([int(numbers[name][row]) for name, row in self.cells], dtype=np.int64)
        # Noughts are shown, so a reader knows that a hidden number is at least 1, unless noughts are hidden too.
        nought_hidden = {name: bool((hidden[name] & (numbers[name] == 0)).any()) for name in numbers}
        self._low = np.array([0 if nought_hidden[name] else 1 for name, _ in self.cells], dtype=np.int64)
        self._sums = self._known_sums(lines, partitions, hidden)
        self._bounds = self._known_bounds(numbers, parts)

    def _known_sums(self, lines, partitions, hidden) -> np.ndarray:
        rows = []
        for name in hidden:
            for line in lines:
                rows.append({self._place[name, row]: 1 for row in np.flatnonzero(line & hidden[name])})
        for whole, pieces in partitions:
            for row in range(len(hidden[whole])):
                terms = {self._place[piece, row]: 1 for piece in pieces if hidden[piece][row]}
                if terms and hidden[whole][row]:
                    terms[self._place[whole, row]] = -1
                rows.append(terms)
        matrix = np.zeros((len(rows), len(self.cells)), dtype=np.int64)
        for i, terms in enumerate(rows):
            for place, sign in terms.items():
                matrix[i, place] = sign
        return np.unique(matrix[matrix.any(axis=1)], axis=0)

    def _known_bounds(self, numbers, parts) -> tuple[np.ndarray, np.ndarray]:
        """Rows A and limits b with A @ cells <= b: a part is no more than its whole, a whole no less than its part."""
        rows, limits = [], []
        for part, whole in parts.items():
            for row in range(len(numbers[whole])):
                of_part, of_whole = self._place.get((part, row)), self._place.get((whole, row))
                if of_part is None and of_whole is None:
                    continue
                terms = np.zeros(len(self.cells), dtype=np.int64)
                limit = 0
                if of_part is None:
                    limit -= _whole(numbers[part][row])
                else:
                    terms[of_part] = 1
                if of_whole is None:
                    limit += _whole(numbers[whole][row])
                else:
                    terms[of_whole] = -1
                rows.append(terms)
                limits.append(limit)
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.cells)), np.array(limits, dtype=np.int64)

    def exposed(self) -> list[Cell]:
        """The hidden cells for which no other table was found, in order."""
        if not self.cells:
            return []
        shifts = self._shifts()
        safe = self._moved_by(shifts)
        if not safe.all() and len(shifts) > 1:
            for i, shift in enumerate(shifts[:-1]):
                if safe.all():
                    break
                safe |= self._moved_by(np.concatenate([shift + shifts[i + 1 :], shift - shifts[i + 1 :]]))
        return [cell for cell, fine in zip(self.cells, safe, strict=True) if not fine]

    def _moved_by(self, shifts: np.ndarray) -> np.ndarray:
        """Which cells some allowed shift changes."""
        both = np.concatenate([shifts, -shifts])
        tables = self._true + both
        allowed = (tables >= self._low).all(axis=1)
        matrix, limits = self._bounds
        if len(limits):
            allowed &= (tables @ matrix.T <= limits).all(axis=1)
        return (both[allowed] != 0).any(axis=0)

    def _shifts(self) -> np.ndarray:
        """Whole-number shifts of the hidden cells that leave every known sum as it is, one a row."""
        count = len(self.cells)
        reduced, pivots = _reduced(self._sums)
        shifts = []
        for free in (i for i in range(count) if i not in set(pivots)):
            shift = np.zeros(count)
            shift[free] = 1
            shift[pivots] = -reduced[: len(pivots), free]
            whole = np.rint(shift).astype(np.int64)
            if not (self._sums @ whole).any():
                shifts.append(whole)
        return np.array(shifts, dtype=np.int64).reshape(-1, count)


def _whole(value: float) -> int:
    return 0 if np.isnan(value) else int(value)


def _reduced(matrix: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The reduced row echelon form, and the columns of its pivots."""
    rows = matrix.astype(float)
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        at = len(pivots)
        if at == len(rows):
            break
        best = at + int(np.abs(rows[at:, column]).argmax())
        if abs(rows[best, column]) < 1e-9:
            continue
        rows[[at, best]] = rows[[best, at]]
        rows[at] /= rows[at, column]
        others = np.arange(len(rows)) != at
        rows[others] -= np.outer(rows[others, column], rows[at])
        pivots.append(column)
    return rows, pivots
