"""A sealed file's header on the disk: which key opens it, and how it is wrapped by another one.

The header of a version 1 file holds its key wrapped by the master key, and stands at the beginning of what
may be many gigabytes. It is replaced where it stands: first a copy is written beside it (``….rewrap``), and
whoever finds the header torn reads that.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from server.deid.case_keys import CaseKeys
from server.deid.errors import SealBrokenError, SealedMissingError
from server.deid.seal import BROKEN, HEADER_BYTES, Header, SealedFile

REWRAP_SUFFIX = ".rewrap"


def read_header(path: Path) -> Header:
    """Raises :class:`SealedMissingError` or :class:`SealBrokenError`."""
    try:
        with path.open("rb") as file:
            return Header.parse(path.stem, file.read(HEADER_BYTES))
    except FileNotFoundError as error:
        raise SealedMissingError("The sealed original is missing.") from error


def describe(path: Path, cases: CaseKeys) -> tuple[SealedFile, dict[str, str]]:
    """What is needed to read a sealed file, and its note.

    Raises :class:`SealedMissingError`, :class:`SealBrokenError` or :class:`CaseErasedError`.
    """
    for header in _headers(path):
        keys = cases.master.keys() if header.case_id is None else (cases.key(header.case_id),)
        for key in keys:
            with contextlib.suppress(SealBrokenError):
                return header.open(key)
    raise SealBrokenError(BROKEN)


def rewrap(path: Path, cases: CaseKeys) -> bool:
    """Wrap the key of a version 1 file with the newest master key. Whether that was to be done.

    Raises what :func:`describe` raises.
    """
    master, beside = cases.master, path.with_suffix(REWRAP_SUFFIX)
    keys = master.keys()
    for header in _headers(path):
        if header.case_id is not None:
            return False
        master.disk.sweep_fresh(beside, master.random_bytes)
        for key in keys:
            with contextlib.suppress(SealBrokenError):
                if key == keys[0]:
                    header.data_key(key)
                    raw, is_new = header.raw, beside.exists()
                else:
                    raw, is_new = header.rewrapped(key, keys[0], master.random_bytes), True
                    master.disk.put(beside, raw, master.random_bytes)
                if is_new:
                    master.disk.overwrite(path, raw)
                    master.disk.shred(beside, master.random_bytes)
                return is_new
    raise SealBrokenError(BROKEN)


def _headers(path: Path) -> Iterator[Header]:
    """The header, then the copy that is about to replace it: asked for where the first is torn."""
    with contextlib.suppress(SealBrokenError):
        yield read_header(path)
    with contextlib.suppress(FileNotFoundError, SealBrokenError):
        yield Header.parse(path.stem, path.with_suffix(REWRAP_SUFFIX).read_bytes())
