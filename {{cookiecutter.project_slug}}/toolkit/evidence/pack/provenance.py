"""What was made from what, as an RO-Crate: `ro-crate-metadata.json` after the Provenance Run Crate profile 0.5.

The stages as `reference/stages.toml` lists them are the workflow, each stage is a step, each notebook a tool, and each
stage that ran an action with what it read and what it left (https://w3id.org/ro/wfrun/provenance/0.5). It names no
person, place or time: the day is the one that the pack speaks from; when and where it was made is in the receipt.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from evidence.pack.record import RunRecord, StageRecord
from evidence.pack.seal import sealed_files
from evidence.project import Project, StageInfo, sha256_of_file

METADATA, PIPELINE = "ro-crate-metadata.json", "stages.toml"
_PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/ro/wfrun/provenance/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
_PYTHON = "https://www.python.org/"
_STATUS = {"done": "http://schema.org/CompletedActionStatus", "failed": "http://schema.org/FailedActionStatus"}
_TYPES = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}
# Kinds of what a stage reads that are things of their own; a parameter or a role is said elsewhere.
_THINGS = ("data", "workbook", "reference", "file", "code")
_MEDIA = {
    ".ipynb": "application/x-ipynb+json",
    ".toml": "application/toml",
    ".md": "text/markdown",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def provenance(part: Path, project: Project, record: RunRecord, version: str) -> str:
    """The text of `ro-crate-metadata.json` for the pack being made in `part`, whose other files are all there.

    Data of a council is named with a keyed digest. The key is made of all the data together, so that nobody can try out
    what one small file might hold, and everybody who has the data gets the same text.
    """
    crate = _Crate(part, project, record)
    crate.describe(version)
    document = {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [crate.entities[name] for name in sorted(crate.entities)],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True)
class _Read:
    kind: str
    name: str
    sha256: str


class _Crate:
    """The entities, by their ids, as they are collected."""

    def __init__(self, part: Path, project: Project, record: RunRecord) -> None:
        self.part, self.project, self.record = part, project, record
        self.entities: dict[str, dict] = {}
        self.files = sealed_files(part)
        self.went = {stage.number: stage for stage in record.stages}
        self.reads = {
            stage.number: [_Read(**entry) for entry in record.results.reads(stage.number)] for stage in project.stages
        }
        self.key = _key_of_data(read for reads in self.reads.values() for read in reads)

    def describe(self, version: str) -> None:
        ran = [stage for stage in self.project.stages if self.went[stage.number].state in _STATUS]
        self._root()
        self._toolkit(version)
        self._parameters()
        self._workflow(ran, version)
        for stage in self.project.stages:
            self._step(stage)
        for stage in ran:
            self._action(stage, self.went[stage.number])
        self._whole_run(ran)

    def add(self, entity: str, kind: str | list[str], /, **about: object) -> dict[str, str]:
        """Adds an entity, without what is empty, and returns the reference to it."""
        kept = {key: _single(value) for key, value in about.items() if value not in ("", [], None)}
        self.entities[entity] = {"@id": entity, "@type": kind, **kept}
        return {"@id": entity}

    # The pack ----------------------------------------------------------------------------------------------------

    def _root(self) -> None:
        facts = self.project.facts
        formats = [{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": _PROFILES[-1]}]
        self.add(METADATA, "CreativeWork", about={"@id": "./"}, conformsTo=formats)
        profiles = [
            self.add(address, "CreativeWork", name=address.split("/")[-2], version=address.rsplit("/", 1)[1])
            for address in _PROFILES
        ]
        self.add("#council", "Organization", name=facts.council)
        self.add(
            "#terms", "CreativeWork", name="Terms of use",
            description=f"This pack gives no licence of its own. Ask {facts.council} before you pass it on.",
        )  # fmt: skip
        files = [
            self.add(quote(name), "File", name=name, encodingFormat=_media_type(name))
            for name in self.files
            if name not in (METADATA, PIPELINE)
        ]
        self.add(
            "./", "Dataset", name=f"{facts.title}: evidence pack {self.record.name}", description=facts.purpose,
            datePublished=str(self.record.parameters["as_of"]), license={"@id": "#terms"}, author={"@id": "#council"},
            publisher={"@id": "#council"},
            conformsTo=profiles, hasPart=[*files, {"@id": PIPELINE}], mainEntity={"@id": PIPELINE},
            mentions=[{"@id": "#run"}, *({"@id": f"#run/{stage.number:02d}"} for stage in self._ran())],
        )  # fmt: skip

    def _ran(self) -> list[StageRecord]:
        return [stage for stage in self.record.stages if stage.state in _STATUS]

    # The workflow ------------------------------------------------------------------------------------------------

    def _toolkit(self, version: str) -> None:
        self.add(_PYTHON, "ComputerLanguage", name="Python", url={"@id": _PYTHON})
        self.add(
            "#toolkit", "SoftwareApplication", name="evidence, the toolkit that came with the project",
            softwareVersion=version, sha256=self.record.code.get("toolkit", ""),
        )  # fmt: skip

    def _parameters(self) -> None:
        for name, value in self.record.sealed_parameters.items():
            declared = f"#parameter/{name}"
            self.add(
                declared, "FormalParameter", name=name, additionalType=_TYPES.get(type(value), "Text"),
                workExample={"@id": f"{declared}/value"},
            )  # fmt: skip
            self.add(f"{declared}/value", "PropertyValue", name=name, value=value, exampleOfWork={"@id": declared})

    def _workflow(self, ran: list[StageInfo], version: str) -> None:
        for stage in self.project.stages:
            name = f"notebooks/{stage.notebook}"
            self.add(
                _tool(stage), "SoftwareSourceCode", name=name, version=version,
                description=f"Stage {stage.number}, {stage.title}. The digest is that of its cells, without outputs.",
                sha256=self.record.code.get(name, ""), programmingLanguage={"@id": _PYTHON},
            )  # fmt: skip
        lock = self.project.path("requirements.lock")
        needed = [{"@id": "#toolkit"}]
        if lock.is_file():
            needed.append(self.add("#environment", "CreativeWork", name=lock.name, sha256=sha256_of_file(lock)))
        self.add(
            PIPELINE, ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"], name="The stages of the tool",
            encodingFormat=_media_type(PIPELINE), sha256=sha256_of_file(self.part / PIPELINE), version=version,
            programmingLanguage={"@id": _PYTHON}, softwareRequirements=needed,
            input=[{"@id": f"#parameter/{name}"} for name in sorted(self.record.sealed_parameters)],
            hasPart=[{"@id": _tool(stage)} for stage in ran],
            step=[{"@id": _step(stage)} for stage in self.project.stages],
        )  # fmt: skip

    def _step(self, stage: StageInfo) -> None:
        went = self.went[stage.number]
        self.add(
            _step(stage), "HowToStep", position=str(stage.number), name=stage.title, workExample={"@id": _tool(stage)},
            description=stage.purpose if went.state in _STATUS else f"It was not run. {went.why}".strip(),
        )  # fmt: skip

    # What happened -----------------------------------------------------------------------------------------------

    def _action(self, stage: StageInfo, went: StageRecord) -> None:
        name = f"#run/{stage.number:02d}"
        results = [self._result(stage.number, result) for result in self.record.results.names(stage.number)]
        self.add(
            name, "CreateAction", name=f"Stage {stage.number}, {stage.title}", description=stage.purpose,
            instrument={"@id": _tool(stage)}, agent={"@id": "#council"}, actionStatus=_STATUS[went.state],
            error=went.why if went.state == "failed" else "",
            object=_once(self._read(read) for read in self.reads[stage.number]),
            result=[*({"@id": quote(file)} for file in self._files_of(stage)), *results],
        )  # fmt: skip
        self.add(
            f"{name}/control", "ControlAction", name=f"Step {stage.number}", instrument={"@id": _step(stage)},
            object={"@id": name}, actionStatus=_STATUS[went.state],
        )  # fmt: skip

    def _whole_run(self, ran: list[StageInfo]) -> None:
        failed = [stage for stage in self._ran() if stage.state == "failed"]
        status = _STATUS["failed" if failed else "done"]
        mine = {file for stage in self.project.stages for file in self._files_of(stage)}
        self.add(
            "#run", "CreateAction", name=f"The run {self.record.name}", instrument={"@id": PIPELINE},
            description="All stages together. When, where and how long is in receipt.json, outside the seal.",
            agent={"@id": "#council"}, actionStatus=status,
            error=f"{len(failed)} of {len(ran)} stages stopped." if failed else "",
            object=[{"@id": f"#parameter/{name}/value"} for name in sorted(self.record.sealed_parameters)],
            result=[{"@id": quote(file)} for file in self.files if file not in {*mine, METADATA, PIPELINE}],
        )  # fmt: skip
        if ran:
            self.add(
                "#run/organize", "OrganizeAction", name="The order of the stages", instrument={"@id": "#toolkit"},
                object=[{"@id": f"#run/{stage.number:02d}/control"} for stage in ran], result={"@id": "#run"},
            )  # fmt: skip

    def _files_of(self, stage: StageInfo) -> list[str]:
        own = (f"notebooks/{stage.notebook}", f"{stage.folder}.html")
        return [name for name in self.files if name in own or name.startswith(f"tables/{stage.number:02d}_")]

    def _read(self, read: _Read) -> dict[str, str] | None:
        """The entity that was read; None for what was looked for and not there, and for what is no thing."""
        if read.kind == "parameter":
            name = f"#parameter/{read.name.split(' = ')[0]}"
            return {"@id": f"{name}/value"} if name in self.entities else None
        if not read.sha256:
            return None
        if read.kind == "result":
            stage, _, name = read.name.partition("/")
            return self._result(int(stage), name)
        if read.name == "toolkit/evidence":
            return {"@id": "#toolkit"}
        if read.kind not in _THINGS:
            return None
        kind = {"data": "Dataset", "code": "SoftwareSourceCode"}.get(read.kind, "CreativeWork")
        return self.add(f"#input/{quote(read.name)}", kind, name=read.name, **self._digest(read))

    def _result(self, stage: int, name: str) -> dict[str, str]:
        # Its digest stays here: results hold tokens, which differ from key to key.
        return self.add(f"#result/{stage:02d}/{quote(name)}", "CreativeWork", name=f"{name} of stage {stage}")

    def _digest(self, read: _Read) -> dict[str, str]:
        folder = str(self.record.sealed_parameters.get("data_folder", ""))
        of_data = read.kind == "data" or read.name.startswith(f"{folder}/")
        if not of_data or folder == "data/sample":
            return {"sha256": read.sha256}
        keyed = hmac.new(self.key, f"{read.sha256}  {read.name}".encode(), hashlib.sha256)
        return {"identifier": f"hmac-sha256:{keyed.hexdigest()}"}


def _key_of_data(reads: Iterable[_Read]) -> bytes:
    lines = sorted({f"{read.sha256}  {read.name}" for read in reads if read.kind == "data"})
    return hashlib.sha256("\n".join(["key of all data together", *lines]).encode()).digest()


def _tool(stage: StageInfo) -> str:
    return f"#notebook/{stage.number:02d}"


def _step(stage: StageInfo) -> str:
    return f"{PIPELINE}#step/{stage.number:02d}"


def _once(references: Iterable[dict[str, str] | None]) -> list[dict[str, str]]:
    return [{"@id": name} for name in sorted({one["@id"] for one in references if one})]


def _single(value: object) -> object:
    """A list of one stands as that one, as the specification asks."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _media_type(name: str) -> str:
    # What the machine's own tables say differs from one to the next.
    return _MEDIA.get(Path(name).suffix) or _python_says().guess_type(name)[0] or "application/octet-stream"


@cache
def _python_says() -> mimetypes.MimeTypes:
    return mimetypes.MimeTypes()
