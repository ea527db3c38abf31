"""The project sent along, for workers that do not see its folder: code and answers go, a council's data never does."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from evidence.project import EvidenceError, Project, git_says

# Of data/ only what is made up or published; of git only what pages say of versions, no settings with their addresses.
_LEFT_BEHIND = {".evidence", ".venv", "build", "packs", "logs", "data", ".git", "node_modules"}
_DATA = ("data/sample", "data/published")
_GIT = ("HEAD", "index", "packed-refs", "refs", "objects", "logs")
_MOST_BYTES = 256 * 1024**2
_LOCAL = ("127.0.0.1", "localhost", "::1")


def check_may_be_shipped(project: Project, parameters: dict[str, object], address: str) -> None:
    """Raises EvidenceError where something would have to be sent that must not be, or would be missing there."""
    from evidence.data.access.people import is_made_up

    folder = str(parameters["data_folder"])
    place = project.data_folder(parameters)
    if is_made_up(project, folder):
        return
    if place.resolve().is_relative_to(project.root):
        raise EvidenceError(
            f"{folder} holds the council's data in this project, and with --ship workers do not see it. "
            "Data is never sent.",
            where="data_folder",
            remedy="Put the data where the workers read it, and write the full path of that place as data_folder.",
        )
    if not project.facts.access_log:
        raise EvidenceError(
            "workers that do not see this project cannot write its access log, so they may not read own data.",
            where="project.toml, [data] access_log",
            remedy="Write there the path of a folder that this machine and every worker see.",
        )
    parts = urlsplit(address)
    if parts.scheme not in ("tls", "wss") and parts.hostname not in _LOCAL:
        raise EvidenceError(
            "results from the council's data would travel unencrypted.",
            where=f"--scheduler {address}",
            remedy="Let the scheduler and its workers use TLS, and give its address as tls://…",
        )


def packed(project: Project) -> bytes:
    """The project as a tar archive. Raises EvidenceError where it is too large, or git's own folder is elsewhere."""
    top = git_says(project.root, "rev-parse", "--show-toplevel").strip()
    if top and not project.path(".git").is_dir():
        raise EvidenceError(
            "the project is part of a larger git repository, which is not sent, so pages about versions would differ.",
            where="--ship",
            remedy="Put the project on a path that all workers see, and leave --ship out.",
        )
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for path in _files(project):
            archive.add(path, path.relative_to(project.root).as_posix(), recursive=False, filter=_anonymous)
            if whole.tell() > _MOST_BYTES:
                raise EvidenceError(
                    f"the project is larger than {_MOST_BYTES // 1024**2} MB, at {project.relative(path)}.",
                    where="--ship",
                    remedy="Put the project on a path that all workers see, and leave --ship out.",
                )
    return whole.getvalue()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without its owner: on the worker it belongs to whoever unpacks it, or git would refuse to look at it."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def add_to_log(project: Project, lines: list[dict]) -> None:
    """Adds to the access log what a worker noted in the copy that it had."""
    from evidence.data.access.log import append

    for line in lines:
        entry = {name: value for name, value in line.items() if name not in ("n", "hash", "previous")}
        append(project, entry, datetime.fromisoformat(entry.pop("when")))


def _files(project: Project) -> Iterator[Path]:
    """Folders before what they hold, in order."""
    for path in sorted(project.root.iterdir()):
        if path.name not in _LEFT_BEHIND:
            yield from _below(path)
    for name in (*_DATA, *(f".git/{part}" for part in _GIT), "logs/access_log.jsonl"):
        if project.path(name).exists():
            yield from _below(project.path(name))


def _below(path: Path) -> Iterator[Path]:
    if path.name == "__pycache__" or path.is_symlink():
        return
    yield path
    if path.is_dir():
        for inside in sorted(path.iterdir()):
            yield from _below(inside)
