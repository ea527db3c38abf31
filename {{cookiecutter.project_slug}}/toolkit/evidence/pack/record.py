"""What a run left, as a pack reads it, and the pack's own list of what it was made from."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence.project import EvidenceError, Project, read_text, sha256_of_file, shown_parameters
from evidence.results import Results, headline_text

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
        """The parameters as a pack shows them."""
        return shown_parameters(self.parameters)


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
    read = _files_read(project, record)
    data = read["data"]
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(data.items()))
    return {
        "access_log": _seen(project, record, "access log"),
        "answers": read["workbook"],
        "code": record.code,
        "data": {"files": sorted(data), "sha256_together": hashlib.sha256(lines.encode()).hexdigest()},
        "draft": draft,
        "environment": _lock(project),
        "files": {**read["reference"], **read["file"]},
        "name": record.name,
        "parameters": record.sealed_parameters,
        "role": _seen(project, record, "role"),
        "stages": [stage.number for stage in record.stages if stage.state != "not asked"],
        "toolkit_version": toolkit_version,
    }


def keyed_digests(project: Project, record: RunRecord) -> dict[str, dict[str, str]]:
    """A digest of each data file under the project's own key, by the key's fingerprint.

    They tell whoever has that key which file changed, and nobody else what a file might hold.
    """
    from evidence.privacy import key_fingerprint

    data = _files_read(project, record)["data"]
    return {key_fingerprint(project): under_key(project, data)} if data else {}


def under_key(project: Project, digests: Mapping[str, str]) -> dict[str, str]:
    """Digests of files, by name, under the project's own key."""
    from evidence.privacy import pseudonym_key

    key = pseudonym_key(project)
    return {name: hmac.new(key, digest.encode(), hashlib.sha256).hexdigest() for name, digest in digests.items()}


def _lock(project: Project) -> dict[str, str]:
    lock = project.path("requirements.lock")
    return {lock.name: sha256_of_file(lock)} if lock.is_file() else {}


def _files_read(project: Project, record: RunRecord) -> dict[str, dict[str, str]]:
    """The files that the stages read, by kind and name, with their digests; not what was looked for and not there."""
    read: dict[str, dict[str, str]] = {kind: {} for kind in ("data", "workbook", "reference", "file", "code")}
    for stage in project.stages:
        for entry in record.results.reads(stage.number):
            if entry["kind"] in read and entry["sha256"]:
                read[entry["kind"]][entry["name"]] = entry["sha256"]
    return read


def _seen(project: Project, record: RunRecord, kind: str) -> str:
    """What the last stage noted of that kind: the role the data was loaded under, or what was seen of the log."""
    reads = (entry for stage in project.stages for entry in record.results.reads(stage.number))
    return next((entry["sha256"] for entry in reversed(list(reads)) if entry["kind"] == kind), "")


def check_answers_unchanged(project: Project, record: RunRecord, inputs: dict, files: list[Path]) -> None:
    """Raises EvidenceError when an answer is no longer what the run read: index and pages must say the same.

    files: what the pack itself read of the workbook. An answer that no stage had read is added to the inputs.
    """
    read = {name: digest for digests in _files_read(project, record).values() for name, digest in digests.items()}
    for path in files:
        name, now = project.relative(path), sha256_of_file(path)
        if read.get(name, now) != now:
            raise EvidenceError(
                "the file changed after the run, so the pack would contradict itself. No pack was made.",
                where=name,
                remedy="Run again: evidence run",
            )
        if name not in read:
            inputs["answers"][name] = now


def figures_of(project: Project, record: RunRecord) -> list[dict]:
    """The figures that matter, in the order of the stages.

    Dicts with stage, name, label, value, unit, text, rests_on, and estimate: n, denominator, low, high and few of a
    percentage that is shown, else nothing.
    """
    done = {stage.number for stage in record.stages if stage.state == "done"}
    return [
        {
            "stage": stage.number,
            "text": headline_text(figure),
            "estimate": figure.get("estimate"),
            **{key: figure[key] for key in ("name", "label", "value", "unit", "rests_on")},
        }
        for stage in project.stages
        if stage.number in done
        for figure in record.results.headlines(stage.number)
    ]


def listed_once(figures: list[dict]) -> list[dict]:
    """The figures as the front page lists them: one that two stages put first stands there once, with both `stages`."""
    once: dict[tuple[str, str, str], dict] = {}
    for figure in figures:
        key = (figure["label"], figure["text"], figure["rests_on"])
        once.setdefault(key, {**figure, "stages": []})["stages"].append(figure["stage"])
    return list(once.values())
