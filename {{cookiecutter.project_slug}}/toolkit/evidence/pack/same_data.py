"""Whether two data folders hold the same data under two names, because one was copied from the other or renamed."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import product
from pathlib import Path

from evidence.pack.record import INPUTS, under_key
from evidence.pack.seal import RECEIPT
from evidence.project import EvidenceError, Project, read_text, sha256_of_file
from evidence.project.addresses import is_address


class DataFolders:
    """The data folders of runs and packs, named as `one_name` has it; what they hold is looked at once.

    What a pack was made from is known from its receipt, though the folder may have gone: the digest of each file under
    the project's key. Where that key has been replaced since, nothing can be told of the pack.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._present: dict[str, frozenset[str]] = {}

    def same(self, one: str, other: str) -> bool:
        """Whether the two are one, or hold the same files, one of them some more. Databases differ by their address."""
        if one == other:
            return True
        if is_address(one) or is_address(other):
            return False
        pairs = product(self._held(one), self._held(other))
        return any(some <= others or others <= some for some, others in pairs)

    def _held(self, folder: str) -> list[frozenset[str]]:
        """The digests of the files that packs were made from, and of those that are there now."""
        if folder not in self._present:
            digests = _digests(Path(folder))
            self._present[folder] = frozenset(under_key(self._project, digests).values() if digests else ())
        return list(filter(None, [*self._of_packs.get(folder, []), self._present[folder]]))

    @cached_property
    def _of_packs(self) -> dict[str, list[frozenset[str]]]:
        found: dict[str, list[frozenset[str]]] = {}
        for path in self._project.path("packs").glob(f"*/{INPUTS}"):
            try:
                inputs, receipt = json.loads(read_text(path)), read_receipt(path.parent)
                folder = one_name(self._project, data_folder_of(inputs, receipt))
                read = receipt.get("data_files", {}).get(self._key, {})
                found.setdefault(folder, []).append(frozenset(read.values()))
            except (EvidenceError, ValueError, KeyError, TypeError, AttributeError):
                # What cannot be read says nothing, here as in `refused_beside_others`.
                continue
        return found

    @cached_property
    def _key(self) -> str:
        from evidence.privacy import key_fingerprint

        return key_fingerprint(self._project)


def one_name(project: Project, written: str) -> str:
    """One name for one data folder, however it is written; an address is its own name."""
    return written if is_address(written) else str(project.root.joinpath(written).resolve())


def data_folder_of(inputs: dict, receipt: dict) -> str:
    """The data folder that a pack was made from, as it was written; one outside the project is in the receipt alone."""
    return str(receipt.get("data_folder") or inputs["parameters"]["data_folder"])


def read_receipt(pack: Path) -> dict:
    """A pack's receipt; empty where there is none. Raises as `read_text` and `json.loads` do."""
    path = pack / RECEIPT
    return json.loads(read_text(path)) if path.is_file() else {}


def _digests(folder: Path) -> dict[str, str]:
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    shown = [path for path in paths if not path.name.startswith((".", "~$")) and path.suffix.lower() != ".md"]
    return {str(path): sha256_of_file(path) for path in shown}
