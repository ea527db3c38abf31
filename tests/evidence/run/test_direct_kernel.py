"""A kernel that is asked through one socket gives what a kernel that is asked through ZeroMQ gives, cell for cell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from evidence.run.environment import ShortFolder, kernel_environment
from evidence.run.kernels import Kernels
from evidence.run.notebook import Outcome, run_notebook
from evidence.run.warm_start import WarmServer, can_be_warm

pytestmark = pytest.mark.skipif(not can_be_warm(), reason="Kernels are forked on Linux alone.")

CELLS = {
    "a value": "2 + 2",
    "its number": "In[1], Out[1], _",
    "nothing": "x = 1",
    "printed": "print('one', end=''); print(' and two'); print('ümläut \\u2028 🙂')",
    "printed to both": "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out again')",
    "printed between": "print('before'); display({'a': (1, 2)}); print('after')",
    "a lot": "print('x' * 3_000_000)",
    "long lines of many kinds": "display({'text/html': '<p>' + 'é' * 500_000 + '</p>'}, raw=True)",
    "a table": "import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
    "a figure": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3]); plt.show()",
    "what JSON has no word for": (
        "import warnings\n"
        "with warnings.catch_warnings(action='ignore'):\n"
        "    display({'application/json': {'a': float('nan'), 'b': (1, 2)}}, raw=True)"
    ),
    "an update": "h = display('first', display_id='here'); h.update('second')",
    "cleared": "from IPython.display import clear_output\nprint('gone'); clear_output(); print('stays')",
    "cleared when more comes": "print('gone'); clear_output(wait=True); print('stays')",
    # Kernels of both kinds read what other programs print in a thread, which has to have its turn.
    "from another program": "import subprocess, time\nsubprocess.run(['echo', 'said by echo']); time.sleep(0.3)",
    "from the system": "import os\nos.system('echo by the system'); time.sleep(0.3)",
    "by the shell": "!echo by the shell",
    "by a magic": "%%capture kept\nprint('kept')",
    "what was kept": "kept.stdout",
    "from a thread": "import threading\nt = threading.Thread(target=print, args=['in a thread']); t.start(); t.join()",
    "from many threads": (
        "ts = [threading.Thread(target=display, args=['x' * 200_000]) for _ in range(8)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]; None"
    ),
    "from a forked process": (
        "import os, time\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    print('in the child', flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0); time.sleep(0.3)"
    ),
    "waiting": "import asyncio\nawait asyncio.sleep(0.01); 'waited'",
    "in the background": "going = asyncio.create_task(asyncio.sleep(0, 'done'))",
    "what came of it": "await going",
    "a variable of the context": "import contextvars\nseen = contextvars.ContextVar('seen'); seen.set(3); None",
    "in the next cell": "seen.get()",
    "the shell": "type(get_ipython()).__mro__[-3].__name__, get_ipython().kernel.shell is get_ipython()",
    "a question": "try:\n    input('Who?')\nexcept Exception as error:\n    print(type(error).__name__)",
    "a warning": "import warnings\nwarnings.warn('mind this')",
}
LAST = {
    "a module that is not there": "import nowhere.to.be.found",
    "an error": "print('so far')\n1 / 0",
    "not Python": "print('never'\n",
    "no place to go on from": "raise SystemExit(3)",
    "an error while something waits": "async def f():\n    raise ValueError('later')\nawait f()",
}


@pytest.fixture(scope="module")
def both():
    """What runs a notebook in a kernel of either kind: asked directly, and through ZeroMQ."""
    with ShortFolder() as name:
        folder = Path(name)
        environment = kernel_environment(folder, {})
        # Kernels that see it leave what other programs print alone.
        environment.pop("PYTEST_CURRENT_TEST", None)
        server = WarmServer(folder, environment)
        with (
            Kernels(environment, folder, 99, server=server) as direct,
            Kernels(environment, folder, 99) as usual,
        ):
            yield lambda notebook: [_run(kernels, notebook) for kernels in (direct, usual)]
        server.close()


def _run(kernels: Kernels, notebook: Path) -> Outcome:
    kernel = kernels.take()
    try:
        assert (kernel.manager.connection is not None) == kernels.warm
        return run_notebook(notebook, {}, kernel, lambda: None)
    finally:
        kernels.give_back(kernel)


def _notebook(folder: Path, cells: list[str]) -> Path:
    path = folder / "notebook.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell, id=f"c{n}") for n, cell in enumerate(cells)]), path)
    return path


def _said(notebook) -> list[tuple]:
    """What each code cell gave, without what differs from process to process."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, cell.execution_count, _constant(json.dumps(_joined(cell.outputs)))) for cell in cells]


def _joined(outputs: list) -> list:
    """What a stream says in pieces is one output: ZeroMQ brings it as it was written in another process."""
    joined = []
    for output in outputs:
        if joined and "text" in output and joined[-1].get("name") == output.get("name"):
            joined[-1] = {**joined[-1], "text": joined[-1]["text"] + output["text"]}
        else:
            joined.append(output)
    return joined


def _constant(text: str) -> str:
    """Without addresses, and the numbers of processes in the names of cells and in a warning of Python's."""
    return re.sub(r"0x[0-9a-f]+|ipykernel_\d+|pid=\d+", "", text)


def test_every_kind_of_output_is_what_zeromq_brings(tmp_path, both):
    direct, usual = both(_notebook(tmp_path, list(CELLS.values())))
    assert (direct.error, usual.error) == (None, None)
    for name, one, other in zip(CELLS, _said(direct.notebook), _said(usual.notebook), strict=True):
        assert one == other, name
    assert direct.notebook.metadata.language_info == usual.notebook.metadata.language_info
    # What a forked process prints reaches the kernel as what any other program prints, which the log has as well.
    assert direct.said.replace("in the child\n", "") == usual.said


@pytest.mark.parametrize("name", LAST)
def test_a_cell_that_stops_is_told_as_zeromq_tells_it(tmp_path, both, name):
    direct, usual = both(_notebook(tmp_path, ["1", LAST[name], "'never'"]))
    assert type(direct.error) is type(usual.error)
    assert _constant(str(direct.error)) == _constant(str(usual.error))
    assert _said(direct.notebook) == _said(usual.notebook)
    assert len(_said(direct.notebook)) == 3


def test_kernels_of_one_server_share_nothing(tmp_path, both):
    """They are forked from one shell, and each has a folder of settings and chance of its own."""
    cells = [
        "import os, random, sys\nget_ipython().db.get('kept'), 'mine' in globals(), hasattr(sys, 'mine')",
        "get_ipython().db['kept'] = sys.mine = mine = 1",
        "random.random(), os.environ['IPYTHONDIR'], get_ipython().profile_dir.location, get_ipython().ipython_dir",
    ]
    notebook = _notebook(tmp_path, cells)
    (first, _), (second, _) = both(notebook), both(notebook)
    for outcome in (first, second):
        assert outcome.notebook.cells[0].outputs[0]["data"]["text/plain"] == "(None, False, False)"
    chance = [outcome.notebook.cells[2].outputs[0]["data"]["text/plain"] for outcome in (first, second)]
    assert not {*chance[0].strip("()").split(", ")} & {*chance[1].strip("()").split(", ")}
