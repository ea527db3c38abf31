"""Stages on ever more rows: time and memory of each stage, from ten thousand rows to ten million.

    python benchmarks/rows.py              # 10,000 to 10,000,000 rows; takes long, and about 25 GB of disk
    python benchmarks/rows.py --most N     # no more than N rows; nothing is written
    python benchmarks/rows.py --stages 1,5 # only these stages; nothing is written

The rows are those of the sample's return, over and over, each time with other children. Every stage's cells run in a
process of their own, after those of the stages that it needs; memory is the most that the process ever held (RSS), and
it may have 6 GiB. One run of each. The table goes to benchmarks/results/rows.md.
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

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "rows.md"
ROWS = (10_000, 100_000, 1_000_000, 10_000_000)
LIMIT = 6 << 30


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--most", type=int, default=ROWS[-1], help="no more rows than this")
    given.add_argument("--stages", default="1,2,3,4,5,6,7,8,9,10", help="only these stages")
    given.add_argument("--one", help=argparse.SUPPRESS)
    options = given.parse_args()
    if options.one:
        print(json.dumps(_run_cells(Path(options.one))))
        return
    stages = [int(number) for number in options.stages.split(",")]
    measured = {}
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as folder:
        project = _project(Path(folder))
        for rows in (rows for rows in ROWS if rows <= options.most):
            real = _write_data(project, rows)
            for notebook in sorted((project / "notebooks").glob("*.ipynb")):
                if int(notebook.name[:2]) in stages:
                    found = _in_a_process(project, notebook)
                    measured.setdefault(notebook.stem, {})[real] = found
                    print(f"{real:,} rows, {notebook.stem}: {found}", file=sys.stderr, flush=True)
    text = _table(measured)
    print(text)
    if options.most == ROWS[-1] and len(stages) == 10:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


def _project(folder: Path) -> Path:
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "-o", str(folder), str(HERE.parent)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (project,) = (path for path in folder.iterdir() if path.is_dir())
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
    environment = {
        **os.environ,
        "PYTHONPATH": str(project / "toolkit"),
        "EVIDENCE_RUN_FOLDER": str(run),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(Path(__file__).resolve()), "--one", str(notebook)]
    done = subprocess.run(command, cwd=notebook.parent, env=environment, capture_output=True, encoding="utf-8")
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def _run_cells(notebook: Path) -> dict[str, float]:
    from IPython.core.interactiveshell import InteractiveShell

    shell, begun = InteractiveShell.instance(), time.perf_counter()
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            with redirect_stdout(StringIO()):
                result = shell.run_cell("".join(cell["source"]))
            result.raise_error()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"seconds": time.perf_counter() - begun, "memory": most}


def _table(measured: dict[str, dict[int, dict[str, float]]]) -> str:
    sizes = sorted({rows for found in measured.values() for rows in found})
    lines = [
        "# Stages by number of rows",
        "",
        f"`python benchmarks/rows.py`: one run of each, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"pandas {version('pandas')}, duckdb {version('duckdb')}. The slope is that of time against rows in logarithms "
        "between the last two sizes: 1 is as much longer as there are more rows.",
        "",
        f"| stage | {' | '.join(f'{rows:,} rows' for rows in sizes)} | slope | most memory |",
        f"|---|{'---:|' * (len(sizes) + 2)}",
    ]
    for name, found in measured.items():
        cells = [_cell(found.get(rows, {})) for rows in sizes]
        most = max((one["memory"] for one in found.values() if "memory" in one), default=0)
        kept = "within 6 GiB" if most < LIMIT else "NOT within 6 GiB"
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
