"""Rewriting MP4 files box by box: lists, flags and counts as no encoder would write them."""

import struct
from collections.abc import Callable

_PARENTS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"mvex", b"moof", b"traf"}
)
Box = tuple[bytes, bytes]


def boxes(data: bytes) -> list[Box]:
    """The boxes side by side in `data`: kind and body."""
    found, at = [], 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        found.append((kind, data[at + head : at + size]))
        at += size
    return found


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def find(data: bytes, *path: bytes) -> bytes:
    """The body of the first box at the path."""
    for kind in path:
        data = next(body for name, body in boxes(data) if name == kind)
    return data


def rewrite(data: bytes, change: Callable[[bytes, bytes], bytes | None]) -> bytes:
    """Every box that is no parent is passed to `change(kind, body)`: the new body, or None to leave it out.

    Sizes are made right again; chunk offsets are not, so whatever grows must stand behind the media data.
    """
    result = b""
    for kind, body in boxes(data):
        new = rewrite(body, change) if kind in _PARENTS else change(kind, body)
        if new is not None:
            result += box(kind, new)
    return result


def replace_box(data: bytes, kind: bytes, body: bytes | None) -> bytes:
    """The file with every box of this kind changed, or left out."""
    return rewrite(data, lambda name, old: body if name == kind else old)


def with_edits(data: bytes, edits: list[tuple[int, int]]) -> bytes:
    """The file (of one track) with this edit list: (duration in the movie's ticks, media time or −1)."""
    entries = b"".join(struct.pack(">Iihh", duration, start, 1, 0) for duration, start in edits)
    edts = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + entries))

    def of_track(body: bytes) -> bytes:
        kept = [(kind, inner) for kind, inner in boxes(body) if kind != b"edts"]
        head = kept[0]
        return box(*head) + edts + b"".join(box(*each) for each in kept[1:])

    def of_movie(body: bytes) -> bytes:
        return b"".join(
            box(kind, of_track(inner) if kind == b"trak" else inner) for kind, inner in boxes(body)
        )

    return b"".join(box(kind, of_movie(body) if kind == b"moov" else body) for kind, body in boxes(data))


def movie_scale(data: bytes) -> int:
    """Ticks a second of the movie, as edit durations are counted."""
    return int(struct.unpack_from(">I", find(data, b"moov", b"mvhd"), 12)[0])


def media_scale(data: bytes) -> int:
    """Ticks a second of the first track."""
    return int(struct.unpack_from(">I", find(data, b"moov", b"trak", b"mdia", b"mdhd"), 12)[0])


def with_clean_aperture(data: bytes, aperture: bytes) -> bytes:
    """The file with a `clap` box (ISO 14496-12, 12.1.4) at the end of its only sample description."""

    def change(kind: bytes, body: bytes) -> bytes:
        if kind != b"stsd":
            return body
        size = int.from_bytes(body[8:12], "big") + 8 + len(aperture)
        return body[:8] + struct.pack(">I", size) + body[12:] + box(b"clap", aperture)

    return rewrite(data, change)
