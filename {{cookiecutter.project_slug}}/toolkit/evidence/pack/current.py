"""Whether the pack in place is the one that would be made now, so that nothing has to be made again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from evidence.pack.seal import MANIFEST
from evidence.pack.verifying import verify
from evidence.project import EvidenceError, Project, atomic_write, read_text, sha256_of_file
from evidence.project.installed import installed_packages

# What people write and what the pages are made by; the run's own folder stands for the rest.
_INPUTS = ("workbook", "reference", "src")
_NOT_OF_THE_RUN = ("logs/", "timings.json")


def made_from(project: Project, run_folder: Path, draft: bool) -> str:
    """One digest of everything that a pack of this run is made from."""
    parts = [project.toolkit_digest(), installed_packages(), sha256_of_file(project.path("project.toml")), str(draft)]
    for folder in (*(project.path(name) for name in _INPUTS), run_folder):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if folder != run_folder or not name.startswith(_NOT_OF_THE_RUN):
                parts.append(f"{folder.name}/{name} {sha256_of_file(path)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def is_current(project: Project, pack: Path, digest: str) -> bool:
    """Whether the pack was made from what has that digest, and is whole and unaltered, its zip too."""
    zipped = pack.with_name(f"{pack.name}.zip")
    try:
        noted = json.loads(read_text(_note(project, pack)))
        return (
            noted == {"made_from": digest, "manifest": sha256_of_file(pack / MANIFEST)}
            and zipped.is_file()
            and not verify(pack)
        )
    except (EvidenceError, OSError, ValueError):
        return False


def note(project: Project, pack: Path, digest: str) -> None:
    """Notes what the pack in place was made from."""
    text = json.dumps({"made_from": digest, "manifest": sha256_of_file(pack / MANIFEST)}, sort_keys=True)
    atomic_write(_note(project, pack), text + "\n")


def _note(project: Project, pack: Path) -> Path:
    return project.path(".evidence", "packs", f"{pack.name}.json")
