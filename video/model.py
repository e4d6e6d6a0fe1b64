"""What a clip or loop is, whatever file it came in: frames in the order in which the source presents them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ground.subject import Subject

Plane: TypeAlias = NDArray[np.uint8]
"""(h, w) uint8; rows may stand apart (any stride), samples of a row stand together."""


class Sampling(StrEnum):
    """How many planes a frame has, and how fine they are."""

    GRAY = "gray"
    """One plane, luma alone."""
    YUV420 = "yuv420p"
    """Three planes; chroma halved both ways. Only of frames with even sides."""
    YUV444 = "yuv444p"
    """Three planes of one size."""


class Matrix(StrEnum):
    """Which luma and chroma are meant (ITU-T H.273, MatrixCoefficients)."""

    BT601 = "bt601"
    BT709 = "bt709"
    BT2020 = "bt2020"


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """What the planes of every frame of a video are.

    Attributes
    ----------
    width_px, height_px : as presented, upright: a container's rotation is done already.
    is_full_range : luma 0–255 rather than 16–235.
    pixel_aspect : width of a pixel by its height; 1.0 for square ones. Frames are never resampled for it.
    """

    width_px: int
    height_px: int
    sampling: Sampling
    matrix: Matrix
    is_full_range: bool
    pixel_aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Frame `number` (from 0) as the source presents it. time_s: since the first frame, never falling."""

    number: int
    time_s: float
    planes: tuple[Plane, ...]


class RegionUnit(StrEnum):
    """Physical units of an ultrasound region's axis (DICOM PS3.3, C.8.5.5.1.15)."""

    NONE = "none"
    PERCENT = "percent"
    DECIBEL = "dB"
    CENTIMETER = "cm"
    SECOND = "s"
    HERTZ = "Hz"
    DECIBEL_PER_SECOND = "dB/s"
    CENTIMETER_PER_SECOND = "cm/s"
    SQUARE_CENTIMETER = "cm²"
    SQUARE_CENTIMETER_PER_SECOND = "cm²/s"
    CUBIC_CENTIMETER = "cm³"
    CUBIC_CENTIMETER_PER_SECOND = "cm³/s"
    DEGREE = "°"


@dataclass(frozen=True, slots=True)
class CalibrationRegion:
    """A part of every frame with a scale of its own (DICOM PS3.3, C.8.5.5, Ultrasound Region).

    x0, y0, x1, y1 : frame px, x1 and y1 beyond the last column and row. Within the frame, always.
    spatial_format : 1 = 2D, 2 = M-mode, 3 = spectral, 4 = wave form, 5 = graphics; 0 = none.
    data_type : 1 = tissue, 2 = colour flow, 3 = PW, 4 = CW, … as the standard numbers them.
    delta_x, delta_y : physical units per px, with their sign.
    reference_x_px, reference_y_px : relative to (x0, y0), None where the file does not say.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    spatial_format: int
    data_type: int
    unit_x: RegionUnit
    unit_y: RegionUnit
    delta_x: float
    delta_y: float
    reference_x_px: int | None = None
    reference_y_px: int | None = None


class Action(StrEnum):
    """What becomes of a place."""

    KEPT = "kept"
    DROPPED = "dropped"
    REBUILT = "rebuilt"


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in the source where something is. name: ours or the standard's, never the file's content."""

    name: str
    action: Action
    byte_count: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of every frame: everything outside of all of these polygons is blanked. Frame px."""

    polygons: tuple[tuple[tuple[int, int], ...], ...]


class Video(Protocol):
    """An opened source. Its byte source stays the caller's to close; one thread at a time."""

    @property
    def format_name(self) -> str:
        """Our own name, such as "mp4 (h264)" or "dicom (jpeg)"."""
        ...

    @property
    def picture(self) -> PictureFormat: ...

    @property
    def promised_frames(self) -> int | None:
        """How many frames the header speaks of: for a progress bar, and for nothing else."""
        ...

    @property
    def promised_duration_s(self) -> float | None: ...

    @property
    def regions(self) -> tuple[CalibrationRegion, ...]: ...

    @property
    def is_ultrasound(self) -> bool:
        """Whether the source says that its frames are of ultrasound; most kinds of file cannot say so."""
        ...

    @property
    def subject(self) -> Subject | None:
        """Whose frames these are; None where the source does not say. It leaves the process in no report,
        no message and no log."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was chosen where the source leaves a choice. Our own words and numbers."""
        ...

    @property
    def losses(self) -> tuple[str, ...]:
        """What could not be had, in sentences with numbers. Complete once `frames` has ended."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Every frame once, in order of presentation. May be called again: it then begins anew.

        Where the rest cannot be had, it ends and `losses` says so. Raises CorruptVideoError if not one
        frame can be had; VideoTooLargeError.
        """
        ...

    def places(self) -> Sequence[Place]:
        """Everything that the file holds, and what becomes of it."""
        ...

    def texts(self) -> Sequence[bytes]:
        """Every text value that is not on the allowlist, to be searched for in the result."""
        ...
