"""Packs of a small project: what is in them, what must never be, and what is left after a crash."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace as Say

import pytest
from bs4 import BeautifulSoup

from evidence.pack import changes, releasing, seal, verify
from evidence.pack.releasing import release
from evidence.project import EvidenceError, open_project
from evidence.results import Results
from evidence.run import execute
from tests.evidence.fake_book import FakeBook
from tests.evidence.toy import make_project, notebook

CHILD = "QX7731905"


@pytest.fixture(autouse=True)
def no_catalogue(monkeypatch):
    """The small project has no catalogue of its data, so its one identifying value is given here."""
    from evidence.privacy import Secrets

    secrets = Secrets()
    secrets.add("child identifier", [CHILD])
    monkeypatch.setattr(releasing, "_identifying_values", lambda project, record: secrets)


def made(folder: Path, notebooks: dict | None = None, **options):
    """A project, run and released; returns the project and the pack."""
    project = open_project(make_project(folder, notebooks))
    run = execute(project, "sample", project.parameters("sample"), options.pop("stages", None))
    return project, release(project, run.folder, "sample", book=options.pop("book", FakeBook()), **options)


def contents(pack: Path) -> dict[str, bytes]:
    """Every sealed file of a pack, and the zip beside it."""
    files = {path.relative_to(pack).as_posix(): path.read_bytes() for path in pack.rglob("*") if path.is_file()}
    files.pop("receipt.json")
    return files | {"zip": pack.with_name(f"{pack.name}.zip").read_bytes()}


def pages(pack: Path) -> dict[str, BeautifulSoup]:
    return {path.name: BeautifulSoup(path.read_bytes(), "html.parser") for path in sorted(pack.glob("*.html"))}


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A finished run, for tests that only release it; each to a folder of its own."""
    project = open_project(make_project(tmp_path_factory.mktemp("toy")))
    return project, execute(project, "sample", project.parameters("sample")).folder


@pytest.fixture
def pack(ready, tmp_path):
    return release(*ready, "sample", folder=tmp_path / "sample", book=FakeBook())


def rerun(ready, cells: tuple, folder: Path) -> Path:
    """The finished run with another notebook for stage 2, as if it had been run: no kernel is needed for that."""
    import shutil

    copy = folder / "run"
    shutil.copytree(ready[1], copy)
    path = copy / "notebooks/02_toy.ipynb"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["cells"] = [{**cell, "id": f"cell-{place}"} for place, cell in enumerate(cells)]
    path.write_text(json.dumps(document), encoding="utf-8")
    return copy


def shown(html: str, **about: str) -> dict:
    output = {
        "output_type": "display_data",
        "data": {"text/html": html},
        "metadata": {"evidence": {"kind": "text", **about}},
    }
    return {"cell_type": "code", "metadata": {}, "source": "", "execution_count": 1, "outputs": [output]}


def test_what_is_in_a_pack(pack):
    assert sorted(path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file()) == [
        "01_toy.html", "02_toy.html", "03_toy.html", "04_toy.html", "figures.json", "index.html", "inputs.json",
        "manifest-sha256.txt", "notebooks/01_toy.ipynb", "notebooks/02_toy.ipynb", "notebooks/03_toy.ipynb",
        "notebooks/04_toy.ipynb", "parameters.json", "previous.json", "receipt.json",
        *(f"records/stage_{stage:02d}.txt" for stage in (1, 2, 3, 4, 7, 8)), "ro-crate-metadata.json", "stages.toml",
        "standing.json",
    ]  # fmt: skip
    assert verify(pack) == []


def test_the_receipt_says_when_and_where_and_nothing_sealed_does(pack):
    receipt = json.loads((pack / "receipt.json").read_text())
    assert {"made_at", "host", "user", "seconds_by_stage", "packages", "leak_scan", "manifest_sha256"} <= set(receipt)
    for name, content in contents(pack).items():
        for word in (receipt["made_at"][:10], str(pack), sys.prefix):
            assert word.encode() not in content, name


def test_pages_ask_nothing_of_any_machine_and_run_no_script(pack):
    for name, page in pages(pack).items():
        policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        assert "default-src 'none'" in policy and "img-src data:" in policy
        assert not page.find_all(["script", "link", "iframe"]), name
        for tag in page.find_all(src=True):
            assert tag["src"].startswith("data:"), name
        assert "url(" not in page.style.text and "@import" not in page.style.text


