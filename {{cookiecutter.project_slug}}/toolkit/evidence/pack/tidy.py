"""HTML from notebooks and answers, made safe to open anywhere and easy to follow with a screen reader."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, NavigableString, Tag

from evidence.pack.widths import shares
from evidence.project import EvidenceError

_DROPPED = (
    "script",
    "style",
    "link",
    "meta",
    "base",
    "iframe",
    "object",
    "embed",
    "applet",
    "form",
    "noscript",
    "template",
    "title",
    "head",
)
_FORM_PARTS = ("input", "button", "select", "textarea")
_KEPT = {
    "class",
    "colspan",
    "rowspan",
    "scope",
    "headers",
    "alt",
    "src",
    "href",
    "title",
    "data-state",
    "lang",
    "open",
    "start",
    "datetime",
}
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
        soup = BeautifulSoup(html, "html.parser")
        _remove_what_acts(soup)
        for heading in soup.find_all(_HEADINGS):
            self._place(heading)
        for image in soup.find_all("img"):
            _check_image(image, where)
            if "ev-chart" in image.get("class", ()):
                self.charts += 1
                image.wrap(_region(soup, "pan", **{"aria-label": f"Chart {self.charts}"}))
        for table in soup.find_all("table"):
            self._set_table(soup, table, where, shown)
        return str(soup)

    def _place(self, heading: Tag) -> None:
        """The page's title is the only h1, and no level is left out below it."""
        self.level = max(2, min(int(heading.name[1]), self.level + 1))
        self.headings += 1
        heading.name = f"h{self.level}"
        heading["id"] = f"part-{self.headings}"
        if self.level == 2:
            self.contents.append((heading["id"], heading.get_text(" ", strip=True)))

    def _set_table(self, soup: BeautifulSoup, table: Tag, where: str, shown: bool) -> None:
        self.tables += 1
        caption = table.find("caption")
        if caption is None and shown:
            raise EvidenceError(
                "a table has no caption, so a reader who cannot see the page does not learn what it holds.",
                where=where,
                remedy="Give the table a caption: stage.show does so by itself.",
            )
        for row in table.find_all("tr"):
            for cell in row.find_all("th", recursive=False):
                _set_head(table, cell)
        _align_heads(table)
        _say_once(table, caption)
        columns = max((len(row.find_all(["td", "th"], recursive=False)) for row in table.find_all("tr")), default=0)
        if columns <= _NARROW:
            return
        css = "wide" + (" many" if columns > _MANY else "") + (" most" if columns > _MOST else "")
        _keep_together(table)
        _share_out(soup, table, *_LETTERS[css])
        if caption is None:
            table.wrap(_region(soup, css, **{"aria-label": f"Table {self.tables}"}))
        else:
            caption["id"] = f"table-{self.tables}"
            table.wrap(_region(soup, css, **{"aria-labelledby": caption["id"]}))


def _region(soup: BeautifulSoup, css: str, **name: str) -> Tag:
    """What scrolls sideways on a narrow screen, for whoever uses a keyboard too."""
    return soup.new_tag("div", attrs={"class": css, "role": "region", "tabindex": "0", **name})


def _keep_together(table: Tag) -> None:
    for text in [text for cell in table.find_all(["td", "th"]) for text in cell.find_all(string=_TOGETHER)]:
        kept = _TOGETHER.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
        text.replace_with(NavigableString(kept))


def _share_out(soup: BeautifulSoup, table: Tag, letters: float, gap: float) -> None:
    """Says how wide each column is, where the browser would have to choose."""
    cells = [row.find_all(["td", "th"], recursive=False) for row in table.find_all("tr")]
    if table.find("colgroup") or table.select_one("[colspan], [rowspan]"):
        return
    heads = sum(cell.name == "th" for cell in cells[-1])
    widths = shares([[cell.get_text(strip=True) for cell in row] for row in cells], letters, gap, heads)
    if not widths:
        return
    group = soup.new_tag("colgroup")
    for width in widths:
        group.append(soup.new_tag("col", attrs={"style": f"width:{width}%"}))
    (table.find("thead") or table.find("tr")).insert_before(group)


def _say_once(table: Tag, caption: Tag | None) -> None:
    """A caption that repeats the headline above is left for those who move from table to table by ear."""
    figure = table.find_parent("figure")
    headline = figure and figure.select_one(".ev-headline")
    if caption and headline and caption.get_text(strip=True) == headline.get_text(strip=True):
        caption["class"] = ["out-of-sight"]


def _align_heads(table: Tag) -> None:
    """The head of a column of numbers stands above them, on the right."""
    head, body = table.select_one("thead tr"), table.select_one("tbody tr")
    if head is None or body is None:
        return
    for above, below in zip(head.find_all(["td", "th"]), body.find_all(["td", "th"]), strict=False):
        if "ev-number" in below.get("class", ()):
            above["class"] = ["ev-number"]


def _remove_what_acts(soup: BeautifulSoup) -> None:
    """Scripts, forms, styles and anything that asks another machine; a ticked box is said in words."""
    for tag in soup.find_all(_DROPPED):
        tag.decompose()
    for tag in soup.find_all(_FORM_PARTS):
        if tag.get("type") == "checkbox":
            tag.replace_with("[done] " if tag.has_attr("checked") else "[open] ")
        else:
            tag.decompose()
    for tag in soup.find_all(True):
        tag.attrs = {name: value for name, value in tag.attrs.items() if name in _KEPT}
        if not str(tag.get("href", "https:")).startswith(("https:", "http:", "mailto:", "#")):
            del tag["href"]


def _check_image(image: Tag, where: str) -> None:
    if not str(image.get("alt", "")).strip() or image["alt"].startswith("No description has been provided"):
        raise EvidenceError(
            "a picture has no text alternative, so a reader who cannot see it does not learn what it shows.",
            where=where,
            remedy="Show it with stage.show, which writes one, or give it one yourself.",
        )
    if not str(image.get("src", "")).startswith("data:image/"):
        raise EvidenceError(
            "a picture lies outside the pack, and a pack must open without a network.",
            where=where,
            remedy="Put the picture into the notebook itself.",
        )


def _set_head(table: Tag, cell: Tag) -> None:
    """A head says what it is the head of; an empty one is no head."""
    if not cell.get_text(strip=True):
        cell.name = "td"
        cell.attrs.pop("scope", None)
    elif not cell.get("scope"):
        in_head = cell.find_parent("thead") is not None or (
            table.find("thead") is None and cell.parent.find("td") is None
        )
        cell["scope"] = "col" if in_head else "row"
