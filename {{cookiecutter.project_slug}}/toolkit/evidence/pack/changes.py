"""What changed since the last pack that was made from anything else than this one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from evidence.pack.record import FIGURES, INPUTS, PREVIOUS
from evidence.pack.seal import MANIFEST, read_manifest
from evidence.project import EvidenceError, long_date


def previous_of(released: Path, inputs: dict) -> dict | None:
    """The pack to compare with: its day, figures and manifest digest; nothing where there is none.

    A pack made again from the same inputs is compared with what the first was compared with, so that both are the same
    byte for byte. A pack that was altered is compared with nothing, and so is one whose figures an older toolkit wrote
    in another form.
    """
    try:
        expected = read_manifest(released)
        old_inputs, figures, previous = (_trusted(released, name, expected) for name in (INPUTS, FIGURES, PREVIOUS))
    except (EvidenceError, KeyError, ValueError, OSError):
        return None
    if old_inputs == inputs:
        return previous if previous and _readable(previous["figures"]) else None
    if not _readable(figures):
        return None
    digest = hashlib.sha256((released / MANIFEST).read_bytes()).hexdigest()
    return {"as_of": old_inputs["parameters"]["as_of"], "figures": figures, "manifest_sha256": digest}


def changes_since(previous: dict | None, figures: list[dict]) -> dict | None:
    """What the front page says: the earlier pack's day and digest, and each figure that differs, before and now."""
    if previous is None:
        return None
    before, now = _by_name(previous["figures"]), _by_name(figures)
    changed = []
    for key in [*now, *(key for key in before if key not in now)]:
        one, other = _words(before.get(key)), _words(now.get(key))
        if one != other:
            figure = now.get(key) or before[key]
            changed.append({"stage": figure["stage"], "label": figure["label"], "before": one, "now": other})
    return {
        "as_of": long_date(previous["as_of"]),
        "digest": previous["manifest_sha256"],
        "figures": changed,
        "same": sum(_words(before.get(key)) == _words(now[key]) for key in now),
    }


def _trusted(folder: Path, name: str, expected: dict[str, str]) -> object:
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != expected[name]:
        raise ValueError(name)
    return json.loads(content)


def _readable(figures: list[dict]) -> bool:
    return all({"stage", "name", "label", "text"} <= set(figure) for figure in figures)


def _by_name(figures: list[dict]) -> dict[tuple[int, str], dict]:
    return {(figure["stage"], figure["name"]): figure for figure in figures}


def _words(figure: dict | None) -> str:
    return "not in that pack" if figure is None else figure["text"]
