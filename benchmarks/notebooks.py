"""The ten shipped notebooks to finished pages: by hand, in one process, with Ploomber, and with `evidence run`.

    python benchmarks/notebooks.py            # five runs each, taking turns; about twenty minutes on two cores
    python benchmarks/notebooks.py --quick    # one run each, and nothing is written

Every way runs the same notebooks of one new project with the same parameters, and ends with a finished HTML page for
each; that all of them show the same is checked. `evidence run` does more: it also fills the documents, makes the front
page, looks for anything that identifies a child, seals and zips. By hand is what an analyst would type: papermill, then
nbconvert, one notebook after the other. Ploomber gets an environment of its own, with the same libraries for the
kernels; the run says so where it cannot be installed. The project lies in a temporary folder. The table and the chart
go to benchmarks/results/notebooks.md and notebooks.svg.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from io import StringIO
from pathlib import Path

from common import RESULTS, cores, environment, keep, load, new_project

CHART = RESULTS / "notebooks.svg"
RUNS = 5
# Names, for a process of its own, the notebook whose cells it times.
_NOTEBOOK = "EVIDENCE_BENCHMARK_NOTEBOOK"
BY_HAND, ONE_PROCESS, PLOOMBER = "by hand", "in one process", "Ploomber"
COLD, COLD_KERNELS, UNCHANGED = (
    "evidence run --no-cache",
    "evidence run --no-cache --no-warm",
    "evidence run, unchanged",
)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--quick", action="store_true", help="one run each; nothing is written")
    given.add_argument("--without", action="append", default=[], metavar="WAY", help="leave a way out")
    given.add_argument("--part", choices=sorted(PARTS), help=argparse.SUPPRESS)
    options = given.parse_args()
    if options.part:
        print(json.dumps(PARTS[options.part](Path.cwd())))
        return
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as folder:
        measured = _measure(Path(folder), 1 if options.quick else RUNS, options.without)
    text = _table(measured)
    print(text)
    if not options.quick and not options.without:
        keep("notebooks.md", text)
        _chart(measured)


@dataclass
class Measured:
    """Seconds of each run of each way, and what was found beside."""

    runs: int
    busy: float
    seconds: dict[str, list[float]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    cells: dict[str, float] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)

    def median(self, way: str) -> float:
        return statistics.median(self.seconds[way])

    @property
    def floor(self) -> float:
        """What the cells alone would take with every core at work."""
        return sum(self.cells.values()) / cores()


def _measure(folder: Path, runs: int, without: list[str]) -> Measured:
    project = _new_project(folder)
    measured = Measured(runs, load())
    ways = dict(WAYS)
    for way in without:
        ways.pop(way)
    if PLOOMBER in ways and (reason := _install_ploomber(folder)):
        measured.left_out[PLOOMBER] = reason
        del ways[PLOOMBER]
    shown: dict[str, dict[str, str]] = {}
    alone: list[dict[str, float]] = []
    for turn in range(runs):
        for way, run in ways.items():
            print(f"{turn + 1}/{runs} {way}", file=sys.stderr, flush=True)
            measured.seconds.setdefault(way, []).append(run(project))
            shown[way] = _shown(project, way)
        # In turn with the rest: a machine that others use as well is now faster and now slower.
        alone.append(_cells_alone(project))
    _check_same(shown)
    measured.cells = {name: statistics.median(turn[name] for turn in alone) for name in alone[0]}
    turns = [_part("phases", project, _environment(project)) for _ in range(runs)]
    measured.phases = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    return measured


# The project, and what every way finds there --------------------------------------------------------------------------


def _new_project(folder: Path) -> Path:
    project = new_project(folder)
    for notebook in _notebooks(project):
        values = {name: value for name, value in _parameters(project).items() if name in _declared(notebook)}
        _write(project / "by_hand" / "parameters" / f"{notebook.stem}.json", values)
    return project


def _notebooks(project: Path) -> list[Path]:
    return sorted((project / "notebooks").glob("*.ipynb"))


def _parameters(project: Path) -> dict[str, object]:
    return tomllib.loads((project / "parameters" / "sample.toml").read_text(encoding="utf-8"))


def _declared(notebook: Path) -> set[str]:
    """The names in the cell tagged `parameters`."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line for cell in cells if "parameters" in cell["metadata"].get("tags", []) for line in cell["source"]]
    return {line.split("=")[0].split(":")[0].strip() for line in lines if "=" in line}


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def _environment(project: Path, run_folder: Path | None = None) -> dict[str, str]:
    """By hand the notebooks are told where the run's results go; `evidence run` tells them itself."""
    told = {"EVIDENCE_RUN_FOLDER": str(run_folder)} if run_folder else {}
    return environment(project, **told)


