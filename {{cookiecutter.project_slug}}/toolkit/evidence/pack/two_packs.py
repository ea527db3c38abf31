"""What differs between two packs, for people: answers, risks, gates, figures, data, code and parameters.

It says only what one of the two packs shows. Where either hides a figure, no difference is worked out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evidence.pack.noise import METHOD, Estimate, difference, is_noise
from evidence.pack.opened import OpenedPack
from evidence.project import long_date

NOISE, BEYOND, SAME_DATA = "within noise", "beyond noise", "not chance: the data are the same"
_CHANGED, _NEW, _GONE = "changed", "new", "no longer there"
_PERCENTS = {"percent", "difference", "gap", "recall", "precision", "specificity"}
# A year is a name and no figure.
_NAMES = {"year", "level"}
_MOST_TABLE_ROWS = 60


@dataclass(frozen=True)
class Section:
    """One part of the comparison: a sentence, a table (empty where nothing differs), and notes on how to read it."""

    title: str
    says: str
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two packs beside each other: what must be known first, then each part in turn."""

    before: str
    after: str
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]


def compare(before: OpenedPack, after: OpenedPack) -> Comparison:
    """Everything that differs between the two packs, in words."""
    one, other = _named(before, after)
    parts = (_answers, _risks, _gates, _figures, _tables, _data, _code, _parameters)
    warnings = [
        f"{name} is not as it was sealed ({len(pack.faults)} of its files or more). What is said of it here cannot be "
        f"relied on. See what is wrong: evidence verify {pack.name}"
        for name, pack in ((one, before), (other, after))
        if pack.faults
    ]
    return Comparison(one, other, tuple(warnings), tuple(part(before, after) for part in parts))


def _named(before: OpenedPack, after: OpenedPack) -> tuple[str, str]:
    """What the two are called: by name and day, and where these are the same as the first and the second."""
    names = [f"{pack.name}, as of {long_date(str(pack.inputs['parameters']['as_of']))}" for pack in (before, after)]
    return tuple(names) if names[0] != names[1] else (f"{names[0]} (first)", f"{names[1]} (second)")


# What people wrote and decided -----------------------------------------------------------------------------------


def _answers(before: OpenedPack, after: OpenedPack) -> Section:
    title, heads = "Answers", ("Question", "Before", "After")
    if before.said is None or after.said is None:
        return _by_fingerprint(title, before.inputs["answers"], after.inputs["answers"], "of the workbook")
    old, new = (
        {one["where"]: (one["question"], _answer(one)) for one in pack.said["answers"]} for pack in (before, after)
    )
    rows = [
        ((new.get(where) or old[where])[0], old.get(where, ("", "not asked"))[1], new.get(where, ("", "not asked"))[1])
        for where in _either(old, new)
        if old.get(where) != new.get(where)
    ]
    rows += _changed_lines(_lines_of(before.said), _lines_of(after.said))
    return _section(
        title, rows, heads, "answer, or line of a register, differs", "answers, or lines of registers, differ"
    )


def _answer(one: dict) -> str:
    if one["state"] == "unanswered":
        return "not answered" if not one["text"].strip() else f"not answered so that it counts: {one['text']}"
    return one["text"]


def _lines_of(said: dict) -> dict[tuple[str, str], str]:
    return {
        (register["title"], identifier): "; ".join(f"{name}: {text}" for name, text in line.items() if text)
        for register in said["registers"]
        for identifier, line in register["lines"].items()
    }


def _changed_lines(old: dict, new: dict) -> list[tuple[str, str, str]]:
    return [
        (f"{key[0]}, line {key[1]}", old.get(key, "no such line"), new.get(key, "no such line"))
        for key in _either(old, new)
        if old.get(key) != new.get(key)
    ]


def _risks(before: OpenedPack, after: OpenedPack) -> Section:
    title, heads = "Risks", ("Line", "What it says", "Before", "After")
    if before.said is None or after.said is None:
        return _unknown(title)
    old, new = ({one["id"]: one for one in pack.said["risks"]} for pack in (before, after))
    rows = [
        (key, (new.get(key) or old[key])["words"], _risk(old.get(key)), _risk(new.get(key)))
        for key in _either(old, new)
        if old.get(key) != new.get(key)
    ]
    return _section(title, rows, heads, "line differs", "lines differ")


def _risk(one: dict | None) -> str:
    if one is None:
        return "not there"
    score = f", {one['score']} of 9" if one["score"] else ""
    return f"{one['status']}{score}; owner: {one['owner']}; review: {one['review']}"


def _gates(before: OpenedPack, after: OpenedPack) -> Section:
    title, heads = "Gates and sign-offs", ("What", "Before", "After")
    if before.said is None or after.said is None:
        return _unknown(title)
    old, new = (_decided(pack.said) for pack in (before, after))
    rows = [
        (key, old.get(key, "not there"), new.get(key, "not there"))
        for key in _either(old, new)
        if old.get(key) != new.get(key)
    ]
    return _section(title, rows, heads, "thing differs", "things differ")


