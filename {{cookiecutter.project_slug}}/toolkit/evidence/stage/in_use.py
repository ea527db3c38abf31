"""What the pages of beta testing, evaluation, monitoring and retirement read besides results of earlier stages."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from evidence.project import EvidenceError, long_date, read_text, sha256_of_file

if TYPE_CHECKING:
    import pandas as pd

_AGREED = {
    ("challenges", "answer_within_days"): 1,
    ("retirement", "least_share_of_users"): 0,
    ("retirement", "most_over_plan"): 0,
    ("retirement", "most_upheld"): 0,
}


class InUse:
    """The part of a stage that knows the tool in use: registers as tables, what was agreed, earlier periods."""

    def entries(self, register: str) -> pd.DataFrame:
        """The complete lines of a register as a table: text, dates and numbers each as what they are, with the id."""
        import numpy as np

        found = self.workbook.register(register)
        complete = np.array([row.complete for row in found.rows], dtype=bool)
        return found.frame[complete].reset_index(drop=True)

    def decisions(self) -> pd.DataFrame:
        """What today's process decided for each child while the tool ran beside it, de-identified (7.07)."""
        from evidence.data import load_decisions

        folder = self.project.data_folder(self.parameters)
        return load_decisions(self.project, folder, stage=self.number, on_read=self._note_data_file)

    def data_use(self) -> pd.DataFrame:
        """How often the data was opened, month by month, before this run's day: from the access log (5.13, 9.06).

        Index month; columns loads, look_ups, people, days, flagged.
        """
        from evidence.data import access_log_lines, usage
        from evidence.data.access import log_digest

        self.results.note_read(self.number, "access log", self.as_of.isoformat(), log_digest(self.project, self.as_of))
        return usage(access_log_lines(self.project, self.as_of)).set_index("month")

    @property
    def agreed(self) -> dict[str, float]:
        """What was agreed about the live tool (reference/monitoring.toml), by name.

        Raises EvidenceError for a number that is missing or makes no sense.
        """
        path = self.project.path("reference", "monitoring.toml")
        self.results.note_read(self.number, "file", self.project.relative(path), sha256_of_file(path))
        try:
            said = tomllib.loads(read_text(path))
        except tomllib.TOMLDecodeError as error:
            raise EvidenceError(f"this is not valid TOML: {error}.", where=self.project.relative(path)) from None
        found = {}
        for (section, name), least in _AGREED.items():
            value = said.get(section, {}).get(name)
            if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
                raise EvidenceError(
                    f"{name} under [{section}] must be a number of at least {least}.",
                    where=self.project.relative(path),
                )
            found[name] = value
        return found

    @property
    def period(self) -> str:
        """The period this run speaks for, by its last day."""
        return long_date(self.as_of)

    def earlier_periods(self, about: str = "accuracy") -> pd.DataFrame:
        """The figures kept from periods that ended before this run's day, oldest first (9.02, 9.03).

        about: accuracy, or sign. Columns period (its last day in words), characteristic, group, measure, n,
        denominator, percent, low, high (missing where hidden), reliability. A period that counts otherwise than this
        run is left out, and the page says so; a run of one area is compared with none.
        """
        import pandas as pd

        from evidence.workbook import definition_digest, period_files, read_period

        if self.parameters.get("area"):
            self.say("Earlier periods are of all children and this run is of one area, so they are not compared.")
            return _as_figures(pd.DataFrame([]))
        alike = definition_digest(self.result(5, "baseline.definition"))
        rows, others = [], []
        for path in period_files(self.project, self.as_of):
            self.results.note_read(self.number, "file", self.project.relative(path), sha256_of_file(path))
            lines = read_period(self.project, path)
            if any(line["definition"] != alike for line in lines):
                others.append(long_date(path.stem))
                continue
            rows += [{**line, "period": long_date(path.stem)} for line in lines if line["about"] == about]
        if others:
            self.say(f"Not compared, because they count otherwise than this run: the periods to {', '.join(others)}.")
        return _as_figures(pd.DataFrame(rows))

    def evidence_for_triggers(self, series: pd.DataFrame, retraining: pd.DataFrame) -> dict[str, Any]:
        """What `measures.triggers` judges, from the workbook and from what stage 9 recorded (10.01)."""
        from evidence import measures

        book, agreed = self.workbook, self.agreed
        spent = self.entries("running_costs").groupby("year")["pounds"].sum()
        return {
            "series": series,
            "targets": {one.measure: 100 * one.at_least for one in book.thresholds() if one.group == "everyone"},
            "retraining": retraining,
            "usage": measures.usage_by_period(self.entries("usage"), self.as_of),
            "least_used": agreed["least_share_of_users"],
            "laws": self.entries("law_changes"),
            "as_of": self.as_of,
            "planned": book.costs().by_year,
            "spent": spent.to_dict(),
            "most_over": agreed["most_over_plan"],
            "challenges": measures.challenges(self.entries("challenges"), self.as_of, agreed["answer_within_days"]),
            "most_upheld": agreed["most_upheld"],
            "maturity": (book.maturity().consistent, book.maturity().sentence),
        }

    def evaluator_checklist(self) -> pd.DataFrame:
        """What an independent evaluator needs, one row a thing: index what, columns state and evidence (8.05)."""
        import pandas as pd

        from evidence.workbook import evaluator_checklist

        table = pd.DataFrame(evaluator_checklist(self.workbook), columns=["what", "state", "evidence"])
        return table.set_index("what")

    def record_evidence(self, name: str, table: pd.DataFrame, enough: bool = True) -> None:
        """Keeps a table as a result only where it holds evidence: it has rows, and `enough` says they suffice.

        An action that rests on the result is done once it is kept, so nothing is kept for want of evidence.
        """
        self.record(name, table, when=len(table) > 0 and enough)

    def show_groups(self, table: pd.DataFrame, headline: str, *, name: str, source: str = "") -> None:
        """Shows a long table of estimates without a chart."""
        hidden = "Hidden: too few children in that period, so its own pack did not show the figure either."
        self.show(
            table,
            headline,
            name=name,
            source=source,
            note=hidden if (table["reliability"] == "hidden").any() else "",
            counts=["denominator"],
            parts={"n": "denominator"},
            percent=["percent", "low", "high"],
        )

    def show_cases(self, output: pd.DataFrame, number: int = 5) -> None:
        """The tool's explanations of the first cases of its output, on the analyst's screen only.

        Never under a run, so never in a pack.
        """
        if self.under_a_run:
            self.say("Explanations of single children are shown on the analyst's screen only, never in a pack.")
            return
        from IPython.display import display

        # Without the mark that every other output carries, a pack leaves this out as well.
        display(self.tool.explain(output, self.parameters).head(number))


def _as_figures(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    if rows.empty:
        return rows
    for name in ("n", "denominator", "percent", "low", "high"):
        rows[name] = pd.to_numeric(rows[name], errors="coerce")
    # A figure that its own pack hid stays hidden, and is not the same as one that could not be estimated.
    rows.loc[rows["denominator"].isna(), "reliability"] = "hidden"
    return rows.drop(columns=["definition", "pack_digest", "about"])
