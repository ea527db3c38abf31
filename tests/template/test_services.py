"""The files with which a service runs a project: readable, pinned, without secrets, and naming what exists."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.conftest import TEMPLATE

FILES = [TEMPLATE / ".github" / "workflows" / "evidence.yml", TEMPLATE / "azure-pipelines.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_installs_tests_and_runs_the_sample_without_secrets(path):
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    for step in ("python install.py", "python -m pytest", "evidence run sample"):
        assert step in text
    assert "secrets." not in text and "$(" not in text
    assert re.findall(r"packs/\S+|data/raw/\S+", text) == ["packs/sample.zip"]


def test_every_action_is_pinned_to_a_commit():
    actions = re.findall(r"uses: (\S+)(.*)", FILES[0].read_text(encoding="utf-8"))
    assert actions
    for action, comment in actions:
        assert re.search(r"@[0-9a-f]{40}$", action) and re.match(r" # v\d", comment)
