"""Every place of a set of DICOM files where something is written, and every text that stands there.

Places are groups of elements, named and counted for the report; their content never is. Texts are handed to
the verify step, which looks for them in the result.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ground.source import ByteSource
from tiling.errors import TilingError
from tiling.formats.dicom.byte_window import ByteWindow
from tiling.formats.dicom.elements import PIXEL_DATA, Element, ElementReader, Span
from tiling.formats.dicom.instances import (
    MAX_ELEMENTS,
    META_OFFSET,
    PREAMBLE_BYTES,
    Instance,
    data_set_span,
)
from tiling.formats.dicom.texts import texts_of
from tiling.limits import Limits
from tiling.model import Action, ImageRole, Place

_META = 0x0002
_PROFILE_WORDS = re.compile(rb"\b(copyright|colours)\b", re.IGNORECASE)
_GROUPS = {
    0x0008: "study, series and equipment",
    0x0010: "patient",
    0x0018: "acquisition",
    0x0020: "relations",
    0x0022: "light path",
    0x0028: "image",
    0x0032: "requests",
    0x0038: "visit",
    0x0040: "procedure and specimen",
    0x0048: "microscope slide",
    0x5200: "functional groups",
    0x7FE0: "pixel data",
    0xFFFA: "signatures",
    0xFFFC: "padding",
}
# Groups of level 0 whose meaning (not bytes) is stated again in the result, from checked values.
_REBUILT = frozenset({0x0028, 0x0048, 0x5200})


def list_places(
    sources: Sequence[ByteSource], instances: Sequence[Instance], base: Sequence[Instance]
) -> list[Place]:
    """The groups of each file."""
    known = {instance.number: instance for instance in instances}
    base_numbers = {instance.number for instance in base}
    places: list[Place] = []
    for number, source in enumerate(sources):
        instance = known.get(number)
        if instance is None:
            places.append(
                Place(f"file {number + 1}, no image of the slide", Action.DROPPED, source.size_bytes)
            )
            continue
        is_base = number in base_numbers
        name = f"file {number + 1} ({'level 0' if is_base else _role_name(instance)})"
        places += _places_of_file(source, name, is_base=is_base)
    return places


def _role_name(instance: Instance) -> str:
    return "localizer or unknown" if instance.role is ImageRole.UNKNOWN else instance.role.value


def _places_of_file(source: ByteSource, name: str, *, is_base: bool) -> list[Place]:
    counts: dict[str, int] = defaultdict(int)
    actions: dict[str, Action] = {}
    counts["preamble"] = PREAMBLE_BYTES
    end = META_OFFSET
    try:
        for element in _top_elements(source):
            group = element.tag >> 16
            place = "file meta information" if group == _META else _group_name(group)
            counts[place] += element.end - end
            end = element.end
            if is_base and element.tag == PIXEL_DATA:
                actions[place] = Action.KEPT
            elif is_base and group in _REBUILT:
                actions[place] = Action.REBUILT
    except TilingError:
        counts["what cannot be read"] += source.size_bytes - end
    else:
        counts["bytes behind the data set"] += source.size_bytes - end
    return [
        Place(f"{name}, {place}", actions.get(place, Action.DROPPED), count)
        for place, count in counts.items()
    ]


def _group_name(group: int) -> str:
    if group % 2:
        return f"private group {group:04x}"
    return _GROUPS.get(group, f"group {group:04x}")


def _top_elements(source: ByteSource) -> Iterator[Element]:
    """The elements of the file meta information and of the data set, pixel data with its true end."""
    reader = ElementReader(ByteWindow(source), MAX_ELEMENTS)
    span, _ = data_set_span(reader, source)
    yield from reader.elements(Span(META_OFFSET, span.start, is_explicit=True))
    for element in reader.elements(span):
        yield reader.closed(element)


def list_texts(sources: Sequence[ByteSource], limits: Limits) -> list[bytes]:
    """Each text once, of every file, those that are no image of the slide included."""
    texts: dict[bytes, None] = {}
    for source in sources:
        # Words of every scrubbed colour profile: they stand in the result by right.
        texts |= {_PROFILE_WORDS.sub(b" ", text): None for text in texts_of(source, limits)}
    return list(texts)
