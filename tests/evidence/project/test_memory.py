"""Memory of Arrow comes from the system and goes back to it."""

from __future__ import annotations

import os
import subprocess
import sys

import pyarrow
import pytest

SAID = "import evidence.data, pyarrow; print(pyarrow.default_memory_pool().backend_name)"


@pytest.mark.parametrize(
    ("given", "used"), [("", "system"), *((one, one) for one in pyarrow.supported_memory_backends())]
)
def test_arrow_takes_its_memory_from_the_system_unless_somebody_says_otherwise(given, used):
    told = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    told |= {"ARROW_DEFAULT_MEMORY_POOL": given} if given else {}
    done = subprocess.run([sys.executable, "-c", SAID], env=told, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == used
