"""Whatever is answered, the project is valid and the answer is read back as it was meant."""

from __future__ import annotations

import ast
import keyword
import re
import sys
import tomllib

import pytest
from cookiecutter.exceptions import FailedHookException
from hypothesis import given
from hypothesis import strategies as st

import evidence_template_answers as answers
from tests.conftest import bake_into

# What is answered, and what is read back: one line, as it would be printed.
HOSTILE = {
    'Say "no"': 'Say "no"',
    "O'Brien's \"tool\"": "O'Brien's \"tool\"",
    "back\\slash \\n \\u0041": "back\\slash \\n \\u0041",
    "Ynys Môn": "Ynys Môn",
    "emoji 👩‍👧 ❤️": "emoji 👩‍👧 ❤️",
    "{{ cookiecutter.council }} {{ 7 * 7 }}": "{{ cookiecutter.council }} {{ 7 * 7 }}",
    "{% raw %} {# gone? #} {% endraw %}": "{% raw %} {# gone? #} {% endraw %}",
    "$x^{{2}}$ & <b>bold</b>": "$x^{{2}}$ & <b>bold</b>",
    "two\nlines\r\nand\ttabs": "two lines and tabs",
    "bell\x07 null\x00 escape\x1b[31m": "bell null escape [31m",
    "right\u202eto left": "right to left",
    "half \ud83d a character": "half a character",
    '"""\'\'\'': '"""\'\'\'',
    "# heading": "# heading",
    "a" * 200: "a" * 200,
    "数据分析": "数据分析",
    "  spaces   inside  ": "spaces inside",
    "cafe\u0301": "café",
}  # fmt: skip


def read_back(project, section: str, key: str) -> str:
    return tomllib.loads((project / "project.toml").read_text(encoding="utf-8"))[section][key]


@pytest.mark.parametrize(("answer", "meant"), HOSTILE.items(), ids=range(len(HOSTILE)))
def test_hostile_answers_are_read_back_as_meant(answer, meant, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    project = bake_into(tmp_path, tool_name=answer, tool_purpose=answer, team=answer, accountable_owner=answer)
    assert read_back(project, "tool", "title") == meant
    assert read_back(project, "tool", "purpose") == meant
    assert read_back(project, "people", "team") == meant
    assert read_back(project, "people", "accountable_owner") == meant
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["description"] == meant
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", settings["project"]["name"])
    (package,) = (path.name for path in (project / "src").iterdir())
    assert package.isidentifier()
    compile(f"import {package}", "import", "exec")


def test_a_title_is_plain_text_in_the_readme(tmp_path):
    project = bake_into(tmp_path, tool_name="*Bold* <b> [a](b) `c` _d_ # | $e$")
    first = (project / "README.md").read_text(encoding="utf-8").splitlines()[0]
    assert first == r"# \*Bold\* \<b\> \[a\](b) \`c\` \_d\_ \# \| \$e\$"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [("1. First", r"1\. First"), ("- item", r"\- item"), ("+ plus", r"\+ plus"), ("3-2 x", "3-2 x")],
)
def test_a_purpose_never_starts_a_list(answer, shown):
    assert answers.markdown(answer) == shown


@pytest.mark.parametrize(
    ("name", "slug", "package"),
    [
        ("Placement stability", "placement-stability", "placement_stability"),
        ("2026 plan", "2026-plan", "tool_2026_plan"),
        ("con", "con-tool", "con_tool"),
        ("NUL", "nul-tool", "nul_tool"),
        ("COM1", "com1-tool", "com1_tool"),
        ("class", "class", "class_tool"),
        ("None", "none", "none_tool"),
        ("match", "match", "match_tool"),
        ("pandas", "pandas", "pandas_tool"),
        ("Evidence", "evidence", "evidence_tool"),
        ("json", "json", "json_tool"),
        ("scikit learn", "scikit-learn", "scikit_learn_tool"),
        ("sklearn", "sklearn", "sklearn_tool"),
        ("distutils", "distutils", "distutils_tool"),
        ("tests", "tests", "tests_tool"),
        ("Ynys Môn", "ynys-mon", "ynys_mon"),
        ("👩‍👧", "tool", "tool_tool"),
        ("数据分析", "shu-ju-fen-xi", "shu_ju_fen_xi"),
        ("O'Brien's", "o-brien-s", "o_brien_s"),
        ("__init__", "init", "init"),
        ("a" * 200, "a" * 40, "a" * 40),
    ],
)
def test_slugs_and_packages(name, slug, package):
    assert answers.slug(name) == slug
    assert answers.package_name(name) == package


@given(st.text(max_size=250))
def test_any_name_gives_a_valid_folder_and_package(name):
    folder, package = answers.slug(name), answers.package_name(name)
    assert answers.folder_name(folder) == folder
    assert package.isidentifier() and package.isascii() and package == package.lower()
    assert not keyword.iskeyword(package) and package not in sys.stdlib_module_names
    assert len(folder) <= 45 and len(package) <= 55


@given(st.text(max_size=250))
def test_any_answer_is_read_back_from_toml(answer):
    assert tomllib.loads(f'a = "{answers.toml(answer)}"')["a"] == answers.line(answer)


def test_no_package_is_named_as_a_module_that_a_project_imports(sample_project):
    """Importing a module of anything in the lock must never find the team's package."""
    import importlib.metadata

    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (sample_project / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    )
    modules = {
        module
        for module, distributions in importlib.metadata.packages_distributions().items()
        if locked & {re.sub(r"[-_.]+", "-", name).lower() for name in distributions}
    }
    clashes = {m for m in modules if m == m.lower() and m.isidentifier() and answers.package_name(m) == m}
    assert not clashes


@pytest.mark.parametrize(
    "name",
    ["con", "aux.txt", "a/b", "a\\b", "", " ", ".", "..", "trailing.", "trailing ", " leading", "-option", "~home",
     "a?", "a:b", "{{x}}", "50%", "x" * 81, "bell\x07"],
)  # fmt: skip
def test_a_folder_name_that_cannot_work_is_refused(name):
    with pytest.raises(FailedHookException) as refused:
        answers.folder_name(name)
    assert "\n" not in str(refused.value) and "cannot be the name of a folder" in str(refused.value)


@pytest.mark.parametrize("name", ["placement-stability", "My tool (2)", "O'Brien", "Ynys Môn", "v1.2", "a_b"])
def test_a_folder_name_that_works_is_kept(name, tmp_path):
    project = bake_into(tmp_path, project_slug=name)
    assert project.name == name


def test_an_old_python_is_refused_in_one_line():
    with pytest.raises(FailedHookException, match=r"needs Python 3\.11 or newer.*Python 3\.10 here"):
        answers.python_is_new_enough("", (3, 10, 4))
    assert answers.python_is_new_enough("", (3, 13, 0)) == ""


def test_the_extension_parses_on_an_older_python(root):
    """So that people see the refusal there, and not a syntax error."""
    source = (root / "evidence_template_answers.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
