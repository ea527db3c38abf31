"""Identifiers of the right shape that belong to nobody."""

from __future__ import annotations

import numpy as np

# Every number once, in an order that says nothing: the factor has no divisor in common with the range.
_RANGE, _FACTOR = 100_000_000, 61_803_399
# Postcode areas that the Post Office has never given out.
_AREAS = np.array(["ZA", "ZB", "ZC", "ZD", "ZF", "ZG", "ZH", "ZK"])
_UNIT = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))
_UPN_LETTERS = np.array(list("ABCDEFGHJKLMNPQRTUVWXYZ"))


def digits(numbers: np.ndarray, width: int) -> np.ndarray:
    """Whole numbers as text with leading noughts."""
    return np.char.zfill(np.asarray(numbers, dtype=np.int64).astype(str), width)


def child_ids(numbers: np.ndarray) -> np.ndarray:
    """ZZ and eight digits: a shape that no case-management system gives."""
    return np.char.add("ZZ", digits(numbers * _FACTOR % _RANGE, 8))


def unknown_child_id(known: str) -> str:
    """Of the same kind as `child_ids`, and none of them: ZY in place of ZZ."""
    return f"ZY{known[2:]}"


def upns(numbers: np.ndarray) -> np.ndarray:
    """Unique pupil numbers of an authority that does not exist (999), each with a wrong check letter."""
    text = np.char.add("999", digits(numbers * _FACTOR % _RANGE, 9))
    figures = text.astype("U12").view("U1").reshape(-1, 12).astype(np.int64)
    right = (figures * np.arange(2, 14)).sum(axis=1) % 23
    wrong = (right + 1 + numbers % 22) % 23
    return np.char.add(_UPN_LETTERS[wrong], text)


def postcodes(numbers: np.ndarray) -> np.ndarray:
    """Postcodes in areas that do not exist."""
    numbers = numbers.astype(np.int64)
    area = _AREAS[numbers % 8]
    numbers = numbers // 8
    outward = np.char.add(area, (1 + numbers % 20).astype(str))
    numbers = numbers // 20
    inward = np.char.add((numbers % 10).astype(str), _UNIT[numbers // 10 % 20])
    inward = np.char.add(inward, _UNIT[numbers // 200 % 20])
    return np.char.add(np.char.add(outward, " "), inward)


def placement_numbers(numbers: np.ndarray) -> np.ndarray:
    """Seven digits from 99 up, far above any number given to a provider."""
    return np.char.add("99", digits(numbers % 100_000, 5))