def _decided(said: dict) -> dict[str, str]:
    gates = {
        f"Gate of stage {one['stage']}": " ".join(
            filter(None, (_gate(one), *one["missing"][:3], *_more(one["missing"])))
        )
        for one in said["gates"]
    }
    sign_offs = {f"Sign-off: {', '.join(row[:3])}": "; ".join(filter(None, row[3:])) for row in said["sign_offs"]}
    return {"Stamp": said["stamp"], "Verdict": said["sentence"], **gates, **sign_offs}


def _gate(one: dict) -> str:
    return f"{one['state']}, {one['agreed']}." if one["agreed"] else f"{one['state']}."


def _more(missing: list[str]) -> list[str]:
    return [f"And {len(missing) - 3} more."] if len(missing) > 3 else []


# Figures ---------------------------------------------------------------------------------------------------------


def _figures(before: OpenedPack, after: OpenedPack) -> Section:
    old, new = ({(one["stage"], one["name"]): one for one in pack.figures} for pack in (before, after))
    same_data = _same_data(before, after)
    rows = []
    for key in _either(old, new):
        one, other = old.get(key), new.get(key)
        if _figure(one) == _figure(other):
            continue
        gap, reading = _reading(_of_figure(one), _of_figure(other), True, same_data)
        if one is None or other is None:
            reading = _NEW if one is None else _GONE
        figure = other or one
        rows.append((figure["label"], f"Stage {figure['stage']}", _figure(one), _figure(other), gap, reading))
    heads = ("Figure", "Stage", "Before", "After", "Difference (interval)", "Reading")
    notes = (METHOD,) if rows and not same_data else ()
    return _section("Figures that matter", rows, heads, "figure differs", "figures differ", notes)


def _figure(one: dict | None) -> str:
    if one is None:
        return "not there"
    return f"{one['text']} ({one['rests_on']})" if one["rests_on"] else one["text"]


def _of_figure(one: dict | None) -> Estimate | None:
    # A pack of an older toolkit says the interval in words alone.
    numbers = one.get("estimate") if one else None
    return Estimate(one["value"], numbers["low"], numbers["high"]) if numbers else None


def _reading(one: Estimate | None, other: Estimate | None, percent: bool, same_data: bool) -> tuple[str, str]:
    """(the difference with its interval, how to read it); only where both packs show an interval."""
    if same_data:
        return "", SAME_DATA
    if one is None or other is None:
        return "", "no interval to judge it by"
    gap = difference(one, other)
    unit, places = (" points", 1) if percent else ("", 2)
    said = f"{gap.value:+.{places}f}{unit} ({gap.low:+.{places}f} to {gap.high:+.{places}f})"
    return said, NOISE if is_noise(gap) else BEYOND


def _tables(before: OpenedPack, after: OpenedPack) -> Section:
    """Each row with an interval in both packs; those beyond noise first."""
    same_data = _same_data(before, after)
    rows, compared, hidden = [], 0, 0
    for name in before.tables.keys() & after.tables.keys():
        old, new = (_estimates(pack.tables[name]) for pack in (before, after))
        for key in old.keys() & new.keys():
            one, other = old[key], new[key]
            if one is None or other is None:
                hidden += 1
                continue
            compared += 1
            if one != other:
                rows.append(_table_row(name, key, one, other, same_data))
    rows.sort(key=lambda row: (row[-1] != BEYOND, row[:2]))
    shown, left = rows[:_MOST_TABLE_ROWS], rows[_MOST_TABLE_ROWS:]
    beyond = sum(row[-1] == BEYOND for row in rows)
    says = f"{len(rows)} of {compared} figures with an interval, in the tables that both packs hold, differ"
    says += "." if same_data or not rows else f"; {beyond} of them by more than noise."
    notes = [f"{len(left)} more that differ are left out here. Those beyond noise come first."] if left else []
    if hidden:
        notes.append(f"{hidden} are hidden or not estimable in one pack or in both, and are not compared.")
    heads = ("Table", "Figure", "Before", "After", "Difference (interval)", "Reading")
    return Section("Figures group by group", says, heads if rows else (), tuple(shown), tuple(notes))


def _table_row(name: str, key: tuple[str, ...], one: Estimate, other: Estimate, same_data: bool) -> tuple[str, ...]:
    *names, figure = key
    percent = figure in _PERCENTS
    gap, reading = _reading(one, other, percent, same_data)
    words = ", ".join((*names, *([figure.replace("_", " ")] if figure != "percent" else [])))
    return name, words, _shown(one, percent), _shown(other, percent), gap, reading


