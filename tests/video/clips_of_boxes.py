"""MP4 files whose boxes say something out of the ordinary: edits, turns, wrong flags, fragments."""

import struct
from dataclasses import replace

from tests.video.clip_writing import H264, HIDDEN, X264, Clip, clip_of, register, write_clip
from tests.video.mp4_boxes import boxes, find, media_scale, movie_scale, replace_box, rewrite, with_edits

_COUNT = 60
_B_FRAMES = replace(H264, codec_options={**X264, "x264-params": "b-adapt=0"}, b_frames=2)


@register
def turned_90() -> Clip:
    return clip_of("mp4", replace(H264, rotation=90))


@register
def turned_180() -> Clip:
    return clip_of("mov", replace(H264, muxer="mov", rotation=180))


@register
def turned_270() -> Clip:
    return clip_of("mp4", replace(H264, rotation=270, pixel_format="yuv444p", width_px=161, height_px=119))


@register
def empty_edit_first() -> Clip:
    """Shown from 1.5 s on: the list begins with an edit that shows nothing."""
    return clip_of("mp4", replace(_B_FRAMES, ticks=[19_200 + 512 * number for number in range(_COUNT)]))


@register
def trimmed_start() -> Clip:
    """Cut without coding anew: ten frames lie before the first that is shown, which is no key frame."""
    return _edited(first=10, last=_COUNT)


@register
def trimmed_both_ends() -> Clip:
    return _edited(first=17, last=41)


@register
def two_edits() -> Clip:
    """Two parts of the recording, the later one first."""
    order = [*range(40, 52), *range(12, 30)]
    data = write_clip(replace(H264, codes=_numbered(order), muxer_options={}))
    parts = [(40, 52), (12, 30)]
    return _with_parts(data, parts, len(order))


@register
def broken_key_flags() -> Clip:
    """Every frame is flagged as a key frame."""
    return clip_of("mp4", _B_FRAMES, replace_box(write_clip(_B_FRAMES), b"stss", None))


@register
def shifted_key_flags() -> Clip:
    """Every flag is one frame late."""

    def late(kind: bytes, body: bytes) -> bytes:
        if kind != b"stss":
            return body
        count = int.from_bytes(body[4:8], "big")
        numbers = struct.unpack_from(f">{count}I", body, 8)
        return body[:8] + struct.pack(f">{count}I", *(number + 1 for number in numbers))

    return clip_of("mp4", _B_FRAMES, rewrite(write_clip(_B_FRAMES), late))


@register
def fragmented() -> Clip:
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    return clip_of("mp4", replace(_B_FRAMES, muxer_options=options))


@register
def fast_start() -> Clip:
    return clip_of("mp4", replace(_B_FRAMES, muxer_options={"movflags": "faststart"}))


@register
def negative_offsets() -> Clip:
    """Decoding times begin below zero, by composition offsets that are negative."""
    return clip_of("mp4", replace(_B_FRAMES, muxer_options={"movflags": "negative_cts_offsets"}))


@register
def wrong_duration() -> Clip:
    """Every header speaks of a tenth of the true duration; there is no edit list to go by."""

    def shorter(kind: bytes, body: bytes) -> bytes:
        at = {b"mvhd": 16, b"mdhd": 16, b"tkhd": 20}.get(kind)
        if at is None:
            return body
        duration = int.from_bytes(body[at : at + 4], "big") // 10
        return body[:at] + duration.to_bytes(4, "big") + body[at + 4 :]

    data = rewrite(write_clip(H264), shorter)
    return clip_of("mp4", H264, rewrite(data, lambda kind, body: None if kind == b"elst" else body))


def _numbered(shown: list[int]) -> list[int]:
    """Codes of the recording, such that what is shown bears 0, 1, 2 …"""
    return [shown.index(number) if number in shown else HIDDEN + number for number in range(_COUNT)]


def _edited(first: int, last: int) -> Clip:
    recipe = replace(_B_FRAMES, codes=_numbered(list(range(first, last))))
    return _with_parts(write_clip(recipe), [(first, last)], last - first)


def _with_parts(data: bytes, parts: list[tuple[int, int]], count: int) -> Clip:
    """Frames first … last of the recording for each part; the list is in the time of presentation."""
    # Where frame 0 lies in the media's own time: what the muxer's edit list skips.
    delay = _media_start(data)
    frame = media_scale(data) // 25
    edits = [((last - first) * movie_scale(data) // 25, delay + first * frame) for first, last in parts]
    return clip_of("mp4", replace(H264, codes=range(count)), with_edits(data, edits))


def _media_start(data: bytes) -> int:
    trak = find(data, b"moov", b"trak")
    if not any(kind == b"edts" for kind, _ in boxes(trak)):
        return 0
    return int(struct.unpack_from(">I", find(trak, b"edts", b"elst"), 12)[0])
