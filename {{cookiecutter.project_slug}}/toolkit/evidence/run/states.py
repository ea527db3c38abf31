"""How the stages of a run went."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STATES = ("done", "failed", "not run", "not asked")


@dataclass(frozen=True)
class StageRun:
    """How one stage went: `state` is one of STATES, `why` says in words what stopped it (empty when done)."""

    number: int
    notebook: str
    state: str
    why: str = ""


@dataclass(frozen=True)
class Run:
    """One finished run: its folder, its parameters, and how each stage went."""

    name: str
    folder: Path
    parameters: dict[str, object]
    stages: tuple[StageRun, ...]

    @property
    def complete(self) -> bool:
        """Whether every stage that was asked for is done."""
        return all(stage.state in ("done", "not asked") for stage in self.stages)
