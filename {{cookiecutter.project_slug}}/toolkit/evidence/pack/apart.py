"""Packs that must not lie side by side: a number that one hides could be taken from what the others show.

Each pack is protected by itself. Packs of areas are about different children, so no number of one says anything about
another. A pack of all children beside packs of its areas is different: whoever takes all shown areas from the whole
is left with the hidden one. Hiding more in each of them would have to go through every table of every pack again, and
would fail as soon as one more area is run later, so such packs are refused instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from evidence.pack.record import INPUTS
from evidence.pack.seal import RECEIPT
from evidence.project import EvidenceError, Project, read_text


def refused_beside_others(
    project: Project, runs: Mapping[str, dict[str, object]], where: str = ""
) -> dict[str, EvidenceError]:
    """The runs whose packs may not lie beside another one of these or beside a pack that is there already, with why.

    Two packs of the same data overlap where one is of all children and the other of an area, or where they take the
    area from different columns. Made-up sample data is about no child, so nothing is refused there. Of a set that
    holds all children and areas, the areas go on.
    """
    there = {name: values for name, values in _released(project).items() if name not in runs}
    refused = {}
    for name, values in runs.items():
        others = {**there, **{other: of for other, of in runs.items() if other != name and not _is_whole(of)}}
        # Of two runs that take the area from different columns the first one goes on.
        earlier = list(runs)[: list(runs).index(name)]
        if not _is_whole(values):
            others = {**there, **{other: runs[other] for other in earlier if other not in refused}}
            others = {other: of for other, of in others.items() if other in there or not _is_whole(of)}
        against = [other for other, of in others.items() if _overlap(project, values, of)]
        if against:
            refused[name] = _refusal(name, values, against[0], others[against[0]], against[0] in there, where)
    return refused


def _overlap(project: Project, one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    folders = {_data(project, values) for values in (one, other)}
    if len(folders) > 1 or folders == {str(project.path("data", "sample").resolve())}:
        return False
    if _is_whole(one) or _is_whole(other):
        return _is_whole(one) != _is_whole(other)
    return one.get("area_of") != other.get("area_of")


def _data(project: Project, values: Mapping[str, object]) -> str:
    """One name for one folder, however it is written; an address is its own name."""
    written = str(values["data_folder"])
    return written if "://" in written else str(project.root.joinpath(written).resolve())


def _is_whole(values: Mapping[str, object]) -> bool:
    return not values.get("area")


def _refusal(name: str, values, other: str, of, is_there: bool, where: str) -> EvidenceError:
    about, beside = ("all children" if _is_whole(one) else f"the area {one['area']}" for one in (values, of))
    remedy = "Leave one of the two out; the overview adds the areas up as far as their packs show them."
    if is_there:
        remedy = f"If packs/{other} was handed to nobody, remove it and its zip. Otherwise hand out no pack of {about}."
    return EvidenceError(
        f"the run {name} is of {about} and {'the pack' if is_there else 'the run'} {other} of {beside}, of the same "
        "data. Side by side, numbers that one hides could be worked out from the other.",
        where=where,
        remedy=remedy,
    )


def _released(project: Project) -> dict[str, dict[str, object]]:
    """The parameters of every pack that is there, by name."""
    found = {}
    for path in sorted(project.path("packs").glob(f"*/{INPUTS}")):
        try:
            parameters = dict(json.loads(read_text(path))["parameters"])
            parameters["data_folder"] = _data_folder(path.parent, parameters)
        except (EvidenceError, OSError, ValueError, KeyError, TypeError):
            continue
        found[path.parent.name] = parameters
    return found


def _data_folder(pack: Path, parameters: dict[str, object]) -> str:
    """A folder outside the project is named in full in the receipt alone."""
    receipt = pack / RECEIPT
    if receipt.is_file():
        return str(json.loads(read_text(receipt)).get("data_folder") or parameters["data_folder"])
    return str(parameters["data_folder"])
