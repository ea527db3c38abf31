"""The ten stages, as `reference/stages.toml` lists them."""

from __future__ import annotations

import tomllib
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
