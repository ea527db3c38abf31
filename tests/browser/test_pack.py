"""Pages of a pack in a real browser: accessible, offline, readable at any width, on paper and by keyboard."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from evidence.pack import Fault, compare, open_pack
from evidence.pack.pages import comparison_page
from evidence.pack.printing import print_pack
from evidence.pack.releasing import release
from evidence.project import open_project
from evidence.run import execute
from tests.browser.looks import FITS, LOOKS_A_PAGE, faults_of, open_page, violations
from tests.evidence.fake_book import FakeBook
from tests.evidence.toy import TABLE, make_project, notebook

pytestmark = pytest.mark.browser

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
STATES = "".join(
    f'<li><span class="ev-state" data-state="{state}">{state}</span></li>'
    for state in ("done", "in progress", "waiting", "not started", "not applicable", "met", "not met")
)
WIDE = (
    "<table><caption>Many columns</caption><thead><tr>"
    + "".join(f"<th>Column {number}</th>" for number in range(12))
    + "</tr></thead><tbody>"
    + ("<tr><th>Row</th>" + "<td class='ev-number'>12,345</td>" * 11 + "</tr>") * 60
    + "</tbody></table>"
)
RICH = (
    f"<h2>Answers</h2><h4>A question</h4><p class='ev-open'>Not answered</p><ul>{STATES}</ul>{WIDE}"
    f"<img class='ev-chart' src='{PIXEL}' alt='Bar chart. One bar.'><pre>{'long ' * 60}</pre>"
    f"<details><summary>More</summary><p>{'unbreakable' * 20}</p></details><dl><dt>A</dt><dd>b</dd></dl>"
    "<p><a href='https://example.org'>A link</a> <code>code</code></p>"
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """A pack with one stage of everything, one that stopped, and one that waits for it."""
    notebooks = {
        1: notebook(1, "raise ValueError"),
        2: notebook(
            2, ("markdown", "## Findings"), f'show("""{TABLE}""")', ("markdown", "## More"), f'show("""{RICH}""")'
        ),
    }
    project = open_project(make_project(tmp_path_factory.mktemp("toy"), notebooks))
    project.path("data/sample/header.csv").unlink()
    project.path("data/sample").rmdir()
    run = execute(project, "sample", project.parameters("sample"))
    return release(project, run.folder, "sample", book=FakeBook())


@pytest.fixture(params=["index", "01_toy", "02_toy", "03_toy"])
def address(pack: Path, request) -> str:
    return (pack / f"{request.param}.html").as_uri()


def test_no_accessibility_violations_in_any_look_and_nothing_cut_off(browser, pack):
    looked, faults = faults_of(browser, pack)
    # One table is made to be wider than any page.
    assert looked == 5 * LOOKS_A_PAGE
    assert [
        one for one in faults if not (one.startswith("02_toy.html, 1280 px: scrolls") and "Many columns" in one)
    ] == []


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("main { color: #bbb }", "color-contrast"),
        ("@media (prefers-color-scheme: dark) { main { color: #333 !important } }", "color-contrast"),
        ("@media (max-width: 400px) { h1 { width: 900px } }", "wider than the window"),
        ("@media print { .wide { width: 300px; overflow: auto !important } }", "cut off"),
        ("@media print { .wide { overflow: auto !important } }", "bar to scroll with"),
        ("@media print { .ev-chart { break-inside: auto !important } }", "may be split"),
    ],
)
def test_a_planted_fault_is_found_in_its_look(browser, pack, tmp_path, planted, rule):
    (tmp_path / "sample").mkdir()
    html = (pack / "02_toy.html").read_text(encoding="utf-8")
    (tmp_path / "sample" / "02_toy.html").write_text(html.replace("</style>", f"{planted}</style>"), encoding="utf-8")
    _, faults = faults_of(browser, tmp_path / "sample")
    assert any(rule in fault for fault in faults)


def test_a_page_asks_for_nothing_and_reports_nothing(page, address):
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    assert [url for url in asked if not url.startswith("data:")] == [address] and said == []


def test_the_policy_stops_what_slips_through(page, address):
    page.goto(address)
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    )
    assert page.evaluate("window.ran") is None


def test_the_keyboard_reaches_the_content_first_and_wide_tables_scroll(page, pack):
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto((pack / "02_toy.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('wide')"):
            break
    page.keyboard.press("ArrowRight")
    # The page's own policy forbids what Playwright's waiting is made of.
    for _ in range(100):
        page.wait_for_timeout(50)
        if page.evaluate("document.activeElement.scrollLeft") > 0:
            break
    assert page.evaluate("document.activeElement.scrollLeft") > 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_from_page_to_page_and_back(page, pack):
    page.goto((pack / "index.html").as_uri())
    page.get_by_role("navigation", name="Pages of this pack").get_by_role("link", name="2. Toy 2").click()
    assert page.get_by_role("heading", level=1).text_content() == "Toy 2"
    page.get_by_role("link", name="Next: 3. Toy 3").click()
    page.get_by_role("link", name="Toy tool").click()
    assert page.url.endswith("index.html")


def test_on_paper_all_columns_are_there_and_navigation_is_not(page, pack, tmp_path):
    page.goto((pack / "02_toy.html").as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})
    assert not page.get_by_role("navigation", name="Pages of this pack").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    printed = page.pdf(tagged=True, prefer_css_page_size=True)
    assert b"/StructTreeRoot" in printed and b"/MarkInfo" in printed


@pytest.mark.parametrize("width", [1280, 320])
def test_a_comparison_is_as_accessible_as_the_pages(page, pack, tmp_path, width):
    before = open_pack(pack)
    answered = [{**one, "state": "answered", "text": "Who may move. " * 40} for one in before.said["answers"]]
    altered = [Fault("index.html", "was altered")]
    after = dataclasses.replace(
        before, figures=[], said={**before.said, "answers": answered, "risks": []}, faults=altered
    )
    path = tmp_path / "both.html"
    path.write_text(comparison_page(compare(before, after)), encoding="utf-8")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    assert page.get_by_role("table").count() >= 2 and page.get_by_role("region", name="Warning").is_visible()
    open_page(page, path.as_uri())
    assert violations(page) == [] and page.evaluate(FITS)


@pytest.fixture(scope="module")
def printed(pack, chromium, tmp_path_factory) -> dict[str, PdfReader]:
    """Every page of the pack as `evidence pdf` prints it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("EVIDENCE_BROWSER", chromium)
    files = print_pack(pack, tmp_path_factory.mktemp("pdf"))
    patch.undo()
    return {path.stem: PdfReader(path) for path in files}


