"""`evidence scan`: the leak scan alone, on any folder or file."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("scan")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--parameters", "name", metavar="NAME", help="The parameter set whose data to compare with.")
def command(path: Path, name: str | None) -> None:
    """Look through PATH for anything that identifies a child in this project's data.

    It says in which file and line, and of what kind, never what. Exit status 1 when it found something.
    """
    from evidence.data import identifying_values
    from evidence.privacy import scan
    from evidence.project import EvidenceError, open_project

    if not path.exists():
        raise EvidenceError("there is no such file or folder.", where=str(path), remedy="Name a file or folder.")
    project = open_project()
    parameters = project.parameters(name or ("sample" if project.facts.data_source == "sample" else "own"))
    secrets = identifying_values(project, parameters["data_folder"])
    findings = scan(path, secrets, allowed=[str(value) for value in parameters.values()])
    for one in findings:
        click.echo(f"{one.path}, {f'line {one.line}' if one.line else 'in its name'}: {one.kind}")
    for note in findings.notes:
        click.echo(note)
    looked = f"{findings.files} files looked through, {len(secrets):,} identifying values compared"
    click.echo(f"{len(findings)} found: {looked}." if findings else f"Nothing was found: {looked}.")
    sys.exit(1 if findings else 0)
