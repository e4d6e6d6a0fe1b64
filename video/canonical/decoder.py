"""One coded frame to its planes, as quickly as it goes: no demuxer, no queue, the slices in threads."""

from collections.abc import Sequence

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from video.canonical.jpeg import JpegEncoder
from video.canonical.layout import VideoInfo
from video.canonical.nal import split_samples
from video.errors import CanonicalVideoError
from video.model import PictureFormat, Plane, Sampling

_LOW_DELAY = 1 << 19
JPEG_QUALITY = 92


class SampleDecoder:
    """Samples of one video to planes. One thread at a time."""

    def __init__(self, picture: PictureFormat, avcc: bytes, threads: int) -> None:
        self._picture = picture
        self._avcc = avcc
        self._threads = threads
        self._context = self._open()

    def _open(self) -> VideoCodecContext:
        context = av.CodecContext.create("h264", "r")
        context.extradata = self._avcc
        context.thread_type = "SLICE"
        context.thread_count = self._threads
        context.flags |= _LOW_DELAY
        # A damaged frame is an error, not a guess.
        context.options = {"err_detect": "explode"}
        return context

    def decode(self, sample: bytes) -> VideoFrame:
        """The next sample, or any key frame. Raises CanonicalVideoError."""
        try:
            frames = self._context.decode(av.Packet(sample))
        except (av.error.FFmpegError, MemoryError) as error:
            self._context = self._open()
            raise CanonicalVideoError("a frame cannot be decoded") from error
        picture = self._picture
        if len(frames) != 1 or (frames[0].width, frames[0].height) != (picture.width_px, picture.height_px):
            self._context = self._open()
            raise CanonicalVideoError("a coded frame is not one frame of the video's size")
        return frames[0]

    def planes(self, sample: bytes) -> tuple[Plane, ...]:
        """Views of the decoder's own picture, luma alone of a grey video; valid as long as they are held."""
        return frame_planes(self.decode(sample), self._picture.sampling)


def frame_planes(frame: VideoFrame, sampling: Sampling) -> tuple[Plane, ...]:
    """A decoded frame's planes, without copying. Raises CanonicalVideoError if it is of another sampling."""
    expected = (
        (Sampling.YUV420.value, Sampling.YUV444.value) if sampling is Sampling.GRAY else (sampling.value,)
    )
    if frame.format.name.replace("yuvj", "yuv") not in expected:
        raise CanonicalVideoError("a coded frame is not of the video's sampling")
    return tuple(
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes[: 1 if sampling is Sampling.GRAY else 3]
    )


class FrameDecoder:
    """Exact frames of one canonical video. One thread at a time; memory: two or three of its frames."""

    def __init__(self, info: VideoInfo, threads: int = 2) -> None:
        self._jpeg = JpegEncoder(info.picture)
        self._decoder = SampleDecoder(info.picture, info.description, threads)

    def planes(self, samples: Sequence[bytes] | bytes) -> tuple[Plane, ...]:
        """The last of the samples given, from its key frame on; one `bytes` may hold several.

        Views, (h, w) uint8 each, that last as long as they are held. Raises CanonicalVideoError.
        """
        *before, last = split_samples(samples) if isinstance(samples, bytes) else samples
        for sample in before:
            self._decoder.decode(sample)
        return self._decoder.planes(last)

    def jpeg(
        self, samples: Sequence[bytes] | bytes, quality: int = JPEG_QUALITY, height_px: int | None = None
    ) -> bytes:
        """The last of the samples given as a JPEG (JFIF: BT.601, full range).

        height_px: scaled down to it, the width in proportion; never up. Pixels that are not square stay so.
        Raises CanonicalVideoError.
        """
        return self._jpeg.encode(self.planes(samples), quality, height_px)
