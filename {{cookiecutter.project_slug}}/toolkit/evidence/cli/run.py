"""`evidence run`: the stages, then the pack."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import click


@click.command("run")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--stages", "stages", metavar="LIST", help="Only these stages and those they need, for example 1-4,7.")
@click.option("--draft", is_flag=True, help="Stamp the pack as a draft, whatever has been signed.")
@click.option("--no-pack", is_flag=True, help="Stop after the stages; make no pack.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), hidden=True)
def command(names: tuple[str, ...], stages: str | None, draft: bool, no_pack: bool, folder: Path | None) -> None:
    """Run the stages for each parameter set NAME and release a pack each.

    NAME is a file in parameters/ without its ending. Without NAME: sample where the project uses the sample data,
    own where it uses yours. A stage that stops does not stop those that do not need it; the pack says so.
    """
    from evidence.project import open_project

    project = open_project()
    signal.signal(signal.SIGTERM, _stop)
    if folder and (folder / "parameters.json").is_file():
        _run_in(project, folder, stages)
        return
    names = names or ("sample" if project.facts.data_source == "sample" else "own",)
    # All are checked before the first one runs.
    parameters = {_plain_name(name): project.parameters(_plain_name(name)) for name in names}
    complete = [_run_one(project, name, parameters[name], stages, draft, no_pack, folder) for name in parameters]
    sys.exit(0 if all(complete) else 1)


def _run_one(
    project, name: str, parameters: dict, stages: str | None, draft: bool, no_pack: bool, folder: Path | None
) -> bool:
    from evidence.run import asked_stages, execute, progress_for

    click.echo(f"Running {name}.", err=True)
    wanted = asked_stages(stages, project.stages) if stages else None
    place = folder / "runs" / name if folder else None
    run = _stoppable(lambda: execute(project, name, parameters, wanted, place, progress_for()))
    if any(stage.state == "failed" for stage in run.stages):
        click.echo(
            f"The full messages are in {_shown(project, run.folder)}/logs. They may quote data: do not pass them on.",
            err=True,
        )
    if not no_pack:
        from evidence.pack import release

        pack = release(project, run.folder, name, draft=draft, folder=folder / "packs" / name if folder else None)
        click.echo(f"{pack / 'index.html'}")
    return run.complete


def _run_in(project, folder: Path, stages: str | None) -> None:
    """Stages in a folder that a notebook in JupyterLab is using."""
    from evidence.run import asked_stages, execute_in, progress_for

    parameters = json.loads((folder / "parameters.json").read_text(encoding="utf-8"))
    wanted = asked_stages(stages or f"1-{project.stages[-1].number}", project.stages)
    run = _stoppable(lambda: execute_in(folder, project, parameters, wanted, progress_for()))
    sys.exit(0 if run.complete else 1)


def _stoppable(work):
    try:
        return work()
    except KeyboardInterrupt:
        click.echo("\nStopped. Nothing of this run was kept, and the previous one is as it was.", err=True)
        sys.exit(130)


def _stop(*_) -> None:
    raise KeyboardInterrupt


def _plain_name(name: str) -> str:
    """`parameters/sample.toml` names the same set as `sample`."""
    return Path(name).stem if name.endswith(".toml") else name


def _shown(project, folder: Path) -> str:
    return folder.relative_to(project.root).as_posix() if folder.is_relative_to(project.root) else str(folder)
