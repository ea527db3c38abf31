"""The sample return: the same bytes everywhere, the shape of a real one, and every fault found and no other."""

from __future__ import annotations

import csv
import re
import tomllib
from datetime import date

import pandas as pd
import pytest

from evidence.data import (
    RULES,
    audit,
    failing_rows,
    generate_sample,
    identifying_values,
    load_tables,
    load_with_earlier,
    quality_decision,
)
from evidence.project import EvidenceError

TABLES = ("header", "episodes", "reviews", "oc2")
LAYOUT_2026 = {
    "header": "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB",
    "episodes": "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN",
    "reviews": "CHILD,DOB,REVIEW,REVIEW_CODE",
    "oc2": "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
    "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED",
}
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def rows(folder, table: str) -> list[dict[str, str]]:
    with open(folder / f"{table}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def found_and_planted(project, folder) -> tuple[set, set]:
    found = failing_rows(load_with_earlier(project, folder), "2026-03-31")
    planted = {(row["table"], int(row["row"]), row["rule"]) for row in rows(folder, "faults")}
    return set(zip(found["table"], found["row"], found["rule"], strict=True)), planted


def test_the_shipped_sample_is_what_the_generator_makes(project, tmp_path):
    generate_sample(tmp_path)
    shipped = project.path("data", "sample")
    assert sorted(path.name for path in shipped.glob("*.csv")) == sorted(path.name for path in tmp_path.glob("*.csv"))
    for path in tmp_path.glob("*.csv"):
        assert path.read_bytes() == (shipped / path.name).read_bytes(), path.name


def test_another_seed_gives_other_children(tmp_path):
    generate_sample(tmp_path / "a", children=50, seed=1)
    generate_sample(tmp_path / "b", children=50, seed=2)
    assert (tmp_path / "a" / "episodes.csv").read_bytes() != (tmp_path / "b" / "episodes.csv").read_bytes()


@pytest.mark.parametrize(("children", "seed"), [(2000, 2026), (700, 5)])
def test_every_fault_is_found_and_nothing_else(project, tmp_path, children, seed, record_property):
    folder = project.path("data", "sample") if seed == 2026 else tmp_path
    if seed != 2026:
        generate_sample(folder, children=children, seed=seed)
    found, planted = found_and_planted(project, folder)
    recall, precision = len(found & planted) / len(planted), len(found & planted) / len(found)
    record_property("recall", recall)
    record_property("precision", precision)
    print(f"{len(planted)} faults planted, recall {recall:.0%}, precision {precision:.0%}")
    assert found == planted


def test_every_rule_of_the_return_has_a_fault(project):
    planted = {row["rule"] for row in rows(project.path("data", "sample"), "faults")}
    assert planted == {rule.id for rule in RULES.values() if rule.source == "ssda903"}


def test_manifest_columns_are_the_rules(project):
    for row in rows(project.path("data", "sample"), "faults"):
        assert row["table"] == RULES[row["rule"]].table
        assert set(row["columns"].split(", ")) <= {*RULES[row["rule"]].columns}, row["rule"]


def test_layout_is_that_of_the_2026_return(project):
    for table, columns in LAYOUT_2026.items():
        first = project.path("data", "sample", f"{table}.csv").read_bytes().split(b"\n", 1)[0]
        assert first.decode() == columns


def test_identifiers_belong_to_nobody(project):
    sample = project.path("data", "sample")
    children = {row["CHILD"] for table in TABLES for row in rows(sample, table)} - {""}
    assert all(re.fullmatch(r"Z[YZ]\d{8}", child) for child in children)
    for upn in {row["UPN"] for row in rows(sample, "header")}:
        if re.fullmatch(r"[A-Z]999\d{9}", upn):
            right = UPN_LETTERS[sum(int(digit) * place for place, digit in enumerate(upn[1:], start=2)) % 23]
            assert upn[0] != right
        else:
            assert upn in ("", "UN1", "UN2") or len(upn) == 9
    for row in rows(sample, "episodes"):
        assert re.match("Z[ABCDFGHK]", row["HOME_POST"])
        assert row["URN"] in ("XXXXXXX", "99-A") or re.fullmatch(r"99\d{5}", row["URN"])


def test_structure_of_a_real_return(project):
    """Shares that a reader of the demonstration should recognise, worked out here from the files alone."""
    episodes = pd.read_csv(project.path("data", "sample", "episodes.csv"), dtype="str")
    header = pd.read_csv(project.path("data", "sample", "header.csv"), dtype="str").drop_duplicates("CHILD")
    start = pd.to_datetime(episodes["DECOM"], format="%d/%m/%Y", errors="coerce")
    end = pd.to_datetime(episodes["DEC"], format="%d/%m/%Y", errors="coerce")
    last = pd.Timestamp(2026, 3, 31)
    here = episodes[(start <= last) & (episodes["DEC"].isna())]["CHILD"].unique()
    began = episodes[episodes["RNE"].isin(["S", "P", "B"]) & (start > last - pd.Timedelta(days=365)) & (start <= last)]
    moves = began.groupby("CHILD").size().reindex(here, fill_value=0)
    assert 0.3 * len(header) < len(here) < 0.55 * len(header)
    assert 0.05 < (moves >= 3).mean() < 0.15
    assert set(episodes["RNE"]) == {"S", "P", "T", "L", "B"}
    assert (episodes.groupby("CHILD")["RNE"].apply(lambda codes: (codes == "S").sum()) > 1).any()
    share = header["ETHNIC"].value_counts(normalize=True)
    assert share["WBRI"] > 0.5 and share.min() < 0.005
    alone = episodes.loc[episodes["CIN"] == "N8", "CHILD"].unique()
    assert (header.set_index("CHILD")["SEX"].reindex(alone) == "M").mean() > 0.65
    assert end.max() <= last + pd.Timedelta(days=400)


def test_good_enough_by_the_limits(project):
    tables = load_tables(project, "data/sample")
    decision = quality_decision(project, tables, "2026-03-31")
    assert decision["met"], [reason["text"] for reason in decision["reasons"] if not reason["met"]]


def test_codes_and_identifiers_are_known_to_the_scan(project):
    secrets = identifying_values(project, "data/sample")
    assert len(secrets) > 5000
    assert secrets.kind_of("ZZ61803399") == "child identifier"
    assert secrets.kind_of("XXXXXXX") is None and secrets.kind_of("UN1") is None


@pytest.mark.parametrize("wrong", [{"children": 0}, {"children": 1_000_001}, {"year_end": date(2026, 4, 1)}])
def test_impossible_wishes(tmp_path, wrong):
    with pytest.raises(EvidenceError):
        generate_sample(tmp_path, **wrong)


def test_another_year(project, tmp_path):
    generate_sample(tmp_path, children=300, year_end=date(2024, 3, 31))
    tables = load_tables(project, tmp_path)
    assert tables["episodes"]["DECOM"].quantile(0.99) < pd.Timestamp(2024, 4, 1)


def test_settings_are_toml(project):
    for name in ("disclosure", "quality_limits"):
        assert tomllib.loads(project.path("reference", f"{name}.toml").read_text(encoding="utf-8"))


def test_audit_is_the_same_under_another_key(project, tmp_path, monkeypatch):
    before = audit(load_tables(project, "data/sample"))
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(tmp_path / "other"))
    pd.testing.assert_frame_equal(before, audit(load_tables(project, "data/sample")))
