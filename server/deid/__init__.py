"""What protects the patient: the quarantine of sealed originals."""

from server.deid.errors import QuarantineError, SealBrokenError, SealedMissingError, SourceChangedError
from server.deid.quarantine import Quarantine
from server.deid.seal import CHUNK_BYTES, SealedFile
from server.deid.sealed_reader import SealedReader
from server.deid.sealed_writer import SealedWriter, Span

__all__ = [
    "CHUNK_BYTES",
    "Quarantine",
    "QuarantineError",
    "SealBrokenError",
    "SealedFile",
    "SealedMissingError",
    "SealedReader",
    "SealedWriter",
    "SourceChangedError",
    "Span",
]
