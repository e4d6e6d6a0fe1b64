"""Identifiers in the parts of containers and coded streams that no encoder here writes by itself."""

import io
import struct
from dataclasses import replace
from fractions import Fraction

from PIL import Image

from tests.canaries.clip_planting import COUNT, TAGS, shown
from tests.canaries.searching import BIRTH, BIRTH_DASHED, NUMBER, named
from tests.video.clip_writing import H264, MILLISECOND, Recipe, write_clip
from tests.video.mp4_boxes import box, boxes

Unit = tuple[int, bytes]
_START = b"\0\0\1"


def said(place: str) -> bytes:
    """The canary of a place, with a number and a day behind it."""
    return f"{named(place)} {NUMBER} {BIRTH_DASHED}".encode()


def _clip(muxer: str, **changed: object) -> bytes:
    recipe = replace(H264, muxer=muxer, codes=range(COUNT), **changed)  # type: ignore[arg-type]
    return write_clip(recipe, (shown(code) for code in recipe.codes))


def fragmented() -> bytes:
    """Segments and messages between the fragments of an MP4 (ISO 14496-12, 8.8; 23009-1, 5.10.3.3)."""
    data = _clip("mp4", muxer_options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}, gop=4)
    message = bytes(4) + said("EmsgScheme") + b"\0" + said("EmsgValue") + b"\0" + bytes(16) + said("EmsgBody")
    between = box(b"emsg", message) + box(b"prft", bytes(8) + said("Prft")) + box(b"free", said("Between"))
    user = box(b"udta", box(b"\xa9nam", struct.pack(">HH", len(said("InFragment")), 0) + said("InFragment")))
    result = b""
    for kind, body in boxes(data):
        if kind == b"moof":
            result += between + box(b"moof", body)
        else:
            result += box(kind, body + user if kind == b"moov" else body)
    return result + box(b"mfra", box(b"zzzz", said("InFragmentIndex"))) + box(b"skip", said("Last"))


def quicktime() -> bytes:
    """Names in the sample description, metadata under keys of one's own, samples that no table knows."""
    data = _clip("mov")
    keys = b"".join(
        struct.pack(">I4s", len(key) + 8, b"mdta") + key for key in (said("MdtaKey"), b"com.apple.quicktime")
    )
    values = b"".join(
        box(struct.pack(">I", number + 1), box(b"data", struct.pack(">II", 1, 0) + said(f"Mdta{number}")))
        for number in range(2)
    )
    handler = box(b"hdlr", bytes(8) + b"mdta" + bytes(12) + said("Mdta") + b"\0")
    meta = box(b"meta", handler + box(b"keys", struct.pack(">II", 0, 2) + keys) + box(b"ilst", values))
    inside = meta + box(b"udta", box(b"name", said("TrackName")) + box(b"WLOC", said("WindowPlace")))
    inside += box(said("Odd")[:4], said("BoxOfOddName"))

    def changed(body: bytes) -> bytes:
        out = b""
        for kind, inner in boxes(body):
            if kind in {b"trak", b"mdia", b"minf", b"stbl"}:
                out += box(kind, changed(inner) + (inside if kind == b"trak" else b""))
            else:
                out += box(kind, _described(inner) if kind == b"stsd" else inner)
        return out

    result = b""
    for kind, body in boxes(data):
        result += box(kind, changed(body) + meta) if kind == b"moov" else box(kind, body)
    return result + box(b"mdat", said("SampleOfNobody") * 9) + box(b"pnot", said("Preview"))


def _described(body: bytes) -> bytes:
    """A sample description with a compressor's name and boxes of nobody's."""
    name = named("Compressor")[:31].encode()
    more = box(b"uuid", bytes(16) + said("InDescription")) + box(b"glbl", said("Settings"))
    size = int.from_bytes(body[8:12], "big") + len(more)
    entry = body[12:58] + bytes((len(name),)) + name.ljust(31, b"\0") + body[90:]
    return body[:8] + struct.pack(">I", size) + entry + more


def motion_jpeg_mov() -> bytes:
    """QuickTime's Motion JPEG with comments in each frame, in place of what the encoder says of itself."""
    data = _clip("mov", codec="mjpeg", codec_options={}, pixel_format="yuvj420p")
    comment = data.index(b"\xff\xfe")
    length = int.from_bytes(data[comment + 2 : comment + 4], "big")
    old = data[comment + 4 : comment + 2 + length]
    text = named("")[: len(old)].encode().ljust(len(old), b"x")
    return data.replace(old, text) + box(b"mdat", said("Behind"))


