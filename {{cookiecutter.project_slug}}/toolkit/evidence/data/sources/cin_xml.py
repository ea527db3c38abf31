"""The Children in Need census as XML: every table of it, read a child at a time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.sources.csv_files import RawTable
from evidence.data.sources.folder import data_files, listing
from evidence.data.sources.xml_files import local_name, records, texts
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


# Elements that hold others and are no table of their own.
_HOLDERS = {
    "Child", "ChildIdentifiers", "ChildCharacteristics", "Disabilities", "CINdetails", "Assessments",
    "FactorsIdentifiedAtAssessment", "ChildProtectionPlans", "Reviews", *_OF_A_REFERRAL,
}  # fmt: skip
# Names that other years' censuses give an element. The census has asked for sex since 2025, for gender before.
_OTHER_NAMES = {"GenderCurrent": "Sex"}
_KNOWN = {column for columns in _COLUMNS.values() for column in columns} | _HOLDERS | set(_OTHER_NAMES)
# What the census asks of each child or referral in every year, by table.
_ALWAYS = {"children": ["Sex", "Ethnicity"], "referrals": ["CINreferralDate", "ReferralSource", "ReferralNFA"]}
FIRST_YEAR, LAST_YEAR = 2017, 2026


def find_file(path: Path, where: str) -> Path:
    """The census file: `path` itself, or the one XML file in it. Raises EvidenceError when there is none or several."""
    if path.is_file():
        return path
    found = data_files(path, where, (".xml",))
    if len(found) != 1:
        raise EvidenceError(
            f"one census file (.xml) is needed, and there are {len(found)}. There is: {listing(path)}.",
            where=where,
            remedy="Put the one file there, or name the file itself as data_folder.",
        )
    return found[0]


def read_tables(path: Path, where: str) -> tuple[dict[str, RawTable], list[str]]:
    """Every table of the census as text, and notes on elements that are more or fewer than the census has.

    `lines` number the child in the file, from 1. Layouts: 2017 to 2026. Raises EvidenceError when the file is not XML,
    is cut short, is another return or another census, means harm (see `records`), or holds no child.
    """
    rows: dict[str, list[dict[str, str | int]]] = {name: [] for name in _COLUMNS}
    numbers = {"referral": 0, "assessment": 0, "plan": 0}
    unknown: Counter[str] = Counter()
    children, notes = 0, []
    for kind, element in records(path, where, "Message", {"Header": "Message", "Child": "Children"}):
        if kind == "Header":
            notes = _about_header(element, where, path.name)
            continue
        children += 1
        unknown.update(name for name in map(local_name, element.iter()) if name not in _KNOWN)
        for name, row in _rows(element, numbers):
            rows[name].append({"": children, **row})
    if not children:
        raise EvidenceError("there is no child in the file.", where=where, remedy="Export the census again.")
    tables = {name: _table(found, _COLUMNS[name]) for name, found in rows.items() if found or name == "children"}
    return tables, notes + _about_elements(tables, unknown, path.name)


def _about_header(header: ET.Element, where: str, file: str) -> list[str]:
    said = {local_name(part): (part.text or "").strip() for part in header.iter()}
    census, year = said.get("Collection", ""), said.get("Year", "")
    if census and census.upper() != "CIN":
        raise EvidenceError(
            f"this is another census ({census[:20]}), not that of children in need (CIN).",
            where=where,
            remedy="Export the children in need census.",
        )
    if year.isdigit() and not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return [
            f"{file} is of the year {year[:4]}; the layouts that are known are those of {FIRST_YEAR} to {LAST_YEAR}."
        ]
    return []


def _about_elements(tables: dict[str, RawTable], unknown: Counter[str], file: str) -> list[str]:
    notes = []
    if unknown:
        listed = ", ".join(f"{name[:40]} ({count:,})" for name, count in sorted(unknown.items())[:20])
        notes.append(f"{file} has elements that the census does not know, left out: {listed}.")
    lacking = [
        column
        for name, columns in _ALWAYS.items()
        for column in columns
        if name in tables and tables[name].frame[column].isna().all()
    ]
    if lacking:
        notes.append(f"{file} has nothing in elements that the census asks for: {', '.join(lacking)}.")
    return notes


def _rows(child: ET.Element, numbers: dict[str, int]) -> Iterator[tuple[str, dict]]:
    parts = {local_name(part): part for part in child}
    person = {_OTHER_NAMES.get(name, name): text for name, text in texts(parts.get("ChildIdentifiers")).items()}
    key = {KEY: person.get(KEY)}
    features = parts.get("ChildCharacteristics")
    yield "children", {**person, **texts(features)}
    for element in _all(features, "Disability"):
        yield "disabilities", {**key, "Disability": element.text}
    for details in (part for part in child if local_name(part) == "CINdetails"):
        numbers["referral"] += 1
        yield from _referral(details, {**key, "referral": numbers["referral"]}, numbers)


def _referral(details: ET.Element, link: dict, numbers: dict[str, int]) -> Iterator[tuple[str, dict]]:
    yield "referrals", {**link, **texts(details)}
    for part in details:
        name = local_name(part)
        if name in _OF_A_REFERRAL:
            yield _OF_A_REFERRAL[name], {**link, **texts(part)}
        elif name == "Assessments":
            numbers["assessment"] += 1
            whole = {**link, "assessment": numbers["assessment"]}
            yield "assessments", {**whole, **texts(part)}
            for factor in _all(part, "AssessmentFactors"):
                yield "factors", {**whole, "AssessmentFactors": factor.text}
        elif name == "ChildProtectionPlans":
            numbers["plan"] += 1
            whole = {**link, "plan": numbers["plan"]}
            yield "protection_plans", {**whole, **texts(part)}
            for review in _all(part, "CPPreviewDate"):
                yield "reviews", {**whole, "CPPreviewDate": review.text}


def _all(element: ET.Element | None, name: str) -> list[ET.Element]:
    """Every element of that name inside that holds a text."""
    return (
        []
        if element is None
        else [part for part in element.iter() if local_name(part) == name and (part.text or "").strip()]
    )


def _table(rows: list[dict], columns: list[str]) -> RawTable:
    frame = pd.DataFrame(rows)
    lines = frame.pop("").to_numpy(dtype=np.int64)
    frame = frame.reindex(columns=columns)
    for column in columns:
        text = frame[column].astype("str").str.strip() if column not in ("referral", "assessment", "plan") else None
        frame[column] = frame[column].astype("Int64") if text is None else text.mask(text == "")
    return RawTable(frame, lines, 0)
