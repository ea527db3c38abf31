"""Reading text that Windows, Excel or Linux wrote, and writing files so that a crash leaves the old one whole."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence.project.errors import EvidenceError

_REMEDY = "If it is open in Excel or another program, close it there. Otherwise check that you may write to the folder."
_FULL = "The disk or your share of it is full: make room, then repeat the command."
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: "Nothing can be written there: choose another folder.",
}


def read_text(path: Path) -> str:
    """The text of a file saved as UTF-8 (with or without a byte order mark), UTF-16, or by older Windows programs.

    Raises EvidenceError when the file is missing or cannot be opened.
    """
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise EvidenceError("there is no such file.", where=str(path)) from None
    except OSError as error:
        raise EvidenceError(
            f"the file cannot be opened ({error.strerror}).",
            where=str(path),
            remedy="Close it elsewhere and try again.",
        ) from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16").replace("\r\n", "\n")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def atomic_write(path: Path, content: str | bytes, lasting: bool = True) -> None:
    """Writes a whole file or nothing: the old one stays until the new one is complete on disk.

    lasting: it is on disk even where the power fails at once, which takes some milliseconds. What a run can make again
    does without.

    Text is written as UTF-8 with plain line ends. Raises EvidenceError when the folder or file cannot be written.
    """
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".part-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise EvidenceError(
            f"the file cannot be written ({error.strerror}). Nothing was changed.",
            where=str(path),
            remedy=_REMEDIES.get(error.errno, _REMEDY),
        ) from None


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Says in one line what the system refused while the block wrote: a full disk, a folder or file that is closed.

    what: `the pack`, and what has become of the old one. Raises EvidenceError in place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise EvidenceError(
            f"{what} ({error.strerror or 'the system gave no reason'}).",
            where=Path(str(error.filename)).name if error.filename else "",
            remedy=_REMEDIES.get(error.errno, _REMEDY),
        ) from None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def source_files(folder: Path) -> dict[str, str]:
    """The files under a folder but those that Python compiled: name from the folder, with forward slashes -> path.

    Sorted by name, so that all systems list them in the same order.
    """
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = (name for name in folders if name != "__pycache__")
        start = os.path.relpath(place, folder).replace(os.sep, "/")
        inside = "" if start == "." else f"{start}/"
        found |= {f"{inside}{name}": path for name in names if os.path.isfile(path := os.path.join(place, name))}
    return dict(sorted(found.items()))


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal, read a piece at a time."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
