"""A small project of four stages, for tests that are about runs and packs and not about what a stage holds."""

from __future__ import annotations

import json
from pathlib import Path

PROJECT = """
[tool]
title = "Toy tool"
purpose = "Shows that packs are made."
analytics_type = "descriptive"
output_about = "area"
[council]
name = "Example council"
code = ""
three_digit_code = ""
[people]
team = "Data team"
accountable_owner = "Director"
[data]
source = "sample"
[template]
version = "0"
"""
STAGES = {1: [], 2: [], 3: [1], 4: [3]}
PARAMETERS = 'as_of = "2026-04-30"\ndata_folder = "data/sample"\nleast = 3\n'
OPEN = """
import hashlib, json, os
from pathlib import Path
from IPython.display import display
from evidence.results import StageResults
AT_ONCE = "EVIDENCE_AT_ONCE" in os.environ
results = StageResults(Path(os.environ["EVIDENCE_RUN_FOLDER"]), STAGE, range(1, STAGE), AT_ONCE)
def show(html, kind="text", title="A finding"):
    display({"text/html": html, "text/plain": title}, raw=True, metadata={"evidence": {"kind": kind, "title": title}})
""".strip()
TABLE = (
    "<figure class='ev'><p class='ev-headline'>Most children stayed</p><table><caption>Children by year</caption>"
    "<thead><tr><th>Year</th><th>Children</th></tr></thead><tbody><tr><th>2026</th><td class='ev-number'>20</td></tr>"
    "</tbody></table><p class='ev-source'>Source: sample</p></figure>"
)


def cell(source: str, kind: str = "code", tags: tuple[str, ...] = (), place: int = 0) -> dict:
    """One cell of a notebook file."""
    made = {"cell_type": kind, "id": f"c{place}", "metadata": {"tags": list(tags)} if tags else {}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def notebook(stage: int, *sources: str | tuple[str, str]) -> str:
    """A notebook file: a title, the parameters, the opening, then cells of code or `("markdown", text)`."""
    cells = [
        cell(f"# Stage {stage}: a toy", "markdown"),
        cell('as_of = "2026-04-30"\ndata_folder = "data/sample"\nleast = 3', tags=("parameters",)),
        cell(f"STAGE = {stage}\n{OPEN}", tags=("remove-cell",)),
    ]
    cells += [cell(source) if isinstance(source, str) else cell(source[1], source[0]) for source in sources]
    for place, made in enumerate(cells):
        made["id"] = f"cell-{place}"
    return json.dumps(
        {
            "cells": cells,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "P"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


READ = """
data = Path("..", data_folder, "header.csv")
results.note_read(1, "data", "data/sample/header.csv", hashlib.sha256(data.read_bytes()).hexdigest())
""".strip()


def default_notebooks() -> dict[int, str]:
    """Four stages that pass, each handing a figure on."""
    return {
        1: notebook(
            1,
            ("markdown", "## What the data says"),
            READ,
            f'show("""{TABLE}""", "table", "Children by year")',
            'results.record(1, "children", 20, label="Children", headline=True)',
        ),
        2: notebook(2, ("markdown", "## Words"), 'show("<p>As of " + as_of + "</p>")', 'print("this is left out")'),
        3: notebook(
            3,
            ("markdown", "## Twice"),
            'results.record(3, "twice", 2 * results.read(1, "children"), label="Twice", headline=True)',
            "show(f\"<p>{results.read(3, 'twice')} in all</p>\")",
        ),
        4: notebook(4, ("markdown", "## End"), 'show("<p>The end</p>")'),
    }


def make_project(folder: Path, notebooks: dict[int, str] | None = None) -> Path:
    """Writes the project into `folder` and returns it."""
    files = {
        "project.toml": PROJECT,
        "parameters/sample.toml": PARAMETERS,
        "src/toy/tool.py": "def run(): ...\n",
        "data/sample/header.csv": "CHILD,SEX\nQX7731905,F\n",
        "reference/stages.toml": "".join(_stage(number, reads) for number, reads in STAGES.items()),
    }
    for number, text in {**default_notebooks(), **(notebooks or {})}.items():
        files[f"notebooks/{number:02d}_toy.ipynb"] = text
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return folder


def _stage(number: int, reads: list[int]) -> str:
    return (
        f'[[stage]]\nnumber = {number}\nslug = "toy"\ntitle = "Toy {number}"\nnotebook = "{number:02d}_toy.ipynb"\n'
        f'reads = {reads}\npurpose = "To try stage {number}."\npeople = "Testers"\n'
    )
