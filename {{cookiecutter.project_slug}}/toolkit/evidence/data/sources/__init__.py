"""Every kind of file and database that a council's data comes in: read whole, as text, or refused in one line."""

from evidence.data.sources.csv_files import RawTable
from evidence.data.sources.database import DatabaseRead
from evidence.data.sources.opening import (
    Sources,
    check_there,
    large_tables,
    open_sources,
    place,
    source_kind,
)
from evidence.data.sources.published import SYMBOLS, read_plain, read_published

__all__ = [
    "SYMBOLS",
    "DatabaseRead",
    "RawTable",
    "Sources",
    "check_there",
    "large_tables",
    "open_sources",
    "place",
    "read_plain",
    "read_published",
    "source_kind",
]
