"""A DICOM file's frames as a video, each unpacked when its turn comes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from ground.source import ByteSource
from ground.subject import Subject
from video.errors import CorruptVideoError, UnsupportedVideoError, VideoError, VideoTooLargeError
from video.formats.dicom import tags
from video.formats.dicom.calibration import Calibration, read_calibration
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.file_layout import FileLayout
from video.formats.dicom.frame_bytes import EncapsulatedFrames, Fragments, FrameBytes, NativeFrames
from video.formats.dicom.frame_header import Coding, FrameHeader
from video.formats.dicom.image import Image, check_size
from video.formats.dicom.inventory import list_places
from video.formats.dicom.painting import Evidence, Painter, choose_painter
from video.formats.dicom.samples import SampleDecoder, Samples, choose_coding
from video.formats.dicom.subject import is_ultrasound, read_subject
from video.formats.dicom.texts import list_texts
from video.formats.dicom.timing import Timing, read_timing
from video.limits import Limits
from video.model import CalibrationRegion, Frame, Matrix, PictureFormat, Place, Plane, Sampling

_WITHOUT_WORDS = frozenset({Coding.NATIVE, Coding.RLE, Coding.DEFLATED})
_SOME = 16
_NAMED_FRAMES = 5
_MIDDLE = 128


class DicomVideo:
    """A `Video`. Frames keep the numbers that other objects of the archive know them by: one that cannot be
    unpacked is shown black, and said to be lost.
    """

    def __init__(
        self, source: ByteSource, layout: FileLayout, data_set: DataSet, image: Image,
        fragments: Fragments | None, limits: Limits,
    ) -> None:  # fmt: skip
        """fragments: None where frames are not compressed.

        Raises CorruptVideoError, UnsupportedVideoError, VideoTooLargeError.
        """
        self._source = source
        self._layout = layout
        self._image = image
        self._limits = limits
        self._frames: FrameBytes
        native: NativeFrames | None = None
        if fragments is None:
            self._frames = native = NativeFrames(image, layout.source)
        else:
            self._frames = EncapsulatedFrames(image, layout.source, fragments, limits)
        if self._frames.frame_count < 1:
            raise CorruptVideoError("not one frame of the DICOM file is there in full")
        if self._frames.frame_count > limits.frames:
            raise VideoTooLargeError(f"the DICOM file has more than {limits.frames:,} frames")
        self._coding, header = self._coding_of_most(is_encapsulated=native is None)
        if header is not None:
            check_size(header.width_px, header.height_px, limits)
        self._decoder = SampleDecoder(image, self._coding, header, native)
        samples = self._first_whole()
        evidence = Evidence(self._coding, header, samples, self._some)
        self._painter: Painter = choose_painter(data_set, image, evidence)
        self._keeps_halved_chroma = self._decoder.has_halved_chroma and self._painter.keeps_samples
        self._timing: Timing = read_timing(data_set, self._frames.frame_count, limits)
        self._calibration: Calibration = read_calibration(
            data_set, self._decoder.width_px, self._decoder.height_px
        )
        self._subject = read_subject(data_set)
        self._is_ultrasound = is_ultrasound(data_set)
        self._is_cut = layout.is_cut or image.pixels.is_cut
        if fragments is not None and image.frame_count is None:
            # Where frames are counted, one that is cut off shows in the count.
            self._is_cut |= not fragments.is_complete
        self._failed: list[int] = []
        self._partial: list[int] = []
        self._remarks = self._all_remarks(data_set)

    @property
    def format_name(self) -> str:
        return f"dicom ({self._coding.value})"

    @property
    def picture(self) -> PictureFormat:
        return PictureFormat(
            self._decoder.width_px,
            self._decoder.height_px,
            Sampling.YUV420 if self._keeps_halved_chroma else self._painter.sampling,
            Matrix.BT601,
            self._painter.is_full_range,
            self._image.pixel_aspect,
        )

    @property
    def promised_frames(self) -> int | None:
        return self._image.frame_count or self._frames.frame_count

    @property
    def promised_duration_s(self) -> float | None:
        last = self._frames.frame_count - 1
        return self._timing.at(last) + self._timing.step_s

    @property
    def regions(self) -> tuple[CalibrationRegion, ...]:
        return self._calibration.regions

    @property
    def is_ultrasound(self) -> bool:
        return self._is_ultrasound

    @property
    def subject(self) -> Subject | None:
        return self._subject

    @property
    def remarks(self) -> tuple[str, ...]:
        return self._remarks

    @property
    def losses(self) -> tuple[str, ...]:
        losses: list[str] = []
        there, promised = self._frames.frame_count, self._image.frame_count or 1
        if there < promised:
            losses.append(f"The DICOM file holds {there:,} whole frames of {promised:,} that it speaks of.")
        elif self._is_cut:
            losses.append("The DICOM file is cut short; what came behind these frames is missing.")
        if self._failed:
            losses.append(f"{_of(self._failed, there)} are damaged and shown black: {_some(self._failed)}.")
        if self._partial:
            losses.append(
                f"{_of(self._partial, there)} are damaged and shown as far as they can be unpacked: "
                f"{_some(self._partial)}."
            )
        return tuple(losses)

    def frames(self) -> Iterator[Frame]:
        """As `Video.frames`. That one frame at least can be had was seen on opening."""
        failed: list[int] = []
        partial: list[int] = []
        self._failed, self._partial = failed, partial
        for number in range(self._frames.frame_count):
            time_s = self._timing.at(number)
            if time_s > self._limits.duration_s:
                hours = self._limits.duration_s / 3600
                raise VideoTooLargeError(f"the video is longer than {hours:,.0f} hours")
            try:
                data = self._frames.read(number)
                planes = self._planes(data, number)
                if not self._decoder.is_sound(data):
                    partial.append(number)
            except CorruptVideoError:
                failed.append(number)
                planes = self._black
            yield Frame(number, time_s, planes)

    def places(self) -> Sequence[Place]:
        return list_places(self._source, self._layout, self._worded_frames)

    def texts(self) -> Sequence[bytes]:
        return list_texts(self._source, self._layout, self._worded_frames, self._limits)

    @property
    def _worded_frames(self) -> FrameBytes | None:
        """Frames, if they are of a coding that has room for words."""
        return None if self._coding in _WITHOUT_WORDS else self._frames

    def _planes(self, data: bytes, number: int) -> tuple[Plane, ...]:
        if self._keeps_halved_chroma:
            return self._decoder.halved_planes(data)
        return self._painter(self._decoder.samples(data, number))

    @cached_property
    def _black(self) -> tuple[Plane, ...]:
        picture = self.picture
        width, height = picture.width_px, picture.height_px
        luma = np.full((height, width), 0 if picture.is_full_range else 16, np.uint8)
        if picture.sampling is Sampling.GRAY:
            return (luma,)
        halves = 2 if picture.sampling is Sampling.YUV420 else 1
        chroma = np.full((height // halves, width // halves), _MIDDLE, np.uint8)
        return luma, chroma, chroma

    def _coding_of_most(self, *, is_encapsulated: bool) -> tuple[Coding, FrameHeader | None]:
        """By some frames, as any one may be damaged; those of the stated size are believed before others.

        Raises CorruptVideoError, UnsupportedVideoError.
        """
        image = self._image
        found: Counter[tuple[Coding, FrameHeader | None]] = Counter()
        refusals: list[VideoError] = []
        for number in range(min(self._frames.frame_count, _SOME)):
            try:
                coding, header = choose_coding(
                    image, self._frames.read(number), is_encapsulated=is_encapsulated
                )
            except (CorruptVideoError, UnsupportedVideoError) as error:
                refusals.append(error)
                continue
            found[coding, header] += 1
            if header is None:
                break
        if not found:
            raise refusals[0]
        size_px = (image.width_px, image.height_px)
        return max(
            found,
            key=lambda one: (
                one[1] is not None and (one[1].width_px, one[1].height_px) == size_px,
                found[one],
            ),
        )

    def _first_whole(self) -> Samples:
        """The first frame that can be unpacked, which shows what samples mean. Raises CorruptVideoError."""
        for number in range(self._frames.frame_count):
            try:
                return self._decoder.samples(self._frames.read(number), number)
            except CorruptVideoError:
                continue
        raise CorruptVideoError("not one frame of the DICOM file can be unpacked")

    def _some(self) -> Iterator[Samples]:
        """Frames from all over the clip, as far as they can be unpacked."""
        count = self._frames.frame_count
        for number in np.unique(np.linspace(0, count - 1, min(count, _SOME)).round().astype(int)).tolist():
            try:
                yield self._decoder.samples(self._frames.read(number), number)
            except CorruptVideoError:
                continue

    def _all_remarks(self, data_set: DataSet) -> tuple[str, ...]:
        image, decoder = self._image, self._decoder
        remarks: list[str] = []
        if (decoder.width_px, decoder.height_px) != (image.width_px, image.height_px):
            remarks.append(
                f"The frames themselves have {decoder.width_px} × {decoder.height_px} px, not "
                f"{image.width_px} × {image.height_px} px as the file states."
            )
        there = self._frames.frame_count
        if image.frame_count is None and there > 1:
            remarks.append(f"The file does not say how many frames it has; it holds {there:,}.")
        elif image.frame_count is not None and there > image.frame_count:
            remarks.append(
                f"The file speaks of {image.frame_count:,} frames and holds {there:,}; all are shown."
            )
        if image.pixel_aspect != 1.0:
            remarks.append(
                f"Pixels are {image.pixel_aspect:.4f} times as wide as high; they are not resampled."
            )
        if data_set.text(tags.SOP_CLASS) == tags.ENHANCED_ULTRASOUND_VOLUME:
            remarks.append(
                "The frames are planes of a volume and are shown in the order in which they are stored; "
                "where in space each lies is not kept."
            )
        if data_set.element(tags.START_TRIM) is not None or data_set.element(tags.STOP_TRIM) is not None:
            remarks.append("The file asks to play a part of its frames only; all are shown.")
        if data_set.element(tags.ICC_PROFILE) is not None:
            remarks.append("The file's colour profile is not applied.")
        return (*remarks, *self._painter.remarks, *self._timing.remarks, *self._calibration.remarks)


def _of(numbers: Sequence[int], there: int) -> str:
    return f"{len(numbers):,} of {there:,} frames"


def _some(numbers: Sequence[int]) -> str:
    more = ", …" if len(numbers) > _NAMED_FRAMES else ""
    return ", ".join(f"{number:,}" for number in numbers[:_NAMED_FRAMES]) + more
