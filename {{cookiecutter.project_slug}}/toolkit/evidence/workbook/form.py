"""The form in JupyterLab: choose a question or a line of a register, write, save. The files stay the record."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import EvidenceError
from evidence.workbook.book import Workbook, open_workbook
from evidence.workbook.linked import LINKED
from evidence.workbook.reference import ColumnInfo
from evidence.workbook.registers import Register
from evidence.workbook.saving import BOTH, Saved, next_id, save_answer, save_field, save_row
from evidence.workbook.words import count_of

if TYPE_CHECKING:
    import ipywidgets

_NEW = "a new line"
_WIDE = {"width": "100%", "max_width": "60em"}
_LABELS = {"description_width": "14em"}


def answer_form(book: Workbook, stage: int) -> ipywidgets.Widget:
    """A form for everything people write in a stage: questions and documents above, lines of registers below.

    It needs no mouse: the Tab key goes through it in order. An answer that was left without saving is kept as a
    draft under `.evidence/drafts/`, so that a stopped kernel or another question chosen loses nothing.
    """
    import ipywidgets as widgets

    return widgets.VBox([_Words(book, stage).box, _Lines(book, stage).box])


class _Part:
    """What both halves share: the workbook as it is on disk now, a line that says what happened."""

    def __init__(self, book: Workbook, stage: int) -> None:
        import ipywidgets as widgets

        self.stage, self.project, self.results, self.as_of = stage, book.project, book.results, book.as_of
        self.said = widgets.HTML()
        self.book = book
        self.filling = False

    def reread(self) -> None:
        self.book = open_workbook(self.project, self.results, self.as_of)

    def say(self, words: str) -> None:
        self.said.value = f'<p role="status">{escape(words)}</p>'


class _Words(_Part):
    """Questions and headings of documents, one at a time."""

    def __init__(self, book: Workbook, stage: int) -> None:
        import ipywidgets as widgets

        super().__init__(book, stage)
        self.choice = widgets.Dropdown(description="Question", layout=_WIDE, style=_LABELS)
        self.about = widgets.HTML()
        # Sent when the person leaves the box: sent key by key, the last words could arrive after the press on Save.
        self.text = widgets.Textarea(description="Answer", rows=8, continuous_update=False, layout=_WIDE, style=_LABELS)
        self.save = widgets.Button(description="Save answer", button_style="primary")
        self.seen = ""
        self.items = self.list_items()
        self.choice.options = self.options()
        self.choice.value = next(
            (key for key, item in self.items.items() if item["open"]), next(iter(self.items), None)
        )
        self.choice.observe(lambda _: self.show(), "value")
        self.text.observe(lambda _: self.keep_draft(), "value")
        self.save.on_click(lambda _: self.write())
        self.box = widgets.VBox([self.choice, self.about, self.text, self.save, self.said])
        self.show()

    def list_items(self) -> dict[str, dict]:
        """What can be written in words in this stage, by a key of its own."""
        items = {}
        for answer in self.book.questions(self.stage):
            file = self.book.reference.questions[answer.id].file
            number = answer.id.removeprefix("Q")
            items[answer.id] = {
                "file": file,
                "heading": "",
                "title": f"{number} {answer.question}",
                "guide": "; ".join(answer.prompts),
                "text": answer.text,
                "note": answer.note,
                "open": answer.state == "unanswered",
            }
        for document in self.book.documents(self.stage):
            for one in document.fields:
                items[f"{document.name}: {one.heading}"] = {
                    "file": document.where,
                    "heading": one.heading,
                    "title": f"{document.title}: {one.heading}",
                    "guide": one.guide,
                    "text": one.text,
                    "note": one.note,
                    "open": one.required and one.state == "unanswered",
                }
        return items

    def options(self) -> list[tuple[str, str]]:
        return [(f"{'open' if item['open'] else 'done'}: {item['title']}", key) for key, item in self.items.items()]

    @property
    def item(self) -> dict:
        return self.items[self.choice.value]

    def draft_path(self) -> Path:
        name = "".join(letter if letter.isalnum() else "_" for letter in self.choice.value)
        return self.project.path(".evidence", "drafts", f"{self.stage:02d}_{name}.md")

    def show(self) -> None:
        if self.choice.value is None:
            self.box.children = []
            return
        self.filling = True
        self.reread()
        self.items = self.list_items()
        self.seen = self.item["text"]
        draft = self.draft_path()
        unsaved = draft.read_text(encoding="utf-8") if draft.is_file() else None
        self.text.value = self.seen if unsaved is None else unsaved
        self.about.value = f"<p><strong>{escape(self.item['title'])}</strong></p><p>{escape(self.item['guide'])}</p>"
        self.say("This is a draft that was not saved yet." if unsaved is not None else self.standing())
        self.filling = False

    def standing(self) -> str:
        if not self.item["open"]:
            return "This is answered."
        return f"Does not count yet: {self.item['note']}." if self.item["note"] else "Not answered yet."

    def keep_draft(self) -> None:
        if self.filling:
            return
        draft = self.draft_path()
        if self.text.value == self.seen:
            draft.unlink(missing_ok=True)
            return
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(self.text.value, encoding="utf-8")

    def write(self) -> None:
        try:
            saved = self.saved()
        except EvidenceError as error:
            self.say(str(error))
            return
        self.draft_path().unlink(missing_ok=True)
        self.reread()
        self.items = self.list_items()
        self.filling = True
        chosen = self.choice.value
        self.choice.options = self.options()
        self.choice.value = chosen
        self.seen = self.text.value = self.item["text"]
        self.filling = False
        self.draft_path().unlink(missing_ok=True)
        self.say(f"Saved in {self.item['file']}. {BOTH if saved.kept_both else self.standing()}")

    def saved(self) -> Saved:
        path = self.project.path(self.item["file"])
        if self.item["heading"]:
            return save_field(path, self.item["file"], self.item["heading"], self.text.value, self.seen)
        return save_answer(path, self.item["file"], self.choice.value, self.text.value, self.seen)


class _Lines(_Part):
    """Lines of registers, one at a time."""

    def __init__(self, book: Workbook, stage: int) -> None:
        import ipywidgets as widgets

        super().__init__(book, stage)
        names = dict.fromkeys([*(register.name for register in book.registers(stage)), *LINKED])
        self.choice = widgets.Dropdown(
            description="Register",
            options=[(book.register(name).title, name) for name in names],
            layout=_WIDE,
            style=_LABELS,
        )
        self.line = widgets.Dropdown(description="Line", layout=_WIDE, style=_LABELS)
        self.about = widgets.HTML()
        self.cells = widgets.VBox()
        self.save = widgets.Button(description="Save line", button_style="primary")
        self.fields: dict[str, ipywidgets.Widget] = {}
        self.seen: dict[str, str] = {}
        self.choice.observe(lambda _: self.show_register(), "value")
        self.line.observe(lambda _: self.show_line(), "value")
        self.save.on_click(lambda _: self.write())
        self.box = widgets.VBox([self.choice, self.about, self.line, self.cells, self.save, self.said])
        self.show_register()

    @property
    def register(self) -> Register:
        return self.book.register(self.choice.value)

    def show_register(self) -> None:
        self.reread()
        self.about.value = f"<p>{escape(self.register.guide)}</p>"
        self.filling = True
        self.line.options = self.lines()
        self.line.value = self.line.options[0][1]
        self.filling = False
        self.show_line()
        self.say(count_of(len(self.register.rows), "line") + " so far.")

    def lines(self) -> list[tuple[str, str]]:
        """New lines first, except where the lines are fixed and only wait to be filled in."""
        fixed = self.register.info.fixed_rows
        known = [row.id for row in self.register.rows]
        listed = list(dict.fromkeys([*fixed, *known]))
        second = self.register.info.columns[1].name
        words = {row.id: f"{row.id}: {row.text(second)[:60]}" for row in self.register.rows}
        options = [(words.get(one, one), one) for one in listed]
        return options if fixed else [(_NEW, _NEW), *options]

    def show_line(self) -> None:
        if self.filling:
            return
        row = self.register.by_id(self.line.value)
        self.seen = dict(row.cells) if row else {}
        self.fields = {}
        for column in self.register.info.columns[1:]:
            if column.name in ("question", "component", "precondition") and self.register.info.fixed_rows:
                continue
            self.fields[column.name] = self.field(column, self.seen.get(column.name, ""))
        self.cells.children = tuple(self.fields.values())

    def field(self, column: ColumnInfo, value: str) -> ipywidgets.Widget:
        import ipywidgets as widgets

        name = column.name.replace("_", " ").capitalize()
        allowed = self.allowed(column)
        if allowed:
            shown = [("", ""), *((one, one) for one in allowed)]
            known = value if value in allowed else ""
            return widgets.Dropdown(
                description=name, options=shown, value=known, tooltip=column.meaning, layout=_WIDE, style=_LABELS
            )
        return widgets.Text(
            description=name,
            value=value,
            placeholder=column.meaning,
            continuous_update=False,
            tooltip=column.meaning,
            layout=_WIDE,
            style=_LABELS,
        )

    def allowed(self, column: ColumnInfo) -> list[str]:
        if self.register.name == "ethics_triage" and column.name == "answer":
            rules = self.book.reference.triage_rules["question"][self.line.value]["answers"]
            return [option["answer"] for option in rules]
        return list(column.allowed)

    def write(self) -> None:
        info = self.register.info
        identifier = self.line.value
        if identifier == _NEW:
            known = [row.id for row in self.register.rows]
            identifier = next_id(known, known[0].rstrip("0123456789") if known else info.name[0].upper())
        changed = {
            name: widget.value for name, widget in self.fields.items() if widget.value != self.seen.get(name, "")
        }
        try:
            saved = save_row(self.project.path(info.file), info, identifier, changed, self.seen)
        except EvidenceError as error:
            self.say(str(error))
            return
        self.reread()
        self.filling = True
        self.line.options = self.lines()
        self.line.value = identifier
        self.filling = False
        self.show_line()
        wrong = [problem for problem in self.register.problems if problem.row == self.register.by_id(identifier).number]
        missing = [name.replace("_", " ") for name in self.register.by_id(identifier).missing]
        after = BOTH if saved.kept_both else str(wrong[0]) if wrong else ""
        after = after or (f"Still to be filled in: {', '.join(missing)}." if missing else "The line is complete.")
        self.say(f"Saved as {identifier} in {info.file}. {after}")
