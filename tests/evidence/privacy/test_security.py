"""The security checks find what is planted, name where it is and never what it says, and raise no false alarm."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import string
import subprocess
from pathlib import Path

import pytest

from evidence.privacy import security_checks, tree_digest
from evidence.privacy.security import known_faults, locked_versions, own_files, read_advisories, suspects
from evidence.project import EvidenceError, open_project

SECRET = "q7Xv2LmN9pRt4ZbK8wYc3HsD"
PLANTED = {
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "an access key of Amazon": "id = AKIAIOSFODNN7ABCDEFG",
    "a token of GitHub": "ghp_" + "a1B2" * 9,
    "a token of Slack": "xoxb-1234567890-abcdefghij",
    "a storage key of Azure": f"DefaultEndpointsProtocol=https;AccountKey={SECRET}{SECRET}==",
    "a password in an address": "url = 'mssql+pyodbc://reader:Hunter2!x@server/db'",
    "a password in a connection": "Driver=SQL;Server=s;UID=reader;PWD=Hunter2!x;",
    "a password or key by its name": 'db_password = "Hunter2!x"',
    "text as random as a key": f"token: {SECRET}",
}
HARMLESS = [
    'password = "change-me"', "password = getpass()", 'password = os.environ["DB_PASSWORD"]', 'api_key = "<your key>"',
    "the password is kept in the council's vault", "sha256: " + "ab12" * 16, "ssda903/episodes/REASON_PLACE_CHANGE",
    "def test_the_outcome_of_a_tested_child_makes_no_difference_to_its_score(tool):", "PWD={password};",
    "mssql+pyodbc://reader:{password}@server/db", "https://example.org:8080/a/b@c", "E08000037,Gateshead,North East",
    "PlacementStabilityOfLookedAfterChildren2026", '{"cell_type": "code", "id": "cell-24"}',
]  # fmt: skip


@pytest.fixture
def project(tmp_path, template) -> Path:
    folder = tmp_path / "p"
    for name in ("notebooks", "reference", "tests", "workbook"):
        shutil.copytree(template / name, folder / name)
    for name in (".gitignore", "project.toml", "requirements.lock", "conftest.py", "README.md"):
        shutil.copy(template / name, folder / name)
    (folder / "data" / "raw").mkdir(parents=True)
    return folder


def check(folder: Path, name: str) -> tuple[str, str]:
    table = security_checks(open_project(folder), folder / "data" / "raw")
    row = table.loc[name]
    assert (row["what_to_do"] != "") == (row["result"] != "pass")
    return row["result"], row["found"]


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_and_not_shown(kind, tmp_path):
    path = tmp_path / "settings.py"
    path.write_text(f"first = 1\n{PLANTED[kind]}\n", encoding="utf-8")
    found = suspects(path, "src/settings.py")
    assert [str(one) for one in found] == [f"src/settings.py, line 2: {kind}"]
    assert not any(part in str(found) for part in (SECRET, "Hunter2", "AKIA"))


def test_what_is_no_secret_raises_no_alarm(tmp_path):
    path = tmp_path / "harmless.txt"
    path.write_text("\n".join(HARMLESS), encoding="utf-8")
    assert suspects(path, "harmless.txt") == []


def test_random_keys_are_found_and_long_words_are_not(tmp_path):
    draw = random.Random(4)
    keys = ["".join(draw.choices(string.ascii_letters + string.digits, k=40)) for _ in range(500)]
    path = tmp_path / "keys.txt"
    path.write_text("\n".join(keys), encoding="utf-8")
    assert len(suspects(path, "keys.txt")) > 0.97 * len(keys)


def test_a_fresh_project_passes_all_that_can_be_checked(project):
    table = security_checks(open_project(project), project / "data" / "raw")
    assert table["result"].tolist() == ["not checked", "pass", "pass", "pass", "pass"]
    assert "no advisory is given" in table["found"].iloc[0]


def test_a_secret_in_the_tree_fails_the_check_with_its_place(project):
    (project / "src" / "tool").mkdir(parents=True)
    (project / "src" / "tool" / "settings.toml").write_text(f'[db]\nurl = "{PLANTED["a password in an address"]}"\n')
    assert check(project, "no secret in the project's files") == (
        "fail", "src/tool/settings.toml, line 2: a password in an address",
    )  # fmt: skip


def test_the_data_is_never_opened_to_look_for_secrets(project):
    (project / "data" / "raw" / "header.csv").write_text(PLANTED["a private key"], encoding="utf-8")
    assert check(project, "no secret in the project's files")[0] == "pass"
    assert not any("data" in path.parts for path in own_files(project))


OSV = {
    "id": "PYSEC-1", "affected": [{"package": {"name": "Some_Package", "ecosystem": "PyPI"}, "ranges": [
        {"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.4.2"}, {"introduced": "2.0"}]}]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "hit"),
    [
        ("0.9", False),
        ("1.0", True),
        ("1.4.1", True),
        ("1.4.2", False),
        ("1.10", False),
        ("2.0rc1", False),
        ("2.1", True),
    ],
)
def test_a_locked_version_is_affected_between_introduced_and_fixed(version, hit):
    locked = locked_versions(f"other==1.1\nsome-package=={version} ; python_version > '3' \\\n    --hash=sha256:ab\n")
    assert locked == [("other", "1.1"), ("some-package", version)]
    assert list(known_faults(locked, [OSV])) == ([("PYSEC-1", "some-package", version)] if hit else [])


def test_the_other_ways_in_which_an_advisory_names_versions():
    def affects(**affected):
        one = {"id": "X", "affected": [{"package": {"name": "a", "ecosystem": "PyPI"}, **affected}]}
        return bool(list(known_faults([("a", "1.5")], [one])))

    assert affects(versions=["1.5"])
    assert not affects(versions=["1.4"])
    assert affects(ranges=[{"events": [{"introduced": "0"}, {"last_affected": "1.5"}]}])
    assert not affects(ranges=[{"events": [{"introduced": "0"}, {"last_affected": "1.4"}]}])
    assert not affects(ranges=[{"type": "GIT", "events": [{"introduced": "0"}]}])
    npm = {"id": "X", "affected": [{"package": {"name": "a", "ecosystem": "npm"}, "versions": ["1.5"]}]}
    assert list(known_faults([("a", "1.5")], [npm])) == []


def test_advisories_are_read_from_both_kinds_of_file_and_applied_to_the_lock(project):
    folder = project / "reference" / "advisories"
    version = dict(locked_versions((project / "requirements.lock").read_text(encoding="utf-8")))["pandas"]
    (folder / "osv.json").write_text(json.dumps([OSV, {**OSV, "id": "OLD", "withdrawn": "2026-01-01"}]))
    assert [one["id"] for one in read_advisories(folder)] == ["PYSEC-1"]
    assert check(project, "dependencies without known faults")[0] == "pass"
    (folder / "more.csv").write_text(
        "id,package,introduced,fixed,summary\nGHSA-1,Pandas,,99,bad\nGHSA-2,numpy,0,0.1,old\n"
    )
    result, found = check(project, "dependencies without known faults")
    assert (result, found) == ("fail", f"pandas {version}: GHSA-1")


@pytest.mark.parametrize(("name", "text"), [("a.json", "{"), ("a.json", '{"id": 1}'), ("a.csv", "id,package\nx,\n")])
def test_an_advisory_that_cannot_be_read_is_named(name, text, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match=f"reference/advisories/{name}"):
        list(read_advisories(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")
def test_data_that_others_may_read_is_found(project):
    file = project / "data" / "raw" / "header.csv"
    file.write_text("CHILD\n", encoding="utf-8")
    file.chmod(0o644)
    file.parent.chmod(0o755)
    assert check(project, "folders of data closed to others") == (
        "fail", "files of data/raw can be read by everyone on this machine",
    )  # fmt: skip
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert check(project, "folders of data closed to others")[0] == "pass"
    file.chmod(0o644)
    file.parent.chmod(0o750)
    assert check(project, "folders of data closed to others") == (
        "pass", "no file of the data or of the access log can be read by others on this machine",
    )  # fmt: skip


def test_data_in_version_control_is_found(project):
    (project / "data" / "raw" / "header.csv").write_text("CHILD\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    assert check(project, "data kept out of version control")[0] == "pass"
    subprocess.run(["git", "add", "-f", "data/raw/header.csv"], cwd=project, check=True)
    assert check(project, "data kept out of version control") == (
        "fail", "1 files of data/raw or logs are in version control",
    )  # fmt: skip
    (project / ".gitignore").write_text("build/\n", encoding="utf-8")
    assert ".gitignore does not name data/raw" in check(project, "data kept out of version control")[1]


def test_a_frame_saved_in_a_notebook_is_found_by_its_cell(project):
    path = project / "notebooks" / "07_testing.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    marked = {"output_type": "display_data", "data": {"text/html": "x"}, "metadata": {"evidence": {"kind": "table"}}}
    notebook["cells"][4]["outputs"] = [marked]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert check(project, "no raw output saved in a notebook")[0] == "pass"
    notebook["cells"][4]["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "x"}, "metadata": {}}]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert check(project, "no raw output saved in a notebook") == ("fail", "07_testing.ipynb, cell 5")


def test_a_new_file_or_an_opened_folder_changes_what_the_checks_rest_on(project):
    opened, raw = open_project(project), project / "data" / "raw"
    first = tree_digest(opened, raw)
    (project / "src").mkdir(exist_ok=True)
    (project / "src" / "new.py").write_text("x = 1\n", encoding="utf-8")
    second = tree_digest(opened, raw)
    assert first != second
    (project / "src" / "new.py").write_text("x = 2\n", encoding="utf-8")
    assert tree_digest(opened, raw) == second
    if os.name != "nt":
        (raw / "header.csv").write_text("CHILD\n", encoding="utf-8")
        raw.chmod(0o755)
        (raw / "header.csv").chmod(0o644)
        assert tree_digest(opened, raw) != second
