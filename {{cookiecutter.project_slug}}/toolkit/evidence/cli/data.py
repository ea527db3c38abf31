"""`evidence data`: make sample data, describe one's own tables, audit a folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli import access, keys

if TYPE_CHECKING:
    import pandas as pd

    from evidence.data import Tables
    from evidence.project import Project

# With the limits and the last lines, this many rules fill a screen.
_SHOWN = 12


@click.group("data")
def command() -> None:
    """Make sample data, describe your own tables, audit a folder."""


@command.command("sample")
@click.option("--children", default=2000, show_default=True, help="How many children, up to 1,000,000.")
@click.option("--seed", default=2026, show_default=True, help="The same seed gives the same data.")
@click.option("--year-end", default="2026-03-31", show_default=True, help="The 31 March at which the three years end.")
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="The folder to write into.")
def sample(children: int, seed: int, year_end: str, folder: Path) -> None:
    """Write a made-up return on looked-after children, with known faults and a list of them (faults.csv)."""
    from evidence.data import generate_sample
    from evidence.project import EvidenceError

    try:
        last_day = date.fromisoformat(year_end)
    except ValueError:
        raise EvidenceError(
            "the year's end must be a date, written year-month-day.", remedy="For example: --year-end 2026-03-31"
        ) from None
    rows = generate_sample(folder, children=children, seed=seed, year_end=last_day)
    for name, count in rows.items():
        click.echo(f"{name}.csv: {count:,} rows")
    click.echo(f"Written to {folder}. faults.csv lists the faults that were put in.")


@command.command("describe")
@click.argument("folder")
@click.argument("tables", nargs=-1)
def describe(folder: str, tables: tuple[str, ...]) -> None:
    """Draft catalogue rows for the tables in FOLDER, for a person to confirm.

    With the word database as FOLDER: list the tables of the database, or draft rows for those named behind it.
    Nothing is loaded from a column until its row in reference/catalogue.csv says yes under `confirmed`.
    """
    from evidence.cli.elsewhere import describe_published, is_published, list_database
    from evidence.data.cataloguing.describing import DATABASE, add_to_catalogue, draft, draft_of_database
    from evidence.project import open_project

    project = open_project()
    if folder == DATABASE and not tables:
        return list_database(project)
    if folder != DATABASE and is_published(project, folder):
        return describe_published(project, folder)
    drafted = draft_of_database(project, tables) if folder == DATABASE else draft(project, folder)
    for note in drafted.attrs.get("notes", []):
        click.echo(note)
    columns = drafted[drafted["column"] != ""]
    if columns.empty:
        click.echo("Every column is in reference/catalogue.csv already. Nothing was changed.")
        return
    add_to_catalogue(project, drafted)
    for row in columns.to_dict("records"):
        said = [row["role"], row["treatment"], row["valid_range"], row["special_category"] and "special category data"]
        click.echo(f"{row['table']}, {row['column']}: {', '.join(filter(None, said))}\n    {row['why']}")
    tables = drafted.loc[drafted["column"] == "", "table"]
    click.echo(
        f"\n{len(columns)} columns were added to reference/catalogue.csv, unconfirmed: nothing of them is loaded yet.\n"
        "These are guesses. Open that file, check role and treatment row by row, name a code list or valid range\n"
        "where there is one, and write yes under `confirmed`. A direct identifier becomes a token, a month, a\n"
        "postcode area, or is dropped. A quasi-identifier is what others see or know of a child (sex, ethnic group,\n"
        "team): with others it may single the child out. Sensitive is what they do not know and may hurt. Either may\n"
        "be special category data, which has a column of its own."
    )
    if len(tables):
        click.echo(
            f"Say of each data set ({', '.join(tables)}), in the row whose `column` is empty, who owns it, which\n"
            "period it covers and on which legal basis it is used."
        )


@command.command("audit")
@click.argument("folder")
@click.option("--year-end", default="", help="The last day of the return's year; default: the last 31 March covered.")
@click.option("--why", default="To check the data against the rules.", help="The reason, for the access log.")
def audit_folder(folder: str, year_end: str, why: str) -> None:
    """Check the data in FOLDER against every rule, and write where the failures are for those who mend them."""
    import sys

    from evidence.cli.elsewhere import audit_published_folder, is_published
    from evidence.data import audit, quality_decision, tables_for_audit, write_positions
    from evidence.project import open_project

    project = open_project()
    if is_published(project, folder):
        return audit_published_folder(project, folder)
    with tables_for_audit(project, folder, why) as tables:
        for note in [*tables.notes, *tables.withheld.notes()]:
            click.echo(note)
        _say_failures(audit(tables, year_end))
        decision = quality_decision(project, tables, year_end, **_compared(project, tables, folder, year_end))
        path = write_positions(project, tables, year_end)
    for reason in decision["reasons"]:
        # What was not judged says so itself.
        standing = {True: "met: ", False: "NOT MET: ", None: ""}[reason["met"]]
        click.echo(f"{standing}{reason['text']}")
    click.echo(
        f"Which rows fail is in {project.relative(path)}. It points at children's records: keep it on this machine."
    )
    sys.exit(0 if decision["met"] else 1)


def _say_failures(audited: pd.DataFrame) -> None:
    """The rules that fail most often, as many as leave the rest of the screen to the limits."""
    failing = audited[audited["failures"] > 0]
    worst = failing.assign(share=failing["failures"] / failing["checked"])
    for row in worst.sort_values("share", ascending=False, kind="stable").head(_SHOWN).to_dict("records"):
        click.echo(f"{row['rule']}  {row['table']}: {row['what']}: {row['failures']:,} of {row['checked']:,}")
    more = f", the {_SHOWN} most frequent above" if len(failing) > _SHOWN else ""
    click.echo(f"{len(audited)} rules checked, {len(failing)} with failures{more}.")


def _compared(project: Project, tables: Tables, folder: str, year_end: str) -> dict[str, pd.DataFrame]:
    """What is held against limits besides the rules: completeness by group, yearly numbers, and who is in the data."""
    from evidence.data import children_by_group, comparable_years, filled_by_group
    from evidence.measures import completeness, representativeness, year_changes
    from evidence.stage.comparing import find_population

    made_up = project.path(folder) == project.path("data", "sample")
    people = None if made_up else find_population(project, lambda path: None)[0]
    return {
        "completeness": completeness(filled_by_group(tables, year_end)),
        "changes": year_changes(comparable_years(tables, year_end)),
        "represented": representativeness(children_by_group(tables, year_end), people),
    }


command.add_command(access.access)
command.add_command(access.log)
command.add_command(keys.rotate)
command.add_command(keys.re_identify)
