"""The real identifying values of a project's inputs, held so that they can be looked for and never be shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

# Shorter identifiers would be found in every page number and every count.
SHORTEST = 5


class Secrets:
    """Identifying values by kind. Printing it, or an error about it, shows how many there are and never one of them.

    kinds: "child identifier", "UPN", "placement number", "postcode", "date of birth", "name", "worker". Values
    shorter than five characters are counted in `too_short` and not looked for.
    """

    __slots__ = ("_births", "_postcodes", "_words", "too_short")

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._postcodes: set[str] = set()
        self._births: set[date] = set()
        self.too_short = 0

    def add(self, kind: str, values: Iterable[str]) -> None:
        """Takes identifiers, names or postcodes (kind "postcode"); blanks and missing values are passed over."""
        for value in values:
            text = str(value).strip().upper()
            if kind == "postcode":
                text = text.replace(" ", "")
            if len(text) < SHORTEST:
                self.too_short += bool(text)
            elif kind == "postcode":
                self._postcodes.add(text)
            else:
                self._words.setdefault(text, kind)

    def add_births(self, days: Iterable[date]) -> None:
        self._births.update(days)

    def __len__(self) -> int:
        return len(self._words) + len(self._postcodes) + len(self._births)

    def __repr__(self) -> str:
        return f"<Secrets: {len(self):,} values, not shown>"

    def kind_of(self, text: str) -> str | None:
        """What kind of identifier `text` (upper case) is, or None."""
        return self._words.get(text)

    def has_postcode(self, text: str) -> bool:
        return text in self._postcodes

    def has_birth(self, day: date) -> bool:
        return day in self._births

    def longest(self) -> int:
        """The largest number of words in one identifier: how far the scan joins neighbouring words."""
        return max((len(text.split()) for text in self._words), default=1)
