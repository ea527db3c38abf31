"""Warm kernels for JupyterLab: an extension of its server, which `evidence lab` turns on where forking is safe.

Only kernels of the Python that JupyterLab itself runs on are forked. Any other, and any that the fork server refuses,
starts as Jupyter always starts it.
"""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from evidence.run.environment import ONE_THREAD, ShortFolder
from evidence.run.warm import ADDRESS, register
from evidence.run.warm_start import WarmServer

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: ServerApp) -> None:
    register()
    private = ShortFolder()
    server = WarmServer(Path(private.name), {**os.environ, **ONE_THREAD})
    os.environ[ADDRESS] = server.address
    # The last that is registered is called first: the server ends before its folder goes.
    atexit.register(private.cleanup)
    atexit.register(server.close)
    Thread(target=_forget_if_not_ready, args=(server,), daemon=True).start()


def _forget_if_not_ready(server: WarmServer) -> None:
    if not server.ready():
        os.environ.pop(ADDRESS, None)
