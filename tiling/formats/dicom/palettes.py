"""Colours that a monochrome image is shown in: palette colour lookup tables (PS3.3, C.7.6.3.1 and C.7.9)."""

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError
from tiling.formats.dicom import tags
from tiling.formats.dicom.elements import Element
from tiling.formats.dicom.values import Values

_PLAIN = (tags.RED_TABLE, tags.GREEN_TABLE, tags.BLUE_TABLE)
_SEGMENTED = (tags.RED_SEGMENTED_TABLE, tags.GREEN_SEGMENTED_TABLE, tags.BLUE_SEGMENTED_TABLE)
_WANTED = frozenset({*_PLAIN, *_SEGMENTED, tags.RED_TABLE_DESCRIPTOR})
_MAX_BYTES = 1 << 18
_MAX_ENTRIES = 1 << 16
_DISCRETE, _LINEAR = 0, 1

Palette = NDArray[np.uint8]


def read_palette(values: Values, sequence: Element | None) -> Palette | None:
    """(entries, 3) uint8, for stored values from 0 on; None where there is none that is understood."""
    items = values.items(sequence, 1, depth=1)
    if not items:
        return None
    found = values.elements(items[0], _WANTED, depth=2)
    descriptor = values.array(found.get(tags.RED_TABLE_DESCRIPTOR), "<u2", 6)
    if descriptor is None or len(descriptor) != 3 or descriptor[1] != 0:
        return None
    entries, bits = int(descriptor[0]) or _MAX_ENTRIES, int(descriptor[2])
    columns = [_column(values, found, number, entries, bits) for number in range(3)]
    if any(column is None or len(column) != entries for column in columns):
        return None
    return np.stack([column for column in columns if column is not None], axis=1)


def _column(
    values: Values, found: dict[int, Element], number: int, entries: int, bits: int
) -> NDArray[np.uint8] | None:
    plain, segmented = found.get(_PLAIN[number]), found.get(_SEGMENTED[number])
    if plain is not None:
        is_bytes = bits == 8 and plain.byte_count in (entries, entries + 1)
        table = values.array(plain, "<u1" if is_bytes else "<u2", _MAX_BYTES)
        table = None if table is None else table[:entries].astype(np.int64)
    elif segmented is not None:
        words = values.array(segmented, "<u2", _MAX_BYTES)
        table = None if words is None else _expanded(words.tolist(), entries)
    else:
        return None
    if table is None:
        return None
    # Eight-bit tables are often written in words, some with the value in the upper byte.
    is_wide = bits == 16 or int(table.max(initial=0)) > 255
    return (table >> 8 if is_wide else table).astype(np.uint8)


def _expanded(words: list[int], entries: int) -> NDArray[np.int64]:
    """Segments of single values and of straight lines (PS3.3, C.7.9.2)."""
    out: list[int] = []
    at = 0
    while at + 2 <= len(words) and len(out) < entries:
        kind, count = words[at : at + 2]
        at += 2
        if kind == _DISCRETE and at + count <= len(words):
            out += words[at : at + count]
            at += count
        elif kind == _LINEAR and out and at < len(words):
            start, stop = out[-1], words[at]
            out += np.linspace(start, stop, count + 1).round().astype(int).tolist()[1:]
            at += 1
        else:
            raise CorruptSlideError("a colour table of the DICOM file is damaged")
    return np.array(out[:entries], np.int64)
