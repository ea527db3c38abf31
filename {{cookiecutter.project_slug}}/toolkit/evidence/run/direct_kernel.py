"""A forked kernel that talks to its run through one socket: no ZeroMQ, none of its threads, nothing to sign.

ipykernel's own application, kernel and shell do the work, so a cell gives what it gives in JupyterLab; what differs is
the way of the messages. Each is one line of JSON, {"channel": "shell" or "iopub", "message": as Jupyter has it}; a
request to the kernel is the message alone.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import copy_context
from types import SimpleNamespace

from ipykernel import kernelapp
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from IPython.core.application import BaseIPythonApplication
from IPython.core.profiledir import ProfileDir
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session, json_packer, json_unpacker
from tornado.ioloop import IOLoop
from traitlets import Any, Type

from evidence.run.direct_client import AT_ONCE, Lines
from evidence.run.environment import NO_HISTORY

# What a kernel gives to `Session.send` for all that is published; replies go to None.
_IOPUB = object()
_DESCRIPTORS = {"stdout": 1, "stderr": 2}


def prepare() -> None:
    """Makes application, kernel and shell, which takes a while, so that processes forked from here have them.

    IPython finds its folder under IPYTHONDIR, where it must not be the person's own.
    """
    IPKernelApp.instance().prepare()


def become_kernel(connection: socket.socket) -> None:
    """Makes of this process, forked from one that is prepared, a kernel; it ends when the socket's other end does."""
    application = IPKernelApp.instance()
    application.begin(connection)
    application.start()


class _Session(Session):
    """Sends messages as lines through the connection."""

    connection = Any()

    def __init__(self, **given: object) -> None:
        super().__init__(**given)
        # What threads of a cell print must not come into the midst of another message.
        self._sending = threading.Lock()

    def begin(self, connection: socket.socket) -> None:
        self.connection = connection
        self._kernel = os.getpid()

    def send(
        self, stream, msg_or_type, content=None, parent=None, ident=None,
        buffers=None, track=False, header=None, metadata=None,
    ):  # fmt: skip
        message = msg_or_type
        if isinstance(msg_or_type, str):
            message = self.msg(msg_or_type, content, parent, header, metadata)
        if os.getpid() != self._kernel:
            # A process that a cell has forked is not the kernel, which publishes what such a process prints.
            if message["msg_type"] == "stream":
                os.write(_DESCRIPTORS[message["content"]["name"]], message["content"]["text"].encode())
            return None
        buffers = buffers or message.get("buffers") or []
        # As a text, because what has no word in JSON has the whole message cleaned, and a moment of its time zone.
        header = {**message["header"], "date": json_default(message["header"]["date"])}
        told = {**message, "header": header, "buffers": [base64.b64encode(one).decode() for one in buffers]}
        line = json_packer({"channel": "shell" if stream is None else "iopub", "message": told}) + b"\n"
        with self._sending:
            self.connection.sendall(line)
        return message

    def feed_identities(self, msg_list, copy=True):
        return [], msg_list

    def deserialize(self, msg_list, content=True, copy=True):
        return msg_list


class _Stream(OutStream):
    """What is printed, published by one thread at a time: by a later one it would come after what followed it."""

    _publishing = threading.RLock()

    def _flush(self) -> None:
        # In a process that a cell has forked the lock may be held by a thread that is not there.
        with self._publishing if self._is_master_process() else nullcontext():
            super()._flush()


class _Publisher(IOPubThread):
    """Stands where ipykernel has a thread that publishes: everything is sent by whoever has something to say."""

    def __init__(self) -> None:
        self.thread = None
        self.io_loop = self
        self.background_socket = _IOPUB

    def schedule(self, f: Callable[[], None]) -> None:
        f()

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """What a stream asks when something was printed, so that it is said before a long cell is over."""
        timer = threading.Timer(seconds, function)
        timer.daemon = True
        timer.start()


class _Kernel(IPythonKernel):
    _supports_kernel_subshells = False

    def start(self) -> None:
        self.shell.exit_now = False
        self.io_loop = IOLoop.current()

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """The run asks for one cell after the other, and for none after one that has raised."""


class IPKernelApp(kernelapp.IPKernelApp):
    """Does in two parts what ipykernel's does in `initialize`, and is named as that, because its settings name it."""

    kernel_class = Type(_Kernel)
    outstream_class = f"{_Stream.__module__}.{_Stream.__qualname__}"

    def prepare(self) -> None:
        """What is the same in all processes: no thread, no folder of one kernel, nothing that is written to."""
        BaseIPythonApplication.initialize(self, [NO_HISTORY])
        self.init_pdb()
        self.session = _Session(parent=self)
        self.iopub_thread, self.iopub_socket = _Publisher(), _IOPUB
        self.init_kernel()
        self.init_path()
        self.init_shell()
        self.init_extensions()

    def begin(self, connection: socket.socket) -> None:
        """What is this process's own, and what looks at its environment."""
        self.session.begin(connection)
        self.connection = connection
        self.ipython_dir = self.shell.ipython_dir = os.environ["IPYTHONDIR"]
        self.profile_dir = self.shell.profile_dir = ProfileDir.create_profile_dir(
            os.path.join(self.ipython_dir, "profile_default")
        )
        self.shell.starting_dir = os.getcwd()
        self.parent_handle = os.getppid()
        self.init_poller()
        self.init_io()
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        self.kernel._stdout, self.kernel._stderr = sys.stdout, sys.stderr
        self.init_signal()
        self.init_gui_pylab()
        self.init_code()
        sys.stdout.flush()
        sys.stderr.flush()

    def init_kernel(self) -> None:
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            # Cells that wait for something ask it whether they are in the main thread.
            shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )

    def start(self) -> None:
        if self.poller is not None:
            self.poller.start()
        self.kernel.start()
        loop = self.kernel.io_loop.asyncio_loop
        # What one cell sets in it, the next one finds.
        context = copy_context()
        lines = Lines()
        # The loop lets go of tasks that nobody holds.
        tasks: set[asyncio.Task] = set()

        def read() -> None:
            said = self.connection.recv(AT_ONCE)
            if not said:
                os._exit(0)
            for line in lines.of(said):
                task = loop.create_task(self.kernel.shell_main(None, json_unpacker(line)), context=context)
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        loop.add_reader(self.connection.fileno(), read)
        self.kernel.io_loop.start()

    def close(self) -> None:
        self.reset_io()
