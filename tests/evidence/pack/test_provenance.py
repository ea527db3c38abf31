"""The RO-Crate of a pack: valid by the public validator, true to what ran, and silent on who, where and when."""

from __future__ import annotations

import getpass
import json
import platform
import re
from pathlib import Path

import pytest

from evidence.pack import releasing
from evidence.pack.provenance import METADATA, provenance
from evidence.pack.record import read_record
from evidence.pack.releasing import release
from evidence.privacy import Secrets
from evidence.project import open_project
from evidence.run import execute
from tests.evidence.crate_validator import validate
from tests.evidence.fake_book import FakeBook
from tests.evidence.toy import make_project, notebook


def packed(folder: Path, notebooks: dict | None = None, stages: list[int] | None = None, **files: str):
    """A toy project, run and released; the project, the run's folder and the pack."""
    project = open_project(make_project(folder, notebooks))
    for name, text in files.items():
        path = project.path(*name.split("__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run = execute(project, "sample", project.parameters("sample"), stages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releasing, "_identifying_values", lambda project, record: Secrets())
        return project, run.folder, release(project, run.folder, "sample", book=FakeBook())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return packed(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Stage 1 stops, so that 3 and 4 are not run."""
    return packed(tmp_path_factory.mktemp("toy"), {1: notebook(1, ("markdown", "## Look"), "raise ValueError('x')")})


def graph(pack: Path) -> dict[str, dict]:
    return {entity["@id"]: entity for entity in json.loads((pack / METADATA).read_text(encoding="utf-8"))["@graph"]}


def ids(value: object) -> set[str]:
    return {one["@id"] for one in (value if isinstance(value, list) else [value])}


@pytest.mark.parametrize("which", ["whole", "broken"])
def test_the_public_validator_finds_nothing(which, request, monkeypatch):
    assert validate(request.getfixturevalue(which)[2], monkeypatch) == []


def test_the_validator_would_find_something(whole, tmp_path, monkeypatch):
    document = json.loads((whole[2] / METADATA).read_text(encoding="utf-8"))
    for entity in document["@graph"]:
        if entity["@type"] == "HowToStep":
            del entity["workExample"]
    (tmp_path / METADATA).write_text(json.dumps(document))
    assert any("must refer to its corresponding tool" in issue for issue in validate(tmp_path, monkeypatch))


def test_every_stage_is_a_step_and_an_action_with_what_it_read_and_left(whole):
    found = graph(whole[2])
    workflow = found["stages.toml"]
    assert {"ComputationalWorkflow", "HowTo"} <= set(workflow["@type"])
    assert ids(workflow["step"]) == {f"stages.toml#step/{number:02d}" for number in (1, 2, 3, 4)}
    first, third = found["#run/01"], found["#run/03"]
    assert "#input/data/sample/header.csv" in ids(first["object"])
    assert "#result/01/children" in ids(first["result"]) and "#result/01/children" in ids(third["object"])
    assert {"01_toy.html", "notebooks/01_toy.ipynb"} <= ids(first["result"])
    assert found[first["instrument"]["@id"]]["sha256"] == read_record(whole[1]).code["notebooks/01_toy.ipynb"]
    assert all(
        found[f"#run/{number:02d}"]["actionStatus"].endswith("/CompletedActionStatus") for number in (1, 2, 3, 4)
    )


def test_a_failure_is_a_failure_and_what_never_ran_is_no_action(broken):
    found = graph(broken[2])
    assert found["#run/01"]["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert found["#run/01"]["error"] == 'ValueError in cell 5 (under "Look").'
    assert found["#run"]["actionStatus"].endswith("/FailedActionStatus")
    assert found["#run/02"]["actionStatus"].endswith("/CompletedActionStatus")
    assert "#run/03" not in found and "It needs the results of stage 1" in found["stages.toml#step/03"]["description"]
    assert "notebooks/01_toy.ipynb" not in found and ids(found["#run/01"]["result"]) == {"01_toy.html"}


def test_every_file_of_the_pack_and_everything_named_is_there(whole):
    found, pack = graph(whole[2]), whole[2]
    outside = {METADATA, "manifest-sha256.txt", "receipt.json"}
    files = {path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file()} - outside
    assert ids(found["./"]["hasPart"]) == files
    named = set(re.findall(r'"@id": "([^"]+)"', (pack / METADATA).read_text(encoding="utf-8")))
    assert {name for name in named if name not in found} == {"https://w3id.org/ro/crate/1.1"}


def test_inputs_are_named_by_digest_and_nobody_by_name(whole):
    found, text = graph(whole[2]), (whole[2] / METADATA).read_text(encoding="utf-8")
    data = found["#input/data/sample/header.csv"]
    assert re.fullmatch("[0-9a-f]{64}", data["sha256"])
    assert found["#parameter/least/value"]["value"] == 3
    for word in (str(whole[0].root), getpass.getuser() + '"', platform.node() + '"', "QX7731905", "Director"):
        assert word not in text, word
    assert found["./"]["datePublished"] == "2026-04-30"
    assert text == provenance(whole[2], whole[0], read_record(whole[1]), found["#toolkit"]["softwareVersion"])


def _own_data(tmp_path: Path, more: str) -> dict[str, dict]:
    """The graph of a run on a council's own data in two files, the second of which holds `more`."""
    reads = "\n".join(
        f"data = Path('..', data_folder, '{name}.csv')\n"
        f"results.note_read(1, 'data', 'data/raw/{name}.csv', hashlib.sha256(data.read_bytes()).hexdigest())"
        for name in ("header", "small")
    )
    parameters = 'as_of = "2026-04-30"\ndata_folder = "data/raw"\nleast = 3\n'
    files = {"data__raw__header.csv": "CHILD\n1\n", "data__raw__small.csv": more, "parameters__sample.toml": parameters}
    return graph(packed(tmp_path, {1: notebook(1, reads)}, [1], **files)[2])


def test_a_councils_data_has_keyed_digests_that_no_guess_of_one_file_can_test(tmp_path):
    import hashlib

    one, same, other = (
        _own_data(tmp_path / place, text)
        for place, text in (("a", "CHILD\n2\n"), ("b", "CHILD\n2\n"), ("c", "CHILD\n3\n"))
    )
    names = ("#input/data/raw/header.csv", "#input/data/raw/small.csv")
    for name in names:
        assert re.fullmatch("hmac-sha256:[0-9a-f]{64}", one[name]["identifier"]) and "sha256" not in one[name]
        assert one[name] == same[name]
        # Also the file that is the same has another one: the key is made of all of them.
        assert one[name] != other[name]
    guess = hashlib.sha256(b"CHILD\n2\n").hexdigest()
    assert guess not in json.dumps(one)
