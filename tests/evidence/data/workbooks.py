"""Writes small Excel workbooks cell by cell, so that tests say exactly what a cell holds."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_NAMES = "http://schemas.openxmlformats.org"
_TYPES = f"""<?xml version="1.0"?><Types xmlns="{_NAMES}/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>
%s</Types>"""  # noqa: E501
_SHEET_TYPE = (
    '<Override PartName="/xl/worksheets/sheet%d.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
)
_ROOT = f"""<?xml version="1.0"?><Relationships xmlns="{_NAMES}/package/2006/relationships">
<Relationship Id="rId1" Type="{_NAMES}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>
</Relationships>"""
# The second style is a date.
_STYLES = f"""<?xml version="1.0"?><styleSheet xmlns="{_NAMES}/spreadsheetml/2006/main">
<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>
<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>
</styleSheet>"""


class Shown:
    """A cell that shows an error, such as #N/A."""

    def __init__(self, text: str = "#N/A") -> None:
        self.text = text


def write_workbook(
    path: Path,
    sheets: dict[str, list[list]],
    hidden: tuple[str, ...] = (),
    merged: dict[str, list[str]] | None = None,
    from_1904: bool = False,
) -> Path:
    """A workbook of these sheets, a list of cells a row: text, number, bool, date, `Shown`, or None for nothing."""
    start = date(1904, 1, 1) if from_1904 else date(1899, 12, 30)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _TYPES % "".join(_SHEET_TYPE % n for n in range(1, len(sheets) + 1)))
        package.writestr("_rels/.rels", _ROOT)
        package.writestr("xl/styles.xml", _STYLES)
        package.writestr("xl/workbook.xml", _book(sheets, hidden, from_1904))
        package.writestr("xl/_rels/workbook.xml.rels", _links(len(sheets)))
        for number, (name, rows) in enumerate(sheets.items(), start=1):
            cells = "".join(_row(at, row, start) for at, row in enumerate(rows, start=1))
            ranges = "".join(f'<mergeCell ref="{place}"/>' for place in (merged or {}).get(name, ()))
            ranges = f"<mergeCells>{ranges}</mergeCells>" if ranges else ""
            package.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<?xml version="1.0"?><worksheet xmlns="{_NAMES}/spreadsheetml/2006/main">'
                f"<sheetData>{cells}</sheetData>{ranges}</worksheet>",
            )
    return path


def _book(sheets: dict, hidden: tuple[str, ...], from_1904: bool) -> str:
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}"{" state=" + quoteattr("hidden") if name in hidden else ""} '
        f'r:id="rId{n}"/>'
        for n, name in enumerate(sheets, start=1)
    )
    facts = '<workbookPr date1904="1"/>' if from_1904 else "<workbookPr/>"
    return (
        f'<?xml version="1.0"?><workbook xmlns="{_NAMES}/spreadsheetml/2006/main" '
        f'xmlns:r="{_NAMES}/officeDocument/2006/relationships">{facts}<sheets>{listed}</sheets></workbook>'
    )


def _links(sheets: int) -> str:
    kind = f"{_NAMES}/officeDocument/2006/relationships"
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, sheets + 1)
    )
    styles = f'<Relationship Id="rId{sheets + 1}" Type="{kind}/styles" Target="styles.xml"/>'
    return (
        f'<?xml version="1.0"?><Relationships xmlns="{_NAMES}/package/2006/relationships">{listed}{styles}'
        "</Relationships>"
    )


def _row(number: int, row: list, start: date) -> str:
    cells = "".join(_cell(f"{_letters(at)}{number}", value, start) for at, value in enumerate(row))
    return f'<row r="{number}">{cells}</row>'


def _letters(at: int) -> str:
    return (chr(64 + at // 26) if at >= 26 else "") + chr(65 + at % 26)


def _cell(place: str, value: object, start: date) -> str:
    if value is None:
        return ""
    if isinstance(value, Shown):
        return f'<c r="{place}" t="e"><v>{value.text}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        days = (moment - datetime(start.year, start.month, start.day)).total_seconds() / 86400
        return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'
