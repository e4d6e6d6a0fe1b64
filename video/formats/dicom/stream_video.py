"""A DICOM file whose frames are one stream of MPEG-2, H.264 or HEVC (PS3.5, 8.2.5 to 8.2.8).

The stream, bare or in the container that it came in, is read like any other clip; DICOM adds what it knows:
calibration, times where the stream has none of its own, and how many frames there should be.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ground.source import ByteSource
from ground.subject import Subject
from video.formats.container import is_container, open_container
from video.formats.dicom.calibration import Calibration, read_calibration
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.file_layout import FileLayout
from video.formats.dicom.frame_bytes import Fragments
from video.formats.dicom.image import Image
from video.formats.dicom.inventory import list_places
from video.formats.dicom.subject import is_ultrasound, read_subject
from video.formats.dicom.texts import list_texts
from video.formats.dicom.timing import Timing, read_timing
from video.limits import Limits
from video.model import CalibrationRegion, Frame, PictureFormat, Place

# How many frames a stream without times may decode before others that are shown earlier. Where such a stream
# is cut, as many of its last frames may have a gap before them that nothing tells.
_REORDERED = {"h264-stream": 16, "hevc-stream": 16, "mpeg-video": 2, "mpeg4-video": 2}
_BARE = ("mpeg-video ", "mpeg4-video ", "h264-stream ", "hevc-stream ")


class JoinedFragments:
    """Fragments as if they stood together: what FFmpeg reads."""

    def __init__(self, source: ByteSource, fragments: Fragments) -> None:
        self._source = source
        # Of a stream, which mostly is one fragment, what is there of it is worth having.
        offset, count = fragments.cut or (0, 0)
        self._offsets = [*fragments.offsets.tolist(), offset]
        ends = np.append(fragments.byte_counts, count).cumsum().tolist()
        self._starts = [0, *ends[:-1]]
        self.size_bytes = int(ends[-1])

    def read_at(self, offset: int, length: int) -> bytes:
        got = bytearray()
        end = min(offset + max(0, length), self.size_bytes)
        while 0 <= offset < end:
            number = bisect_right(self._starts, offset) - 1
            inside = offset - self._starts[number]
            behind = self._starts[number + 1] if number + 1 < len(self._starts) else self.size_bytes
            data = self._source.read_at(self._offsets[number] + inside, min(end, behind) - offset)
            if not data:
                break
            got += data
            offset += len(data)
        return bytes(got)


class DicomStreamVideo:
    """A `Video`."""

    def __init__(
        self, source: ByteSource, layout: FileLayout, data_set: DataSet, image: Image,
        stream: JoinedFragments, limits: Limits, *, is_cut: bool,
    ) -> None:  # fmt: skip
        """is_cut: the file ends before the stream does.

        Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError.
        """
        self._source = source
        self._layout = layout
        self._image = image
        self._limits = limits
        self._inner = open_container(stream, limits)
        picture = self._inner.picture
        self._timing: Timing | None = None
        if self._inner.format_name.startswith(_BARE):
            timing = read_timing(data_set, image.frame_count or 2, limits)
            self._timing = None if timing.is_assumed else timing
        self._calibration: Calibration = read_calibration(data_set, picture.width_px, picture.height_px)
        self._subject = read_subject(data_set)
        self._is_ultrasound = is_ultrasound(data_set)
        self._withheld = _REORDERED.get(self._inner.format_name.split(" ")[0], 0) if is_cut else 0
        self._presented: int | None = None

    @property
    def format_name(self) -> str:
        return f"dicom ({self._inner.format_name.replace('(', 'of ').replace(')', '')})"

    @property
    def picture(self) -> PictureFormat:
        return self._inner.picture

    @property
    def promised_frames(self) -> int | None:
        return self._image.frame_count or self._inner.promised_frames

    @property
    def promised_duration_s(self) -> float | None:
        if self._timing is None or self._image.frame_count is None:
            return self._inner.promised_duration_s
        return self._timing.at(self._image.frame_count - 1) + self._timing.step_s

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
        picture, image = self.picture, self._image
        remarks = [*self._inner.remarks, *(self._timing.remarks if self._timing is not None else ())]
        if image.width_px and (picture.width_px, picture.height_px) != (image.width_px, image.height_px):
            remarks.append(
                f"The frames themselves have {picture.width_px} × {picture.height_px} px, not "
                f"{image.width_px} × {image.height_px} px as the file states."
            )
        promised, presented = image.frame_count, self._presented
        if promised is not None and presented is not None and presented > promised:
            remarks.append(f"The file speaks of {promised:,} frames and holds {presented:,}; all are shown.")
        return (*remarks, *self._calibration.remarks)

    @property
    def losses(self) -> tuple[str, ...]:
        promised, presented = self._image.frame_count, self._presented
        losses = list(self._inner.losses)
        if promised is not None and presented is not None and presented < promised:
            losses.append(f"The stream holds {presented:,} frames of {promised:,} that the file promises.")
        return tuple(losses)

    def frames(self) -> Iterator[Frame]:
        """As `Video.frames`."""
        self._presented = None
        count = 0
        for frame in self._sure_frames():
            count += 1
            yield frame if self._timing is None else replace(frame, time_s=self._timing.at(frame.number))
        self._presented = count

    def _sure_frames(self) -> Iterator[Frame]:
        waiting: deque[Frame] = deque()
        for frame in self._inner.frames():
            if frame.number == 0:
                yield frame
                continue
            waiting.append(frame)
            if len(waiting) > self._withheld:
                yield waiting.popleft()

    def places(self) -> Sequence[Place]:
        inner = [replace(place, name=f"in the stream: {place.name}") for place in self._inner.places()]
        return [*list_places(self._source, self._layout, None), *inner]

    def texts(self) -> Sequence[bytes]:
        return [*list_texts(self._source, self._layout, None, self._limits), *self._inner.texts()]


def is_stream(stream: JoinedFragments) -> bool:
    """Whether the fragments together are a clip rather than pictures."""
    return is_container(stream)
