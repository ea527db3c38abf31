"""Data that lies at an address of fsspec (s3://, abfs://, sftp:// and others): brought here while it is worked with.

Each machine that reads it brings it here itself, into a folder that only its own account can open; afterwards the copy
is removed. An address that begins with file:// is a path like any other, and nothing is copied.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence.project.errors import EvidenceError

# Address -> folder, for this process and those it starts.
_COPIES = "EVIDENCE_DATA_COPIES"


def is_address(text: str) -> bool:
    return "://" in text


def path_of(address: str) -> str:
    """The path that file:///share/returns or file://server/share/returns stands for; any other address as it is."""
    # Few projects have one, and importing this takes as long as all the rest of a short command.
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(address)
    if parts.scheme != "file":
        return address.rstrip("/")
    host = "" if parts.netloc in ("", "localhost") else f"//{parts.netloc}"
    return host + url2pathname(parts.path)


def copy_of(text: str) -> Path:
    """Where the copy of an address lies, or of something below it. Raises EvidenceError while there is none."""
    for address, folder in _copies().items():
        if text == address or text.startswith(f"{address}/"):
            return Path(folder, text[len(address) :].strip("/"))
    raise EvidenceError(
        "data at an address is there only while a run works with it.",
        where="data_folder",
        remedy="For this, copy the data to a path, and write that path.",
    )


@contextmanager
def at_hand(
    places: Iterable[object], inside: Path | None = None, unread: dict[str, EvidenceError] | None = None
) -> Iterator[None]:
    """Brings here, while the block runs, what lies at those of the places that are addresses.

    inside: the folder for it, the system's own for temporary files unless another is given. unread: takes each address
    where that does not work, and why; without it, the first is raised. No message quotes what the other side said.
    """
    wanted = sorted({str(place) for place in places if is_address(str(place))})
    if not wanted:
        yield
        return
    before = os.environ.get(_COPIES)
    with tempfile.TemporaryDirectory(prefix="evidence-data-", dir=inside, ignore_cleanup_errors=True) as folder:
        copies = _copies()
        for number, address in enumerate(wanted):
            try:
                copies[address] = str(_brought(address, Path(folder, str(number))))
            except EvidenceError as error:
                if unread is None:
                    raise
                unread[address] = error
        os.environ[_COPIES] = json.dumps(copies)
        try:
            yield
        finally:
            os.environ.pop(_COPIES)
            if before is not None:
                os.environ[_COPIES] = before


def _copies() -> dict[str, str]:
    return json.loads(os.environ.get(_COPIES, "{}"))


def _brought(address: str, folder: Path) -> Path:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise EvidenceError(
            "reading data from an address needs a package that is not installed here.",
            where="data_folder",
            remedy="Install it: python install.py --cluster (Windows: py install.py --cluster).",
        ) from None
    target = folder / address.rsplit("/", 1)[-1]
    folder.mkdir()
    try:
        files, place = url_to_fs(address)
        if files.isfile(place):
            files.get_file(place, str(target))
        else:
            files.get(f"{place.rstrip('/')}/", f"{target}{os.sep}", recursive=True)
    except Exception as error:  # noqa: BLE001 - each kind of storage has errors of its own
        missing = isinstance(error, (ImportError, ValueError))
        remedy = "Install the package of that kind of storage beside the project's (s3fs, adlfs, …)."
        raise EvidenceError(
            f"the data cannot be read from its address ({type(error).__name__}).",
            where="data_folder",
            remedy=remedy if missing else "Check the address, and that this machine may read there.",
        ) from None
    return target
