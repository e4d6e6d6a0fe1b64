"""The pictures of a source as it was, for the person who decides: sealed, beside the original, dying with it.

::

    magic 8 | version u16 | length of the sealed list u32                         (big endian)
    list: nonce 12 | JSON | tag 16           of each picture: what is said of it, its place, its length
    pictures, one after another: nonce 12 | JPEG | tag 16

AES-256-GCM with the original's own key, which lies in the original's header alone: whoever destroys the
original has destroyed these. The additional data binds the list to the original's name, and each picture to
that, to its own name and to its place in the list.
"""

import json
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from server.deid.errors import QuarantineError, SealBrokenError, SealedMissingError
from server.deid.seal import OVERHEAD_BYTES, RandomBytes, open_bytes, seal_bytes
from server.deid.sealed_disk import Disk

SUFFIX = ".review"
MAGIC = b"SLDRREVW"
VERSION = 1
MOST_PICTURES = 256
MOST_PICTURE_BYTES = 16 << 20
MOST_BYTES = 128 << 20
MOST_LIST_BYTES = 1 << 20
NAME_LENGTH = 64
BROKEN = "The pictures for the review have been changed or damaged."
_FIXED = struct.Struct(">8sHI")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")

Meta = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    meta: Meta
    offset: int
    length: int


def review_path(sealed_path: Path) -> Path:
    """Where the pictures of a sealed original lie."""
    return sealed_path.with_suffix(SUFFIX)


def write_review(
    path: Path,
    data_key: bytes,
    pictures: Iterable[tuple[Mapping[str, Any], bytes]],
    *,
    asset: str | None = None,
    random_bytes: RandomBytes = os.urandom,
) -> None:
    """Seal pictures, each a dictionary with its ``name`` and whatever else JSON holds, and its JPEG.

    ``asset`` is the name under which the original lies; the file's own name without its suffix if not given.
    The file appears as a whole or not at all. Raises :class:`QuarantineError` for more than 256 pictures,
    16 MiB for one or 128 MiB for all, a name twice, or one that is not made of a to z, 0 to 9 and “-”.
    """
    asset = path.stem if asset is None else asset
    listed: list[Meta] = []
    sealed: list[bytes] = []
    for index, (meta, jpeg) in enumerate(pictures):
        name = _checked_name(meta.get("name"))
        if index == MOST_PICTURES or len(jpeg) > MOST_PICTURE_BYTES:
            raise QuarantineError("There are more or larger pictures to be reviewed than can be kept.")
        listed.append({**meta, "name": name, "bytes": len(jpeg)})
        sealed.append(seal_bytes(data_key, jpeg, _bound(asset, index, name), random_bytes))
    if len({meta["name"] for meta in listed}) < len(listed):
        raise QuarantineError("Two pictures to be reviewed have the same name.")
    text = json.dumps(listed, ensure_ascii=True, allow_nan=False).encode("ascii")
    if len(text) > MOST_LIST_BYTES or sum(map(len, sealed)) > MOST_BYTES:
        raise QuarantineError("The pictures to be reviewed are larger than can be kept.")
    sealed_list = seal_bytes(data_key, text, _bound(asset), random_bytes)
    fixed = _FIXED.pack(MAGIC, VERSION, len(sealed_list))
    Disk().put(path, b"".join((fixed, sealed_list, *sealed)), random_bytes)


def list_review(path: Path, data_key: bytes, *, asset: str | None = None) -> tuple[Meta, ...]:
    """What is said of each picture, in the order in which they were given.

    Raises :class:`SealedMissingError` where there are none, :class:`SealBrokenError`.
    """
    with _opened(path) as file:
        return tuple(entry.meta for entry in _entries(file, data_key, path.stem if asset is None else asset))


def read_review(path: Path, data_key: bytes, name: str, *, asset: str | None = None) -> tuple[Meta, bytes]:
    """What is said of one picture, and its JPEG, in memory only. Raises as :func:`list_review` does."""
    asset = path.stem if asset is None else asset
    with _opened(path) as file:
        for index, entry in enumerate(_entries(file, data_key, asset)):
            if entry.meta["name"] == name:
                file.seek(entry.offset)
                sealed = file.read(entry.length)
                return entry.meta, _open(data_key, sealed, _bound(asset, index, name))
    raise SealedMissingError("There is no such picture to be reviewed.")


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise SealedMissingError("There are no pictures to be reviewed.") from error


def _entries(file: BinaryIO, data_key: bytes, asset: str) -> list[_Entry]:
    fixed = file.read(_FIXED.size)
    if len(fixed) < _FIXED.size:
        raise SealBrokenError(BROKEN)
    magic, version, length = _FIXED.unpack(fixed)
    if magic != MAGIC or version != VERSION or length > MOST_LIST_BYTES + OVERHEAD_BYTES:
        raise SealBrokenError(BROKEN)
    entries = []
    offset = _FIXED.size + length
    for listed in json.loads(_open(data_key, file.read(length), _bound(asset))):
        meta = {key: value for key, value in listed.items() if key != "bytes"}
        entries.append(_Entry(meta, offset, listed["bytes"] + OVERHEAD_BYTES))
        offset += entries[-1].length
    if offset != os.fstat(file.fileno()).st_size:
        raise SealBrokenError(BROKEN)
    return entries


def _open(data_key: bytes, sealed: bytes, data: bytes) -> bytes:
    try:
        return open_bytes(data_key, sealed, data)
    except SealBrokenError as error:
        raise SealBrokenError(BROKEN) from error


def _bound(asset: str, index: int | None = None, name: str = "") -> bytes:
    """What a list or a picture is bound to. The parts have lengths: no two of them run together."""
    parts = [b"review", asset.encode("utf-8"), b"" if index is None else b"%d" % index, name.encode("ascii")]
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _checked_name(name: object) -> str:
    if isinstance(name, str) and 0 < len(name) <= NAME_LENGTH and _NAME.issuperset(name):
        return name
    raise QuarantineError("A picture to be reviewed has no proper name.")
