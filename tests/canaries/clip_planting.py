"""An identifier wherever a clip's container or its coded frames have room for one."""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream
from PIL import Image

from tests.canaries.searching import BIRTH_DASHED, NUMBER, named
from tests.canaries.tiff_planting import segments
from tests.tiling.svs_files import tissue
from tests.video.clip_writing import H264, MILLISECOND, Recipe, frame_of, write_clip
from tests.video.mp4_boxes import box, boxes
from tests.video.picture_code import Pixels

COUNT = 12
SEI_UUID = "086f3693-b7b3-4f2c-9653-21492feee5b8"
TAGS = (
    "title", "artist", "album_artist", "composer", "comment", "description", "synopsis", "copyright", "genre",
    "show", "episode_id", "network", "lyrics", "location", "keywords", "encoder", "encoded_by", "grouping",
    "performer", "publisher", "service_name", "service_provider", "author", "software", "make", "model",
)  # fmt: skip
APPLE = (
    b"\xa9nam",
    b"\xa9ART",
    b"\xa9xyz",
    b"\xa9day",
    b"\xa9cmt",
    b"\xa9too",
    b"\xa9mak",
    b"\xa9mod",
    b"name",
    b"titl",
)


def _company(output: OutputContainer, stream: VideoStream, words: str | None) -> None:
    """Tags of the file and its stream, chapters and subtitles."""
    for key in TAGS:
        output.metadata[key] = f"{named('Tag' + key)} {NUMBER}"
    output.metadata["creation_time"] = f"{BIRTH_DASHED}T01:02:03Z"
    output.metadata["date"] = BIRTH_DASHED
    output.metadata["timecode"] = "01:02:03:04"
    for key in ("title", "handler_name", "comment", "vendor_id", "creation_time"):
        stream.metadata[key] = (
            named("Stream" + key) if key != "creation_time" else f"{BIRTH_DASHED}T01:02:03Z"
        )
    stream.metadata["language"] = "wqz"
    if words is not None:
        output.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 400,
                    "time_base": MILLISECOND,
                    "metadata": {"title": named("Chapter")},
                }
            ]
        )
    if words is not None:
        subtitles = output.add_mux_stream(words)
        subtitles.time_base = MILLISECOND
        subtitles.metadata["title"] = named("SubtitleTrack")
        text = named("Subtitle").encode()
        packet = Packet(len(text).to_bytes(2, "big") + text if words == "mov_text" else text)
        packet.stream, packet.time_base, packet.pts, packet.dts, packet.duration = (
            subtitles, MILLISECOND, 0, 0, 400,
        )  # fmt: skip
        output.mux(packet)


def _written(recipe: Recipe, *, sei: bool = True) -> bytes:
    """The clip, with user data in the supplemental information of its coded frames."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=recipe.muxer, options=dict(recipe.muxer_options)) as output:
        stream = output.add_stream(recipe.codec, rate=25, options=dict(recipe.codec_options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = recipe.width_px, recipe.height_px, recipe.pixel_format
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = recipe.time_base
        stream.codec_context.gop_size = recipe.gop
        if recipe.prepare is not None:
            recipe.prepare(output, stream)
        said = f"h264_metadata=sei_user_data={SEI_UUID}+{named('Sei')}"
        spoken = BitStreamFilterContext(said, stream) if sei else None
        for picture, tick in zip(_drawn(recipe), recipe.shown_ticks(), strict=True):
            for packet in stream.encode(frame_of(picture, tick, recipe)):
                output.mux(spoken.filter(packet) if spoken else [packet])
        for packet in stream.encode(None):
            output.mux(spoken.filter(packet) if spoken else [packet])
    return buffer.getvalue()


def shown(number: int, width_px: int = 160, height_px: int = 120) -> Pixels:
    """Soft blobs that drift: nothing in them looks like writing."""
    blobs = cv2.GaussianBlur(tissue(width_px + 4 * COUNT, height_px), (0, 0), 9)
    return np.ascontiguousarray(blobs[:, 4 * number : 4 * number + width_px])


def _drawn(recipe: Recipe) -> Iterator[Pixels]:
    return (shown(code, recipe.width_px, recipe.height_px) for code in recipe.codes)


def _base(muxer: str, **changed: object) -> Recipe:
    return replace(H264, muxer=muxer, codes=range(COUNT), **changed)  # type: ignore[arg-type]


def mp4() -> bytes:
    """Boxes of every kind that may carry text, and some that nobody knows."""
    data = _written(_base("mp4", prepare=lambda o, s: _company(o, s, "mov_text")))
    return _with_boxes(data)


def mov() -> bytes:
    """QuickTime's own user data, a timecode track and a cover."""
    data = _written(_base("mov", prepare=lambda o, s: _company(o, s, "mov_text")))
    return _with_boxes(data)


