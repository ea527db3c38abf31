"""However a stage looks at a parameter, it is noted; and one that nobody looks at is not."""

from __future__ import annotations

import json
import pickle

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from evidence.project import as_cell, parameters_named
from evidence.results import Results, SeenParameters, StageResults, parameter_digest

VALUES = {"area": "ZB", "least": 3, "seed": 2026}
LOOKS = {
    "by name": (lambda p: p["area"], ["area"]),
    "get": (lambda p: p.get("least"), ["least"]),
    "get of what is not there": (lambda p: p.get("other", 1), []),
    "is it there": (lambda p: "area" in p, []),
    "how many": (len, []),
    "copy": (lambda p: p.copy(), [*VALUES]),
    "dict": (dict, [*VALUES]),
    "two stars": (lambda p: {**p}, [*VALUES]),
    "or": (lambda p: p | {"x": 1}, [*VALUES]),
    "or from the right": (lambda p: {"x": 1} | p, [*VALUES]),
    "items": (lambda p: list(p.items()), [*VALUES]),
    "values": (lambda p: list(p.values()), [*VALUES]),
    "going through": (lambda p: [p[name] for name in p], [*VALUES]),
    "json": (json.dumps, [*VALUES]),
    "pickle": (lambda p: pickle.loads(pickle.dumps(p)), [*VALUES]),
    "repr": (repr, [*VALUES]),
    "equality": (lambda p: p == VALUES, [*VALUES]),
    "format": (lambda p: "{area}".format_map(p), ["area"]),
    "pop": (lambda p: p.pop("seed"), ["seed"]),
    "setdefault": (lambda p: p.setdefault("seed", 1), ["seed"]),
    "popitem": (lambda p: p.popitem(), [*VALUES]),
    "update of another": (lambda p: {}.update(p), [*VALUES]),
    "Series": (lambda p: pd.Series(p), [*VALUES]),
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_way_of_looking_is_told(look):
    seen: list[str] = []
    way, expected = LOOKS[look]
    way(SeenParameters(VALUES, seen.extend))
    assert sorted(seen) == sorted(expected)


def test_a_stage_notes_what_it_looked_at_also_through_the_run(tmp_path):
    (tmp_path / "parameters.json").write_text(json.dumps(VALUES))
    results = StageResults(tmp_path, 2, [1])
    parameters = SeenParameters(VALUES, lambda names: results.note_parameters({name: VALUES[name] for name in names}))
    assert parameters["least"] == 3 and parameters["least"] == 3
    assert [(one["kind"], one["name"], one["sha256"]) for one in results.reads(2)] == [
        ("parameter", "least", parameter_digest(3))
    ]
    assert results.parameters == VALUES
    assert [one["name"] for one in results.reads(2)] == sorted(VALUES)


def notebook(tmp_path, *cells: str):
    sources = ["least = 3\narea = ''", *cells]
    made = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    made[0]["metadata"] = {"tags": ["parameters"]}
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": made}))
    return path


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        ("show(1)", set()),
        ("show(least + 1)", {"least"}),
        ("stage.parameters['least']", set()),
        ("def f(x=area): return x", {"area"}),
        ("print(f'{area}')", {"area"}),
        ("%matplotlib inline", {"area", "least"}),
        ("globals()['le' + 'ast']", {"area", "least"}),
        ("eval('least')", {"area", "least"}),
    ],
)
def test_which_parameters_cells_name(tmp_path, cell, named):
    assert parameters_named(notebook(tmp_path, "import os", cell)) == named


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
                    lambda inner: st.lists(inner, max_size=3), max_leaves=5))  # fmt: skip
def test_a_parameter_is_written_as_papermill_writes_it(value):
    assert as_cell("name", value) == PythonTranslator.assign("name", PythonTranslator.translate(value))


def test_a_table_with_hidden_numbers_is_kept_as_it_is(tmp_path):
    frame = pd.DataFrame(
        {"n": pd.Series([12, "c", float("nan")], dtype=object), "percent": [1.5, 2.0, 3.25], "said": ["a", None, "c"]}
    ).set_axis(pd.Index(["x", "y", "z"], name="definition"))
    results = Results(tmp_path)
    results.record(5, "definitions", frame)
    read = results.read(5, "definitions")
    pd.testing.assert_frame_equal(read[["n", "percent"]], frame[["n", "percent"]])
    assert read.index.name == "definition" and [type(value) for value in read["n"]] == [int, str, float]
    assert results.digest(5, "definitions") == results.digest(5, "definitions") != ""
