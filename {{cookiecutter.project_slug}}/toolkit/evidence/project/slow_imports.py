"""Leaves out the slow parts of libraries that nothing here uses."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

# jsonschema takes the first three where they are there, to check web addresses and durations: 1.7 seconds. papermill
# takes the last to read notebooks from a cluster: a quarter of a second.
_SLOW = ("rfc3987_syntax", "rfc3986_validator", "isoduration", "pyarrow")
# nbconvert brings Beautiful Soup, and that the selectors of style sheets, which would be missed: a tenth of a second.
_LATER = ("soupsieve",)
# Held while something is out of reach that other threads might import.
_out_of_reach = threading.RLock()


class _Later(ModuleType):
    """Stands for a module until something of it is used."""

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self.__name__), name)


@contextmanager
def without_slow_imports() -> Iterator[None]:
    """Imports within the block do without them; afterwards they can be imported as ever."""
    with _out_of_reach, without(*_SLOW), left_for_later(*_LATER):
        yield


def import_pandas() -> None:
    """Imports pandas when pyarrow is within reach: pandas looks once whether it is there, and keeps texts by that."""
    with _out_of_reach:
        import pandas  # noqa: F401


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within the block these modules are not there for whoever would import them and can do without."""
    left_out = [name for name in names if name not in sys.modules]
    sys.modules |= dict.fromkeys(left_out)
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]


@contextmanager
def left_for_later(*names: str) -> Iterator[None]:
    """Whoever imports these modules within the block gets what imports them only when something of them is used."""
    left_out = [name for name in names if name not in sys.modules]
    for name in left_out:
        sys.modules[name] = stands_in = _Later(name)
        package, _, short = name.rpartition(".")
        if package:
            setattr(import_module(package), short, stands_in)
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]
            package, _, short = name.rpartition(".")
            if package:
                delattr(import_module(package), short)
