"""What one DICOM file says about its image, as checked values.

Only elements that are named here are looked at; all others (patient, study, equipment, private ones) are
passed over, and meet nothing but the inventory.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, NotASlideError, SlideTooLargeError, UnsupportedSlideError
from tiling.formats.dicom import tags
from tiling.formats.dicom.byte_window import ByteWindow
from tiling.formats.dicom.elements import PIXEL_DATA, Element, ElementReader, Span
from tiling.formats.dicom.palettes import read_palette
from tiling.formats.dicom.placement import FramePlaces, read_frame_places
from tiling.formats.dicom.values import Values
from tiling.geometry import Mpp, Size
from tiling.limits import Limits
from tiling.model import ImageRole

PREAMBLE_BYTES = 128
META_OFFSET = 132
MAX_ELEMENTS = 40_000_000  # 2,000,000 frames of a sparse slide have 18 elements each

_MAGIC = b"DICM"
_META_GROUP = 0x0002
_MAX_PATHS = 64
_UM_PER_MM = 1000.0
_MPP_UM_RANGE = (0.01, 100.0)
_POWER_RANGE = (0.1, 400.0)
_READ = frozenset(
    {
        tags.IMAGE_TYPE, tags.SOP_CLASS, tags.SOP_INSTANCE, tags.PYRAMID_UID, tags.SERIES_UID,
        tags.FRAME_OF_REFERENCE, tags.CONCATENATION_UID, tags.CONCATENATION_OFFSET, tags.ORGANIZATION_TYPE,
        tags.SAMPLES_PER_PIXEL, tags.PHOTOMETRIC, tags.PLANAR_CONFIGURATION, tags.NUMBER_OF_FRAMES, tags.ROWS,
        tags.COLUMNS, tags.BITS_ALLOCATED, tags.BITS_STORED, tags.PIXEL_REPRESENTATION, tags.ICC_PROFILE,
        tags.MATRIX_COLUMNS, tags.MATRIX_ROWS, tags.LABEL_IN_IMAGE, tags.OPTICAL_PATHS, tags.FOCAL_PLANES,
        tags.SHARED_GROUPS, tags.FRAME_GROUPS, tags.EXTENDED_OFFSETS, tags.EXTENDED_LENGTHS, PIXEL_DATA,
    }
)  # fmt: skip
_READ_IN_PATH = frozenset({tags.OPTICAL_PATH_ID, tags.PALETTE, tags.ICC_PROFILE, tags.OBJECTIVE_POWER})
_ROLES = {
    "VOLUME": ImageRole.LEVEL,
    "LABEL": ImageRole.LABEL,
    "OVERVIEW": ImageRole.MACRO,
    "THUMBNAIL": ImageRole.THUMBNAIL,
}


@dataclass(frozen=True, slots=True)
class OpticalPath:
    """identifier: what frames refer to it by. palette: (entries, 3) uint8, None without one."""

    identifier: str = ""
    palette: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One whole-slide image instance. number: its place among the files that were given.

    frame_size: of one frame; size: of the total pixel matrix. pixels: the element of the pixel data. places
    is None where frames follow the order of TILED_FULL.
    """

    source: ByteSource
    number: int
    transfer_syntax: str
    sop_instance_uid: str = ""
    slide_key: str = ""
    role: ImageRole = ImageRole.UNKNOWN
    size: Size = field(default_factory=lambda: Size(0, 0))
    frame_size: Size = field(default_factory=lambda: Size(0, 0))
    frame_count: int = 1
    samples: int = 0
    bits_allocated: int = 0
    bits_stored: int = 0
    is_signed: bool = False
    is_planar: bool = False
    photometric: str = ""
    focal_planes: int = 1
    paths: tuple[OpticalPath, ...] = ()
    icc_profile: bytes | None = None
    objective_power: float | None = None
    mpp: Mpp | None = None
    concatenation_uid: str = ""
    first_frame: int = 0
    shows_label: bool = False
    places: FramePlaces | None = None
    pixels: Element | None = None
    extended_offsets: NDArray[np.uint64] | None = None
    extended_lengths: NDArray[np.uint64] | None = None


def is_dicom(source: ByteSource) -> bool:
    """Whether the file begins as DICOM files do (PS3.10, 7.1)."""
    return source.read_at(PREAMBLE_BYTES, len(_MAGIC)) == _MAGIC


