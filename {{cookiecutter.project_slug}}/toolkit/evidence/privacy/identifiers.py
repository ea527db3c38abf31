"""The real identifying values of a project's inputs, held so that they can be looked for and never be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

# Shorter identifiers would be found in every page number and every count.
SHORTEST = 5
# Of a text longer than this many words, each run of so many is an identifier: a sentence quoted from a case note is
# found, and looking for it takes no longer than looking for a name.
LONGEST = 8
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class Secrets:
    """Identifying values by kind. Printing it, or an error about it, shows how many there are and never one of them.

    kinds: "child identifier", "UPN", "placement number", "postcode", "date of birth", "name", "worker". Values
    shorter than five characters are counted in `too_short` and not looked for. Of free text, every run of eight words
    (from the first on) counts, whatever stands between the words.
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
                for part in _parts(text):
                    if len(part) >= SHORTEST:
                        self._words.setdefault(part, kind)

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


def _parts(text: str) -> list[str]:
    """What to look for of a value: itself, or where it has several words, those words without what is between them."""
    if " " not in text:
        return [text]
    words = WORD.findall(text)
    if len(words) <= LONGEST:
        return [" ".join(words)]
    return [" ".join(words[at : at + LONGEST]) for at in range(0, len(words) - LONGEST + 1, LONGEST)]
