"""Everything that stands in a DICOM file, leaf by leaf, whatever a picture needs of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag

from video.errors import VideoError
from video.formats.dicom import tags
from video.formats.dicom.byte_window import ByteWindow
from video.formats.dicom.elements import Element, ElementReader, Span
from video.formats.dicom.file_layout import MAX_ELEMENTS, FileLayout

_GROUPS = frozenset({tags.SHARED_GROUPS, tags.FRAME_GROUPS})
_REBUILT_SEQUENCES = frozenset(
    {
        (tags.REGIONS,),
        (tags.MODALITY_LUT,),
        (tags.VOI_LUT,),
        *((group,) for group in _GROUPS),
        *(
            (group, inner)
            for group in _GROUPS
            for inner in (
                tags.FRAME_CONTENT, tags.FRAME_VOI_LUT, tags.PIXEL_MEASURES, tags.PIXEL_VALUE_TRANSFORMATION,
            )
        ),
    }
)  # fmt: skip
_REBUILT = frozenset(
    {
        tags.SAMPLES_PER_PIXEL, tags.PHOTOMETRIC, tags.PLANAR_CONFIGURATION, tags.NUMBER_OF_FRAMES,
        tags.FRAME_INCREMENT_POINTER, tags.ROWS, tags.COLUMNS, tags.PIXEL_SPACING, tags.PIXEL_ASPECT_RATIO,
        tags.BITS_ALLOCATED, tags.BITS_STORED, tags.HIGH_BIT, tags.PIXEL_REPRESENTATION, tags.WINDOW_CENTER,
        tags.WINDOW_WIDTH, tags.RESCALE_INTERCEPT, tags.RESCALE_SLOPE, tags.VOI_LUT_FUNCTION,
        tags.PIXEL_PRESENTATION, tags.PRESENTATION_LUT_SHAPE, tags.LUT_DESCRIPTOR, tags.LUT_DATA,
        *tags.PALETTE_DESCRIPTORS, *tags.PALETTES, *tags.SEGMENTED_PALETTES, tags.CINE_RATE,
        tags.RECOMMENDED_DISPLAY_FRAME_RATE, tags.EFFECTIVE_DURATION, tags.FRAME_TIME,
        tags.FRAME_TIME_VECTOR, tags.ACTUAL_FRAME_DURATION, tags.FRAME_REFERENCE_TIME,
        tags.FRAME_ACQUISITION_TIME, tags.REGION_SPATIAL_FORMAT, tags.REGION_DATA_TYPE, tags.REGION_MIN_X0,
        tags.REGION_MIN_Y0, tags.REGION_MAX_X1, tags.REGION_MAX_Y1, tags.REFERENCE_PIXEL_X0,
        tags.REFERENCE_PIXEL_Y0, tags.UNITS_X, tags.UNITS_Y, tags.DELTA_X, tags.DELTA_Y,
        tags.EXTENDED_OFFSETS, tags.EXTENDED_LENGTHS, tags.PIXEL_DATA,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element and the sequences around it. byte_count: with its header; of a sequence without its items'
    elements, which come as leaves of their own.

    is_opaque: a sequence that cannot be entered, damaged or nested too deep; it is one leaf as a whole.
    """

    path: tuple[int, ...]
    element: Element
    byte_count: int
    is_opaque: bool = False

    @property
    def tag(self) -> int:
        return self.element.tag

    @property
    def is_rebuilt(self) -> bool:
        """Whether the result says it again in our words: as a checked number, or in pixels."""
        if self.is_opaque:
            return False
        if self.element.is_sequence:
            return (*self.path, self.tag) in _REBUILT_SEQUENCES
        return self.tag in _REBUILT and (not self.path or self.path in _REBUILT_SEQUENCES)

    @property
    def name(self) -> str:
        return " > ".join(name_of(tag) for tag in (*self.path, self.tag))


class Walk:
    """One walk over a file's meta information and data set. rest: where what cannot be walked begins,
    an offset in `layout.source`; known once `leaves` has ended.
    """

    def __init__(self, layout: FileLayout) -> None:
        self._layout = layout
        self.reader = ElementReader(ByteWindow(layout.source), MAX_ELEMENTS)
        self.rest = layout.span.start

    def leaves(self) -> Iterator[Leaf]:
        if not self._layout.is_inflated:
            yield from self._of(self._layout.meta)
        yield from self._of(self._layout.span)

    def _of(self, span: Span) -> Iterator[Leaf]:
        try:
            for element in self.reader.elements(span):
                end = self.reader.fragments_end(element) if element.is_encapsulated else element.end
                try:
                    leaves = list(self._leaves(element, end, ()))
                except VideoError:
                    leaves = [Leaf((), element, end - element.start, is_opaque=True)]
                yield from leaves
                self.rest = end
        except VideoError:
            pass

    def _leaves(self, element: Element, end: int, path: tuple[int, ...]) -> Iterator[Leaf]:
        inside = 0
        if element.is_sequence:
            inner_path = (*path, element.tag)
            for item in self.reader.items(element, len(path)):
                for inner in self.reader.elements(item, len(inner_path)):
                    inner_end = self.reader.fragments_end(inner) if inner.is_encapsulated else inner.end
                    inside += inner_end - inner.start
                    yield from self._leaves(inner, inner_end, inner_path)
        yield Leaf(path, element, end - element.start - inside)


def name_of(tag: int) -> str:
    """The standard's keyword, or the bare number; a private element has no name that can be trusted."""
    number = f"({tag >> 16:04x},{tag & 0xFFFF:04x})"
    if tag >> 16 & 1:
        return f"private {number}"
    return keyword_for_tag(tag) or number
