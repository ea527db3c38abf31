"""HTML from notebooks and answers, made safe to open anywhere and easy to follow with a screen reader."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from evidence.pack.fragments import read_fragment, text_of, wrap, write_fragment
from evidence.pack.widths import shares
from evidence.project import EvidenceError

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Tables of so few columns fit everywhere; those of more than so many are set in smaller and still smaller type.
_NARROW, _MANY, _MOST = 2, 6, 9
# Letters that fit into a line of a table in each of the sizes, and those that the gap beside a column takes.
_LETTERS = {"wide": (108, 2.0), "wide many": (116, 1.5), "wide many most": (123, 1.0)}
# What reads badly when a line ends within it: an interval, a number of a number, a day and its month.
_TOGETHER = re.compile(
    r"^-?[\d.,]+%? to -?[\d.,]+%?$|\b[\dc][\d,]* of [\d,]+\b"
    r"|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_NO_BREAK = "\u00a0"


@dataclass
class Page:
    """What is known of a page while its parts are tidied in order: headings so far, how many tables.

    `titled` is true once the notebook's own title has been seen.
    """

    name: str
    contents: list[tuple[str, str]] = field(default_factory=list)
    level: int = 1
    headings: int = 0
    tables: int = 0
    charts: int = 0
    titled: bool = False

    def tidy(self, html: str, where: str, shown: bool = False) -> str:
        """The part as the page holds it.

        where: how the part is named in a message. shown: it is something that a stage shows, so that a table needs a
        caption. Raises EvidenceError for a table without caption, and for a picture without text alternative or from
        elsewhere.
        """
        root = read_fragment(html)
        for heading in (one for one in root.iter() if one.tag in _HEADINGS):
            self._place(heading)
        images, tables = list(root.iter("img")), list(root.iter("table"))
        parents = {child: parent for parent in root.iter() for child in parent} if images or tables else {}
        for image in images:
            _check_image(image, where)
            if "ev-chart" in _classes(image):
                self.charts += 1
                wrap(parents, image, _region("pan", **{"aria-label": f"Chart {self.charts}"}))
        for table in tables:
            self._set_table(table, parents, where, shown)
        return write_fragment(root)

    def _place(self, heading: Element) -> None:
        """The page's title is the only h1, and no level is left out below it."""
        self.level = max(2, min(int(heading.tag[1]), self.level + 1))
        self.headings += 1
        heading.tag = f"h{self.level}"
        heading.set("id", f"part-{self.headings}")
        if self.level == 2:
            self.contents.append((heading.get("id"), text_of(heading, " ")))

    def _set_table(self, table: Element, parents: dict[Element, Element], where: str, shown: bool) -> None:
        self.tables += 1
        caption = _first(table, "caption")
        if caption is None and shown:
            raise EvidenceError(
                "a table has no caption, so a reader who cannot see the page does not learn what it holds.",
                where=where,
                remedy="Give the table a caption: stage.show does so by itself.",
            )
        _set_heads(table)
        _align_heads(table)
        if caption is not None:
            _say_once(caption, _around(parents, table, "figure"))
        rows = [_cells(row) for row in table.iter("tr")]
        columns = max(map(len, rows), default=0)
        if columns <= _NARROW:
            return
        css = "wide" + (" many" if columns > _MANY else "") + (" most" if columns > _MOST else "")
        _keep_together(table)
        _share_out(table, rows, parents, *_LETTERS[css])
        if caption is None:
            wrap(parents, table, _region(css, **{"aria-label": f"Table {self.tables}"}))
        else:
            caption.set("id", f"table-{self.tables}")
            wrap(parents, table, _region(css, **{"aria-labelledby": caption.get("id")}))


def _first(element: Element, tag: str) -> Element | None:
    return next(element.iter(tag), None)


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def _classes(element: Element) -> list[str]:
    return element.get("class", "").split()


def _around(parents: dict[Element, Element], element: Element, tag: str) -> Element | None:
    """The nearest element of that name that this one is in."""
    while (element := parents.get(element)) is not None:
        if element.tag == tag:
            return element
    return None


def _region(css: str, **name: str) -> Element:
    """What scrolls sideways on a narrow screen, for whoever uses a keyboard too."""
    return Element("div", {"class": css, "role": "region", "tabindex": "0", **name})


def _keep_together(table: Element) -> None:
    for cell in table.iter():
        if cell.tag not in ("td", "th"):
            continue
        for part in cell.iter():
            part.text = _together(part.text)
            if part is not cell:
                part.tail = _together(part.tail)


def _together(text: str | None) -> str | None:
    return _TOGETHER.sub(lambda found: found[0].replace(" ", _NO_BREAK), text) if text else text


def _share_out(
    table: Element, rows: list[list[Element]], parents: dict[Element, Element], letters: float, gap: float
) -> None:
    """Says how wide each column is, where the browser would have to choose."""
    if any(one.tag == "colgroup" or "colspan" in one.attrib or "rowspan" in one.attrib for one in table.iter()):
        return
    heads = sum(cell.tag == "th" for cell in rows[-1])
    widths = shares([[text_of(cell) for cell in row] for row in rows], letters, gap, heads)
    if not widths:
        return
    group = Element("colgroup")
    group.extend(Element("col", {"style": f"width:{width}%"}) for width in widths)
    first = _first(table, "thead")
    if first is None:
        first = _first(table, "tr")
    holder = parents[first]
    holder.insert(list(holder).index(first), group)


def _say_once(caption: Element, figure: Element | None) -> None:
    """A caption that repeats the headline above is left for those who move from table to table by ear."""
    parts = figure.iter() if figure is not None else ()
    headline = next((one for one in parts if "ev-headline" in _classes(one)), None)
    if headline is not None and text_of(caption) == text_of(headline):
        caption.set("class", "out-of-sight")


def _align_heads(table: Element) -> None:
    """The head of a column of numbers stands above them, on the right."""
    head, body = (
        next((row for part in table.iter(name) for row in part.iter("tr")), None) for name in ("thead", "tbody")
    )
    if head is None or body is None:
        return
    for above, below in zip(_cells(head), _cells(body), strict=False):
        if "ev-number" in _classes(below):
            above.set("class", "ev-number")


def _check_image(image: Element, where: str) -> None:
    says = image.get("alt", "")
    if not says.strip() or says.startswith("No description has been provided"):
        raise EvidenceError(
            "a picture has no text alternative, so a reader who cannot see it does not learn what it shows.",
            where=where,
            remedy="Show it with stage.show, which writes one, or give it one yourself.",
        )
    if not image.get("src", "").startswith("data:image/"):
        raise EvidenceError(
            "a picture lies outside the pack, and a pack must open without a network.",
            where=where,
            remedy="Put the picture into the notebook itself.",
        )


def _set_heads(table: Element) -> None:
    """A head says what it is the head of; an empty one is no head."""
    heads = [row for part in table.iter("thead") for row in part.iter("tr")]
    has_head = _first(table, "thead") is not None
    for row in table.iter("tr"):
        for cell in (cell for cell in row if cell.tag == "th"):
            if not text_of(cell):
                cell.tag = "td"
                cell.attrib.pop("scope", None)
            elif not cell.get("scope"):
                in_head = row in heads or (not has_head and _first(row, "td") is None)
                cell.set("scope", "col" if in_head else "row")
