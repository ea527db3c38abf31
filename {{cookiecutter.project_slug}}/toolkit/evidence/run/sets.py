"""Which runs are asked for: names, files, patterns, and tables with a row a run."""

from __future__ import annotations

import difflib
import glob
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from evidence.project import EvidenceError, Project

NAME, BASE = "name", "based_on"
_MOST = 1000
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_ON_WINDOWS_NO_FOLDER = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


@dataclass
class Asked:
    """The runs that were asked for: `runs` by name in their order, `refused` by name with what is wrong.

    overview: the name of the page that compares them, where there is more than one.
    """

    runs: dict[str, dict[str, object]] = field(default_factory=dict)
    refused: dict[str, EvidenceError] = field(default_factory=dict)
    overview: str = ""

    def refuse(self, name: str, error: EvidenceError) -> None:
        """Takes a run out, saying why."""
        del self.runs[name]
        self.refused[name] = error

    @property
    def many(self) -> bool:
        return bool(self.overview)


def asked_runs(project: Project, words: Iterable[str], usual: str) -> Asked:
    """The parameters of every run that the words of a command ask for.

    A word is the name of a set, a file (`parameters/sample.toml`), a pattern of either (`parameters/*.toml`; shells on
    Windows leave it as it is) or a table (`parameters/localities.csv`) with a row a run. Without a word it is the set
    called `usual`, which is also what the rows of a table start from.

    One run that is wrong is refused alone where several are asked for, and raises EvidenceError where it is the only
    one. Raises EvidenceError for a pattern that nothing fits, a table whose columns are wrong, and two runs of one
    name.
    """
    asked = Asked()
    words = list(words) or [usual]
    for word in words:
        for found in _fitting(project, word):
            if found.endswith(".csv"):
                _add_rows(asked, project, found, usual)
            else:
                name = Path(found).stem if found.endswith(".toml") else found
                _add(asked, name, f"parameters/{name}.toml", lambda name=name: project.parameters(name))
    count = len(asked.runs) + len(asked.refused)
    tables = [word for word in words if word.endswith(".csv")]
    if count == 1 and not tables and asked.refused:
        raise next(iter(asked.refused.values()))
    if count > 1 or tables:
        asked.overview = Path(tables[0]).stem if len(words) == 1 and tables and "*" not in words[0] else "overview"
    if count > _MOST:
        raise EvidenceError(f"these are {count:,} runs, and at most {_MOST:,} are run at once.")
    if any(name.casefold() == asked.overview.casefold() for name in asked.runs):
        raise EvidenceError(
            f"a run is called {asked.overview}, as the page that compares the runs will be.",
            where="parameters/",
            remedy="Give the run another name.",
        )
    return asked


def _fitting(project: Project, word: str) -> list[str]:
    """The sets and tables that a word names: itself, or whatever fits it as a pattern."""
    if not set("*?[") & set(word):
        return [word]
    places = [str(Path.cwd() / word), str(project.path(word)), str(project.path("parameters", word))]
    found = {Path(path).resolve() for place in places for path in glob.glob(place)}
    found |= {Path(path).resolve() for place in places for path in glob.glob(f"{place}.toml")}
    folder = project.path("parameters")
    fitting = sorted(path for path in found if path.suffix in (".toml", ".csv") and path.parent == folder)
    if not fitting:
        raise EvidenceError(
            f"no parameter set fits {word}.",
            where="parameters/",
            remedy=f"There are: {', '.join(project.parameter_sets())}.",
        )
    return [str(path) if path.suffix == ".csv" else path.stem for path in fitting]


def _is_taken(asked: Asked, name: str) -> bool:
    """Whether another run has the name: on Windows and macOS capitals make no other folder of it."""
    return name.casefold() in {other.casefold() for other in (*asked.runs, *asked.refused)}


def _add(asked: Asked, name: str, where: str, read: Callable[[], dict[str, object]]) -> None:
    if _is_taken(asked, name):
        raise EvidenceError(
            f"two runs are called {name}.",
            where=where,
            remedy="Give each its own name: a pack is called after its run.",
        )
    try:
        asked.runs[name] = read()
    except EvidenceError as error:
        asked.refused[name] = error


# A table with a row a run ----------------------------------------------------------------------------------------


def _add_rows(asked: Asked, project: Project, file: str, usual: str) -> None:
    path = next((one for one in (Path(file), project.path(file)) if one.is_file()), Path(file))
    shown = project.relative(path)
    if not path.is_file():
        raise EvidenceError("there is no such table of parameter sets.", where=shown)
    columns, rows = _rows(path, shown, list(project.declared_parameters))
    for number, cells in rows:
        where = f"{shown}, row {number}"
        name = cells.get(NAME, "")
        problem = _name_problem(project, name, where)
        # A row that cannot be named is called by its place, so that it is missed by nobody.
        label = name if name and not _is_taken(asked, name) else f"row {number}"
        if problem is None and label != name:
            problem = EvidenceError(
                f"another run is called {name} too.",
                where=f"{where}, column {NAME}",
                remedy="Give each its own name; capitals do not make it another.",
            )
        if problem is not None:
            asked.refused[label] = problem
            continue
        _add(asked, name, where, lambda cells=cells, where=where: _parameters(project, cells, columns, where, usual))


