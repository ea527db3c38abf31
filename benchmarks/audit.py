"""The audit against what an analyst would do by hand: time and memory, side by side in one run.

    python benchmarks/audit.py            # 1,000,000 episodes in 30 columns, five runs each, then 20,000,000 rows
    python benchmarks/audit.py --small    # a tenth of that, to try it

By hand is `pandas.read_csv` (or `read_parquet`), `describe(include="all")` and `value_counts` of each column, which
finds no fault by itself. A CSV file is read by hand in three ways: as `pandas.read_csv(path)` reads it, on all
processors, so that a date is a text of which only the most frequent is told; so with `engine="pyarrow"`; and with its
six dates read as dates, as they are in the Parquet file. The audit counts
what is missing, in the wrong form or against a rule, for every check the catalogue calls for. "Audit and all" also
counts completeness by year and group, holds everything against the limits and writes where the failures are. Every
run is a process of its own, on the same file; memory is the most that the process ever held (RSS). The time is told
in two parts as well: until the rows are at hand (imports, and reading the file), and what is asked of them then. Data
is made in a temporary folder and removed; it needs about 9 GB of disk. The table goes to benchmarks/results/audit.md.
"""

from __future__ import annotations

import argparse
import csv
import getpass
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from common import TEMPLATE, environment, keep, load

PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
YEAR_END = "2023-03-31"
RUNS = 5
# What is told of the time of each way: all of it, and that in which the rows were asked.
PARTS = ("seconds", "asked")
LIMIT = 4 << 30


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--only", choices=("million", "many"), help="one of the two cases; nothing is written")
    given.add_argument("--small", action="store_true", help="a tenth of the rows, one run each")
    given.add_argument("--one", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = given.parse_args()
    if options.one:
        print(json.dumps(_measured(WAYS[options.one[0]], Path(options.one[1]))))
        return
    share, runs = (10, 1) if options.small else (1, RUNS)
    busy = load()
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as folder:
        _need_room(Path(folder), 9e9 / share)
        rows = []
        if options.only != "many":
            rows += _million(Path(folder), 1_000_000 // share, runs)
        if options.only != "million":
            rows += _many(Path(folder), 20_000_000 // share)
    text = _table(rows, runs, busy)
    print(text)
    if not options.small and not options.only:
        keep("audit.md", text)


# What is measured, each in a process of its own ---------------------------------------------------------------------

_at_hand: list[float] = []


def at_hand() -> None:
    """Notes that from now on the rows can be asked."""
    _at_hand.append(time.perf_counter())


def by_hand(path: Path, **how: object) -> str:
    import pandas as pd

    if path.suffix == ".csv":
        frame = pd.read_csv(path, **how)
    else:
        frame = pd.read_parquet(path)
    at_hand()
    frame.describe(include="all")
    for column in frame:
        frame[column].value_counts(dropna=False)
    return f"{len(frame):,} rows described"


def by_hand_with_dates(path: Path) -> str:
    from episodes import DATES

    return by_hand(path, parse_dates=list(DATES), date_format="%d/%m/%Y")


def by_hand_with_pyarrow(path: Path) -> str:
    return by_hand(path, engine="pyarrow")


def by_audit(path: Path, all_of_it: bool = False) -> str:
    from evidence.data import audit, conformance, error_families, missing, profile, tables_in_files
    from evidence.project import Project

    project = Project(path.parents[2])
    with tables_in_files(project, path.parent, every_row=all_of_it) as tables:
        at_hand()
        profile(tables), missing(tables), conformance(tables, YEAR_END)
        found = audit(tables, YEAR_END)
        error_families(found)
        if all_of_it:
            _decide_and_write(project, tables)
    return f"{len(found)} rules, {int(found['failures'].sum()):,} failures"


def _decide_and_write(project, tables) -> None:
    from evidence.data import comparable_years, filled_by_group, quality_decision, write_positions
    from evidence.measures import completeness, year_changes

    complete = completeness(filled_by_group(tables, YEAR_END))
    changes = year_changes(comparable_years(tables, YEAR_END))
    quality_decision(project, tables, YEAR_END, completeness=complete, changes=changes)
    write_positions(project, tables, YEAR_END)


def by_audit_and_all(path: Path) -> str:
    return by_audit(path, all_of_it=True) + ", each with its row"


AS_DATES, WITH_PYARROW = "by hand, dates read as dates", "by hand, read with the pyarrow engine"
WAYS = {
    "by hand": by_hand,
    WITH_PYARROW: by_hand_with_pyarrow,
    AS_DATES: by_hand_with_dates,
    "audit": by_audit,
    "audit and all": by_audit_and_all,
}


def _measured(way, path: Path) -> dict[str, object]:
    begun = time.perf_counter()
    found = way(path)
    seconds = time.perf_counter() - begun
    asked = begun + seconds - _at_hand[0]
    return {
        "seconds": seconds,
        "asked": asked,
        "processor": time.process_time(),
        "memory": _most_memory(),
        "found": found,
    }


def _most_memory() -> int:
    """The most bytes that this process held since it began its program."""
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage also counts what the process that started this one held.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# The two cases --------------------------------------------------------------------------------------------------------


def _million(folder: Path, rows: int, runs: int) -> list[list[str]]:
    lines = []
    for ending in ("csv", "parquet"):
        path = _project_with(folder / ending, rows, ending)
        size = _size_as_text(path)
        # The ways take turns, so that a busy moment of the machine falls on both.
        ways = ("by hand", WITH_PYARROW, AS_DATES, "audit") if ending == "csv" else ("by hand", "audit")
        taken = {way: [] for way in ways}
        for _ in range(runs):
            for way in taken:
                taken[way].append(_in_a_process(way, path))
        peer = taken["by hand"]
        for way, results in taken.items():
            times = [f"{_median(results, part) / _median(peer, part):.2f} × by hand" for part in PARTS]
            lines.append(
                _line(f"{rows:,} rows, {ending}", way, results, times, f"{_memory(results) / size:.2f} × the data")
            )
    return lines


def _many(folder: Path, rows: int) -> list[list[str]]:
    lines = []
    for ending in ("parquet", "csv"):
        path = _project_with(folder / f"many_{ending}", rows, ending)
        results = [_in_a_process("audit and all", path)]
        limit = f"{'within' if _memory(results) < LIMIT else 'NOT within'} 4 GiB"
        lines.append(_line(f"{rows:,} rows, {ending}", "audit and all", results, ["", ""], limit))
        shutil.rmtree(path.parents[2])
    return lines


def _project_with(folder: Path, rows: int, ending: str) -> Path:
    """A project whose own data is the one file, with the catalogue that people would have confirmed."""
    import episodes

    folder.mkdir(parents=True)
    for name in ("reference", "toolkit"):
        shutil.copytree(PROJECT / name, folder / name)
    facts = (PROJECT / "project.toml").read_text(encoding="utf-8").splitlines()
    filled = [line.split(" = ")[0] + ' = ""' if "{{" in line else line for line in facts]
    text = (
        "\n".join(filled)
        .replace('source = ""', 'source = "own"')
        .replace('analytics_type = ""', 'analytics_type = "descriptive"')
    )
    (folder / "project.toml").write_text(text.replace('output_about = ""', 'output_about = "cohort"'), encoding="utf-8")
    _append(folder / "reference" / "catalogue.csv", episodes.catalogue_rows())
    _append(folder / "reference" / "code_lists.csv", episodes.code_list_rows())
    _append(folder / "reference" / "access.csv", [_whoever_runs_this()])
    path = folder / "data" / "raw" / f"episodes.{ending}"
    path.parent.mkdir(parents=True)
    episodes.write(path, rows)
    return path


def _whoever_runs_this() -> dict[str, str]:
    return {
        "person": "Whoever runs the benchmark", "login": getpass.getuser(), "role": "analyst",
        "special_category": "yes", "re_identify": "no", "from": "2020-01-01", "until": "2099-12-31",
        "approved_by": "The benchmark", "ask": "Nobody",
    }  # fmt: skip


def _append(path: Path, rows: list[dict[str, str]]) -> None:
    with open(path, encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writerows(rows)


def _size_as_text(path: Path) -> int:
    """How many bytes the rows take as CSV text: what memory is held against."""
    if path.suffix == ".csv":
        return path.stat().st_size
    return next(path.parents[3].glob("csv/data/raw/*.csv")).stat().st_size


def _in_a_process(way: str, path: Path) -> dict[str, object]:
    project = path.parents[2]
    told = environment(project, EVIDENCE_KEY_FOLDER=str(project / "keys"))
    command = [sys.executable, str(Path(__file__).resolve()), "--one", way, str(path)]
    done = subprocess.run(command, env=told, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def _line(case: str, way: str, results: list[dict[str, object]], times: list[str], against: str) -> list[str]:
    all_of_it, asked = (f"{_median(results, part):.2f} s" for part in PARTS)
    processor = f"{_median(results, 'processor'):.1f} s"
    memory, found = f"{_memory(results) / 2**20:,.0f} MiB", str(results[0]["found"])
    return [case, way, asked, times[1], all_of_it, times[0], processor, memory, against, found]


def _median(results: list[dict[str, object]], part: str) -> float:
    return statistics.median(one[part] for one in results)


def _memory(results: list[dict[str, object]]) -> int:
    return max(one["memory"] for one in results)


def _table(rows: list[list[str]], runs: int, busy: float) -> str:
    about = (
        f"Python {platform.python_version()}, pandas {version('pandas')}, duckdb {version('duckdb')}, "
        f"{os.cpu_count()} processors, {_memory_of_machine()}. {runs} runs of each way in turn for the smaller case "
        "(medians of the time, by the clock and of the processors; the most memory of all runs), one of the larger. "
        "The data, for both kinds of file, is the size of the rows as CSV text. Load of the machine when it began: "
        f"{busy:.1f}{', so other work ran beside it' if busy > 0.5 else ''}. Made by `python benchmarks/audit.py`."
    )
    heads = ["case", "way", "time once the rows are at hand", "against", "time with reading", "against"]
    heads += ["processor time", "most memory (RSS)", "against", "what it gives"]
    lines = [heads, ["---"] * len(heads), *rows]
    return (
        f"# Audit of episodes in 30 columns\n\n{about}\n\n"
        + "\n".join(f"| {' | '.join(line)} |" for line in lines)
        + "\n"
    )


def _memory_of_machine() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB of memory"
    except (AttributeError, ValueError, OSError):
        return "memory not told"


def _need_room(folder: Path, needed: float) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        sys.exit(f"{folder} has {free / 1e9:.1f} GB free, and the benchmark needs {needed / 1e9:.0f} GB.")


if __name__ == "__main__":
    main()
