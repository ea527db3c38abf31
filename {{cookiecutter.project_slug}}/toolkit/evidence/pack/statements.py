"""What a person signs: a decision in words, and the digests of what they saw, in a short text beside the pack.

`signatures/stage_04_1a2b3c4d.txt` can be read by anyone and checked by `sha256sum -c` from the pack's folder; its
signature lies beside it as `.sig`. Both are kept in `workbook/signed/` too, for the next pack of the name replaces this
one.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evidence.pack.seal import MANIFEST
from evidence.project import EvidenceError, Project, long_date, read_text, sha256_of_file

SIGNATURES = "signatures"
_FIELDS = ("role", "name", "decision", "condition", "date", "expires")
_TEXT = re.compile(
    r"# Sign-off of stage (\d+), signed with an SSH key\n"
    + "".join(rf"# {field}: ([^\n]*)\n" for field in _FIELDS)
    + rf"([0-9a-f]{{64}})  {re.escape(MANIFEST)}\n(?:([0-9a-f]{{64}})  records/stage_\d\d\.txt\n)?"
)


@dataclass(frozen=True)
class Statement:
    """A decision on a stage, the digest of the manifest that was seen, and of the record of what the sign-off covers.

    `record` is empty where the pack holds no record of the stage.
    """

    stage: int
    role: str
    name: str
    decision: str
    condition: str
    day: date
    expires: date
    manifest: str
    record: str

    @property
    def text(self) -> str:
        values = (self.role, self.name, self.decision, self.condition, self.day, self.expires)
        said = (f"# {field}: {' '.join(str(value).split())}\n" for field, value in zip(_FIELDS, values, strict=True))
        record = f"{self.record}  {record_file(self.stage)}\n" if self.record else ""
        return (
            f"# Sign-off of stage {self.stage}, signed with an SSH key\n"
            f"{''.join(said)}{self.manifest}  {MANIFEST}\n{record}"
        )

    @property
    def file_name(self) -> str:
        return f"stage_{self.stage:02d}_{hashlib.sha256(self.text.encode()).hexdigest()[:8]}.txt"

    @property
    def sentence(self) -> str:
        """`stage 4 approved by Ada Example, senior sponsor, on 1 May 2026`."""
        condition = f", on this condition: {self.condition}" if self.condition else ""
        return f"stage {self.stage} {self.decision} by {self.name}, {self.role}, on {long_date(self.day)}{condition}"

    def is_about(self, pack: Path) -> bool:
        """Whether it was made for this pack, or for an earlier one whose record of the stage was the same."""
        return self.was_made_for(pack) or self.covers(pack)

    def covers(self, pack: Path) -> bool:
        """Whether all that it covers is in this pack, sealed or not, as it was when it was signed."""
        record = pack / record_file(self.stage)
        return record.is_file() and sha256_of_file(record) == self.record

    def was_made_for(self, pack: Path) -> bool:
        """Whether it was this very pack that was seen."""
        return self.manifest == sha256_of_file(pack / MANIFEST)


def record_file(stage: int) -> str:
    """The file of a pack that lists what a sign-off of the stage covers."""
    return f"records/stage_{stage:02d}.txt"


def read_statement(path: Path) -> Statement:
    """The statement in a file. Raises EvidenceError when the file is not exactly as one is written."""
    match = _TEXT.fullmatch(read_text(path))
    try:
        stage, role, name, decision, condition, day, expires, manifest, record = match.groups()
        days = date.fromisoformat(day), date.fromisoformat(expires)
        found = Statement(int(stage), role, name, decision, condition, *days, manifest, record or "")
    except (AttributeError, ValueError):
        found = None
    if found is None or found.text.encode() != path.read_bytes():
        raise EvidenceError("is not a sign-off as it is written.", where=path.name)
    return found


def statements_of(pack: Path) -> list[Statement]:
    """The signed sign-offs beside a pack as they say of themselves, oldest first; whether they stand is not checked."""
    return sorted(_readable((pack / SIGNATURES).glob("*.txt")).values(), key=_by_day)


def signed_before(project: Project) -> list[Statement]:
    """The signed sign-offs that the project keeps, oldest first: what a pack made now can say of them.

    What is signed after a pack is sealed cannot be in it. Whether the signatures stand is not checked.
    """
    return sorted(_kept(project).values(), key=_by_day)


def bring_along(project: Project, pack: Path) -> None:
    """Copies into a new pack the signed sign-offs that are still about what it holds."""
    for path, statement in _kept(project).items():
        if statement.is_about(pack):
            (pack / SIGNATURES).mkdir(exist_ok=True)
            for file in (path, path.with_name(f"{path.name}.sig")):
                shutil.copyfile(file, pack / SIGNATURES / file.name)


def kept_files(project: Project) -> list[Path]:
    """The files of `signed_before`."""
    return list(_kept(project))


def _kept(project: Project) -> dict[Path, Statement]:
    found = _readable(project.path("workbook", "signed").glob("stage_*.txt"))
    return {path: one for path, one in found.items() if path.with_name(f"{path.name}.sig").is_file()}


def _readable(paths: Iterable[Path]) -> dict[Path, Statement]:
    found = {}
    for path in sorted(paths):
        try:
            found[path] = read_statement(path)
        except EvidenceError:
            continue
    return found


def _by_day(one: Statement) -> tuple:
    return one.day, one.stage, one.name