def test_every_page_says_what_it_is_of(pack):
    for name, page in pages(pack).items():
        assert page.html["lang"] == "en-GB"
        header = page.header.get_text(" ", strip=True)
        for words in ("Toy tool", "Example council (a made-up council)", "as of 30 April 2026", "sample", "DRAFT"):
            assert words in header, name
        assert len(page.find_all("h1")) == 1 and page.find("main", id="main") and page.find("a", href="#main")
        for link in page.find_all("a", href=re.compile(r"^[^#h]|^index|^http")):
            assert link["href"].startswith("http") or (pack / link["href"]).is_file(), link
        ids = [tag["id"] for tag in page.find_all(id=True)]
        assert len(ids) == len(set(ids)), name


def test_code_and_unchosen_outputs_are_not_on_pages(pack):
    page = pages(pack)["02_toy.html"]
    assert "As of 2026-04-30" in page.text and "this is left out" not in page.text
    assert "1 output of this notebook is left out here" in page.text
    assert "import hashlib" not in page.text and "as_of =" not in page.text


def test_the_summary_has_its_parts_in_order(pack):
    page = pages(pack)["index.html"]
    assert [heading.text for heading in page.find_all("h2")] == [
        "The ten stages", "Risks, worst first", "Sign-offs", "What changed since the last released pack",
        "Figures that matter",
        "Questions not answered", "Where to read on", "How to check this pack", "Words used", "How to print",
    ]  # fmt: skip
    text = page.get_text(" ", strip=True)
    for words in (
        "This tool is not ready for use.", "Do not use its results yet.", "Ada Example, senior sponsor",
        "too high to go on", "review overdue", "What is the problem?", "Example council is a made-up council.",
        "sha256sum -c", "Get-FileHash",
    ):  # fmt: skip
        assert words in text
    assert text.index("This tool is not ready") < text.index("The ten stages")


def test_the_tracker_says_gate_owner_date_and_open_conditions_in_words(pack):
    table = pages(pack)["index.html"].find("caption", id="stages-caption").parent
    rows = [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]
    assert rows[0][2:] == ["Gate", "Owner", "Date", "Open conditions"]
    assert rows[1][2:] == ["met", "Ada Example, senior sponsor", "1 April 2026",
                           "Agreed on condition: Ask again in May"]  # fmt: skip
    assert rows[2][2:] == ["no gate", "Director", "", ""]
    assert rows[3][2:5] == ["not met", "Ada Example, senior sponsor", "not yet"]
    assert rows[3][5].startswith("The business case is signed. and 1 more")


def test_thresholds_stand_with_the_figures(pack):
    page = pages(pack)["index.html"]
    table = page.find("caption", string="Thresholds set in stage 5, and whether testing met them").parent
    assert [cell.text for cell in table.tbody.find_all(["th", "td"])] == [
        "TH1",
        "not met",
        "Recall is 28.1%, under 30%.",
    ]
    assert table.find_previous("h2").text == "Figures that matter"


def test_two_runs_are_the_same_byte_for_byte(pack, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "America/St_Johns")
    monkeypatch.setenv("PYTHONHASHSEED", "4711")
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("MPLBACKEND", "pdf")
    mask = os.umask(0o077)
    try:
        _, other = made(tmp_path / "élsewhere with spaces")
    finally:
        os.umask(mask)
    assert contents(other) == contents(pack)


def test_releasing_twice_gives_the_same_bytes(ready, pack):
    before = contents(pack)
    release(*ready, "sample", folder=pack, book=FakeBook())
    assert contents(pack) == before


def test_draft_is_stamped_over_any_approval(ready, tmp_path):
    approved = FakeBook("STAGE 4 APPROVED", "Stage 4 was approved.")
    plain = release(*ready, "sample", folder=tmp_path / "a", book=approved)
    drafted = release(*ready, "sample", folder=tmp_path / "b", book=approved, draft=True)
    assert pages(plain)["01_toy.html"].find(class_="stamp").text == "STAGE 4 APPROVED"
    assert pages(drafted)["01_toy.html"].find(class_="stamp").text == "DRAFT"


def test_what_changed_since_the_last_pack(tmp_path):
    source = 'results.record(1, "children", {}, label="Children", headline=True)'
    project, pack = made(tmp_path, {1: notebook(1, source.format(20))})
    project.path("notebooks/01_toy.ipynb").write_text(notebook(1, source.format(30)))
    run = execute(project, "sample", project.parameters("sample"))
    for _ in range(2):
        release(project, run.folder, "sample", book=FakeBook())
        page = pages(pack)["index.html"]
        rows = page.find("caption", id="changes-caption").find_parent("table").find_all("tr")
        assert [[cell.text for cell in row.find_all(["th", "td"])] for row in rows][1:] == [
            ["Children", "1", "20", "30"],
            ["Twice", "3", "40", "60"],
        ]


