"""Many runs read the parameters of notebooks at the same time, each in a thread of its own."""

from __future__ import annotations

import gc
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from evidence.project import parameters_named


class _Garbage:
    """What Python collects at any moment, and then lets another thread go on."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


@pytest.fixture
def busy():
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(50, 2, 2)
    sys.setswitchinterval(1e-6)
    yield
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


def test_threads_that_read_at_one_time_do_not_disturb_each_other(tmp_path, busy):
    long = "x = " + " + ".join(f"f({number}, [least, b, {{1: 2}}])" for number in range(60))
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "least = 3\nmost = 4"},
        {"cell_type": "code", "metadata": {}, "source": long},
    ]
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps({"cells": cells}))

    def read(_: int) -> set[str]:
        for _ in range(3):
            _Garbage()
        return parameters_named(path)

    with ThreadPoolExecutor(6) as threads:
        assert set(map(frozenset, threads.map(read, range(600)))) == {frozenset({"least"})}
