"""A real Dask scheduler and workers, each a process of its own, for tests of runs past one machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import TEMPLATE, TOOLKIT
from tests.evidence.run.test_runs import wait_for
from tests.evidence.toy import make_project


class Machines:
    """Used as a context: at its end none of its processes is left. `folder` holds what they write."""

    def __init__(self, folder: Path, workers: int = 2, **environment: str) -> None:
        self.folder, self._count, self._environment = folder, workers, environment
        self.workers: list[subprocess.Popen] = []

    def __enter__(self) -> Machines:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--idle-timeout", "900", "--scheduler-file", self.file)
        try:
            wait_for(lambda: self.file.is_file() and self.file.read_text().endswith("}"), 180)
            self.address = json.loads(self.file.read_text())["address"]
            for _ in range(self._count):
                self.add_worker()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(60)

    def add_worker(self, *options: str, **environment: str) -> subprocess.Popen:
        worker = self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--local-directory", self.folder, *options,
            **environment,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def _start(self, *command: object, **environment: str) -> subprocess.Popen:
        # Nothing of the tests' own paths: a worker has the packages and no toolkit.
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        here = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        with open(self.folder / f"{command[0]}{len(self.workers)}.txt", "wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, command[:1]), *here, *map(str, command[1:])],
                cwd=self.folder,
                env={**own, **self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def toy_with_toolkit(folder: Path, notebooks: dict[int, str] | None = None) -> Path:
    """The toy project with its toolkit and locks, as workers need them."""
    made = make_project(folder, notebooks)
    shutil.copytree(TOOLKIT, made / "toolkit", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for lock in ("requirements.lock", "requirements-cluster.lock"):
        shutil.copy(TEMPLATE / lock, made / lock)
    return made