def mp4_with_cover() -> bytes:
    """The cover is a JPEG with comments."""

    def prepare(output: OutputContainer, stream: VideoStream) -> None:
        buffer = io.BytesIO()
        Image.fromarray(shown(1, 400, 300)).save(buffer, "JPEG")
        jpeg = buffer.getvalue()
        cover = output.add_mux_stream("mjpeg", width=400, height=300)
        cover.disposition = Disposition.attached_pic
        packet = Packet(jpeg[:2] + segments() + jpeg[2:])
        packet.stream = cover
        output.mux(packet)

    recipe = _base("mp4", prepare=prepare)
    return write_clip(recipe, _drawn(recipe))


def _with_boxes(data: bytes) -> bytes:
    """Behind what is there, so that no offset changes."""
    foreign = b"".join(
        (
            box(b"uuid", bytes(16) + named("UuidBox").encode()),
            box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + named("XmpBox").encode()),
            box(b"zzzz", named("UnknownBox").encode()),
            box(b"free", named("FreeInside").encode()),
            box(b"meta", bytes(4) + box(b"hdlr", bytes(24) + named("MetaHandler").encode() + b"\0")),
        )
    )
    user = b"".join(
        box(kind, struct.pack(">HH", len(text), 0x15C7) + text)
        for kind, text in ((kind, named(f"Apple{number}").encode()) for number, kind in enumerate(APPLE))
    )
    location = bytes(6) + named("Place").encode() + bytes(14) + named("Body").encode() + b"\0\0"
    result = b""
    for kind, body in boxes(data):
        more = foreign + box(b"udta", user + box(b"loci", location)) if kind == b"moov" else b""
        result += box(kind, body + more)
    for kind in (b"free", b"skip", b"wide", b"uuid", b"emsg"):
        result += box(kind, bytes(16) + named(f"Last{kind.decode()}").encode())
    return result + named("BehindEverything").encode()


def matroska() -> bytes:
    """Tags, attachments, subtitles, chapters, and bytes behind the segment."""

    def prepare(output: OutputContainer, stream: VideoStream) -> None:
        output.add_attachment(named("Attached") + ".txt", "text/plain", named("Attachment").encode())
        _company(output, stream, "subrip")

    data = _written(_base("matroska", time_base=MILLISECOND, prepare=prepare))
    return data + named("BehindEverything").encode()


