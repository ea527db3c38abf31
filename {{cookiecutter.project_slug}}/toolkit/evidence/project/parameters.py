"""Parameter sets: one file a run, typed against the notebooks' own parameters cells."""

from __future__ import annotations

import ast
import difflib
import json
import threading
import tomllib
from contextlib import suppress
from datetime import date
from pathlib import Path

from evidence.project.addresses import is_address, path_of
from evidence.project.errors import EvidenceError
from evidence.project.files import read_text

# What a number must lie between, for the parameters that the shipped notebooks have.
_LIMITS = {"seed": (0, 2**32 - 1), "placements_at_least": (1, 1000), "flag_at": (0, 1)}
# The parameters that say when a run speaks and of whom, which the toolkit itself looks at; all others are the tool's.
WHEN_AND_WHERE = frozenset({"as_of", "data_folder", "year_end", "area", "area_of"})
# What stands before the name of a data folder that lies outside the project.
OUTSIDE = "outside the project: "
# Through these a cell reaches its variables without naming them.
_REACHES_ALL = {"dir", "eval", "exec", "get_ipython", "globals", "locals", "vars", "__import__"}
# Python 3.11 counts how deep it is in a tree once for all threads, and fails where two of them parse at a time.
_PARSING = threading.Lock()
_WORDS = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
}


def declared_parameters(notebook: Path) -> dict[str, object]:
    """The names and default values in a notebook's cell tagged `parameters`; empty where it has none.

    Raises EvidenceError when a line of that cell is anything else than `name = value` with a plain value.
    """
    for cell in json.loads(read_text(notebook))["cells"]:
        if "parameters" in cell.get("metadata", {}).get("tags", []):
            return _assignments("".join(cell["source"]), notebook.name)
    return {}


def parameters_named(notebook: Path) -> set[str]:
    """Those of a notebook's parameters that its cells name as variables.

    All of them where a cell is no plain Python, or may reach a variable without naming it.
    """
    declared = set(declared_parameters(notebook))
    named: set[str] = set()
    for cell in json.loads(read_text(notebook))["cells"]:
        if cell["cell_type"] != "code" or "parameters" in cell.get("metadata", {}).get("tags", []):
            continue
        try:
            tree = _parsed("".join(cell["source"]))
        except SyntaxError:
            return declared
        named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return declared if named & _REACHES_ALL else declared & named


def plain_values(source: str) -> dict[str, object]:
    """The names that Python code gives plain values to at its top level, read without running it.

    A name that is given something else is not among them; nothing is where the code is no valid Python.
    """
    try:
        statements = _parsed(source).body
    except SyntaxError:
        return {}
    found: dict[str, object] = {}
    for statement in statements:
        if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for name in [target.id for target in targets if isinstance(target, ast.Name)]:
            found.pop(name, None)
            if not isinstance(statement, ast.AugAssign):
                with suppress(ValueError, TypeError):
                    found[name] = ast.literal_eval(statement.value)
    return found


def as_cell(name: str, value: object) -> str:
    """The line that papermill writes for a parameter, so that it can be put in place of another without papermill."""
    return f"{name} = {_as_python(value)}"


def _as_python(value: object) -> str:
    if isinstance(value, str):
        escaped = value.encode("unicode_escape").decode().replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_as_python, value))}]"
    return str(value)


def _parsed(source: str) -> ast.Module:
    with _PARSING:
        return ast.parse(source)


def _assignments(source: str, where: str) -> dict[str, object]:
    found = {}
    for statement in _parsed(source).body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        try:
            found[target.id] = ast.literal_eval(statement.value)
        except (AttributeError, ValueError):
            raise EvidenceError(
                f"line {statement.lineno} of the parameters cell is not a name and a plain value.",
                where=where,
            ) from None
    return found


def read_parameters(
    path: Path, declared: dict[str, object], where: str, today: date | None = None
) -> dict[str, object]:
    """The whole set of parameters of one run: the file's values over the notebooks' defaults.

    Raises EvidenceError before anything runs: for a name no notebook takes (with the nearest right one), a value of
    another type, a date that is none. `as_of = "today"` becomes the date given as `today`.
    """
    try:
        given = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"this is not valid TOML: {error}.", where=where) from None
    return check_parameters(given, declared, where, today)


def shown_parameters(parameters: dict[str, object]) -> dict[str, object]:
    """The parameters as others may see them: a data folder outside the project by the name of its last folder."""
    folder = Path(str(parameters.get("data_folder", "")))
    if not folder.is_absolute() and not is_address(str(parameters.get("data_folder", ""))):
        return parameters
    return {**parameters, "data_folder": f"{OUTSIDE}{folder.name}"}


def check_parameters(
    given: dict[str, object], declared: dict[str, object], where: str, today: date | None = None
) -> dict[str, object]:
    """`given` over `declared`, with the same checks as a file gets."""
    values = dict(declared)
    for name, value in given.items():
        values[name] = _checked(name, value, declared, where)
    return _resolved(values, where, today)


def _checked(name: str, value: object, declared: dict[str, object], where: str) -> object:
    if name not in declared:
        near = difflib.get_close_matches(name.lower(), list(declared), n=1, cutoff=0.4)
        remedy = f"Did you mean {near[0]}?" if near else f"The names are: {', '.join(sorted(declared))}."
        raise EvidenceError(f"no notebook takes a parameter called {name}.", where=where, remedy=remedy)
    wanted = type(declared[name])
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise EvidenceError(
            f"{name} must be {_WORDS[wanted]}.",
            where=where,
            remedy=f"For example: {name} = {_as_toml(declared[name])}",
        )
    if name == "data_folder" and is_address(value):
        value = path_of(value)
    if name == "data_folder" and ".." in Path(value).parts:
        raise EvidenceError(
            "data_folder goes up and out of its folder (..).",
            where=where,
            remedy="Name a folder of the project, such as data/raw, or write the full path of another.",
        )
    if name in _LIMITS:
        low, high = _LIMITS[name]
        if not low <= value <= high:
            raise EvidenceError(f"{name} must be from {low} to {high}.", where=where)
    return value


def _as_toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _resolved(values: dict[str, object], where: str, today: date | None) -> dict[str, object]:
    if values.get("as_of") == "today" and today:
        values["as_of"] = today.isoformat()
    for name in ("as_of", "year_end"):
        if values.get(name) in (None, "") and name == "year_end":
            continue
        try:
            values[name] = date.fromisoformat(str(values[name])).isoformat()
        except (KeyError, ValueError):
            raise EvidenceError(
                f"{name} must be a date, written year-month-day.",
                where=where,
                remedy=f'For example: {name} = "2026-03-31"',
            ) from None
    if values.get("year_end") and values["year_end"] > values["as_of"]:
        raise EvidenceError(
            "year_end lies after as_of, so the year has not ended yet.",
            where=where,
            remedy='Write an earlier year_end, a later as_of, or year_end = "" for the last year that the data covers.',
        )
    return values
