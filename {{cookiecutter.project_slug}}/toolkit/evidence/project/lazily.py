"""Lets a package say what it exports without importing any of it: pandas alone takes longer than most commands."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


def lazily(package: str, exports: Mapping[str, Iterable[str]]) -> list[str]:
    """Makes names of a package's modules its own, each imported when it is first asked for; returns them all, sorted.

    exports: module of the package to the names that come from it, modules of its own among them. Called once, in the
    package's `__init__`.
    """
    module_of = {name: module for module, names in exports.items() for name in names}

    class Package(ModuleType):
        def __getattr__(self, name: str) -> object:
            if name not in module_of:
                raise AttributeError(f"module {package!r} has no attribute {name!r}")
            with undisturbed():
                module = import_module(f"{package}.{module_of[name]}")
                found = getattr(module, name) if hasattr(module, name) else import_module(f"{module.__name__}.{name}")
            self.__dict__[name] = found
            return found

        def __setattr__(self, name: str, value: object) -> None:
            # Importing a module binds it in its package; a function of the same name is what the package exports.
            if name not in module_of or not isinstance(value, ModuleType):
                super().__setattr__(name, value)

    sys.modules[package].__class__ = Package
    return sorted(module_of)


@contextmanager
def undisturbed() -> Iterator[None]:
    """For imports, which leave next to nothing to collect, while looking for it takes an eighth of the time they take.

    Once pandas has come with all that belongs to it, what is there stays for good, and is looked through no more.
    """
    collects, has_pandas = gc.isenabled(), "pandas" in sys.modules
    gc.disable()
    try:
        yield
    finally:
        if not has_pandas and "pandas" in sys.modules:
            gc.freeze()
        # Of several threads the one that stopped it begins again, and the others go on a little slower.
        if collects:
            gc.enable()
