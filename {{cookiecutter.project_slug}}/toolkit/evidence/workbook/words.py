"""What counts as an answer. Blank, "TBC", template text and a bare "n/a" do not: unanswered is never no."""

from __future__ import annotations

import re

EXAMPLE = "example"
_PLACEHOLDERS = {
    "tbc", "tba", "tbd", "todo", "to do", "to be confirmed", "to be decided", "to be agreed", "to be completed",
    "to be written", "to follow", "pending", "n/a", "na", "n a", "not applicable", "none yet", "not yet", "not known",
    "unknown", "dont know", "dk", "as above", "see above", "see below", "xx", "xxx", "placeholder", "insert text here",
    "write here", "your answer here", "lorem ipsum", "test", "ditto", "blank", "empty", "null", "nil",
}  # fmt: skip
_OPENERS = re.compile(r"^\W*(tbc|tba|tbd|to ?do|to be (confirmed|decided|agreed|completed|written))\b", re.IGNORECASE)
_INSIDE = re.compile(r"\b(TBC|TBA|TBD|TODO|lorem ipsum)\b|\[(insert|name|date|to be)[^\]]*\]")
_NOT_APPLICABLE = re.compile(r"^\W*(?:not applicable|n/?a)\s*[:,;.\u2013\u2014-]+\s*(?:because\s+)?(.+)$", re.I | re.S)
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"})


def plain(text: str) -> str:
    """Text as it is compared: lower case, plain quotes and dashes, single spaces, none at the ends."""
    return re.sub(r"\s+", " ", text.translate(_QUOTES).replace("\u00a0", " ")).strip().lower()


def is_placeholder(text: str) -> bool:
    """True for blank text and for words that stand in for an answer that nobody has given yet."""
    bare = re.sub(r"[^a-z0-9/ ]", "", plain(text)).strip()
    return not bare or bare in _PLACEHOLDERS or bool(_OPENERS.match(text))


def holds_placeholder(text: str) -> str:
    """The placeholder that is still inside a longer answer (`TBC`, `[insert ...]`); empty when there is none."""
    found = _INSIDE.search(text)
    return found.group(0) if found else ""


def not_applicable_reason(text: str) -> str:
    """The reason after "Not applicable:"; empty when there is none worth the name (two words at least)."""
    found = _NOT_APPLICABLE.match(text.strip())
    if not found:
        return ""
    reason = found.group(1).strip()
    return "" if is_placeholder(reason) or word_count(reason) < 2 else reason


def word_count(text: str) -> int:
    return len(re.findall(r"[^\W_]+(?:['\u2019-][^\W_]+)*", text))


def listed(names: list[str], last: str = "and") -> str:
    """`a, b and c`."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def count_of(number: int, one: str, many: str = "") -> str:
    """`1 risk`, `3 risks`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