def series_of(source: ByteSource) -> str:
    """The series that an instance of any kind belongs to, "" where it states none.

    Raises NotASlideError, CorruptSlideError, SlideTooLargeError.
    """
    reader = ElementReader(ByteWindow(source), MAX_ELEMENTS)
    span, _ = data_set_span(reader, source)
    for element in reader.elements(span):
        if element.tag >= tags.SERIES_UID:
            return Values(reader).uid(element) if element.tag == tags.SERIES_UID else ""
    return ""


def data_set_span(reader: ElementReader, source: ByteSource) -> tuple[Span, str]:
    """Where the data set behind the file meta information stands, and its transfer syntax.

    Raises NotASlideError, CorruptSlideError.
    """
    if not is_dicom(source):
        raise NotASlideError("the file is not a DICOM file")
    syntax = ""
    start = META_OFFSET
    for element in reader.elements(Span(META_OFFSET, source.size_bytes, is_explicit=True)):
        if element.tag >> 16 != _META_GROUP:
            break
        if element.tag == tags.TRANSFER_SYNTAX:
            syntax = Values(reader).uid(element)
        start = element.end
        # What follows may be coded otherwise: it must not be looked at as if it were not.
        if start + 2 > source.size_bytes or source.read_at(start, 2) != b"\x02\x00":
            break
    if not syntax:
        raise CorruptSlideError("the DICOM file does not state how it is coded")
    return Span(start, source.size_bytes, is_explicit=syntax != tags.IMPLICIT_VR), syntax


def read_instance(source: ByteSource, number: int, limits: Limits) -> Instance:
    """Raises NotASlideError, UnsupportedSlideError, CorruptSlideError, SlideTooLargeError."""
    reader = ElementReader(ByteWindow(source), MAX_ELEMENTS)
    span, syntax = data_set_span(reader, source)
    if syntax == tags.DEFLATED:
        raise UnsupportedSlideError("DICOM files that are compressed as a whole are not supported")
    if syntax == tags.BIG_ENDIAN:
        raise UnsupportedSlideError("DICOM files in big-endian order are not supported")
    found: dict[int, Element] = {}
    for element in reader.elements(span):
        if element.tag in _READ:
            if element.tag in found:
                raise CorruptSlideError("a DICOM file states the same element twice")
            found[element.tag] = element
        if element.tag == PIXEL_DATA:
            break
    values = Values(reader)
    _check_kind(values, found)
    instance = Instance(
        source=source,
        number=number,
        transfer_syntax=syntax,
        sop_instance_uid=values.uid(found.get(tags.SOP_INSTANCE)),
        slide_key=_slide_key(values, found),
        role=_role(values.strings(found.get(tags.IMAGE_TYPE))),
        size=Size(
            values.number(found.get(tags.MATRIX_COLUMNS), 0), values.number(found.get(tags.MATRIX_ROWS), 0)
        ),
        frame_size=Size(values.number(found.get(tags.COLUMNS), 0), values.number(found.get(tags.ROWS), 0)),
        frame_count=values.integer(found.get(tags.NUMBER_OF_FRAMES), 1),
        samples=values.number(found.get(tags.SAMPLES_PER_PIXEL), 1),
        bits_allocated=values.number(found.get(tags.BITS_ALLOCATED), 0),
        bits_stored=values.number(found.get(tags.BITS_STORED), 0),
        is_signed=values.number(found.get(tags.PIXEL_REPRESENTATION), 0) != 0,
        is_planar=values.number(found.get(tags.PLANAR_CONFIGURATION), 0) != 0,
        photometric=values.code(found.get(tags.PHOTOMETRIC)),
        focal_planes=max(1, values.number(found.get(tags.FOCAL_PLANES), 1)),
        concatenation_uid=values.uid(found.get(tags.CONCATENATION_UID)),
        first_frame=values.number(found.get(tags.CONCATENATION_OFFSET), 0),
        shows_label=values.code(found.get(tags.LABEL_IN_IMAGE)) == "YES",
        pixels=found.get(PIXEL_DATA),
        extended_offsets=values.array(found.get(tags.EXTENDED_OFFSETS), "<u8", limits.tag_bytes),
        extended_lengths=values.array(found.get(tags.EXTENDED_LENGTHS), "<u8", limits.tag_bytes),
    )
    if instance.role is not ImageRole.LEVEL:
        return instance
    _check_bounds(instance, limits)
    return _with_sequences(instance, values, found, limits)


