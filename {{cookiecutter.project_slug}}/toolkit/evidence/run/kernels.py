"""Kernels for stages: this Python, a fixed environment, and nothing of the person's own settings.

Warm ones are forked from a server in milliseconds. Where that is not safe a kernel takes longer to start than most
stages take to run, so the next ones start while stages are at work. Importing this module takes a while; it is imported
when a run begins and not before.
"""

from __future__ import annotations

import math
import os
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from evidence.project.slow_imports import without_slow_imports

with without_slow_imports():
    import zmq
    from jupyter_client.asynchronous import AsyncKernelClient
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync

from evidence.run.direct_client import DirectClient
from evidence.run.environment import NO_HISTORY, ShortFolder
from evidence.run.limits import kill
from evidence.run.warm import PROVISIONER, WarmProvisioner, register
from evidence.run.warm_start import WarmServer

# What every stage imports, done while the stages before are still at work. Nothing that draws: preloading that
# part of matplotlib loses figures.
_READY = ("pandas", "evidence.stage")
_TRY_AGAIN = 10
# A kernel that was ended before it could answer is looked for after so long.
_SECONDS_TO_ANSWER = 0.25


class _Client(AsyncKernelClient):
    """Talks to a kernel as soon as it can be talked to. Jupyter's own waits until nothing has come for 0.2 seconds."""

    def start_channels(self, **channels: bool) -> None:
        # The end of a process is noticed without its heartbeat, which keeps whoever lets go of a dead kernel waiting.
        super().start_channels(**{**channels, "hb": False})

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Raises RuntimeError where the kernel has died or says nothing within `timeout` seconds."""
        last = time.monotonic() + (timeout or math.inf)
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > last:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answers(self) -> bool:
        """Whether the kernel answers, and what it publishes arrives: nothing of the first cell is lost then."""
        asked = self.kernel_info()
        try:
            self._handle_kernel_info_reply(await self._async_recv_reply(asked, timeout=_SECONDS_TO_ANSWER))
            while True:
                # Published before the kernel knew of us, it does not come: asking again is quicker than waiting.
                said = await self.get_iopub_msg(timeout=0.03)
                if said["parent_header"].get("msg_id") == asked and said["content"].get("execution_state") == "idle":
                    return True
        except (Empty, TimeoutError):
            return False


class _Manager(AsyncKernelManager):
    """Starts the Python that this process runs on, whatever kernels the person has registered."""

    client_factory = _Client
    provisioning: dict = {}

    def client(self, **given: object) -> AsyncKernelClient:
        if (connection := self.connection) is not None:
            return DirectClient(connection, parent=self, session=self.session)
        return super().client(**given)

    @property
    def connection(self) -> socket.socket | None:
        return self.provisioner.connection if isinstance(self.provisioner, WarmProvisioner) else None

    def _connect_control_socket(self) -> None:
        if self.connection is None:
            super()._connect_control_socket()

    async def _async_wait(self, pollinterval: float = 0.005) -> None:
        # A kernel that is killed has gone in a moment; Jupyter looks again after a tenth of a second.
        await super()._async_wait(pollinterval)

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", NO_HISTORY]
        # One that is forked has imported them.
        ready = () if self.provisioning else _READY
        command += [f"--IPKernelApp.exec_lines=__import__('{name}')" for name in ready]
        return KernelSpec(argv=command, display_name="Python 3", language="python", metadata=self.provisioning)


@dataclass(frozen=True)
class Kernel:
    """A kernel that has been started, and the file that holds what it writes to its standard error."""

    manager: _Manager
    errors: Path

    @property
    def process(self) -> int | None:
        """Its process number; None when it has gone."""
        provisioner = self.manager.provisioner
        return provisioner.pid if provisioner is not None and provisioner.has_process else None

    def end(self) -> None:
        """Ends it at once, whatever it is doing."""
        if self.manager.has_kernel:
            run_sync(self.manager.shutdown_kernel)(now=True)


class Kernels:
    """The kernels of one run. Several threads may take from it at once.

    cwd: the folder that they work in. count: how many the run will take at most. side_by_side: how many are at work at
    one time. server: what forks them, which is left open; without one, each starts Python anew.
    Used as a context: at its end no kernel is left, and nothing of theirs on disk.
    """

    def __init__(
        self,
        environment: dict[str, str],
        cwd: Path,
        count: int,
        side_by_side: int = 1,
        server: WarmServer | None = None,
    ) -> None:
        self._environment, self._cwd, self._left = environment, cwd, count
        self._side_by_side = side_by_side
        self._server = server
        self._taken: list[Kernel] = []
        self._waiting: list[Kernel] = []
        self._lock = threading.Condition()
        self._asking: list[int] = []
        self._started = 0
        self._closed = False

    def __enter__(self) -> Kernels:
        self._private = ShortFolder()
        if self._server is not None:
            register()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_all()
        self._private.cleanup()

    @property
    def warm(self) -> bool:
        """Whether the next kernel will be forked. Waits until the server can say."""
        return self._server is not None and self._server.ready()

    def take(self, first: int = 0) -> Kernel:
        """A kernel for one stage, to be given back with `give_back`. Of several who ask, the one with most is first."""
        with self._lock:
            self._asking.append(first)
        try:
            return self._take(first)
        finally:
            with self._lock:
                self._asking.remove(first)
                self._lock.notify_all()

    def _take(self, first: int) -> Kernel:
        # Whoever asks has asked before there is a kernel to be had.
        warm = self.warm
        with self._lock:
            self._lock.wait_for(lambda: self._closed or first == max(self._asking))
            if self._closed:
                raise InterruptedError("the run is being stopped")
            kernel = self._waiting.pop(0) if self._waiting else self._start()
            self._taken.append(kernel)
            self._left -= 1
            while not warm and len(self._waiting) < min(self._side_by_side, self._left):
                self._waiting.append(self._start())
        return kernel

    def give_back(self, kernel: Kernel) -> None:
        """Ends a kernel that has done its stage."""
        kernel.end()
        with self._lock:
            self._taken.remove(kernel)

    def end_all(self) -> None:
        """Ends every kernel at once, and gives out no more: whoever was using one sees it die."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            # The thread that works with a kernel has to let go of it itself; it sees that the process has gone.
            for process in filter(None, (kernel.process for kernel in self._taken)):
                kill(process)
            for kernel in self._waiting:
                kernel.end()
            self._waiting.clear()

    def _start(self) -> Kernel:
        self._started += 1
        folder = Path(self._private.name) / str(self._started)
        folder.mkdir()
        manager = _Manager(connection_file=str(folder / "kernel.json"), shutdown_wait_time=1.0)
        if os.name == "posix":
            manager.transport, manager.ip = "ipc", str(folder / "s")
        errors = folder / "errors.txt"
        environment = {**self._environment, "IPYTHONDIR": str(folder / "ipython")}
        if self.warm:
            config = {"address": self._server.address, "errors": str(errors), "messages": str(folder / "m")}
            manager.provisioning = {"kernel_provisioner": {"provisioner_name": PROVISIONER, "config": config}}
        else:
            # A socket that is not there yet is tried again after so many milliseconds, not after a tenth of a second.
            manager.context.setsockopt(zmq.RECONNECT_IVL, _TRY_AGAIN)
        with open(errors, "wb") as log:
            run_sync(manager.start_kernel)(cwd=str(self._cwd), env=environment, stdout=log, stderr=log)
        return Kernel(manager, errors)
