"""The little that has to be said to the notebook itself: its names, its outputs, its errors."""

from __future__ import annotations

from html.parser import HTMLParser

from evidence.project import EvidenceError


def _shell():
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def notebook_names() -> dict[str, object]:
    """What the notebook's cells have named so far; empty outside a notebook."""
    shell = _shell()
    return {} if shell is None else {name: value for name, value in shell.user_ns.items() if not name.startswith("_")}


def show_html(kind: str, title: str, html: str, handle: str = "") -> None:
    """Shows HTML with the mark that lets it into a pack; `handle` names it for `update_html`."""
    _publish(kind, title, html, handle, update=False)


def update_html(handle: str, kind: str, html: str) -> None:
    """Puts new HTML in place of what was shown under that handle."""
    _publish(kind, "", html, handle, update=True)


def _publish(kind: str, title: str, html: str, handle: str, update: bool) -> None:
    from IPython.display import publish_display_data

    publish_display_data(
        {"text/html": html, "text/plain": plain_text(html)},
        metadata={"evidence": {"kind": kind, "title": title}},
        transient={"display_id": handle} if handle else {},
        update=update,
    )


class _Text(HTMLParser):
    """Collects the text of HTML, a block a line."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "tr", "li", "caption", "h2", "h3", "h4"):
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append("\t")


def plain_text(html: str) -> str:
    """HTML as text, for terminals and comparisons."""
    reader = _Text()
    reader.feed(html)
    lines = (line.strip() for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)


def show_plain_errors() -> None:
    """From now on an EvidenceError in a cell shows its own words and no traceback; the cell still counts as failed."""
    shell = _shell()
    if shell is not None:
        shell.set_custom_exc((EvidenceError,), _show_error)


def _show_error(shell, kind, error, traceback, tb_offset=None) -> list[str]:
    lines = [str(error)]
    shell._showtraceback(kind, error, lines)
    return lines