def test_each_page_prints_to_a_tagged_pdf_with_title_language_and_page_numbers(printed):
    assert list(printed) == ["01_toy", "02_toy", "03_toy", "04_toy", "index"]
    for name, pdf in printed.items():
        root = pdf.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"].value is True and "/StructTreeRoot" in root, name
        assert root["/Lang"] == "en-GB" and "Toy tool, Example council" in pdf.metadata.title
        assert (round(float(pdf.pages[0].mediabox.width)), round(float(pdf.pages[0].mediabox.height))) == (595, 842)
        for number, page in enumerate(pdf.pages, start=1):
            assert f"{number} of {len(pdf.pages)}" in page.extract_text(), name
        assert pdf.outline, name


def test_in_a_pdf_the_heads_of_a_long_table_are_repeated_and_no_place_of_the_pack_is_named(printed, pack):
    pages = [page.extract_text() for page in printed["02_toy"].pages]
    with_rows = [text for text in pages if "12,345" in text]
    assert len(with_rows) >= 2 and all("Column 11" in re.sub(r"\s+", " ", text) for text in with_rows)
    for pdf in printed.values():
        links = [note.get_object() for page in pdf.pages for note in page.get("/Annots", [])]
        addresses = [link["/A"]["/URI"] for link in links if "/URI" in link.get("/A", {})]
        assert all(address.startswith("https://example.org") for address in addresses)
        assert str(pack.parent) not in str(pdf.metadata)


