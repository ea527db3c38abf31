"""A workbook that says fixed things, for tests of packs that are not about what is in a workbook."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd


class FakeBook:
    """Answers as the room `workbook` does; `stamp` and `sentence` can be given."""

    def __init__(self, stamp: str = "DRAFT", sentence: str = "This tool is not ready for use.") -> None:
        self.stamp, self.sentence = stamp, sentence
        self.files_read: list = []

    def verdict(self):
        return SimpleNamespace(stamp=self.stamp, sentence=self.sentence, must_not=["Do not use its results yet."])

    def actions(self, stage: int) -> pd.DataFrame:
        return pd.DataFrame({"id": ["1.01", "1.02"], "state": ["done", "not started"]})

    def gate(self, stage: int):
        reasons = [
            SimpleNamespace(met=False, text="The business case is not signed."),
            SimpleNamespace(met=False, text="More."),
        ]
        return SimpleNamespace(exists=stage in (1, 3), passed=stage == 1, reasons=reasons)

    def risks(self) -> pd.DataFrame:
        return pd.DataFrame(
            {"risk": ["Wrong figures"], "rating": ["high"], "owner": ["Director"], "review_date": ["2026-05-01"]}
        )

    def sign_offs(self) -> pd.DataFrame:
        return pd.DataFrame({"stage": [], "role": []})

    def questions(self, stage: int) -> list:
        return [SimpleNamespace(question="What is the problem?", state="not started")] if stage == 1 else []
