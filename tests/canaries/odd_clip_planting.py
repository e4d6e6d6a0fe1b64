"""Clips with identifiers in tracks that nobody plays, in headers of codecs, and between frames."""

import io
import struct
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from PIL import Image

from tests.canaries.clip_planting import COUNT, shown
from tests.canaries.container_planting import said
from tests.canaries.odd_slide_planting import thumbnailed
from tests.canaries.searching import named
from tests.video.clip_writing import H264, MILLISECOND, Recipe, frame_of, write_clip
from tests.video.mp4_boxes import box, boxes

_START = b"\0\0\0\1"


def _clip(muxer: str, **changed: object) -> bytes:
    recipe = replace(H264, muxer=muxer, codes=range(COUNT), **changed)  # type: ignore[arg-type]
    return write_clip(recipe, (shown(code) for code in recipe.codes))


def _sound(output: OutputContainer) -> None:
    """Samples that are letters, as they lie."""
    stream = output.add_stream("pcm_s16le", rate=8000)
    stream.metadata["title"] = named("SoundTrack")
    letters = (said("Sound") * 100)[:3200]
    frame = av.AudioFrame.from_ndarray(
        np.frombuffer(letters, "<i2").reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
    output.mux([*stream.encode(frame), *stream.encode(None)])


def _with_company(muxer: str, subtitles: str | None, **changed: object) -> bytes:
    """A clip between sound, another picture stream and drawn subtitles."""
    recipe = replace(H264, muxer=muxer, codes=range(COUNT), time_base=MILLISECOND, **changed)  # type: ignore[arg-type]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=muxer) as output:
        stream = output.add_stream(recipe.codec, rate=25, options=dict(recipe.codec_options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = recipe.width_px, recipe.height_px, recipe.pixel_format
        stream.codec_context.time_base = recipe.time_base
        second = output.add_mux_stream("mjpeg", rate=25, width=64, height=48)
        second.metadata["title"] = named("SecondPictures")
        drawn = None
        if subtitles is not None:
            drawn = output.add_mux_stream(subtitles)
            drawn.time_base = MILLISECOND
            drawn.metadata["title"] = named("DrawnSubtitles")
        _sound(output)
        jpeg = io.BytesIO()
        Image.fromarray(shown(3, 64, 48)).save(jpeg, "JPEG", comment=said("SecondComment"))
        packet = Packet(thumbnailed(jpeg.getvalue()))
        packet.stream, packet.time_base, packet.pts, packet.dts = second, MILLISECOND, 0, 0
        packet.is_keyframe = True
        output.mux(packet)
        if drawn is not None:
            picture = Packet(struct.pack(">HH", 60, 40) + said("DrawnSubtitle"))
            picture.stream, picture.time_base, picture.pts, picture.dts = drawn, MILLISECOND, 0, 0
            output.mux(picture)
        for code, tick in zip(recipe.codes, recipe.shown_ticks(), strict=True):
            output.mux(stream.encode(frame_of(shown(code), tick, recipe)))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def quicktime_with_tracks() -> bytes:
    """Every track but the clip is disabled: a player shows and plays none of them."""
    return with_tracks_off(_with_company("mov", None))


def with_tracks_off(data: bytes) -> bytes:
    """All tracks but the first are disabled (ISO 14496-12, 8.3.2)."""

    def movie(body: bytes) -> bytes:
        parts = boxes(body)
        first = next(number for number, (kind, _) in enumerate(parts) if kind == b"trak")
        return b"".join(
            box(kind, track(inner) if kind == b"trak" and number != first else inner)
            for number, (kind, inner) in enumerate(parts)
        )

    def track(body: bytes) -> bytes:
        return b"".join(
            box(kind, inner[:3] + b"\0" + inner[4:] if kind == b"tkhd" else inner)
            for kind, inner in boxes(body)
        )

    return b"".join(box(kind, movie(body) if kind == b"moov" else body) for kind, body in boxes(data))


def matroska_with_tracks() -> bytes:
    """Sound, a second stream of pictures with thumbnails in it, and subtitles as DVDs have them."""
    return _with_company("matroska", "dvd_subtitle")


def codec_headers() -> bytes:
    """Words in a sample description's colour profile, and in the sets of parameters that are kept there."""
    data = _clip("mp4")
    profile = (said("ColourProfile") * 9)[:132]
    colour = box(b"colr", b"prof" + profile)
    extension = b"\x6d" + said("ParameterExtension")
    information = b"\x06\x05" + bytes((16 + len(said("InHeader")),)) + bytes(16) + said("InHeader") + b"\x80"

    def described(body: bytes) -> bytes:
        inner = b"".join(
            box(kind, more_sets(content) if kind == b"avcC" else content)
            for kind, content in boxes(body[8 + 8 + 78 :])
        )
        return body[:8] + box(body[12:16], body[16 : 16 + 78] + inner + colour)

    def more_sets(content: bytes) -> bytes:
        at = 6 + 2 + int.from_bytes(content[6:8], "big")
        behind = at + 3 + int.from_bytes(content[at + 1 : at + 3], "big")
        more = struct.pack(">H", len(information)) + information
        more += b"\xfd\xf8\xf8\x01" + struct.pack(">H", len(extension)) + extension + said("BehindSets")
        return content[:at] + bytes((content[at] + 1,)) + content[at + 1 : behind] + more

    def changed(body: bytes) -> bytes:
        return b"".join(
            box(
                kind,
                changed(inner)
                if kind in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
                else described(inner)
                if kind == b"stsd"
                else inner,
            )
            for kind, inner in boxes(body)
        )

    return changed(data)


def hevc_units() -> bytes:
    """HEVC with information before and behind each picture, and units of reserved and unspecified kinds."""
    recipe = replace(H264, codec="libx265", codec_options={"x265-params": "log-level=none"})
    plain = write_clip(
        replace(recipe, muxer="hevc", codes=range(COUNT)), (shown(code) for code in range(COUNT))
    )

    def message(kind: int, place: str, uuid: bool) -> bytes:
        payload = bytes(16) + said(place) if uuid else b"\xb5\x00\x31" + said(place)
        return bytes((kind << 1, 1, 5 if uuid else 4, len(payload))) + payload + b"\x80"

    before = message(39, "PrefixUnregistered", True), message(39, "PrefixRegistered", False)
    behind = message(40, "SuffixUnregistered", True), message(40, "SuffixRegistered", False)
    foreign = tuple(bytes((kind << 1, 1)) + said(f"Unit{kind}") + b"\x80" for kind in (41, 47, 48, 63))
    out = b""
    for unit in (piece.rstrip(b"\0") for piece in plain.split(b"\0\0\1")[1:]):
        is_picture = unit[0] >> 1 & 63 < 32
        around = (*before, unit, *behind, *foreign) if is_picture else (unit,)
        out += b"".join(_START + each for each in around)
    return out


def h264_behind_slices() -> bytes:
    """Supplemental information and a slice's data partition behind the picture that they belong to."""
    data = _clip("h264")
    words = said("BehindSlice")
    late = b"\x06\x05" + bytes((16 + len(words),)) + bytes(16) + words + b"\x80"
    zeros = b"\x00\x00\x03\x00"  # what an encoder may put behind a slice (cabac_zero_words)
    out = b""
    for unit in data.split(b"\0\0\1")[1:]:
        out += _START + unit.rstrip(b"\0")
        if unit[0] & 31 in {1, 5}:
            out += zeros + _START + late + _START + b"\x04" + said("Partition") + b"\x80"
    return out


def avi_with_texts() -> bytes:
    """A stream of texts, changes of a palette nobody has, and junk among the frames."""
    data = _clip("avi", codec="mjpeg", codec_options={}, pixel_format="yuvj420p", time_base=Fraction(1, 25))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)

    at = data.index(b"movi")
    size = int.from_bytes(data[at - 4 : at], "little")
    end = at + size
    more = chunk(b"01tx", said("TextStream")) + chunk(b"00pc", said("PaletteChange"))
    more += chunk(b"JUNK", said("JunkAmongFrames")) + chunk(b"ix00", said("IndexOfNobody"))
    grown = data[: at - 4] + struct.pack("<I", size + len(more)) + data[at:end] + more + data[end:]
    return grown[:4] + struct.pack("<I", len(grown) - 8) + grown[8:]


def gif_palettes() -> bytes:
    """Colours that are letters, which no pixel has, and pixels behind those that are shown."""
    buffer = io.BytesIO()
    images = []
    for number in range(COUNT):
        image = Image.fromarray(shown(number)).quantize(64)
        palette = image.getpalette() or []
        letters = (said("Palette") * 20)[: 768 - 192]
        image.putpalette(palette[:192] + list(letters))
        images.append(image)
    images[0].save(
        buffer, "GIF", save_all=True, append_images=images[1:], duration=40, loop=0, optimize=False
    )
    return buffer.getvalue()


def webm_with_alpha() -> bytes:
    """VP9 with a second picture in each block, for how much of it shows through; its bytes are words here."""
    recipe = Recipe(
        "webm", "libvpx-vp9", codes=range(COUNT), time_base=MILLISECOND, codec_options={"crf": "30", "b": "0"}
    )
    data = write_clip(recipe, (shown(code) for code in recipe.codes))

    def sized(kind: bytes, body: bytes) -> bytes:
        return kind + (1 << 56 | len(body)).to_bytes(8, "big") + body

    more = sized(b"\xa6", sized(b"\xee", b"\x01") + sized(b"\xa5", said("AlphaPicture")))
    group = sized(
        b"\xa0", sized(b"\xa1", b"\x82" + bytes(3) + said("UnknownTrack")) + sized(b"\x75\xa1", more)
    )
    cluster = sized(b"\x1f\x43\xb6\x75", sized(b"\xe7", b"\0") + group)
    start = data.index(b"\x18\x53\x80\x67")
    return data[: start + 4] + b"\x01" + b"\xff" * 7 + data[start + 12 :] + cluster
