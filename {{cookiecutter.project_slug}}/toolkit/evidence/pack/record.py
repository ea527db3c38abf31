"""What a run left, as a pack reads it, and the pack's own list of what it was made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from evidence.project import EvidenceError, Project, read_text, sha256_of_file
from evidence.results import Results
from evidence.stage import headline_text

# What stands before the name of a data folder that lies outside the project.
OUTSIDE = "outside the project: "
INPUTS, FIGURES, PREVIOUS = "inputs.json", "figures.json", "previous.json"


@dataclass(frozen=True)
class StageRecord:
    """How one stage went: `state` is done, failed, not run or not asked; `why` is what a reader may be told."""

    number: int
    notebook: str
    state: str
    why: str


@dataclass(frozen=True)
class RunRecord:
    """One finished run in its folder."""

    folder: Path
    name: str
    parameters: dict[str, object]
    stages: tuple[StageRecord, ...]
    code: dict[str, str]
    seconds: dict[str, float]

    @property
    def results(self) -> Results:
        return Results(self.folder)

    @property
    def sealed_parameters(self) -> dict[str, object]:
        """The parameters as a pack shows them: a data folder outside the project by the name of its last folder."""
        folder = Path(str(self.parameters.get("data_folder", "")))
        if not folder.is_absolute():
            return self.parameters
        return {**self.parameters, "data_folder": f"{OUTSIDE}{folder.name}"}


def read_record(folder: Path) -> RunRecord:
    """The run in `folder`. Raises EvidenceError when there is no finished run."""
    if not (folder / "run.json").is_file():
        raise EvidenceError("there is no finished run here.", where=folder.name, remedy="Run it first: evidence run")
    run, parameters, seconds = (
        json.loads(read_text(folder / name)) for name in ("run.json", "parameters.json", "timings.json")
    )
    stages = tuple(StageRecord(**stage) for stage in run["stages"])
    return RunRecord(folder, run["name"], parameters, stages, run["code"], seconds)


def inputs_of(project: Project, record: RunRecord, toolkit_version: str, draft: bool) -> dict:
    """What the pack was made from, by digest.

    The data files are named and have one digest together: the digest of one small file could be guessed, and with it
    what the file says of a child.
    """
    data: dict[str, str] = {}
    answers: dict[str, str] = {}
    # The role under which the data was loaded, and what the pages saw of the access log.
    seen: dict[str, str] = {"role": "", "access log": ""}
    for stage in project.stages:
        for entry in record.results.reads(stage.number):
            if entry["kind"] == "data":
                data[entry["name"]] = entry["sha256"]
            elif entry["kind"] in ("workbook", "file"):
                answers[entry["name"]] = entry["sha256"]
            elif entry["kind"] in seen:
                seen[entry["kind"]] = entry["sha256"]
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(data.items()))
    return {
        "access_log": seen["access log"],
        "answers": answers,
        "code": record.code,
        "data": {"files": sorted(data), "sha256_together": hashlib.sha256(lines.encode()).hexdigest()},
        "draft": draft,
        "name": record.name,
        "parameters": record.sealed_parameters,
        "role": seen["role"],
        "stages": [stage.number for stage in record.stages if stage.state != "not asked"],
        "toolkit_version": toolkit_version,
    }


def check_answers_unchanged(project: Project, inputs: dict, files: list[Path]) -> None:
    """Raises EvidenceError when an answer is no longer what the run read: index and pages must say the same."""
    for path in files:
        name = project.relative(path)
        if inputs["answers"].setdefault(name, sha256_of_file(path)) != sha256_of_file(path):
            raise EvidenceError(
                "the file changed after the run, so the pack would contradict itself. No pack was made.",
                where=name,
                remedy="Run again: evidence run",
            )


def figures_of(project: Project, record: RunRecord) -> list[dict]:
    """The figures that matter, in the order of the stages: dicts with stage, name, label, value, unit and text."""
    done = {stage.number for stage in record.stages if stage.state == "done"}
    return [
        {
            "stage": stage.number,
            "text": headline_text(figure),
            **{key: figure[key] for key in ("name", "label", "value", "unit")},
        }
        for stage in project.stages
        if stage.number in done
        for figure in record.results.headlines(stage.number)
    ]
