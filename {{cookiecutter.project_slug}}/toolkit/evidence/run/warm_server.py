"""A process that has imported what stages import, and becomes a kernel by forking: in milliseconds instead of a second.

Started by `warm.py` as `python -m evidence.run.warm_server SOCKET`. One line of JSON a request, {"arguments", "cwd",
"environment", "errors"}; the answer is the new kernel's process number. The kernel keeps the connection open, so that
its end is noticed. With "function" in the request, "package.module:name", the process calls that with the arguments
instead. Every further line names a function that is called in the same process with what the one before it gave, and
then its own arguments. When no more lines come, what the last one gave follows the number, pickled; nothing follows
where one has raised. When standard input ends, the server ends its kernels and itself: it never outlives its owner.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pickle
import random
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

# Nothing that draws through pyplot or an inline backend: preloading those loses every figure while runs pass.
PRELOADED = (
    "evidence.run.direct_kernel", "pandas", "pyarrow.parquet", "pyarrow.csv", "evidence.stage.stage",
    "evidence.stage.comparing", "evidence.stage.design", "evidence.stage.outcome_series",
    "evidence.data", "evidence.measures", "evidence.privacy", "evidence.workbook",
)  # fmt: skip
# What a kernel imports by itself when it starts; the debugger finds debugpy blocked in a run.
_AS_IT_STARTS = (
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect", "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
)  # fmt: skip
# What the first stages do without, imported while they are at work.
PRELOADED_LATER = (
    "pyarrow.dataset", "evidence.measures.special", "matplotlib.figure", "matplotlib.backends.backend_svg",
    "evidence.stage.bar_chart",
)  # fmt: skip
READY = b"ready\n"


def serve(address: str) -> None:
    """Forks a kernel for every request until standard input ends."""
    # Imports leave next to nothing to collect, and looking for it takes a fifth of their time.
    gc.disable()
    if "EVIDENCE_RUN_FOLDER" in os.environ:
        # Nobody debugs a run, and a debugger takes longer to import than all else of a kernel's start.
        sys.modules["debugpy"] = None
        preload(("ipykernel.debugger",))
    preload(_AS_IT_STARTS + PRELOADED)
    if "EVIDENCE_RUN_FOLDER" in os.environ:
        _prepare_kernels(os.path.dirname(address))
    _freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        # The system takes note of ended kernels by itself; nobody here waits for them.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        _answer(listener)


def preload(names: tuple[str, ...]) -> None:
    """Imports modules, and of packages of ours all that they export."""
    for name in names:
        module = importlib.import_module(name)
        # They import it when it is asked for.
        for exported in getattr(module, "__all__", ()) if name.startswith("evidence.") else ():
            getattr(module, exported)
    if "matplotlib" in sys.modules:
        # It asked for its backend when it was imported, before there was a kernel to draw in.
        sys.modules["matplotlib"].rcParams["backend"] = "module://matplotlib_inline.backend_inline"


def _prepare_kernels(folder: str) -> None:
    from evidence.run.direct_kernel import prepare

    os.environ["IPYTHONDIR"] = os.path.join(folder, "ipython")
    prepare()


def _prepare_documents() -> None:
    """For the process that writes a pack's Word files."""
    from evidence.documents.word import load_house_style

    load_house_style()


def _freeze() -> None:
    """Leaves what there is now out of every later look for garbage. Ends the server where it cannot fork any more."""
    if _threads() > 1:
        # A fork copies one thread only, and the locks that the others hold stay locked for ever.
        sys.exit("Something that was imported has started a thread, so kernels cannot be forked.")
    gc.freeze()


def _answer(listener: socket.socket) -> None:
    # By process number the end of a pipe that its kernel holds open.
    kernels: dict[int, int] = {}
    toolkit = _toolkit()
    later = True
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready and not os.read(sys.stdin.fileno(), 4096):
            break
        if listener in ready:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines, suppress(OSError, ValueError):
                request = json.loads(lines.readline())
                # Whoever gets no answer starts a kernel anew, with the toolkit as it is now.
                if _toolkit() == toolkit:
                    _forget_ended(kernels)
                    _fork(request, lines, connection, listener, kernels)
        if kernels and later:
            preload(PRELOADED_LATER)
            if "EVIDENCE_RUN_FOLDER" in os.environ:
                _prepare_documents()
            _freeze()
            toolkit = _toolkit() | toolkit
            later = False
    _forget_ended(kernels)
    for process in kernels:
        with suppress(OSError):
            os.killpg(process, signal.SIGKILL)
    # The system takes back all at once what Python would give back piece by piece while its owner waits.
    os._exit(0)


def _forget_ended(kernels: dict[int, int]) -> None:
    """The system gives the number of a kernel that has ended to somebody else's process, sooner or later."""
    ended, _, _ = select.select(kernels.values(), [], [], 0)
    for process, pipe in list(kernels.items()):
        if pipe in ended:
            os.close(pipe)
            del kernels[process]


def _fork(
    request: dict, lines: BinaryIO, connection: socket.socket, listener: socket.socket, kernels: dict[int, int]
) -> None:
    pipe, held = os.pipe()
    process = os.fork()
    if process:
        os.close(held)
        kernels[process] = pipe
        connection.sendall(f"{process}\n".encode())
        return
    try:
        os.close(pipe)
        listener.close()
        _settle(request)
        if "function" in request:
            connection.sendall(pickle.dumps(_called(request, lines)))
        else:
            _become_kernel(request)
    finally:
        os._exit(1)


def _settle(request: dict) -> None:
    """Makes of the copy of the server a process with the environment that was asked for."""
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.default_int_handler)
    nothing, errors = os.open(os.devnull, os.O_RDONLY), os.open(request["errors"], os.O_WRONLY | os.O_APPEND)
    os.dup2(nothing, 0)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["cwd"])
    gc.enable()
    random.seed()
    sys.modules["numpy"].random.seed()


def _called(request: dict, lines: BinaryIO) -> object:
    """What the last of the functions gives that are asked for one after the other."""
    given = _function(request)(*request["arguments"])
    for line in lines:
        request = json.loads(line)
        given = _function(request)(given, *request["arguments"])
    return given


def _function(request: dict) -> Callable[..., object]:
    module, _, name = request["function"].partition(":")
    return getattr(importlib.import_module(module), name)


def _become_kernel(request: dict) -> None:
    if "MPLBACKEND" in os.environ and "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = os.environ["MPLBACKEND"]
    # ipykernel ends itself when its parent has another process number than this one.
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    sys.argv = ["ipykernel_launcher", *request["arguments"], parent]
    if request["messages"]:
        from evidence.run.direct_kernel import become_kernel

        messages = socket.socket(socket.AF_UNIX)
        messages.connect(request["messages"])
        become_kernel(messages)
    else:
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(argv=sys.argv[1:])
    os._exit(0)


def _toolkit() -> dict[str, int | None]:
    """When each module of the toolkit that is loaded here was last written; JupyterLab may stay open over an update."""
    files = {module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "evidence"}
    return {file: os.stat(file).st_mtime_ns if os.path.exists(file) else None for file in files if file}


def _threads() -> int:
    """How many threads this process has; on systems that do not say, those that Python knows of."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


if __name__ == "__main__":
    serve(sys.argv[1])
