"""Named results: what one stage leaves for the next, and the record of what each stage read."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import EvidenceError, atomic_write, give_back_memory, read_text, sha256_of_file

if TYPE_CHECKING:
    import pandas as pd

# No result can have this name.
HEADLINES = "headline figures"
# Where a table that is kept says which of its columns hold numbers and texts.
_MIXED = "columns of numbers and texts"
_NAME = re.compile(r"[a-z][a-z0-9_.]*")


class Results:
    """The results of one run, in one folder.

    `results/07/metrics.parquet` is the frame that stage 7 recorded as `metrics`, `results/07/alpha.recall.json` one
    value with its label; `reads/07.json` lists what stage 7 read; `tables/` holds the tables as they were shown.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def record(
        self,
        stage: int,
        name: str,
        value: object,
        label: str = "",
        unit: str = "",
        headline: bool = False,
        rests_on: str = "",
        estimate: Mapping[str, object] | None = None,
    ) -> None:
        """Keeps a number, text, list, dict or DataFrame under a name, over whatever the name held before.

        `label` says in words what the value is; `headline` lists it among the figures that matter, with what it
        `rests_on` (`25 of 89 children; interval 19.8% to 38.2%`) beside it, and `estimate` the same as numbers for
        whoever reckons with it: n, denominator, low, high, few. Raises EvidenceError for a name that is not lower case
        letters, digits, dots and underscores, and for a value that cannot be kept.
        """
        if not _NAME.fullmatch(name):
            raise EvidenceError(
                f'"{name}" cannot be the name of a result.',
                remedy="Use lower case letters, digits, dots and underscores.",
            )
        folder = self._of_stage(stage)
        about = {"name": name, "label": label or name, "unit": unit, "headline": headline, "rests_on": rests_on}
        if estimate is not None:
            about["estimate"] = _plain(dict(estimate))
        if hasattr(value, "to_parquet"):
            (folder / f"{name}.json").unlink(missing_ok=True)
            atomic_write(folder / f"{name}.parquet", _parquet(value), lasting=False)
            give_back_memory(after=len(value))
            return
        try:
            text = json.dumps({**about, "value": _plain(value)}, ensure_ascii=False, indent=1, sort_keys=True)
        except TypeError:
            raise EvidenceError(
                f"the result {name} of stage {stage} is a {type(value).__name__}, which cannot be kept.",
                remedy="Record a number, text, a list, a dictionary or a DataFrame.",
            ) from None
        (folder / f"{name}.parquet").unlink(missing_ok=True)
        atomic_write(folder / f"{name}.json", text + "\n", lasting=False)

    def digest(self, stage: int, name: str) -> str:
        """The SHA-256 of what is kept under that name; empty where there is nothing.

        HEADLINES is the name for all the figures together that the stage puts first.
        """
        if name == HEADLINES:
            return hashlib.sha256(json.dumps(self._put_first(stage), sort_keys=True).encode()).hexdigest()
        path = self._path(stage, name)
        return sha256_of_file(path) if path is not None else ""

    def has(self, stage: int, name: str) -> bool:
        return self._path(stage, name) is not None

    def read(self, stage: int, name: str) -> object:
        """The value or DataFrame of that name. Raises EvidenceError, saying what to run, when it is not there."""
        path = self._path(stage, name)
        if path is None:
            raise EvidenceError(
                f'stage {stage} has not recorded "{name}".',
                remedy=f"Run the notebook of stage {stage} first, then this one.",
            )
        if path.suffix == ".parquet":
            return _from_parquet(path)
        return json.loads(read_text(path))["value"]

    def names(self, stage: int) -> list[str]:
        """The names of everything that stage recorded, in alphabetical order."""
        return sorted(path.stem for path in self._of_stage(stage).glob("*") if path.suffix in (".json", ".parquet"))

    def headlines(self, stage: int) -> list[dict]:
        """The figures that matter of one stage: dicts with name, label, value, unit, rests_on, and perhaps estimate."""
        return self._put_first(stage)

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters that the run was made with; empty where they are not there."""
        path = self.folder / "parameters.json"
        return json.loads(read_text(path)) if path.is_file() else {}

    def finish(self, stage: int) -> None:
        """Notes that the stage ran to its end."""
        atomic_write(self._finished(stage), "", lasting=False)

    def finished(self, stage: int) -> bool:
        return self._finished(stage).is_file()

    def clear(self, stage: int) -> None:
        """Removes what an earlier execution of the stage left, so that nothing stale is taken for new."""
        self._finished(stage).unlink(missing_ok=True)
        for name in self.names(stage):
            self._path(stage, name).unlink()
        for table in self.folder.glob(f"tables/{stage:02d}_*.csv"):
            table.unlink()
        self._reads(stage).unlink(missing_ok=True)

    # What a stage read -----------------------------------------------------------------------------------------

    def note_read(self, stage: int, kind: str, name: str, sha256: str = "") -> None:
        """Adds one line to the record of what a stage read, as `note_reads` does."""
        self.note_reads(stage, [(kind, name, sha256)])

    def note_reads(self, stage: int, reads: Iterable[tuple[str, str, str]]) -> None:
        """Adds lines (kind, name, SHA-256) to the record of what a stage read, in one write; none where all are known.

        kind is `data`, `workbook`, `reference`, `file`, `code`, `result`, `parameter` or `role`. A file or result that
        was looked for and was not there has an empty digest.
        """
        known = {(entry["kind"], entry["name"], entry["sha256"]) for entry in self.reads(stage)}
        entries = known | set(reads)
        if entries != known:
            lines = [{"kind": kind, "name": name, "sha256": digest} for kind, name, digest in sorted(entries)]
            # Without an indent, which takes several times as long: every new read writes the whole file.
            text = json.dumps(lines, ensure_ascii=False)
            atomic_write(self._reads(stage), text + "\n", lasting=False)

    def reads(self, stage: int) -> list[dict]:
        """What the stage read: dicts with `kind`, `name` and `sha256`, sorted."""
        path = self._reads(stage)
        return json.loads(read_text(path)) if path.is_file() else []

    # Where things lie ------------------------------------------------------------------------------------------

    def table_path(self, stage: int, name: str) -> Path:
        return self.folder / "tables" / f"{stage:02d}_{name}.csv"

    def _put_first(self, stage: int) -> list[dict]:
        values = [json.loads(read_text(path)) for path in sorted(self._of_stage(stage).glob("*.json"))]
        return [value for value in values if value["headline"]]

    def _reads(self, stage: int) -> Path:
        return self.folder / "reads" / f"{stage:02d}.json"

    def _finished(self, stage: int) -> Path:
        return self.folder / "finished" / f"{stage:02d}"

    def _of_stage(self, stage: int) -> Path:
        return self.folder / "results" / f"{stage:02d}"

    def _path(self, stage: int, name: str) -> Path | None:
        return next((path for path in self._places(stage, name) if path.is_file()), None)

    def _places(self, stage: int, name: str) -> tuple[Path, Path]:
        folder = self._of_stage(stage)
        return folder / f"{name}.json", folder / f"{name}.parquet"


def headline_text(figure: dict) -> str:
    """One headline figure in words: `12.3%`, `2,000 children`, `not estimable`."""
    value, unit = figure["value"], figure["unit"]
    if value is None:
        return "not estimable"
    if isinstance(value, str):
        return value[:1].upper() + value[1:]
    if unit == "%":
        return f"{value:.1f}%"
    shown = f"{value:,.3g}" if isinstance(value, float) else f"{value:,}"
    return f"{shown} {unit}".strip()


def _plain(value: object) -> object:
    """numpy's numbers as Python's; a number that is none as nothing, because JSON has no word for it."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _parquet(frame: pd.DataFrame) -> bytes:
    """Parquet has one type a column: numbers among which some are hidden behind a letter are kept as JSON."""
    mixed = [name for name in frame if frame[name].dtype == object and frame[name].map(type).nunique() > 1]
    if not mixed:
        return frame.to_parquet(index=True)
    kept = frame.assign(**{name: [json.dumps(_plain(value)) for value in frame[name]] for name in mixed})
    kept.attrs = {**frame.attrs, _MIXED: mixed}
    return kept.to_parquet(index=True)


def _from_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    # By its content: a path that is no UTF-8, as under an old locale, is refused.
    with open(path, "rb") as file:
        frame = pd.read_parquet(file)
    for name in frame.attrs.pop(_MIXED, []):
        values = [float("nan") if (value := json.loads(text)) is None else value for text in frame[name]]
        frame[name] = pd.Series(values, index=frame.index, dtype=object)
    give_back_memory(after=len(frame))
    return frame
