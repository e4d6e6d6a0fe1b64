"""The sealed file's layout, and the one place that encrypts and decrypts.

::

    magic 8 | version u16 | chunk size u32 | plain length u64                     (big endian)
    case id 32, filled up with zeros                                              (version 2 alone)
    nonce 12 | the file's own key, wrapped 32+16
    nonce 12 | note, sealed with the file's key (1024, in version 2 992)+16
    chunk 0: nonce 12 | ciphertext | tag 16
    chunk 1: …

AES-256-GCM throughout. Each file has its own random key: forget that, and the file is destroyed. It is
wrapped with the key of the case that the file belongs to (:mod:`server.deid.case_keys`), so that forgetting
one key destroys a case; in version 1, written before there were such keys, with the master key. Nonces are
random rather than counted, because an interrupted upload writes the same chunk twice. The additional data of
each part names the file, its length, the chunk's index and whether it is the last one: a chunk that is
changed, moved, repeated, cut off or taken from another file does not open. A header is equally long in both
versions: who only reads chunks need not know which it is.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.deid.errors import SealBrokenError

MAGIC = b"SLDRSEAL"
VERSION_OF_MASTER, VERSION_OF_CASE = 1, 2
CHUNK_BYTES = 1 << 20
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32
NOTE_BYTES = 1024
OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES
WRAPPED_BYTES = KEY_BYTES + OVERHEAD_BYTES
CASE_BYTES = 32
BROKEN = "The sealed original has been changed or damaged."
_FIXED = struct.Struct(">8sHIQ")
HEADER_BYTES = _FIXED.size + WRAPPED_BYTES + OVERHEAD_BYTES + NOTE_BYTES

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
        return seal_bytes(self.data_key, plain, self._chunk_data(b"chunk", index), random_bytes)

    def open_chunk(self, index: int, sealed: bytes) -> bytes:
        """A chunk's plain bytes. Raises :class:`SealBrokenError`."""
        return open_bytes(self.data_key, sealed, self._chunk_data(b"chunk", index))

    def seal_tail(self, index: int, plain: bytes, random_bytes: RandomBytes) -> bytes:
        """The beginning of a chunk whose rest has not arrived yet."""
        return seal_bytes(self.data_key, plain, self._chunk_data(b"tail", index), random_bytes)

    def open_tail(self, index: int, sealed: bytes) -> bytes:
        """What :meth:`seal_tail` sealed. Raises :class:`SealBrokenError`."""
        return open_bytes(self.data_key, sealed, self._chunk_data(b"tail", index))

    def _chunk_data(self, part: bytes, index: int) -> bytes:
        is_last = index == self.chunk_count - 1
        return struct.pack(
            ">5sQ?QI", part, index, is_last, self.plain_bytes, self.chunk_bytes
        ) + self.name.encode("ascii")


@dataclass(frozen=True, slots=True)
class Header:
    """A sealed file's header, not opened yet.

    case_id : whose key opens it; None: the master key.
    """

    name: str
    raw: bytes
    chunk_bytes: int
    plain_bytes: int
    case_id: str | None

    @classmethod
    def parse(cls, name: str, raw: bytes) -> "Header":
        """What a header says in the plain. Raises :class:`SealBrokenError`."""
        if len(raw) != HEADER_BYTES:
            raise SealBrokenError("The sealed original is cut short.")
        magic, version, chunk_bytes, plain_bytes = _FIXED.unpack_from(raw)
        known = version in {VERSION_OF_MASTER, VERSION_OF_CASE}
        if magic != MAGIC or not known or chunk_bytes != CHUNK_BYTES:
            raise SealBrokenError("The sealed original is not in a form that this version knows.")
        case_id = None
        if version == VERSION_OF_CASE:
            text = raw[_FIXED.size : _FIXED.size + CASE_BYTES].rstrip(b"\0").decode("ascii", "replace")
            if not is_id(text):
                raise SealBrokenError(BROKEN)
            case_id = text
        return cls(name, raw, chunk_bytes, plain_bytes, case_id)

    @classmethod
    def new(
        cls,
        sealed: SealedFile,
        note: Mapping[str, str],
        case_id: str | None,
        wrapping_key: bytes,
        random_bytes: RandomBytes,
    ) -> "Header":
        """The header of a new sealed file. ``note`` is padded, so that its length says nothing either."""
        version = VERSION_OF_MASTER if case_id is None else VERSION_OF_CASE
        fixed = _FIXED.pack(MAGIC, version, sealed.chunk_bytes, sealed.plain_bytes)
        if case_id is not None:
            fixed += case_id.encode("ascii").ljust(CASE_BYTES, b"\0")
        bound = fixed + sealed.name.encode("ascii")
        wrapped = seal_bytes(wrapping_key, sealed.data_key, b"key" + bound, random_bytes)
        room = HEADER_BYTES - len(fixed) - len(wrapped) - OVERHEAD_BYTES
        text = json.dumps(note, ensure_ascii=False).encode("utf-8", "surrogateescape")
        if len(text) > room:
            raise ValueError("note too long")
        sealed_note = seal_bytes(sealed.data_key, text.ljust(room), b"note" + bound, random_bytes)
        return cls(
            sealed.name, fixed + wrapped + sealed_note, sealed.chunk_bytes, sealed.plain_bytes, case_id
        )

    @property
    def _fixed(self) -> bytes:
        return self.raw[: _FIXED.size + (0 if self.case_id is None else CASE_BYTES)]

    @property
    def _bound(self) -> bytes:
        return self._fixed + self.name.encode("ascii")

    def data_key(self, wrapping_key: bytes) -> bytes:
        """The file's own key. Raises :class:`SealBrokenError`."""
        start = len(self._fixed)
        return open_bytes(wrapping_key, self.raw[start : start + WRAPPED_BYTES], b"key" + self._bound)

    def open(self, wrapping_key: bytes) -> tuple[SealedFile, dict[str, str]]:
        """The file behind the header, and its note. Raises :class:`SealBrokenError`."""
        data_key = self.data_key(wrapping_key)
        sealed_note = self.raw[len(self._fixed) + WRAPPED_BYTES :]
        text = open_bytes(data_key, sealed_note, b"note" + self._bound)
        note = json.loads(text.decode("utf-8", "surrogateescape"))
        return SealedFile(self.name, self.plain_bytes, data_key, self.chunk_bytes), note

    def rewrapped(self, old_key: bytes, new_key: bytes, random_bytes: RandomBytes) -> bytes:
        """The same header with the file's key wrapped by another one. Raises :class:`SealBrokenError`."""
        wrapped = seal_bytes(new_key, self.data_key(old_key), b"key" + self._bound, random_bytes)
        return self._fixed + wrapped + self.raw[len(self._fixed) + WRAPPED_BYTES :]


def is_id(text: str) -> bool:
    """Whether this may name a sealed file or a case: letters and digits, so that it is never a path."""
    return text.isascii() and text.isalnum() and len(text) <= CASE_BYTES


def seal_bytes(key: bytes, plain: bytes, data: bytes, random_bytes: RandomBytes) -> bytes:
    """Nonce, ciphertext and tag. ``data`` is bound to it: whoever opens it must know it."""
    nonce = random_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, data)


def open_bytes(key: bytes, sealed: bytes, data: bytes) -> bytes:
    """What :func:`seal_bytes` sealed. Raises :class:`SealBrokenError`."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], data)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError(BROKEN) from error
