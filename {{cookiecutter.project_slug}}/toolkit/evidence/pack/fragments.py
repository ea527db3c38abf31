"""A piece of HTML as a tree without anything that acts, and the tree as HTML again.

Whatever is not read as an element with its harmless attributes, or as text, is not written either: what a browser would
take for something else than this reader did cannot reach a page.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

_DROPPED = {
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
}
_FORM_PARTS = {"input", "button", "select", "textarea"}
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
_LEADS = ("https:", "http:", "mailto:", "#")
# Elements that hold nothing and have no end tag.
_EMPTY = {
    "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
}  # fmt: skip
_ROOT = "div"
_SPACE = " \t\n\f\r"


def read_fragment(html: str) -> Element:
    """The elements and texts of a piece of HTML under one root, read as leniently as they are written.

    Left out are scripts, forms, styles, comments and anything that asks another machine; a ticked box is said in words.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root()


def write_fragment(root: Element) -> str:
    """What is under the root, as HTML."""
    written = [_escaped(root.text)]
    # Not one call within another: what nobody closed may lie hundreds of elements deep.
    waiting = [(root, iter(root))]
    while waiting:
        element, children = waiting[-1]
        child = next(children, None)
        if child is not None:
            named = "".join(f' {name}="{_escaped(value, quote=True)}"' for name, value in sorted(child.items()))
            written.append(f"<{child.tag}{named}{'/' if child.tag in _EMPTY else ''}>{_escaped(child.text)}")
            waiting.append((child, iter(child)))
            continue
        waiting.pop()
        if waiting:
            written.append(f"{'' if element.tag in _EMPTY else f'</{element.tag}>'}{_escaped(element.tail)}")
    return "".join(written)


def wrap(parents: dict[Element, Element], element: Element, outer: Element) -> None:
    """Puts `outer` in the element's place and the element into it. parents: of each element; kept up to date."""
    parent = parents[element]
    parent[list(parent).index(element)] = outer
    outer.append(element)
    outer.tail, element.tail = element.tail, None
    parents[outer], parents[element] = parent, outer


def text_of(element: Element, between: str = "") -> str:
    """The texts of an element and of all in it, without the space around each."""
    return between.join(filter(None, map(str.strip, element.itertext())))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._tree = TreeBuilder()
        self._tree.start(_ROOT, {})
        self._open: list[str] = []
        # How many of the open elements are left out, with all that is in them.
        self._hidden = 0

    def root(self) -> Element:
        self._close_from(0)
        self._tree.end(_ROOT)
        return self._tree.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        hidden = tag in _DROPPED or tag in _FORM_PARTS
        if tag in _FORM_PARTS and ("type", "checkbox") in attrs:
            self.handle_data("[done] " if any(name == "checked" for name, _ in attrs) else "[open] ")
        if not (hidden or self._hidden):
            self._tree.start(tag, _harmless(attrs))
        if tag not in _EMPTY:
            self._open.append(tag)
            self._hidden += hidden
        elif not (hidden or self._hidden):
            self._tree.end(tag)

    def handle_endtag(self, tag: str) -> None:
        """An end tag closes whatever is open within its element, and nothing where there is none of that name."""
        if tag in self._open:
            self._close_from(len(self._open) - 1 - self._open[::-1].index(tag))

    def handle_data(self, data: str) -> None:
        if not data.strip(_SPACE) and "pre" not in self._open:
            data = "\n" if "\n" in data else " "
        if not self._hidden:
            self._tree.data(data)

    def _close_from(self, place: int) -> None:
        for tag in reversed(self._open[place:]):
            if tag in _DROPPED or tag in _FORM_PARTS:
                self._hidden -= 1
            elif not self._hidden:
                self._tree.end(tag)
        del self._open[place:]


def _escaped(text: str | None, quote: bool = False) -> str:
    plain = escape(text or "", quote=False)
    return plain.replace('"', "&quot;") if quote else plain


def _harmless(attrs: list[tuple[str, str | None]]) -> dict[str, str]:
    kept = {name: value or "" for name, value in attrs if name in _KEPT}
    if not kept.get("href", "#").startswith(_LEADS):
        del kept["href"]
    return kept
