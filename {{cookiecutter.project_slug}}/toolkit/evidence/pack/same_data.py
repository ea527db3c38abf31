"""Whether two data folders hold the same data under two names, because one was copied from the other or renamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from pathlib import Path

from evidence.pack.record import INPUTS, keyed_digest
from evidence.pack.seal import RECEIPT
from evidence.project import EvidenceError, Project, read_text, sha256_of_file


def same_data(project: Project, one: str, other: str) -> bool:
    """Whether two data folders, named as `one_name` has it, are one or hold the same files, some more or not.

    What a pack was made from is known from its receipt, though the folder may have gone: the digest of each file under
    the project's key. Where that key has been replaced since, nothing can be told of the pack. An address of a database
    is the same as itself alone.
    """
    if one == other:
        return True
    if _is_address(one) or _is_address(other):
        return False
    pairs = product(_files(project, one), _files(project, other))
    return any(some <= others or others <= some for some, others in pairs)


def one_name(project: Project, written: str) -> str:
    """One name for one data folder, however it is written; an address is its own name."""
    return written if _is_address(written) else str(project.root.joinpath(written).resolve())


def data_folder_of(pack: Path, inputs: dict) -> str:
    """The data folder that a pack was made from, as it was written; one outside the project is in the receipt alone."""
    return str(_receipt(pack).get("data_folder") or inputs["parameters"]["data_folder"])


def _is_address(written: str) -> bool:
    return "://" in written


def _files(project: Project, folder: str) -> Iterator[frozenset[str]]:
    """The digests of the files that are there now, and of those that packs were made from: each under the key."""
    if present := _present(Path(folder)):
        yield frozenset(keyed_digest(project, digest) for digest in present)
    for inputs in project.path("packs").glob(f"*/{INPUTS}"):
        try:
            of_folder = one_name(project, data_folder_of(inputs.parent, json.loads(read_text(inputs)))) == folder
        except (EvidenceError, ValueError, KeyError, TypeError):
            continue
        if of_folder and (read := _read_for(project, inputs.parent)):
            yield read


def _present(folder: Path) -> frozenset[str]:
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    shown = [path for path in paths if not path.name.startswith((".", "~$")) and path.suffix.lower() != ".md"]
    return frozenset(_digest(path, path.stat().st_size, path.stat().st_mtime_ns) for path in shown)


@lru_cache(maxsize=1024)
def _digest(path: Path, size: int, changed: int) -> str:
    """A file is read once for all runs it is looked at for."""
    return sha256_of_file(path)


def _read_for(project: Project, pack: Path) -> frozenset[str]:
    from evidence.privacy import key_fingerprint

    return frozenset(_receipt(pack).get("data_files", {}).get(key_fingerprint(project), {}).values())


def _receipt(pack: Path) -> dict:
    path = pack / RECEIPT
    return json.loads(read_text(path)) if path.is_file() else {}
