"""A document as Markdown, as a pack shows it."""

from __future__ import annotations

from evidence.documents.filled import FilledDocument, Known, Section
from evidence.workbook.words import count_of


def to_markdown(document: FilledDocument) -> str:
    """The document with its title and what it is about; under each heading what people wrote, then what is known."""
    lines = [f"# {document.title}", ""]
    if document.not_applicable:
        return "\n".join([*lines, f"Not applicable: {document.not_applicable}", ""])
    if document.still_open:
        still = f"{count_of(document.still_open, 'heading')} of {len(document.sections)}"
        lines += [f"**Not complete: {still} still to be written.**", ""]
    lines += [*(f"- {what}: {words}" for what, words in document.about), ""]
    for section in document.sections:
        lines += _section(section)
    return "\n".join(lines)


def _section(section: Section) -> list[str]:
    written = section.text or ("Not answered yet." if section.required else "Left out.")
    # Headings inside an answer go below the document's own.
    body = "\n".join(f"#{line}" if line.startswith("##") else line for line in written.split("\n"))
    lines = [f"## {section.heading}", "", body, ""]
    if section.state == "unanswered" and section.note:
        lines += [f"*Does not count yet: {section.note}.*", ""]
    for known in section.known:
        lines += _known(known)
    return lines


def _known(known: Known) -> list[str]:
    lines = [f"*{known.title}* ({known.where})", ""]
    if known.text:
        return [*lines, known.text, ""]
    lines += [_line(known.heads), _line(["---"] * len(known.heads)), *(_line(row) for row in known.rows)]
    if known.more:
        lines.append("")
        lines.append(f"And {count_of(known.more, 'more line', 'more lines')} in the register.")
    return [*lines, ""]


def _line(cells) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
