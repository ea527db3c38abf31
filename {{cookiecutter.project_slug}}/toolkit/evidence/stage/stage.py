"""What a notebook holds in its hand: one stage of one run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from html import escape
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from evidence.project import (
    EvidenceError,
    Project,
    StageInfo,
    atomic_write,
    git_digest,
    long_date,
    open_project,
    sha256_of_file,
    stages_needed,
)
from evidence.results import AT_ONCE, SeenParameters, StageResults, headline_text
from evidence.stage import charts, governance
from evidence.stage.earlier import run_missing_stages
from evidence.stage.html import label, list_html, paragraphs, table_html
from evidence.stage.in_use import InUse
from evidence.stage.notebook import notebook_names, show_html, show_plain_errors, update_html
from evidence.stage.pages import (
    actions_html,
    answers_html,
    gate_html,
    header_html,
    maturity_html,
    risks_html,
    triage_html,
)
from evidence.stage.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

    from evidence.data import DatabaseRead, Tables
    from evidence.privacy import Rules, Secrets
    from evidence.stage.charts import Chart
    from evidence.workbook import Workbook

# What kind of file was opened, by the folder it lies in.
# The result that says which variables a stage was handed.
_VARIABLES = "variables_read"
_KINDS = {"workbook": "workbook", "reference": "reference", "project.toml": "reference"}
# Columns of `measures` that hold percentages from 0 to 100.
PERCENT_COLUMNS = (
    "percent",
    "low",
    "high",
    "difference",
    "percent_before",
    "percent_now",
    "percent_today",
    "percent_then",
    "reference_percent",
    "same_output",
    "predicted",
    "percent_rest",
    "difference_low",
    "difference_high",
    "highest_in",
    "share_percent",
    "target_percent",
    "power_percent",
)

_AT_THE_GATE = "<p>Where each action stands is shown here once the stage has come to its gate.</p>"
NEARLY_ALIKE = (
    "A row is shown as c where it counts few children, or where another row counts only a few more or a few fewer: one "
    "number taken from the other would tell how many those few are."
)
OF_ALL_AGES = "Where that table holds people of all ages, a difference may lie in how children differ from adults."
# A ratio of two shares, as its columns are headed.
TIMES_AS_OFTEN = {
    "ratio": "times as often",
    "ratio_low": "times as often, from",
    "ratio_high": "times as often, to",
}


def open_stage(number: int) -> Stage:
    """Opens a stage in its notebook and shows its title, its purpose and what is still open.

    The parameters are those of the notebook's parameters cell, checked as a parameter file is. In JupyterLab, earlier
    stages that this one reads are run first where they have not been, with the same parameters.
    """
    show_plain_errors()
    project = open_project()
    taken = {name: value for name, value in notebook_names().items() if name in project.declared_parameters}
    parameters = project.check_parameters(taken, where="the parameters cell")
    stage = Stage(project, project.stage(number), parameters)
    stage.begin()
    return stage


class Stage(InUse):
    """One stage of one run: it shows the page, reads earlier results and records its own.

    Everything it shows carries a mark that lets it into a pack; any other output of a cell stays out of packs.
    """

    bars = staticmethod(charts.bars)
    lines = staticmethod(charts.lines)
    funnel = staticmethod(charts.funnel)
    series = staticmethod(charts.series)

    def __init__(self, project: Project, info: StageInfo, parameters: dict[str, object]) -> None:
        self.project, self.info, self.number = project, info, info.number
        rests_on = stages_needed(info.reads, project.stages)
        folder = _run_folder(project, parameters)
        self.results = StageResults(folder, info.number, rests_on, at_once=AT_ONCE in os.environ)
        # A stage that never looks at a parameter is the same whatever that says, and need not run again for it.
        self.parameters = SeenParameters(
            parameters, lambda names: self.results.note_parameters({name: parameters[name] for name in names})
        )
        self._reading = Reading(project)
        self._book: Workbook | None = None
        self._shown = 0
        # Texts that this stage was given in clear for a stated reason: they stop here.
        self._in_clear: Secrets | None = None

    @property
    def under_a_run(self) -> bool:
        """True where `evidence run` executes the notebook; false where a person has it open."""
        return "EVIDENCE_RUN_FOLDER" in os.environ

    @property
    def as_of(self) -> date:
        """The day the run speaks from: never the clock's."""
        return date.fromisoformat(str(self.parameters["as_of"]))

    @property
    def workbook(self) -> Workbook:
        """The answers, registers and sign-offs as they are in their files at this moment.

        Of the run it sees this stage and those that this one rests on, so that the page is the same whatever order the
        others run in.
        """
        from evidence.workbook import open_workbook

        if self._book is not None and self.under_a_run:
            # A run stops where an answer changes meanwhile, so its files are read once; results come in between.
            self._book = self._book.again()
        else:
            self._book = open_workbook(self.project, results=self.results, as_of=self.as_of)
        return self._book

    # Opening ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Clears what an earlier execution left, notes what this one rests on, and shows the head of the page."""
        if self.under_a_run:
            self._reading.begin()
        else:
            self._run_earlier_stages()
        self.results.clear(self.number)
        reads = [("code", "toolkit/evidence", self.project.toolkit_digest())]
        # These two were opened before anybody listened.
        for name in ("project.toml", "reference/stages.toml"):
            reads.append(("reference", name, sha256_of_file(self.project.path(name))))
        self.results.note_reads(self.number, reads)
        self._show("header", self.info.title, header_html(self.project, self.info, self.as_of))

    def _run_earlier_stages(self) -> None:
        run_missing_stages(self.project, self.info, self.parameters, self.results)

    # Reading ---------------------------------------------------------------------------------------------------

    @cached_property
    def rules(self) -> Rules:
        """How small numbers are hidden: reference/disclosure.toml."""
        from evidence.privacy import load_rules

        return load_rules(self.project)

    @property
    def on_sample_data(self) -> bool:
        """Whether the run is on the made-up data that came with the project."""
        return self.project.data_folder(self.parameters) == self.project.path("data", "sample")

    @cached_property
    def tool(self) -> ModuleType:
        """The team's own tool, `src/<package>/tool.py`."""
        # The tool may import modules beside it, and Python need not open those whose compiled form it has.
        files = sorted(self.project.path("src").rglob("*.py"))
        reads = [("code", self.project.relative(path), sha256_of_file(path)) for path in files]
        self.results.note_reads(self.number, reads)
        tool = self.project.load_tool()
        self._check_kind(tool)
        return tool

    def _check_kind(self, tool: ModuleType) -> None:
        """Gates and questions depend on the kind of tool, so a tool that predicts must be called predictive."""
        said = self.project.facts.analytics_type
        gives = getattr(tool, "SCORE", None) is not None
        if gives != (said == "predictive"):
            does = "gives a probability (SCORE)" if gives else "gives no probability (SCORE is missing or None)"
            raise EvidenceError(
                f"the tool {does}, and project.toml calls it {said}.",
                where=self.project.relative(self.project.tool_path),
                remedy="Put right whichever is wrong: analytics_type under [tool] in project.toml, or the tool.",
            )

    @property
    def outcome(self) -> str:
        """The share with the tool's outcome, as a headline says it."""
        from evidence.measures import in_words

        return in_words(self.tool, "with the outcome", self.parameters)

    def data(self, folder: str = "", earlier: bool = False) -> Tables:
        """The tables of the run's data folder (or another), de-identified as they are loaded (guidance action 6.02).

        Where the parameter `area` names one, they are those of the children of that area alone.

        What the role of whoever is at work may not see is left out, and the page says so (5.12).

        earlier: with the return of the year before, where the folder `earlier` in the data folder holds one (3.06).
        """
        import pandas as pd

        from evidence.data import in_area, load_tables, load_with_earlier

        tables = (load_with_earlier if earlier else load_tables)(
            self.project,
            self.project.path(folder) if folder else self.project.data_folder(self.parameters),
            stage=self.number,
            year_end=self.parameters.get("year_end") or None,
            why=self.info.purpose,
            on_read=self._note_data_file,
        )
        if area := self.parameters.get("area"):
            tables = in_area(tables, str(area), str(self.parameters["area_of"]), self.rules.hide_to + 1)
        self._in_clear = tables.in_clear()
        self.record(_VARIABLES, pd.DataFrame(tables.given, columns=["table", "column"]))
        if tables.withheld.role:
            self.results.note_read(self.number, "role", "at load", tables.withheld.standing)
        self.list("What this role may not see", tables.withheld.notes())
        return tables

    def variables_read(self) -> dict[int, set[tuple[str, str]]]:
        """Which variables (table, column) this stage and those that it rests on were handed, by stage (6.01)."""
        found = {}
        for number in range(1, self.number + 1):
            if self.results.has(number, _VARIABLES):
                rows = self.results.read(number, _VARIABLES)
                found[number] = set(zip(rows["table"], rows["column"], strict=True))
        return found

    def population(self) -> pd.DataFrame | None:
        """Says which reference population the data is held against, and returns it (guidance action 3.05).

        Index (characteristic, group), column population; None where there is none that fits.
        """
        from evidence.stage.comparing import population

        people, source, missing = population(self)
        self.say(missing or f"The people of {self.project.facts.council} come from {source}. {OF_ALL_AGES}")
        return people

    def _refuse_in_clear(self, value: object) -> None:
        """Raises EvidenceError where something about to be shown or kept holds names or free text kept in clear."""
        from evidence.privacy import find_in

        if self._in_clear and (kind := find_in(value, self._in_clear)):
            raise EvidenceError(
                f"there is {kind} in it, kept in clear for this stage alone: it is neither shown nor recorded.",
                where=f"stage {self.number}",
                remedy="Work out in the tool's prepare what is needed of it, and leave the text itself out.",
            )

    @property
    def source(self) -> str:
        """Where the figures come from and up to when, for the line under a table."""
        kind = {
            "ssda903": "SSDA903 return",
            "cin": "children in need census",
            "annex_a": "Annex A lists",
            "own": "the council's own tables",
        }
        folder = str(self.parameters["data_folder"])
        if folder == "data/sample":
            named = "made-up sample data in the layout of the SSDA903 return"
        else:
            named = f"{kind.get(self.project.facts.data_source, kind['ssda903'])} of {self.project.facts.council}"
        if area := self.parameters.get("area"):
            named += f", children of the area {area}"
        until = str(self.parameters["year_end"])
        return f"{named}, year to {long_date(until)}." if until else f"{named}."

    def _note_data_file(self, read: Path | DatabaseRead) -> None:
        if isinstance(read, Path):
            name = self.project.name_of_data(read, self.project.data_folder(self.parameters))
            self.results.note_read(self.number, "data", name, sha256_of_file(read))
        else:
            self.results.note_read(self.number, "data", read.name, read.sha256)

    def result(self, stage: int, name: str) -> object:
        """What an earlier stage recorded under that name.

        Raises EvidenceError where the stage is not one that this one says it reads, or has recorded no such result.
        """
        if stage != self.number and stage not in self.info.reads:
            raise EvidenceError(
                f"stage {self.number} does not say that it reads stage {stage}.",
                where="reference/stages.toml",
                remedy=f"Add {stage} to the line `reads` of stage {self.number}.",
            )
        return self.results.read(stage, name)

    # Showing ---------------------------------------------------------------------------------------------------

    def show(
        self,
        frame: pd.DataFrame,
        headline: str,
        *,
        source: str = "",
        note: str = "",
        name: str = "",
        counts: Sequence[str] | None = None,
        parts: dict[str, str] | None = None,
        plain: Sequence[str] = (),
        percent: Sequence[str] = (),
        chart: Chart | None = None,
        drawn: pd.DataFrame | None = None,
        caption: str = "",
        hide_index: bool = False,
    ) -> None:
        """Shows a table, and a chart drawn from it, after disclosure control; keeps the table as CSV for the pack.

        frame: one row a category, its index the row heads. counts: the columns that count children (every column of
        whole numbers unless said otherwise); parts: {"moved": "children"} where one counts some of another; plain: the
        numbers that are about no child, such as a year or a number of columns; percent: the columns that
        hold percentages. headline says what was found, source where it comes from and for which period. drawn: what the
        chart is drawn from, where it holds more rows than the table; it is protected in the same way and kept as well.
        """
        from evidence.privacy import load_rules, protect

        if frame.empty:
            # Without a row there is nothing to show, and the headline says why.
            self.say(f"{headline}.")
            return
        self._shown += 1
        rules = load_rules(self.project)
        safe = protect(frame, counts=counts, parts=parts, plain=plain, rules=rules)
        _hide_together(safe.table, rules.shown_as)
        name = name or f"table_{self._shown}"
        self._keep_table(safe.table, name, hide_index)
        parts_of_figure = [f'<p class="ev-headline">{escape(headline)}</p>']
        picture = safe.table
        if drawn is not None:
            picture = protect(drawn, counts=counts, parts=parts, plain=plain, rules=rules).table
            _hide_together(picture, rules.shown_as)
            self._keep_table(picture, f"{name}_all", hide_index)
        if chart:
            picture_html = charts.chart_html(chart, picture, headline)
            parts_of_figure = [f'<div class="ev-together">{parts_of_figure[0]}{picture_html}</div>']
        # The headline stands right above; a screen reader still needs it as the table's name.
        css = "" if caption else "out-of-sight"
        parts_of_figure.append(table_html(safe.table, caption or headline, percent, hide_index, caption_css=css))
        notes = [text for text in (note, safe.note) if text]
        parts_of_figure.extend(f'<p class="ev-note">{escape(text)}</p>' for text in notes)
        if source:
            parts_of_figure.append(f'<p class="ev-source">Source: {escape(source)}</p>')
        kind = "chart" if chart else "table"
        self._show(kind, headline, f'<figure class="ev">{"".join(parts_of_figure)}</figure>')

    def _keep_table(self, table: pd.DataFrame, name: str, hide_index: bool) -> None:
        self._refuse_in_clear(table)
        text = _steady(table).to_csv(index=not hide_index, lineterminator="\n")
        atomic_write(self.results.table_path(self.number, name), text, lasting=False)

    def show_estimates(
        self,
        table: pd.DataFrame,
        headline: str,
        *,
        name: str,
        source: str = "",
        note: str = "",
        target: float | None = None,
    ) -> None:
        """Shows a table of estimates with a bar and an interval a row.

        table: columns n, denominator, percent (0 to 100), low, high, reliability, as the room `measures` returns them.
        """
        from evidence.measures.of_tool import OBSERVED_TO_EXPECTED

        if OBSERVED_TO_EXPECTED in table.index:
            row = label(OBSERVED_TO_EXPECTED)
            note = f"{note} In the row “{row}” the percentage is of the number expected: 100% is as expected.".strip()
        self.show(
            table,
            headline,
            name=name,
            source=source,
            note=note,
            counts=["denominator"],
            parts={"n": "denominator"},
            percent=PERCENT_COLUMNS,
            chart=self.bars("percent", low="low", high="high", percent=True, target=target),
        )

    def show_definitions(self, table: pd.DataFrame, headline: str, *, name: str, source: str = "") -> None:
        """Shows how far other definitions move the figure, as `measures.definition_tests` returns them."""
        note = "" if table.empty or not (table["n"] == self.rules.shown_as).any() else NEARLY_ALIKE
        self.show_estimates(table, headline, name=name, source=source, note=note)

    def show_representation(self, table: pd.DataFrame, headline: str, *, name: str, source: str = "") -> None:
        """Shows each group's share beside its share of all children, as `measures.representation` returns them."""
        from evidence.measures.words import REPRESENTATION

        chart = self.bars("percent", low="low", high="high", percent=True)
        self.show(table, headline, name=name, source=source, percent=PERCENT_COLUMNS, chart=chart, **REPRESENTATION)

    def show_apart(self, table: pd.DataFrame, headline: str, *, name: str, source: str = "") -> None:
        """Shows each group beside all other children, as `measures.apart` returns them."""
        self.show(
            table.drop(columns=["reliability"]).rename(columns=TIMES_AS_OFTEN),
            headline,
            name=name,
            source=source,
            note="Compared with all other children of the same kind of groups. A ratio of 1 is no difference.",
            counts=["denominator"],
            parts={"n": "denominator"},
            percent=PERCENT_COLUMNS,
        )

    def show_levels(self, table: pd.DataFrame, headline: str, *, name: str, source: str = "") -> None:
        """Shows what a tool would do at other levels of flags, as `measures.levels_of` returns it."""
        self.show(
            table,
            headline,
            name=name,
            source=source,
            note="Levels that only a few children lie between are left out.",
            percent=table.columns[4:],
            chart=self.lines("recall", "precision", percent=True),
        )

    def show_every_measure(self, table: pd.DataFrame, *, name: str, source: str = "") -> None:
        """Shows the measures of each group side by side, as `measures.every_measure_by_group` returns them."""
        hidden = "A group is shown as c where one of the numbers behind its measures is small, or would give one away."
        self.show(table, "Every measure of every group, with its interval and its numbers",
                  name=name, source=source, note=hidden)  # fmt: skip

    def show_figures(self, table: pd.DataFrame, headline: str, *, name: str, source: str = "") -> None:
        """Shows a few figures of the same children, as `measures.how_calibrated_of` returns them."""
        parts = {"with_outcome": "children"} if "with_outcome" in table else {}
        self.show(table, headline, name=name, source=source, counts=list(parts.values()), parts=parts)

    def show_comparison(
        self, table: pd.DataFrame, headline: str, *, name: str, source: str = "", note: str = ""
    ) -> None:
        """Shows two sets of estimates side by side, as `measures.before_after` and `against_baseline` return them."""
        wholes = [column for column in table.columns if str(column).startswith("denominator")]
        parts = {column.replace("denominator", "n"): column for column in wholes}
        self.show(
            table,
            headline,
            name=name,
            source=source,
            note=note,
            counts=wholes,
            parts={part: whole for part, whole in parts.items() if part in table},
            percent=PERCENT_COLUMNS,
        )

    def say(self, text: str) -> None:
        """Shows a paragraph of plain text."""
        self._show("text", text[:60], f'<div class="ev-text">{paragraphs(text)}</div>')

    def list(self, title: str, items: Iterable[str]) -> None:
        """Shows a short list of plain texts under a line that says what it is; nothing where the list is empty."""
        items = list(items)
        if not items:
            return
        self._show("text", title, f'<div class="ev-text"><p>{escape(title)}</p>{list_html(items)}</div>')

    def guidance(self) -> None:
        """Shows what the guidance asks for in this stage and where each action stands, brought up to date by `gate`."""
        # In a run only what `gate` puts here is ever read, and how things stand may wait for stages still at work.
        html = _AT_THE_GATE if self.under_a_run else actions_html(self.workbook.actions(self.number))
        self._show("guidance", "What the guidance asks for", html, handle=f"evidence-guidance-{self.number}")

    def answers(self) -> None:
        """Shows the stage's answers, registers and documents: to be filled in in JupyterLab, to be read in a pack."""
        book = self.workbook
        if not self.under_a_run:
            from evidence.stage.form import show_form

            show_form(self, book)
            return
        self._show("answers", "Answers so far", answers_html(book, self.number))

    def maturity(self) -> None:
        """Shows what the data-maturity assessment says and permits (guidance actions 2.01 to 2.05)."""
        self._show("text", "Data maturity", maturity_html(self.workbook.maturity()))

    def triage(self) -> None:
        """Shows the outcome of the ethics triage, why, and what to follow up (guidance action 4.01)."""
        self._show("text", "Ethics triage", triage_html(self.workbook.triage()))

    def risks(self) -> None:
        """Shows the risk register, worst first (guidance action 4.02)."""
        self._show("text", "Risks", risks_html(self.workbook.risks()))

    def requirements(self) -> None:
        """Shows what the triage requires of this stage: engagement, scrutiny, evaluator, testing, assessments."""
        self._show("text", "What the triage requires", governance.requirements_html(self.workbook, self.number))

    def limits(self) -> list[dict[str, object]]:
        """The limits for the quality of data that the team set in its register (guidance action 3.07)."""
        rows = self.workbook.register("quality_limits").complete_rows
        return [{"id": row.id, **{name: row[name] for name in ("table", "measure", "limit_percent")}} for row in rows]

    def costs(self) -> None:
        """Shows the cost model's totals by year and by heading (guidance action 3.09)."""
        self._show("text", "Costs", governance.costs_html(self.workbook))

    def results_are_seen(self, output: pd.DataFrame) -> None:
        """From here on the thresholds are fixed: the access log keeps those of the moment that results are first seen.

        output: what stage 6 recorded as `tool_output`. Records `tested_on`: the data folder and the last period tested.
        """
        from evidence.data.access.log import place_of
        from evidence.measures import tested_rows
        from evidence.workbook import note_results_seen

        rows = tested_rows(self.tool, output)
        period = str(rows[self.tool.PERIOD].max()) if self.tool.PERIOD and len(rows) else ""
        folder = "data/sample" if self.on_sample_data else place_of(self.project, str(self.parameters["data_folder"]))
        tested_on = {"data": folder, "period": period.removesuffix(" 00:00:00")}
        self.record("tested_on", tested_on)
        note_results_seen(self.project, tested_on, self.workbook.thresholds())

    def thresholds(self) -> None:
        """Shows the thresholds of stage 5 beside what stage 7 measured, and since when they stand (5.03, 7.04)."""
        from evidence.workbook import IN_FORCE

        self._show("text", "Thresholds", governance.thresholds_html(self.workbook))
        table = governance.thresholds_in_force(self.workbook)
        said = "What was agreed, and on which day, as it stood when these results were seen"
        if len(table):
            self.show(table, said, name=IN_FORCE, percent=["at_least"], plain=["at_least"])

    def baseline_survey(self) -> None:
        """Shows and records what people said of how they decide today (5.04)."""
        from evidence.stage.design import show_baseline_survey

        show_baseline_survey(self)

    def survey_again(self) -> None:
        """Shows and records how decisions are made since the tool, beside how they were made before it (8.06)."""
        from evidence.stage.design import show_survey_again

        show_survey_again(self)

    def outcome_series(self, began: date | None) -> None:
        """Shows and records the outcome over time before and after the tool began, with a chart (8.06)."""
        from evidence.stage.outcome_series import show_outcome_series

        show_outcome_series(self, began)

    def software_practice(self) -> None:
        """Shows tests, reviews and versions of the code, and records them once each is shown (5.15)."""
        from evidence.stage.design import show_software_practice

        show_software_practice(self)

    def disproportionality(self, frame: pd.DataFrame, tables: Tables) -> None:
        """Shows the relative rate index in the data, and against a population where one is in data/published (5.09)."""
        from evidence.stage.comparing import show_disproportionality

        show_disproportionality(self, frame, tables)

    def revisions(self, frame: pd.DataFrame) -> None:
        """Shows the same periods in an earlier extract, where one lies in the folder `earlier` of the data folder."""
        from evidence.stage.comparing import show_revisions

        show_revisions(self, frame)

    def published_checks(self, frame: pd.DataFrame) -> None:
        """Shows own counts beside published ones, and again what an earlier extract says (7.02)."""
        from evidence.stage.comparing import show_published_checks

        show_published_checks(self, frame)

    def compare_with_others(self) -> None:
        """Shows the council beside England, its region, its neighbours and others (5.04), from data/published."""
        from evidence.stage.comparing import show_comparisons

        show_comparisons(self)

    def catalogue(self, tables: Tables) -> None:
        """Shows what the catalogue says of each data set at hand (3.01)."""
        from evidence.stage.access_pages import show_catalogue

        show_catalogue(self, tables)

    def access_plan(self, tables: Tables) -> None:
        """Shows which role sees what, and what is done to columns that could identify a child (5.06)."""
        from evidence.stage.access_pages import show_access_plan

        show_access_plan(self, tables)

    def role_access(self, tables: Tables) -> None:
        """Shows how many people have which permission, and what is wrong with the list of them (5.12)."""
        from evidence.stage.access_pages import show_role_access

        show_role_access(self, tables)

    def access_log(self) -> None:
        """Shows how the data was read up to now, and what of it asks for a second look (5.13)."""
        from evidence.stage.access_pages import show_access_log

        show_access_log(self)

    def security(self) -> None:
        """Shows and records what of the security test a computer can do (7.06); the rest is in the register."""
        from evidence.measures import words
        from evidence.privacy import security_checks, tree_digest

        folder = self.project.data_folder(self.parameters)
        self.results.note_read(self.number, "version control", "data", git_digest(self.project.root))
        self.results.note_read(self.number, "project tree", "files", tree_digest(self.project, folder))
        table = security_checks(self.project, folder)
        self.record("security", table)
        note = "What only people can test, such as a penetration test, is in workbook/07_testing/security.csv."
        self.show(table, words.security(table), name="security", note=note)

    def verdicts(self, metrics: pd.DataFrame, by_group: pd.DataFrame) -> None:
        """Shows and records whether the evidence is enough to say that each agreed threshold is passed or failed.

        A threshold that was changed after results were seen is left out: `thresholds` says so.
        """
        from evidence.measures import against_thresholds, words
        from evidence.workbook import objections

        book = self.workbook
        changed = objections(book)
        agreed = [(one.measure, one.group, one.at_least) for one in book.thresholds() if one.id not in changed]
        if not agreed or self.tool.SCORE is None:
            return
        table = against_thresholds(metrics, by_group, agreed, self.rules)
        self.record("verdicts", table.reset_index(), when=len(table) > 0)
        self.show(
            table,
            words.verdicts(table),
            name="verdicts",
            source=self.source,
            note="Reached: the figure itself. Pass or fail: the whole interval lies on one side of the threshold. "
            "Figures that are hidden are left out.",
            counts=["denominator"],
            parts={"n": "denominator"},
            percent=[*PERCENT_COLUMNS, "at_least"],
        )

    def scope(self) -> None:
        """Shows the latest change of scope, what it asks for, and reviews that are overdue (9.01, 9.11)."""
        self._show("text", "Scope and reviews", governance.scope_html(self.workbook))

    def gate(self) -> None:
        """Ends the stage: shows its gate, met or what is missing line by line, and notes that the stage is complete."""
        self.results.finish(self.number)
        book = self.workbook
        with self.results.noted_together():
            guidance, gate = actions_html(book.actions(self.number)), gate_html(book.gate(self.number), self.info)
        update_html(f"evidence-guidance-{self.number}", "guidance", guidance)
        self._show("gate", "Gate", gate)

    def _show(self, kind: str, title: str, html: str, handle: str = "") -> None:
        self._refuse_in_clear(html)
        show_html(kind, title, html, handle)
        self._note_what_was_opened()

    def _note_what_was_opened(self) -> None:
        opened = self._reading.take()
        if not opened:
            return
        noted = {entry["name"] for entry in self.results.reads(self.number)}
        new = [(name, digest) for name, digest in opened if name not in noted]
        self.results.note_reads(self.number, [(_kind(name), name, digest) for name, digest in new])

    # Recording -------------------------------------------------------------------------------------------------

    def record(
        self,
        name: str,
        value: object,
        label: str = "",
        unit: str = "",
        headline: bool = False,
        when: bool = True,
        rests_on: str = "",
        estimate: Mapping[str, object] | None = None,
    ) -> None:
        """Keeps a result for later stages and for the actions that rest on it.

        `headline` puts it on the index page, with what it `rests_on` beside it, in words and in numbers (`estimate`).
        Where `when` is false there is no evidence yet, and nothing is kept.
        """
        if not when:
            self.results.will_not_record(name)
            return
        self._refuse_in_clear(value)
        self._note_what_was_opened()
        self.results.record(self.number, name, value, label, unit, headline, rests_on, estimate)

    def record_headlines(self, table: pd.DataFrame, prefix: str, said: str = "") -> None:
        """Keeps the percentages of a table of estimates as headline figures, one a row; `said` names a single row.

        Each is kept with its numbers and its interval. A figure that disclosure control would hide is kept as nothing.
        """
        from evidence.measures import in_words
        from evidence.measures.words import estimate_of, rests_on, shown
        from evidence.privacy import load_rules

        safe = shown(table, load_rules(self.project))
        for row in table.index:
            value, estimate, basis = None, None, "too few children for a figure"
            if row in safe.index:
                value = round(float(safe.at[row, "percent"]), 1)
                estimate, basis = estimate_of(table.loc[row]), rests_on(table.loc[row])
            name = re.sub(r"[^a-z0-9]+", "_", label(row).lower()).strip("_")
            words = label(said or (in_words(self.tool, row, self.parameters) if isinstance(row, str) else row))
            about = {"label": words, "unit": "%", "headline": True, "rests_on": basis, "estimate": estimate}
            self.record(f"{prefix}.{name}", value, **about)

    def headlines(self) -> None:
        """Prints the stage's figures that matter, one a line: what a stored reference is compared with."""
        for figure in self.results.headlines(self.number):
            print(f"{figure['label']}: {headline_text(figure)}")


