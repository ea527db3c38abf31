"""Whole folders: held by one process at a time, and replaced in one step so that a crash leaves the old one whole."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence.project.errors import EvidenceError

# A lock on a byte far behind the text leaves the text readable on Windows, where locks bind readers too.
_LOCKED_BYTE = 4096


@contextmanager
def hold(path: Path, what: str, wait: float = 0) -> Iterator[None]:
    """Keeps others from `what` while the block runs; the system lets go when the process ends, however it ends.

    Raises EvidenceError, naming the process, when another process holds `path` and still does after `wait` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + wait
        while not (free := _lock(descriptor)) and time.monotonic() < until:
            time.sleep(0.01)
        if not free:
            raise EvidenceError(
                f"{what} is already going, in the process with number {_holder(path)}. Nothing was changed.",
                remedy="Wait until it has finished, or stop it, then repeat the command.",
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"process": os.getpid()}).encode())
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(part: Path, final: Path) -> None:
    """Makes the complete folder `part` the folder `final`. What was there before is removed afterwards.

    Raises EvidenceError when the old folder cannot be replaced, most often because a file in it is open.
    """
    try:
        if not final.exists():
            part.rename(final)
        elif _exchanged(part, final):
            discard(part)
        else:
            aside = _aside(final)
            remove(aside)
            final.rename(aside)
            part.rename(final)
            discard(aside)
    except OSError as error:
        recover(final)
        raise EvidenceError(
            f"the folder cannot be replaced ({error.strerror}). The previous one is still there.",
            where=str(final),
            remedy="Close any file of it that is open in another program, then repeat the command.",
        ) from None


def recover(final: Path) -> None:
    """Puts back the previous folder if the machine stopped between moving it aside and putting the new one there."""
    aside = _aside(final)
    if aside.exists() and not final.exists():
        aside.rename(final)
    remove(aside)


def remove(folder: Path) -> None:
    """Removes a folder of ours and everything in it, if it is there."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Removes what is no longer needed, as far as that can be done: a share may keep a file that somebody has open."""
    shutil.rmtree(folder, ignore_errors=True)


def _aside(final: Path) -> Path:
    return final.with_name(f".{final.name}.previous")


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the system swapped the two names in one step; only Linux and macOS can, and not on every file system."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        names = os.fsencode(one), os.fsencode(other)
        if sys.platform == "linux":
            here = -100  # AT_FDCWD
            return libc.renameat2(here, names[0], here, names[1], ctypes.c_uint(2)) == 0  # RENAME_EXCHANGE
        if sys.platform == "darwin":
            return libc.renamex_np(names[0], names[1], ctypes.c_uint(2)) == 0  # RENAME_SWAP
    except (OSError, AttributeError, TypeError):
        pass
    return False


def _holder(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["process"])
    except (OSError, ValueError, KeyError):
        return "unknown"


if os.name == "nt":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # A few network shares know no locks; there, working without one beats not working.
            return True
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
