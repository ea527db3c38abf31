"""Makes an evidence pack of a finished run, seals it, and checks packs: pages for readers, digests for checkers."""

from evidence.pack.comparing import Difference, differences
from evidence.pack.record import RunRecord, read_record
from evidence.pack.releasing import pack_folder, release
from evidence.pack.seal import MANIFEST, OUTSIDE_THE_SEAL, RECEIPT
from evidence.pack.verifying import Fault, verify

__all__ = [
    "MANIFEST",
    "OUTSIDE_THE_SEAL",
    "RECEIPT",
    "Difference",
    "Fault",
    "RunRecord",
    "differences",
    "pack_folder",
    "read_record",
    "release",
    "verify",
]
