"""A document as a Word file: for those who are handed one to comment on, or who must put it into their own system.

The same document gives the same bytes: no clock, no user's name, no settings of the machine.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from evidence.documents.filled import FilledDocument, Known, Section

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table

LANGUAGE = "en-GB"
# In millimetres, on A4.
_TEXT_WIDTH = 166
# A file of Word says when it was made. This one says the same day whenever that was.
_DAY = datetime(1980, 1, 1)
_HEADINGS = {"Title": "12436D", "Subtitle": "4A5560", "Heading 1": "12436D", "Heading 2": "4A5560"}
_STYLES = {*_HEADINGS, "Normal", "List Bullet", "Normal Table", "Table Grid", "Default Paragraph Font", "No List"}
_NOT_NEEDED = {"stylesWithEffects", "customXml", "webSettings", "theme", "thumbnail", "fontTable"}
# Numbers that mean nothing here and could be taken for a child's, and the settings of whoever made the first template.
_OF_STYLES = ("w:latentStyles",)
_OF_SETTINGS = ("w:rsids", "w:themeFontLang", "w:shapeDefaults", "w:clrSchemeMapping")
_OF_LISTS = ("w:nsid", "w:tmpl")
_DOCUMENT_ID = "{http://schemas.microsoft.com/office/word/2010/wordml}docId"
# Characters that no XML may hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def to_word(document: FilledDocument, stamp: str, as_of: str) -> bytes:
    """The document as a .docx: title, what the tool is, then under each heading what people wrote and what is known.

    Headings are heading styles, the first row of a table is marked as its head, and the language is British English.
    `stamp` and `as_of` are the pack's.
    """
    word = _empty(document.title)
    _paragraph(word, _clean(document.title), "Title")
    _paragraph(word, f"{_clean(stamp)}. As of {as_of}.", "Subtitle")
    if document.not_applicable:
        word.add_paragraph(_clean(f"Does not apply: {document.not_applicable}"))
        return _bytes(word)
    filled = len(document.sections) - sum(section.state == "unanswered" for section in document.sections)
    word.add_paragraph(
        f"{filled} of {len(document.sections)} headings are filled in. What is marked “Known to the project” was not "
        f"written here: it comes from the registers, the answers and the runs. To change this document, write in "
        f"{_clean(document.where)} and run again; what is changed in this file goes nowhere."
    )
    _table(word, "The tool", ("What", "As project.toml says it"), document.about)
    for section in document.sections:
        _section(word, section)
    return _bytes(word)


def _section(word: Document, section: Section) -> None:
    _paragraph(word, _clean(section.heading), "Heading1")
    if section.state == "unanswered":
        note = f" It does not count yet: {section.note}." if section.note else ""
        word.add_paragraph(_clean(("Not answered." if section.required else "Left out; it may be.") + note))
    else:
        _paragraphs(word, section.text)
    for known in section.known:
        _known(word, known, section.heading)


def _known(word: Document, known: Known, heading: str) -> None:
    _paragraph(word, _clean(f"Known to the project: {known.title} ({known.where})"), "Heading2")
    if known.text:
        _paragraphs(word, known.text)
        return
    _table(word, f"{known.title}, beside “{heading}”", known.heads, known.rows)
    if known.more:
        word.add_paragraph(f"And {known.more} more in the register.")


def _paragraphs(word: Document, text: str) -> None:
    """Blank lines part paragraphs; a line that begins with a dash or a star is a point of a list."""
    for part in re.split(r"\n\s*\n", text.strip()):
        for line in part.splitlines():
            point = re.match(r"\s*[-*]\s+(.*)", line)
            _paragraph(word, _clean(point[1] if point else line), "ListBullet" if point else None)


def _paragraph(word: Document, text: str, style: str | None) -> None:
    """style: its id in the file, which python-docx would look for anew at each paragraph by the name."""
    paragraph = word.add_paragraph(text)
    if style:
        paragraph._p.style = style


def _table(word: Document, says: str, heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    table = word.add_table(rows=1 + len(rows), cols=len(heads), style="Table Grid")
    cells = [row.cells for row in table.rows]
    for row, texts in zip(cells, (heads, *rows), strict=True):
        for cell, text in zip(row, texts, strict=True):
            cell.text = _clean(text)
    for cell in cells[0]:
        for run in cell.paragraphs[0].runs:
            run.bold = True
    _set_widths(table, cells, heads, rows)
    _make_accessible(table, says)
    word.add_paragraph()


def _set_widths(table: Table, cells: list[tuple], heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    """Columns of long texts get more of the page than those of an id or a date."""
    from docx.shared import Mm

    table.autofit = False
    # Half of it by the longest word, which must not be broken, and half by the length of the whole.
    longest = [max(len(text) for text in column) for column in zip(heads, *rows, strict=True)]
    words = [max(map(len, " ".join(column).split()), default=0) for column in zip(heads, *rows, strict=True)]
    shares = [min(word, 16) + 3 + min(text, 90) ** 0.5 for word, text in zip(words, longest, strict=True)]
    for column, below, share in zip(table.columns, zip(*cells, strict=True), shares, strict=True):
        column.width = width = Mm(_TEXT_WIDTH * share / sum(shares))
        for cell in below:
            cell.width = width


def _make_accessible(table: Table, says: str) -> None:
    """The first row is repeated on each page and read as the head; no row is split; the table says what it holds."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for place, row in enumerate(table.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if place == 0:
            properties.append(OxmlElement("w:tblHeader"))
    for name in ("w:tblCaption", "w:tblDescription"):
        said = OxmlElement(name)
        said.set(qn("w:val"), _clean(says))
        table._tbl.tblPr.append(said)