def test_an_altered_pack_is_not_printed_and_without_a_browser_it_is_said_how_to(pack, tmp_path, run_evidence):
    copy = shutil.copytree(pack, tmp_path / "copy")
    none = run_evidence(pack.parents[1], "pdf", copy, EVIDENCE_BROWSER="/no/such/browser")
    assert none.returncode == 2 and "Ctrl+P" in none.stderr and not (tmp_path / "copy-pdf").exists()
    with (copy / "index.html").open("a") as page:
        page.write("x")
    altered = run_evidence(pack.parents[1], "pdf", copy)
    assert altered.returncode == 1 and "index.html: was altered" in altered.stdout
    assert not (tmp_path / "copy-pdf").exists()


def test_it_reads_well_without_its_style(page, pack):
    page.goto((pack / "02_toy.html").as_uri())
    page.evaluate("document.querySelectorAll('style').forEach(part => part.remove())")
    text = page.inner_text("body")
    order = ["Skip to the content", "Toy tool", "DRAFT", "Stage 2 of 4", "Toy 2", "Findings", "Pages of this pack"]
    assert sorted(order, key=text.index) == order


@pytest.fixture(scope="module")
def demo_pack(finished_run) -> Path:
    """The pack of the ten real notebooks on the sample data."""
    return finished_run() / "packs" / "sample"


@pytest.mark.slow
def test_every_page_of_the_demo_is_accessible_in_every_look(browser, demo_pack):
    looked, faults = faults_of(browser, demo_pack)
    assert looked == 19 * LOOKS_A_PAGE and faults == []


@pytest.mark.slow
def test_ten_pages_and_the_front_page_of_the_demo_are_small(demo_pack):
    sizes = {path.name: path.stat().st_size for path in demo_pack.glob("*.html")}
    assert len(sizes) == 11 and sum(sizes.values()) < 600_000, sizes


@pytest.mark.slow
def test_every_link_of_the_demo_leads_to_a_part_of_the_same_pack(demo_pack):
    ids: dict[Path, set[str]] = {}
    links: list[tuple[Path, Path, str]] = []
    for path in sorted(demo_pack.resolve().rglob("*.html")):
        page = BeautifulSoup(path.read_bytes(), "html.parser")
        ids[path] = {tag["id"] for tag in page.find_all(id=True)}
        for link in page.find_all("a", href=True):
            name, _, part = link["href"].partition("#")
            assert not name.startswith(("/", "file:", "http:", "\\")), link
            if not name.startswith(("https:", "mailto:")):
                links.append((path, (path.parent / name).resolve() if name else path, part))
    assert len(links) > 200
    for path, target, part in links:
        assert target.is_file() and target.is_relative_to(demo_pack.resolve()), (path.name, target)
        assert not part or part in ids[target], (path.name, target.name, part)
    assert sum(target.suffix == ".docx" for _, target, _ in links) >= 16


@pytest.mark.slow
def test_documents_are_pages_of_their_own_and_lead_back(page, demo_pack):
    page.goto((demo_pack / "index.html").as_uri())
    page.get_by_role("link", name="Data protection impact assessment", exact=True).click()
    assert page.get_by_role("heading", level=1).text_content() == "Data protection impact assessment"
    assert page.get_by_text("Known to the project: the tool (project.toml)").is_visible()
    page.get_by_role("main").get_by_role("link", name="stage 4, Ethics triage").click()
    assert page.get_by_role("heading", level=1).text_content() == "Ethics triage"
    own = page.get_by_role("heading", name="Documents of this stage").locator("xpath=following-sibling::ul[1]")
    assert own.get_by_role("listitem").count() == 3