def _rows(path: Path, shown: str, declared: list[str]) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns after the name, and each row that holds anything: its number as a spreadsheet shows it, its cells."""
    import csv
    import io

    from evidence.workbook.sheet import heading_name, read_any_text, separator_of

    known = [NAME, BASE, *declared]
    text = read_any_text(path)
    separator = separator_of(text, known)
    if text[:4].lower() == "sep=":
        text = "\n" + text.partition("\n")[2]
    lines = [
        [cell.replace("\u00a0", " ").strip() for cell in line]
        for line in csv.reader(io.StringIO(text), delimiter=separator)
    ]
    first = next((number for number, line in enumerate(lines) if any(line)), None)
    if first is None:
        raise EvidenceError(
            "the table is empty.", where=shown, remedy=f"Its first row names the columns: {NAME}, area."
        )
    headings = [heading_name(cell) for cell in lines[first]]
    _check_headings(headings, known, f"{shown}, row {first + 1}")
    rows = []
    for number, line in enumerate(lines[first + 1 :], start=first + 2):
        if any(line):
            cells = {heading: cell for heading, cell in zip(headings, line, strict=False) if heading}
            if any(line[len(headings) :]):
                # A comma in a cell without quotation marks moves all that follows into the next column.
                cells[""] = f"{len(line)} cells for {len(headings)} columns"
            rows.append((number, cells))
    if not rows:
        raise EvidenceError(
            "the table has no row below its headings, so there is nothing to run.",
            where=shown,
            remedy="Write a row for each run.",
        )
    return [heading for heading in headings if heading not in ("", NAME, BASE)], rows


def _check_headings(headings: list[str], known: list[str], where: str) -> None:
    if NAME not in headings:
        raise EvidenceError(
            "no column says what each run is called.", where=where, remedy=f"Head that column with {NAME}."
        )
    for heading in filter(None, headings):
        if heading not in known:
            near = difflib.get_close_matches(heading, known, n=1, cutoff=0.4)
            remedy = f"Did you mean {near[0]}?" if near else f"The columns may be: {', '.join(known)}."
            raise EvidenceError(f"no notebook takes a parameter called {heading}.", where=where, remedy=remedy)
        if headings.count(heading) > 1:
            raise EvidenceError(f"the column {heading} is there twice.", where=where, remedy="Keep one of them.")


def _name_problem(project: Project, name: str, where: str) -> EvidenceError | None:
    where = f"{where}, column {NAME}"
    if not name:
        return EvidenceError("the run has no name.", where=where, remedy="Its pack will be called after it.")
    if not _PLAIN_NAME.fullmatch(name):
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or "locality_1"
        return EvidenceError(
            "a name has letters, digits, - and _ only, at most 60.", where=where, remedy=f"For example: {plain}"
        )
    if _ON_WINDOWS_NO_FOLDER.fullmatch(name):
        return EvidenceError(
            "Windows keeps this name for itself, and can make no folder of it.",
            where=where,
            remedy=f"For example: {name.lower()}_area",
        )
    if project.path("parameters", f"{name}.toml").is_file():
        return EvidenceError(
            f"parameters/{name}.toml is called the same, and each would take the other's pack.",
            where=where,
            remedy="Give the row another name.",
        )
    return None


def _parameters(
    project: Project, cells: dict[str, str], columns: list[str], where: str, usual: str
) -> dict[str, object]:
    """The set that the row is based on, with what the row says in its cells."""
    if "" in cells:
        raise EvidenceError(
            f"the row has {cells['']}.",
            where=where,
            remedy='Put a cell that holds the separator into "quotation marks".',
        )
    base = cells.get(BASE) or usual
    if base not in project.parameter_sets():
        raise EvidenceError(
            f"there is no parameter set called {base}.",
            where=f"{where}, column {BASE}",
            remedy=f"There are: {', '.join(project.parameter_sets())}.",
        )
    values = project.parameters(base)
    declared = project.declared_parameters
    for column in columns:
        if text := cells.get(column, ""):
            at = f"{where}, column {column}"
            values[column] = _typed(column, text, declared[column], at)
            # Checked one at a time, so that the message names the column.
            project.check_parameters({column: values[column]}, at)
    return project.check_parameters(values, where)


def _typed(column: str, text: str, declared: object, where: str) -> object:
    """A cell as the type that the notebooks declare: 001 stays text where text is asked for."""
    from evidence.workbook.values import read_date, read_number

    if column in ("as_of", "year_end"):
        day = read_date(text)
        if text == "today" and column == "as_of":
            from datetime import date

            day = date.today()
        if day is None:
            raise EvidenceError("this is no date.", where=where, remedy="For example: 2026-03-31 or 31/03/2026")
        return day.isoformat()
    if isinstance(declared, str):
        return text
    if isinstance(declared, bool):
        if text.lower() not in (*_YES, *_NO):
            raise EvidenceError("this is neither true nor false.", where=where, remedy="Write TRUE or FALSE.")
        return text.lower() in _YES
    if isinstance(declared, list):
        return [part.strip() for part in text.split(";") if part.strip()]
    number = read_number(text)
    if number is None or (isinstance(declared, int) and number != int(number)):
        wanted = "a whole number" if isinstance(declared, int) else "a number"
        raise EvidenceError(f"this is not {wanted}.", where=where, remedy=f"For example: {declared}")
    return int(number) if isinstance(declared, int) else number
