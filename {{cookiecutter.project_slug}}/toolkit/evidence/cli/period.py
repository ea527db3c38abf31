"""`evidence period`: what a live tool did in one more period."""

from __future__ import annotations

import csv
import io
import re
import sys
from datetime import date
from pathlib import Path

import click


@click.group("period")
def command() -> None:
    """Add a period to the record of the live tool."""


@command.command("add")
@click.argument("last_day", metavar="LAST_DAY")
@click.option("--from", "base", help="The parameter set to start from; default: the project's usual one.")
@click.option("--draft", is_flag=True, help="Stamp the pack as a draft, whatever has been signed.")
def add(last_day: str, base: str | None, draft: bool) -> None:
    """Run the stages for the period that ends on LAST_DAY (2026-06-30), release its pack, and keep its figures.

    It writes parameters/period_2026_06_30.toml from the usual set, with as_of on that day and year_end on the last end
    of a year by then, and keeps the figures of stage 9, as the pack shows them, in workbook/periods/2026-06-30.csv.
    Every later run shows them.
    """
    from evidence.cli.run import run_one
    from evidence.project import EvidenceError, at_hand, open_project
    from evidence.run import How, progress_for
    from evidence.workbook import period_file

    project = open_project()
    day = _day(last_day)
    kept = period_file(project, day)
    if kept.exists():
        raise EvidenceError(
            "this period is recorded already. Nothing was changed.",
            where=project.relative(kept),
            remedy="Remove the file first where the period really has to be added again.",
        )
    base = base or ("sample" if project.facts.data_source == "sample" else "own")
    name = f"period_{day.isoformat().replace('-', '_')}"
    _write_parameters(project, base, name, day)
    parameters = project.parameters(name)
    with at_hand([parameters["data_folder"]]):
        complete = run_one(project, name, parameters, None, draft, False, None, How(), progress_for())
    if not complete:
        click.echo(
            "The period was not recorded, because a stage stopped. Put it right and add the period again.", err=True
        )
        sys.exit(1)
    click.echo(
        f"{project.relative(_keep(project, name, day))}: the figures of the period. Commit it with the parameters."
    )


def _day(text: str) -> date:
    from evidence.project import EvidenceError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise EvidenceError(
            "the last day of the period must be a date, written year-month-day.", remedy="For example: 2026-06-30"
        ) from None


def _write_parameters(project, base: str, name: str, day: date) -> None:
    """The base set with another day; the base is checked first, so that a wrong one is named by its own file."""
    from evidence.project import atomic_write, read_text

    days = {"as_of": day.isoformat(), "year_end": _year_end(str(project.parameters(base)["year_end"]), day)}
    text = read_text(project.path("parameters", f"{base}.toml"))
    for key, value in days.items():
        line = f'{key} = "{value}"'
        text, found = re.subn(rf"(?m)^{key}\s*=\s*(\"[^\"]*\"|'[^']*')", line, text)
        text = text if found else f"{text.rstrip()}\n{line}\n"
    atomic_write(project.path("parameters", f"{name}.toml"), text.rstrip() + "\n")


def _year_end(usual: str, day: date) -> str:
    """The last day up to `day` on which a year ends as in the base set; an empty one stays to be worked out."""
    if not usual:
        return ""
    end = date.fromisoformat(usual).replace(year=day.year)
    return (end if end <= day else end.replace(year=day.year - 1)).isoformat()


def _keep(project, name: str, day: date) -> Path:
    from evidence.project import sha256_of_file
    from evidence.results import Results
    from evidence.run import run_folder
    from evidence.workbook import ACCURACY, SIGN, definition_digest, write_period

    pack = project.path("packs", name)
    lines = [{"about": ACCURACY, **line} for line in _table(pack / "tables" / "09_this_period.csv")]
    signs = _table(pack / "tables" / "09_period_signs.csv")
    lines += [{"about": SIGN, "measure": line.pop("figure"), **line} for line in signs]
    definition = definition_digest(Results(run_folder(project, name)).read(5, "baseline.definition"))
    return write_period(project, day, definition, sha256_of_file(pack / "manifest-sha256.txt"), lines)


def _table(path: Path) -> list[dict[str, str]]:
    from evidence.project import read_text

    return list(csv.DictReader(io.StringIO(read_text(path)))) if path.is_file() else []
