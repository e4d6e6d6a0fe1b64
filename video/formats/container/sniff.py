"""Which container a file is, from its first bytes alone.

The answer names FFmpeg's demuxer. Nothing is ever probed: a probe could choose a demuxer that opens other
files or addresses (playlists, concatenations, image sequences).
"""

from dataclasses import dataclass

from ground.source import ByteSource

_START_BYTES = 4 * 204 + 8
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp", b"sidx"})
_IDLE_BOXES = frozenset({b"free", b"skip", b"wide"})
# Pictures in boxes (HEIF, AVIF, raw photographs): no clips, although the boxes are the same.
_STILL_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"crx ", b"jp2 ", b"jpx "})
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_TS_SYNC = 0x47


@dataclass(frozen=True, slots=True)
class Container:
    """name: ours, for people; demuxer: FFmpeg's."""

    name: str
    demuxer: str


MP4 = Container("mp4", "mov")
MOV = Container("mov", "mov")
MATROSKA = Container("mkv", "matroska")
WEBM = Container("webm", "matroska")
AVI = Container("avi", "avi")
GIF = Container("gif", "gif")
PROGRAM_STREAM = Container("mpeg-ps", "mpeg")
TRANSPORT_STREAM = Container("mpeg-ts", "mpegts")
ASF = Container("asf", "asf")
FLV = Container("flv", "flv")
MPEG_VIDEO = Container("mpeg-video", "mpegvideo")
MPEG4_VIDEO = Container("mpeg4-video", "m4v")
H264_STREAM = Container("h264-stream", "h264")
HEVC_STREAM = Container("hevc-stream", "hevc")

BARE = frozenset({MPEG_VIDEO, MPEG4_VIDEO, H264_STREAM, HEVC_STREAM})
"""Coded pictures and nothing else: no times, and no way to tell whether the last picture is whole."""
RUNNING = frozenset({PROGRAM_STREAM, TRANSPORT_STREAM})
"""Pictures in pieces, with times."""
WITHOUT_LENGTHS = BARE | RUNNING | {GIF, ASF}
"""Where a picture ends is known only from the next one: the last of a file that was cut may be incomplete."""
WITHOUT_DECODING_TIMES = frozenset({MATROSKA, WEBM, ASF})
"""FFmpeg makes them up from the times of presentation, and is not always right at the beginning."""

_BY_START_CODE = {
    0xBA: PROGRAM_STREAM,
    0xB3: MPEG_VIDEO,
    0xB0: MPEG4_VIDEO,
    0x27: H264_STREAM,  # sequence parameter sets, by how much they matter
    0x47: H264_STREAM,
    0x67: H264_STREAM,
}


def sniff(source: ByteSource) -> Container | None:
    """None where the bytes are of no container that is known here."""
    start = source.read_at(0, _START_BYTES)
    if start[4:8] in _IDLE_BOXES and int.from_bytes(start[:4], "big") > source.size_bytes:
        return None  # a text: "wide" and "free" are words
    for recognise in (_boxed, _by_magic, _transport_stream, _elementary):
        container = recognise(start)
        if container is not None:
            return container
    return None


def _boxed(start: bytes) -> Container | None:
    """ISO base media and QuickTime: boxes, the first of a well-known kind."""
    if start[4:8] not in _BOXES or start[8:12] in _STILL_BRANDS:
        return None
    # Size 1: a long one follows; 0: to the end of the file. Plain words do not begin with a small number.
    size = int.from_bytes(start[:4], "big")
    if 2 <= size < 8:
        return None
    return MP4 if start[4:8] == b"ftyp" and start[8:12] != b"qt  " else MOV


def _by_magic(start: bytes) -> Container | None:
    if start.startswith(b"\x1a\x45\xdf\xa3"):
        return WEBM if b"webm" in start[:64] else MATROSKA
    if start.startswith(b"RIFF") and start[8:12] in {b"AVI ", b"AVI\x19"}:
        return AVI
    if start.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if start.startswith(_ASF_HEADER):
        return ASF
    return FLV if start.startswith(b"FLV\x01") else None


def _transport_stream(start: bytes) -> Container | None:
    """Packets of 188 bytes; of 192 with a time stamp before each (cameras); of 204 with parity after each."""
    for first, step in ((0, 188), (4, 192), (0, 204)):
        if len(start) > first + 3 * step and all(start[first + step * n] == _TS_SYNC for n in range(4)):
            return TRANSPORT_STREAM
    return None


def _elementary(start: bytes) -> Container | None:
    """MPEG's own streams: each piece begins with 00 00 01 and a code."""
    if start.startswith(b"\0\0\0\1"):
        start = start[1:]
    if not start.startswith(b"\0\0\1") or len(start) < 8:
        return None
    code = start[3]
    if code == 0x09 and start[4] & 0x1F == 0x10:  # H.264's access unit delimiter
        return H264_STREAM
    if code == 0x40:  # HEVC's video parameter set; its header has a second byte
        return HEVC_STREAM if start[4] == 0x01 else None
    if code == 0x00:  # a video object without a sequence header
        return MPEG4_VIDEO if start[4:7] == b"\0\0\1" else None
    return _BY_START_CODE.get(code)
