"""The secret keys that turn identifiers into tokens, kept where no pack, log or copy of the project reaches them."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from evidence.project import EvidenceError, Project

KEY_BYTES = 32


@dataclass(frozen=True)
class Key:
    """One version of a project's key. `until` is the day it was replaced, empty for the one in use."""

    version: int
    until: str
    key: bytes = field(repr=False)


def key_folder() -> Path:
    """Where this user's keys lie: EVIDENCE_KEY_FOLDER, else the system's place for a user's own application data."""
    chosen = os.environ.get("EVIDENCE_KEY_FOLDER")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "evidence-keys"


def key_id(project: Project) -> str:
    """The name of a project's key file: a digest of the tool's title and the council, sixteen hexadecimal digits.

    Both come from `project.toml`, so a project keeps its key when its folder is moved or checked out a second time,
    and two tools of one council have different keys. A new title means a new key; no figure depends on which key it is.
    """
    facts = project.facts
    identity = "\n".join((facts.title, facts.council, facts.council_code))
    return hashlib.sha256(identity.encode("utf-8")).hexdigest()[:16]


def pseudonym_key(project: Project) -> bytes:
    """The project's key, made at first use in a file that only this user can read.

    Raises EvidenceError when the key folder lies inside the project, others may read the key (not checked on Windows,
    where the user's own folder is closed to other users by its access list), or it cannot be made or read.
    """
    path = _path(project)
    try:
        if not path.exists():
            _put(path)
    except OSError as error:
        raise _unusable(error) from None
    return _read(path)


def has_key(project: Project) -> bool:
    """Whether the project's key was made already, where this user's keys lie. Raises as `pseudonym_key` does."""
    return _path(project).is_file()


def pseudonym_keys(project: Project) -> list[Key]:
    """Every version of the project's key that is still kept, the one in use first. Raises as `pseudonym_key` does."""
    current, old = pseudonym_key(project), _retired(project)
    versions = [Key(number, until, _read(path)) for number, (until, path) in sorted(old.items(), reverse=True)]
    return [Key(max(old, default=0) + 1, "", current), *versions]


def lasting_key(project: Project) -> bytes:
    """The oldest key that is still kept: for marks that must stay recognisable after a new key was made."""
    return pseudonym_keys(project)[-1].key


def key_fingerprint(project: Project) -> str:
    """Sixteen hexadecimal digits that change with the key and do not give it away."""
    return hashlib.sha256(b"fingerprint of " + pseudonym_key(project)).hexdigest()[:16]


def rotate_key(project: Project, today: date) -> int:
    """Makes a new key and keeps the old one, named by its version and its last day; the new key's version number.

    From the next load on, tokens are made under the new key. Whoever holds the old key can still find out what an old
    token stood for; without it nobody can tell which old and new tokens are the same child's. Raises EvidenceError as
    `pseudonym_key` does.
    """
    path, version = _path(project), pseudonym_keys(project)[0].version
    kept = path.with_name(f"{path.stem}.{version}.until_{today.isoformat()}.key")
    try:
        os.link(path, kept)
        part = _made(path)
        os.replace(part, path)
    except OSError as error:
        raise _unusable(error) from None
    return version + 1


def _path(project: Project) -> Path:
    folder = key_folder()
    if folder.resolve().is_relative_to(project.root):
        raise EvidenceError(
            "the key would lie inside the project, where it could be copied with it.",
            where="EVIDENCE_KEY_FOLDER",
            remedy="Name a folder outside the project, or leave EVIDENCE_KEY_FOLDER out.",
        )
    return folder / f"{key_id(project)}.key"


def _retired(project: Project) -> dict[int, tuple[str, Path]]:
    path = _path(project)
    name = re.compile(rf"{path.stem}\.(\d+)\.until_([\d-]+)\.key")
    named = [(name.fullmatch(file.name), file) for file in path.parent.iterdir()]
    return {int(match[1]): (match[2], file) for match, file in named if match}


def _read(path: Path) -> bytes:
    try:
        shared = os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077
        key = path.read_bytes()
    except OSError as error:
        raise _unusable(error) from None
    if shared:
        raise EvidenceError(
            "other users of this computer may read the key that de-identifies the data.",
            where=f"the folder for keys, {path.name}",
            remedy=f"Close it to them: chmod 600 {path}. If anybody may have read it, run `evidence data rotate-key`.",
        )
    if len(key) != KEY_BYTES:
        raise EvidenceError(
            "the key that de-identifies the data is damaged.",
            where=f"the folder for keys, {path.name}",
            remedy="Move that file away; a new key is made at the next run.",
        )
    return key


def _unusable(error: OSError) -> EvidenceError:
    return EvidenceError(
        f"the key that de-identifies the data cannot be made or read ({error.strerror}).",
        where="the folder for keys",
        remedy="Set EVIDENCE_KEY_FOLDER to a folder of your own outside the project, then repeat the command.",
    )


def _put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = _made(path)
    try:
        # A link refuses to replace: of two processes at once, the second one takes the first one's key.
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _made(path: Path) -> Path:
    """A new key in a file of its own beside `path`."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    return part
