"""Which runs a command asks for: names, files, patterns, and tables that a spreadsheet program has been at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.project import EvidenceError, open_project
from evidence.run import asked_runs
from tests.evidence.toy import default_notebooks, make_project


@pytest.fixture
def project(tmp_path: Path):
    books = {}
    for number, text in default_notebooks().items():
        book = json.loads(text)
        book["cells"][1]["source"] += '\narea = ""\nflag = False\nshare = 0.25\nyear_end = ""\ngroups = ["a"]'
        books[number] = json.dumps(book)
    return open_project(make_project(tmp_path / "toy", books))


def table(project, text: str | bytes, name: str = "areas.csv") -> str:
    path = project.path("parameters", name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return f"parameters/{name}"


def test_cells_are_typed_as_the_notebooks_declare_them(project):
    text = (
        "name,area,flag,least,share,year_end,groups\none,001,TRUE,4,0.5,31/03/2026,a; b\ntwo,1e5,no,,25%,2025-03-31,\n"
    )
    asked = asked_runs(project, [table(project, text)], "sample")
    assert not asked.refused and asked.overview == "areas"
    one, two = asked.runs["one"], asked.runs["two"]
    assert (one["area"], one["flag"], one["least"], one["share"]) == ("001", True, 4, 0.5)
    assert (one["year_end"], one["groups"]) == ("2026-03-31", ["a", "b"])
    assert (two["area"], two["flag"], two["least"], two["share"]) == ("1e5", False, 3, 0.25)
    assert two["groups"] == ["a"] and two["as_of"] == "2026-04-30"


@pytest.mark.parametrize(
    "saved",
    [
        "name;area\r\nyork;Ynys Môn\r\n;\r\n".encode("utf-8-sig"),
        "sep=;\nName;Area\nyork;Ynys Môn\n".encode("cp1252"),
        "NAME\tAREA\nyork\tYnys Môn\n".encode("utf-16"),
    ],
    ids=["semicolons and a mark", "sep and older Windows", "tabs and UTF-16"],
)
def test_a_table_survives_a_spreadsheet_program(project, saved):
    asked = asked_runs(project, [table(project, saved)], "sample")
    assert {name: values["area"] for name, values in asked.runs.items()} == {"york": "Ynys Môn"}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("one,x,", "areas.csv, row 3, column least: this is not a whole number.\nFor example: 3"),
        ("one,2.5,", "areas.csv, row 3, column least: this is not a whole number."),
        ("one,3,maybe", "areas.csv, row 3, column flag: this is neither true nor false.\nWrite TRUE or FALSE."),
        ("North side,3,", "row 3, column name: a name has letters, digits, - and _ only, at most 60.\n"
                          "For example: north_side"),
        (",3,", "row 3, column name: the run has no name."),
        ("good,3,", "row 3, column name: another run is called good too."),
        ("GOOD,3,", "row 3, column name: another run is called GOOD too.\n"
                    "Give each its own name; capitals do not make it another."),
        ("Con,3,", "row 3, column name: Windows keeps this name for itself, and can make no folder of it."),
        ("sample,3,", "row 3, column name: parameters/sample.toml is called the same"),
        ("../up,3,", "row 3, column name: a name has letters"),
        ("one,3,TRUE,more", "row 3: the row has 4 cells for 3 columns."),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_by_its_place_and_does_not_stop_the_others(project, row, says):
    asked = asked_runs(project, [table(project, f"name,least,flag\ngood,3,TRUE\n{row}\nlast,4,\n")], "sample")
    assert list(asked.runs) == ["good", "last"]
    (error,) = asked.refused.values()
    assert says in str(error)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("name,aera\n1,2\n", "no notebook takes a parameter called aera.\nDid you mean area?"),
        ("area,least\n1,2\n", "no column says what each run is called."),
        ("name,area,area\n1,2,3\n", "the column area is there twice."),
        ("\n\n", "the table is empty."),
        ("name,area\n,\n", "the table has no row below its headings, so there is nothing to run."),
    ],
)
def test_a_table_with_wrong_columns_is_refused_whole(project, head, says):
    with pytest.raises(EvidenceError) as caught:
        asked_runs(project, [table(project, head)], "sample")
    assert says in str(caught.value) and "areas.csv" in str(caught.value)


def test_a_row_starts_from_the_usual_set_or_the_one_it_names(project):
    project.path("parameters", "own.toml").write_text('as_of = "2026-05-31"\ndata_folder = "data/sample"\nleast = 7\n')
    text = "name,based_on,area\none,own,A\ntwo,,B\nthree,nothing,C\n"
    asked = asked_runs(project, [table(project, text)], "sample")
    assert asked.runs["one"]["least"] == 7 and asked.runs["two"]["least"] == 3
    assert "column based_on: there is no parameter set called nothing.\nThere are: own, sample." in str(
        asked.refused["three"]
    )


def test_patterns_are_understood_where_the_shell_leaves_them(project, monkeypatch):
    project.path("parameters", "spring.toml").write_text('as_of = "2026-05-31"\n')
    project.path("parameters", "broken.toml").write_text("least = 'three'\n")
    monkeypatch.chdir(project.root)
    for pattern in ("parameters/*.toml", "*", "parameters/*"):
        asked = asked_runs(project, [pattern], "sample")
        assert list(asked.runs) == ["sample", "spring"] and list(asked.refused) == ["broken"]
        assert asked.overview == "overview"
    assert list(asked_runs(project, ["s*"], "sample").runs) == ["sample", "spring"]
    assert list(asked_runs(project, ["parameters/spring.toml"], "sample").runs) == ["spring"]
    with pytest.raises(EvidenceError, match="no parameter set fits"):
        asked_runs(project, ["x*"], "sample")


def test_one_wrong_set_alone_is_an_error_and_a_single_run_has_no_overview(project):
    with pytest.raises(EvidenceError, match="no parameter set called smaple"):
        asked_runs(project, ["smaple"], "sample")
    assert not asked_runs(project, [], "sample").many
    with pytest.raises(EvidenceError, match="two runs are called sample"):
        asked_runs(project, ["sample", "parameters/sample.toml"], "sample")


def test_a_run_called_as_the_overview_is_refused(project):
    with pytest.raises(EvidenceError, match="Give the run another name"):
        asked_runs(project, [table(project, "name,area\nareas,1\n")], "sample")
