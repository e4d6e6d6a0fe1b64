"""A data set's values as numbers and short texts, checked one by one (PS3.5, 6.2)."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from video.errors import CorruptVideoError, VideoTooLargeError
from video.formats.dicom.elements import Element, ElementReader, Span
from video.formats.dicom.tags import PIXEL_DATA

_SHORT_BYTES = 4096
_MAX_ITEMS = 4_000_000
_WHOLE = re.compile(r"[+-]?\d{1,12}")
_DECIMAL = re.compile(r"[+-]?(\d{1,17}(\.\d{0,17})?|\.\d{1,17})([eE][+-]?\d{1,3})?")
_BINARY = {b"US": "u2", b"UL": "u4", b"SS": "i2", b"SL": "i4", b"FL": "f4", b"FD": "f8", b"OV": "u8"}


class DataSet:
    """Of elements that stand twice the first one counts. An absent element gives None, or nothing.

    Values that are not what the standard says they are count as absent, too: which of them a picture cannot
    do without, its reader says. Raises CorruptVideoError and VideoTooLargeError where the structure is
    damaged.
    """

    def __init__(self, reader: ElementReader, span: Span, depth: int = 0) -> None:
        self._reader = reader
        self._depth = depth
        self._elements: dict[int, Element] = {}
        try:
            for element in reader.elements(span, depth):
                self._elements.setdefault(element.tag, element)
        except CorruptVideoError:
            # What stands behind the pixels is padding, signatures, or rubbish: a picture needs none of it.
            if PIXEL_DATA not in self._elements:
                raise

    def element(self, tag: int) -> Element | None:
        return self._elements.get(tag)

    def raw(self, tag: int, max_bytes: int = _SHORT_BYTES) -> bytes:
        element = self._elements.get(tag)
        if element is None or element.is_encapsulated:
            return b""
        if element.byte_count > max_bytes:
            raise VideoTooLargeError("a DICOM element is larger than any picture needs")
        return self._reader.window.read(element.offset, element.byte_count)

    def text(self, tag: int) -> str:
        """A short text without its padding; Latin-1, which keeps every byte apart."""
        return self.raw(tag).decode("latin-1").strip(" \0")

    def strings(self, tag: int, max_bytes: int = _SHORT_BYTES) -> list[str]:
        text = self.raw(tag, max_bytes).decode("latin-1").strip(" \0")
        return [part.strip(" \0") for part in text.split("\\")] if text else []

    def code(self, tag: int) -> str:
        """The first value, in capitals."""
        return next(iter(self.strings(tag)), "").upper()

    def whole(self, tag: int) -> int | None:
        """An integer string's (IS) first value."""
        text = self.code(tag)
        return int(text) if _WHOLE.fullmatch(text) else None

    def decimals(self, tag: int, max_bytes: int = _SHORT_BYTES) -> list[float]:
        """The values of a decimal string (DS); none where any of them is no finite number."""
        texts = self.strings(tag, max_bytes)
        values = [float(text) for text in texts] if all(map(_DECIMAL.fullmatch, texts)) else []
        return values if all(map(math.isfinite, values)) else []

    def decimal(self, tag: int) -> float | None:
        return next(iter(self.decimals(tag)), None)

    def number(self, tag: int, kind: str = "u2") -> int | None:
        """A binary whole number's first value. kind: numpy's, used where the file does not state one."""
        values = self.array(tag, kind)
        return int(values[0]) if len(values) and values.dtype.kind in "iu" else None

    def real(self, tag: int, kind: str = "f8") -> float | None:
        """A binary floating-point number; None also where it is not finite."""
        values = self.array(tag, kind)
        return float(values[0]) if len(values) and math.isfinite(float(values[0])) else None

    def array(self, tag: int, kind: str, max_bytes: int = _SHORT_BYTES) -> NDArray[Any]:
        """Binary values in the machine's order, as many as are whole."""
        data = self.raw(tag, max_bytes)
        element = self._elements.get(tag)
        is_big = element is not None and element.layout.is_big_endian
        vr = b"" if element is None else element.vr
        dtype = np.dtype(_BINARY.get(vr, kind)).newbyteorder(">" if is_big else "<")
        whole = len(data) - len(data) % dtype.itemsize
        return np.frombuffer(data[:whole], dtype).astype(dtype.newbyteorder("="))

    def items(self, tag: int, max_items: int = _MAX_ITEMS) -> list["DataSet"]:
        """The items of a sequence. Raises VideoTooLargeError where there are more."""
        element = self._elements.get(tag)
        if element is None or not element.is_sequence:
            return []
        found: list[DataSet] = []
        for span in self._reader.items(element, self._depth):
            if len(found) == max_items:
                raise VideoTooLargeError("a DICOM sequence has more items than any picture needs")
            found.append(DataSet(self._reader, span, self._depth + 1))
        return found

    def first_item(self, tag: int) -> "DataSet | None":
        """The first item alone; None also where the sequence is damaged, or holds none."""
        element = self._elements.get(tag)
        if element is None or not element.is_sequence:
            return None
        try:
            span = next(self._reader.items(element, self._depth), None)
            return None if span is None else DataSet(self._reader, span, self._depth + 1)
        except CorruptVideoError:
            return None
