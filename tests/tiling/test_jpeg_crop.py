"""A cropped JPEG holds the source's coefficients, and damage in it is told, not guessed around."""

import io
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import simplejpeg
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.jpeg import TileCompleter, complete_tile, crop, frame_info, scan_digest
from tiling.jpeg.huffman import BitWriter
from tiling.jpeg.segments import parse_stream

CANARY = b"Doe^Jane 1950-01-01"
SAMPLINGS = {
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}
IS_NARROWER_IN_CHROMA = {"4:2:2", "4:2:0", "4:1:1"}
IS_LOWER_IN_CHROMA = {"4:2:0", "4:4:0"}


def picture(width_px: int, height_px: int, seed: int, roughness_px: int = 5) -> NDArray[np.uint8]:
    shape = (height_px // roughness_px + 2, width_px // roughness_px + 2, 3)
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return cv2.resize(noise, (width_px, height_px), interpolation=cv2.INTER_CUBIC)


def encode(
    pixels: NDArray[np.uint8],
    sampling: str = "4:2:0",
    quality: int = 80,
    optimised: bool = False,
    restart_interval_mcu: int = 0,
) -> bytes:
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, quality),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling]),
        *(cv2.IMWRITE_JPEG_OPTIMIZE, int(optimised)),
        *(cv2.IMWRITE_JPEG_RST_INTERVAL, restart_interval_mcu),
    ]
    done, data = cv2.imencode(".jpg", pixels, options)
    assert done
    return complete_tile(data.tobytes(), b"", is_rgb=False)


def assert_is_crop(cropped: bytes, source: bytes, width_px: int, height_px: int) -> None:
    """Luma alone, and colours without interpolated chroma, show every coefficient: they must be equal."""
    info = frame_info(cropped)
    assert (info.width_px, info.height_px) == (width_px, height_px)
    for options in ({"colorspace": "GRAY"}, {"colorspace": "RGB", "fastupsample": True}):
        expected = simplejpeg.decode_jpeg(source, **options)[:height_px, :width_px]
        assert np.array_equal(simplejpeg.decode_jpeg(cropped, **options), expected)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_crop_shows_the_same_pixels(data: st.DataObject) -> None:
    width_px, height_px = data.draw(st.integers(1, 80)), data.draw(st.integers(1, 80))
    sampling = data.draw(st.sampled_from(sorted(SAMPLINGS)))
    pixels = picture(width_px, height_px, data.draw(st.integers(0, 1000)), data.draw(st.integers(1, 20)))
    source = encode(
        pixels,
        sampling,
        data.draw(st.integers(2, 100)),
        data.draw(st.booleans()),
        data.draw(st.sampled_from([0, 1, 2, 3, 7, 20, 1000])),
    )
    target = (data.draw(st.integers(1, width_px)), data.draw(st.integers(1, height_px)))
    cropped = crop(source, *target)
    assert_is_crop(cropped, source, *target)
    assert crop(cropped, *target) == cropped


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_interpolated_chroma_differs_only_where_the_documentation_says(data: st.DataObject) -> None:
    sampling = data.draw(st.sampled_from(sorted(SAMPLINGS)))
    source = encode(picture(64, 64, data.draw(st.integers(0, 1000))), sampling)
    width_px, height_px = data.draw(st.integers(9, 64)), data.draw(st.integers(9, 64))
    cropped = cv2.imdecode(np.frombuffer(crop(source, width_px, height_px), np.uint8), cv2.IMREAD_COLOR)
    expected = cv2.imdecode(np.frombuffer(source, np.uint8), cv2.IMREAD_COLOR)[:height_px, :width_px]
    same_columns = width_px - (sampling in IS_NARROWER_IN_CHROMA and width_px % 2 == 0)
    same_rows = height_px - (sampling in IS_LOWER_IN_CHROMA and height_px % 2 == 0)
    assert np.array_equal(cropped[:same_rows, :same_columns], expected[:same_rows, :same_columns])


@given(st.integers(1, 64), st.integers(1, 64), st.booleans(), st.sampled_from([0, 1, 5]))
@settings(max_examples=60, deadline=None)
def test_a_grey_image_is_cropped_exactly(
    width_px: int, height_px: int, optimised: bool, restart: int
) -> None:
    source = encode(picture(64, 64, 3)[..., 0], optimised=optimised, restart_interval_mcu=restart)
    assert_is_crop(crop(source, width_px, height_px), source, width_px, height_px)


def test_sampling_factors_of_a_single_component_do_not_count() -> None:
    source = bytearray(encode(picture(40, 40, 3)[..., 0]))
    factors_at = source.index(b"\xff\xc0") + 11
    assert source[factors_at] == 0x11
    source[factors_at] = 0x22
    assert_is_crop(crop(bytes(source), 9, 17), bytes(source), 9, 17)


