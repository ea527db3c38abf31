"""Answers in Markdown: a heading a question, a guide in a blockquote or comment, one worked line, then the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

# A question's heading has one or two signs; a heading with more belongs to the answer it stands in.
QUESTION_LEVEL = 2
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s*(.+?)\s*#*\s*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_WORKED = re.compile(r"^[\s*_>-]*example\b[\s*_]*:", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """What stands under one heading. `first` and `last` are the lines (from 0) of its body, `last` not included."""

    heading: str
    level: int
    line: int
    first: int
    last: int
    guide: str
    worked: str
    text: str


def read_parts(text: str, is_question) -> list[Part]:
    """The parts of a page whose headings `is_question(heading)` accepts; lower ones belong to the text above them."""
    lines = text.split("\n")
    headings = [(number, *found) for number, found in _headings(lines) if found[0] <= QUESTION_LEVEL]
    parts = []
    for position, (number, level, heading) in enumerate(headings):
        if not is_question(heading):
            continue
        # One that is no question and stands higher than the question ends it too.
        ends = (later for later in headings[position + 1 :] if is_question(later[2]) or later[1] < level)
        last = next((later[0] for later in ends), len(lines))
        guide, worked, answer = _split_body("\n".join(lines[number + 1 : last]))
        parts.append(Part(heading, level, number + 1, number + 1, last, guide, worked, answer))
    return parts


def ended_at(text: str, part: Part, last: int) -> Part:
    """The part, ending before line `last` (from 0) if it reached further."""
    last = min(last, part.last)
    guide, worked, answer = _split_body("\n".join(text.split("\n")[part.first : last]))
    return replace(part, last=last, guide=guide, worked=worked, text=answer)


def headings_of(text: str) -> list[tuple[int, str]]:
    """Every heading that could be a question's, outside code blocks and comments: (line from 1, words)."""
    return [(number + 1, found[1]) for number, found in _headings(text.split("\n")) if found[0] <= QUESTION_LEVEL]


def _headings(lines: list[str]):
    inside = ""
    comment = False
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence and not comment and (not inside or fence.group(1) == inside):
            inside = "" if inside else fence.group(1)
        if not inside and not comment and (found := _HEADING.match(line)):
            yield number, (len(found.group(1)), found.group(2))
        if not inside:
            comment = _still_in_comment(line, comment)


def _still_in_comment(line: str, comment: bool) -> bool:
    opened, closed = line.rfind("<!--"), line.rfind("-->")
    return opened > closed if opened >= 0 or closed >= 0 else comment


def _split_body(body: str) -> tuple[str, str, str]:
    """(guide, worked line, answer): the guide is the first blockquote, before anything else."""
    lines = _COMMENT.sub("", body).strip("\n").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    guide: list[str] = []
    while lines and lines[0].lstrip().startswith(">") and not _WORKED.match(lines[0]):
        guide.append(lines.pop(0).lstrip()[1:].strip())
    worked, answer, inside_worked = [], [], False
    for line in lines:
        inside_worked = bool(_WORKED.match(line)) or (inside_worked and bool(line.strip()))
        (worked if inside_worked else answer).append(line)
    return " ".join(guide).strip(), " ".join(worked).strip(), "\n".join(answer).strip()


def replace_answer(text: str, part: Part, answer: str) -> str:
    """The page with a new answer under one heading; its guide stays, its worked line goes, all else is untouched."""
    lines = text.split("\n")
    body = lines[part.first : part.last]
    kept = _guide_lines(body)
    while kept and not kept[-1].strip():
        kept.pop()
    head = lines[: part.first] + ([""] if kept and kept[0].strip() else []) + kept
    tail = lines[part.last :]
    middle = ["", *answer.strip("\n").split("\n"), ""] if answer.strip() else [""]
    return "\n".join(head + middle + tail) if tail else "\n".join(head + middle).rstrip("\n") + "\n"


def _guide_lines(body: list[str]) -> list[str]:
    kept, comment = [], False
    for line in body:
        opens = line.lstrip().startswith("<!--")
        if not (comment or opens or not line.strip() or (line.lstrip().startswith(">") and not _WORKED.match(line))):
            break
        kept.append(line)
        comment = _still_in_comment(line, comment)
    return kept
