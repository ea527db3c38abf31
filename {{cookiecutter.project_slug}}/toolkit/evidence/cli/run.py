"""`evidence run`: the stages, then the pack."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evidence.project import EvidenceError, Project
    from evidence.run import Executor, How, Progress

_NOT_DONE = ("failed", "not run")
_positive = click.FloatRange(min=0, min_open=True)


@click.command("run")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--stages", metavar="LIST", help="Only these stages and those they need, for example 1-4,7.")
@click.option("--draft", is_flag=True, help="Stamp the pack as a draft, whatever has been signed.")
@click.option("--no-pack", is_flag=True, help="Stop after the stages; make no pack.")
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="Stages at work at one time; else what fits.")
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

    Several runs: more than one NAME, a pattern ("parameters/*.toml") or a table with a row a run
    (parameters/localities.csv). Stages that come out the same for several are run once, and a page compares the
    packs. A run that is wrong or stops does not stop the others.
    """
    from evidence.project import at_hand, open_project
    from evidence.run import How, Limits, asked_runs, progress_for

    project = open_project()
    signal.signal(signal.SIGTERM, _stop)
    if folder and (folder / "parameters.json").is_file():
        _run_in(project, folder, stages)
        return
    asked = asked_runs(project, names, "sample" if project.facts.data_source == "sample" else "own")
    limits = Limits(cell_timeout, stage_timeout, memory)
    folders = {str(values["data_folder"]) for values in asked.runs.values()}
    unread: dict[str, EvidenceError] | None = {} if asked.many else None
    with at_hand(folders, unread=unread), cluster_at(scheduler, workers, ship) as cluster:
        how = How(workers, not no_warm, not no_cache, limits, cluster)
        if asked.many:
            for name, values in list(asked.runs.items()):
                if values["data_folder"] in unread:
                    asked.refuse(name, unread[values["data_folder"]])
            _run_many(project, asked, stages, draft, no_pack, how, explain, quiet)
            return
        ((name, parameters),) = asked.runs.items()
        progress = progress_for(explain=explain, quiet=quiet)
        said = "" if quiet else f"Running {name}."
        complete = run_one(project, name, parameters, stages, draft, no_pack, folder, how, progress, said)
    sys.exit(0 if complete else 1)


def check_may_run(project: Project, name: str, parameters: dict, pack: bool = True) -> None:
    """Everything that can be refused before a stage runs: no data, nobody who may see it, a pack that may not be."""
    from evidence.pack.apart import refused_beside_others

    _check_data_folder(project, name, parameters)
    check_access(project, parameters)
    beside = refused_beside_others(project, {name: parameters}, f"parameters/{name}.toml") if pack else {}
    for error in beside.values():
        raise error


def _run_many(project: Project, asked, stages, draft: bool, no_pack: bool, how, explain: bool, quiet: bool) -> None:
    """Several runs, a pack each, and the page that compares them."""
    from evidence.pack import Ahead
    from evidence.pack.overview import release_overview
    from evidence.run import asked_stages, execute_many, progress_for_many

    _refuse_before_any_runs(project, asked, packs=not no_pack)
    for error in asked.refused.values():
        click.echo(str(error), err=True)
    wanted = asked_stages(stages, project.stages) if stages else None
    progress = progress_for_many(explain=explain, quiet=quiet)
    make = None if no_pack else lambda run: _released(project, run, draft)
    how = how if no_pack else replace(how, meanwhile=Ahead(project))
    ended = _stoppable(lambda: execute_many(project, asked.runs, wanted, progress, how, make)) if asked.runs else []
    if quiet:
        for one in ended:
            for line in _what_went_wrong(one):
                click.echo(f"{one.name}: {line}", err=True)
    progress.finished(list(asked.refused))
    made = [one for one in ended if one.made is not None]
    if made:
        trouble = {
            one.name: tuple(stage.number for stage in one.run.stages if stage.state in _NOT_DONE) for one in made
        }
        stopped = {one.name: str(one.error) for one in ended if one.made is None}
        stopped |= {name: str(error) for name, error in asked.refused.items()}
        page = release_overview(project, asked.overview, {one.name: one.made for one in made}, trouble, stopped)
        click.echo(f"{page / 'index.html'}")
    sys.exit(2 if asked.refused else 0 if all(one.complete for one in ended) else 1)


def _refuse_before_any_runs(project: Project, asked, packs: bool) -> None:
    """Moves the runs that cannot be made to those refused; what is wrong with one folder is said once for each."""
    from evidence.pack.apart import refused_beside_others
    from evidence.project import EvidenceError

    checked: dict[str, EvidenceError | None] = {}
    for name, parameters in list(asked.runs.items()):
        folder = str(parameters["data_folder"])
        if folder not in checked:
            try:
                _check_data_folder(project, name, parameters)
                check_access(project, parameters)
                checked[folder] = None
            except EvidenceError as error:
                checked[folder] = error
        if checked[folder] is not None:
            asked.refuse(name, checked[folder])
    for name, error in (refused_beside_others(project, asked.runs) if packs else {}).items():
        asked.refuse(name, error)


def _released(project: Project, run, draft: bool) -> Path:
    from evidence.pack import release

    return release(project, run.folder, run.name, draft=draft)


def _what_went_wrong(ended) -> list[str]:
    if ended.error is not None:
        return str(ended.error).splitlines()
    return [f"stage {one.number}: {one.why}" for one in ended.run.stages if one.state == "failed"]


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
    said: str = "",
) -> bool:
    """Runs and releases one set, and returns whether every stage is done. said: to be said once it may run."""
    from evidence.run import asked_stages, execute

    wanted = asked_stages(stages, project.stages) if stages else None
    place = folder / "runs" / name if folder else None
    with how.here() as here:
        if not how.cache and how.executor is None:
            # What kernels are forked from takes longest to get ready, so it begins before all else.
            here.begin(len(wanted or project.stages))
        check_may_run(project, name, parameters, pack=not no_pack)
        if said:
            click.echo(said, err=True)
        if not no_pack:
            from evidence.pack import Ahead, release

            here.meanwhile = ahead = Ahead(project, parameters)
        how = replace(how, executor=how.executor or here)
        run = _stoppable(lambda: execute(project, name, parameters, wanted, place, progress, how))
        if any(stage.state == "failed" for stage in run.stages):
            logs = f"{_shown(project, run.folder)}/logs"
            click.echo(f"The full messages are in {logs}. They may quote data: do not pass them on.", err=True)
        if not no_pack:
            final, looking = folder / "packs" / name if folder else None, ahead.looking()
            pack = release(project, run.folder, name, draft=draft, folder=final, aside=here.aside, looking=looking)
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


def _shown(project: Project, folder: Path) -> str:
    return folder.relative_to(project.root).as_posix() if folder.is_relative_to(project.root) else str(folder)
