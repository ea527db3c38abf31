"""Two packs beside each other: each kind of change is found and said, and nothing that a pack hides."""

from __future__ import annotations

import dataclasses
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from evidence.measures.intervals import wilson
from evidence.pack import OpenedPack, compare, open_pack, release, releasing, verify
from evidence.pack.noise import Estimate, difference, is_noise
from evidence.pack.pages import comparison_page
from evidence.privacy import Secrets
from evidence.project import EvidenceError, open_project
from evidence.run import execute
from tests.evidence.fake_book import FakeBook
from tests.evidence.toy import make_project


def estimate(n: int, of: int) -> dict[str, str]:
    low, high = wilson(n, of)
    shown = (100 * n / of, 100 * float(low), 100 * float(high))
    return {"n": str(n), "denominator": str(of), **dict(zip(("percent", "low", "high"), map(str, shown), strict=True))}


def figure(name: str, value: float, interval: str = "", stage: int = 7) -> dict:
    rests_on = f"25 of 89 children; interval {interval}" if interval else ""
    low, high = (float(end.removesuffix("%")) for end in interval.split(" to ")) if interval else (0, 0)
    numbers = {"n": 25, "denominator": 89, "low": low, "high": high, "few": False} if interval else None
    text = f"{value:.1f}%"
    return {"stage": stage, "name": name, "label": name.capitalize(), "value": value, "unit": "%", "text": text,
            "rests_on": rests_on, "estimate": numbers}  # fmt: skip


def a_pack(**changed: object) -> OpenedPack:
    said = {
        "stamp": "DRAFT",
        "sentence": "This is a draft.",
        "gates": [{"stage": 4, "state": "not met", "agreed": "", "missing": ["Nobody has signed."]}],
        "sign_offs": [],
        "answers": [
            {"where": "answers.md#1.04", "stage": 1, "question": "What is asked?", "state": "unanswered", "text": ""}
        ],
        "registers": [{"where": "needs.csv", "title": "User needs", "lines": {"N1": {"Need": "A list"}}}],
        "risks": [
            {"id": "Risk R1", "words": "Wrong figures", "score": "6", "owner": "Ada", "review": "1 May 2026",
             "status": "open"}
        ],
    }  # fmt: skip
    inputs = {
        "answers": {}, "code": {"toolkit": "a", "src/toy/tool.py": "b"}, "files": {"reference/limits.toml": "c"},
        "data": {"files": ["header.csv"], "sha256_together": "d"}, "toolkit_version": "1", "role": "",
        "parameters": {"as_of": "2026-04-30", "flag_at": 0.25},
    }  # fmt: skip
    rows = [
        {"characteristic": "sex", "group": "Female", **estimate(40, 100)},
        {"characteristic": "sex", "group": "Male", **estimate(80, 400)},
        {"characteristic": "sex", "group": "Not known", "n": "c", "denominator": "c", "percent": "c", "low": "c",
         "high": "c"},
    ]  # fmt: skip
    pack = OpenedPack("sample", inputs, [figure("recall", 28.1, "19.8% to 38.2%")], said, {"07_metrics": rows}, [])
    return dataclasses.replace(pack, **changed)


def other_data(pack: OpenedPack) -> OpenedPack:
    data = {"files": ["header.csv", "episodes.csv"], "sha256_together": "e"}
    return dataclasses.replace(pack, inputs={**pack.inputs, "data": data})


def sections(before: OpenedPack, after: OpenedPack) -> dict[str, object]:
    return {one.title: one for one in compare(before, after).sections}


def test_a_pack_and_itself_do_not_differ():
    found = sections(a_pack(), a_pack())
    assert list(found) == [
        "Answers", "Risks", "Gates and sign-offs", "Figures that matter", "Figures group by group", "Data",
        "Code, rules and settings", "Parameters",
    ]  # fmt: skip
    assert not any(one.rows for one in found.values())


def with_said(**changed: object) -> OpenedPack:
    return a_pack(said={**a_pack().said, **changed})


def with_inputs(**changed: object) -> OpenedPack:
    return a_pack(inputs={**a_pack().inputs, **changed})


