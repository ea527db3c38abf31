"""Facts come from project.toml; in the template itself, from the default answers."""

import pytest

from evidence.project import EvidenceError, Project, open_project

WHOLE = """
[tool]
title = "Placement “stability”"
purpose = "See it"
analytics_type = "predictive"
output_about = "individual"
[council]
name = "Kent"
code = "E10000016"
three_digit_code = "886"
[people]
team = "Data team"
accountable_owner = "Director"
[data]
source = "ssda903"
[template]
version = "0.1.0"
"""


def project_with(tmp_path, text):
    (tmp_path / "project.toml").write_text(text, encoding="utf-8")
    return Project(tmp_path)


def test_facts_are_read(tmp_path):
    facts = project_with(tmp_path, WHOLE).facts
    assert (facts.title, facts.council, facts.analytics_type) == (
        "Placement “stability”",
        "Kent",
        "predictive",
    )
    assert not facts.council_is_fictional


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'analytics_type = "predictive"',
            'analytics_type = "Predictive"',
            "Use one of: descriptive, diagnostic, predictive",
        ),
        ('source = "ssda903"', 'source = "903"', r"project.toml, \[data\] source"),
        ('team = "Data team"\n', "", r"\[people\] team is missing"),
        ('title = "Placement', "title = Placement", "not valid TOML"),
    ],
)
def test_a_wrong_fact_is_named(tmp_path, old, new, says):
    project = project_with(tmp_path, WHOLE.replace(old, new))
    with pytest.raises(EvidenceError, match=says):
        _ = project.facts


def test_the_template_itself_has_the_default_answers(template):
    facts = Project(template).facts
    assert "{{" not in "".join(vars(facts).values())
    assert (facts.analytics_type, facts.data_source) == ("descriptive", "sample")
    assert facts.council_is_fictional


def test_a_project_is_found_from_any_folder_inside_it(tmp_path):
    inner = tmp_path / "notebooks" / "deep"
    inner.mkdir(parents=True)
    project_with(tmp_path, WHOLE)
    assert open_project(inner).root == tmp_path.resolve()


def test_a_folder_outside_any_project_is_said_in_words(tmp_path):
    with pytest.raises(EvidenceError, match="not inside a project"):
        open_project(tmp_path)


def test_a_tool_without_its_three_functions_is_named(tmp_path):
    project = project_with(tmp_path, WHOLE)
    tool = tmp_path / "src" / "ours" / "tool.py"
    tool.parent.mkdir(parents=True)
    tool.write_text("def prepare(tables, parameters): ...\n")
    with pytest.raises(EvidenceError, match="src/ours/tool.py: the tool has no function called run or explain"):
        project.load_tool()


def test_a_tool_that_says_it_has_no_period_is_refused_when_it_is_loaded(tmp_path):
    project = project_with(tmp_path, WHOLE)
    tool = tmp_path / "src" / "ours" / "tool.py"
    tool.parent.mkdir(parents=True)
    functions = "prepare = run = explain = print\n"
    tool.write_text(functions + "PERIOD = None\n")
    with pytest.raises(EvidenceError, match="src/ours/tool.py: PERIOD names no column, and a tool needs one"):
        project.load_tool()
    tool.write_text(functions + 'PERIOD = "year_end"\n')
    assert project.load_tool().PERIOD == "year_end"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def prepare(tables, parameters):\n    return (\n", r"src/ours/tool.py, line 2: this is not valid Python"),
        ("import nothing_of_that_name\n", "the tool imports nothing_of_that_name, which is not installed"),
    ],
)
def test_a_tool_that_cannot_be_read_is_named_with_its_line(tmp_path, source, says):
    project = project_with(tmp_path, WHOLE)
    tool = tmp_path / "src" / "ours" / "tool.py"
    tool.parent.mkdir(parents=True)
    tool.write_text(source)
    with pytest.raises(EvidenceError, match=says):
        project.load_tool()
