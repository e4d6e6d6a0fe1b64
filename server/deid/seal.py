"""The sealed file's layout, and the one place that encrypts and decrypts.

::

    magic 8 | version u16 | chunk size u32 | plain length u64                     (big endian)
    nonce 12 | the file's own key, wrapped with the master key 32+16
    nonce 12 | note, sealed with the file's key 1024+16
    chunk 0: nonce 12 | ciphertext | tag 16
    chunk 1: …

AES-256-GCM throughout. Each file has its own random key: forget that, and the file is destroyed. Nonces are
random rather than counted, because an interrupted upload writes the same chunk twice. The additional data of
each part names the file, its length, the chunk's index and whether it is the last one: a chunk that is
changed, moved, repeated, cut off or taken from another file does not open.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.deid.errors import SealBrokenError

MAGIC = b"SLDRSEAL"
VERSION = 1
CHUNK_BYTES = 1 << 20
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32
NOTE_BYTES = 1024
OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES
_FIXED = struct.Struct(">8sHIQ")
HEADER_BYTES = _FIXED.size + OVERHEAD_BYTES + KEY_BYTES + OVERHEAD_BYTES + NOTE_BYTES

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A sealed file opened in mind, not on disk: its name, its length in the plain, its key."""

    name: str
    plain_bytes: int
    data_key: bytes
    chunk_bytes: int = CHUNK_BYTES

    @property
    def chunk_count(self) -> int:
        """An empty file has one chunk, an empty one: its absence would not be noticed otherwise."""
        return max(1, -(-self.plain_bytes // self.chunk_bytes))

    def chunk_length(self, index: int) -> int:
        """Plain bytes of a chunk."""
        return min(self.chunk_bytes, self.plain_bytes - index * self.chunk_bytes)

    def chunk_offset(self, index: int) -> int:
        """Where a chunk begins in the sealed file."""
        return HEADER_BYTES + index * (self.chunk_bytes + OVERHEAD_BYTES)

    @property
    def sealed_bytes(self) -> int:
        """The length of the whole sealed file."""
        return HEADER_BYTES + self.plain_bytes + self.chunk_count * OVERHEAD_BYTES

    def seal_chunk(self, index: int, plain: bytes, random_bytes: RandomBytes) -> bytes:
        """A whole chunk, ready to write."""
        return _seal(self.data_key, plain, self._chunk_data(b"chunk", index), random_bytes)

    def open_chunk(self, index: int, sealed: bytes) -> bytes:
        """A chunk's plain bytes. Raises :class:`SealBrokenError`."""
        return _open(self.data_key, sealed, self._chunk_data(b"chunk", index))

    def seal_tail(self, index: int, plain: bytes, random_bytes: RandomBytes) -> bytes:
        """The beginning of a chunk whose rest has not arrived yet."""
        return _seal(self.data_key, plain, self._chunk_data(b"tail", index), random_bytes)

    def open_tail(self, index: int, sealed: bytes) -> bytes:
        """What :meth:`seal_tail` sealed. Raises :class:`SealBrokenError`."""
        return _open(self.data_key, sealed, self._chunk_data(b"tail", index))

    def _chunk_data(self, part: bytes, index: int) -> bytes:
        is_last = index == self.chunk_count - 1
        return struct.pack(
            ">5sQ?QI", part, index, is_last, self.plain_bytes, self.chunk_bytes
        ) + self.name.encode("ascii")


def new_header(
    sealed: SealedFile, note: Mapping[str, str], master_key: bytes, random_bytes: RandomBytes
) -> bytes:
    """The header of a new sealed file. ``note`` is padded, so that its length says nothing either."""
    fixed = _FIXED.pack(MAGIC, VERSION, sealed.chunk_bytes, sealed.plain_bytes)
    bound = fixed + sealed.name.encode("ascii")
    text = json.dumps(note, ensure_ascii=False).encode("utf-8", "surrogateescape")
    if len(text) > NOTE_BYTES:
        raise ValueError("note too long")
    wrapped = _seal(master_key, sealed.data_key, b"key" + bound, random_bytes)
    return fixed + wrapped + _seal(sealed.data_key, text.ljust(NOTE_BYTES), b"note" + bound, random_bytes)


def open_header(name: str, header: bytes, master_key: bytes) -> tuple[SealedFile, dict[str, str]]:
    """The file behind a header, and its note. Raises :class:`SealBrokenError`."""
    if len(header) != HEADER_BYTES:
        raise SealBrokenError("The sealed original is cut short.")
    fixed = header[: _FIXED.size]
    magic, version, chunk_bytes, plain_bytes = _FIXED.unpack(fixed)
    if magic != MAGIC or version != VERSION or chunk_bytes != CHUNK_BYTES:
        raise SealBrokenError("The sealed original is not in a form that this version knows.")
    bound = fixed + name.encode("ascii")
    middle = _FIXED.size + OVERHEAD_BYTES + KEY_BYTES
    data_key = _open(master_key, header[_FIXED.size : middle], b"key" + bound)
    note = json.loads(_open(data_key, header[middle:], b"note" + bound).decode("utf-8", "surrogateescape"))
    return SealedFile(name, plain_bytes, data_key, chunk_bytes), note


def _seal(key: bytes, plain: bytes, data: bytes, random_bytes: RandomBytes) -> bytes:
    nonce = random_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, data)


def _open(key: bytes, sealed: bytes, data: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], data)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("The sealed original has been changed or damaged.") from error
