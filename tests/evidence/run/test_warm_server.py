"""The server that forks kernels ends those that it has made, and nothing else."""

from __future__ import annotations

import os
import sys

import pytest

from evidence.run.warm_server import _forget_ended

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")


def test_the_number_of_a_kernel_that_has_ended_is_forgotten():
    """The system gives numbers out again, and what has the number by then must not be stopped."""
    gone, going = os.pipe(), os.pipe()
    os.close(gone[1])
    kernels = {4_000_001: gone[0], 4_000_002: going[0]}
    _forget_ended(kernels)
    assert kernels == {4_000_002: going[0]}
    with pytest.raises(OSError):
        os.fstat(gone[0])
    for end in going:
        os.close(end)
