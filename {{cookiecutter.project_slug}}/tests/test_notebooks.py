"""Do the notebooks hold what they should? What they show is tested by running them: pytest notebooks (nbval).

That compares each notebook's headline figures with those stored in tests/reference/: a changed figure fails.
"""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_raw_table_is_saved(path):
    """What a stage shows has passed disclosure control and is marked; a frame or a picture shown by hand has not."""
    for cell in cells(path):
        for output in cell["outputs"]:
            shown = {"text/html", "image/png", "image/svg+xml"} & set(output.get("data", {}))
            by_hand = output["output_type"] == "execute_result" or shown
            assert not by_hand or "evidence" in output["metadata"], f"clear the outputs of cell {cell.get('id')}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_run_can_set_its_parameters_and_compare_its_figures(path):
    tags = [tag for cell in cells(path) for tag in cell["metadata"].get("tags", [])]
    assert tags.count("parameters") == 1
    assert tags.count("headlines") == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_is_python(path):
    for cell in cells(path):
        compile("".join(cell["source"]), path.name, "exec")


def test_there_is_a_notebook_for_each_stage(project):
    assert {path.name for path in NOTEBOOKS} == {stage.notebook for stage in project.stages}
