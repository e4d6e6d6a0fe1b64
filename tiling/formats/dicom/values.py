"""Values of DICOM elements as numbers and short texts, checked one by one (PS3.5, 6.2)."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError
from tiling.formats.dicom.elements import Element, ElementReader, Span

_SHORT_BYTES = 4096
_UID = re.compile(r"[0-9.]{1,64}")
_WHOLE = re.compile(r"\+?\d{1,10}")
_DECIMAL = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?")
_BINARY = {b"US": "<u2", b"UL": "<u4", b"SS": "<i2", b"SL": "<i4", b"FL": "<f4", b"FD": "<f8", b"UV": "<u8"}
_BY_SIZE = {2: "<u2", 4: "<u4"}


class Values:
    """Reads values; an absent element gives the default or nothing. Raises CorruptSlideError."""

    def __init__(self, reader: ElementReader) -> None:
        self._reader = reader

    def raw(self, element: Element, max_bytes: int = _SHORT_BYTES) -> bytes:
        return self._reader.value(element, max_bytes)

    def text(self, element: Element | None) -> str:
        """A short text as it stands, without its padding; Latin-1, which keeps every byte apart."""
        return "" if element is None else self.raw(element).decode("latin-1").strip(" \0")

    def strings(self, element: Element | None) -> list[str]:
        return [part.strip(" \0") for part in self.text(element).split("\\")]

    def code(self, element: Element | None) -> str:
        return self.strings(element)[0].upper()

    def uid(self, element: Element | None) -> str:
        """b"" where it is absent or no UID."""
        text = self.text(element)
        return text if _UID.fullmatch(text) else ""

    def integer(self, element: Element | None, default: int) -> int:
        """The one value of an integer string (IS)."""
        text = self.text(element)
        if not text:
            return default
        if not _WHOLE.fullmatch(text):
            raise CorruptSlideError("a DICOM element that should hold a whole number holds something else")
        return int(text)

    def decimals(self, element: Element | None) -> list[float]:
        """The values of a decimal string (DS); none where any of them is no number."""
        texts = self.strings(element)
        return [float(text) for text in texts] if all(map(_DECIMAL.fullmatch, texts)) else []

    def number(self, element: Element | None, default: int) -> int:
        """The one value of a binary whole number."""
        values = self.array(element, None, 16)
        if values is None or not len(values):
            return default
        if len(values) != 1 or values.dtype.kind not in "iu":
            raise CorruptSlideError("a DICOM element that should hold a whole number holds something else")
        return int(values[0])

    def array(self, element: Element | None, code: str | None, max_bytes: int) -> NDArray[Any] | None:
        """Binary values, of the kind that `code`, the element or its size says; None where absent."""
        if element is None:
            return None
        code = code or _BINARY.get(element.vr) or _BY_SIZE.get(element.byte_count, "<u1")
        data = self.raw(element, max_bytes)
        if len(data) % np.dtype(code).itemsize:
            raise CorruptSlideError("a DICOM element is not of a length that fits its values")
        return np.frombuffer(data, code)

    def ranged(self, element: Element | None, allowed: tuple[float, float]) -> float | None:
        """A decimal string's one value, where it is within these bounds."""
        numbers = self.decimals(element)
        if len(numbers) != 1 or not math.isfinite(numbers[0]):
            return None
        return numbers[0] if allowed[0] <= numbers[0] <= allowed[1] else None

    def items(self, sequence: Element | None, max_items: int, depth: int = 0) -> list[Span]:
        if sequence is None or not sequence.is_sequence:
            return []
        spans: list[Span] = []
        for span in self._reader.items(sequence, depth):
            if len(spans) == max_items:
                raise CorruptSlideError("a DICOM sequence has more items than any slide needs")
            spans.append(span)
        return spans

    def elements(self, item: Span, wanted: frozenset[int], depth: int = 1) -> dict[int, Element]:
        """The first of each of the wanted elements."""
        found: dict[int, Element] = {}
        for element in self._reader.elements(item, depth):
            if element.tag in wanted:
                found.setdefault(element.tag, element)
        return found
