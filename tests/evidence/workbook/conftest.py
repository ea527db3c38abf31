"""A project in which every question is answered, made afresh for each test, with or without a run's results."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.evidence.workbook.helpers import Planted, make_project, measured, open_book, sign


@pytest.fixture
def blank(tmp_path: Path, template: Path) -> Callable[..., Path]:
    """`blank(analytics_type=...)` makes a project in which nobody has answered anything."""

    def make(analytics_type: str = "predictive", output_about: str = "individual") -> Path:
        return make_project(tmp_path / "blank", template, analytics_type, output_about)

    return make


@pytest.fixture
def answered(tmp_path: Path, template: Path, root: Path) -> Path:
    """A project with the fully answered example laid over it."""
    folder = make_project(tmp_path / "answered", template, "predictive", "individual")
    shutil.copytree(root / "tests" / "fixtures" / "answered" / "workbook", folder / "workbook", dirs_exist_ok=True)
    return folder


@pytest.fixture
def computed(answered: Path) -> Planted:
    """Every named result that an action rests on, as a run would leave them, all good enough."""
    half = {"measure": "recall", "value": 0.5, "n": 50, "denominator": 100}
    groups = [{"group_by": "sex", "group": sex, **half} for sex in "FM"]
    values = {
        (3, "quality_decision"): "go on",
        (7, "metrics"): measured(precision=0.5, recall=0.6, accuracy=0.8),
        (7, "metrics_by_group"): pd.DataFrame(groups),
        (7, "calibration"): 0.1,
        (7, "against_baseline"): pd.DataFrame({"better": ["tool"]}, index=["precision"]),
    }
    for info in open_book(answered).reference.actions.values():
        for evidence in info.evidence:
            if evidence.startswith("result:"):
                stage, _, name = evidence.removeprefix("result:").partition("/")
                values.setdefault((int(stage), name), True)
    return Planted(values)


@pytest.fixture
def signed(answered: Path, computed: Planted) -> Path:
    """The answered project with the two sign-offs that its gates ask for."""
    sign(answered, computed, 4, "senior sponsor", "David Okafor", date(2025, 7, 18))
    sign(answered, computed, 8, "accountable owner", "Helen Marsh", date(2026, 2, 26))
    return answered
