"""The audit of own tables: faults planted at random, counts against plain pandas, and texts read alike in SQL."""

from __future__ import annotations

import io
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from evidence.data import (
    audit,
    conformance,
    failing_rows,
    filled_by_group,
    key_integrity,
    missing,
    not_checked,
    profile,
    shapes,
)
from evidence.data.auditing import in_sql
from evidence.data.auditing.own_rules import begins_and_ends
from evidence.data.cataloguing.catalogues import COLUMNS
from evidence.data.tables import Table, Tables

STAYS = {
    "": "one at a time",
    "Child": "token",
    "Sex": "code",
    "Start date": "date",
    "End date": "date",
    "Score": "number",
    "Kind": "code",
}
CODES = "dataset,table,column,code,label,group,from_year,to_year\n" + "".join(
    f"own,stays,{column},{code},{code},,0,9999\n"
    for column, codes in (("Sex", "MF"), ("Kind", "ABC"))
    for code in codes
)


def variables(table: str, treatments: dict[str, str]) -> list[dict[str, str]]:
    rows = []
    for column, treatment in treatments.items():
        row = dict.fromkeys([*COLUMNS, "how"], "") | {"source": "own", "table": table, "column": column}
        row |= {"treatment": treatment if column else "", "valid_range": "" if column else treatment}
        row |= {"required": "yes" if column in ("Child", "Start date") else "", "confirmed": "yes"}
        row["code_list"] = f"own/{table}/{column}" if column in ("Sex", "Kind") else ""
        row["valid_range"] = "0-40" if column == "Score" else row["valid_range"]
        rows.append(row)
    return rows


def tables_of(*given: tuple[str, pd.DataFrame, dict[str, str]], earlier: Tables | None = None) -> Tables:
    """Tables in memory, as the loader would hand them over."""
    catalogue = pd.DataFrame([row for name, _, treatments in given for row in variables(name, treatments)], dtype="str")
    codes = pd.read_csv(io.StringIO(CODES), dtype={"from_year": int, "to_year": int, "group": "str"}).fillna(
        {"group": ""}
    )
    tables = Tables("own", "Child", catalogue, codes, earlier=earlier)
    for name, frame, treatments in given:
        dates = {column for column, treatment in treatments.items() if treatment == "date"}
        malformed = pd.DataFrame(False, index=frame.index, columns=sorted(dates & set(frame.columns)))
        lines = np.arange(2, len(frame) + 2)
        tables.loaded[name] = Table(name, f"{name}.csv", frame, malformed, lines, tuple(frame.columns))
    return tables


