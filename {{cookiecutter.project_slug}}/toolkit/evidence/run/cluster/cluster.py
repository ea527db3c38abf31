"""A Dask cluster as an executor: stages are handed to its workers, which give the same results as this machine."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import EvidenceError, StageInfo
from evidence.project.folders import remove
from evidence.run.cluster import in_worker
from evidence.run.cluster.exchange import FROM_WORKERS, needed_by, take_carried, take_over
from evidence.run.cluster.fitness import needs
from evidence.run.executor import Job
from evidence.run.states import StageRun

if TYPE_CHECKING:
    from distributed import Client, Future

_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}/?")
_SECONDS_TO_CONNECT = 8
_LOOK_EVERY = 0.2
_LOST_WITH_IT = (
    "Several workers in turn were lost while they worked on it. Most often it needs more memory than a worker has."
)
_NOT_EXECUTED = "The worker could not execute it; what it said is in the log of the stage."
# Dask queues what has no free worker; here each stage only needs a thread that waits for it.
_SIDE_BY_SIDE = 64
# For a worker that is told to close while it is at work; of those that are lost Dask keeps count itself.
_RETRIES = 3


class Cluster:
    """The workers of one Dask scheduler. Used as a context; several runs may use it at once.

    address: the scheduler's (tcp://host:8786, tls://host:8786), or the file that it wrote for its workers. workers: how
    many stages to hand over at one time. shipped: send the project along, for workers that do not see its folder. say:
    gets a line for the person where something is to be known before results come.
    """

    # Workers need not see what a stage on another machine is leaving at this moment.
    at_once = False

    def __init__(
        self,
        address: str,
        workers: int | None = None,
        shipped: bool = False,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.address, self.shipped = address, shipped
        self.side_by_side = workers or _SIDE_BY_SIDE
        self._say = say
        self._client: Client | None = None

    def __enter__(self) -> Cluster:
        """Connects. Raises EvidenceError, within seconds, where that does not work."""
        self._client = _connected(self.address)
        if not self._client.scheduler_info(n_workers=-1)["workers"]:
            self._say(f"The scheduler at {self.address} has no worker yet. Stages wait until one joins it.")
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, TimeoutError, RuntimeError):
            self._client.close(timeout=2)

    def session(self, job: Job) -> _Session:
        return _Session(self, job)

    def lost(self) -> EvidenceError:
        """What is said when the scheduler has gone while stages were at work."""
        return EvidenceError(
            "the scheduler was lost while stages were at work, so the run stopped. Stages that were done are kept.",
            where=f"--scheduler {self.address}",
            remedy="Start the scheduler and its workers again, then repeat the command: it does only what is left.",
        )


def _connected(address: str) -> Client:
    """A client of the scheduler. Raises EvidenceError, saying which of the many reasons it is, where there is none."""
    where = f"--scheduler {address}"
    try:
        from distributed import Client
    except ImportError:
        raise EvidenceError(
            "the packages for work on a cluster are not installed here.",
            where=where,
            remedy="Install them: python install.py --cluster (Windows: py install.py --cluster).",
        ) from None
    _quieten()
    file = Path(address)
    if not file.is_file() and not _ADDRESS.fullmatch(address):
        raise EvidenceError(
            "that is neither the address of a scheduler nor the file that one wrote.",
            where=where,
            remedy="For example: tcp://10.0.0.5:8786. The scheduler prints its address when it starts.",
        )
    if address.startswith(("tls://", "wss://")) and not _has_certificate():
        raise EvidenceError(
            "Dask does not know with which certificates to encrypt.",
            where=where,
            remedy="Name them in variables of this terminal, as reference/cluster/README.md says.",
        )
    try:
        given = {"scheduler_file": str(file)} if file.is_file() else {"address": address}
        return Client(**given, timeout=_SECONDS_TO_CONNECT, set_as_default=False, name="evidence")
    except Exception as error:  # noqa: BLE001 - which one depends on what answers at that address, if anything
        raise EvidenceError(
            f"no Dask scheduler could be reached there within {_SECONDS_TO_CONNECT} seconds ({type(error).__name__}).",
            where=where,
            remedy="Check the address, that the scheduler runs, and that the network lets this machine through.",
        ) from None


def _quieten() -> None:
    """What goes wrong is said here, once; Dask's own lines would come before and after it."""
    import dask

    # A project that is sent along is meant to be.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})
    for name in ("distributed", "tornado", "asyncio", *logging.root.manager.loggerDict):
        if name.split(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _has_certificate() -> bool:
    from distributed import Security

    try:
        return Security().get_connection_args("client").get("ssl_context") is not None
    except (OSError, ValueError):
        return False


class _Travels:
    """`in_worker.execute` for machines that do not have the toolkit: it is unpickled from its own text."""

    def __call__(self, *given: object) -> dict:
        return in_worker.execute(*given)

    def __reduce__(self) -> tuple:
        import cloudpickle

        cloudpickle.register_pickle_by_value(in_worker)
        return cloudpickle.loads, (cloudpickle.dumps(in_worker.execute),)


def _unfit(answer: dict) -> EvidenceError:
    return EvidenceError(
        f"the worker at {answer['worker']} {answer['unfit']}",
        where="--scheduler",
        remedy="Put that right at the worker; reference/cluster/README.md says what every worker needs. Stages that "
        "were done are kept.",
    )


class _Session:
    """One run's stages on the cluster."""

    def __init__(self, cluster: Cluster, job: Job) -> None:
        self._cluster, self._client, self._job = cluster, cluster._client, job
        self._topic = f"evidence-{uuid.uuid4().hex}"
        self._waiting: dict[int, _Waiting] = {}
        self._over = False

    def __enter__(self) -> _Session:
        from evidence.data.access import current_login

        job, shipped = self._job, self._cluster.shipped
        self._project = b""
        if shipped:
            from evidence.run.cluster.shipping import check_may_be_shipped, packed

            check_may_be_shipped(job.project, job.parameters, self._client.scheduler.address)
            self._project = packed(job.project)
        needed = needs(job.project, job.parameters)
        self._order = {
            "topic": self._topic,
            "root": str(job.project.root),
            "folder": str(job.folder),
            "shipped": shipped,
            "parameters": job.parameters,
            "limits": asdict(job.limits),
            "login": current_login()[0],
            "needs": needed,
            "needs_digest": hashlib.sha256(json.dumps(needed, sort_keys=True).encode()).hexdigest(),
        }
        self._client.subscribe_topic(self._topic, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        # Where the scheduler is lost there is nobody to tell; its workers have stopped by themselves.
        with suppress(OSError, ValueError, RuntimeError, TimeoutError, CancelledError):
            self._client.cancel([waiting.future for waiting in list(self._waiting.values())])
            self._client.unsubscribe_topic(self._topic)
        remove(self._job.folder / FROM_WORKERS)

    def execute(self, stage: StageInfo, started: Callable[[], None], cell_done: Callable[[], None]) -> StageRun:
        order = {**self._order, "stage": stage.number, "inputs": needed_by(stage, self._job.project, self._job.folder)}
        carried = {}
        if self._cluster.shipped:
            carried = {name: (self._job.folder / name).read_bytes() for name in order["inputs"]}
        key = f"{stage.folder}-{uuid.uuid4().hex}"
        future = self._client.submit(_Travels(), order, self._project, carried, key=key, pure=False, retries=_RETRIES)
        waiting = self._waiting[stage.number] = _Waiting(future, started, cell_done)
        try:
            answer = self._answer(waiting)
        finally:
            del self._waiting[stage.number]
        waiting.begin_once()
        return self._taken_over(stage, answer)

    def _heard(self, event: tuple) -> None:
        """Called in a thread of Dask's own for every event of this run."""
        said = event[1]
        waiting = self._waiting.get(said["stage"])
        if waiting is not None:
            waiting.started() if said["event"] == "started" else waiting.cell_done()

    def _answer(self, waiting: _Waiting) -> dict:
        """What the stage's process said last, or what kept it from saying anything."""
        from distributed import KilledWorker

        while not waiting.ended.wait(_LOOK_EVERY):
            if self._over:
                raise InterruptedError("the run is being stopped")
        try:
            error = waiting.future.exception()
            if error is None:
                return waiting.future.result()
        except (CancelledError, OSError, TimeoutError):
            if self._over:
                raise InterruptedError("the run is being stopped") from None
            raise self._cluster.lost() from None
        if isinstance(error, KilledWorker):
            return {"broken": f"{_LOST_WITH_IT}\n{error}"}
        return {"broken": f"{type(error).__name__}: {error}"}

    def _taken_over(self, stage: StageInfo, answer: dict) -> StageRun:
        if "unfit" in answer:
            raise _unfit(answer)
        if "broken" in answer:
            return self._failed(stage, answer["broken"])
        if self._cluster.shipped:
            from evidence.run.cluster.shipping import add_to_log

            add_to_log(self._job.project, answer["log"])
            take_carried(answer["files"], answer["carried"], self._job.folder)
        else:
            take_over(answer["files"], answer["place"], self._job.folder)
        return StageRun(**answer["done"])

    def _failed(self, stage: StageInfo, said: str) -> StageRun:
        """A stage that no worker could execute leaves its notebook as it is, and what was said in its log."""
        from evidence.run.one_stage import leave_unexecuted

        leave_unexecuted(self._job.folder, self._job.project, stage, said)
        why = _LOST_WITH_IT if said.startswith(_LOST_WITH_IT) else _NOT_EXECUTED
        return StageRun(stage.number, stage.notebook, "failed", why)


class _Waiting:
    """A stage that was handed over: the future of its answer, and whom to tell how it goes on."""

    def __init__(self, future: Future, started: Callable[[], None], cell_done: Callable[[], None]) -> None:
        self.future, self.cell_done = future, cell_done
        self.ended = threading.Event()
        self._started, self._begun = started, False
        future.add_done_callback(lambda _: self.ended.set())

    def started(self) -> None:
        """It has begun, perhaps once more after a worker was lost."""
        self._begun = True
        self._started()

    def begin_once(self) -> None:
        if not self._begun:
            self.started()
