"""A chart's SVG without what nobody sees: comments, metadata, names of its parts, needless digits."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF = f"{{{_LINK}}}href"
_GEOMETRY = ("d", "x", "y", "width", "height", "transform", "points", "viewBox")
# What every text has unless it says otherwise. The letters are laid out by DejaVu Sans, which few readers have.
_DRAWN_WITH = {"font-family": "'DejaVu Sans'", "font-size": "11px", "fill": "#0b0c0c"}
_TEXT = {**_DRAWN_WITH, "font-family": "Arial, Helvetica, 'DejaVu Sans', sans-serif"}


def slim(svg: bytes) -> bytes:
    """The same picture in fewer bytes; the same bytes for the same picture."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    # The parser drops comments and the kind of document.
    root = ElementTree.fromstring(svg)
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    used = _used_names(root)
    styles = {part.get("id"): _declarations(part) for part in root.iter() if part.get("id") in used}
    for part in root.iter():
        _shorten(part, styles)
    _unwrap(root)
    style = root.find(f".//{{{_SVG}}}style")
    style.text = f"{style.text}text{{{_as_style(_TEXT)}}}"
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)


def _used_names(root: ElementTree.Element) -> set[str]:
    names = set()
    for part in root.iter():
        names.update(re.findall(r"url\(#([^)]+)\)", " ".join(part.attrib.values())))
        names.add(part.get(_HREF, "#").removeprefix("#"))
    return names


def _shorten(part: ElementTree.Element, styles: dict[str | None, dict[str, str]]) -> None:
    if part.get("id") not in styles:
        part.attrib.pop("id", None)
    for name in _GEOMETRY:
        if name in part.attrib:
            part.set(name, _fewer_digits(part.get(name)))
    if part.get("transform", "").startswith("rotate(0 "):
        del part.attrib["transform"]
    if "style" in part.attrib:
        _shorten_style(part, styles)
    if part.tag != f"{{{_SVG}}}text" and not (part.text or "").strip():
        part.text = None
    part.tail = None


def _shorten_style(part: ElementTree.Element, styles: dict[str | None, dict[str, str]]) -> None:
    """Leaves out what holds anyway: for a text what all have, for a copy what the original says for itself."""
    usual = _DRAWN_WITH if part.tag == f"{{{_SVG}}}text" else {}
    original = styles.get(part.get(_HREF, "").removeprefix("#"), {})
    said = {
        name: value for name, value in _declarations(part).items() if name not in original and usual.get(name) != value
    }
    del part.attrib["style"]
    if said:
        part.set("style", _as_style(said))


def _declarations(part: ElementTree.Element) -> dict[str, str]:
    return dict(one.split(": ", 1) for one in part.get("style", "").split("; ") if one)


def _as_style(said: dict[str, str]) -> str:
    return ";".join(f"{name}:{value}" for name, value in said.items())


def _fewer_digits(text: str) -> str:
    text = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), text)
    text = re.sub(r"(?<![\d.])-0(?![\d.])", "0", text)
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", " ".join(text.split())) if text[:1] == "M" else text


def _unwrap(part: ElementTree.Element) -> None:
    """Puts the parts of a group that says nothing in the group's place."""
    for child in part:
        _unwrap(child)
    kept = []
    for child in part:
        kept.extend(child if child.tag == f"{{{_SVG}}}g" and not child.attrib else [child])
    part[:] = kept