def _check_kind(values: Values, found: dict[int, Element]) -> None:
    sop_class = values.uid(found.get(tags.SOP_CLASS))
    if sop_class == tags.WHOLE_SLIDE_IMAGE:
        return
    if sop_class in tags.ULTRASOUND_IMAGES:
        raise UnsupportedSlideError("the DICOM file is an ultrasound image; those are not supported yet")
    raise NotASlideError("the DICOM file is not a whole-slide image")


def _slide_key(values: Values, found: dict[int, Element]) -> str:
    """What the volumes of one slide have in common: a pyramid, else a frame of reference, else a series."""
    for tag in (tags.PYRAMID_UID, tags.FRAME_OF_REFERENCE, tags.SERIES_UID):
        if uid := values.uid(found.get(tag)):
            return uid
    return ""


def _role(image_type: list[str]) -> ImageRole:
    return _ROLES.get(image_type[2], ImageRole.UNKNOWN) if len(image_type) > 2 else ImageRole.UNKNOWN


def _check_bounds(instance: Instance, limits: Limits) -> None:
    sizes = (instance.size, instance.frame_size)
    if any(size.width_px <= 0 or size.height_px <= 0 for size in sizes):
        raise CorruptSlideError("a DICOM image has no pixels")
    if instance.size.pixel_count > limits.pixels:
        raise SlideTooLargeError("the slide has more pixels than is supported")
    if instance.is_signed and (instance.samples, instance.bits_allocated) != (1, 16):
        raise UnsupportedSlideError("the slide's samples are of a kind that is not supported")
    if not 0 < instance.frame_count <= limits.tiles:
        raise SlideTooLargeError("the slide has more frames than is supported")


def _with_sequences(
    instance: Instance, values: Values, found: dict[int, Element], limits: Limits
) -> Instance:
    """The instance with what its sequences say."""
    paths: list[OpticalPath] = []
    icc: bytes | None = None
    power: float | None = None
    for item in values.items(found.get(tags.OPTICAL_PATHS), _MAX_PATHS):
        path = values.elements(item, _READ_IN_PATH)
        paths.append(
            OpticalPath(
                values.text(path.get(tags.OPTICAL_PATH_ID)),
                read_palette(values, path.get(tags.PALETTE)),
            )
        )
        profile = path.get(tags.ICC_PROFILE)
        if icc is None and profile is not None:
            icc = values.raw(profile, limits.tag_bytes) or None
        power = power or values.ranged(path.get(tags.OBJECTIVE_POWER), _POWER_RANGE)
    if icc is None and (profile := found.get(tags.ICC_PROFILE)) is not None:
        icc = values.raw(profile, limits.tag_bytes) or None
    return replace(
        instance,
        paths=tuple(paths) or (OpticalPath(),),
        icc_profile=icc,
        objective_power=power,
        mpp=_mpp(values, found),
        places=_places(instance, values, found),
    )


def _places(instance: Instance, values: Values, found: dict[int, Element]) -> FramePlaces | None:
    """None for TILED_FULL, and for the one frame of an image that is not tiled."""
    kind = values.code(found.get(tags.ORGANIZATION_TYPE))
    groups = found.get(tags.FRAME_GROUPS)
    if kind == "TILED_FULL" or (groups is None and instance.frame_count == 1):
        return None
    return read_frame_places(values, groups, instance.frame_count)


def _mpp(values: Values, found: dict[int, Element]) -> Mpp | None:
    """PixelSpacing is in millimetres: between rows first, then between columns (PS3.3, 10.7.1.3)."""
    groups = values.items(found.get(tags.SHARED_GROUPS), 1)
    shared = values.elements(groups[0], frozenset({tags.PIXEL_MEASURES})) if groups else {}
    measures = values.items(shared.get(tags.PIXEL_MEASURES), 1, depth=1)
    if not measures:
        return None
    spacing = values.elements(measures[0], frozenset({tags.PIXEL_SPACING}), depth=2).get(tags.PIXEL_SPACING)
    numbers = [number * _UM_PER_MM for number in values.decimals(spacing)]
    if len(numbers) != 2 or not all(_MPP_UM_RANGE[0] <= um <= _MPP_UM_RANGE[1] for um in numbers):
        return None
    return Mpp(x_um=numbers[1], y_um=numbers[0])