def _by_hand_folder(project: Path) -> Path:
    """An empty folder for the executed notebooks and the pages, and the run's results as the toolkit wants them."""
    folder = project / "by_hand" / "run"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "notebooks").mkdir(parents=True)
    _write(folder / "parameters.json", _parameters(project))
    return folder


# The ways: each returns the seconds it took ---------------------------------------------------------------------------


def by_hand(project: Path) -> float:
    """papermill and nbconvert from the command line, notebook by notebook."""
    folder = _by_hand_folder(project)
    begun = time.perf_counter()
    for notebook in _notebooks(project):
        done = folder / "notebooks" / notebook.name
        values = project / "by_hand" / "parameters" / f"{notebook.stem}.json"
        _type(project, folder, ["papermill", notebook, done, "-f", values, "-k", "python3", "--cwd", notebook.parent])
        _type(project, folder, ["jupyter", "nbconvert", "--to", "html", "--no-input", "--output-dir", folder, done])
    return time.perf_counter() - begun


def one_process(project: Path) -> float:
    """papermill and nbconvert called from one small program."""
    folder = _by_hand_folder(project)
    begun = time.perf_counter()
    command = [sys.executable, __file__, "--part", "one process"]
    _run(command, project, _environment(project, folder))
    return time.perf_counter() - begun


def ploomber(project: Path) -> float:
    """A Ploomber pipeline of the ten notebooks, stages side by side, its products the pages."""
    folder = _by_hand_folder(project)
    stages = tomllib.loads((project / "reference" / "stages.toml").read_text(encoding="utf-8"))["stage"]
    names = {stage["number"]: Path(stage["notebook"]).stem for stage in stages}
    tasks = []
    for stage in stages:
        name = names[stage["number"]]
        tasks.append(
            {
                "source": str(project / "notebooks" / f"{name}.ipynb"),
                "name": f"stage_{name}",
                "product": str(folder / f"{name}.html"),
                "upstream": [f"stage_{names[number]}" for number in stage["reads"]],
                "params": json.loads((project / "by_hand" / "parameters" / f"{name}.json").read_text(encoding="utf-8")),
                "papermill_params": {"cwd": str(project / "notebooks")},
                "nbconvert_export_kwargs": {"exclude_input": True},
                "static_analysis": "disable",
                "kernelspec_name": "python3",
            }
        )
    executor = {"dotted_path": "ploomber.executors.Parallel", "processes": cores()}
    _write(folder / "pipeline.json", {"meta": {"extract_upstream": False}, "executor": executor, "tasks": tasks})
    (folder / "pipeline.json").rename(folder / "pipeline.yaml")
    quiet = {**_environment(project, folder), "PLOOMBER_STATS_ENABLED": "false"}
    begun = time.perf_counter()
    _run([_ploomber(project.parent, "ploomber"), "build", "--force"], folder, quiet)
    return time.perf_counter() - begun


def cold(project: Path, *more: str) -> float:
    """Everything anew: no cache, no earlier run and no earlier pack."""
    for name in (".evidence", "packs"):
        shutil.rmtree(project / name, ignore_errors=True)
    return _evidence_run(project, "--no-cache", *more)


def cold_kernels(project: Path) -> float:
    return cold(project, "--no-warm")


def unchanged(project: Path) -> float:
    _evidence_run(project)
    return _evidence_run(project)


WAYS: dict[str, Callable[[Path], float]] = {
    BY_HAND: by_hand,
    ONE_PROCESS: one_process,
    PLOOMBER: ploomber,
    COLD_KERNELS: cold_kernels,
    COLD: cold,
    UNCHANGED: unchanged,
}


def _evidence_run(project: Path, *options: str) -> float:
    begun = time.perf_counter()
    _run([sys.executable, "-m", "evidence", "run", *options], project, _environment(project))
    return time.perf_counter() - begun


def _type(project: Path, folder: Path, command: list[object]) -> None:
    """Runs a command as a person types it, with the environment of this Python at work."""
    scripts = sysconfig.get_path("scripts")
    told = _environment(project, folder)
    told["PATH"] = os.pathsep.join([scripts, told.get("PATH", "")])
    _run([str(Path(scripts, str(command[0]))), *map(str, command[1:])], project, told)


def _run(command: list[object], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command[:5]))} stopped.\n{done.stderr[-3000:]}")


# Ploomber's own environment -------------------------------------------------------------------------------------------


def _ploomber(folder: Path, program: str) -> Path:
    return folder / "ploomber" / ("Scripts" if os.name == "nt" else "bin") / program


