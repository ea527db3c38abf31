"""How long a command takes to say something: ours beside commands of the tools that it stands on.

    python benchmarks/start_up.py            # fifteen runs each, taking turns; about a minute
    python benchmarks/start_up.py --quick    # three runs each, and nothing is written

Processor time is what the process itself used. What each command imports and how long that takes is Python's own count
(`python -X importtime`). The project is new, in a temporary folder, and its stages have run once. The table goes to
benchmarks/results/start_up.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from common import cores, environment, keep, load, new_project

RUNS, QUICK = 15, 3
TARGET = 0.3
OURS = {
    "evidence --help": ["evidence", "--help"],
    "evidence status": ["evidence", "status"],
    "evidence verify sample": ["evidence", "verify", "sample"],
    "evidence run, unchanged": ["evidence", "run", "--quiet"],
}
PEERS = {
    "papermill --help": ["papermill", "--help"],
    "jupyter nbconvert --help": ["nbconvert", "--help"],
    "jupyter --version": ["jupyter", "--version"],
    "import pandas": ["timeit", "-n1", "-r1", "import pandas"],
}


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--quick", action="store_true", help="three runs each; nothing is written")
    options = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as folder:
        project = _project(Path(folder))
        text = _table(project, QUICK if options.quick else RUNS)
    print(text)
    if not options.quick:
        keep("start_up.md", text)


def _project(folder: Path) -> Path:
    project = new_project(folder)
    _run(project, OURS["evidence run, unchanged"])
    return project


def _run(project: Path, module: list[str], *options: str) -> tuple[float, float, str]:
    """Processor seconds, seconds, and what it said on its standard error."""
    command = [sys.executable, *options, "-m", *module]
    before, begun = os.times(), time.perf_counter()
    done = subprocess.run(
        command, cwd=project, env=environment(project), capture_output=True, text=True, encoding="utf-8"
    )
    seconds, after = time.perf_counter() - begun, os.times()
    if done.returncode:
        sys.exit(f"{' '.join(module)} stopped.\n{done.stderr[-2000:]}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, seconds, done.stderr


def _table(project: Path, runs: int) -> str:
    commands = {**OURS, **PEERS}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, module in commands.items():
            taken[name].append(_run(project, module)[:2])
    lines = [
        "# Start-up of commands",
        "",
        f"`python benchmarks/start_up.py`: medians of {runs}, all commands taking turns. {_machine()}",
        "",
        "| command | processor time, s | from, s | to, s | time, s | modules | slowest imports, s |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for name, module in commands.items():
        used, seconds = ([pair[place] for pair in taken[name]] for place in (0, 1))
        count, slowest = _imports(project, module)
        numbers = [statistics.median(used), min(used), max(used), statistics.median(seconds)]
        lines.append(f"| {name} | {' | '.join(f'{number:.2f}' for number in numbers)} | {count} | {slowest} |")
    lines.append("")
    for name in list(OURS)[:3]:
        median = statistics.median(used for used, _ in taken[name])
        kept = "met" if median < TARGET else "missed"
        lines.append(f"- {name}: {median:.2f} s; the target, under {TARGET} s of processor time, is {kept}.")
    return "\n".join([*lines, ""])


def _imports(project: Path, module: list[str]) -> tuple[int, str]:
    """How many modules are imported, and the three packages that take longest, each with all it brings."""
    rows = []
    for line in _run(project, module, "-X", "importtime")[2].splitlines():
        if line.startswith("import time:") and line.count("|") == 2 and "[us]" not in line:
            _, total, name = line.split("|")
            rows.append((int(total) / 1e6, name.strip()))
    packages = sorted((row for row in rows if "." not in row[1]), reverse=True)[:3]
    return len(rows), ", ".join(f"{name} {seconds:.2f}" for seconds, name in packages)


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("papermill", "nbconvert", "pandas"))
    busy = load()
    return (
        f"{cores()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {packages}. "
        f"Load of the machine when it ended: {busy:.1f}" + (", so other work ran beside it." if busy > 1.5 else ".")
    )


if __name__ == "__main__":
    main()
