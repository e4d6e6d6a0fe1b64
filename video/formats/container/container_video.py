"""A container's clip: its frames exactly as the `ffmpeg` program presents them, and what else it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from av.buffer import Buffer
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ground.source import ByteSource
from ground.subject import Subject
from video.errors import CorruptVideoError, VideoTooLargeError
from video.formats.container.clock import Clock
from video.formats.container.contents import contents_of
from video.formats.container.decoding import Ending, decoded
from video.formats.container.layout import Structure
from video.formats.container.orientation import Turn, turn_of, turned
from video.formats.container.planes import Colours, colours_of, planes_of
from video.formats.container.sniff import BARE, Container
from video.formats.container.streams import check_size, choose_stream, opened
from video.formats.container.structure import read_structure
from video.formats.container.tally import Tally
from video.formats.container.user_data import UserData
from video.limits import Limits
from video.model import CalibrationRegion, Frame, PictureFormat, Place, Sampling

_NOTHING = "not one frame of the video can be decoded"
_USUAL_RATE = 25.0
_SLOWEST_RATE, _FASTEST_RATE = 0.01, 10_000.0
_WIDEST_PIXEL = 16.0
_FFMPEG_TICKS_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class _Look:
    """What every frame must share with the first one."""

    width_px: int
    height_px: int
    sampling: Sampling
    turn: Turn


@dataclass(frozen=True, slots=True)
class _Facts:
    """What opening tells. indexed_packets: entries of the container's own index, if it stands in front."""

    codec: str
    time_base: Fraction
    frame_rate: float
    promised_frames: int | None
    promised_duration_s: float | None
    indexed_packets: int


class ContainerVideo:
    """A `Video`. Decoding takes one thread of FFmpeg: only so is a damaged frame the same each time."""

    def __init__(self, source: ByteSource, container: Container, limits: Limits) -> None:
        """Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError."""
        self._source = source
        self._container = container
        self._limits = limits
        self._structure: Structure = read_structure(source, container, limits)
        self._tally = Tally()
        with opened(source, container, limits) as handle:
            is_cut = self._structure.missing_bytes > 0
            stream, had_choice = choose_stream(handle, limits, is_cut_short=is_cut)
            self._facts = _facts(handle, stream, limits)
            self._user_data = UserData(self._facts.codec, limits)
            self._contents = contents_of(handle, stream, source, self._structure, limits)
            first = next(self._decoded(handle, stream, Tally(), self._user_data), None)
            if first is None:
                raise CorruptVideoError(_NOTHING)
            check_size(first.width, first.height, limits)
            planes_of(first)  # so that samples which nobody can read are refused at the door
            self._look = _look(first)
            colours = colours_of(first)
            self._picture = _picture(self._look, colours, stream)
            self._remarks = _remarks(
                container, self._look, colours, self._picture, self._structure, had_choice=had_choice
            )

    @property
    def format_name(self) -> str:
        return f"{self._container.name} ({self._facts.codec})"

    @property
    def picture(self) -> PictureFormat:
        return self._picture

    @property
    def promised_frames(self) -> int | None:
        return self._facts.promised_frames

    @property
    def promised_duration_s(self) -> float | None:
        return self._facts.promised_duration_s

    @property
    def regions(self) -> tuple[CalibrationRegion, ...]:
        return ()

    @property
    def is_ultrasound(self) -> bool:
        return False

    @property
    def subject(self) -> Subject | None:
        return None

    @property
    def remarks(self) -> tuple[str, ...]:
        return *self._remarks, *self._hidden(), *self._tally.remarks()

    def _hidden(self) -> tuple[str, ...]:
        """Frames that the edit list of an MP4 or MOV cuts off: nobody sees them, and the file has them."""
        tally, listed = self._tally, self._facts.promised_frames or 0
        if not tally.is_complete or self.losses or not self._facts.indexed_packets or listed <= tally.coded:
            return ()
        return (
            f"The edit list hides {listed - tally.coded:,} of {listed:,} coded frames; they are left out.",
        )

    @property
    def losses(self) -> tuple[str, ...]:
        return self._tally.losses(self._facts.promised_frames, self._facts.promised_duration_s)

    def places(self) -> Sequence[Place]:
        return *self._contents.places, *self._user_data.places()

    def texts(self) -> Sequence[bytes]:
        return tuple(dict.fromkeys((*self._contents.texts, *self._user_data.texts())))

    def frames(self) -> Iterator[Frame]:
        """As `Video.frames`. The planes are FFmpeg's own memory where nothing had to be changed."""
        tally = self._tally = Tally()
        user_data = self._user_data = UserData(self._facts.codec, self._limits)
        clock = Clock(self._facts.time_base, 1 / self._facts.frame_rate, self._limits.duration_s)
        with opened(self._source, self._container, self._limits) as handle:
            stream, _ = choose_stream(handle, self._limits)
            for shown in self._decoded(handle, stream, tally, user_data):
                if _look(shown) != self._look:
                    tally.resized_at = tally.presented
                    break
                user_data.of_frame(shown)
                if tally.presented >= self._limits.frames:
                    raise VideoTooLargeError(f"the video has more than {self._limits.frames:,} frames")
                time_s = clock.time_s(clock.stamp(shown.pts, shown.dts))
                if time_s > self._limits.duration_s:
                    raise VideoTooLargeError(
                        f"the video is longer than {self._limits.duration_s / 3600:,.0f} hours"
                    )
                planes = tuple(turned(plane, self._look.turn) for plane in planes_of(shown))
                if shown.is_corrupt:
                    tally.damage(tally.presented)
                tally.presented += 1
                tally.presented_s = time_s
                tally.interlaced += shown.interlaced_frame
                tally.guessed_times, tally.fallen_times = clock.guessed_count, clock.fallen_count
                yield Frame(tally.presented - 1, time_s, planes)
        tally.is_complete = True
        if not tally.presented:
            raise CorruptVideoError(_NOTHING)

    def _decoded(
        self, handle: InputContainer, stream: VideoStream, tally: Tally, user_data: UserData
    ) -> Iterator[VideoFrame]:
        ending = Ending(self._container, self._structure.missing_bytes > 0, self._facts.indexed_packets)
        return decoded(handle, stream, ending, tally, user_data, self._limits)


