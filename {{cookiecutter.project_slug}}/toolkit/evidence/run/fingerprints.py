"""What went into a run, as digests: the code at its start, and everything the stages read while it went on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from evidence.project import EvidenceError, Project, StageInfo, read_text, sha256_of_file
from evidence.project.files import source_files
from evidence.results import Results

# The kinds of things that a stage notes as read and that are files; the code is looked at as a whole instead.
FILES = ("data", "workbook", "reference", "file")
TOOLKIT = "toolkit"


def code_digests(project: Project, stages: list[StageInfo]) -> dict[str, str]:
    """Digests by name: each notebook (its cells, not its outputs), each file of the tool, the toolkit as a whole."""
    digests = _digests_of_what_people_edit(project, stages)
    digests[TOOLKIT] = folder_digest(Path(__file__).parents[1], ".py", ".j2", ".css", ".json")
    return dict(sorted(digests.items()))


def _digests_of_what_people_edit(project: Project, stages: Iterable[StageInfo]) -> dict[str, str]:
    digests = {f"notebooks/{stage.notebook}": cells_digest(project.notebook(stage)) for stage in stages}
    for path in sorted(project.path("src").rglob("*.py")):
        digests[project.relative(path)] = _text_digest(path)
    return digests


def folder_digest(folder: Path, *endings: str) -> str:
    """One digest of all files under a folder whose names end so, by name and content."""
    whole = hashlib.sha256()
    for name, path in source_files(folder).items():
        if name.endswith(endings):
            whole.update(f"{_text_digest(path)}  {name}\n".encode())
    return whole.hexdigest()


def files_read(
    project: Project, results: Results, data_folder: Path, stages: Iterable[int]
) -> dict[str, tuple[Path, str]]:
    """Every file these stages read: its name as recorded -> where it lies, and its digest when it was read.

    The digest of a file that was looked for and not there is empty. Raises EvidenceError when two stages, or one
    of them twice, read different contents of the same file or table of a database.
    """
    found: dict[str, tuple[Path, str]] = {}
    for stage in stages:
        for entry in results.reads(stage):
            if entry["kind"] not in FILES:
                continue
            path = where_it_lies(project, entry["name"], data_folder)
            if found.setdefault(entry["name"], (path, entry["sha256"]))[1] != entry["sha256"]:
                raise _changed(entry["name"])
    # What a database holds now can be told only by reading it again.
    return {name: there for name, there in found.items() if not name.startswith("database ")}


def check_unchanged(
    project: Project, results: Results, data_folder: Path, code: dict[str, str], stages: Iterable[int]
) -> None:
    """Raises EvidenceError, naming the file, when anything that people edit is no longer what these stages read."""
    for name, (path, digest) in files_read(project, results, data_folder, stages).items():
        if (sha256_of_file(path) if path.is_file() else "") != digest:
            raise _changed(name)
    now = _digests_of_what_people_edit(project, project.stages)
    for name in code:
        if name != TOOLKIT and now.get(name) != code[name]:
            raise _changed(name)


def _text_digest(path: Path | str) -> str:
    """The digest of a text whatever its line ends: a checkout on Windows has others than one on Linux."""
    return hashlib.sha256(read_text(path).encode()).hexdigest()


def cells_digest(notebook: Path) -> str:
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(read_text(notebook))["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def where_it_lies(project: Project, name: str, data_folder: Path) -> Path:
    """A file outside the project is recorded as it lies in the data folder, and only the data may lie outside."""
    inside = project.path(name)
    if inside.is_file():
        return inside
    outside = data_folder / name if data_folder.is_dir() else data_folder.with_name(name)
    return outside if outside.is_file() else inside


def _changed(name: str) -> EvidenceError:
    what, remedy = "file", "Run again, and leave the file alone until the run has finished."
    if name.startswith("database "):
        what, remedy = "database", "Let it read a copy that stays the same for a day, such as one made for reporting."
    return EvidenceError(
        f"the {what} changed while the run was going, so its stages do not speak of the same thing. Nothing was kept.",
        where=name,
        remedy=remedy,
    )
