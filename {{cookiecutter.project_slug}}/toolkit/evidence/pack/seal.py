"""The seal: a manifest that `sha256sum -c` reads, and a zip whose bytes depend on the files in it and nothing else."""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from evidence.project import EvidenceError, sha256_of_file

MANIFEST = "manifest-sha256.txt"
RECEIPT = "receipt.json"
# What is added after sealing, or differs from run to run: who signed, and when and where the pack was made.
OUTSIDE_THE_SEAL = (MANIFEST, RECEIPT, "signatures")
_LINE = re.compile(r"([0-9a-f]{64})  ([^\\\r\n\0]+)")
_DAY = (1980, 1, 1, 0, 0, 0)


def is_sealed(name: str) -> bool:
    """Whether a file of a pack, named from the pack's folder, belongs inside the seal."""
    return name.split("/")[0] not in OUTSIDE_THE_SEAL


def sealed_files(folder: Path) -> list[str]:
    """The names of all files inside the seal, sorted by their bytes."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(filter(is_sealed, names), key=str.encode)


def manifest_text(digests: Mapping[str, str]) -> str:
    """The manifest: a line a file, `<digest>  <name>`, in the order of the names' bytes."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests, key=str.encode))


def write_manifest(folder: Path) -> str:
    """Seals the folder and returns the manifest's own digest."""
    text = manifest_text({name: sha256_of_file(folder / name) for name in sealed_files(folder)})
    (folder / MANIFEST).write_bytes(text.encode())
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, str]:
    """Digests by name. Raises EvidenceError when there is no manifest, or a line of it is not as we write it."""
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        raise EvidenceError("the pack has no manifest, so nothing in it can be checked.", where=MANIFEST)
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise EvidenceError("the manifest is not text.", where=MANIFEST) from None
    digests: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        match = _LINE.fullmatch(line)
        if not match or not _is_inside(match[2]) or match[2] in digests:
            raise EvidenceError("the line is not as a manifest is written.", where=f"{MANIFEST}, line {number}")
        digests[match[2]] = match[1]
    if text != manifest_text(digests):
        raise EvidenceError("the manifest's lines are not in order, or its end is missing.", where=MANIFEST)
    return digests


def zip_bytes(folder: Path, name: str) -> bytes:
    """The pack as a zip with one folder `name`: sorted, without dates, modes or compression of its own.

    Compression would make the bytes depend on the library that does it.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for inside in sorted([*sealed_files(folder), MANIFEST], key=str.encode):
            entry = zipfile.ZipInfo(f"{name}/{inside}", _DAY)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, (folder / inside).read_bytes())
    return target.getvalue()


def _is_inside(name: str) -> bool:
    """A name that stays in the pack: a manifest must not send its reader to other files of the machine."""
    parts = name.split("/")
    return is_sealed(name) and not re.match(r"[A-Za-z]:", name) and all(part not in ("", ".", "..") for part in parts)
