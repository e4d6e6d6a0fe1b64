"""Opening a container with FFmpeg's named demuxer, and choosing among its streams."""

from collections.abc import Iterator
from contextlib import contextmanager

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from ground.source import ByteSource
from video.errors import CorruptVideoError, NotAVideoError, UnsupportedVideoError, VideoTooLargeError
from video.formats.container.byte_file import READ_AHEAD_BYTES, ByteFile
from video.formats.container.sniff import Container
from video.limits import Limits

# FFmpeg's words for what it reads may quote the file: none of them may reach a log.
av.logging.set_level(None)

_NO_CLIP = Disposition.attached_pic | Disposition.timed_thumbnails
_MAKE_UP_TIMES = 0x0001  # AVFMT_FLAG_GENPTS
_DEFAULT_BONUS_PX = 5_000_000  # ffmpeg's own weight of a stream that is marked as the default


@contextmanager
def opened(source: ByteSource, container: Container, limits: Limits) -> Iterator[InputContainer]:
    """Raises CorruptVideoError, VideoTooLargeError."""
    try:
        handle = av.open(
            ByteFile(source),
            "r",
            format=container.demuxer,
            metadata_encoding="latin-1",  # every byte has a letter: nothing fails, nothing is lost
            buffer_size=READ_AHEAD_BYTES,
            container_options={"max_streams": str(limits.streams)},
        )
    except (FFmpegError, ValueError, MemoryError) as error:
        raise CorruptVideoError("the container is damaged: its streams cannot be found") from error
    try:
        if len(handle.streams) > limits.streams:
            raise VideoTooLargeError(f"the file has more than {limits.streams} streams")
        # PyAV asks FFmpeg to make up missing times of presentation. The `ffmpeg` program does not, and AVI
        # with packed B-frames shows why.
        handle.flags &= ~_MAKE_UP_TIMES
        yield handle
    finally:
        handle.close()


def choose_stream(
    handle: InputContainer, limits: Limits, *, is_cut_short: bool = False
) -> tuple[VideoStream, bool]:
    """The stream that ffmpeg would take, and whether there was a choice. All others are left unread.

    Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError.
    """
    candidates = [stream for stream in handle.streams.video if not stream.disposition & _NO_CLIP]
    readable = [stream for stream in candidates if is_readable(stream)]
    if is_cut_short and not readable:
        raise CorruptVideoError("the file is cut short: what describes its frames is not all there")
    if not candidates:
        raise NotAVideoError("the file has no video stream")
    if not readable:
        raise UnsupportedVideoError("no stream of the file is of a video coding that is known here")
    chosen = max(readable, key=_rank)
    check_size(chosen.codec_context.width, chosen.codec_context.height, limits)
    for stream in handle.streams:
        if stream.index != chosen.index:
            stream.discard = Discard.all
    return chosen, len(candidates) > 1


def is_readable(stream: Stream) -> bool:
    """Whether there is a decoder for it: PyAV's type says there always is."""
    context: object = stream.codec_context
    return context is not None


def check_size(width_px: int, height_px: int, limits: Limits) -> None:
    """Raises VideoTooLargeError."""
    if max(width_px, height_px) > limits.side_px or width_px * height_px > limits.frame_px:
        raise VideoTooLargeError(
            f"the frames have {width_px} × {height_px} px; a side may have {limits.side_px} px here"
            f" and a frame {limits.frame_px:,} px"
        )


def _rank(stream: VideoStream) -> tuple[int, int]:
    area_px = stream.codec_context.width * stream.codec_context.height
    bonus_px = _DEFAULT_BONUS_PX if stream.disposition & Disposition.default else 0
    return area_px + bonus_px, -stream.index
