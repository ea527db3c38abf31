"""`evidence data` for what is no folder of the council's files: the database, and published statistics."""

from __future__ import annotations

import sys

import click

from evidence.project import EvidenceError, Project


def list_database(project: Project) -> None:
    """Lists the tables that the account can see."""
    from evidence.data.sources.database import open_database

    with open_database(project) as database:
        tables = database.tables()
    for table in tables:
        click.echo(table)
    click.echo(
        f"\nTables and views that the account can see: {len(tables)}. Name some to draft their catalogue rows: "
        "evidence data describe database dbo.Referrals"
    )


def is_published(project: Project, folder: str) -> bool:
    """Whether it is the project's folder of published statistics.

    Raises EvidenceError where such files lie elsewhere: a folder of the council's own data is taken for children's.
    """
    from evidence.data.sources import source_kind
    from evidence.data.sources.published import in_the_layout

    path = project.path(folder)
    if source_kind(project, path) == "published":
        return True
    if found := in_the_layout(path):
        raise EvidenceError(
            "these are published statistics, and this folder is read as data about children.",
            where=f"{project.relative(path)}/{found[0]}",
            remedy="Put what is published into data/published, and name that folder.",
        )
    return False


def describe_published(project: Project, folder: str) -> None:
    """Says what each published file holds, and puts its columns into the catalogue."""
    from evidence.data import contents_published
    from evidence.data.cataloguing.describing import add_to_catalogue
    from evidence.data.published import draft_published

    for line in contents_published(project, folder):
        click.echo(line)
    drafted = draft_published(project, folder)
    if drafted.empty:
        click.echo("All of it is in reference/catalogue.csv already. Nothing was changed.")
        return
    add_to_catalogue(project, drafted)
    click.echo(
        f"{int((drafted['column'] != '').sum())} columns were added to reference/catalogue.csv, confirmed: "
        "published statistics are about no child."
    )


def audit_published_folder(project: Project, folder: str) -> None:
    """Checks published files, and counts their symbols."""
    from evidence.data import audit_published, symbols_published

    audited = audit_published(project, folder)
    failing = audited[audited["failures"] > 0]
    for row in failing.to_dict("records"):
        place = " ".join(filter(None, (row["table"], row["columns"])))
        click.echo(f"{row['rule']}  {place}: {row['what']}: {row['failures']:,} of {row['checked']:,}")
    click.echo(f"{len(audited)} checks made, {len(failing)} with failures.")
    for row in symbols_published(project, folder).to_dict("records"):
        there = [f"{symbol} {row[symbol]:,}" for symbol in list(row)[4:] if row[symbol]]
        click.echo(f"{row['table']}, {row['column']}: {row['numbers']:,} numbers; {', '.join(there) or 'no symbols'}")
    sys.exit(1 if len(failing) else 0)
