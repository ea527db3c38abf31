"""`evidence clean`: forget what was kept so that stages need not run again."""

from __future__ import annotations

import click


@click.command("clean")
def command() -> None:
    """Remove what was kept of earlier runs to save time. Packs, answers, data and the last runs stay."""
    from evidence.project import open_project
    from evidence.run import clean
    from evidence.workbook import concluded_file

    project = open_project()
    count = clean(project)
    concluded_file(project).unlink(missing_ok=True)
    what = "1 kept stage was" if count == 1 else f"{count} kept stages were"
    click.echo(f"{what} removed. The next run executes every stage.")
