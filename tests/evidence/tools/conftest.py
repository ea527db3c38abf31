"""Worked tools and data for their tests."""

from __future__ import annotations

import datetime
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

KINDS = ("descriptive", "diagnostic", "predictive")
PARAMETERS = {
    "as_of": "2026-04-30", "year_end": "", "placements_at_least": 3, "flag_at": 0.25, "seed": 2026,
}  # fmt: skip


@pytest.fixture(scope="session")
def parameters() -> dict[str, object]:
    return dict(PARAMETERS)


@pytest.fixture(scope="session")
def load_worked(template):
    """`load_worked("predictive")` gives that worked tool as a module."""

    def load(kind: str) -> ModuleType:
        path = next(template.glob("src/*/worked")) / f"{kind}.py"
        spec = importlib.util.spec_from_file_location(f"worked_{kind}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session", params=KINDS)
def tool(request, load_worked) -> ModuleType:
    """Each of the three worked tools in turn."""
    return load_worked(request.param)


@pytest.fixture(scope="session")
def sample(template, tmp_path_factory) -> dict[str, pd.DataFrame]:
    """Sample data of 2,000 children as the tools get it."""
    from evidence.data import generate_sample

    folder = tmp_path_factory.mktemp("sample")
    generate_sample(folder, children=2000, seed=2026, year_end=datetime.date(2026, 3, 31))
    return read_return(folder)


def read_return(folder: Path) -> dict[str, pd.DataFrame]:
    """A return's header and episodes with dates and months of birth, read without the toolkit's loader."""
    header = pd.read_csv(folder / "header.csv", dtype="str")
    episodes = pd.read_csv(folder / "episodes.csv", dtype="str")
    for frame, column in ((episodes, "DECOM"), (episodes, "DEC"), (header, "DOB")):
        frame[column] = pd.to_datetime(frame[column], format="%d/%m/%Y", errors="coerce")
    header["DOB"] = header["DOB"].dt.to_period("M").dt.to_timestamp()
    header["SEX"] = header["SEX"].replace({"1": "M", "2": "F"})
    return {"header": header, "episodes": episodes}
