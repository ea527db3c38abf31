"""Stages on ever more rows: time and memory of each stage, from ten thousand rows to ten million.

    python benchmarks/rows.py                # 10,000 to 10,000,000 rows; takes an hour or two, and 4 GB of disk
    python benchmarks/rows.py --keep FOLDER  # work there and keep it: what it has measured is not measured again
    python benchmarks/rows.py --most N       # no more than N rows; nothing is written
    python benchmarks/rows.py --stages 1,5   # only these stages; nothing is written
    python benchmarks/rows.py --tool predictive  # the stages of such a tool; the default is descriptive

The rows are those of the sample's return, over and over, each time with other children: so many episodes, and reviews,
children and outcomes in proportion (2.8 rows of all tables to an episode). Every stage's cells run in a process of
their own, after those of the stages that it needs; memory is the most that the process ever held (RSS), and it may
have 6 GiB. What goes far beyond is stopped. One run of each, in processor time, which other work hardly disturbs. With
`--keep`, a run in pieces writes the table once all is measured. The table goes to benchmarks/results/rows.md, of
another tool to rows_diagnostic.md or rows_predictive.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from importlib.metadata import version
from io import StringIO
from pathlib import Path

from common import environment, keep, new_project

TOOLS = ("descriptive", "diagnostic", "predictive")
ROWS = (10_000, 100_000, 1_000_000, 10_000_000)
LIMIT = 6 << 30
# A stage that holds this much is stopped, so that it does not take the machine down with it.
STOPPED_AT = 9 << 30


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--most", type=int, default=ROWS[-1], help="no more rows than this")
    given.add_argument("--stages", default="1,2,3,4,5,6,7,8,9,10", help="only these stages")
    given.add_argument("--tool", choices=TOOLS, default=TOOLS[0], help="what kind of tool the project builds")
    given.add_argument("--keep", type=Path, help="work in this folder, and go on with what is there")
    given.add_argument("--one", help=argparse.SUPPRESS)
    options = given.parse_args()
    if options.one:
        print(json.dumps(_run_cells(Path(options.one))))
        return
    stages = [int(number) for number in options.stages.split(",")]
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as passing:
        folder = options.keep or Path(passing)
        for rows in (rows for rows in ROWS if rows <= options.most):
            _measure(folder / str(rows), rows, stages, options.tool)
        measured = [json.loads(path.read_text()) for path in sorted(folder.glob("*/measured.json"))]
    text = _table(measured, options.tool)
    print(text)
    if len(measured) == len(ROWS) and all(len(one["stages"]) == 10 for one in measured):
        keep(f"rows_{options.tool}.md" if options.tool != TOOLS[0] else "rows.md", text)


def _measure(folder: Path, rows: int, stages: list[int], tool: str) -> None:
    """Measures each stage that is not yet in `measured.json` of the folder, where the project is made first."""
    kept = folder / "measured.json"
    if not kept.is_file():
        project = _project(folder, tool)
        kept.write_text(json.dumps({"rows": _write_data(project, rows), "stages": {}}))
    measured = json.loads(kept.read_text())
    (project,) = (path for path in folder.iterdir() if path.is_dir())
    for notebook in sorted((project / "notebooks").glob("*.ipynb")):
        if int(notebook.name[:2]) in stages and notebook.stem not in measured["stages"]:
            found = _in_a_process(project, notebook)
            measured["stages"][notebook.stem] = found
            kept.write_text(json.dumps(measured, indent=1))
            print(f"{measured['rows']:,} rows, {notebook.stem}: {found}", file=sys.stderr, flush=True)


def _project(folder: Path, tool: str) -> Path:
    project = new_project(folder, analytics_type=tool)
    shutil.copytree(project / "data" / "sample", project / "data" / "once")
    return project


def _write_data(project: Path, rows: int) -> int:
    """The sample's files over and over until there are so many episodes; returns how many there are."""
    once, target = project / "data" / "once", project / "data" / "sample"
    episodes = _count(once / "episodes.csv")
    times = math.ceil(rows / episodes)
    for path in once.rglob("*.csv"):
        if path.name not in ("faults.csv", "parallel_run.csv"):
            _over_and_over(path, target / path.relative_to(once), times)
    shutil.rmtree(project / ".evidence", ignore_errors=True)
    return episodes * times


