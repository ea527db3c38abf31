"""What a Dask worker does with a stage: starts a process of its own for it, and passes on what that says.

This module travels to the worker as text, so it imports nothing of ours: the process it starts has the toolkit of the
project itself, whatever else the worker might know.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path

_LOOK_EVERY = 0.2
_SECONDS_TO_END = 5
# On the worker, for as long as it lives: processes that have done a stage and wait for another one of the same project.
_IDLE = "evidence_idle_processes"


def execute(order: dict, project: bytes, carried: dict[str, bytes]) -> dict:
    """Executes one stage as `order` says, and returns what its process said last.

    project: the project's files as a tar archive, empty where workers see them; carried: what earlier stages left, file
    by file, in the same case. The answer then holds what this stage left under "carried".
    """
    from distributed import get_worker

    worker = get_worker()
    home = Path(tempfile.mkdtemp(prefix="evidence-", dir=worker.local_directory))
    try:
        if order["shipped"]:
            order = {**order, "root": str(_unpacked(project, home / "project"))}
        for name, content in carried.items():
            _put(home / "run" / name, content)
        answer = _answer({**order, "home": str(home)}, worker)
        if order["shipped"]:
            answer["carried"] = {name: (home / "run" / name).read_bytes() for name in answer.get("files", {})}
        return {**answer, "worker": worker.address}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _unpacked(project: bytes, folder: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(project)) as archive:
        archive.extractall(folder, filter="fully_trusted")
    return folder


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _answer(order: dict, worker: object) -> dict:
    if not Path(order["root"], "toolkit", "evidence").is_dir():
        return {"unfit": f"does not see the folder {order['root']}."}
    # The same code in the same folder: whatever is different needs a process of its own.
    idle = worker.__dict__.setdefault(_IDLE, {}).setdefault((order["root"], order["needs_digest"]), [])
    waited = _one_of(idle)
    answer = _asked(waited, order, worker, idle) if waited else {"broken": ""}
    # One that waited may have ended in this very moment.
    return (
        _asked(_Process(order["root"], worker.local_directory), order, worker, idle) if "broken" in answer else answer
    )


def _asked(process: _Process, order: dict, worker: object, idle: list[_Process]) -> dict:
    """The answer of a process, which then waits for another order, or ends where it cannot be of use any more."""
    answer: dict = {}
    try:
        answer = process.answer(order, worker)
    finally:
        if "done" in answer and not order["shipped"]:
            idle.append(process)
        else:
            process.end()
    return answer


def _one_of(idle: list[_Process]) -> _Process | None:
    """One that still waits; they end by themselves after a while."""
    while idle:
        process = idle.pop()
        if process.is_there():
            return process
        process.end()
    return None


class _Process:
    """Executes stages one after the other. It ends by itself when its standard input does, and so with this worker."""

    def __init__(self, root: str, folder: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(root, "toolkit")), "PYTHONUTF8": "1"}
        self._errors = tempfile.TemporaryFile(dir=folder)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "evidence.run.cluster.stage_process"],
            cwd=folder,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def is_there(self) -> bool:
        return self._process.poll() is None

    def answer(self, order: dict, worker: object) -> dict:
        """What it says of one stage. Raises RuntimeError where nobody waits for the stage any more, or this worker is
        to close."""
        key, said = worker.get_current_task(), {}
        listener = threading.Thread(target=self._listen, args=(order["topic"], worker, said), daemon=True)
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return {"broken": self._last_words()}
        listener.start()
        while listener.is_alive():
            if _is_unwanted(worker, key):
                raise RuntimeError("nobody waits for this stage any more")
            listener.join(_LOOK_EVERY)
        return said or {"broken": self._last_words()}

    def end(self) -> None:
        """Returns when it has gone, and every kernel of it."""
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _listen(self, topic: str, worker: object, said: dict) -> None:
        """Each line is an event for whoever waits, but for the last one, which is the answer."""
        for line in self._process.stdout:
            heard = json.loads(line)
            if "event" not in heard:
                said.update(heard)
                return
            worker.log_event(topic, heard)

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")[-2000:]


def _is_unwanted(worker: object, key: object) -> bool:
    """Dask does not stop a task that runs: it only calls it cancelled when who asked for it has gone or cancelled."""
    task = worker.state.tasks.get(key)
    return task is None or task.state == "cancelled" or worker.status.name != "running"