def matroska_hevc() -> bytes:
    """HEVC whose access units begin with supplemental information (ITU-T H.265, D.2.7)."""
    text = named("HevcSei").encode()
    message = bytes.fromhex(SEI_UUID.replace("-", "")) + text
    unit = b"\0\0\0\1\x4e\x01\x05" + bytes((len(message),)) + message + b"\x80"
    recipe = _base("matroska", codec="libx265", codec_options={"x265-params": "log-level=none"})
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as output:
        stream = output.add_stream(recipe.codec, rate=25, options=dict(recipe.codec_options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = recipe.width_px, recipe.height_px, "yuv420p"
        stream.codec_context.time_base = recipe.time_base
        pictures = zip(_drawn(recipe), recipe.shown_ticks(), strict=True)
        frames = [frame_of(picture, tick, recipe) for picture, tick in pictures]
        for frame in (*frames, None):
            for packet in stream.encode(frame):
                spoken = Packet(unit + bytes(packet))
                spoken.stream, spoken.time_base = stream, packet.time_base
                spoken.pts, spoken.dts, spoken.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
                output.mux(spoken)
    return buffer.getvalue()


def webm() -> bytes:
    """VP9 with tags."""
    recipe = _base(
        "webm", codec="libvpx-vp9", codec_options={"crf": "30", "b": "0"}, time_base=MILLISECOND,
        prepare=lambda o, s: _company(o, s, "webvtt"),
    )  # fmt: skip
    return _written(recipe, sei=False) + named("BehindEverything").encode()


def avi() -> bytes:
    """Motion JPEG: comments in each frame, RIFF's information list, junk, a date and a name of the stream."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="avi") as output:
        for key in TAGS:
            output.metadata[key] = f"{named('Tag' + key)} {NUMBER}"
        stream = output.add_mux_stream("mjpeg", rate=25, width=160, height=120)
        stream.metadata["title"] = named("StreamName")
        for number in range(COUNT):
            picture = io.BytesIO()
            Image.fromarray(shown(number)).save(picture, "JPEG", quality=95)
            jpeg = picture.getvalue()
            packet = Packet(jpeg[:2] + segments() + jpeg[2:] + named("BehindFrame").encode())
            packet.stream, packet.time_base, packet.pts, packet.dts = stream, Fraction(1, 25), number, number
            packet.is_keyframe = True
            output.mux(packet)
    junk = b"".join(
        kind + struct.pack("<I", len(text)) + text + bytes(len(text) % 2)
        for kind, text in ((b"JUNK", named("Junk").encode()), (b"IDIT", named("Digitized").encode()))
    )
    return buffer.getvalue() + junk + named("BehindEverything").encode()


def transport_stream() -> bytes:
    """A service with a name and a provider, supplemental information, and packets of nothing."""

    def prepare(output: OutputContainer, stream: VideoStream) -> None:
        _company(output, stream, None)
        data_stream = output.add_data_stream("klv")
        packet = Packet(named("Klv").encode())
        packet.stream, packet.time_base, packet.pts, packet.dts = data_stream, Fraction(1, 90_000), 0, 0
        output.mux(packet)

    data = _written(_base("mpegts", time_base=Fraction(1, 90_000), prepare=prepare))
    null = b"\x47\x1f\xff\x10" + named("NullPacket").encode().ljust(184, b"\xff")
    return data + null * 2


def gif() -> bytes:
    """A comment, an application's block, and what stands behind the end."""
    buffer = io.BytesIO()
    images = [Image.fromarray(shown(number)) for number in range(COUNT)]
    images[0].save(
        buffer, "GIF", save_all=True, append_images=images[1:], duration=40, loop=0,
        comment=named("Comment").encode(),
    )  # fmt: skip
    data = buffer.getvalue()
    head = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    block = named("Application").encode()
    application = b"\x21\xff\x0bXMP DataXMP" + bytes((len(block),)) + block + b"\0"
    plain = b"\x21\xfe" + bytes((len(named("Second")),)) + named("Second").encode() + b"\0"
    return data[:head] + application + plain + data[head:] + named("BehindEverything").encode()


def mpeg() -> bytes:
    """A program stream of MPEG-2 with user data behind its headers, and one of the private kind."""
    recipe = _base("mpeg", codec="mpeg2video", codec_options={}, time_base=Fraction(1, 25))
    data = write_clip(recipe, _drawn(recipe))
    text = named("PrivateStream").encode()
    private = b"\x00\x00\x01\xbf" + struct.pack(">H", len(text)) + text
    padding = b"\x00\x00\x01\xbe" + struct.pack(">H", len(named("Padding"))) + named("Padding").encode()
    end = data.rindex(b"\x00\x00\x01\xb9") if b"\x00\x00\x01\xb9" in data else len(data)
    return data[:end] + private + padding + data[end:]
