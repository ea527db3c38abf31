"""Parameter sets are refused before anything runs, in words that say what to write instead."""

import json
import os
from datetime import date

import pytest

from evidence.project import EvidenceError, Project, declared_parameters
from evidence.project.parameters import check_parameters, plain_values

CELL = 'as_of = "2026-04-30"  # a day\nflag_at = 0.25\nplaces = 3\nyear_end = ""\nstrict = True\n'


def notebook(source: str, tags=("parameters",)) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source}]})


def stage_entry(number: int, name: str) -> str:
    texts = "".join(f'{key} = "{key}"\n' for key in ("slug", "title", "purpose", "people"))
    return f'[[stage]]\nnumber = {number}\nnotebook = "{name}"\nreads = []\n{texts}'


@pytest.fixture
def project(tmp_path):
    for folder in ("notebooks", "parameters", "reference"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "01_a.ipynb").write_text(notebook(CELL), encoding="utf-8")
    (tmp_path / "reference" / "stages.toml").write_text(stage_entry(1, "01_a.ipynb"), encoding="utf-8")
    return Project(tmp_path)


def write(project, text, name="mine"):
    project.path("parameters", f"{name}.toml").write_text(text, encoding="utf-8")


def test_values_of_the_file_go_over_the_notebooks_defaults(project):
    write(project, 'as_of = "2025-01-31"\nplaces = 4\nflag_at = 1\n')
    values = project.parameters("mine")
    assert values == {"as_of": "2025-01-31", "flag_at": 1.0, "places": 4, "year_end": "", "strict": True}
    assert type(values["flag_at"]) is float


def test_today_becomes_the_day_of_the_run(project):
    write(project, 'as_of = "today"\n')
    assert project.parameters("mine", today=date(2027, 2, 3))["as_of"] == "2027-02-03"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("flag_att = 0.5", "Did you mean flag_at?"),
        ("Places = 3", "Did you mean places?"),
        ("zzzz = 3", "The names are: as_of, flag_at, places, strict, year_end."),
        ('places = "3"', "places must be a whole number"),
        ("places = 3.5", "places must be a whole number"),
        ("places = true", "places must be a whole number"),
        ("strict = 1", "strict must be true or false"),
        ("as_of = 2026-04-30", "as_of must be text in quotes"),
        ('as_of = "30/04/2026"', "as_of must be a date"),
        ('as_of = ""', "as_of must be a date"),
        ('year_end = "31 March"', "year_end must be a date"),
        ("flag_at =", "not valid TOML"),
        ("flag_at = 7", "flag_at must be from 0 to 1"),
        ("flag_at = nan", "flag_at must be from 0 to 1"),
        ('year_end = "2026-06-15"', "year_end lies after as_of"),
    ],
)
def test_a_wrong_line_is_refused_with_its_file_and_a_remedy(project, line, says):
    write(project, line + "\n")
    with pytest.raises(EvidenceError) as caught:
        project.parameters("mine")
    assert says in str(caught.value)
    assert str(caught.value).startswith("parameters/mine.toml: ")


def test_an_unknown_set_names_those_there_are(project):
    write(project, "", "sample")
    with pytest.raises(EvidenceError, match="no parameter set called smaple(.|\n)*There are: sample"):
        project.parameters("smaple")


def test_two_notebooks_that_disagree_on_a_type_are_told_so(project):
    project.path("notebooks", "02_b.ipynb").write_text(notebook("places = 2.5\n"), encoding="utf-8")
    with project.path("reference", "stages.toml").open("a", encoding="utf-8") as stages:
        stages.write(stage_entry(2, "02_b.ipynb"))
    with pytest.raises(EvidenceError, match="notebooks/02_b.ipynb: places has another type"):
        _ = project.declared_parameters


def test_a_default_may_hold_an_equals_sign_and_a_comment(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text(notebook('rule = "a = b"  # said "so"\nlimits = [1, 2]\nnote: str = "x"\n'), encoding="utf-8")
    assert declared_parameters(path) == {"rule": "a = b", "limits": [1, 2], "note": "x"}


def test_a_parameters_cell_that_computes_is_refused(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text(notebook("a = 1\nb = open('x')\n"), encoding="utf-8")
    with pytest.raises(EvidenceError, match="line 2 of the parameters cell"):
        declared_parameters(path)


def test_every_shipped_set_fits_the_shipped_notebooks(template):
    project = Project(template)
    names = project.parameter_sets()
    assert {"sample", "own"} <= set(names)
    for name in names:
        assert set(project.parameters(name)) == set(project.declared_parameters)


def test_the_sample_set_is_what_the_notebooks_start_with(template):
    project = Project(template)
    assert project.parameters("sample") == project.declared_parameters


@pytest.mark.skipif(os.name == "nt", reason="paths of Windows have another form")
@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///share/returns%202026", "/share/returns 2026"),
        ("file://localhost/share", "/share"),
        ("file://server/share", "//server/share"),
        ("s3://bucket/returns/", "s3://bucket/returns"),
    ],
)
def test_an_address_of_a_file_is_its_path(address, path):
    declared = {"as_of": "2026-04-30", "data_folder": "data/sample"}
    assert check_parameters({"data_folder": address}, declared, "here")["data_folder"] == path


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("file:///share/../root", "up and out"),
        ("file:///a/%2e%2e/b", "up and"),
    ],
)
def test_an_address_that_goes_up_is_refused(address, says):
    declared = {"as_of": "2026-04-30", "data_folder": "data/sample"}
    with pytest.raises(EvidenceError, match=says):
        check_parameters({"data_folder": address}, declared, "here")


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ('SCORE = None\nGROUPS = ["sex"]\n', {"SCORE": None, "GROUPS": ["sex"]}),
        ('SCORE: str | None = "score"\n', {"SCORE": "score"}),
        ("A = B = 3\ndef run(): C = 4\n", {"A": 3, "B": 3}),
        ("SCORE = None\nSCORE = made()\n", {}),
        ('DEFINED_BY = ["a"]\nDEFINED_BY += ["b"]\n', {}),
        ("from other import SCORE\nif SCORE: D = 1\n", {}),
        ("SCORE = None\nthis is no Python\n", {}),
    ],
)
def test_plain_values_are_read_without_running_the_code(source, values):
    assert plain_values(source) == values
