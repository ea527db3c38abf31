"""A workbook that says fixed things, for tests of packs that are not about what is in a workbook."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace as Say


class FakeBook:
    """Answers as the room `workbook` does; what differs from test to test can be given."""

    def __init__(
        self, stamp: str = "DRAFT", sentence: str = "This tool is not ready for use.", files: tuple = ()
    ) -> None:
        self.stamp, self.sentence, self.files_read = stamp, sentence, list(files)

    def verdict(self):
        return Say(stamp=self.stamp, sentence=self.sentence, must_not=("Do not use its results yet.",))

    def counts(self) -> dict[int, dict[str, int]]:
        return {stage: {"done": 1, "not applicable": 1, "not started": 2} for stage in range(1, 11)}

    def gate(self, stage: int):
        said = {"sentence": "approved by Ada Example, senior sponsor, on 1 April 2026", "condition": "Ask again in May"}
        sign_off = Say(**said) if stage == 1 else None
        by = {"owner": "Ada Example, senior sponsor", "day": date(2026, 4, 1) if stage == 1 else None}
        reasons = [
            Say(met=stage == 1, text="The business case is signed."),
            Say(met=stage == 1, text="All is answered."),
        ]
        return Say(exists=stage in (1, 3), passed=stage == 1, reasons=reasons, sign_off=sign_off, **by)

    def risks(self) -> list:
        risk = {
            "register": "risks",
            "id": "R1",
            "stage": 3,
            "words": "Wrong figures",
            "score": 6,
            "owner": "",
            "open": True,
        }
        return [Say(**risk, review_on=date(2026, 4, 1), status="open", overdue=True, too_high=True)]

    def sign_offs(self) -> list:
        said = {"stage": 1, "role": "senior sponsor", "name": "Ada Example", "day": date(2026, 4, 1), "condition": ""}
        return [Say(**said, decision="approved", counts=True, why_not="", changed=())]

    def questions(self, stage: int) -> list:
        asked = {"question": "What is the problem?", "where": "workbook/01_toy/answers.md#1.04"}
        return [Say(**asked, state="unanswered", text="")] if stage == 1 else []

    def registers(self, stage: int) -> list:
        return []

    def documents(self, stage: int | None = None) -> list:
        return []

    def thresholds_met(self) -> list:
        return [Say(threshold=Say(id="TH1"), outcome="not met", text="Recall is 28.1%, under 30%.")]

    def limitations(self) -> list[str]:
        return []

    def record(self, stage: int) -> dict[str, str]:
        return {"project.toml": "0" * 64}