def _empty(title: str) -> Document:
    """A new document in the house style, without anything of the machine or of whoever makes it."""
    import docx

    word = docx.Document(io.BytesIO(_house_style()))
    word.core_properties.title = _clean(title)
    return word


def load_house_style() -> None:
    """Has made what every document begins as, which takes longer than filling it and is done once."""
    _house_style()


@cache
def _house_style() -> bytes:
    """The file of a document that holds nothing yet."""
    import docx
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    word = docx.Document()
    _strip(word)
    about = word.core_properties
    about.language = LANGUAGE
    about.author = about.last_modified_by = about.comments = about.keywords = ""
    about.created = about.modified = _DAY
    about.revision = 1
    page = word.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm((210 - _TEXT_WIDTH) / 2)
    for style in word.styles:
        if fonts := style.element.findall(f".//{qn('w:rFonts')}"):
            _name_font(fonts, "Georgia" if style.name in _HEADINGS else "Arial")
        if style.name in _HEADINGS:
            style.font.color.rgb = RGBColor.from_string(_HEADINGS[style.name])
            style.font.italic = False
    _name_font(word.styles.element.findall(f"{qn('w:docDefaults')}//{qn('w:rFonts')}"), "Arial")
    word.styles["Normal"].font.size = word.styles["Heading 2"].font.size = Pt(11)
    for language in word.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGE)
    return _bytes(word)


def _strip(word: Document) -> None:
    """Takes out what a new document brings along and this one does not need: nine tenths of its size."""
    from docx.oxml.ns import qn

    for holder in (word.part, word.part.package):
        for key, relation in list(holder.rels.items()):
            if relation.reltype.rpartition("/")[2] in _NOT_NEEDED:
                del holder.rels[key]
    for style in list(word.styles):
        if style.name not in _STYLES:
            style.element.getparent().remove(style.element)
    lists = word.part.numbering_part.element
    for part, names in ((word.styles.element, _OF_STYLES), (word.settings.element, _OF_SETTINGS), (lists, _OF_LISTS)):
        for one in [found for found in part.iter() if found.tag in {qn(name) for name in names} | {_DOCUMENT_ID}]:
            one.getparent().remove(one)


def _name_font(fonts: list, name: str) -> None:
    """A font of the theme would outweigh the one that is named."""
    from docx.oxml.ns import qn

    for font in fonts:
        font.attrib.clear()
        font.set(qn("w:ascii"), name)
        font.set(qn("w:hAnsi"), name)
        font.set(qn("w:cs"), name)


def _bytes(word: Document) -> bytes:
    """The file with its parts in order, dated alike and not compressed: compression differs from library to library."""
    written = io.BytesIO()
    word.save(written)
    target = io.BytesIO()
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        # Readers expect the list of contents first.
        names = sorted(parts.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            entry = zipfile.ZipInfo(name, _DAY.timetuple()[:6])
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, parts.read(name))
    return target.getvalue()


def _clean(text: object) -> str:
    return _FORBIDDEN.sub("", str(text))
