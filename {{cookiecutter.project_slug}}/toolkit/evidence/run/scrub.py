"""An executed notebook with everything taken out that differs from run to run or that no stage chose to show."""

from __future__ import annotations

import json

import nbformat

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
HEADLINES = "headlines"


def notebook_text(notebook: nbformat.NotebookNode) -> str:
    """The notebook as sorted JSON: its cells, and of their outputs those that a stage chose to show."""
    cells = [_cell(cell, place) for place, cell in enumerate(notebook.cells, start=1)]
    document = {
        "cells": cells,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cell(cell: nbformat.NotebookNode, place: int) -> dict:
    tags = cell.metadata.get("tags", [])
    kept = {
        # papermill gives the cell that it puts in an id of its own at each run.
        "id": "parameters-of-this-run" if "injected-parameters" in tags else cell.get("id", f"cell-{place}"),
        "cell_type": cell.cell_type,
        "metadata": {"tags": sorted(tags)} if tags else {},
        "source": cell.source,
    }
    if cell.cell_type == "code":
        shown = [output for output in map(_output, cell.outputs) if _is_chosen(output, tags)]
        left_out = len(cell.outputs) - len(shown)
        if left_out:
            kept["metadata"]["evidence"] = {"left_out": left_out}
        kept |= {"execution_count": cell.execution_count, "outputs": shown}
    return kept


def _output(output: nbformat.NotebookNode) -> dict:
    plain = json.loads(json.dumps(output))
    plain.pop("transient", None)
    if plain["output_type"] == "execute_result":
        plain = {"output_type": "display_data", "data": plain["data"], "metadata": plain["metadata"]}
    return plain


def _is_chosen(output: dict, tags: list[str]) -> bool:
    if output["output_type"] == "stream":
        return HEADLINES in tags and output["name"] == "stdout"
    return output["output_type"] == "display_data" and "evidence" in output.get("metadata", {})
