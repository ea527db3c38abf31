"""Making, signing and editing projects for the tests of the workbook."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd

from evidence.project import open_project
from evidence.workbook import Workbook, open_workbook, record_sign_off

AS_OF = date(2026, 4, 30)
FACTS = """
[tool]
title = "Placement stability"
purpose = "Shows where children in care move too often."
analytics_type = "{analytics_type}"
output_about = "{output_about}"
[council]
name = "Example council"
code = ""
three_digit_code = ""
[people]
team = "Data team"
accountable_owner = "Director of children's services"
[data]
source = "sample"
[template]
version = "0"
"""


class Planted:
    """Named results, as the workbook asks for them, without a run: {(stage, name): value}."""

    def __init__(self, values: dict[tuple[int, str], object]) -> None:
        self.values = values
        self.parameters: dict[str, object] = {"as_of": "2026-04-30", "flag_at": 0.25}
        self.figures: dict[int, list[dict]] = {}
        self.unfinished: set[int] = set()

    def has(self, stage: int, name: str) -> bool:
        return (stage, name) in self.values

    def read(self, stage: int, name: str) -> object:
        return self.values[stage, name]

    def headlines(self, stage: int) -> list[dict]:
        return self.figures.get(stage, [])

    def finished(self, stage: int) -> bool:
        return stage not in self.unfinished


def measured(of: int = 1000, **shares: float | None) -> pd.DataFrame:
    """Measures as stage 7 records them, each of so many children; None is a share of nobody."""
    rows = [
        {"measure": name, "value": share, "n": round((share or 0) * of), "denominator": 0 if share is None else of}
        for name, share in shares.items()
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "n", "denominator"])


def make_project(folder: Path, template: Path, analytics_type: str, output_about: str) -> Path:
    """The parts of a project that the workbook reads, with nothing answered yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("workbook", "reference"):
        shutil.copytree(template / name, folder / name)
    facts = FACTS.format(analytics_type=analytics_type, output_about=output_about)
    (folder / "project.toml").write_text(facts, encoding="utf-8")
    (folder / "src" / "tool").mkdir(parents=True)
    (folder / "src" / "tool" / "tool.py").write_text('UNIT = "child"\n', encoding="utf-8")
    return folder


def sign(folder: Path, results: Planted | None, stage: int, role: str, name: str, day: date, **others: object) -> str:
    """Signs a stage off, as the command does, against a pack's digest."""
    wanted = {
        "decision": "approved",
        "condition": "",
        "expires": day.replace(year=day.year + 1),
        "pack_digest": "a" * 64,
    }
    return record_sign_off(open_book(folder, results), stage, role=role, name=name, day=day, **{**wanted, **others})


def open_book(folder: Path, results: Planted | None = None, as_of: date = AS_OF) -> Workbook:
    return open_workbook(open_project(folder), results, as_of)


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def edit(folder: Path, file: str, old: str, new: str) -> None:
    """Replaces one piece of text in a file of the project; the text has to be there."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old} is not in {file}"
    write(path, text.replace(old, new, 1))