def test_what_people_wrote_and_decided_since_the_last_pack_is_counted(ready, tmp_path, monkeypatch):
    release(*ready, "sample", folder=tmp_path / "sample", book=FakeBook())
    asked = {"question": "What is the problem?", "where": "workbook/01_toy/answers.md#1.04"}
    answered = FakeBook(stamp="STAGE 4 APPROVED")
    answered.questions = lambda stage: [Say(**asked, state="answered", text="Moves.")] if stage == 1 else []
    answered.sign_offs = list
    old = changes.previous_of(tmp_path / "sample", {})
    old["inputs"]["parameters"]["least"] = 2
    again = release(*ready, "sample", folder=tmp_path / "sample", book=answered, previous=old)
    page = pages(again)["index.html"]
    facts = page.find(id="changes").find_next("dl")
    assert [part.text for part in facts.find_all(["dt", "dd"])] == [
        "Stamp", "was DRAFT, is STAGE 4 APPROVED", "Answers", "1 new", "Sign-offs", "1 no longer there",
        "Parameters", "least was 2, is 3",
    ]  # fmt: skip


def test_figures_that_may_not_stand_beside_the_new_ones_are_neither_kept_nor_shown(ready, tmp_path):
    release(*ready, "sample", folder=tmp_path / "sample", book=FakeBook())
    old = changes.previous_of(tmp_path / "sample", {}, apart=True)
    old["inputs"]["parameters"]["least"] = 4
    again = release(*ready, "sample", folder=tmp_path / "sample", book=FakeBook(), previous=old)
    assert json.loads((again / "previous.json").read_text())["figures"] == []
    said = pages(again)["index.html"].find(id="changes").find_next("p")
    assert "counted them otherwise" in said.text and "No figure that matters changed" not in said.text
    assert said.find_next("dl").get_text(" ").split() == ["Parameters", "least", "was", "4,", "is", "3"]


def test_an_altered_pack_is_compared_with_nothing(pack):
    (pack / "figures.json").write_text("[]")
    assert changes.previous_of(pack, {}) is None


def test_a_pack_whose_figures_are_in_an_older_form_is_compared_with_nothing(tmp_path):
    project, pack = made(tmp_path)
    figures = [
        {key: one[key] for key in ("stage", "name", "label")} for one in json.loads((pack / "figures.json").read_text())
    ]
    (pack / "figures.json").write_text(json.dumps(figures))
    seal.write_manifest(pack)
    assert changes.previous_of(pack, {}) is None
    assert changes.previous_of(pack, json.loads((pack / "inputs.json").read_text())) is None


def test_a_stage_that_stopped_has_a_page_that_quotes_no_data(tmp_path):
    value = f'raise ValueError("child {CHILD[:2]}" + "{CHILD[2:]} has no date")'
    _, pack = made(tmp_path, {1: notebook(1, ("markdown", "## Look at the data"), value)})
    stopped, waiting, index = (pages(pack)[name].text for name in ("01_toy.html", "03_toy.html", "index.html"))
    assert 'ValueError in cell 5 (under "Look at the data").' in stopped and "What to do" in stopped
    assert "It needs the results of stage 1, which did not finish." in waiting
    assert "Not everything in this pack is complete." in index
    for path in pack.rglob("*"):
        assert path.is_dir() or CHILD not in path.read_text(encoding="utf-8"), path.name
    assert not (pack / "notebooks/01_toy.ipynb").exists() and (pack / "notebooks/02_toy.ipynb").exists()
    assert verify(pack) == []


PICTURE = base64.b64encode(f"<svg><text>{CHILD}</text></svg>".encode()).decode()


@pytest.mark.parametrize(
    "html",
    [
        f"<p>The answer names {CHILD}.</p>",
        f"<img alt='Chart' src='data:image/svg+xml;base64,{PICTURE}'>",
        f"<table><caption>A</caption><tr><td>{CHILD.lower()}</td></tr></table>",
        f"<p title='{CHILD}'>a</p>",
    ],
)
def test_what_identifies_a_child_stops_the_pack_and_is_not_quoted(ready, pack, tmp_path, html):
    before = contents(pack)
    run = rerun(ready, (shown(html),), tmp_path)
    with pytest.raises(EvidenceError) as stopped:
        release(ready[0], run, "sample", folder=pack, book=FakeBook())
    assert (
        "02_toy.html" in str(stopped.value)
        and "line" in str(stopped.value)
        and "child identifier" in str(stopped.value)
    )
    assert CHILD.lower() not in str(stopped.value).lower()
    assert contents(pack) == before and not list(tmp_path.glob(".*.part"))