def test_four_components_are_cropped_exactly_and_keep_their_adobe_marker() -> None:
    out = io.BytesIO()
    Image.fromarray(picture(64, 48, 9)).convert("CMYK").save(out, "JPEG")
    cropped = crop(out.getvalue(), 33, 17)
    assert frame_info(cropped).adobe_transform == frame_info(out.getvalue()).adobe_transform
    expected = np.asarray(Image.open(out))[:17, :33]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(cropped))), expected)


def test_rgb_components_stay_rgb() -> None:
    out = io.BytesIO()
    Image.fromarray(picture(64, 48, 9)).save(out, "JPEG", keep_rgb=True, subsampling="4:4:4")
    cropped = crop(out.getvalue(), 33, 17)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(cropped))), np.asarray(Image.open(out))[:17, :33])


def test_a_crop_on_the_same_grid_only_changes_the_stated_size() -> None:
    source = encode(picture(64, 64, 1), "4:2:0", restart_interval_mcu=3)
    cropped = crop(source, 50, 49)
    assert len(cropped) == len(source)
    assert sum(a != b for a, b in zip(cropped, source, strict=True)) == 2


def test_restart_markers_are_dropped_with_their_interval() -> None:
    source = encode(picture(64, 64, 1), restart_interval_mcu=3)
    cropped = crop(source, 40, 40)
    assert frame_info(source).restart_interval_mcu == 3
    assert frame_info(cropped).restart_interval_mcu == 0
    assert not any(bytes((0xFF, marker)) in cropped for marker in range(0xD0, 0xD8))


def test_a_difference_without_a_code_gets_one_behind_the_table() -> None:
    # Brightness runs like a snake, so that neighbours are alike in coding order but not below each other.
    ramp = np.repeat(np.linspace(0, 255, 64), 8)
    pixels = np.repeat(np.stack([ramp, ramp[::-1], ramp, ramp[::-1]]), 8, axis=0).astype(np.uint8)
    source = encode(pixels, quality=100, optimised=True)
    cropped = crop(source, 384, 32)
    assert_is_crop(cropped, source, 384, 32)
    dc_tables = [parse_stream(data).scans[0].tables.huffman[0] for data in (source, cropped)]
    assert len(set(dc_tables[0][17:])) < 12
    assert set(dc_tables[1][17:]) == set(range(12))
    assert dc_tables[1][17:].startswith(dc_tables[0][17:])


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_colour_images_get_further_codes_where_needed(columns: int, rows: int, seed: int) -> None:
    # Rows of units of one colour each, the last of each row like the first of the next: few DC codes.
    blocks = np.random.default_rng(seed).integers(0, 2, (8, 6, 3), np.uint8) * 255
    blocks[:, 1:-1] = blocks[:, :1]
    blocks[:-1, -1] = blocks[1:, 0]
    pixels = np.repeat(np.repeat(blocks, 16, axis=0), 16, axis=1)
    source = encode(pixels, "4:2:0", 100, optimised=True)
    assert_is_crop(crop(source, columns * 16, rows * 16), source, columns * 16, rows * 16)


def test_comments_and_bytes_behind_the_image_are_not_carried_over() -> None:
    source = encode(picture(64, 64, 1))
    hidden = source[:2] + b"\xff\xfe" + (len(CANARY) + 2).to_bytes(2, "big") + CANARY + source[2:] + CANARY
    for size in ((64, 64), (63, 63), (20, 20)):
        assert CANARY not in crop(hidden, *size)
        assert crop(hidden, *size) == crop(source, *size)


@pytest.mark.parametrize("size", [(0, 8), (8, 0), (-1, 8), (65, 8), (8, 65)])
def test_a_crop_outside_the_image_is_a_callers_mistake(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="inside the image"):
        crop(encode(picture(64, 64, 1)), *size)


def test_progressive_streams_are_refused() -> None:
    out = io.BytesIO()
    Image.fromarray(picture(64, 64, 1)).save(out, "JPEG", progressive=True)
    with pytest.raises(UncroppableJpegError):
        crop(out.getvalue(), 20, 20)


def test_twelve_bit_streams_are_refused() -> None:
    data = imagecodecs.jpeg8_encode(picture(64, 64, 1)[..., 0].astype(np.uint16) * 16, bitspersample=12)
    assert frame_info(data).precision_bits == 12
    with pytest.raises(UncroppableJpegError):
        crop(data, 20, 20)


def test_arithmetic_coding_is_refused() -> None:
    with pytest.raises(UncroppableJpegError):
        crop(encode(picture(64, 64, 1)).replace(b"\xff\xc0", b"\xff\xc9"), 20, 20)