def _look(frame: VideoFrame) -> _Look:
    matrix = frame.side_data.get("DISPLAYMATRIX")
    turn = turn_of(bytes(matrix)) if isinstance(matrix, Buffer) else Turn.NONE
    return _Look(frame.width, frame.height, colours_of(frame).sampling, turn)


def _picture(look: _Look, colours: Colours, stream: VideoStream) -> PictureFormat:
    width_px, height_px = look.width_px, look.height_px
    aspect = float(stream.sample_aspect_ratio or 1)
    if not 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL:
        aspect = 1.0
    if look.turn.swaps_sides:
        width_px, height_px, aspect = height_px, width_px, 1 / aspect
    return PictureFormat(width_px, height_px, colours.sampling, colours.matrix, colours.is_full_range, aspect)


def _facts(handle: InputContainer, stream: VideoStream, limits: Limits) -> _Facts:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    time_base = stream.time_base or Fraction(1, 1_000_000)
    duration_s = None
    if stream.duration is not None:
        duration_s = float(stream.duration * time_base)
    elif handle.duration is not None:
        duration_s = handle.duration / _FFMPEG_TICKS_PER_S
    return _Facts(
        codec=stream.codec_context.codec.canonical_name,
        time_base=time_base,
        frame_rate=rate if _SLOWEST_RATE <= rate <= _FASTEST_RATE else _USUAL_RATE,
        promised_frames=stream.frames if 0 < stream.frames <= limits.frames else None,
        promised_duration_s=duration_s if duration_s is not None and duration_s > 0 else None,
        indexed_packets=len(stream.index_entries) if handle.format.name.startswith("mov") else 0,
    )


def _remarks(
    container: Container,
    look: _Look,
    colours: Colours,
    picture: PictureFormat,
    structure: Structure,
    *,
    had_choice: bool,
) -> tuple[str, ...]:
    found = []
    if container in BARE:
        found.append("A bare stream of pictures does not tell whether its last one is whole.")
    if had_choice:
        found.append("The file has several video streams; the one that ffmpeg takes by itself is used.")
    if structure.is_cropped:
        # PyAV and OpenCV show them too: coordinates are to mean the same everywhere.
        found.append("The file asks players to hide the edges of its frames; whole frames are kept.")
    if look.turn is Turn.OTHER:
        found.append("The file asks for a turn that is no quarter turn; the frames are left as they are.")
    elif look.turn is not Turn.NONE:
        found.append("The frames are turned or mirrored as the file asks for.")
    if picture.pixel_aspect != 1.0:
        found.append(f"Pixels are {picture.pixel_aspect:.4f} times as wide as high; they are not resampled.")
    if colours.is_assumed:
        found.append(
            "The file does not say by which matrix its colours are coded; BT.601 is taken, as ffmpeg does."
        )
    if colours.is_for_hdr:
        found.append("The video is coded for screens of high dynamic range; its levels are kept as they are.")
    if colours.is_rounded:
        found.append("Samples of more than 8 bits are rounded to 8.")
    if colours.is_repeated:
        found.append("Colour samples are repeated up to one for each pixel.")
    return tuple(found)
