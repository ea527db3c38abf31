"""Stage 7 shows what was agreed and since when, in a table that a pack keeps and a later run can read."""

from __future__ import annotations

import json
import shutil

from evidence.project import open_project
from evidence.stage import Stage
from evidence.stage import stage as stage_room
from evidence.workbook import history_of

LINES = (
    "id,measure,group,at_least,worse_error,why,agreed_by,set_on\n"
    "TH1,recall,everyone,0.15,a miss,Because,Board,05/05/2026\n"
    "TH2,recall,each group,12.5%,a miss,Because,Board,06/05/2026\n"
)
RAW = {"data": "data/raw", "period": "2026-03-31"}


def test_the_thresholds_in_force_stand_on_the_page_and_a_pack_of_them_is_a_witness(
    sample_project, tmp_path, monkeypatch
):
    folder = shutil.copytree(sample_project, tmp_path / "project")
    (folder / "workbook/05_design/thresholds.csv").write_text(LINES, encoding="utf-8")
    page: list[str] = []
    monkeypatch.setenv("EVIDENCE_RUN_FOLDER", str(tmp_path / "run"))
    monkeypatch.setattr(stage_room, "show_html", lambda kind, title, html, handle="": page.append(html))
    project = open_project(folder)
    parameters = project.check_parameters({"as_of": "2026-06-30", "data_folder": "data/raw"}, "the test")
    stage = Stage(project, project.stage(7), parameters)
    stage.record("tested_on", RAW)
    stage.thresholds()
    assert "15.0%" in " ".join(page) and "5 May 2026" in " ".join(page)

    pack = folder / "packs" / "june"
    (pack / "tables").mkdir(parents=True)
    shutil.copy(stage.results.table_path(7, "thresholds_in_force"), pack / "tables" / "07_thresholds_in_force.csv")
    receipt = {"made_at": "2026-06-30T08:00:00+00:00", "data_folder": "data/raw"}
    (pack / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    history = history_of(project, RAW)
    assert str(history.seen_on) == "2026-06-30"
    assert history.at_first == {("recall", "everyone"): 0.15, ("recall", "each group"): 0.125}
