"""Packs that must not lie side by side: a number that one hides could be taken from what the others show.

Each pack is protected by itself. Packs of areas are about different children, so no number of one says anything about
another. Two kinds of pairs are different. Of a pack of all children beside packs of its areas, whoever takes all shown
areas from the whole is left with the hidden one. Of two packs that count the same children by two definitions, whoever
takes 4 or more placements from 3 or more is left with those who had exactly 3. Hiding more in each of them would have
to go through every table of every pack again, and would fail as soon as one more is run later, so they are refused.

Packs of other days and years may lie side by side: that is how a tool in use is followed, and children come and go in
between. They must count alike, since each pack shows the years before as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

from evidence.pack.record import INPUTS
from evidence.pack.same_data import DataFolders, data_folder_of, one_name, read_receipt
from evidence.project import EvidenceError, Project, read_text
from evidence.project.parameters import WHEN_AND_WHERE

_INSTEAD = (
    "Inside one pack, stage 5 shows other ways of counting (alternatives of the tool) and stage 7 other levels of "
    "flags, with small steps hidden. See parameters/README.md."
)


def refused_beside_others(
    project: Project, runs: Mapping[str, dict[str, object]], where: str = ""
) -> dict[str, EvidenceError]:
    """The runs whose packs may not lie beside another one of these or beside a pack that is there already, with why.

    Two packs of the same data (see `DataFolders`) overlap where one is of all children and the other of an area, where
    they take the area from different columns, or where they are of the same children and a parameter that decides who
    is counted differs. Made-up sample data is about no child, so nothing is refused there. Of a set that holds all
    children and areas, the areas go on; otherwise the first of two that overlap does.
    """
    released = _of_children(project, _released(project))
    stay = released.keys() - runs.keys()
    runs, data = _of_children(project, runs), DataFolders(project)
    while True:
        refused = _refused(project, data, runs, {name: of for name, of in released.items() if name in stay}, where)
        # What lies under the name of a refused run is not replaced, so nothing that overlaps with it may go on.
        more = (refused.keys() & released.keys()) - stay
        if not more:
            return refused
        stay |= more


def must_lie_apart(project: Project, pack: Path, parameters: dict[str, object]) -> bool:
    """Whether figures of that pack would give numbers away beside those of a run with these parameters."""
    sets = {"pack": _parameters_of(pack), "run": parameters}
    of_children = _of_children(project, {name: values for name, values in sets.items() if values})
    return len(of_children) == 2 and _overlap(project, DataFolders(project), of_children["run"], of_children["pack"])


def _of_children(project: Project, sets: Mapping[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """The sets that are about real children, with one name for each data folder."""
    named = {
        name: {**values, "data_folder": one_name(project, str(values["data_folder"]))} for name, values in sets.items()
    }
    sample = str(project.path("data", "sample").resolve())
    return {name: values for name, values in named.items() if values["data_folder"] != sample}


def _refused(
    project: Project, data: DataFolders, runs: Mapping[str, dict], there: Mapping[str, dict], where: str
) -> dict[str, EvidenceError]:
    refused, go_on = {}, dict(there)
    for name in sorted(runs, key=lambda one: _is_whole(runs[one])):
        values = runs[name]
        against = [other for other, of in go_on.items() if other != name and _overlap(project, data, values, of)]
        if against:
            refused[name] = _refusal(project, name, values, against, go_on[against[0]], against[0] in there, where)
        else:
            go_on[name] = values
    return {name: refused[name] for name in runs if name in refused}


def _overlap(project: Project, data: DataFolders, one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    # Whether data is the same may take reading it.
    apart = _cut_otherwise(one, other) or bool(_counted_otherwise(project, one, other))
    return apart and data.same(one["data_folder"], other["data_folder"])


def _cut_otherwise(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether one is of all children and the other of an area, or both take the area from different columns."""
    if _is_whole(one) or _is_whole(other):
        return _is_whole(one) != _is_whole(other)
    return one.get("area_of") != other.get("area_of")


def _counted_otherwise(project: Project, one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, object]:
    """The parameters that decide who is counted and differ, with what the other says, of runs of the same children.

    A pack that is older than a parameter counts as made with its usual value.
    """
    if (one.get("area") or "") != (other.get("area") or ""):
        return {}
    usual = project.declared_parameters
    said = {name: other.get(name, usual.get(name)) for name in one if name not in WHEN_AND_WHERE}
    differing = {name: value for name, value in said.items() if value != one[name]}
    if not differing:
        return {}
    from evidence.measures.baselines import decide_who_is_counted

    decisive = decide_who_is_counted(SimpleNamespace(**project.tool_says()), one)
    return {name: value for name, value in differing.items() if name in decisive}


def _is_whole(values: Mapping[str, object]) -> bool:
    return not values.get("area")


def _refusal(project, name: str, values, against: list[str], of, is_there: bool, where: str) -> EvidenceError:
    other, more = against[0], f" (and {len(against) - 1} more)" if len(against) > 1 else ""
    kind, away = "run", ""
    if is_there:
        kind, away = "pack", f"if packs/{other} was handed to nobody, remove it and its zip"
    if _cut_otherwise(values, of):
        about, of_what = ("all children" if _is_whole(one) else f"the area {one['area']}" for one in (values, of))
        said = (
            f"the run {name} is of {about} and the {kind} {other}{more} of {of_what}, of the same data. Side by side, "
            "numbers that one hides could be worked out from the other."
        )
        remedy = "Leave one of the two out; the overview adds the areas up as far as their packs show them."
        if away:
            remedy = f"{away[0].upper()}{away[1:]}. Otherwise hand out no pack of {about}."
    else:
        differing = _counted_otherwise(project, values, of)
        ways = " and ".join(f"{one} is {values[one]} here and {value} there" for one, value in differing.items())
        said = (
            f"the run {name} and the {kind} {other}{more} count the same children in two ways: {ways}. One number "
            "taken from the other would tell how many children lie between the two, and they may be few."
        )
        remedy = f"Count as there, run it under the name {other} to replace that pack, or, {away}. "
        remedy = (remedy if away else "Leave one of the two out. ") + _INSTEAD
    if values["data_folder"] != of["data_folder"]:
        said += " Their data folders have two names and hold the same files."
    return EvidenceError(said, where=where, remedy=remedy)


def _released(project: Project) -> dict[str, dict[str, object]]:
    """The parameters of every pack that is there, by name."""
    packs = [path.parent for path in sorted(project.path("packs").glob(f"*/{INPUTS}"))]
    return {pack.name: found for pack in packs if (found := _parameters_of(pack))}


def _parameters_of(pack: Path) -> dict[str, object]:
    """What a pack was made with; empty where there is none that can be read."""
    try:
        inputs = json.loads(read_text(pack / INPUTS))
        return {**inputs["parameters"], "data_folder": data_folder_of(inputs, read_receipt(pack))}
    except (EvidenceError, OSError, ValueError, KeyError, TypeError):
        return {}
