"""Packets into frames, and the end of a file that was cut short.

Frames leave a decoder in order of presentation, packets enter it in another order. Where packets are lost at
the end, a frame may have arrived whose predecessors have not. Such frames are left out: what is given is a
true beginning of the whole clip, and frame k of it is frame k of the whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video.errors import VideoTooLargeError
from video.formats.container.sniff import (
    BARE,
    RUNNING,
    WITHOUT_DECODING_TIMES,
    WITHOUT_LENGTHS,
    Container,
)
from video.formats.container.tally import Tally
from video.formats.container.user_data import UserData
from video.limits import Limits

_NO_MEMORY = "decoding the video takes more memory than there is for it"
_REMEMBERED_STEPS = 12


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known beforehand about the file's end.

    is_cut_short: by the container's own lengths. indexed_packets: how many its index lists; 0 if it has none.
    """

    container: Container
    is_cut_short: bool
    indexed_packets: int


def decoded(
    handle: InputContainer,
    stream: VideoStream,
    ending: Ending,
    tally: Tally,
    user_data: UserData,
    limits: Limits,
) -> Iterator[VideoFrame]:
    """Every frame of the stream in order of presentation. Raises VideoTooLargeError."""
    # One thread: with more of them a damaged frame is mended differently each time.
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"max_pixels": str(limits.frame_px)}
    tally.is_cut_short = ending.is_cut_short
    pace = _Pace()
    last: Packet[VideoStream] | None = None
    count = 0
    for packet in _packets(handle, stream, tally):
        if user_data.reads_packets:
            user_data.of_packet(bytes(packet))
        if last is not None:
            for frame in _frames_of(stream, last, tally):
                pace.note(frame)
                yield frame
        last = packet
        count += 1
        tally.coded += not packet.is_discard
    if last is not None:
        if last.is_corrupt or count < ending.indexed_packets:
            tally.is_cut_short = True
        yield from _tail(stream, last, ending, tally, pace)


def _tail(
    stream: VideoStream, last: Packet[VideoStream], ending: Ending, tally: Tally, pace: _Pace
) -> Iterator[VideoFrame]:
    """What the last packet and the decoder still hold, as far as nothing before it can be missing."""
    is_incomplete = last.is_corrupt or ending.container in WITHOUT_LENGTHS
    if not tally.ends_early:
        failed = tally.undecodable
        frames = [*_frames_of(stream, last, tally), *_frames_of(stream, None, tally)]
        end = len(frames)
        if ending.container in BARE | RUNNING:
            end = pace.first_gap(frames)
        if ending.container in BARE:
            end = next((place for place, frame in enumerate(frames[:end]) if frame.is_corrupt), end)
        tally.is_cut_short = end < len(frames) or (tally.undecodable > failed and ending.container in BARE)
        yield from frames[:end]
        return
    lost_from = last.dts
    if not is_incomplete:
        yield from _frames_of(stream, last, tally)
        lost_from = None if last.dts is None else last.dts + max(1, last.duration or 0)
    if lost_from is None or ending.container in WITHOUT_DECODING_TIMES:
        return
    for frame in _frames_of(stream, None, tally):
        # The decoding stamp of a frame is that of another packet: it says nothing about the order.
        if frame.pts is None or frame.pts >= lost_from:
            return
        yield frame


class _Pace:
    """How far frames are apart, where all are as far apart: a gap then means that some are missing."""

    def __init__(self) -> None:
        self._steps: deque[int] = deque(maxlen=_REMEMBERED_STEPS)
        self._last: int | None = None

    def note(self, frame: VideoFrame) -> None:
        stamp = _stamp(frame)
        if stamp is not None:
            if self._last is not None:
                self._steps.append(stamp - self._last)
            self._last = stamp

    def first_gap(self, frames: Sequence[VideoFrame]) -> int:
        """The place of the first frame that comes after a gap; their number where there is none."""
        usual = min(self._steps, default=0)
        if usual <= 0 or max(self._steps) > usual * 1.2:
            return len(frames)
        before = self._last
        for place, frame in enumerate(frames):
            stamp = _stamp(frame)
            if stamp is not None and before is not None and stamp - before > usual * 1.5:
                return place
            before = stamp
        return len(frames)


def _stamp(frame: VideoFrame) -> int | None:
    return frame.dts if frame.pts is None else frame.pts


def _packets(handle: InputContainer, stream: VideoStream, tally: Tally) -> Iterator[Packet[VideoStream]]:
    """What is left out are packets without a byte: to a decoder they would mean the end.

    Raises VideoTooLargeError.
    """
    try:
        for packet in handle.demux(stream):
            if packet.size:
                yield packet
    except MemoryError as error:
        raise VideoTooLargeError(_NO_MEMORY) from error
    except FFmpegError:
        tally.is_broken_off = True


def _frames_of(stream: VideoStream, packet: Packet[VideoStream] | None, tally: Tally) -> Sequence[VideoFrame]:
    """packet: None for what the decoder still holds. Raises VideoTooLargeError."""
    try:
        return stream.codec_context.decode(packet)
    except MemoryError as error:
        raise VideoTooLargeError(_NO_MEMORY) from error
    except (FFmpegError, ValueError):
        if packet is not None:
            tally.fail()
        return ()
