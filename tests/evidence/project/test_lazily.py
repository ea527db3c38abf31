"""Rooms that import what they export when it is asked for."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

ROOMS = ("evidence.data", "evidence.data.access", "evidence.privacy")


@pytest.mark.parametrize("name", ROOMS)
def test_every_name_is_there_and_from_the_room(name):
    room = importlib.import_module(name)
    assert len(room.__all__) > 10
    homes = {getattr(getattr(room, one), "__module__", name) or name for one in room.__all__}
    assert all(home.startswith(("evidence.", "builtins")) for home in homes)


def test_a_function_is_not_hidden_by_the_module_of_its_name():
    for name in ("evidence.privacy.protect", "evidence.privacy.scan", "evidence.privacy.pseudonymise"):
        room, _, function = name.rpartition(".")
        assert isinstance(importlib.import_module(name), ModuleType)
        assert callable(getattr(importlib.import_module(room), function))


def test_an_unknown_name_is_an_error_that_names_it():
    with pytest.raises(ImportError, match="no_such_thing"):
        from evidence.privacy import no_such_thing  # noqa: F401
