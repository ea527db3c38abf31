"""Makes an evidence pack of a finished run, seals it, and checks packs: pages for readers, digests for checkers."""

from evidence.pack.ahead import Ahead
from evidence.pack.apart import refused_beside_others
from evidence.pack.comparing import Difference, differences
from evidence.pack.opened import OpenedPack, open_pack
from evidence.pack.overview import release_overview
from evidence.pack.record import RunRecord, read_record
from evidence.pack.releasing import pack_folder, release
from evidence.pack.seal import MANIFEST, OUTSIDE_THE_SEAL, RECEIPT
from evidence.pack.signing import ALLOWED_SIGNERS, Signature, put_signature, sign, signatures_of
from evidence.pack.statements import SIGNATURES, Statement, record_file, statements_of
from evidence.pack.two_packs import Comparison, Section, compare
from evidence.pack.verifying import Fault, verify

__all__ = [
    "ALLOWED_SIGNERS",
    "MANIFEST",
    "OUTSIDE_THE_SEAL",
    "RECEIPT",
    "SIGNATURES",
    "Ahead",
    "Comparison",
    "Difference",
    "Fault",
    "OpenedPack",
    "RunRecord",
    "Section",
    "Signature",
    "Statement",
    "compare",
    "differences",
    "open_pack",
    "pack_folder",
    "put_signature",
    "read_record",
    "record_file",
    "refused_beside_others",
    "release",
    "release_overview",
    "sign",
    "signatures_of",
    "statements_of",
    "verify",
]