def _count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) - 1


def _over_and_over(path: Path, target: Path, times: int) -> None:
    """Every line, each time with another child's number and no pupil number; both are made up."""
    heading, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    upn = heading.strip().split(",").index("UPN") if "UPN" in heading else None
    with open(target, "w", encoding="utf-8", newline="") as file:
        file.write(heading)
        file.writelines(lines)
        for time_ in range(1, times):
            file.writelines(_changed(line, time_, upn) for line in lines)


def _changed(line: str, time_: int, upn: int | None) -> str:
    child, rest = line.split(",", 1)
    if upn is not None:
        cells = rest.split(",")
        cells[upn - 1] = ""
        rest = ",".join(cells)
    return f"{child}{time_},{rest}"


def _in_a_process(project: Path, notebook: Path) -> dict[str, float]:
    run = project / ".evidence" / "runs" / "rows"
    run.mkdir(parents=True, exist_ok=True)
    told = environment(project, EVIDENCE_RUN_FOLDER=str(run), OMP_NUM_THREADS="1")
    command = [sys.executable, str(Path(__file__).resolve()), "--one", str(notebook)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        running = subprocess.Popen(command, cwd=notebook.parent, env=told, stdout=out, stderr=said)
        if _stopped(running):
            return {"failed": f"needed more than {STOPPED_AT >> 30} GiB"}
        out.seek(0), said.seek(0)
        if running.returncode:
            return {"failed": (said.read().strip().splitlines() or [f"ended with status {running.returncode}"])[-1]}
        return json.loads(out.read().splitlines()[-1])


def _stopped(running: subprocess.Popen) -> bool:
    """Waits for the end of a process; whether it had to be stopped because of the memory that it held."""
    import psutil

    while running.poll() is None:
        try:
            if psutil.Process(running.pid).memory_info().rss > STOPPED_AT:
                running.kill()
                running.wait()
                return True
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.2)
    return False


def _run_cells(notebook: Path) -> dict[str, float]:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            with redirect_stdout(StringIO()):
                result = shell.run_cell("".join(cell["source"]))
            result.raise_error()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"seconds": time.process_time(), "memory": most}


def _table(measured: list[dict], tool: str) -> str:
    measured = sorted(measured, key=lambda one: one["rows"])
    sizes = [one["rows"] for one in measured]
    lines = [
        f"# Stages of a {tool} tool by number of rows",
        "",
        f"`python benchmarks/rows.py --tool {tool}`: one run of each, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, pandas {version('pandas')}, duckdb {version('duckdb')}. "
        "Rows are episodes; there are 1.3 reviews and 0.4 children to each. Seconds are of the processor, memory is "
        "the most that the stage's process ever held. The slope is that of time against rows in logarithms between "
        "the last two sizes: 1 is as much longer as there are more rows.",
        "",
        f"| stage | {' | '.join(f'{rows:,} rows' for rows in sizes)} | slope | most memory |",
        f"|---|{'---:|' * (len(sizes) + 2)}",
    ]
    for name in sorted({name for one in measured for name in one["stages"]}):
        found = {one["rows"]: one["stages"][name] for one in measured if name in one["stages"]}
        cells = [_cell(found.get(rows, {})) for rows in sizes]
        most = max((one["memory"] for one in found.values() if "memory" in one), default=0)
        within = most < LIMIT and not any("failed" in one for one in found.values())
        kept = "within 6 GiB" if within else "NOT within 6 GiB"
        lines.append(f"| {name} | {' | '.join(cells)} | {_slope(found, sizes)} | {most / 2**30:.1f} GiB, {kept} |")
    return "\n".join([*lines, ""])


def _cell(found: dict[str, float]) -> str:
    if "failed" in found:
        return f"stopped: {found['failed']}"
    return f"{found['seconds']:.1f} s, {found['memory'] / 2**20:,.0f} MiB" if found else ""


def _slope(found: dict[int, dict[str, float]], sizes: list[int]) -> str:
    done = [(rows, found[rows]["seconds"]) for rows in sizes if "seconds" in found.get(rows, {})][-2:]
    if len(done) < 2:
        return ""
    (few, short), (many, long) = done
    return f"{math.log(long / short) / math.log(many / few):.2f}"


if __name__ == "__main__":
    main()
