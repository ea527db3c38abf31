"""What changed since the last pack that was made from anything else than this one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from evidence.pack.record import FIGURES, INPUTS, PREVIOUS
from evidence.pack.said import STANDING
from evidence.pack.seal import MANIFEST, read_manifest
from evidence.project import EvidenceError, long_date

_MADE_FROM = ("code", "data", "parameters")
_MOST_NAMES = 3


def previous_of(released: Path, inputs: dict, apart: bool = False) -> dict | None:
    """The pack to compare with: its day, figures, what people wrote by digest, inputs and manifest digest; or nothing.

    A pack made again from the same inputs is compared with what the first was compared with, so that both are the same
    byte for byte. A pack that was altered is compared with nothing, and so is one whose figures an older toolkit wrote
    in another form. apart: its figures may not stand beside the new ones, so they are left out and that is noted.
    """
    try:
        expected = read_manifest(released)
        old_inputs, figures, previous = (_trusted(released, name, expected) for name in (INPUTS, FIGURES, PREVIOUS))
        said = by_digest(_trusted(released, STANDING, expected)) if STANDING in expected else None
    except (EvidenceError, KeyError, ValueError, OSError):
        return None
    if old_inputs == inputs:
        return previous if previous and _readable(previous["figures"]) else None
    if not _readable(figures):
        return None
    digest = hashlib.sha256((released / MANIFEST).read_bytes()).hexdigest()
    return {
        **({"apart": True} if apart else {}),
        "as_of": old_inputs["parameters"]["as_of"],
        "figures": [] if apart else figures,
        "inputs": {name: old_inputs[name] for name in _MADE_FROM},
        "manifest_sha256": digest,
        "said": said,
    }


def changes_since(previous: dict | None, figures: list[dict], said: dict, inputs: dict) -> dict | None:
    """What the front page says: the earlier pack's day and digest, and each figure that differs, before and now.

    `parts` holds (what, how it changed) for the stamp, gates, answers, registers, risks, sign-offs and inputs.
    """
    if previous is None:
        return None
    apart = previous.get("apart", False)
    before, now = ({}, {}) if apart else (_by_name(previous["figures"]), _by_name(figures))
    changed = []
    for key in [*now, *(key for key in before if key not in now)]:
        one, other = _words(before.get(key)), _words(now.get(key))
        if one != other:
            figure = now.get(key) or before[key]
            changed.append({"stage": figure["stage"], "label": figure["label"], "before": one, "now": other})
    return {
        "apart": apart,
        "as_of": long_date(previous["as_of"]),
        "digest": previous["manifest_sha256"],
        "figures": changed,
        "parts": [*_said_differently(previous.get("said"), by_digest(said)), *_made_from(previous, inputs)],
        "same": sum(_words(before.get(key)) == _words(now[key]) for key in now),
    }


def by_digest(said: dict) -> dict:
    """What `said_in` gives, small enough to be kept in the next pack: states as words, texts as digests."""
    return {
        "Stamp": said["stamp"],
        "Gates": {f"stage {one['stage']}": one["state"] for one in said["gates"]},
        "Answers": {one["where"]: _digest(one["text"]) for one in said["answers"] if one["state"] != "unanswered"},
        "Registers": {one["title"]: _digest(one["lines"]) for one in said["registers"] if one["lines"]},
        "Risks and decisions": {one["id"]: _digest(one) for one in said["risks"]},
        "Sign-offs": {", ".join(row[:3]): _digest(row) for row in said["sign_offs"]},
    }


def _said_differently(before: dict | None, now: dict) -> list[tuple[str, str]]:
    if before is None:
        return []
    found = [("Stamp", f"was {before['Stamp']}, is {now['Stamp']}")] if before["Stamp"] != now["Stamp"] else []
    gates = [
        f"{name} was {before['Gates'].get(name, 'not there')}, is {state}"
        for name, state in now["Gates"].items()
        if before["Gates"].get(name) != state
    ]
    found += [("Gates", "; ".join(gates))] if gates else []
    for part in ("Answers", "Registers", "Risks and decisions", "Sign-offs"):
        old, new = before[part], now[part]
        counts = {
            "new": len(new.keys() - old.keys()),
            "changed": sum(old[key] != new[key] for key in old.keys() & new.keys()),
            "no longer there": len(old.keys() - new.keys()),
        }
        if words := ", ".join(f"{count} {how}" for how, count in counts.items() if count):
            found.append((part, words))
    return found


def _made_from(previous: dict, inputs: dict) -> list[tuple[str, str]]:
    before = previous.get("inputs")
    if before is None:
        return []
    found = [("Data", "not the same")] if before["data"] != inputs["data"] else []
    code = _differing(before["code"], inputs["code"])
    if code:
        found.append(("Code", ", ".join(code[:_MOST_NAMES]) + (" and more" if len(code) > _MOST_NAMES else "")))
    old, new = before["parameters"], inputs["parameters"]
    moved = [f"{key} was {old.get(key, 'not set')}, is {new.get(key, 'not set')}" for key in _differing(old, new)]
    return found + ([("Parameters", "; ".join(moved))] if moved else [])


def _differing(old: dict, new: dict) -> list[str]:
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


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
