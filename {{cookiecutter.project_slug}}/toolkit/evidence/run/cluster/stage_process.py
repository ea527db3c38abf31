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
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from evidence.project import EvidenceError, Project, at_hand
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
    threading.Thread(target=_listen, args=(orders, at_work), daemon=True).start()
    found_fit = False
    while True:
        try:
            order = orders.get(timeout=_SECONDS_IDLE)
        except queue.Empty:
            os._exit(0)
        found_fit = _obey(order, found_fit, at_work, say)


def _listen(orders: queue.Queue[dict], at_work: ExitStack) -> None:
    """Nobody waits any more once standard input has ended: the worker has gone, or was told to stop the stage."""
    for line in sys.stdin:
        orders.put(json.loads(line))
    at_work.close()
    os._exit(1)


def _obey(order: dict, found_fit: bool, at_work: ExitStack, say: Callable[..., None]) -> bool:
    """Does what an order says; returns whether this process was found fit for it."""
    project = Project(Path(order["root"]))
    try:
        with at_hand([order["parameters"]["data_folder"]]):
            unfit = why_unfit(project, order["needs"], found_fit)
            if unfit:
                say(unfit=unfit)
            else:
                _execute(project, order, at_work, say)
            return not unfit
    except EvidenceError as error:
        say(unfit=f"stopped: {error}")
        return False


def _execute(project: Project, order: dict, at_work: ExitStack, say: Callable[..., None]) -> None:
    from evidence.run.cache import left_by

    stage, folder = project.stage(order["stage"]), Path(order["home"], "run")
    if not order["shipped"]:
        fetch(order["inputs"], Path(order["folder"]), folder)
    # The data is read for the person who started the run; the log also names the account that this worker runs under.
    os.environ["EVIDENCE_LOGIN"] = order["login"]
    before = _log(project) if order["shipped"] else []
    job = Job(project, folder, order["parameters"], Limits(**order["limits"]), 1)
    with Here(1, warm=False).session(job) as session:
        at_work.push(session)
        done = session.execute(
            stage,
            lambda: say(event="started", stage=stage.number),
            lambda: say(event="cell", stage=stage.number),
        )
    at_work.pop_all()
    files = digests(folder, left_by(stage.number, folder, stage.notebook))
    place = "" if order["shipped"] else hand_over(files, folder, Path(order["folder"]))
    log = _log(project)[len(before) :] if order["shipped"] else []
    say(done=asdict(done), files=files, place=place, log=log)


def _log(project: Project) -> list[dict]:
    """The lines of the copy of the access log that came along."""
    from evidence.data.access import read_log

    return [entry for _, entry in read_log(project).entries]


if __name__ == "__main__":
    main()
