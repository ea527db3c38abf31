"""What follows from a table that a stage recorded, kept from one command to the next: reading a table takes pandas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path

from evidence.project import EvidenceError, Project, atomic_write, read_text


def concluded_file(project: Project) -> Path:
    """Where the conclusions lie; `evidence clean` removes it."""
    return project.path(".evidence", "concluded.json")


class Concluded:
    """Conclusions by everything they rest on: the question, the table's digest and the toolkit.

    look_up: whether what was kept before is used; a run works everything out anew and keeps it. A file that is damaged,
    or of another toolkit, is ignored. Conclusions are plain values (lists, texts, numbers), as JSON holds them.

    beside: gives the `made` of another process that works out the same run; asked when there is something to conclude.
    """

    def __init__(self, project: Project, look_up: bool, beside: Callable[[], dict[str, list]] | None = None) -> None:
        self._project = project
        self._look_up = look_up
        self._beside = cache(beside) if beside else dict
        # What was worked out here, by its key.
        self.made: dict[str, list] = {}

    def get(self, question: str, digest: str, conclude: Callable[[], list]) -> list:
        """What `conclude` says on this question of the table with that digest."""
        key = hashlib.sha256(f"{question}\n{digest}".encode()).hexdigest()
        if not self._look_up or key not in self._kept:
            made = self._beside()
            self._kept[key] = self.made[key] = made[key] if key in made else conclude()
            self._write()
        return self._kept[key]

    @cached_property
    def _toolkit(self) -> str:
        return self._project.toolkit_digest()

    @cached_property
    def _kept(self) -> dict[str, list]:
        try:
            kept = json.loads(read_text(concluded_file(self._project)))
            return kept["conclusions"] if kept["toolkit"] == self._toolkit else {}
        except (EvidenceError, OSError, ValueError, KeyError, TypeError):
            return {}

    def _write(self) -> None:
        kept = {"toolkit": self._toolkit, "conclusions": self._kept}
        text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True)
        # Where nothing can be written it is worked out again next time.
        with suppress(EvidenceError):
            atomic_write(concluded_file(self._project), text + "\n")
