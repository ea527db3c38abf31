"""Parquet files: every type as the text people would write, and one line for what cannot be read."""

from __future__ import annotations

import base64
import datetime
import uuid
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from evidence.data.sources.large import read_large
from evidence.data.sources.parquet import read_parquet
from evidence.project import EvidenceError

DAY = datetime.datetime(2024, 3, 4)
TABLE = pyarrow.table(
    {
        "text": ["007", " x ", "", None],
        "whole": [1, None, 3, 1234567],
        "decimal": [1.0, 2.5, float("nan"), 1e20],
        "money": pyarrow.array([1, 2, 3, None], pyarrow.decimal128(5, 2)),
        "truth": [True, False, None, True],
        "day": [DAY.date()] * 4,
        "moment": [DAY, DAY.replace(hour=10), None, DAY.replace(second=1)],
        "kind": pyarrow.array(["a", "b", None, "a"]).dictionary_encode(),
    }
)
TEXTS = {
    "text": ["007", "x", None, None],
    "whole": ["1", None, "3", "1234567"],
    "decimal": ["1", "2.5", None, "100000000000000000000"],
    "money": ["1.00", "2.00", "3.00", None],
    "truth": ["true", "false", None, "true"],
    "day": ["2024-03-04"] * 4,
    "moment": ["2024-03-04", "2024-03-04 10:00:00", None, "2024-03-04 00:00:01"],
    "kind": ["a", "b", None, "a"],
}


def write(path: Path, table: pyarrow.Table = TABLE) -> Path:
    pyarrow.parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("read", [read_parquet, read_large])
def test_every_type_becomes_text(tmp_path, read):
    raw = read(write(tmp_path / "a.parquet"), "a.parquet")
    frame = raw.frame.astype(object)
    assert frame.where(raw.frame.notna(), None).to_dict("list") == TEXTS
    assert len(raw.lines) == 4


@pytest.mark.parametrize("read", [read_parquet, read_large])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "+01:00"])
def test_a_moment_with_a_time_zone_is_of_the_day_it_was_here(tmp_path, read, unit, zone):
    summer, winter = datetime.datetime(2024, 6, 30, 23), datetime.datetime(2024, 1, 1)
    kind = pyarrow.timestamp(unit, zone)
    moments = pyarrow.array([summer, winter, None], pyarrow.timestamp(unit, "UTC")).cast(kind)
    raw = read(write(tmp_path / "a.parquet", pyarrow.table({"child": ["1", "2", "3"], "born": moments})), "a.parquet")
    assert raw.frame["born"].astype(object).tolist()[:2] == ["2024-07-01", "2024-01-01"]
    assert raw.frame["born"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("read", [read_parquet, read_large])
def test_a_uuid_is_its_text(tmp_path, read):
    made = uuid.UUID("93c58c71-6e70-4a07-878b-5ee8f5095522")
    table = pyarrow.table({"key": pyarrow.array([made.bytes, None], pyarrow.uuid()), "n": [1, 2]})
    raw = read(write(tmp_path / "a.parquet", table), "a.parquet")
    assert raw.frame["key"].astype(object).tolist()[0] == str(made)
    assert raw.frame["key"].isna().tolist() == [False, True]


def test_rows_with_nothing_in_them_are_counted(tmp_path):
    raw = read_parquet(write(tmp_path / "a.parquet", pyarrow.table({"a": ["1", None, "2"]})), "a.parquet")
    assert raw.frame["a"].tolist() == ["1", "2"]
    assert (raw.blank, raw.lines.tolist()) == (1, [1, 3])


@pytest.mark.parametrize("plain_footer", [True, False])
def test_an_encrypted_file_is_called_so(tmp_path, plain_footer):
    encryption = pytest.importorskip("pyarrow.parquet.encryption")

    class Keys(encryption.KmsClient):
        def wrap_key(self, key, _):
            return base64.b64encode(key)

        def unwrap_key(self, key, _):
            return base64.b64decode(key)

    how = encryption.EncryptionConfiguration("footer", column_keys={"c": ["text"]}, plaintext_footer=plain_footer)
    keys = encryption.CryptoFactory(lambda _: Keys()).file_encryption_properties(encryption.KmsConnectionConfig(), how)
    path = tmp_path / "a.parquet"
    with pyarrow.parquet.ParquetWriter(path, TABLE.schema, encryption_properties=keys) as writer:
        writer.write_table(TABLE)
    with pytest.raises(EvidenceError, match="a.parquet: the file is encrypted"):
        read_parquet(path, "a.parquet")


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (lambda whole: whole[:-200], "empty, cut short, or no Parquet file"),
        (lambda whole: whole[:100] + whole[300:], "empty, cut short, or no Parquet file"),
        (lambda whole: b"", "empty, cut short, or no Parquet file"),
        (lambda whole: b"a,b\n1,2\n", "empty, cut short, or no Parquet file"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, cut, message):
    path = write(tmp_path / "a.parquet")
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(EvidenceError, match=message):
        read_parquet(path, "a.parquet")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"visits": [[1], [2]]}, "the column visits holds lists"),
        ({"child": [{"id": 1}]}, "the column child holds lists, records"),
        ({"photo": [b"\xff"]}, "the column photo holds lists, records or raw bytes"),
        ({"key": pyarrow.array([b"\xff\xfe"], pyarrow.binary(2))}, "the column key holds lists, records or raw bytes"),
        ({"photo": pyarrow.array([b"\xff"]).dictionary_encode()}, "the column photo holds lists, records or raw bytes"),
        ({"name": pyarrow.array([b"Zo\xeb"]).view(pyarrow.string())}, "the text in the column name is not in UTF-8"),
        ({"a": pyarrow.array([], pyarrow.string())}, "the file has columns and no rows"),
        ({"a": [1], "A ": [2]}, "there are two columns called A"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, table, message):
    with pytest.raises(EvidenceError, match=message):
        read_parquet(write(tmp_path / "a.parquet", pyarrow.table(table)), "a.parquet")