def test_a_look_that_began_before_the_last_stage_was_over_finds_what_came_after(ready, tmp_path, monkeypatch):
    project, run = ready
    monkeypatch.setattr("evidence.data.identifying_values", releasing._identifying_values)
    begun = releasing.begin_to_look(str(project.root), "data/sample", [], str(run / "notebooks"))
    looking = Say(then=lambda function, *given: partial(function, begun, *given))
    release(project, run, "clean", folder=tmp_path / "clean", book=FakeBook(), looking=looking)
    scan = json.loads((tmp_path / "clean" / "receipt.json").read_text())["leak_scan"]
    assert scan["values_looked_for"] == 1 and scan["files"] > len(list((run / "notebooks").iterdir()))
    for name, cells, text in (("page", (shown(f"<p>{CHILD}</p>"),), "a\n1\n"), ("table", (), f"a\n{CHILD}\n")):
        (tmp_path / name).mkdir()
        changed = rerun(ready, cells, tmp_path / name)
        (changed / "tables").mkdir()
        (changed / "tables/02_children.csv").write_text(text)
        with pytest.raises(EvidenceError, match=r"02_.*, line \d+: child identifier"):
            release(project, changed, "sample", folder=tmp_path / "sample", book=FakeBook(), looking=looking)


def test_a_table_that_identifies_a_child_stops_the_pack(ready, tmp_path):
    run = rerun(ready, (), tmp_path)
    (run / "tables").mkdir()
    (run / "tables/02_children.csv").write_text(f"a,b\n1,{CHILD}\n")
    with pytest.raises(EvidenceError, match=r"tables/02_children\.csv, line 2"):
        release(ready[0], run, "sample", folder=tmp_path / "sample", book=FakeBook())
    assert not (tmp_path / "sample").exists()


def test_a_picture_without_words_stops_the_pack_and_names_the_cell(ready, tmp_path):
    run = rerun(ready, (shown("<p>a</p>"), shown("<img src='data:image/png;base64,AAAA'>", title="Chart")), tmp_path)
    with pytest.raises(EvidenceError, match=r"notebooks/02_toy\.ipynb, cell 2 \(Chart\): a picture has no text"):
        release(ready[0], run, "sample", folder=tmp_path / "sample", book=FakeBook())


def test_hidden_cells_and_the_notebooks_own_title_are_not_shown(ready, tmp_path):
    hidden = {**shown("<p>Not for readers</p>"), "metadata": {"tags": ["remove-cell"]}}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# Stage 2\n\nIt begins **here**.\n"}
    run = rerun(ready, (title, hidden, {**title, "source": "# Later <script>x</script>"}), tmp_path)
    page = pages(release(ready[0], run, "sample", folder=tmp_path / "sample", book=FakeBook()))["02_toy.html"]
    main = page.main.get_text(" ", strip=True)
    assert "Not for readers" not in main and "It begins here ." in main
    assert [tag.name for tag in page.main.find_all(["h1", "h2"])] == ["h1", "h2"] and not page.find("script")


def test_an_answer_that_changed_after_the_run_stops_the_pack(ready, tmp_path):
    project, run = ready
    run = rerun(ready, (), tmp_path)
    reads = json.loads((run / "reads/01.json").read_text())
    answer = project.path("workbook/answers.md")
    answer.parent.mkdir(exist_ok=True)
    answer.write_text("now")
    reads.append({"kind": "workbook", "name": "workbook/answers.md", "sha256": "0" * 64})
    (run / "reads/01.json").write_text(json.dumps(reads))
    with pytest.raises(EvidenceError, match=r"workbook/answers\.md: the file changed after the run"):
        release(project, run, "sample", folder=tmp_path / "sample", book=FakeBook(files=(answer,)))


def test_the_zip_opens_into_one_folder(pack, tmp_path):
    with zipfile.ZipFile(pack.with_name("sample.zip")) as archive:
        archive.extractall(tmp_path / "opened")
    assert verify(tmp_path / "opened/sample") == []


def test_a_figure_that_two_stages_put_first_is_listed_once(ready, tmp_path):
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(ready[1], copy)
    results = Results(copy)
    for stage in (1, 3):
        results.record(stage, "share", 12.3, "Share moved", "%", headline=True, rests_on="25 of 203 children")
    results.record(3, "other", 12.3, "Share moved", "%", headline=True, rests_on="9 of 73 children")
    pack = release(ready[0], copy, "sample", folder=tmp_path / "sample", book=FakeBook())
    rows = [row.get_text("|", strip=True) for row in pages(pack)["index.html"].select("h2#figures ~ div tbody tr")]
    assert "Share moved|12.3%|25 of 203 children|Stage 1|,|Stage 3" in rows
    assert "Share moved|12.3%|9 of 73 children|Stage 3" in rows
    assert len([figure for figure in json.loads((pack / "figures.json").read_text()) if figure["value"] == 12.3]) == 3
