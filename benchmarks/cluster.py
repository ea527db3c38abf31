"""Ten stages on this machine, and on one and two workers of a Dask cluster: wall time, side by side in one run.

    python benchmarks/cluster.py            # five runs of each way
    python benchmarks/cluster.py --quick    # one run of each, to try it

Every run is `evidence run sample --no-cache --no-pack` as a person types it, in a project made from the default
answers; the ways take turns, so that what else the machine does hits all of them. Scheduler and workers are processes
on the same machine: a second worker has cores of its own only where there are any, and what a network costs is not in
these figures. The table goes to benchmarks/results/cluster.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from common import environment, keep, new_project

RUNS = 5
# Name, workers of the cluster (0: this machine), options.
WAYS = (
    ("this machine, one stage at a time", 0, ("--workers", "1")),
    ("this machine, two stages side by side", 0, ("--workers", "2")),
    ("Dask, one worker", 1, ()),
    ("Dask, two workers", 2, ()),
)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--quick", action="store_true", help="one run of each way; nothing is written")
    quick = given.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as folder:
        seconds = measured(Path(folder), 1 if quick else RUNS)
    text = table(seconds)
    print(text)
    if not quick:
        keep("cluster.md", text)


def measured(folder: Path, runs: int) -> dict[str, list[float]]:
    """Name of a way to the seconds of its runs."""
    project = new_project(folder)
    os.environ["EVIDENCE_KEY_FOLDER"] = str(folder / "keys")
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in WAYS}
    clusters = {count: Cluster(folder / f"cluster{count}", count) for count in (1, 2)}
    try:
        # The first run of all compiles the toolkit; it counts for nobody.
        run(project, ())
        for _ in range(runs):
            for name, workers, options in WAYS:
                address = ("--scheduler", clusters[workers].address) if workers else ()
                seconds[name].append(run(project, (*options, *address)))
    finally:
        for cluster in clusters.values():
            cluster.end()
    return seconds


def run(project: Path, options: tuple[str, ...]) -> float:
    command = [sys.executable, "-m", "evidence", "run", "sample", "--no-cache", "--no-pack", "--quiet", *options]
    begun = time.perf_counter()
    subprocess.run(command, cwd=project, env=environment(project), check=True)
    return time.perf_counter() - begun


class Cluster:
    """A scheduler and workers of one thread each, as processes of this machine."""

    def __init__(self, folder: Path, workers: int) -> None:
        folder.mkdir()
        file = folder / "scheduler.json"
        self._processes = [_started(folder, "scheduler", "--port", "0", "--scheduler-file", str(file))]
        while not (file.is_file() and file.read_text().endswith("}")):
            time.sleep(0.1)
        self.address = json.loads(file.read_text())["address"]
        for _ in range(workers):
            options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
            self._processes.append(_started(folder, "worker", self.address, *options))

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


def _started(folder: Path, what: str, *options: str) -> subprocess.Popen:
    here = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
    return subprocess.Popen(
        [sys.executable, "-m", "dask", what, *here, *options],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def table(seconds: dict[str, list[float]]) -> str:
    runs = len(next(iter(seconds.values())))
    median = {name: statistics.median(times) for name, times in seconds.items()}
    first = median[WAYS[0][0]]
    lines = [
        "# Runs past one machine",
        "",
        f"The ten stages of the sample data, without cache and pack: seconds of {runs} runs of each way, taking turns. "
        f"{os.cpu_count()} cores, scheduler and workers on the same machine; Python {platform.python_version()}, "
        f"distributed {version('distributed')}. Made by `python benchmarks/cluster.py`.",
        "",
        "| way | median | fastest | slowest | against one at a time |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, times in seconds.items():
        ratio = first / median[name]
        lines.append(f"| {name} | {median[name]:.1f} | {min(times):.1f} | {max(times):.1f} | {ratio:.2f} times |")
    lines += [
        "",
        "On one machine a cluster can only cost: its workers share the cores that the run has anyway. What it costs "
        "here is what it takes to send a stage away and to start Python for it; what it brings is the cores of other "
        "machines.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
