"""The Children in Need census as XML: every table of it, read a child at a time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.sources.csv_files import RawTable
from evidence.project import EvidenceError

KEY = "LAchildID"
_LINK = [KEY, "referral"]
# Table: the columns, in the census's own names; `referral`, `assessment` and `plan` number what rows belong together.
_COLUMNS = {
    "children": [
        KEY, "UPN", "FormerUPN", "UPNunknown", "PersonBirthDate", "ExpectedPersonBirthDate", "Sex", "PersonDeathDate",
        "Ethnicity",
    ],
    "disabilities": [KEY, "Disability"],
    "referrals": [
        *_LINK, "CINreferralDate", "ReferralSource", "PrimaryNeedCode", "CINclosureDate", "ReasonForClosure",
        "DateOfInitialCPC", "ReferralNFA",
    ],
    "assessments": [
        *_LINK, "assessment", "AssessmentActualStartDate", "AssessmentInternalReviewDate",
        "AssessmentAuthorisationDate",
    ],
    "factors": [*_LINK, "assessment", "AssessmentFactors"],
    "cin_plans": [*_LINK, "CINPlanStartDate", "CINPlanEndDate"],
    "section47": [*_LINK, "S47ActualStartDate", "InitialCPCtarget", "DateOfInitialCPC", "ICPCnotRequired"],
    "protection_plans": [
        *_LINK, "plan", "CPPstartDate", "CPPendDate", "InitialCategoryOfAbuse", "LatestCategoryOfAbuse",
        "NumberOfPreviousCPP",
    ],
    "reviews": [*_LINK, "plan", "CPPreviewDate"],
    "pre_proceedings": [
        *_LINK, "PPStartDate", "LBPSentDate", "FGDMMeetingOffer", "FGDMMeetingFac", "InitialPPMeetingDate",
        "ReviewMeetingsCount", "StepDecisionDate", "PPOutcome", "CourtAppDate", "LetterInitCPDate",
    ],
}  # fmt: skip
# Tables that a referral holds directly: the element's name.
_OF_A_REFERRAL = {
    "CINPlanDates": "cin_plans",
    "Section47": "section47",
    "PreProceedingsandFGDM": "pre_proceedings",
}


def find_file(path: Path, where: str) -> Path:
    """The census file: `path` itself, or the one XML file in it. Raises EvidenceError when there is none or several."""
    if path.is_file():
        return path
    found = sorted(file for file in path.iterdir() if file.suffix.lower() == ".xml")
    if len(found) != 1:
        there = ", ".join(sorted(file.name for file in path.iterdir() if not file.name.startswith("."))[:10])
        raise EvidenceError(
            f"one census file (.xml) is needed, and there are {len(found)}. There is: {there or 'nothing'}.",
            where=where,
            remedy="Put the one file there, or name the file itself as data_folder.",
        )
    return found[0]


def read_tables(path: Path, where: str) -> dict[str, RawTable]:
    """Every table of the census as text; `lines` number the child in the file, from 1.

    Raises EvidenceError when the file is not XML, is cut short, declares a document type (never part of a census, and
    a way to attack a reader), or holds no child.
    """
    rows: dict[str, list[dict[str, str | int]]] = {name: [] for name in _COLUMNS}
    numbers = {"referral": 0, "assessment": 0, "plan": 0}
    children = 0
    for child in _children(path, where):
        children += 1
        for name, row in _rows(child, numbers):
            rows[name].append({"": children, **row})
    if not children:
        raise EvidenceError("there is no child in the file.", where=where, remedy="Export the census again.")
    return {name: _table(found, _COLUMNS[name]) for name, found in rows.items() if found or name == "children"}


def _children(path: Path, where: str) -> Iterator[ET.Element]:
    parser = ET.XMLPullParser(("start", "end"))
    depth = []
    try:
        with open(path, "rb") as file:
            before_root = b""
            while piece := file.read(1 << 20):
                if before_root is not None:
                    before_root += piece
                    _refuse_doctype(before_root, where)
                parser.feed(piece)
                for event, element in parser.read_events():
                    if event == "start":
                        before_root = None
                        depth.append(element)
                        continue
                    depth.pop()
                    if _name(element) == "Child" and depth and _name(depth[-1]) == "Children":
                        yield element
                        # What was handed over is let go, so that a large census fits in memory.
                        depth[-1].clear()
            parser.close()
    except ET.ParseError as error:
        raise EvidenceError(
            "the file is cut short or is not well-formed XML.",
            where=f"{where}, line {error.position[0]}",
            remedy="Export the census again and copy the whole file.",
        ) from None
    except OSError as error:
        raise EvidenceError(f"the file cannot be opened ({error.strerror}).", where=where) from None


def _refuse_doctype(beginning: bytes, where: str) -> None:
    if b"<!DOCTYPE" in beginning.replace(b"\x00", b"").upper():
        raise EvidenceError(
            "the file declares a document type, which a census file never does.",
            where=where,
            remedy="Export the census again from the case-management system.",
        )


def _name(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _rows(child: ET.Element, numbers: dict[str, int]) -> Iterator[tuple[str, dict]]:
    parts = {_name(part): part for part in child}
    person = _texts(parts.get("ChildIdentifiers"))
    key = {KEY: person.get(KEY)}
    features = parts.get("ChildCharacteristics")
    yield "children", {**person, **_texts(features)}
    for element in _all(features, "Disability"):
        yield "disabilities", {**key, "Disability": element.text}
    for details in (part for part in child if _name(part) == "CINdetails"):
        numbers["referral"] += 1
        yield from _referral(details, {**key, "referral": numbers["referral"]}, numbers)


def _referral(details: ET.Element, link: dict, numbers: dict[str, int]) -> Iterator[tuple[str, dict]]:
    yield "referrals", {**link, **_texts(details)}
    for part in details:
        name = _name(part)
        if name in _OF_A_REFERRAL:
            yield _OF_A_REFERRAL[name], {**link, **_texts(part)}
        elif name == "Assessments":
            numbers["assessment"] += 1
            whole = {**link, "assessment": numbers["assessment"]}
            yield "assessments", {**whole, **_texts(part)}
            for factor in _all(part, "AssessmentFactors"):
                yield "factors", {**whole, "AssessmentFactors": factor.text}
        elif name == "ChildProtectionPlans":
            numbers["plan"] += 1
            whole = {**link, "plan": numbers["plan"]}
            yield "protection_plans", {**whole, **_texts(part)}
            for review in _all(part, "CPPreviewDate"):
                yield "reviews", {**whole, "CPPreviewDate": review.text}


def _texts(element: ET.Element | None) -> dict[str, str]:
    """The texts of the elements directly inside, by name."""
    return {} if element is None else {_name(part): part.text for part in element if len(part) == 0}


def _all(element: ET.Element | None, name: str) -> list[ET.Element]:
    """Every element of that name inside that holds a text."""
    return (
        []
        if element is None
        else [part for part in element.iter() if _name(part) == name and (part.text or "").strip()]
    )


def _table(rows: list[dict], columns: list[str]) -> RawTable:
    frame = pd.DataFrame(rows)
    lines = frame.pop("").to_numpy(dtype=np.int64)
    frame = frame.reindex(columns=columns)
    for column in columns:
        text = frame[column].astype("str").str.strip() if column not in ("referral", "assessment", "plan") else None
        frame[column] = frame[column].astype("Int64") if text is None else text.mask(text == "")
    return RawTable(frame, lines, 0)