def _steady(table: pd.DataFrame) -> pd.DataFrame:
    """The table with six figures a number: more than anyone reads, and the same on every machine."""
    steady = table.copy(deep=False)
    for name, dtype in table.dtypes.items():
        if dtype.kind in "fO" and dtype != "str":
            steady[name] = table[name].map(lambda one: float(f"{one:.6g}") if isinstance(one, float) else one)
    return steady


def _hide_together(table: pd.DataFrame, hidden: str) -> None:
    """Where the percentage is hidden, so is the word for it; what an earlier pack hid is marked as hidden here too."""
    if not {"percent", "reliability"} <= set(table.columns):
        return
    without = [value == hidden for value in table["percent"].tolist()]
    if any(without):
        table["reliability"] = table["reliability"].mask(without, "hidden")
    elif not (table["reliability"] == "hidden").any():
        return
    for column in {"n", "denominator", "percent", "low", "high"} & set(table.columns):
        empty = (table["reliability"] == "hidden") & table[column].isna()
        if empty.any():
            table[column] = table[column].astype(object).mask(empty, hidden)


def _kind(name: str) -> str:
    """What sort of input a file of the project is, by its name from the project's folder."""
    first = name.partition("/")[0]
    # What lies beside the tool's code and is none, such as a saved model, is a file like any other.
    return "code" if first == "src" and name.endswith(".py") else _KINDS.get(first, "file")


def _run_folder(project: Project, parameters: dict[str, object]) -> Path:
    """The run's folder; for a person at work, one for each set of parameters, so that two never mix."""
    given = os.environ.get("EVIDENCE_RUN_FOLDER")
    if given:
        return Path(given)
    import hashlib
    import json

    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:12]
    return project.path(".evidence", "lab", digest)
