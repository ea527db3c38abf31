"""Makes the pack beside its place, looks for anything in it that identifies a child, seals it, puts it there."""

from __future__ import annotations

import base64
import getpass
import json
import pickle
import platform
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import evidence
from evidence.pack.apart import must_lie_apart
from evidence.pack.changes import changes_since, previous_of
from evidence.pack.current import is_current, made_from, note
from evidence.pack.provenance import METADATA, PIPELINE, provenance
from evidence.pack.record import (
    FIGURES,
    INPUTS,
    PREVIOUS,
    RunRecord,
    check_answers_unchanged,
    figures_of,
    inputs_of,
    keyed_digests,
    listed_once,
    read_record,
)
from evidence.pack.replacing import new_pack
from evidence.pack.said import STANDING, said_in
from evidence.pack.seal import RECEIPT, write_manifest
from evidence.pack.standing import standing_of
from evidence.pack.statements import bring_along, kept_files, signed_before
from evidence.pack.words import words_used
from evidence.project import EvidenceError, Project, explained, git_says, long_date, open_project
from evidence.project.folders import hold
from evidence.project.installed import installed_versions
from evidence.project.slow_imports import import_pandas

if TYPE_CHECKING:
    from evidence.documents import FilledDocument
    from evidence.privacy import Findings, Scanner, Secrets
    from evidence.run.here import Aside, AsideOf
    from evidence.workbook import Concluded, Workbook

_UNSET: dict = {}
# What the run gave as it is: what a pack's pages are made from.
_EVIDENCE = ("notebooks", "tables")
_ABOUT = {
    "area": "an area or a service",
    "cohort": "a group of children or families",
    "individual": "one child or family",
}
_ROUTES = {"director": (8, 9), "governance": (4, 5, 6), "oversight": (4, 7, 8), "evaluator": (3, 7, 9)}


def _nobody(*_: object) -> None:
    """Nobody is there to help."""


def pack_folder(project: Project, name: str) -> Path:
    """Where the pack of that name lies."""
    return project.path("packs", name)


def release(
    project: Project,
    run_folder: Path,
    name: str,
    *,
    draft: bool = False,
    folder: Path | None = None,
    previous: dict | None = _UNSET,
    book: Workbook | None = None,
    aside: AsideOf = _nobody,
    looking: Aside | None = None,
) -> Path:
    """Makes the pack `packs/<name>/` (or `folder`) of a finished run, `<name>.zip` beside it, and returns its path.

    draft: stamp it as a draft whatever has been signed. previous: the pack to compare with, as `previous.json` holds
    it, where it is not simply the one in place. book: the workbook, opened here unless given. aside: has a function
    called in another process, and returns what waits for the result; None where there is no such process. looking:
    what `begin_to_look` is at work on in such a process already.

    Where the pack in place is whole and was made from just the same, it stays. Raises EvidenceError, and leaves the
    previous pack as it was, when something in the new one identifies a child, when a page would not be accessible, or
    when an answer changed after the run.
    """
    final = folder or pack_folder(project, name)
    # It takes longer than what comes before it is needed.
    conclusions = aside(_conclusions, str(project.root), str(run_folder))
    # A pack made elsewhere, or to be compared with a given one, is made whatever lies in its place.
    usual = folder is None and previous is _UNSET and book is None
    digest = made_from(project, run_folder, draft) if usual else ""
    if usual and is_current(project, final, digest):
        return final
    if conclusions is None:
        # Of several runs the stages of another one may begin meanwhile.
        import_pandas()
    record = read_record(run_folder)
    refused = explained("the pack cannot be made. The previous one is as it was")
    with refused, hold(final.with_name(f".{final.name}.lock"), f"Making the pack {name}"):
        with new_pack(final) as part:
            _copy_evidence(part, record)
            where = str(project.root), str(record.folder), str(part)
            if looking is not None:
                looked = looking.then(_look, *where)
            else:
                looked = aside(_look, None, *where) or partial(_look, None, *where)
            book = book or _open_workbook(project, record, conclusions)
            _build(part, project, record, draft, previous, final, book, aside)
            scanned = _scan(part, looked())
            manifest = write_manifest(part)
            _write_json(part / RECEIPT, _receipt(project, record, scanned, manifest))
            bring_along(project, part)
        if usual:
            note(project, final, digest)
    return final