def test_one_scan_a_component_is_refused() -> None:
    source = encode(picture(64, 64, 1), "4:4:4")
    sos_at = source.index(b"\xff\xda")
    entropy = source[sos_at + 14 :]
    scans = [b"\xff\xda\0\x08\x01" + bytes((number, 0, 0, 63, 0)) + entropy[:-2] for number in (1, 2, 3)]
    with pytest.raises(UncroppableJpegError):
        crop(source[:sos_at] + b"".join(scans) + b"\xff\xd9", 20, 20)


def grey_of_three_by_two_blocks(differences: list[int]) -> bytes:
    """A grey 24 × 16 image of flat blocks, its DC table without codes but for categories 0 and 11."""
    bits = BitWriter()
    for difference in differences:
        if difference:
            bits.write(0b10, 2)
            bits.write(difference, 11)
        else:
            bits.write(0, 1)
        bits.write(0, 1)
    return (
        b"\xff\xd8\xff\xdb\0\x43\0" + b"\1" * 64 + b"\xff\xc0\0\x0b\x08\0\x10\0\x18\1\1\x11\0"
        b"\xff\xc4\0\x15\0\1\1" + bytes(14) + b"\0\x0b" + b"\xff\xc4\0\x14\x10\1" + bytes(15) + b"\0"
        b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bits.stuffed() + b"\xff\xd9"
    )


def test_values_beyond_eight_bit_samples_are_refused_rather_than_changed() -> None:
    within = grey_of_three_by_two_blocks([1024, 0, 0, 0, 0, 0])
    assert_is_crop(crop(within, 8, 16), within, 8, 16)
    beyond = grey_of_three_by_two_blocks([1024, 1500, 1500, 0, 0, 0])
    with pytest.raises(UncroppableJpegError):
        crop(beyond, 8, 16)


def test_a_stream_cut_anywhere_is_told() -> None:
    source = encode(picture(40, 40, 1), "4:2:2")
    # The last bytes may be filling, or code units that the crop drops: to lack them is no damage.
    for size_bytes in range(len(source) - 40):
        with pytest.raises(MalformedJpegError):
            crop(source[:size_bytes], 32, 40)


def test_restart_markers_out_of_order_or_missing_are_told() -> None:
    source = encode(picture(64, 64, 1), restart_interval_mcu=2)
    for broken in (
        source.replace(b"\xff\xd1", b"\xff\xd2"),
        source.replace(b"\xff\xd1", b""),
        source[: source.index(b"\xff\xd2")] + b"\xff\xd9",
        source.replace(b"\xff\xdd\0\4\0\2", b""),
    ):
        assert broken != source
        with pytest.raises(MalformedJpegError):
            crop(broken, 40, 60)


def test_fill_bytes_inside_the_image_data_are_told() -> None:
    source = encode(picture(64, 64, 1))
    stuffed_at = source.index(b"\xff\0", source.index(b"\xff\xda") + 14)
    with pytest.raises(MalformedJpegError):
        crop(source[:stuffed_at] + b"\xff" + source[stuffed_at:], 40, 60)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_damaged_streams_are_refused_or_cropped_but_never_crash(data: st.DataObject) -> None:
    source = bytearray(
        encode(
            picture(48, 48, data.draw(st.integers(0, 3))),
            data.draw(st.sampled_from(sorted(SAMPLINGS))),
            restart_interval_mcu=data.draw(st.sampled_from([0, 2])),
        )
    )
    for _ in range(data.draw(st.integers(1, 6))):
        source[data.draw(st.integers(0, len(source) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(len(source) // 2, len(source)))
    try:
        cropped = crop(bytes(source[:cut]), 33, 31)
    except (MalformedJpegError, UncroppableJpegError):
        return
    except ValueError:
        info = frame_info(bytes(source))
        assert info.width_px < 33 or info.height_px < 31
        return
    scan_digest(cropped)


@pytest.mark.parametrize(
    "name", ["slides/CMU-1-Small-Region.svs", "slides/small.svs", "derived/aperio-fakephi-9001x7003.svs"]
)
def test_tiles_of_real_slides_are_cropped_exactly(shared_data: Path, name: str) -> None:
    with tifffile.TiffFile(shared_data / name) as tiff:
        page = tiff.pages[0]
        completer = TileCompleter(page.jpegtables or b"", page.photometric == 2)
        tiles = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        for index, (offset, size) in enumerate(tiles[:: max(1, len(tiles) // 60)]):
            tiff.filehandle.seek(offset)
            tile = completer(tiff.filehandle.read(size))
            info = frame_info(tile)
            width_px, height_px = info.width_px - index * 53 % info.width_px, info.height_px - index * 29 % 60
            assert_is_crop(crop(tile, width_px, height_px), tile, width_px, height_px)
