"""A new pack and its zip take the place of the previous ones, whole, whatever happens meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence.pack.seal import zip_bytes
from evidence.pack.verifying import verify
from evidence.project.folders import discard, put_in_place, recover, remove


@contextmanager
def new_pack(final: Path) -> Iterator[Path]:
    """An empty folder that only its owner may look into, to make and seal a pack in.

    When the block ends well, it becomes the folder `final`, its zip beside it; otherwise the previous ones stay. Only
    for whoever holds that name (`folders.hold`).
    """
    _recover(final)
    part = final.with_name(f".{final.name}.part")
    remove(part)
    part.mkdir(parents=True, mode=0o700)
    try:
        yield part
        _share(part)
        _put_in_place(part, final)
    finally:
        discard(part)


def _put_in_place(part: Path, final: Path) -> None:
    """Folder and zip take the place of the previous ones; a zip never lies beside another pack than its own."""
    beside, ready = _zips(final)
    try:
        ready.write_bytes(zip_bytes(part, final.name))
    except BaseException:
        # On a full disk the half of it would take what room is left.
        ready.unlink(missing_ok=True)
        raise
    try:
        beside.unlink(missing_ok=True)
        put_in_place(part, final)
    except BaseException:
        _recover(final)
        raise
    ready.replace(beside)


def _recover(final: Path) -> None:
    """Makes the pack in place whole after a crash: its folder, and its zip, which can be made from the folder."""
    recover(final)
    beside, ready = _zips(final)
    ready.unlink(missing_ok=True)
    if final.is_dir() and not beside.exists() and not verify(final):
        ready.write_bytes(zip_bytes(final, final.name))
        ready.replace(beside)


def _zips(final: Path) -> tuple[Path, Path]:
    """Where the zip of a pack lies, and where it waits until the pack is in place."""
    return final.with_name(f"{final.name}.zip"), final.with_name(f".{final.name}.zip.part")


def _share(part: Path) -> None:
    """Until now only its owner could look into the folder; a released pack is as open as any new folder."""
    mask = os.umask(0)
    os.umask(mask)
    part.chmod(0o777 & ~mask)
