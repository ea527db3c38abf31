"""A project open in JupyterLab, and a tab of a browser to work in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.jupyter import started_lab


@pytest.fixture(scope="module")
def lab_project(bake_to_keep) -> Path:
    return bake_to_keep()


@pytest.fixture(scope="module")
def lab(lab_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of JupyterLab on `lab_project`."""
    with started_lab(lab_project, tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@pytest.fixture
def tab(browser) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
