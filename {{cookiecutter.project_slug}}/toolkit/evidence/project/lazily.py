"""Lets a package say what it exports without importing any of it: pandas alone takes longer than most commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
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
