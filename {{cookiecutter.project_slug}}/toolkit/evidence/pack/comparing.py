"""What differs between two packs, file by file, and which of their inputs can have caused it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evidence.pack.record import INPUTS
from evidence.pack.seal import RECEIPT, read_manifest

_MOST_PACKAGES = 10
_WORDS = {
    "parameters": "parameters",
    "code": "code",
    "answers": "answers",
    "files": "files",
    "data": "data",
    "role": "role that loaded the data",
    "access_log": "access log",
    "environment": "environment",
    "toolkit_version": "toolkit version",
}


@dataclass(frozen=True)
class Difference:
    """One difference: a file of the pack, or an input (`cause` is true) that is no longer the same."""

    name: str
    what: str
    cause: bool = False


def differences(before: Path, after: Path) -> list[Difference]:
    """Every sealed file that is not byte for byte the same, and before these the inputs that differ.

    Raises EvidenceError when one of the two is not sealed.
    """
    old, new = read_manifest(before), read_manifest(after)
    changed = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
    files = [Difference(name, _where(before / name, after / name)) for name in changed]
    files += [Difference(name, "is only in the pack") for name in sorted(old.keys() - new.keys())]
    files += [Difference(name, "is only in the new run") for name in sorted(new.keys() - old.keys())]
    if not files:
        return []
    causes = [*_causes(_json(before, INPUTS), _json(after, INPUTS), _data_files(before, after))]
    return [*causes, *_environment(_json(before, RECEIPT), _json(after, RECEIPT)), *files]


def _json(pack: Path, name: str) -> dict:
    """A record of a pack; empty for a receipt that is missing or damaged, since it lies outside the seal."""
    try:
        return json.loads((pack / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        if name != RECEIPT:
            raise
        return {}


def _where(old: Path, new: Path) -> str:
    one, other = old.read_bytes().splitlines(), new.read_bytes().splitlines()
    first = next((number for number, (a, b) in enumerate(zip(one, other, strict=False), 1) if a != b), None)
    return f"differs, first in line {first or min(len(one), len(other)) + 1}"


def _causes(old: dict, new: dict, data_files: list[str]) -> Iterator[Difference]:
    for part, word in _WORDS.items():
        one, other = old.get(part), new.get(part)
        if one == other:
            continue
        if part == "data" and data_files:
            yield from (Difference(f"{word}: {name}", "changed", cause=True) for name in data_files)
        elif not isinstance(one, dict) or not isinstance(other, dict) or part == "data":
            yield Difference(word, "changed", cause=True)
        else:
            values = part == "parameters"
            yield from (Difference(f"{word}: {name}", what, cause=True) for name, what in _changed(one, other, values))


def _changed(one: dict, other: dict, values: bool = False) -> Iterator[tuple[str, str]]:
    """Each name that the two do not hold alike, and what became of it; with the values where these may be told."""
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) == other.get(name):
            continue
        if name in one and name in other:
            yield name, f"went from {one[name]} to {other[name]}" if values else "changed"
        else:
            yield name, "is gone" if name in one else "is new"


def _data_files(before: Path, after: Path) -> list[str]:
    """The data files that changed, where both packs were made under the same key; else nobody can tell which."""
    old, new = _json(before, RECEIPT).get("data_files", {}), _json(after, RECEIPT).get("data_files", {})
    return [name for key in old.keys() & new.keys() for name, _ in _changed(old[key], new[key])]


def _environment(old: dict, new: dict) -> Iterator[Difference]:
    if not old or not new:
        return
    for what, word in (("python", "Python"), ("system", "system")):
        if old[what] != new[what]:
            yield Difference(f"environment: {word}", f"went from {old[what]} to {new[what]}", cause=True)
    packages = list(_changed(old["packages"], new["packages"], values=True))
    for name, what in packages[:_MOST_PACKAGES]:
        yield Difference(f"environment: {name}", what, cause=True)
    if len(packages) > _MOST_PACKAGES:
        yield Difference("environment", f"has {len(packages) - _MOST_PACKAGES} more packages that differ", cause=True)
