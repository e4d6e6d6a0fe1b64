"""The images of an NDPI and what they are: levels of some focal planes, the macro image, a map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tiling.errors import CorruptSlideError, SlideTooLargeError, UnsupportedSlideError
from tiling.formats.ndpi.directories import Directory, NdpiFile
from tiling.geometry import Mpp, Size
from tiling.limits import Limits
from tiling.model import ImageRole
from tiling.tiff import tags

# Hamamatsu's own tags, by the names that OpenSlide and tifffile have given them.
SOURCE_LENS = 65421
FOCAL_PLANE_NM = 65424
MCU_STARTS = 65426
MCU_STARTS_HIGH = 65432
FLUORESCENCE = 65434
WAVELENGTH_NM = 65451

_MACRO_LENS, _MAP_LENS = -1.0, -2.0
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}
_MPP_UM_RANGE = (0.01, 100.0)
_POWER_RANGE = (0.1, 400.0)


@dataclass(frozen=True, slots=True)
class NdpiImage:
    """One directory as an image. lens: magnification, negative for what is no level.

    strip_offset, strip_bytes: its one strip. z_nm: its focal plane. wavelength_nm: None without fluorescence.
    """

    directory: Directory
    size: Size
    lens: float
    z_nm: int
    strip_offset: int
    strip_bytes: int
    compression: int
    mpp: Mpp | None
    is_fluorescence: bool
    wavelength_nm: float | None

    @property
    def role(self) -> ImageRole:
        if self.lens == _MACRO_LENS:
            return ImageRole.MACRO
        return ImageRole.LEVEL if self.lens > 0 else ImageRole.UNKNOWN

    @property
    def objective_power(self) -> float | None:
        return self.lens if _POWER_RANGE[0] <= self.lens <= _POWER_RANGE[1] else None


def read_image(file: NdpiFile, directory: Directory, limits: Limits) -> NdpiImage:
    """Raises CorruptSlideError, SlideTooLargeError, UnsupportedSlideError."""
    size = Size(file.integer(directory, tags.IMAGE_WIDTH), file.integer(directory, tags.IMAGE_LENGTH))
    if size.width_px <= 0 or size.height_px <= 0:
        raise CorruptSlideError("an image of the file has no pixels")
    if size.pixel_count > limits.pixels:
        raise SlideTooLargeError("the slide has more pixels than is supported")
    offsets = file.numbers(directory, tags.STRIP_OFFSETS)
    if offsets is None or len(offsets) != 1:
        raise UnsupportedSlideError("an image of the NDPI does not consist of one strip")
    offset = file.integer(directory, tags.STRIP_OFFSETS)
    byte_count = file.integer(directory, tags.STRIP_BYTE_COUNTS)
    if offset < 0 or byte_count < 0 or offset + byte_count > file.size_bytes:
        raise CorruptSlideError("an image of the file lies partly outside the file; it may be cut short")
    wavelength = _number(file, directory, WAVELENGTH_NM)
    return NdpiImage(
        directory=directory,
        size=size,
        lens=_number(file, directory, SOURCE_LENS) or 0.0,
        z_nm=file.integer(directory, FOCAL_PLANE_NM, 0),
        strip_offset=offset,
        strip_bytes=byte_count,
        compression=file.integer(directory, tags.COMPRESSION, 1),
        mpp=_mpp(file, directory),
        is_fluorescence=FLUORESCENCE in directory.entries,
        wavelength_nm=wavelength if wavelength is not None and 100 <= wavelength <= 3_000 else None,
    )


def _number(file: NdpiFile, directory: Directory, tag: int) -> float | None:
    values = file.numbers(directory, tag)
    if values is None or len(values) != 1:
        return None
    number = float(values.astype(float)[0])
    return number if math.isfinite(number) else None


def _mpp(file: NdpiFile, directory: Directory) -> Mpp | None:
    unit_um = _UM_PER_UNIT.get(file.integer(directory, tags.RESOLUTION_UNIT, 2))
    values = []
    for tag in (tags.X_RESOLUTION, tags.Y_RESOLUTION):
        resolution = file.rational(directory, tag)
        if unit_um is None or resolution is None or 0 in resolution:
            return None
        values.append(unit_um / (resolution[0] / resolution[1]))
    if not all(_MPP_UM_RANGE[0] <= value <= _MPP_UM_RANGE[1] for value in values):
        return None
    return Mpp(*values)


def choose_base(images: Sequence[NdpiImage]) -> int:
    """The number of the image to be shown: the largest level, of the plane nearest to z = 0.

    Where z = 0 was scanned this is what OpenSlide shows. Raises CorruptSlideError.
    """
    levels = [number for number, image in enumerate(images) if image.role is ImageRole.LEVEL]
    if not levels:
        raise CorruptSlideError("the NDPI has no level of a pyramid")
    return min(levels, key=lambda n: (-images[n].size.pixel_count, abs(images[n].z_nm), images[n].z_nm, n))


def remarks_on(images: Sequence[NdpiImage], base: NdpiImage) -> tuple[str, ...]:
    remarks = []
    planes = sorted({i.z_nm for i in images if i.role is ImageRole.LEVEL and i.size == base.size})
    if len(planes) > 1:
        number = planes.index(base.z_nm) + 1
        z_um = base.z_nm / 1000
        stated = "±0" if z_um == 0 else f"{z_um:+.2f}".replace("-", "−")
        remarks.append(
            f"Focal plane {number} of {len(planes)} ({stated} µm) is shown: it is the one nearest to "
            "the plane that the scanner calls zero."
        )
    if base.is_fluorescence:
        at = f" (emission at {base.wavelength_nm:g} nm)" if base.wavelength_nm is not None else ""
        remarks.append(f"One fluorescence channel{at} is shown in the colours that the scanner gave it.")
    return tuple(remarks)
