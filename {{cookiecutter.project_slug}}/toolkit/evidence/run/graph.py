"""Which stages a run takes, and what stops when one of them fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from evidence.project import EvidenceError, StageInfo


def asked_stages(text: str, stages: Iterable[StageInfo]) -> list[int]:
    """The numbers in a text such as "1-4,7", in order.

    Raises EvidenceError when the text is anything else, or names a stage that does not exist.
    """
    known = {stage.number for stage in stages}
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part)
        wanted = range(int(match[1]), int(match[2] or match[1]) + 1) if match else ()
        if not wanted:
            raise EvidenceError(
                f'"{text}" is not a list of stages.', where="--stages", remedy="For example: --stages 1-4,7"
            )
        numbers.update(wanted)
    if unknown := sorted(numbers - known):
        raise EvidenceError(
            f"there is no stage {unknown[0]}.", where="--stages", remedy=f"The stages are {min(known)} to {max(known)}."
        )
    return sorted(numbers)


def blocked_by(stage: StageInfo, states: Mapping[int, str]) -> list[int]:
    """The stages it reads that did not finish; a stage with any of these is not run."""
    return [number for number in stage.reads if states.get(number) in ("failed", "not run")]


def in_order(numbers: Iterable[int], stages: Iterable[StageInfo]) -> TopologicalSorter[int]:
    """Hands out the stages, each when all those that it reads are over; what is not run does not count."""
    wanted = set(numbers)
    order = TopologicalSorter({stage.number: wanted & set(stage.reads) for stage in stages if stage.number in wanted})
    order.prepare()
    return order


def waiting_for(stages: Iterable[StageInfo]) -> dict[int, int]:
    """How many stages wait for each, one after the other: those of the longest chain had better run first."""
    waiting = {}
    # A stage reads earlier ones only.
    for stage in sorted(stages, key=lambda one: one.number, reverse=True):
        waiting.setdefault(stage.number, 0)
        for number in stage.reads:
            waiting[number] = max(waiting.get(number, 0), waiting[stage.number] + 1)
    return waiting
