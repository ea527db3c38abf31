"""The secret key that turns identifiers into tokens, kept where no pack, log or copy of the project reaches it."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from pathlib import Path

from evidence.project import EvidenceError, Project

KEY_BYTES = 32


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

    Raises EvidenceError when the key folder lies inside the project, or the key cannot be made or read.
    """
    folder = key_folder()
    if folder.resolve().is_relative_to(project.root):
        raise EvidenceError(
            "the key would lie inside the project, where it could be copied with it.",
            where="EVIDENCE_KEY_FOLDER",
            remedy="Name a folder outside the project, or leave EVIDENCE_KEY_FOLDER out.",
        )
    path = folder / f"{key_id(project)}.key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise EvidenceError(
            f"the key that de-identifies the data cannot be made or read ({error.strerror}).",
            where="the folder for keys",
            remedy="Set EVIDENCE_KEY_FOLDER to a folder of your own outside the project, then repeat the command.",
        ) from None
    if len(key) != KEY_BYTES:
        raise EvidenceError(
            "the key that de-identifies the data is damaged.",
            where=f"the folder for keys, {path.name}",
            remedy="Move that file away; a new key is made at the next run.",
        )
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        # A link refuses to replace: of two processes at once, the second one takes the first one's key.
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
