"""`evidence run`: the stages, then the pack."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evidence.project import Project
    from evidence.run import Executor, How, Progress

_positive = click.FloatRange(min=0, min_open=True)


@click.command("run")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--stages", metavar="LIST", help="Only these stages and those they need, for example 1-4,7.")
@click.option("--draft", is_flag=True, help="Stamp the pack as a draft, whatever has been signed.")
@click.option("--no-pack", is_flag=True, help="Stop after the stages; make no pack.")
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="Stages side by side; usually one a core.")
@click.option("--no-cache", is_flag=True, help="Run every stage, and keep nothing for the next run.")
@click.option("--no-warm", is_flag=True, help="Start Python anew for every stage.")
@click.option("--explain", is_flag=True, help="Say of every stage why it runs, or why it need not.")
@click.option("--quiet", is_flag=True, help="Say nothing but where the pack is, and what went wrong.")
@click.option("--cell-timeout", type=_positive, metavar="SECONDS", help="Stop a stage when one cell takes longer.")
@click.option("--stage-timeout", type=_positive, metavar="SECONDS", help="Stop a stage that takes longer.")
@click.option("--memory", type=_positive, metavar="GB", help="Stop a stage that needs more memory.")
@click.option("--scheduler", metavar="ADDRESS", help="Send the stages to the workers of a Dask scheduler.")
@click.option("--ship", is_flag=True, help="With --scheduler: send the project too; workers do not see its folder.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), hidden=True)
def command(
    names: tuple[str, ...],
    stages: str | None,
    draft: bool,
    no_pack: bool,
    workers: int | None,
    no_cache: bool,
    no_warm: bool,
    explain: bool,
    quiet: bool,
    cell_timeout: float | None,
    stage_timeout: float | None,
    memory: float | None,
    scheduler: str | None,
    ship: bool,
    folder: Path | None,
) -> None:
    """Run the stages for each parameter set NAME and release a pack each.

    NAME is a file in parameters/ without its ending. Without NAME: sample where the project uses the sample data,
    own where it uses yours. A stage whose inputs have not changed need not run again. A stage that stops does not
    stop those that do not need it; the pack says so.
    """
    from evidence.project import at_hand, open_project
    from evidence.run import How, Limits, progress_for

    project = open_project()
    signal.signal(signal.SIGTERM, _stop)
    if folder and (folder / "parameters.json").is_file():
        _run_in(project, folder, stages)
        return
    names = names or ("sample" if project.facts.data_source == "sample" else "own",)
    # All are checked before the first one runs.
    parameters = {_plain_name(name): project.parameters(_plain_name(name)) for name in names}
    limits = Limits(cell_timeout, stage_timeout, memory)
    complete = []
    with (
        at_hand(values["data_folder"] for values in parameters.values()),
        cluster_at(scheduler, workers, ship) as cluster,
    ):
        for name, values in parameters.items():
            _check_data_folder(project, name, values)
            check_access(project, values)
        how = How(workers, not no_warm, not no_cache, limits, cluster)
        for name in parameters:
            if not quiet:
                click.echo(f"Running {name}.", err=True)
            progress = progress_for(explain=explain, quiet=quiet)
            complete.append(run_one(project, name, parameters[name], stages, draft, no_pack, folder, how, progress))
    sys.exit(0 if all(complete) else 1)


def cluster_at(scheduler: str | None, workers: int | None, ship: bool) -> AbstractContextManager[Executor | None]:
    """The cluster whose scheduler has that address, connected; nothing where none was asked for."""
    from evidence.project import EvidenceError

    if scheduler is None:
        if ship:
            raise EvidenceError(
                "there is nowhere to send the project to.", where="--ship", remedy="Add --scheduler ADDRESS."
            )
        return nullcontext()
    from evidence.run.cluster import Cluster

    return Cluster(scheduler, workers, ship, lambda line: click.echo(line, err=True))


def _check_data_folder(project, name: str, parameters: dict) -> None:
    """A run that could only stop at its first stage does not start."""
    from evidence.project import EvidenceError

    if not project.data_folder(parameters).exists():
        what = (
            f"there is no {parameters['data_folder']}, so nothing was run. Put the data there, or write where it lies."
        )
        raise EvidenceError(what, where=f"parameters/{name}.toml, data_folder")


def check_access(project, parameters: dict) -> None:
    """One message before anything runs, rather than one on every page that wanted data."""
    from evidence.data.access import admitted

    if project.data_folder(parameters).exists():
        admitted(project, parameters["data_folder"], show_login=True)


def run_one(
    project: Project,
    name: str,
    parameters: dict,
    stages: str | None,
    draft: bool,
    no_pack: bool,
    folder: Path | None,
    how: How,
    progress: Progress,
) -> bool:
    from evidence.run import asked_stages, execute

    wanted = asked_stages(stages, project.stages) if stages else None
    place = folder / "runs" / name if folder else None
    run = _stoppable(lambda: execute(project, name, parameters, wanted, place, progress, how))
    if any(stage.state == "failed" for stage in run.stages):
        click.echo(
            f"The full messages are in {_shown(project, run.folder)}/logs. They may quote data: do not pass them on.",
            err=True,
        )
    if not no_pack:
        from evidence.pack import release

        pack = release(project, run.folder, name, draft=draft, folder=folder / "packs" / name if folder else None)
        click.echo(f"{pack / 'index.html'}")
    progress.finished()
    return run.complete


def _run_in(project: Project, folder: Path, stages: str | None) -> None:
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
        click.echo("\nStopped. The previous run is as it was; stages that were done need not run again.", err=True)
        sys.exit(130)


def _stop(*_) -> None:
    raise KeyboardInterrupt


def _plain_name(name: str) -> str:
    """`parameters/sample.toml` names the same set as `sample`."""
    return Path(name).stem if name.endswith(".toml") else name


def _shown(project: Project, folder: Path) -> str:
    return folder.relative_to(project.root).as_posix() if folder.is_relative_to(project.root) else str(folder)
