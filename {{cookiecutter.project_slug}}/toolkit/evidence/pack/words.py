"""The words of a pack's pages that a reader may not know; a pack explains those that it uses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from evidence.project import read_text

_WORDS = Path(__file__).parent / "template" / "words.toml"


def words_used(pages: Iterable[str]) -> list[tuple[str, str]]:
    """The words that occur in the pages, in alphabetical order, with what they mean."""
    text = re.sub(r"data:image/[^\"]*|<[^>]*>", " ", "\n".join(pages)).lower()
    words = tomllib.loads(read_text(_WORDS))
    return [(word, meaning) for word, meaning in words.items() if _occurs(word.lower(), text)]


def _occurs(word: str, text: str) -> bool:
    # Whether the letters stand there at all is known in no time, and most of these words do not.
    return word in text and re.search(rf"\b{re.escape(word)}\b", text) is not None