PLANTED = {
    "an answer": (
        with_said(answers=[{**a_pack().said["answers"][0], "state": "answered", "text": "Who may move."}]),
        "Answers",
        ("What is asked?", "not answered", "Who may move."),
    ),
    "a line of a register": (
        with_said(registers=[{"where": "needs.csv", "title": "User needs", "lines": {"N2": {"Need": "A page"}}}]),
        "Answers",
        ("User needs, line N2", "no such line", "Need: A page"),
    ),
    "a risk": (
        with_said(risks=[{**a_pack().said["risks"][0], "score": "9", "owner": "Ben"}]),
        "Risks",
        ("Risk R1", "Wrong figures", "open, 6 of 9; owner: Ada; review: 1 May 2026",
         "open, 9 of 9; owner: Ben; review: 1 May 2026"),
    ),
    "a gate": (
        with_said(gates=[{"stage": 4, "state": "met", "agreed": "approved by Ada Example", "missing": []}]),
        "Gates and sign-offs",
        ("Gate of stage 4", "not met. Nobody has signed.", "met, approved by Ada Example."),
    ),
    "a sign-off": (
        with_said(sign_offs=[["Stage 4", "Ada Example, sponsor", "1 May 2026", "approved", "", "yes"]]),
        "Gates and sign-offs",
        ("Sign-off: Stage 4, Ada Example, sponsor, 1 May 2026", "not there", "approved; yes"),
    ),
    "the code": (
        with_inputs(code={"toolkit": "a", "src/toy/tool.py": "changed"}),
        "Code, rules and settings",
        ("src/toy/tool.py", "changed"),
    ),
    "the environment": (
        with_inputs(environment={"requirements.lock": "e"}),
        "Code, rules and settings",
        ("requirements.lock", "new"),
    ),
    "a rule": (with_inputs(files={}), "Code, rules and settings", ("reference/limits.toml", "no longer there")),
    "a parameter": (
        with_inputs(parameters={"as_of": "2026-04-30", "flag_at": 0.3}),
        "Parameters",
        ("flag at", "0.25", "0.3"),
    ),
    "the data": (other_data(a_pack()), "Data", ("episodes.csv", "new")),
}  # fmt: skip


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_change_is_found_in_its_place_and_nowhere_else(kind):
    after, title, row = PLANTED[kind]
    found = sections(a_pack(), after)
    assert row in found[title].rows
    assert [name for name, one in found.items() if one.rows] == [title]


def test_of_a_gate_that_much_is_missing_for_three_things_are_said_and_the_rest_counted():
    said = a_pack().said
    gate = {**said["gates"][0], "missing": [f"Question {number} is not answered." for number in range(1, 6)]}
    found = sections(a_pack(), a_pack(said={**said, "gates": [gate]}))["Gates and sign-offs"]
    missing = "Question 1 is not answered. Question 2 is not answered. Question 3 is not answered. And 2 more."
    assert found.rows == (("Gate of stage 4", "not met. Nobody has signed.", f"not met. {missing}"),)


def test_figures_are_read_by_their_intervals():
    after = other_data(
        a_pack(figures=[figure("recall", 35.0, "26.0% to 45.1%"), figure("precision", 48.0, "40.0% to 56.0%")])
    )
    small = sections(a_pack(), after)["Figures that matter"].rows
    assert [row[-1] for row in small] == ["within noise", "new"]
    after = other_data(a_pack(figures=[figure("recall", 60.0, "50.0% to 69.0%")]))
    large = sections(a_pack(), after)["Figures that matter"]
    assert large.rows[0][-1] == "beyond noise" and large.rows[0][-2].startswith("+31.9 points (+17")
    assert "independent" in large.notes[0] and "many of the same children" in large.notes[0]


def test_with_the_same_data_a_difference_is_not_called_chance():
    after = a_pack(figures=[figure("recall", 28.4, "20.0% to 38.5%")])
    row = sections(a_pack(), after)["Figures that matter"].rows[0]
    assert row[-2:] == ("", "not chance: the data are the same")


def test_groups_beyond_noise_come_first_and_hidden_ones_are_only_counted():
    rows = [
        {"characteristic": "sex", "group": "Female", **estimate(42, 100)},
        {"characteristic": "sex", "group": "Male", **estimate(160, 400)},
        {"characteristic": "sex", "group": "Not known", **estimate(37, 91)},
    ]
    found = sections(a_pack(), other_data(a_pack(tables={"07_metrics": rows})))["Figures group by group"]
    assert [(row[1], row[-1]) for row in found.rows] == [("sex, Male", "beyond noise"), ("sex, Female", "within noise")]
    assert found.says.startswith("2 of 2 figures") and "1 of them by more than noise" in found.says
    assert any(note.startswith("1 are hidden") for note in found.notes)
    # What one pack hides is not told by way of the other.
    assert "Not known" not in str(found) and "40.7" not in str(found)


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_no_figure_of_a_hidden_row_is_ever_said(groups):
    hidden = {"n": "c", "denominator": "c", "percent": "c", "low": "c", "high": "c"}
    old, new = (
        [
            {"group": f"group {place}", **(hidden if group[side] else estimate(group[0] + side, 61))}
            for place, group in enumerate(groups)
        ]
        for side in (1, 2)
    )
    found = sections(a_pack(tables={"t": old}), other_data(a_pack(tables={"t": new})))["Figures group by group"]
    named = {row[1] for row in found.rows}
    assert named == {f"group {place}" for place, one in enumerate(groups) if not one[1] and not one[2]}


