"""Is a pack what it was when it was sealed? Everything that is not, by name and in words."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from evidence.pack.seal import MANIFEST, OUTSIDE_THE_SEAL, RECEIPT, is_sealed, read_manifest, zip_bytes
from evidence.project import EvidenceError, sha256_of_file


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a pack: which file, and what happened to it, in words."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def verify(pack: Path) -> list[Fault]:
    """Everything that is not as it was sealed; an empty list means unaltered and complete.

    Looks at every file and folder of the pack, at the receipt's note of the manifest, and at the zip beside the pack if
    there is one. Raises EvidenceError when the folder is no pack at all.
    """
    if not pack.is_dir():
        raise EvidenceError(
            "there is no such pack.", where=str(pack), remedy="Name the pack's folder, for example packs/sample"
        )
    if not (pack / MANIFEST).exists() and not (pack / "index.html").exists():
        raise EvidenceError(
            "this folder is not a pack.", where=str(pack), remedy="Name the pack's folder, for example packs/sample"
        )
    try:
        expected = read_manifest(pack)
    except EvidenceError as error:
        return [Fault(error.where, error.what)]
    found, faults = _walk(pack, expected)
    faults += _against_manifest(pack, expected, found)
    faults += _receipt_faults(pack)
    # The zip can only be compared with a folder that is itself in order.
    return sorted(faults or _zip_faults(pack), key=lambda fault: (fault.name, fault.what))


def _walk(pack: Path, expected: dict[str, str]) -> tuple[set[str], list[Fault]]:
    """The real files inside the seal, and a fault for each link and each folder that no sealed file lies in."""
    folders = {"/".join(name.split("/")[:depth]) for name in expected for depth in range(1, name.count("/") + 1)}
    found, faults = set(), []
    for place, inner, files in os.walk(pack):
        here = Path(place)
        for entry in [*inner, *files]:
            path = here / entry
            name = path.relative_to(pack).as_posix()
            if _is_link(path):
                faults.append(Fault(name, "is a link to something outside the seal"))
                found.add(name)
            elif not is_sealed(name):
                continue
            elif path.is_file():
                found.add(name)
                if os.lstat(path).st_nlink > 1:
                    faults.append(Fault(name, "has a second name elsewhere (a hard link), where it can be altered"))
            elif entry in files:
                faults.append(Fault(name, "is not an ordinary file"))
            elif name not in folders:
                faults.append(Fault(f"{name}/", "the folder was added"))
        inner[:] = [entry for entry in inner if not _is_link(here / entry)]
        if here == pack:
            inner[:] = [entry for entry in inner if entry not in OUTSIDE_THE_SEAL]
    return found, faults


def _is_link(path: Path) -> bool:
    # A junction of Windows is no symbolic link, and still leads elsewhere.
    return path.is_symlink() or bool(getattr(os.lstat(path), "st_reparse_tag", 0))


def _against_manifest(pack: Path, expected: dict[str, str], found: set[str]) -> list[Fault]:
    linked = {name for name in found if _is_link(pack / name)}
    digests = {name: sha256_of_file(pack / name) for name in found - linked}
    faults = [
        Fault(name, "was altered") for name in sorted(digests) if name in expected and digests[name] != expected[name]
    ]
    added = [name for name in sorted(digests) if name not in expected]
    for name in sorted(set(expected) - found):
        renamed = next((other for other in added if digests[other] == expected[name]), None)
        if renamed:
            added.remove(renamed)
        faults.append(Fault(name, f"was renamed to {renamed}" if renamed else "is missing"))
    return faults + [Fault(name, "was added") for name in added]


def _receipt_faults(pack: Path) -> list[Fault]:
    path = pack / RECEIPT
    if not path.is_file():
        return []
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))["manifest_sha256"]
    except (ValueError, KeyError, TypeError):
        return [Fault(RECEIPT, "cannot be read")]
    if noted != hashlib.sha256((pack / MANIFEST).read_bytes()).hexdigest():
        return [Fault(MANIFEST, "is not the manifest that the receipt was written for")]
    return []


def _zip_faults(pack: Path) -> list[Fault]:
    beside = pack.with_name(f"{pack.name}.zip")
    if not beside.is_file() or beside.read_bytes() == zip_bytes(pack, pack.name):
        return []
    return [Fault(f"../{beside.name}", "the zip beside the pack does not hold the same pack")]
