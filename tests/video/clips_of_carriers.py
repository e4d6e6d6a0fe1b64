"""Clips that share their file with other things, and files that lie about what is in them."""

import io
import struct
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream
from PIL import Image

from tests.video.clip_writing import (
    H264,
    HIDDEN,
    MILLISECOND,
    X264,
    Clip,
    Recipe,
    clip_of,
    frame_of,
    register,
    write_clip,
)
from tests.video.mp4_boxes import box, boxes
from tests.video.picture_code import Pixels, draw_code

CANARY = "CANARY-Zimmermann-"
"""Everything that a scrub has to find in the clips of this file begins with it."""
_WORDS = (CANARY + "subtitle").encode()
# A picture of MPEG-4 that is not coded: its header, and the bit that says so.
_NOTHING_NEW = bytes.fromhex("000001b6 51 00 7f".replace(" ", ""))
_GIF_DELAYS_CS = (10, 4, 25, 50, 2, 7)


@register
def gif() -> Clip:
    """Delays differ from frame to frame; parts of pictures are drawn over the one before."""
    return _gif([draw_code(number, 160, 120) for number in range(40)], disposal=1)


@register
def gif_with_transparency() -> Clip:
    """Each picture goes before the next one comes; what is transparent then shows ffmpeg's white."""
    pictures = []
    for number in range(30):
        alpha = np.full((120, 160, 1), 255, np.uint8)
        alpha[80:110, 5 * number : 5 * number + 10] = 0
        pictures.append(np.concatenate([draw_code(number, 160, 120, 90), alpha], axis=2))
    return _gif(pictures, disposal=2)


@register
def surgery_with_everything() -> Clip:
    """MOV: sound, subtitles, chapters, tags, cover art and boxes that nobody knows; canaries everywhere."""
    data = write_clip(replace(H264, muxer="mov", b_frames=2, prepare=_company, codes=range(60)))
    return clip_of("mov", H264, _with_foreign_boxes(data))


@register
def matroska_with_everything() -> Clip:
    data = write_clip(replace(H264, muxer="matroska", time_base=MILLISECOND, prepare=_matroska_company))
    return clip_of("mkv", replace(H264, time_base=MILLISECOND), data + CANARY.encode() + b"behind")


@register
def two_video_streams() -> Clip:
    """A small picture first, the large one after it: the large one is the clip."""
    large = replace(H264, width_px=320, height_px=240, muxer="matroska", time_base=MILLISECOND)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as output:
        streams = []
        for width, height in ((64, 48), (320, 240)):
            stream = output.add_stream("libx264", rate=25, options=dict(X264))
            if not isinstance(stream, VideoStream):
                raise TypeError("libx264 is no video codec")
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = MILLISECOND
            streams.append(stream)
        for number in range(60):
            small = draw_code(HIDDEN + number, 64, 48)
            output.mux(streams[0].encode(frame_of(small, number * 40, large)))
            output.mux(streams[1].encode(frame_of(draw_code(number, 320, 240), number * 40, large)))
        for stream in streams:
            output.mux(stream.encode(None))
    return clip_of("mkv", large, buffer.getvalue())


@register
def avi_with_wrong_count() -> Clip:
    """Both headers promise ten times the frames that there are."""
    recipe = Recipe("avi", "mpeg4", time_base=Fraction(1, 25))
    data = bytearray(write_clip(recipe))
    for mark, offset in ((b"avih", 24), (b"strh", 40)):
        at = data.index(mark) + offset
        struct.pack_into("<I", data, at, 10 * len(recipe.codes))
    return clip_of("avi", recipe, bytes(data))


@register
def avi_with_dropped_frames() -> Clip:
    """A recorder that could not keep up: empty pieces stand for frames that are to be shown longer."""
    ticks = np.cumsum([0, *(1 if number % 7 else 4 for number in range(59))]).tolist()
    return clip_of("avi", Recipe("avi", "mpeg4", time_base=Fraction(1, 25), ticks=ticks))


