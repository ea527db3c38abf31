"""A document as HTML: what people wrote, and set apart from it what the project itself knows."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from evidence.stage.html import paragraphs, rows_html

if TYPE_CHECKING:
    from evidence.documents import FilledDocument, Known, Section

WHICH_IS_WHICH = (
    "What people wrote stands beside a grey line. What is marked “Known to the project” was not written here: "
    "it comes from the registers, the answers and the runs, as they stand."
)


def document_html(document: FilledDocument, level: int, unfolded: bool = False) -> str:
    """The document without its title; `level` is that of its headings, `unfolded` opens what the project knows.

    One that does not apply is its reason alone.
    """
    if document.not_applicable:
        return f'<p class="ev-answer">Does not apply: {escape(document.not_applicable)}</p>'
    filled = len(document.sections) - sum(section.state == "unanswered" for section in document.sections)
    about = "".join(f"<dt>{escape(what)}</dt><dd>{escape(words)}</dd>" for what, words in document.about)
    return (
        f"<p>{filled} of {len(document.sections)} headings are filled in. It is written in "
        f'{escape(document.where)}.</p><p class="ev-note">{WHICH_IS_WHICH}</p>'
        + _set_apart("the tool (project.toml)", f'<dl class="ev-facts">{about}</dl>', unfolded)
        + "".join(_section_html(section, level, unfolded) for section in document.sections)
    )


def _section_html(section: Section, level: int, unfolded: bool) -> str:
    known = "".join(_known_html(one, section.heading, unfolded) for one in section.known)
    return f"<h{level}>{escape(section.heading)}</h{level}>{_written_html(section)}{known}"


def _written_html(section: Section) -> str:
    if section.state == "unanswered":
        note = f" It does not count yet: {escape(section.note)}." if section.note else ""
        words = "Not answered." if section.required else "Left out; it may be."
        return f'<p class="{"ev-open" if section.required else "ev-note"}">{words}{note}</p>'
    return f'<div class="ev-answer">{paragraphs(section.text)}</div>'


def _known_html(known: Known, heading: str, unfolded: bool) -> str:
    title = f"{known.title} ({known.where})"
    if known.text:
        return _set_apart(title, paragraphs(known.text), unfolded)
    more = f'<p class="ev-note">And {known.more} more in the register.</p>' if known.more else ""
    caption = f"{known.title}, beside “{heading}”"
    table = rows_html(caption, known.heads, list(known.rows), caption_css="out-of-sight")
    return _set_apart(title, table + more, unfolded)


def _set_apart(title: str, html: str, unfolded: bool) -> str:
    opened = " open" if unfolded else ""
    return f'<details class="ev-known"{opened}><summary>Known to the project: {escape(title)}</summary>{html}</details>'
