"""Leaves out the slow parts of libraries that nothing here uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

# jsonschema takes the first two where they are there, to check web addresses and durations: 1.7 seconds. papermill
# takes the third to read notebooks from a cluster: a quarter of a second.
_SLOW = ("rfc3987_syntax", "isoduration", "pyarrow")
# nbconvert brings Beautiful Soup, and that the selectors of style sheets, which would be missed: a tenth of a second.
_LATER = ("soupsieve",)


class _Later(ModuleType):
    """Stands for a module until something of it is used."""

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self.__name__), name)


@contextmanager
def without_slow_imports() -> Iterator[None]:
    """Imports within the block do without them; afterwards they can be imported as ever."""
    left_out = [name for name in (*_SLOW, *_LATER) if name not in sys.modules]
    for name in left_out:
        sys.modules[name] = _Later(name) if name in _LATER else None
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]
