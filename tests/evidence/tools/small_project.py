"""A small project of one tool in a folder of its own, to run the shipped tests in."""

from __future__ import annotations

import compileall
import datetime
import gc
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[3] / "{{cookiecutter.project_slug}}"
SOURCE = TEMPLATE / "src" / "{{cookiecutter.__package_name}}"

PARAMETERS = """\
as_of = "2026-04-30"
data_folder = "data/sample"
year_end = "2026-03-31"
placements_at_least = 3
flag_at = 0.25
seed = 2026
"""


@lru_cache(maxsize=1)
def _toolkit() -> tempfile.TemporaryDirectory:
    """The toolkit with its compiled files, which are good for copies too: compiling takes a second each time."""
    folder = tempfile.TemporaryDirectory()
    shutil.copytree(TEMPLATE / "toolkit", Path(folder.name, "toolkit"))
    compileall.compile_dir(folder.name, quiet=1)
    return folder


@lru_cache(maxsize=1)
def _sample(children: int) -> dict[str, bytes]:
    from evidence.data import generate_sample

    with tempfile.TemporaryDirectory() as folder:
        generate_sample(Path(folder), children=children, seed=7, year_end=datetime.date(2026, 3, 31))
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def make(folder: Path, kind: str, children: int = 1200) -> Path:
    """A project with the worked tool of that kind as its tool.py, sample data, and ten notebooks of three cells."""
    shutil.copytree(Path(_toolkit().name, "toolkit"), folder / "toolkit")
    for name in ("reference", "tests"):
        shutil.copytree(TEMPLATE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(TEMPLATE / name, folder / name)
    facts = (TEMPLATE / "project.toml").read_text(encoding="utf-8")
    facts = facts.replace("{{ cookiecutter.analytics_type }}", kind).replace("{{ cookiecutter.data_source }}", "sample")
    facts = facts.replace("{{ cookiecutter.output_about }}", "individual")
    facts = re.sub(r"\{\{.*?\}\}", "", facts)
    (folder / "project.toml").write_text(facts, encoding="utf-8")
    (folder / "parameters").mkdir()
    (folder / "parameters" / "sample.toml").write_text(PARAMETERS, encoding="utf-8")
    (folder / "data" / "sample" / "earlier").mkdir(parents=True)
    for name, content in _sample(children).items():
        (folder / "data" / "sample" / name).write_bytes(content)
    (folder / "src" / "placements_tool").mkdir(parents=True)
    (folder / "src" / "placements_tool" / "tool.py").write_bytes((SOURCE / "worked" / f"{kind}.py").read_bytes())
    for path in (folder / "tests" / "reference").glob("headlines_*.json"):
        path.unlink()
    _notebooks(folder)
    return folder


def _notebooks(folder: Path) -> None:
    import tomllib

    stages = tomllib.loads((TEMPLATE / "reference" / "stages.toml").read_text(encoding="utf-8"))["stage"]
    (folder / "notebooks").mkdir()
    figures = (
        "from evidence import measures\nfrom evidence.project import open_project\n"
        "from evidence.data import load_tables\n"
        "p = open_project(); t = p.load_tool(); q = dict(as_of=as_of, year_end=year_end, seed=seed, flag_at=flag_at,"
        " placements_at_least=placements_at_least)\n"
        "o = t.run(t.prepare(dict(load_tables(p, p.path(data_folder))), q), q)\ntable = measures.test_tool(t, o, q)"
    )
    said = "for name, row in table.iterrows():\n    print(f'{name}: {row.percent:.1f}%')"
    for stage in stages:
        seven = stage["number"] == 7
        cells = [
            _cell(PARAMETERS, "parameters"),
            _cell(figures if seven else "x = 1"),
            _cell(said if seven else "print(x)", "headlines"),
        ]
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (folder / "notebooks" / stage["notebook"]).write_text(json.dumps(notebook), encoding="utf-8")


def _cell(source: str, *tags: str) -> dict:
    return {
        "cell_type": "code", "execution_count": None, "id": f"c{abs(hash(source)) % 10**8}",
        "metadata": {"tags": list(tags)}, "outputs": [], "source": source,
    }  # fmt: skip


# What the shipped tests and the worked tools import, without the toolkit: each project has its own copy of that.
LIBRARIES = ["duckdb", "nbval.plugin", "pandas", "pytest", "scipy.stats", "sklearn.linear_model"]
# Of pytest's plugins a project has nbval alone; those of our own environment take seconds to load.
QUIET = ["-q", "-rfE", "--tb=line", "--no-header", "-p", "no:cacheprovider", "-p", "nbval"]
ONLY_ITS_OWN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """pytest in the project, as its team runs it.

    Where processes can be forked, each call is a fork of one process that has imported the libraries: that takes most
    of the time otherwise. What a call does with modules, folders or the environment ends with its process.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | ONLY_ITS_OWN
        return subprocess.run(
            [sys.executable, "-B", "-m", "pytest", *QUIET, *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    with tempfile.TemporaryDirectory() as apart:
        said = Path(apart) / "said.txt"
        process = context.Process(target=_pytest_in_a_fork, args=(folder, arguments, said))
        process.start()
        process.join(300)
        if process.exitcode is None:
            process.kill()
        return subprocess.CompletedProcess(arguments, process.exitcode, said.read_text(encoding="utf-8"), "")


def _pytest_in_a_fork(folder: Path, arguments: Sequence[str], said: Path) -> None:
    with said.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    os.environ.pop("PYTHONPATH", None)
    os.environ.update(ONLY_ITS_OWN, PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    # What the parent holds need not be looked through again.
    gc.freeze()
    # Only the project's own copy of the toolkit may be found.
    sys.path[:] = [place for place in sys.path if not (Path(place) / "evidence").is_dir()]
    assert not [name for name in sys.modules if name.split(".")[0] == "evidence"]
    import pytest

    sys.exit(int(pytest.main([*QUIET, *arguments])))


def failed(result: subprocess.CompletedProcess) -> set[str]:
    """The names of the tests that failed."""
    lines = [line for line in result.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return {line.split("::", 1)[1].split(" - ")[0].split("[")[0] for line in lines if "::" in line}


def break_tool(folder: Path, changes: Sequence[tuple[str, str]], file: str = "src/placements_tool/tool.py") -> None:
    """Puts mistakes into a file: each change is a piece of the source and what stands there instead."""
    path = folder / file
    source = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert source.count(old) == 1, f"the piece to break is not there once: {old}"
        source = source.replace(old, new)
    path.write_text(source, encoding="utf-8")
