"""What protects the patient: the quarantine of sealed originals."""

from server.deid.case_key_rotation import Rotation
from server.deid.errors import (
    CaseErasedError,
    QuarantineError,
    SealBrokenError,
    SealedMissingError,
    SourceChangedError,
)
from server.deid.quarantine import Quarantine
from server.deid.seal import CHUNK_BYTES, SealedFile
from server.deid.sealed_leftovers import Inventory
from server.deid.sealed_reader import SealedReader
from server.deid.sealed_writer import SealedWriter, Span

__all__ = [
    "CHUNK_BYTES",
    "CaseErasedError",
    "Inventory",
    "Quarantine",
    "QuarantineError",
    "Rotation",
    "SealBrokenError",
    "SealedFile",
    "SealedMissingError",
    "SealedReader",
    "SealedWriter",
    "SourceChangedError",
    "Span",
]