def _build(
    part: Path,
    project: Project,
    record: RunRecord,
    draft: bool,
    previous: dict | None,
    final: Path,
    book: Workbook,
    aside: AsideOf = _nobody,
) -> None:
    # nbconvert takes most of a second to import; checking a pack does without it.
    from evidence.documents import open_documents
    from evidence.pack.pages import document_page, frame_of, front_page, page_name, stage_page

    inputs = inputs_of(project, record, evidence.__version__, draft)
    standing = standing_of(project, book, draft)
    documents, said = open_documents(book), said_in(project, book, standing)
    check_answers_unchanged(project, record, inputs, [*book.files_read, *kept_files(project)])
    figures = figures_of(project, record)
    if previous is _UNSET:
        previous = previous_of(final, inputs, apart=must_lie_apart(project, final, record.parameters))
    _write_json(part / "parameters.json", record.sealed_parameters)
    _write_json(part / INPUTS, inputs)
    _write_json(part / FIGURES, figures)
    _write_json(part / STANDING, said)
    _write_json(part / PREVIOUS, previous)
    _write_records(part, book)
    frame = frame_of(project, record, standing.stamp)
    packed = base64.b64encode(pickle.dumps(documents)).decode()
    as_word = str(part / "documents"), packed, frame.stamp, frame.as_of
    written = aside(write_as_word, *as_word) or partial(write_as_word, *as_word)
    pages = {}
    for stage, went in zip(project.stages, record.stages, strict=True):
        own = [document for document in documents if document.stage == stage.number]
        pages[page_name(stage)] = stage_page(frame, record, stage, went, own)
    for document in documents:
        pages[f"documents/{document.name}.html"] = document_page(frame, document)
    names = {stage.number: page_name(stage) for stage in project.stages}
    facts = project.facts
    more = {
        "facts": facts,
        "fictional": facts.council_is_fictional,
        "sample": Path(str(record.parameters.get("data_folder", ""))).as_posix().endswith("data/sample"),
        "kind": facts.analytics_type.capitalize(),
        "about": _ABOUT[facts.output_about],
        "trouble": [stage for stage in frame.stages if stage["trouble"]],
        "changes": changes_since(previous, figures, said, inputs),
        "signed": [
            (one, long_date(one.day), long_date(one.expires), one.covers(part)) for one in signed_before(project)
        ],
        "figures": [
            {**one, "pages": [(number, names[number]) for number in one["stages"]]} for one in listed_once(figures)
        ],
        "documents": [(one, names[one.stage]) for one in documents],
        "routes": {reader: _links(project, names, numbers) for reader, numbers in _ROUTES.items()},
        "parameters": sorted((key, str(value)) for key, value in record.sealed_parameters.items()),
        "inputs": inputs,
        "words": words_used([*pages.values(), standing.sentence, standing.stamp]),
    }
    pages["index.html"] = front_page(frame, standing, more)
    for page, html in pages.items():
        (part / page).parent.mkdir(exist_ok=True)
        (part / page).write_bytes(html.encode())
    shutil.copyfile(project.path("reference", "stages.toml"), part / PIPELINE)
    written()
    (part / METADATA).write_bytes(provenance(part, project, record, evidence.__version__).encode())


def write_as_word(folder: str, packed: str, stamp: str, as_of: str) -> None:
    """Each document as a Word file beside its page: the same words, for those who comment on it or keep it on file.

    packed: the list of them, so that another process can write it while the pages are made.
    """
    from evidence.documents import to_word

    documents: list[FilledDocument] = pickle.loads(base64.b64decode(packed))
    if documents:
        Path(folder).mkdir(exist_ok=True)
    for document in documents:
        (Path(folder) / f"{document.name}.docx").write_bytes(to_word(document, stamp, as_of))


def _write_records(part: Path, book: Workbook) -> None:
    """One file a stage with a gate: what someone who signs that stage off signs, part by part."""
    from evidence.workbook import GATES, record_text

    (part / "records").mkdir()
    for stage in GATES:
        (part / "records" / f"stage_{stage:02d}.txt").write_bytes(record_text(book.record(stage)).encode())


def _open_workbook(project: Project, record: RunRecord, beside: Callable[[], dict[str, list]] | None) -> Workbook:
    from evidence.workbook import Concluded

    return _workbook_with(Concluded(project, look_up=False, beside=beside), project, record)


def _workbook_with(concluded: Concluded, project: Project, record: RunRecord) -> Workbook:
    from datetime import date

    from evidence.workbook import open_workbook

    return open_workbook(project, record.results, date.fromisoformat(str(record.parameters["as_of"])), concluded)


def _conclusions(root: str, run_folder: str) -> dict[str, list]:
    """What the workbook concludes from the tables of a run, which takes pandas: the `made` of a `Concluded`."""
    from evidence.workbook import Concluded

    project = open_project(root)
    concluded = Concluded(project, look_up=False)
    _workbook_with(concluded, project, read_record(Path(run_folder))).conclude()
    return concluded.made


def _copy_evidence(part: Path, record: RunRecord) -> None:
    """The run's notebooks and tables, as they will lie in the pack."""
    _copy(record.folder / "notebooks", part / "notebooks", "*.ipynb", _finished(record))
    _without_the_place_of_the_data(part / "notebooks", record)
    _copy(record.folder / "tables", part / "tables", "*.csv")


def _finished(record: RunRecord) -> set[str]:
    """A notebook that stopped half way is not evidence, and its code may have been caught with data in its hands."""
    return {stage.notebook for stage in record.stages if stage.state == "done"}


