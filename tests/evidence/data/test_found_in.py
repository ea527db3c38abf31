"""Where the catalogue says a table lies: the four forms, and a plain word for anything else."""

from __future__ import annotations

import pytest

from evidence.data.sources.found_in import FoundIn, parse_found_in
from evidence.project import EvidenceError

WHERE = "reference/catalogue.csv (own referrals)"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("extract.xlsx, sheet Referrals", FoundIn(file="extract.xlsx", sheet="Referrals")),
        (
            "Extract July, final.XLSX , Sheet Re-referrals, all",
            FoundIn("Extract July, final.XLSX", "Re-referrals, all"),
        ),
        ("extract.ods, sheet Referrals, header on row 4", FoundIn("extract.ods", "Referrals", 4)),
        ("2025/extract.xlsx, sheet header on row", FoundIn("2025/extract.xlsx", "header on row")),
        ("database table dbo.Referrals", FoundIn(table="dbo.Referrals")),
        ("Database Table [case system].[All referrals]", FoundIn(table="[case system].[All referrals]")),
        ("database query referrals.sql", FoundIn(query="referrals.sql")),
    ],
)
def test_forms(text, meant):
    assert parse_found_in(text, WHERE) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the second sheet", "does not say where the table lies"),
        ("extract.csv, sheet Referrals", "does not say where the table lies"),
        ("extract.xlsx", "does not say where the table lies"),
        ("database", "does not say where the table lies"),
        ("database query ../secret.sql", "does not say where the table lies"),
        ("../extract.xlsx, sheet Referrals", "a file outside the data folder"),
        ("C:\\data\\extract.xlsx, sheet Referrals", "a file outside the data folder"),
        ("/data/extract.xlsx, sheet Referrals", "a file outside the data folder"),
        ("extract.xlsx, sheet Referrals, header on row 0", "names row 0"),
        ("extract.xlsx, sheet Referrals, header on row 2000000", "names row 2000000"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(EvidenceError) as error:
        parse_found_in(text, WHERE)
    assert message in str(error.value)
    assert str(error.value).startswith(WHERE)
