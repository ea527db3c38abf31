"""Leaves out the one slow part of a library that only JupyterLab's settings need."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# jsonschema takes it when it is there, to check international web addresses, and it takes 1.6 seconds to import.
_SLOW = "rfc3987_syntax"


@contextmanager
def without_slow_imports() -> Iterator[None]:
    """Imports within the block do without it; afterwards it can be imported as ever."""
    if _SLOW in sys.modules:
        yield
        return
    sys.modules[_SLOW] = None
    try:
        yield
    finally:
        del sys.modules[_SLOW]