@given(st.integers(1, 400), st.integers(1, 400), st.floats(0, 1), st.floats(0, 1))
def test_the_interval_of_a_difference_is_newcombes(first, second, share, other):
    n, m = round(first * share), round(second * other)
    one, two = (Estimate(x / of, *map(float, wilson(x, of))) for x, of in ((n, first), (m, second)))
    gap = difference(one, two)
    low, high = confint_proportions_2indep(m, second, n, first, method="newcomb", compare="diff")
    assert np.allclose((gap.low, gap.high), (low, high), atol=1e-9)
    assert is_noise(gap) == (gap.low <= 0 <= gap.high)


def test_an_older_pack_is_compared_by_what_it_has():
    found = sections(a_pack(said=None), with_inputs(answers={"workbook/risks.csv": "f"}))
    assert found["Answers"].rows == (("workbook/risks.csv", "new"),)
    assert "older toolkit" in found["Risks"].says and "older toolkit" in found["Gates and sign-offs"].says


def test_a_figure_of_an_older_pack_that_holds_its_interval_in_words_alone_is_compared_in_words():
    older = figure("recall", 20.0, "12.0% to 31.0%")
    del older["estimate"]
    ((_, _, before, after, gap, reading),) = sections(a_pack(figures=[older]), other_data(a_pack()))[
        "Figures that matter"
    ].rows
    assert before == "20.0% (25 of 89 children; interval 12.0% to 31.0%)" and after.startswith("28.1% (25 of 89")
    assert gap == "" and reading == "no interval to judge it by"


# With packs as they are handed over --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    project = open_project(make_project(tmp_path_factory.mktemp("toy")))
    run = execute(project, "sample", project.parameters("sample"))
    with pytest.MonkeyPatch.context() as patch:
        # The small project has no catalogue that says which values identify a child.
        patch.setattr(releasing, "_identifying_values", lambda project, record: Secrets())
        return release(project, run.folder, "sample", book=FakeBook())


@pytest.fixture
def altered(released, tmp_path) -> Path:
    import shutil

    copy = shutil.copytree(released, tmp_path / "later")
    (copy / "receipt.json").unlink()
    figures = json.loads((copy / "figures.json").read_text())
    figures[0].update(value=25, text="25")
    (copy / "figures.json").write_text(json.dumps(figures))
    return copy


def test_a_folder_and_its_zip_are_the_same_pack(released):
    folder, zipped = open_pack(released), open_pack(released.with_name("sample.zip"))
    assert folder == zipped and not folder.faults
    assert not any(one.rows for one in compare(folder, zipped).sections)


def test_an_altered_pack_is_compared_with_a_warning_at_the_top(released, altered, tmp_path, run_evidence):
    project = released.parents[1]
    page = tmp_path / "both.html"
    done = run_evidence(project, "compare", "sample", altered, "--page", page)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("WARNING: later, as of 30 April 2026 is not as it was sealed")
    assert "Children, Stage 1: 20 -> 25; not chance: the data are the same" in done.stdout
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    warning, heading = soup.find(class_="verdict"), soup.find("h2")
    assert "not as it was sealed" in warning.text and warning.sourceline < heading.sourceline
    assert not soup.find_all(["script", "link", "img"]) and "default-src 'none'" in str(soup.head)
    assert [cell.text for cell in soup.find("caption", id="caption-4").parent.tbody.tr.find_all(["th", "td"])][:4] == [
        "Children", "Stage 1", "20", "25",
    ]  # fmt: skip


def test_two_whole_packs_end_with_0_and_no_pack_with_2(released, tmp_path, run_evidence):
    project = released.parents[1]
    whole = run_evidence(project, "compare", "sample", "packs/sample.zip")
    assert (whole.returncode, whole.stderr) == (0, "") and "WARNING" not in whole.stdout
    assert verify(released) == []
    missing = run_evidence(project, "compare", "sample", "never_made")
    assert missing.returncode == 2 and "there is no such pack" in missing.stderr and "Traceback" not in missing.stderr


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "a\\..\\out.txt", "other/out.txt"])
def test_a_zip_that_leads_elsewhere_is_refused(tmp_path, name):
    path = tmp_path / "pack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pack/index.html", "x")
        archive.writestr(name, "x")
    with pytest.raises(EvidenceError, match="not that of a pack"):
        open_pack(path)


def test_what_is_no_zip_is_refused_in_words(tmp_path):
    (tmp_path / "pack.zip").write_bytes(b"PK nothing")
    with pytest.raises(EvidenceError, match="neither a pack"):
        open_pack(tmp_path / "pack.zip")


def test_the_page_is_the_same_every_time_and_escapes_what_people_wrote():
    after = with_said(answers=[{**a_pack().said["answers"][0], "state": "answered", "text": "<script>x</script> & 1"}])
    pages = {comparison_page(compare(a_pack(), after)) for _ in range(2)}
    (page,) = pages
    assert "<script" not in page and re.search(r"&lt;script&gt;x&lt;/script&gt; &amp; 1", page)
