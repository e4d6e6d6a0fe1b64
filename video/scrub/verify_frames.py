"""Prove that another reader sees in the MP4 the frames that were measured, each where the index has it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from video.canonical.decoder import frame_planes
from video.canonical.encoder import coded_sampling
from video.canonical.fidelity import picture_digest
from video.canonical.layout import Description
from video.canonical.mp4_boxes import COLOUR_RANGES
from video.canonical.nal import ACCESS_UNIT_DELIMITER, IDR_SLICE, SLICE, unit_type, units
from video.errors import CanonicalVideoError, VerificationError
from video.model import Sampling
from video.scrub.masks import Blanker
from video.scrub.result import Look

# A masked rectangle is black but for what the codec spills over its edges: on average far less than this.
_MOST_RESIDUE = 4.0


@dataclass(frozen=True, slots=True)
class FrameProof:
    """Counts of frames: compared with what was measured, and of which masks were looked at.

    worst_mask_residue: mean difference of a masked rectangle's luma from black, in grey levels.
    """

    frames_compared: int
    frames_masked: int
    worst_mask_residue: float


def check_frames(
    path: Path,
    description: Description,
    digests: NDArray[np.uint8],
    places: Sequence[NDArray[np.unsignedinteger]],
    blanker: Blanker | None,
    numbers: range,
    advance: Callable[[int], None],
    look: Look | None,
) -> float:
    """Decode frames `numbers` (which begin with a key frame) through FFmpeg's demuxer and compare them.

    places: offsets and sizes by the index, one a frame. look: is shown every frame.
    Returns the worst residue under a mask. Raises VerificationError.
    """
    try:
        with av.open(str(path), format="mp4") as container:
            return _check(container, description, digests, places, blanker, numbers, advance, look)
    except (av.error.FFmpegError, CanonicalVideoError, MemoryError) as error:
        raise VerificationError("another reader cannot read the result") from error


def _check(
    container: InputContainer,
    description: Description,
    digests: NDArray[np.uint8],
    places: Sequence[NDArray[np.unsignedinteger]],
    blanker: Blanker | None,
    numbers: range,
    advance: Callable[[int], None],
    look: Look | None,
) -> float:
    if (
        len(container.streams) != 1
        or len(container.streams.video) != 1
        or container.metadata.keys() - _BRANDS
    ):
        raise VerificationError("another reader sees more in the result than one video")
    stream = container.streams.video[0]
    picture = description.picture
    if stream.frames != description.frame_count or stream.start_time:
        raise VerificationError("another reader sees another number of frames in the result")
    context = stream.codec_context
    context.thread_count = 1
    tick = (stream.duration or 0) // description.frame_count
    if numbers.start:
        container.seek(numbers.start * tick, stream=stream, backward=True)
    coded = coded_sampling(picture)
    residue = 0.0
    number = numbers.start
    for frame in _decoded(container, description, places, numbers, tick):
        planes = frame_planes(frame, coded)
        is_tagged = (frame.color_range == COLOUR_RANGES[picture.is_full_range]) and (
            (frame.width, frame.height, frame.pts) == (picture.width_px, picture.height_px, number * tick)
        )
        if not is_tagged or picture_digest(planes) != digests[number].tobytes():
            raise VerificationError("another reader sees another frame in the result")
        if blanker is not None:
            residue = max(residue, blanker.residue(planes, number))
        if look is not None:
            look(number, planes[:1] if picture.sampling is Sampling.GRAY else planes)
        number += 1
        advance(1)
    if number != numbers.stop:
        raise VerificationError("another reader sees another number of frames in the result")
    if residue > _MOST_RESIDUE:
        raise VerificationError("something shows under a mask")
    return residue


def _decoded(
    container: InputContainer,
    description: Description,
    places: Sequence[NDArray[np.unsignedinteger]],
    numbers: range,
    tick: int,
) -> Iterator[VideoFrame]:
    offsets, sizes = places
    stream = container.streams.video[0]
    number = numbers.start
    for packet in container.demux(stream):
        if number == numbers.stop or packet.size == 0:
            break
        at = (packet.pos, packet.size, packet.pts, packet.is_keyframe)
        is_key = number % description.gop == 0
        if at != (int(offsets[number]), int(sizes[number]), number * tick, is_key):
            raise VerificationError("another reader sees a frame elsewhere than the index has it")
        _check_units(packet, is_key=is_key)
        number += 1
        yield from stream.codec_context.decode(packet)
    yield from stream.codec_context.decode(None)


def _check_units(packet: "Packet[VideoStream]", *, is_key: bool) -> None:
    """A delimiter and slices; no message, no padding, nothing that a decoder would pass over."""
    kinds = [unit_type(unit) for unit in units(bytes(packet))]
    if kinds[0] != ACCESS_UNIT_DELIMITER or set(kinds[1:]) != {IDR_SLICE if is_key else SLICE}:
        raise VerificationError("a coded frame of the result holds more than a picture")


_BRANDS = {"major_brand", "minor_version", "compatible_brands"}
