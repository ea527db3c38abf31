"""The ten stages, as `reference/stages.toml` lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evidence.project.errors import EvidenceError
from evidence.project.files import read_text


@dataclass(frozen=True)
class StageInfo:
    """One stage: its number, its notebook, the earlier stages whose results it reads, what it is for and for whom."""

    number: int
    slug: str
    title: str
    notebook: str
    reads: tuple[int, ...]
    purpose: str
    people: str

    @property
    def folder(self) -> str:
        """The name of the stage's folder under `workbook/`, and of its pages."""
        return f"{self.number:02d}_{self.slug}"


def read_stages(path: Path) -> tuple[StageInfo, ...]:
    """The stages in order of number. Raises EvidenceError when one reads a stage that does not come before it."""
    stages = []
    for entry in tomllib.loads(read_text(path))["stage"]:
        stage = StageInfo(**{**entry, "reads": tuple(entry["reads"])})
        if any(earlier >= stage.number for earlier in stage.reads):
            raise EvidenceError(
                f"stage {stage.number} can only read the results of stages before it.",
                where="reference/stages.toml",
            )
        stages.append(stage)
    return tuple(sorted(stages, key=lambda stage: stage.number))


def stages_needed(numbers: Iterable[int], stages: Iterable[StageInfo]) -> list[int]:
    """The stages of those numbers, and every earlier stage whose results they need, in order."""
    by_number = {stage.number: stage for stage in stages}
    wanted, waiting = set(), list(numbers)
    while waiting:
        number = waiting.pop()
        if number not in wanted:
            wanted.add(number)
            waiting.extend(by_number[number].reads)
    return sorted(wanted)