def _copy(source: Path, target: Path, pattern: str, only: set[str] | None = None) -> None:
    for path in sorted(source.glob(pattern)) if source.is_dir() else []:
        if only is None or path.name in only:
            target.mkdir(exist_ok=True)
            shutil.copyfile(path, target / path.name)


def _without_the_place_of_the_data(folder: Path, record: RunRecord) -> None:
    """A full path names a person or a server, and differs from machine to machine: it stays in the receipt."""
    named = record.sealed_parameters.get("data_folder")
    if named == record.parameters.get("data_folder"):
        return
    for path in sorted(folder.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if "injected-parameters" in cell["metadata"].get("tags", []):
                lines = "".join(cell["source"]).splitlines(keepends=True)
                cell["source"] = [_line_of_data(line, named) for line in lines]
        _write_json(path, notebook)


def _line_of_data(line: str, named: str) -> str:
    return f'data_folder = "{named}"\n' if line.startswith("data_folder = ") else line


def _links(project: Project, names: dict[int, str], numbers: tuple[int, ...]) -> str:
    from html import escape

    there = [stage for stage in project.stages if stage.number in numbers]
    links = [f'<a href="{names[stage.number]}">stage {stage.number}, {escape(stage.title)}</a>' for stage in there]
    return " and ".join([", ".join(links[:-1]), links[-1]] if len(links) > 1 else links)


def begin_to_look(root: str, data_folder: str, allowed: list[str], notebooks: str) -> tuple[Scanner, int]:
    """What looks for the real values of a data folder, and how many these are; it has been through these notebooks.

    What it found clean in them it need not look through again in the pack, whose notebooks they become. allowed: the
    run's parameters.
    """
    from evidence.data import identifying_values
    from evidence.privacy import Scanner

    secrets = identifying_values(open_project(root), data_folder)
    scanner = Scanner(secrets, allowed)
    # The run may end meanwhile, and its folder have another name.
    with suppress(EvidenceError):
        scanner.scan(notebooks)
    return scanner, len(secrets)


def _look(begun: tuple[Scanner, int] | None, root: str, run_folder: str, part: str) -> tuple[Scanner, Findings, int]:
    """What looks for the real values of the data, what it found in notebooks and tables, and how many it looks for.

    These are there before all else of a pack, so another process can look through them while the rest is made. begun:
    what `begin_to_look` gave.
    """
    from evidence.privacy import Scanner

    if begun is None:
        record = read_record(Path(run_folder))
        secrets = _identifying_values(open_project(root), record)
        begun = Scanner(secrets, [str(value) for value in record.parameters.values()]), len(secrets)
    scanner, values = begun
    return scanner, scanner.scan(part, lambda name: name in _EVIDENCE), values


def _scan(part: Path, looked: tuple[Scanner, Findings, int]) -> dict:
    """Compares the pack with the real values of the data. Raises EvidenceError, saying where and never what.

    looked: what `_look` gave; all else is looked through here.
    """
    scanner, found, values = looked
    rest = scanner.scan(part, lambda name: name not in _EVIDENCE)
    if findings := sorted([*found, *rest]):
        places = [f"{one.path}, {f'line {one.line}' if one.line else 'in its name'}: {one.kind}" for one in findings]
        shown = "\n".join(places[:20] + ([f"and {len(places) - 20} more places"] if len(places) > 20 else []))
        raise EvidenceError(
            "the pack was not released, because something in it may identify a child. "
            f"The previous pack is as it was.\n{shown}",
            remedy="Take it out of the answers, the notebook or the table that it comes from, then run again.",
        )
    return {"files": found.files + rest.files, "values_looked_for": values, "findings": 0, "notes": rest.notes}


def _identifying_values(project: Project, record: RunRecord) -> Secrets:
    """The real values that must not be in a pack; none where no stage opened a file of data and there is none."""
    from evidence.data import identifying_values
    from evidence.privacy import Secrets

    folder = project.data_folder(record.parameters)
    opened = any(entry["kind"] == "data" for stage in project.stages for entry in record.results.reads(stage.number))
    if not opened and not folder.is_dir():
        return Secrets()
    return identifying_values(project, record.parameters["data_folder"])


def _receipt(project: Project, record: RunRecord, scanned: dict, manifest_digest: str) -> dict:
    from evidence.data.access import remembered_head

    return {
        # Whoever shortens or rewrites the access log afterwards does not reach the packs that were handed over.
        "access_log": [{"line": head.number, "hash": head.hash} for head in remembered_head(project)],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": git_says(project.root, "rev-parse", "HEAD").strip(),
        "host": platform.node(),
        "user": _user(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": installed_versions(),
        "seconds_by_stage": record.seconds,
        "data_folder": record.parameters.get("data_folder", ""),
        "data_files": keyed_digests(project, record),
        "leak_scan": scanned,
        "manifest_sha256": manifest_digest,
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _write_json(path: Path, document: object) -> None:
    from evidence.pack.pages import json_text

    path.write_bytes(json_text(document).encode())
