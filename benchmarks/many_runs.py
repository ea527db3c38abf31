"""What many runs cost: 1, 10 and 100 parameter sets, and 152 councils in a simulation.

    python benchmarks/many_runs.py            # all of it; 25 minutes on two cores
    python benchmarks/many_runs.py --quick    # 1 and 3 sets, one run each; nothing is written
    python benchmarks/many_runs.py --runs 1 10 --times 5

Every measurement is `evidence run` in a new project made from the default answers: stages, packs, the page that
compares them, seals and zips. "New" has nothing kept from before, "again" repeats the command when nothing has changed.
The sets are the areas of the sample, each with several seeds, so stage 2 is the only one that all of them share.
Medians of five (of three from 100 sets, as the table says). The slope is that of a straight line through the medians.

The simulation is worked out from the measured costs and not measured: it is labelled so wherever it stands. The table
and the chart go to benchmarks/results/many_runs.md and many_runs.svg.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import json
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from common import RESULTS, cores, environment, keep, load, new_project

CHART = RESULTS / "many_runs.svg"
AREAS = ("ZA", "ZB", "ZC", "ZD", "ZF", "ZG", "ZH", "ZK")
COUNCILS, MONTHS = 152, 12
WORKERS = (1, 2, 8, 32, 128)
SIMULATED = "SIMULATION, not measured"


@dataclass(frozen=True)
class Point:
    """One measurement: how many runs, the seconds of each time, and of each repeat without a change.

    stages: for each run of the last time, the seconds of the stages that it executed itself.
    """

    size: int
    new: list[float]
    again: list[float]
    stages: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.new)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--quick", action="store_true", help="little of everything, once; nothing is written")
    given.add_argument("--runs", type=int, nargs="*", default=[1, 10, 100])
    given.add_argument("--times", type=int, default=5, help="how often each is measured")
    options = given.parse_args()
    if options.quick:
        options.runs, options.times = [1, 3], 1
    busy = load()
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as folder:
        project = new_project(Path(folder))
        # The least before the most, so that what is already known is said when a long one is stopped.
        runs = [_runs(project, count, _times(options.times, count, 100, 3)) for count in sorted(options.runs)]
    text = _report(runs, runs[-1].stages, busy)
    print(text)
    if not options.quick:
        keep("many_runs.md", text)
        _chart(runs)


def _times(usual: int, size: int, from_size: int, at_most: int) -> int:
    return min(usual, at_most) if size >= from_size else usual


# Measuring ------------------------------------------------------------------------------------------------------------


def _runs(project: Path, count: int, times: int) -> Point:
    with open(project / "parameters" / "sets.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "based_on", "area", "seed"])
        for number in range(count):
            writer.writerow([f"set_{number}", "sample", AREAS[number % len(AREAS)], 2026 + number // len(AREAS)])
    new, again = [], []
    for turn in range(times):
        print(f"{count} runs, {turn + 1} of {times}", file=sys.stderr, flush=True)
        _forget(project)
        new.append(_seconds(project, "parameters/sets.csv"))
        # The repeat executes nothing, and says so in the same files.
        stages = _stage_seconds(project)
        again.append(_seconds(project, "parameters/sets.csv"))
    return Point(count, new, again, stages)


def _forget(project: Path) -> None:
    shutil.rmtree(project / ".evidence", ignore_errors=True)
    for path in (project / "packs").iterdir():
        if path.name != "README.md":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _seconds(project: Path, what: str) -> float:
    command = [sys.executable, "-m", "evidence", "run", what, "--quiet"]
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=project, env=environment(project), capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"evidence run {what} failed:\n{done.stderr}")
    return seconds


def _stage_seconds(project: Path) -> list[float]:
    """For each run, the seconds of the stages that it executed itself."""
    found = sorted((project / ".evidence" / "runs").glob("set_*/timings.json"))
    return [sum(json.loads(path.read_text(encoding="utf-8")).values()) for path in found]


# Working out ----------------------------------------------------------------------------------------------------------


def slope(points: list[Point]) -> tuple[float, float]:
    """Seconds at nought and for each one more, of the straight line through the medians (least squares)."""
    if len(points) < 2:
        return 0.0, points[0].median / points[0].size if points else 0.0
    fit = statistics.linear_regression([point.size for point in points], [point.median for point in points])
    return fit.intercept, fit.slope


def simulated(cost_of_run: float, seconds_of_runs: list[float], workers: int, seed: int = 2026) -> float:
    """Hours until all councils have all their months, where each worker takes the next run as soon as it is free.

    A run costs `cost_of_run` worker seconds on average, and varies as the measured runs did. Not measured.
    """
    random.seed(seed)
    mean = statistics.fmean(seconds_of_runs)
    costs = [cost_of_run * random.choice(seconds_of_runs) / mean for _ in range(COUNCILS * MONTHS)]
    free = [0.0] * workers
    for cost in costs:
        heapq.heapreplace(free, free[0] + cost)
    return max(free) / 3600


def _workers() -> int:
    return min(cores(), 4)


# Writing --------------------------------------------------------------------------------------------------------------


def _report(runs: list[Point], seconds_of_runs: list[float], busy: float) -> str:
    lines = ["# Many runs", ""]
    lines += [f"{platform.system()}, Python {platform.python_version()}, {_workers()} stages side by side, "
              f"load {busy:.1f} before it began. Seconds by the clock, medians.", ""]  # fmt: skip
    begin, each = slope(runs)
    lines += _table("runs", runs)
    lines += ["", f"A run more costs {each:.2f} s, and the first one {begin:.1f} s more than that.", ""]
    lines += [f"## {COUNCILS} councils, {MONTHS} months each: {SIMULATED}", ""]
    lines += [
        f"Worked out from the measured cost of a run more ({each:.2f} s with {_workers()} stages side by side), drawn "
        f"{COUNCILS * MONTHS:,} times from the measured runs. It leaves out what a network or a shared disk costs, and "
        "takes every council's data to be as large as the sample.",
        "",
    ]
    lines += [f"| workers | hours until all is done ({SIMULATED}) |", "| ---: | ---: |"]
    cost = each * _workers()
    hours = {workers: f"{simulated(cost, seconds_of_runs, workers):.1f}" for workers in WORKERS}
    lines += [f"| {workers} | {'under 0.1' if many == '0.0' else many} |" for workers, many in hours.items()]
    return "\n".join(lines) + "\n"


def _table(what: str, points: list[Point]) -> list[str]:
    lines = [f"| {what} | new, s | from to, s | again, s | times |", "| ---: | ---: | ---: | ---: | ---: |"]
    for one in points:
        between = f"{min(one.new):.1f} to {max(one.new):.1f}"
        lines.append(
            f"| {one.size:,} | {one.median:.1f} | {between} | {statistics.median(one.again):.1f} | {len(one.new)} |"
        )
    return lines


def _chart(points: list[Point]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    sizes = [point.size for point in points]
    axes.plot(sizes, [point.median for point in points], marker="o", color="#12436D", label="new")
    again = [statistics.median(point.again) for point in points]
    axes.plot(sizes, again, marker="s", color="#F46A25", label="again, nothing changed")
    axes.set(xscale="log", yscale="log", xlabel="Runs", ylabel="Seconds")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.legend(frameon=False)
    figure.savefig(CHART, metadata={"Date": None})


if __name__ == "__main__":
    main()