@register
def avi_with_packed_frames() -> Clip:
    """As DivX packed B-frames into AVI: two pictures in one piece, then a piece that says "nothing new"."""
    recipe = Recipe("avi", "mpeg4", time_base=Fraction(1, 25), b_frames=1, gop=100)
    coded = _coded(recipe)
    mark = b"\0\0\1\xb2DivX503b1393p"
    head = coded[0].index(b"\0\0\1\xb6")
    pieces = [coded[0][:head] + mark + coded[0][head:]]
    for anchor, between in zip(coded[1::2], coded[2::2], strict=False):
        pieces += [anchor + between, _NOTHING_NEW]
    pieces += coded[1 + 2 * ((len(coded) - 1) // 2) :]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="avi") as output:
        stream = output.add_mux_stream("mpeg4", rate=25, width=recipe.width_px, height=recipe.height_px)
        for number, piece in enumerate(pieces):
            packet = Packet(piece)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = number == 0
            output.mux(packet)
    return clip_of("avi", recipe, buffer.getvalue())


@register
def mp4_with_cover() -> Clip:
    """The cover is a stream of one picture, larger than the clip: no film."""
    return clip_of("mp4", replace(H264, prepare=_cover))


def changing_size() -> tuple[bytes, int]:
    """A bare stream whose pictures grow; how many there are before they do. Not presented as a whole."""
    small = write_clip(replace(H264, muxer="h264", codes=range(30)))
    large = write_clip(replace(H264, muxer="h264", codes=range(30, 60), width_px=320, height_px=240))
    return small + large, 30


def _gif(pictures: Sequence[Pixels], disposal: int) -> Clip:
    buffer = io.BytesIO()
    delays_cs = [_GIF_DELAYS_CS[number % len(_GIF_DELAYS_CS)] for number in range(len(pictures))]
    images = [Image.fromarray(picture) for picture in pictures]
    images[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=images[1:],
        duration=[delay * 10 for delay in delays_cs],
        disposal=disposal,
        loop=0,
        comment=CANARY.encode() + b"comment",
    )
    height, width = pictures[0].shape[:2]
    times_s = np.cumsum([0, *delays_cs[:-1]]) / 100
    return Clip("", "gif", buffer.getvalue(), tuple(range(len(pictures))), tuple(times_s), width, height)


def _coded(recipe: Recipe) -> list[bytes]:
    """The coded pictures alone, in the order of decoding."""
    with av.open(io.BytesIO(write_clip(recipe))) as container:
        extra = container.streams.video[0].codec_context.extradata or b""
        coded = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    return [extra + coded[0], *coded[1:]]


def _cover(output: OutputContainer, _: VideoStream) -> None:
    buffer = io.BytesIO()
    Image.fromarray(draw_code(HIDDEN, 400, 300)).save(buffer, "JPEG")
    cover = output.add_mux_stream("mjpeg", width=400, height=300)
    cover.disposition = Disposition.attached_pic
    packet = Packet(buffer.getvalue())
    packet.stream = cover
    output.mux(packet)


def _company(output: OutputContainer, stream: VideoStream) -> None:
    """Sound, and tags of the file and of its streams."""
    for key in ("title", "artist", "comment", "location", "creation_time", "description"):
        value = "2021-03-04T05:06:07Z" if key == "creation_time" else f"{CANARY}{key}"
        output.metadata[key] = value
    stream.metadata["handler_name"] = CANARY + "handler"
    output.set_chapters(
        [
            {
                "id": 1,
                "start": 0,
                "end": 1000,
                "time_base": MILLISECOND,
                "metadata": {"title": CANARY + "chapter"},
            }
        ]
    )
    _sound_and_words(output, "mov_text", len(_WORDS).to_bytes(2, "big") + _WORDS)


def _sound_and_words(output: OutputContainer, coding: str, words: bytes) -> None:
    subtitles = output.add_mux_stream(coding)
    subtitles.time_base = MILLISECOND
    audio = output.add_stream("aac", rate=48_000)
    audio.metadata["title"] = CANARY + "sound"
    silence = AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
    silence.sample_rate = 48_000
    silence.pts = 0
    output.mux(audio.encode(silence))
    output.mux(audio.encode(None))
    packet = Packet(words)
    packet.stream, packet.time_base = subtitles, MILLISECOND
    packet.pts = packet.dts = 0
    packet.duration = 900
    output.mux(packet)


def _matroska_company(output: OutputContainer, stream: VideoStream) -> None:
    output.metadata["title"] = CANARY + "title"
    stream.metadata["title"] = CANARY + "stream"
    output.add_attachment(CANARY + "report.txt", "text/plain", (CANARY + "attachment").encode())
    _sound_and_words(output, "subrip", _WORDS)


def _with_foreign_boxes(data: bytes) -> bytes:
    """Boxes that no demuxer looks into, among the known ones and at the end, and bytes behind all boxes."""
    canary = CANARY.encode()
    result = b""
    for kind, body in boxes(data):
        foreign = b""
        if kind == b"moov":
            foreign = box(b"uuid", bytes(16) + canary + b"uuid") + box(b"zzzz", canary + b"unknown")
        result += box(kind, body + foreign)
    return result + box(b"free", canary + b"free") + canary + b"trailing"
