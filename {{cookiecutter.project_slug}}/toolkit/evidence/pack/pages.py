"""The page of each stage, made with nbconvert from the executed notebook, and a plain page where a stage stopped."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.pack.record import RunRecord, StageRecord
from evidence.pack.tidy import Page
from evidence.project import EvidenceError, Project, StageInfo, long_date, read_text
from evidence.project.slow_imports import without_slow_imports
from evidence.stage import document_html

with without_slow_imports():
    import nbformat
    from nbconvert.exporters.html import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

if TYPE_CHECKING:
    from evidence.documents import FilledDocument
    from evidence.pack.two_packs import Comparison

TEMPLATE = Path(__file__).parent / "template"
_HIDDEN_TAGS = {"remove-cell", "parameters", "injected-parameters"}
# The page says these itself, in its own head.
_SAID_ALREADY = ("header",)
_STATE_WORDS = {
    "done": "Finished",
    "failed": "Stopped before its end",
    "not run": "Not run",
    "not asked": "Not part of this run",
}


@dataclass(frozen=True)
class Frame:
    """What is around every page of a pack: the stamp, the tool, the run, and the way to the other pages.

    `root` leads from the page to the pack's own folder: nothing, or `../`.
    """

    stamp: str
    title: str
    council: str
    as_of: str
    run: str
    stages: list[dict]
    css: str = field(repr=False)
    root: str = ""


def frame_of(project: Project, record: RunRecord, stamp: str) -> Frame:
    """The same frame for each page of one pack."""
    states = {stage.number: stage.state for stage in record.stages}
    stages = [
        {
            "number": stage.number,
            "title": stage.title,
            "page": page_name(stage),
            "state": _STATE_WORDS[states[stage.number]],
            "trouble": states[stage.number] != "done",
        }
        for stage in project.stages
    ]
    facts = project.facts
    council = facts.council if facts.council_code else f"{facts.council} (a made-up council)"
    css = style()
    return Frame(stamp, facts.title, council, long_date(str(record.parameters["as_of"])), record.name, stages, css)


@lru_cache(maxsize=1)
def style() -> str:
    """The style sheet as each page carries it: without comments and without the space that people read it by."""
    text = re.sub(r"/\*.*?\*/", "", read_text(TEMPLATE / "pack.css"), flags=re.DOTALL)
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"\s+", " ", text)).strip()


def page_name(stage: StageInfo) -> str:
    return f"{stage.folder}.html"


def stage_page(
    frame: Frame, record: RunRecord, stage: StageInfo, went: StageRecord, documents: Sequence[FilledDocument] = ()
) -> str:
    """One stage's page, with links to its documents.

    Raises EvidenceError, naming stage and cell, for what a reader could not follow.
    """
    done = went.state == "done"
    parts = (
        parts_of(read_text(record.folder / "notebooks" / stage.notebook), stage.notebook)
        if done
        else _stopped(stage, went)
    )
    cells = [_ready(html, place) for place, html in enumerate(parts.html)]
    notebook = nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    resources = {
        "frame": frame,
        "stage": stage,
        "went": went,
        "contents": parts.contents if len(parts.contents) > 2 else [],
        "left_out": parts.left_out,
        "documents": documents,
        "before": frame.stages[stage.number - 2] if stage.number > 1 else None,
        "after": frame.stages[stage.number] if stage.number < len(frame.stages) else None,
    }
    html, _ = _exporter().from_notebook_node(notebook, resources)
    return html.replace("\r\n", "\n").strip() + "\n"


@dataclass(frozen=True)
class Parts:
    """What a page holds: its parts as HTML in order, its headings (id, text), how many outputs are left out."""

    html: tuple[str, ...]
    contents: tuple[tuple[str, str], ...]
    left_out: int = 0


# As many as the stages of a few runs at once.
@lru_cache(maxsize=64)
def parts_of(text: str, notebook: str) -> Parts:
    """What an executed notebook says and shows; `text` is the file, `notebook` its name. Raises as `stage_page`."""
    # As it is: papermill checked it against the format when it wrote it.
    source = nbformat.reader.reads(text)
    page = Page(Path(notebook).stem)
    shown, left_out = [], 0
    for number, cell in enumerate((cell for cell in source.cells if not _is_injected(cell)), start=1):
        if _HIDDEN_TAGS & set(cell.metadata.get("tags", ())):
            continue
        where = f"notebooks/{notebook}, cell {number}"
        if cell.cell_type == "markdown":
            shown.append(_markdown(cell, page, where))
        elif cell.cell_type == "code":
            left_out += cell.metadata.get("evidence", {}).get("left_out", 0)
            shown.extend(_output(output, page, where) for output in cell.outputs)
    return Parts(tuple(shown), tuple(page.contents), left_out)


def _ready(html: str, place: int) -> dict:
    """A cell that holds nothing but HTML for the template to put on the page."""
    output = {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}
    cell = {"cell_type": "code", "source": "", "execution_count": None, "metadata": {}, "outputs": [output]}
    return cell | {"id": f"part-{place}"}


def _output(output, page: Page, where: str) -> str:
    if output.output_type == "stream":
        return page.tidy(f'<pre class="headlines">{escape(output.text)}</pre>', where)
    about = output.metadata["evidence"]
    if about.get("kind") in _SAID_ALREADY:
        return ""
    where = f"{where} ({about['title']})" if about.get("title") else where
    if "text/html" not in output.data:
        raise EvidenceError("this output is not HTML, and a pack shows nothing else.", where=where)
    html = page.tidy(output.data["text/html"], where, shown=True)
    return f'<div class="ev-output" data-kind="{escape(about.get("kind", "text"))}">{html}</div>'


def _markdown(cell, page: Page, where: str) -> str:
    """The cell's Markdown; the notebook's own title is left out, because the page has it already."""
    source = cell.source
    if not page.titled:
        source = re.sub(r"\A\s*#\s.*$", "", source, count=1, flags=re.MULTILINE)
        page.titled = True
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True, attachments=cell.get("attachments", {}))
    return page.tidy(MarkdownWithMath(renderer=renderer).render(source), where)


def _stopped(stage: StageInfo, went: StageRecord) -> Parts:
    """What happened and what to do, quoting no data."""
    first, *rest = went.why.splitlines() or [""]
    words = {
        "failed": "This stage stopped before its end, so nothing it showed is in this pack.",
        "not run": "This stage was not run.",
        "not asked": "This run was made without this stage.",
    }
    parts = [f"<h2>What happened</h2><p>{words[went.state]}</p>"]
    if went.why:
        parts.append("".join(f"<p>{escape(line)}</p>" for line in (first, *rest) if line.strip()))
    parts.append(f"<h2>What to do</h2>{_remedy(stage, went)}")
    page = Page(stage.folder)
    html = page.tidy("".join(parts), stage.notebook)
    return Parts((html,), tuple(page.contents))


def _remedy(stage: StageInfo, went: StageRecord) -> str:
    again = "<p>Then run the stages again: <code>evidence run</code>.</p>"
    if went.state == "failed":
        return (
            f"<p>Open <code>notebooks/{escape(stage.notebook)}</code> and run it from the top. The analyst who ran it "
            f"finds the full message in the log of stage {stage.number} in the run's folder. It may quote data, so it "
            f"is not in this pack.</p>{again}"
        )
    if went.state == "not run":
        return f"<p>Put right the stages it waits for; their pages say what stopped them.</p>{again}"
    return "<p>Nothing, if that was meant. To include every stage: <code>evidence run</code>.</p>"


def _is_injected(cell) -> bool:
    """papermill's own cell is not counted: an author does not see it."""
    return "injected-parameters" in cell.metadata.get("tags", ())


