"""Whether a worker would give the same results as this machine: the same Python, packages, project, key and data."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version

from evidence.project import EvidenceError, Project, read_text, sha256_of_file
from evidence.run.fingerprints import code_digests

LOCKS = ("requirements.lock", "requirements-cluster.lock")
_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)(?: ; ([^\\\n]+))?", re.MULTILINE)
# What people write and what stages look up, besides the code.
_READ = ("project.toml", "requirements.lock", "reference", "workbook")


def needs(project: Project, parameters: dict[str, object]) -> dict[str, object]:
    """What every worker must have, as this machine has it. Raises EvidenceError where the lock is not there."""
    from evidence.privacy import key_fingerprint

    return {
        "python": python(),
        "packages": {name: found for name, found in locked(project).items() if installed(name)},
        "files": files(project),
        # It tells keys apart and does not give them away.
        "key": key_fingerprint(project),
        "data": str(parameters["data_folder"]),
    }


def why_unfit(project: Project, needed: dict, found_fit: bool = False) -> str:
    """In words, the first thing that this worker has otherwise; empty where there is none.

    found_fit: it was asked before, and what does not change while a process lives was right.
    """
    return ("" if found_fit else _environment_unfit(project, needed)) or _files_unfit(project, needed)


def _environment_unfit(project: Project, needed: dict) -> str:
    if python() != needed["python"]:
        return f"runs Python {python()}; the results are to come from {needed['python']}."
    others = [
        f"{name} {installed(name) or 'missing'} instead of {wanted}"
        for name, wanted in needed["packages"].items()
        if installed(name) != wanted
    ]
    if others:
        return f"has other packages than the lock names: {', '.join(others[:5])}{' …' if len(others) > 5 else ''}."
    return _key_unfit(project, needed["key"])


def _files_unfit(project: Project, needed: dict) -> str:
    here = files(project)
    for name in sorted({*here, *needed["files"]}):
        if here.get(name) != needed["files"].get(name):
            return f"has another {name} in {project.root}, so it sees another copy of the project, or it just changed."
    folder = needed["data"]
    return "" if project.path(folder).exists() else f"does not see the data: for it there is no {folder}."


def python() -> str:
    return f"{platform.python_version()} on {sys.platform} {platform.machine()}"


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def locked(project: Project) -> dict[str, str]:
    """Every package that the project's locks pin for this Python and system, with its version."""
    from packaging.markers import Marker

    found: dict[str, str] = {}
    for lock in LOCKS:
        for name, pinned, marker in _PINNED.findall(read_text(project.path(lock))):
            if not marker or Marker(marker.strip()).evaluate():
                found[name] = pinned
    return found


def files(project: Project) -> dict[str, str]:
    """The digest of all code, and of every file that people write or stages look up."""
    found = code_digests(project, list(project.stages))
    for name in _READ:
        place = project.path(name)
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and not path.name.startswith((".", "~$")):
                found[project.relative(path)] = sha256_of_file(path)
    return found


def _key_unfit(project: Project, fingerprint: str) -> str:
    from evidence.privacy import has_key, key_fingerprint

    # Asking for the key makes one where there is none.
    if not has_key(project):
        return (
            "does not have the key that de-identifies the data. The key is never sent: let EVIDENCE_KEY_FOLDER name a "
            "folder that the worker sees, closed to others, with a copy of your key."
        )
    try:
        same = key_fingerprint(project) == fingerprint
    except EvidenceError as error:
        return f"cannot use its key: {error}"
    return "" if same else "has another key to de-identify the data, so tokens of one child would differ."