def h264_units() -> bytes:
    """A bare stream with units of kinds that no decoder reads (ITU-T H.264, table 7-1), and SEI messages."""
    uuid = bytes(range(16))
    payload = uuid + said("Unregistered")
    t35 = b"\xb5\x00\x31" + said("Registered")
    sei = b"\x06" + b"\x05" + bytes((len(payload),)) + payload + b"\x04" + bytes((len(t35),)) + t35 + b"\x80"
    foreign = [sei, *(bytes((kind,)) + said(f"Unit{kind}") + b"\x80" for kind in (13, 16, 22, 24, 30, 31))]
    filler = b"\x0c" + b"\xff" * 20 + said("Filler") + b"\x80"
    out = b""
    for unit in _clip("h264").split(_START)[1:]:
        if unit[0] & 31 in {1, 5}:
            out += b"".join(_START + each for each in (*foreign, filler))
        out += _START + unit.rstrip(b"\0")
    return out + _START + b"\x0b" + _START + b"\x1f" + said("BehindEnd")


def avi_lists() -> bytes:
    """Chunks of an AVI's headers, and bytes between the frames that the index steps over."""
    data = _clip("avi", codec="mjpeg", codec_options={}, pixel_format="yuvj420p", time_base=Fraction(1, 25))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)

    info = b"".join(
        chunk(kind, said(f"Info{kind.decode()}")) for kind in (b"INAM", b"IART", b"ICMT", b"IPAT")
    )
    extra = b"".join(
        chunk(kind, said(f"Chunk{number}"))
        for number, kind in enumerate(
            (b"strd", b"strn", b"IDIT", b"ISMP", b"JUNK", b"_PMX", b"exif", b"Wqzy")
        )
    )
    movi = data.index(b"LIST", data.index(b"LIST") + 4)
    while data[movi + 8 : movi + 12] != b"movi":
        movi = data.index(b"LIST", movi + 4)
    # The index counts from the head of the frames' list: what stands before that moves nothing.
    lists = extra + chunk(b"LIST", b"INFO" + info) + chunk(b"LIST", b"exif" + extra)
    grown = data[:movi] + lists + data[movi:] + chunk(b"JUNK", said("BehindIndex"))
    return b"RIFF" + struct.pack("<I", len(grown) - 8) + grown[8:] + chunk(b"RIFF", b"AVIX" + extra)


def matroska_elements() -> bytes:
    """Elements of every kind in which words can stand (RFC 9559), and some of no kind."""
    data = _clip("matroska", time_base=MILLISECOND)

    def sized(kind: bytes, body: bytes) -> bytes:
        return kind + (1 << 56 | len(body)).to_bytes(8, "big") + body

    simple = sized(b"\x67\xc8", sized(b"\x45\xa3", said("TagName")) + sized(b"\x44\x87", said("TagString")))
    binary = sized(b"\x67\xc8", sized(b"\x45\xa3", said("TagOther")) + sized(b"\x44\x85", said("TagBinary")))
    information = b"".join(
        sized(kind, said(f"Information{kind.hex()}"))
        for kind in (b"\x7b\xa9", b"\x73\x84", b"\x3c\x83\xab", b"\x3e\x83\xbb", b"\x69\x24", b"\x44\x61")
    )
    more = sized(b"\x15\x49\xa9\x66", sized(b"\x2a\xd7\xb1", (1_000_000).to_bytes(4, "big")) + information)
    tags = sized(b"\x12\x54\xc3\x67", sized(b"\x73\x73", simple + binary))
    void = sized(b"\xec", said("Void")) + sized(b"\xbf", said("Checksum"))
    unknown = sized(b"\x5f\x5f", said("Unknown")) + sized(b"\x4f\xff", said("Other"))
    block = sized(b"\xa3", b"\x85" + bytes(3) + said("BlockOfNobody"))
    addition = sized(b"\x75\xa1", sized(b"\xa6", sized(b"\xa5", said("BlockAddition"))))
    cluster = sized(b"\x1f\x43\xb6\x75", sized(b"\xe7", b"\0") + block + sized(b"\xa0", addition))
    start = data.index(b"\x18\x53\x80\x67")
    return data[:start] + _of_open_end(data[start:]) + void + unknown + tags + more + cluster


def _of_open_end(segment: bytes) -> bytes:
    """The segment with a length that takes in whatever follows."""
    first = segment[4]
    length = 9 - first.bit_length()
    return segment[:4] + b"\x01" + b"\xff" * 7 + segment[4 + length :] if length == 8 else segment