class _Exporter(HTMLExporter):
    """nbconvert's, without what it does before and after: the parts of a page are ready when they come here."""

    def from_notebook_node(self, nb, resources=None, **more):
        # Its own reads the finished page once more for images without a description, which `Page.tidy` refuses.
        return TemplateExporter.from_notebook_node(self, nb, self._init_resources(resources), **more)

    def _preprocess(self, nb, resources):
        # There is nothing to do before, and its own copies and checks everything once more for that.
        return nb, resources


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    places = [str(TEMPLATE.parent)]
    return _Exporter(template_name=TEMPLATE.name, extra_template_basedirs=places, default_preprocessors=[])


def load_templates() -> None:
    """Has the templates of a pack compiled, those that they rest on first; it takes a while and is done once."""
    for name in ("base/null", "base/display_priority", "head.html", "index.html", "front.html", "document.html"):
        _exporter().environment.get_template(f"{name}.j2")


def front_page(frame: Frame, standing: object, more: dict) -> str:
    """The index page from what `standing` says of the tool."""
    template = _exporter().environment.get_template("front.html.j2")
    html = template.render(resources={"frame": frame, "front": True}, frame=frame, standing=standing, **more)
    return html.replace("\r\n", "\n").strip() + "\n"


def comparison_page(comparison: Comparison) -> str:
    """Two packs beside each other, as one page that needs neither of them."""
    template = _exporter().environment.get_template("compare.html.j2")
    html = template.render(comparison=comparison, css=style())
    return html.replace("\r\n", "\n").strip() + "\n"


def document_page(frame: Frame, document: FilledDocument) -> str:
    """The page of one of the team's documents, in the folder `documents`."""
    page = Page(document.name)
    body = page.tidy(document_html(document, level=2, unfolded=True), document.where, shown=True)
    inner = replace(frame, root="../")
    stage = next(one for one in frame.stages if one["number"] == document.stage)
    template = _exporter().environment.get_template("document.html.j2")
    html = template.render(resources={"frame": inner}, frame=inner, document=document, stage=stage, body=body)
    return html.replace("\r\n", "\n").strip() + "\n"


def json_text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
