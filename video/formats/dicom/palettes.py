"""Palette colour lookup tables (PS3.3, C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9)."""

import numpy as np
from numpy.typing import NDArray

from video.errors import CorruptVideoError
from video.formats.dicom import tags
from video.formats.dicom.data_set import DataSet

_MAX_BYTES = 1 << 18
_MAX_ENTRIES = 1 << 16
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
_MAX_SEGMENTS = 1 << 16

Colours = NDArray[np.uint8]
"""(n, 3) uint8, RGB."""


def read_palette(data_set: DataSet, *, is_signed: bool) -> tuple[int, Colours] | None:
    """The first stored value that is mapped, and the colours from there on; None where there are none.

    Raises CorruptVideoError.
    """
    columns: list[NDArray[np.int64]] = []
    first = 0
    for number in range(3):
        descriptor = data_set.array(tags.PALETTE_DESCRIPTORS[number], "u2", 16).astype(np.int64)
        if len(descriptor) != 3:
            return None
        # Words whose sign depends on the samples' own, however the element's kind is stated.
        entries, bits = int(descriptor[0]) & 0xFFFF or _MAX_ENTRIES, int(descriptor[2]) & 0xFFFF
        column = _column(data_set, number, entries, bits)
        if column is None:
            return None
        columns.append(column)
        if number == 0:
            first = int(descriptor[1]) & 0xFFFF
            first -= (1 << 16) if is_signed and first & 0x8000 else 0
    if len({len(column) for column in columns}) != 1:
        raise CorruptVideoError("the DICOM file's colour tables are of different lengths")
    return first, np.stack(columns, axis=1).astype(np.uint8)


def _column(data_set: DataSet, number: int, entries: int, bits: int) -> NDArray[np.int64] | None:
    plain = data_set.element(tags.PALETTES[number])
    if plain is not None:
        is_bytes = bits == 8 and plain.byte_count in (entries, entries + 1)
        if is_bytes:
            raw = np.frombuffer(data_set.raw(tags.PALETTES[number], _MAX_BYTES), np.uint8)
            if plain.layout.is_big_endian and plain.vr == b"OW":
                raw = raw[: len(raw) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
            table = raw[:entries].astype(np.int64)
        else:
            words = data_set.array(tags.PALETTES[number], "u2", _MAX_BYTES)
            table = words[:entries].astype(np.int64) & 0xFFFF
    elif data_set.element(tags.SEGMENTED_PALETTES[number]) is not None:
        words = data_set.array(tags.SEGMENTED_PALETTES[number], "u2", _MAX_BYTES)
        table = np.array(expanded((words.astype(np.int64) & 0xFFFF).tolist(), entries), np.int64)
    else:
        return None
    if not len(table):
        raise CorruptVideoError("a colour table of the DICOM file is empty")
    # Tables shorter than they say go on with their last colour, as values beyond a whole one do.
    table = np.pad(table, (0, entries - len(table)), mode="edge")
    # Tables of 8 bits are often written in words, some with the value in the upper byte; those of 16 often
    # hold 8, some in the upper byte, some in both: the upper one is right for both.
    is_wide = int(table.max()) > 255
    return table >> 8 if is_wide else table


def expanded(words: list[int], entries: int) -> list[int]:
    """Segments of single values, of straight lines, and of segments that stood before (PS3.3, C.7.9.2).

    At most `entries` values. Raises CorruptVideoError.
    """
    out: list[int] = []
    segments = 0
    waiting = [(0, len(words))]  # spans of words still to be read, the next one last
    while waiting and len(out) < entries:
        at, end = waiting.pop()
        while at + 2 <= end and len(out) < entries:
            segments += 1
            if segments > _MAX_SEGMENTS:
                raise CorruptVideoError("a colour table of the DICOM file is damaged")
            kind, count = words[at : at + 2]
            at += 2
            if kind == _DISCRETE and at + count <= end:
                out += words[at : at + count]
                at += count
            elif kind == _LINEAR and out and at < end:
                out += np.linspace(out[-1], words[at], count + 1).round().astype(int).tolist()[1:]
                at += 1
            elif kind == _INDIRECT and at + 2 <= end and len(waiting) < 2:
                offset = (words[at] | words[at + 1] << 16) // 2  # in bytes, lower half first
                at += 2
                waiting.append((at, end))
                waiting.append((offset, _after_segments(words, offset, count)))
                break
            else:
                raise CorruptVideoError("a colour table of the DICOM file is damaged")
    return out[:entries]


def _after_segments(words: list[int], at: int, count: int) -> int:
    """Behind `count` segments that are no references themselves."""
    for _ in range(count):
        if at + 2 > len(words) or words[at] not in (_DISCRETE, _LINEAR):
            raise CorruptVideoError("a colour table of the DICOM file is damaged")
        at += 2 + (words[at + 1] if words[at] == _DISCRETE else 1)
    if at > len(words):
        raise CorruptVideoError("a colour table of the DICOM file is damaged")
    return at