def _shown(one: Estimate, percent: bool) -> str:
    if percent:
        return f"{one.value:.1f}% ({one.low:.1f} to {one.high:.1f})"
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def _estimates(rows: list[dict[str, str]]) -> dict[tuple[str, ...], Estimate | None]:
    """{(the row's names, the figure's name): the figure}; nothing where it is hidden or could not be estimated."""
    if not rows:
        return {}
    columns = list(rows[0])
    ends = _with_ends(columns)
    names = _key_columns(columns, rows)
    found: dict[tuple[str, ...], Estimate | None] = {}
    twice = set()
    for row in rows:
        for figure, low, high in ends:
            key = (*(row[name] for name in names), figure)
            if key in found:
                twice.add(key)
            numbers = [_number(row[column]) for column in (figure, low, high)]
            found[key] = None if None in numbers else Estimate(*numbers)
    # Two rows of one name cannot be told apart.
    return {key: one for key, one in found.items() if key not in twice}


def _with_ends(columns: list[str]) -> list[tuple[str, str, str]]:
    """(figure, low, high): `low` and `high` belong to the column on their left, `recall_low` to `recall`."""
    found = [
        (name.removesuffix("_low"), name, f"{name.removesuffix('_low')}_high")
        for name in columns
        if name.endswith("_low") and {name.removesuffix("_low"), f"{name.removesuffix('_low')}_high"} <= set(columns)
    ]
    if "low" in columns and "high" in columns and columns.index("low") > 0:
        found.append((columns[columns.index("low") - 1], "low", "high"))
    return found


def _key_columns(columns: list[str], rows: list[dict[str, str]]) -> list[str]:
    """The leading columns that name a row: text, or a year."""
    names = [columns[0]]
    for column in columns[1:]:
        values = {row[column] for row in rows}
        if column not in _NAMES and any(_number(value) is not None or value == "c" for value in values):
            break
        names.append(column)
    return names


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


# What they were made from ----------------------------------------------------------------------------------------


def _same_data(before: OpenedPack, after: OpenedPack) -> bool:
    one, other = before.inputs["data"], after.inputs["data"]
    return one == other and bool(one["files"])


def _data(before: OpenedPack, after: OpenedPack) -> Section:
    one, other = before.inputs["data"], after.inputs["data"]
    if one == other:
        return Section("Data", "The data are the same, by their fingerprint.")
    rows = [(name, _GONE) for name in one["files"] if name not in other["files"]]
    rows += [(name, _NEW) for name in other["files"] if name not in one["files"]]
    says = "The data are not the same, by their fingerprint. What is in them is compared in the figures above."
    return Section("Data", says, ("File", "In the second pack") if rows else (), tuple(rows))


def _code(before: OpenedPack, after: OpenedPack) -> Section:
    old, new = (
        {
            **pack.inputs["code"],
            **pack.inputs["files"],
            **pack.inputs.get("environment", {}),
            "toolkit version": pack.inputs["toolkit_version"],
        }
        for pack in (before, after)
    )
    return _by_fingerprint("Code, rules and settings", old, new, "of code, rules or settings")


def _parameters(before: OpenedPack, after: OpenedPack) -> Section:
    old, new = ({key: str(value) for key, value in pack.inputs["parameters"].items()} for pack in (before, after))
    old["role"], new["role"] = (pack.inputs["role"] or "none" for pack in (before, after))
    rows = [
        (key.replace("_", " "), old.get(key, "not there"), new.get(key, "not there"))
        for key in _either(old, new)
        if old.get(key) != new.get(key)
    ]
    return _section("Parameters", rows, ("Parameter", "Before", "After"), "parameter differs", "parameters differ")


# Parts of all ----------------------------------------------------------------------------------------------------


def _either(old: Iterable, new: Iterable) -> list:
    """Keys in the order of the newer pack, then those that only the older one has."""
    return list(dict.fromkeys([*new, *old]))


def _by_fingerprint(title: str, old: dict[str, str], new: dict[str, str], kind: str) -> Section:
    rows = [(name, _GONE) for name in sorted(old.keys() - new.keys())]
    rows += [(name, _NEW) for name in sorted(new.keys() - old.keys())]
    rows += [(name, _CHANGED) for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    return _section(title, rows, ("File", "In the second pack"), f"file {kind} differs", f"files {kind} differ")


def _section(
    title: str, rows: list[tuple[str, ...]], heads: tuple[str, ...], one: str, many: str, notes: tuple[str, ...] = ()
) -> Section:
    if not rows:
        return Section(title, "Nothing differs.")
    return Section(title, f"{len(rows)} {one if len(rows) == 1 else many}.", heads, tuple(rows), notes)


def _unknown(title: str) -> Section:
    return Section(
        title, "One of the packs was made by an older toolkit that did not keep these, so they are not compared."
    )