def clean(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Stays one after the other, three a child, without a fault."""
    child = np.arange(rows) // 3
    start = pd.Timestamp(2022, 4, 1) + pd.to_timedelta((np.arange(rows) % 3) * 100 + child % 40, unit="D")
    end = start + pd.to_timedelta(rng.integers(1, 90, rows), unit="D")
    return pd.DataFrame(
        {
            "Child": pd.Series([f"c{i}" for i in child], dtype="str"),
            "Sex": pd.Series(np.where(child % 2, "M", "F"), dtype="str"),
            "Start date": pd.Series(start).astype("datetime64[us]"),
            "End date": pd.Series(end).astype("datetime64[us]"),
            "Score": rng.integers(0, 41, rows).astype(float),
            "Kind": pd.Series(rng.choice(list("ABC"), rows), dtype="str"),
        }
    )


def spoil(frame: pd.DataFrame, rule: str, rows: list[int]) -> None:
    """Puts one fault of the rule into each of these rows; the rows are of different children."""
    for row in rows:
        if rule == "stays: Kind code":
            frame.at[row, "Kind"] = "Z"
        elif rule == "stays: Score range":
            frame.at[row, "Score"] = 41.0
        elif rule == "stays: Start date missing":
            frame.at[row, "Start date"] = pd.NaT
        elif rule == "stays: Start date, End date order":
            frame.at[row, "End date"] = frame.at[row, "Start date"] - pd.Timedelta(days=3)
        elif rule == "stays: overlap":
            # The second stay of a child begins before the first has ended.
            frame.at[row - row % 3 + 1, "Start date"] = frame.at[row - row % 3, "End date"] - pd.Timedelta(days=1)


PLANTED = ["Kind code", "Score range", "Start date missing", "Start date, End date order", "overlap"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rule=st.sampled_from(PLANTED), seed=st.integers(0, 10_000), count=st.integers(0, 12))
def test_as_many_faults_are_found_as_were_planted(rule, seed, count):
    rng, rule = np.random.default_rng(seed), f"stays: {rule}"
    frame = clean(60, rng)
    rows = [3 * int(child) + int(rng.integers(0, 3)) for child in rng.choice(20, count, replace=False)]
    spoil(frame, rule, rows)
    tables = tables_of(("stays", frame, STAYS))
    found = audit(tables, "2023-03-31").set_index("rule")["failures"]
    assert found[rule] == count
    assert found.drop(rule).sum() == 0
    positions = failing_rows(tables, "2023-03-31")
    assert set(positions["rule"]) == ({rule} if count else set())
    if rule != "stays: overlap":
        assert sorted(positions["row"]) == sorted(row + 2 for row in rows)


codes = st.sampled_from(["A", "B", "Z", None])
days = st.one_of(st.none(), st.dates(min_value=date(2024, 1, 1), max_value=date(2024, 1, 12)))
row = st.fixed_dictionaries(
    {
        "Child": st.sampled_from(["c1", "c2", "c3", None]),
        "Sex": st.sampled_from(["M", "F", None]),
        "Start date": days,
        "End date": days,
        "Score": st.sampled_from([0.0, 40.0, 41.0, -1.0, None]),
        "Kind": codes,
    }
)


def typed(rows: list[dict]) -> pd.DataFrame:
    kinds = {"Start date": "datetime64[us]", "End date": "datetime64[us]", "Score": "float64"}
    return pd.DataFrame(rows, columns=list(STAYS)[1:]).astype(
        {column: kinds.get(column, "str") for column in list(STAYS)[1:]}
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(row, min_size=1, max_size=12))
def test_duckdb_finds_what_plain_pandas_finds(rows):
    frame = typed(rows)
    found = audit(tables_of(("stays", frame, STAYS)), "2024-03-31").set_index("rule")["failures"]
    start, end = frame["Start date"], frame["End date"]
    overlapping = 0
    for _, part in frame.dropna(subset=["Child", "Start date"]).groupby("Child"):
        ends = part["End date"].fillna(pd.Timestamp(9999, 12, 31))
        for place in part.index:
            # Some other stay that began earlier, or that day and before it in the order of ends and lines, goes on.
            order = [(start[other], ends[other], other) < (start[place], ends[place], place) for other in part.index]
            goes_on = (ends > start[place]) & (ends >= part["Start date"]) & np.array(order)
            overlapping += bool(goes_on.any())
    sexes = frame.dropna(subset=["Child"]).groupby("Child")["Sex"].nunique()
    unsure = frame["Child"].isin(sexes[sexes > 1].index) & frame["Sex"].notna()
    expected = {
        "stays: twice": frame.duplicated().sum(),
        "stays: Child missing": frame["Child"].isna().sum(),
        "stays: Start date missing": start.isna().sum(),
        "stays: Kind code": (frame["Kind"] == "Z").sum(),
        "stays: Score range": frame["Score"].isin([41.0, -1.0]).sum(),
        "stays: Start date, End date order": (end < start).sum(),
        "stays: Sex differs": unsure.sum(),
        "stays: overlap": overlapping,
    }
    assert {rule: int(found[rule]) for rule in expected} == {rule: int(count) for rule, count in expected.items()}


def test_children_that_another_table_does_not_have():
    people = pd.DataFrame({"Child": pd.Series(["a", "b", "c", "d"], dtype="str")})
    visits = pd.DataFrame({"Child": pd.Series(["a", "a", "b", "x", "x", None], dtype="str")})
    treatments = {"": "", "Child": "token"}
    tables = tables_of(("visits", visits, treatments), ("people", people, treatments))
    found = audit(tables, "2024-03-31").set_index("rule")
    assert found.loc["visits: Child orphan", ["failures", "checked"]].tolist() == [2, 5]
    assert found.loc["visits: Child orphan", "what"] == "Not in the table people"
    assert failing_rows(tables, "2024-03-31").query("rule == 'visits: Child orphan'")["row"].tolist() == [5, 6]
    keys = key_integrity(tables).set_index(["table", "other"])
    assert keys.loc[("visits", "people"), ["different", "not_there"]].tolist() == [3, 1]
    assert keys.loc[("people", "visits"), ["different", "not_there"]].tolist() == [4, 2]
    assert keys["must_be_there"].tolist() == [True, False]


def test_what_changed_since_the_return_before():
    now, before = clean(12, np.random.default_rng(1)), clean(12, np.random.default_rng(1))
    before.loc[0:2, "Sex"] = "M"
    before.loc[5, "End date"] = pd.NaT
    before.loc[8, "End date"] = pd.NaT
    now = now.drop(index=8).reset_index(drop=True)
    tables = tables_of(("stays", now, STAYS), earlier=tables_of(("stays", before, STAYS)))
    found = audit(tables, "2023-03-31").set_index("rule")["failures"]
    assert found["stays: Sex changed"] == 3
    assert found["stays: gone"] == 1
    positions = failing_rows(tables, "2023-03-31").set_index("rule")
    assert positions.loc["stays: gone", "row"] == 10 and positions.loc["stays: gone", "table"] == "earlier_stays"


def test_overlaps_are_looked_for_where_the_catalogue_says_so():
    frame = clean(6, np.random.default_rng(1))
    silent = tables_of(("stays", frame, STAYS | {"": ""}))
    assert "stays: overlap" not in set(audit(silent, "2023-03-31")["rule"])
    assert len(not_checked(silent)) == 1 and "stays" in not_checked(silent)[0]
    assert not_checked(tables_of(("stays", frame, STAYS))) == []


@pytest.mark.parametrize(
    ("columns", "pairs"),
    [
        (["Start date", "End date"], [("Start date", "End date")]),
        (["PlanStartDate", "PlanEndDate", "Review"], [("PlanStartDate", "PlanEndDate")]),
        (["DECOM", "DEC"], [("DECOM", "DEC")]),
        (["Referred", "Ended"], []),
        (["Plan opened", "Case closed"], []),
    ],
)
def test_dates_that_begin_and_end_the_same(columns, pairs):
    rows = [{"column": column, "treatment": "date", "valid_range": ""} for column in columns]
    assert begins_and_ends(rows) == pairs


def test_the_catalogue_can_say_what_comes_first():
    rows = variables("stays", {"Referred": "date", "Closed": "date"})
    rows[1]["valid_range"] = "not before Referred"
    assert begins_and_ends(rows) == [("Referred", "Closed")]


def test_one_row_no_value_and_categories():
    frame = typed([{"Child": "c1", "Kind": "A"}]).astype({"Sex": "category", "Kind": "category"})
    tables = tables_of(("stays", frame, STAYS))
    assert audit(tables, "2024-03-31")["failures"].sum() == 1
    assert missing(tables).set_index("column")["missing"].to_dict() == {
        "Child": 0, "Sex": 1, "Start date": 1, "End date": 1, "Score": 1, "Kind": 0,
    }  # fmt: skip
    assert profile(tables).loc[0, ["rows", "children"]].tolist() == [1, 1]
    assert conformance(tables, "2024-03-31").set_index("column").loc["Kind", "share"] == 100
    assert filled_by_group(tables, "2024-03-31")["denominator"].max() == 1


child = st.sampled_from(["c1", "c2", "c3", "c4", None])
BIRTHS = [None, *pd.to_datetime(["2023-06-01", "2012-02-01", "2001-01-01"])]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(child, st.sampled_from(["M", "F", None]), st.sampled_from(BIRTHS)), min_size=1, max_size=8),
    st.lists(st.tuples(child, st.sampled_from(["WBRI", "AIND", None])), min_size=1, max_size=8),
    st.lists(st.tuples(child, st.sampled_from(["A", None])), min_size=1, max_size=8),
)
def test_what_is_filled_for_whom_where_two_tables_say_who_children_are(people, backgrounds, stays):
    """Held against a loop over the rows; a child may be in one of the tables alone, and more than once."""
    treated = {"Child": "token", "Sex": "code", "DOB": "month"}
    header = pd.DataFrame(people, columns=list(treated)).astype({"Child": "str", "Sex": "str", "DOB": "datetime64[us]"})
    said = pd.DataFrame(backgrounds, columns=["Child", "Ethnicity"], dtype="str")
    rows = pd.DataFrame(stays, columns=["Child", "Start date"], dtype="str")
    tables = tables_of(
        ("header", header, treated),
        ("said", said, {"Child": "token", "Ethnicity": "code"}),
        ("stays", rows, {"Child": "token", "Start date": "code"}),
    )
    tables.loaded["header"].malformed["DOB"] = False
    found = filled_by_group(tables, "2024-03-31")
    found = found[(found["table"] == "stays") & (found["characteristic"] != "year")]
    expected: dict[tuple, list[int]] = {}
    for named, filled in stays:
        for characteristic, group in groups_by_hand(people, backgrounds).get(named, {}).items():
            counts = expected.setdefault(("Start date", characteristic, group), [0, 0])
            counts[0], counts[1] = counts[0] + (filled is not None), counts[1] + 1
    keys = found[["column", "characteristic", "group"]].itertuples(index=False, name=None)
    assert dict(zip(keys, found[["n", "denominator"]].values.tolist(), strict=True)) == expected


def groups_by_hand(people: list[tuple], backgrounds: list[tuple]) -> dict[str, dict[str, str]]:
    """By child what the lowest of its values makes it, in words."""
    ages = dict(zip(BIRTHS, ["Not known", "Under 1", "10 to 15", "18 and over"], strict=True))
    found: dict[str, dict[str, str]] = {}
    for who in {named for named, *_ in people} - {None}:
        sexes = [sex for named, sex, _ in people if named == who and sex is not None]
        births = [born for named, _, born in people if named == who and born is not None]
        found[who] = {"sex": min(sexes, default="Not known"), "age band": ages[min(births, default=None)]}
    for who in {named for named, _ in backgrounds} - {None}:
        origins = [said for named, said in backgrounds if named == who and said is not None]
        found.setdefault(who, {})["ethnic group"] = min(origins, default="Not known")
    return found


texts = st.one_of(
    st.text(alphabet="0123456789/-: T.+,", max_size=14),
    st.from_regex(r"\A[0-9]?[0-9]/[0-9]{1,2}/[0-9]{2,5}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?\Z"),
    st.from_regex(r"\A[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?\Z"),
    st.from_regex(r"\A[+-]?[0-9]{1,4}(,[0-9]{2,4}){0,3}(\.[0-9]{0,4}(,[0-9]{3})?)?\Z"),
    st.sampled_from(["SW1A 1AA", "sw1a1aa", "GIR 0AA", "A051910639385", "UN1", "XXXXXXX", "SC12345", "1.0", "m"]),
)


@settings(max_examples=200, deadline=None)
@given(text=texts.map(str.strip).filter(bool))
@example("31/12/1899").via("the last day too early")
@example("1/1/1900").via("the first day")
@example("2100-12-31 10:00").via("the last day")
@example("2101-01-01").via("the first day too late")
@example("29/02/2023").via("no day")
def test_texts_are_read_in_sql_as_they_are_in_memory(text):
    import duckdb

    values = pd.Series([text], dtype="str")
    day, number = shapes.as_dates(values)[0], shapes.as_numbers(values)[0]
    by = {
        "date": {"treatment": "date", "column": "x", "how": ""},
        "number": {"treatment": "number", "column": "x", "how": ""},
        "area": {"treatment": "area", "column": "x", "how": ""},
        "upn": {"treatment": "token", "column": "UPN", "how": ""},
        "urn": {"treatment": "token", "column": "x", "how": "urn"},
    }
    asked = [in_sql.value("v", by["date"]), in_sql.value("v", by["number"])]
    asked += [in_sql.unread("v", by[kind]) for kind in ("date", "number", "area", "upn", "urn")]
    got = duckdb.execute(f"SELECT {', '.join(asked)} FROM (SELECT CAST(? AS VARCHAR) AS v)", [text]).fetchone()
    assert (got[0] is None and pd.isna(day)) or pd.Timestamp(got[0]) == day
    assert (got[1] is None and pd.isna(number)) or got[1] == number
    assert list(got[2:4]) == [pd.isna(day), pd.isna(number)]
    fits = (shapes.postcode_fits, shapes.upn_fits, shapes.urn_fits)
    assert list(got[4:]) == [not fit(text) for fit in fits]
