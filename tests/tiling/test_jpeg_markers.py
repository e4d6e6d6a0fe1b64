"""Abbreviated tiles become complete streams that show the same image and hold nothing else."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tiling.errors import MalformedJpegError
from tiling.jpeg import TileCompleter, complete_tile, crop, frame_info, scan_digest

CANARY = b"Doe^Jane 1950-01-01"


def picture(width_px: int = 48, height_px: int = 40, seed: int = 1) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 256, (height_px // 4 + 2, width_px // 4 + 2, 3), np.uint8)
    return cv2.resize(noise, (width_px, height_px), interpolation=cv2.INTER_CUBIC)


def encode(pixels: NDArray[np.uint8] | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture() if pixels is None else pixels).save(out, "JPEG", **options)
    return out.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """Marker and whole segment up to the first SOS, whose entry runs to the end of the data."""
    found, offset = [], 2
    while True:
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
        if data[offset + 1] == 0xDA:
            return [*found, (0xDA, data[offset:])]
        found.append((data[offset + 1], data[offset:end]))
        offset = end


def without(data: bytes, *markers: int) -> bytes:
    return b"\xff\xd8" + b"".join(body for marker, body in segments(data) if marker not in markers)


def insert(data: bytes, before_marker: int, *extra: bytes) -> bytes:
    at = next(data.index(body) for marker, body in segments(data) if marker == before_marker)
    return data[:at] + b"".join(extra) + data[at:]


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def abbreviated(data: bytes) -> tuple[bytes, bytes]:
    """(tile, tables) as a TIFF stores them."""
    tables = b"".join(body for marker, body in segments(data) if marker in (0xDB, 0xC4))
    return without(data, 0xDB, 0xC4, 0xE0), b"\xff\xd8" + tables + b"\xff\xd9"


VARIANTS = {
    "plain": encode(),
    "grey": encode(picture()[..., 0]),
    "full colour resolution": encode(subsampling="4:4:4"),
    "optimised tables": encode(optimize=True),
    "restart markers": encode(restart_marker_blocks=2),
    "progressive": encode(progressive=True),
    "progressive with restart markers": encode(progressive=True, restart_marker_blocks=3),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_completed_tile_shows_the_same_image(name: str) -> None:
    whole = VARIANTS[name]
    completed = complete_tile(whole, b"", is_rgb=False)
    assert np.array_equal(decode(completed), decode(whole))
    assert scan_digest(completed) == scan_digest(whole)
    if "progressive" not in name:
        tile, tables = abbreviated(whole)
        assert complete_tile(tile, tables, is_rgb=False) == completed


@pytest.mark.parametrize("name", VARIANTS)
def test_completing_twice_changes_nothing(name: str) -> None:
    once = complete_tile(VARIANTS[name], b"", is_rgb=False)
    assert complete_tile(once, b"", is_rgb=False) == once


def test_comments_and_application_data_are_dropped_wherever_they_stand() -> None:
    hidden = (segment(0xFE, CANARY), segment(0xE1, CANARY), segment(0xED, CANARY), b"\xff\xff\xff")
    adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01" + CANARY)
    source = encode()
    for before in (0xDB, 0xC0, 0xC4, 0xDA):
        tile = insert(source, before, *hidden, adobe)
        completed = complete_tile(tile, b"", is_rgb=False)
        assert CANARY not in completed
        assert scan_digest(completed) == scan_digest(source)
        assert np.array_equal(decode(completed), decode(source))


def test_comments_between_progressive_scans_are_dropped() -> None:
    source = encode(progressive=True)
    second_scan = source.index(b"\xff\xda", source.index(b"\xff\xda") + 2)
    tile = source[:second_scan] + segment(0xFE, CANARY) + source[second_scan:]
    assert complete_tile(tile, b"", is_rgb=False) == complete_tile(source, b"", is_rgb=False)


def test_a_table_that_no_component_uses_is_dropped() -> None:
    unused = segment(0xDB, b"\x03" + CANARY.ljust(64, b".")) + segment(
        0xC4, b"\x13\0\0\0\0\x13" + bytes(11) + CANARY
    )
    assert complete_tile(insert(encode(), 0xC0, unused), b"", is_rgb=False) == complete_tile(
        encode(), b"", is_rgb=False
    )


def test_bytes_after_the_end_of_the_image_are_dropped() -> None:
    tile, tables = abbreviated(encode())
    completer = TileCompleter(tables, is_rgb=False)
    clean = completer(tile)
    for _ in range(2):
        assert completer(tile + CANARY) == clean
        assert completer(tile + encode()) == clean
    assert TileCompleter(tables, is_rgb=False)(tile + CANARY) == clean


def test_a_missing_end_marker_is_added() -> None:
    tile, tables = abbreviated(encode())
    completer = TileCompleter(tables, is_rgb=False)
    clean = completer(tile)
    for ending in (b"", b"\xff", b"\xff\xff\xff", b"\xff\xff\xff\xd9"):
        assert completer(tile[:-2] + ending) == clean
        assert complete_tile(tile[:-2] + ending, tables, is_rgb=False) == clean


def test_a_known_header_does_not_hide_a_comment_or_scan_behind_the_first_scan() -> None:
    tile, tables = abbreviated(encode())
    completer = TileCompleter(tables, is_rgb=False)
    clean = completer(tile)
    assert completer(tile[:-2] + segment(0xFE, CANARY) + b"\xff\xd9") == clean
    with pytest.raises(MalformedJpegError):
        completer(tile[:-2] + segments(tile)[1][1] + b"\xff\xd9")


def test_a_tile_with_its_own_tables_overrides_the_shared_ones() -> None:
    _, tables = abbreviated(encode(quality=20))
    fine = encode(quality=95)
    assert complete_tile(fine, tables, is_rgb=False) == complete_tile(fine, b"", is_rgb=False)


def test_rgb_data_is_marked_as_rgb() -> None:
    source = encode(subsampling="4:4:4", keep_rgb=True)
    assert frame_info(source).adobe_transform == 0
    tile, tables = abbreviated(without(source, 0xEE))
    completed = complete_tile(tile, tables, is_rgb=True)
    assert frame_info(completed).adobe_transform == 0
    assert np.array_equal(decode(completed), decode(source))


def test_ycbcr_data_with_odd_component_ids_is_marked_as_ycbcr() -> None:
    source = without(encode(subsampling="4:4:4"), 0xE0)
    plain = complete_tile(source, b"", is_rgb=False)
    assert frame_info(plain).adobe_transform is None
    renamed = source
    for marker, body in segments(source):
        if marker == 0xC0:
            sof = bytearray(body)
            sof[10], sof[13], sof[16] = b"RGB"
            renamed = renamed.replace(body, bytes(sof))
        if marker == 0xDA:
            sos = bytearray(body)
            sos[5], sos[7], sos[9] = b"RGB"
            renamed = renamed.replace(body, bytes(sos))
    completed = complete_tile(renamed, b"", is_rgb=False)
    assert frame_info(completed).adobe_transform == 1
    assert np.array_equal(decode(completed), decode(plain))


def test_a_stored_adobe_marker_is_rebuilt_for_four_components() -> None:
    cmyk = io.BytesIO()
    Image.fromarray(picture()).convert("CMYK").save(cmyk, "JPEG")
    source = cmyk.getvalue()
    completed = complete_tile(source, b"", is_rgb=False)
    assert frame_info(completed).adobe_transform == frame_info(source).adobe_transform
    assert np.array_equal(decode(completed), decode(source))


def test_frame_info_tells_what_the_header_says() -> None:
    info = frame_info(encode(picture(50, 30), subsampling="4:2:0", restart_marker_blocks=3))
    assert (info.width_px, info.height_px, info.component_count) == (50, 30, 3)
    assert info.sampling == ((2, 2), (1, 1), (1, 1))
    assert (info.precision_bits, info.restart_interval_mcu, info.adobe_transform) == (8, 3, None)
    assert not info.is_progressive
    assert frame_info(encode(progressive=True)).is_progressive


def test_the_digest_ignores_what_no_decoder_uses_and_nothing_else() -> None:
    source = encode(restart_marker_blocks=2)
    expected = scan_digest(source)
    tile, tables = abbreviated(source)
    assert scan_digest(tile, tables) == expected
    assert scan_digest(insert(source, 0xC0, segment(0xFE, CANARY)) + CANARY) == expected
    for marker, body in segments(source):
        at = source.index(body)
        if marker == 0xE0:
            continue
        for offset in {5, len(body) // 2, len(body) - 4} if marker != 0xDD else {5}:
            changed = bytearray(source)
            changed[at + offset] ^= 1
            try:
                assert scan_digest(bytes(changed)) != expected
            except MalformedJpegError:
                continue


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"no jpeg at all",
        without(encode(), 0xC0),
        without(encode(), 0xC4),
        without(encode(), 0xDB),
        insert(encode(), 0xC4, segments(encode())[3][1]),
        insert(encode(), 0xC4, b"stray bytes"),
        insert(encode(), 0xC4, b"\xff\xd8"),
        insert(encode(), 0xC4, b"\xff\xdc\0\4\0\1"),
        insert(encode(), 0xC4, segment(0xC4, b"\0" + b"\xff" * 16 + bytes(4080))),
        insert(encode(), 0xC4, segment(0xC4, b"\0\3" + bytes(15) + b"\1\2\3")),
        insert(encode(), 0xC4, segment(0xDB, b"\0" + bytes(63))),
        insert(encode(), 0xC4, b"\xff\xc4\xff\xff"),
        insert(encode(), 0xC4, *[segment(0xFE, b"")] * 2000),
        encode().replace(b"\xff\xc0", b"\xff\xc3"),
    ],
)
def test_a_stream_that_breaks_the_syntax_is_refused(broken: bytes) -> None:
    with pytest.raises(MalformedJpegError):
        complete_tile(broken, b"", is_rgb=False)


def test_a_tables_stream_with_an_image_in_it_is_refused() -> None:
    with pytest.raises(MalformedJpegError):
        TileCompleter(encode(), is_rgb=False)


@given(st.data())
def test_damaged_streams_are_refused_or_completed_but_never_crash(data: st.DataObject) -> None:
    source = bytearray(data.draw(st.sampled_from(sorted(VARIANTS.values()))))
    for _ in range(data.draw(st.integers(1, 4))):
        source[data.draw(st.integers(0, min(len(source) - 1, 800)))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(source)))
    try:
        completed = complete_tile(bytes(source[:cut]), b"", is_rgb=False)
    except MalformedJpegError:
        return
    assert complete_tile(completed, b"", is_rgb=False) == completed
    assert scan_digest(completed) == scan_digest(bytes(source[:cut]))


@pytest.mark.parametrize("name", ["slides/CMU-1-Small-Region.svs", "derived/aperio-fakephi-9001x7003.svs"])
def test_every_tile_of_a_real_slide_is_completed_bit_for_bit(shared_data: Path, name: str) -> None:
    with tifffile.TiffFile(shared_data / name) as tiff:
        page = tiff.pages[0]
        tables, is_rgb = page.jpegtables or b"", page.photometric == 2
        completer = TileCompleter(tables, is_rgb)
        for index, (offset, size) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
            tiff.filehandle.seek(offset)
            tile = tiff.filehandle.read(size)
            completed = completer(tile)
            assert scan_digest(completed) == scan_digest(tile, tables)
            assert complete_tile(tile, tables, is_rgb=is_rgb) == completed
            if index % 97 == 0:
                expected, _, shape = page.decode(tile, index, jpegtables=page.jpegtables)
                assert np.array_equal(decode(completed)[: shape[1], : shape[2]], expected[0])


def test_a_height_stated_behind_the_scan_is_put_into_the_frame() -> None:
    """T.81, B.2.5: a frame of 0 lines, and a DNL segment behind the first scan."""
    plain = encode(picture(40, 24, 1))
    at = plain.index(b"\xff\xc0") + 5
    unstated = plain[:at] + b"\0\0" + plain[at + 2 :]
    later = unstated[:-2] + b"\xff\xdc\0\4\0\x18\xff\xd9"
    assert frame_info(later).height_px == 24
    completer = TileCompleter(b"", is_rgb=False)
    for _ in range(2):
        assert completer(later) == complete_tile(plain, b"", is_rgb=False)
    assert scan_digest(later) == scan_digest(plain)
    assert crop(later, 20, 20) == crop(plain, 20, 20)
    for broken in (
        unstated,
        later.replace(b"\0\4\0\x18", b"\0\4\0\0"),
        plain[:-2] + later[-8:-4] + b"\0\x19",
    ):
        with pytest.raises(MalformedJpegError):
            completer(broken)