def program_stream() -> bytes:
    """MPEG-2: user data of sequence and pictures, private data in the heads of packets, private streams."""
    data = _clip("mpeg", codec="mpeg2video", codec_options={}, time_base=Fraction(1, 25))

    def packet(stream: int, body: bytes) -> bytes:
        return _START + bytes((stream,)) + struct.pack(">H", len(body)) + body

    private = b"\x80\x01\x1e" + b"\x8e" + said("PacketPrivate")[:16].ljust(16, b"x") + bytes(13)
    before = packet(0xBD, private + said("PrivateOne")) + packet(0xBF, said("PrivateTwo"))
    before += packet(0xBC, said("StreamMap")) + packet(0xF2, said("DsmCc")) + packet(0xBE, said("Padding"))
    pack = data.index(_START + b"\xba", 4)
    user = _START + b"\xb2" + said("UserData")
    return data[:pack] + before + data[pack:] + before + user + said("BehindEverything")


def elementary_stream() -> bytes:
    """MPEG-2 pictures with user data before each (ISO 13818-2, 6.2.2.2), and stuffing of more than zeros."""
    data = _clip("mpeg2video", codec="mpeg2video", codec_options={}, time_base=Fraction(1, 25))
    parts = data.split(_START + b"\x01")
    user = _START + b"\xb2" + said("PictureUserData")
    return (user + _START + b"\x01").join(parts) + _START + b"\xb7" + said("BehindEnd")


def flash() -> bytes:
    """FLV's own script data: what, by whom, when."""

    def prepare(output: object, stream: object) -> None:
        for key in TAGS:
            output.metadata[key] = f"{named('Tag' + key)} {NUMBER}"  # type: ignore[attr-defined]

    data = _clip("flv", time_base=MILLISECOND, prepare=prepare)
    body = b"\x02" + struct.pack(">H", 10) + b"onMetaData" + b"\x02" + struct.pack(">H", len(said("Script")))
    body += said("Script")
    tag = b"\x12" + len(body).to_bytes(3, "big") + bytes(7) + body
    return data + tag + struct.pack(">I", len(tag)) + said("BehindEverything")


def windows_media() -> bytes:
    """ASF's description of the content, and its extended one."""

    def prepare(output: object, stream: object) -> None:
        for key in TAGS:
            output.metadata[key] = f"{named('Tag' + key)} {NUMBER}"  # type: ignore[attr-defined]
            stream.metadata[key] = f"{named('Stream' + key)}"  # type: ignore[attr-defined]

    recipe = Recipe("asf", "wmv2", codes=range(COUNT), time_base=MILLISECOND, prepare=prepare)
    return write_clip(recipe, (shown(code) for code in recipe.codes)) + said("BehindEverything")


def gif_texts() -> bytes:
    """Text to be drawn over a picture, comments of several pieces, an application's own data."""
    buffer = io.BytesIO()
    images = [Image.fromarray(shown(number)) for number in range(COUNT)]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=40, loop=0)
    data = buffer.getvalue()

    def blocks(*pieces: bytes) -> bytes:
        return b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"

    drawn = b"\x21\x01\x0c" + struct.pack("<4H4B", 0, 0, 80, 16, 8, 8, 1, 0) + blocks(said("Drawn"))
    comment = b"\x21\xfe" + blocks(said("Comment")[:7], said("Comment")[7:], BIRTH.encode())
    own = b"\x21\xff\x0bICCRGBG1012" + blocks(said("Profile"))
    odd = b"\x21\x99" + blocks(said("OfNoKind"))
    head = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    return data[:head] + comment + own + odd + data[head:-1] + drawn + data[-1:] + said("BehindEnd")


def transport_tables() -> bytes:
    """Descriptors, private sections, private data of the packets' own heads (ISO 13818-1, 2.4)."""
    data = _clip("mpegts", time_base=Fraction(1, 90_000))

    def packet(pid: int, payload: bytes, *, private: bytes = b"") -> bytes:
        head = bytes((0x47, 0x40 | pid >> 8, pid & 255))
        field = b""
        if private:
            room = 183 - len(payload) - 1
            inner = (b"\x02" + bytes((len(private),)) + private).ljust(room, b"\xff")
            field = bytes((room,)) + inner
        flags = b"\x30" if field else b"\x10"
        return head + flags + (field + payload).ljust(184, b"\xff")[:184]

    section = b"\0\x40\xb0" + bytes((len(said("Section")),)) + said("Section")
    private = packet(0x1FF0, b"\0", private=said("Adaptation"))
    teletext = packet(0x1FF1, b"\0\0\1\xbd\0\x60\x80\0\0" + said("Teletext"))
    return data + packet(0x1FEE, section) + private + teletext + packet(0x1FFF, said("Null"))
