"""What differs between two packs, file by file, and which of their inputs can have caused it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from evidence.pack.record import INPUTS
from evidence.pack.seal import read_manifest

_WORDS = {
    "parameters": "parameters",
    "code": "code",
    "answers": "answers",
    "files": "files",
    "data": "data",
    "role": "role that loaded the data",
    "access_log": "access log",
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
    files = [Difference(name, "differs") for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    files += [Difference(name, "is only in the pack") for name in sorted(old.keys() - new.keys())]
    files += [Difference(name, "is only in the new run") for name in sorted(new.keys() - old.keys())]
    if not files:
        return []
    return [*_causes(_inputs(before), _inputs(after)), *files]


def _inputs(pack: Path) -> dict:
    return json.loads((pack / INPUTS).read_text(encoding="utf-8"))


def _causes(old: dict, new: dict) -> list[Difference]:
    causes = []
    for part, word in _WORDS.items():
        one, other = old.get(part), new.get(part)
        if one == other:
            continue
        if not isinstance(one, dict) or not isinstance(other, dict) or part == "data":
            causes.append(Difference(word, "changed", cause=True))
            continue
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                what = "changed" if name in one and name in other else "is gone" if name in one else "is new"
                causes.append(Difference(f"{word}: {name}", what, cause=True))
    return causes
