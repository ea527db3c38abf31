"""The results of a run as one stage sees them, and the record of what it looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from evidence.results.at_once import AtOnce
from evidence.results.results import HEADLINES, Results


class SeenParameters(dict):
    """A run's parameters that tell `seen` the name of each one whose value is looked at, however it is looked at."""

    def __init__(self, values: dict[str, object], seen: Callable[[list[str]], None]) -> None:
        super().__init__(values)
        self._seen = seen
        self._told: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self._tell([name])
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:
        self._tell([name])
        return super().get(name, default)

    # Whoever goes through the names may take any of the values; Python takes these ways for dict() and ** too.
    def __iter__(self) -> Iterator[str]:
        self._tell(list(super().keys()))
        return super().__iter__()

    def keys(self):
        self._tell(list(super().keys()))
        return super().keys()

    def items(self):
        self._tell(list(super().keys()))
        return super().items()

    def values(self):
        self._tell(list(super().keys()))
        return super().values()

    def pop(self, name: str, *default: object) -> object:
        self._tell([name])
        return super().pop(name, *default)

    def popitem(self) -> tuple[str, object]:
        self._tell(list(super().keys()))
        return super().popitem()

    def setdefault(self, name: str, default: object = None) -> object:
        self._tell([name])
        return super().setdefault(name, default)

    def copy(self) -> dict[str, object]:
        return dict(self)

    def __or__(self, other: dict) -> dict[str, object]:
        return dict(self) | other

    def __ror__(self, other: dict) -> dict[str, object]:
        return other | dict(self)

    def __eq__(self, other: object) -> bool:
        return dict(self) == other

    __hash__ = None

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple:
        return dict, (dict(self),)

    def _tell(self, names: list[str]) -> None:
        new = [name for name in names if name in self and name not in self._told]
        if new:
            self._told.update(new)
            self._seen(new)


def parameter_digest(value: object) -> str:
    """The SHA-256 of a parameter's value, as it is noted where a stage has looked at it."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


class StageResults(Results):
    """A stage's own results, and those of the earlier stages that it rests on; others are not there for it.

    Stages run side by side, so what another one has left so far is chance. Every look at another stage's result is
    noted, also at one that is missing: when it is something else next time, the stage has to run again.

    at_once: this stage has begun before those that it rests on were over, so it waits for what it looks at.
    """

    def __init__(self, folder: Path, number: int, rests_on: Iterable[int], at_once: bool = False) -> None:
        super().__init__(folder)
        self.number, self._rests_on = number, {number, *rests_on}
        self._waiting: set[tuple[str, str, str]] | None = None
        self._at_once = AtOnce(self.folder) if at_once else None

    def has(self, stage: int, name: str) -> bool:
        if stage not in self._rests_on:
            return False
        self._wait(stage, name)
        self._note(stage, name)
        return super().has(stage, name)

    def read(self, stage: int, name: str) -> object:
        if stage in self._rests_on:
            self._wait(stage, name)
        self._note(stage, name)
        return super().read(stage, name)

    def headlines(self, stage: int) -> list[dict]:
        if stage not in self._rests_on:
            return []
        self._wait(stage)
        self._note(stage, HEADLINES)
        return super().headlines(stage)

    @contextmanager
    def noted_together(self) -> Iterator[None]:
        """What is looked at while the block runs is noted in one write when it ends, and not one by one."""
        self._waiting = set()
        try:
            yield
        finally:
            looks, self._waiting = self._waiting, None
            self.note_reads(self.number, looks)

    def finished(self, stage: int) -> bool:
        if stage not in self._rests_on:
            return False
        self._wait(stage)
        return super().finished(stage)

    @property
    def parameters(self) -> dict[str, object]:
        values = super().parameters
        self.note_parameters(values)
        return values

    def note_parameters(self, values: Mapping[str, object]) -> None:
        """Notes that the stage has looked at these parameters of the run."""
        self._note_look(*(("parameter", name, parameter_digest(value)) for name, value in values.items()))

    def will_not_record(self, name: str) -> None:
        """Says that this stage has no result of that name, so that none that is at work waits until it is over."""
        if self._at_once is not None:
            self._at_once.will_not_record(self.number, name)

    def _wait(self, stage: int, name: str = "") -> None:
        """Until the stage has recorded that or said that it will not, or is over and may be asked for anything."""
        if self._at_once is not None and stage != self.number:
            wanted = [self._finished(stage)]
            if name:
                wanted += [*self._places(stage, name), self._at_once.without(stage, name)]
            self._at_once.wait(self.number, stage, wanted)

    def _note(self, stage: int, name: str) -> None:
        if stage != self.number:
            self._note_look(("result", f"{stage}/{name}", self.digest(stage, name)))

    def _note_look(self, *looks: tuple[str, str, str]) -> None:
        if self._waiting is None:
            self.note_reads(self.number, looks)
        else:
            self._waiting.update(looks)
