"""Stages in a process of their own on a worker, one after the other: `python -m evidence.run.cluster.stage_process`.

Standard input: a line of JSON a stage, the order; when it ends, so does whatever goes on. Standard output: lines of
JSON, {"event": …} while a stage goes on, and one that says how it went. Without a new order it ends after a minute.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

from evidence.project import EvidenceError, Project, at_hand
from evidence.project.folders import remove
from evidence.run.cluster.exchange import digests, fetch, hand_over
from evidence.run.cluster.fitness import why_unfit
from evidence.run.executor import Job
from evidence.run.here import Here
from evidence.run.limits import Limits

_SECONDS_IDLE = 60


def main() -> None:
    # Whatever writes to standard output by mistake must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr

    def say(**said: object) -> None:
        print(json.dumps(said), file=answers, flush=True)

    orders: queue.Queue[dict] = queue.Queue()
    at_work = ExitStack()
    found_fit = False
    # Its kernels are forked from one server where that is safe, which gets ready with the first stage.
    with suppress(queue.Empty), Here(1, several=True) as here:
        threading.Thread(target=_listen, args=(orders, at_work, here), daemon=True).start()
        while True:
            found_fit = _obey(orders.get(timeout=_SECONDS_IDLE), found_fit, here, at_work, say)
    os._exit(0)


def _listen(orders: queue.Queue[dict], at_work: ExitStack, here: Here) -> None:
    """Nobody waits any more once standard input has ended: the worker has gone, or was told to stop the stage."""
    for line in sys.stdin:
        orders.put(json.loads(line))
    try:
        at_work.close()
        here.__exit__()
    finally:
        os._exit(1)


def _obey(order: dict, found_fit: bool, here: Here, at_work: ExitStack, say: Callable[..., None]) -> bool:
    """Does what an order says; returns whether this process was found fit for it."""
    project, home = Project(Path(order["root"])), Path(order["home"])
    # Where the worker is killed, nobody else is left to remove what was put there, data among it.
    at_work.callback(remove, home)
    try:
        with at_hand([order["parameters"]["data_folder"]], home):
            unfit = why_unfit(project, order["needs"], found_fit)
            answer = {"unfit": unfit} if unfit else _execute(project, order, here, at_work, say)
    except EvidenceError as error:
        answer = {"unfit": f"stopped: {error}"}
    at_work.pop_all()
    # From here on the worker may take what lies there, and end this process.
    say(**answer)
    return "unfit" not in answer


def _execute(project: Project, order: dict, here: Here, at_work: ExitStack, say: Callable[..., None]) -> dict:
    """Executes the stage and returns the answer: how it went, which files it left, and where."""
    from evidence.run.cache import left_by

    stage, folder = project.stage(order["stage"]), Path(order["home"], "run")
    if not order["shipped"]:
        fetch(order["inputs"], Path(order["folder"]), folder)
    # The data is read for the person who started the run; the log also names the account that this worker runs under.
    os.environ["EVIDENCE_LOGIN"] = order["login"]
    before = _log(project) if order["shipped"] else []
    job = Job(project, folder, order["parameters"], Limits(**order["limits"]), 1)
    # What was sent along lies in a folder of its own each time, and so has a process of its own: one kernel is enough.
    place = Here(1, warm=False) if order["shipped"] else here
    with place.session(job) as session:
        at_work.push(session)
        done = session.execute(
            stage,
            lambda: say(event="started", stage=stage.number),
            lambda: say(event="cell", stage=stage.number),
        )
    files = digests(folder, left_by(stage.number, folder, stage.notebook))
    given = "" if order["shipped"] else hand_over(files, folder, Path(order["folder"]))
    log = _log(project)[len(before) :] if order["shipped"] else []
    return {"done": asdict(done), "files": files, "place": given, "log": log}


def _log(project: Project) -> list[dict]:
    """The lines of the copy of the access log that came along."""
    from evidence.data.access import read_log

    return [entry for _, entry in read_log(project).entries]


if __name__ == "__main__":
    main()