def _install_ploomber(folder: Path) -> str:
    """Nothing where it is installed; otherwise why not."""
    import venv

    venv.create(folder / "ploomber", with_pip=True)
    command = [_ploomber(folder, "python"), "-m", "pip", "install", "--quiet", "ploomber"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["pip did not say why"])[-1]
    # Its kernels import what the other ways' kernels do, behind what it brought itself.
    asked = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    place = subprocess.run([_ploomber(folder, "python"), "-c", asked], capture_output=True, text=True, check=True)
    (Path(place.stdout.strip()) / "also.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return ""


# Parts that run in a process of their own -----------------------------------------------------------------------------


def _part(name: str, project: Path, told: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, __file__, "--part", name]
    done = subprocess.run(command, cwd=project, env=told, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def _cells_alone(project: Path) -> dict[str, float]:
    """Each notebook in a process of its own, as each has a kernel of its own: what one reads, the next reads anew."""
    shutil.rmtree(project / ".evidence", ignore_errors=True)
    folder = _by_hand_folder(project)
    taken = {}
    for notebook in _notebooks(project):
        told = {**_environment(project, folder), _NOTEBOOK: str(notebook)}
        taken |= _part("cells", project, told)
    return taken


def _all_in_one_process(project: Path) -> dict:
    import nbformat
    import papermill
    from nbconvert import HTMLExporter

    folder = Path(os.environ["EVIDENCE_RUN_FOLDER"])
    exporter = HTMLExporter(exclude_input=True)
    for notebook in _notebooks(project):
        done = folder / "notebooks" / notebook.name
        values = json.loads((project / "by_hand" / "parameters" / f"{notebook.stem}.json").read_text(encoding="utf-8"))
        papermill.execute_notebook(
            notebook, done, values, kernel_name="python3", cwd=notebook.parent, progress_bar=False
        )
        page, _ = exporter.from_notebook_node(nbformat.read(done, as_version=4))
        (folder / f"{notebook.stem}.html").write_text(page, encoding="utf-8")
    return {}


def _cells(project: Path) -> dict[str, float]:
    """Processor seconds that the cells of one notebook take by themselves, everything they import imported before."""
    from IPython.core.interactiveshell import InteractiveShell

    from evidence.run.warm_server import PRELOADED, PRELOADED_LATER, preload

    preload(PRELOADED + PRELOADED_LATER)
    notebook = Path(os.environ[_NOTEBOOK])
    os.chdir(notebook.parent)
    values = json.loads((project / "by_hand" / "parameters" / f"{notebook.stem}.json").read_text(encoding="utf-8"))
    shell = InteractiveShell.instance()
    begun = time.process_time()
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            with redirect_stdout(StringIO()):
                shell.run_cell("".join(cell["source"])).raise_error()
            if "parameters" in cell["metadata"].get("tags", []):
                shell.push(values)
    return {notebook.stem: time.process_time() - begun}


def _phases(project: Path) -> dict[str, float]:
    """Seconds of each part of a cold run; those of kernels and cells are added up over stages side by side."""
    taken: dict[str, float] = {}
    begun = time.perf_counter()
    import evidence.pack.pages
    import evidence.pack.releasing
    import evidence.pack.replacing
    import evidence.run.one_stage
    from evidence.cli import commands
    from evidence.run.kernels import Kernels

    taken["imports"] = time.perf_counter() - begun
    parts = [
        ("stages, side by side", evidence.run, "execute"),
        ("starting kernels", Kernels, "take"),
        ("running cells", evidence.run.one_stage, "run_notebook"),
        ("ending kernels", Kernels, "give_back"),
        ("rendering", evidence.pack.releasing, "_build"),
        ("scanning", evidence.pack.releasing, "_scan"),
        ("sealing", evidence.pack.releasing, "write_manifest"),
        ("zipping", evidence.pack.replacing, "zip_bytes"),
    ]
    for name, owner, function in parts:
        taken[name] = 0.0
        setattr(owner, function, _timed(getattr(owner, function), name, taken))
    for name in (".evidence", "packs"):
        shutil.rmtree(project / name, ignore_errors=True)
    begun = time.perf_counter()
    with redirect_stdout(StringIO()), suppress(SystemExit):
        commands(["run", "--no-cache", "--quiet"], standalone_mode=False)
    return taken


def _timed(function: Callable, name: str, taken: dict[str, float]) -> Callable:
    def timed(*given, **named):
        begun = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            taken[name] += time.perf_counter() - begun

    return timed


PARTS = {"one process": _all_in_one_process, "cells": _cells, "phases": _phases}


# That all did the same work -------------------------------------------------------------------------------------------


def _shown(project: Path, way: str) -> dict[str, str]:
    """Digest of every table that was shown and every result that was recorded; that each page is there and whole."""
    ours = way in (COLD, COLD_KERNELS, UNCHANGED)
    run = project / ".evidence" / "runs" / "sample" if ours else project / "by_hand" / "run"
    pages = project / "packs" / "sample" if ours else run
    missing = [one.stem for one in _notebooks(project) if "</html>" not in _text(pages / f"{one.stem}.html")]
    if missing:
        sys.exit(f"{way}: no whole page of {', '.join(missing)}.")
    files = [path for name in ("tables", "results") for path in (run / name).rglob("*") if path.is_file()]
    # The security checks of stage 7 look at the project's own folders, which the ways leave in different states.
    files = [path for path in files if "security" not in path.name]
    return {path.relative_to(run).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _check_same(shown: dict[str, dict[str, str]]) -> None:
    first, *others = shown
    for other in others:
        differ = sorted(
            name for name in {*shown[first], *shown[other]} if shown[first].get(name) != shown[other].get(name)
        )
        if differ:
            sys.exit(f"{first} and {other} do not show the same: {', '.join(differ[:5])}.")


# The table and the chart ----------------------------------------------------------------------------------------------


def _table(measured: Measured) -> str:
    hand = measured.median(BY_HAND) if BY_HAND in measured.seconds else None
    lines = [
        "# The ten shipped notebooks to finished pages",
        "",
        f"`python benchmarks/notebooks.py`: medians of {measured.runs}, all ways taking turns. {_machine(measured)}",
        "",
        "| way | median, s | from, s | to, s | times faster than by hand |",
        "|---|---:|---:|---:|---:|",
    ]
    for way, seconds in measured.seconds.items():
        times = f"{hand / measured.median(way):.1f}" if hand else ""
        lines.append(f"| {way} | {measured.median(way):.2f} | {min(seconds):.2f} | {max(seconds):.2f} | {times} |")
    lines += [f"| {way} | | | | could not be installed: {reason} |" for way, reason in measured.left_out.items()]
    lines += ["", *_against_targets(measured, hand), ""]
    lines += ["| notebook | its cells alone, processor seconds |", "|---|---:|"]
    lines += [f"| {name} | {seconds:.2f} |" for name, seconds in measured.cells.items()]
    lines += ["", f"Together {sum(measured.cells.values()):.2f} s, over {cores()} cores {measured.floor:.2f} s.", ""]
    lines += [f"| part of {COLD} | s |", "|---|---:|"]
    lines += [f"| {name} | {seconds:.2f} |" for name, seconds in measured.phases.items()]
    added = "Kernels and cells are added up over stages that are at work at the same time, the time in which they wait"
    lines += ["", f"{added} for each other included.", ""]
    return "\n".join(lines)


def _against_targets(measured: Measured, hand: float | None) -> list[str]:
    said = []
    for way, target in ((COLD, 15), (UNCHANGED, 50)):
        if hand and way in measured.seconds:
            times = hand / measured.median(way)
            said.append(f"- {way}: {times:.1f} times faster than by hand; {_met(times >= target, f'{target} times')}.")
    if UNCHANGED in measured.seconds:
        seconds = measured.median(UNCHANGED)
        said.append(f"- {UNCHANGED}: {seconds:.2f} s; {_met(seconds < 1, 'under a second')}.")
    if COLD in measured.seconds:
        times = measured.median(COLD) / measured.floor
        said.append(f"- {COLD}: {times:.1f} times the cells' own work over the cores; {_met(times <= 2, 'twice')}.")
    return said


def _met(met: bool, target: str) -> str:
    return f"the target, {target}, is {'met' if met else 'missed'}"


def _machine(measured: Measured) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("papermill", "nbconvert", "ipykernel", "pandas"))
    return (
        f"{cores()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {packages}. "
        f"Load of the machine when it began: {measured.busy:.1f}"
        + (", so other work ran beside it." if measured.busy > 0.5 else ".")
    )


def _chart(measured: Measured) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.hashsalt": "notebooks", "svg.fonttype": "none", "font.size": 10})
    ways = list(measured.seconds)[::-1]
    figure = Figure(figsize=(8, 0.5 * len(ways) + 1.2), layout="constrained")
    axes = figure.subplots()
    ours = [way in (COLD, COLD_KERNELS, UNCHANGED) for way in ways]
    bars = axes.barh(
        ways, [measured.median(way) for way in ways], color=["#12436D" if one else "#8a8f98" for one in ours]
    )
    axes.bar_label(bars, [f"{measured.median(way):.1f} s" for way in ways], padding=4)
    axes.set_title(f"Ten notebooks to finished pages, {cores()} cores, median of {measured.runs}", loc="left")
    axes.set_xlabel("seconds")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    figure.savefig(CHART, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
