"""Our own JPEG encoder: every decoder reads it, its numbers are exact, and its bytes are well spent."""

import io
import itertools

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.tiling.svs_files import tissue
from tiling.canonical.coder import Coder, Thrift
from tiling.canonical.entropy import Frequencies, best_table, packed
from tiling.canonical.quantise import Quantisation, quantise
from tiling.canonical.transform import UNITS, ZIGZAG, coefficients
from tiling.jpeg import frame_info
from tiling.jpeg.huffman import BitWriter, codes
from tiling.model import Pixels


def trained(pixels: Pixels, quantisation: Quantisation) -> Coder:
    thrift = Thrift.to_begin_with(quantisation)
    for _ in range(2):
        frequencies = thrift.symbols(coefficients(pixels)).frequencies()
        thrift = Thrift(quantisation, frequencies)
    return Coder(thrift, frequencies)


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def noise(width_px: int, height_px: int) -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (height_px, width_px, 3)).astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(width_px=st.integers(1, 70), height_px=st.integers(1, 70), step=st.sampled_from([3, 4, 8, 20, 64]))
def test_every_size_and_step_decodes_to_nearly_the_same_picture(
    width_px: int, height_px: int, step: int
) -> None:
    pixels = tissue(width_px, height_px)
    jpeg = trained(tissue(64, 64), Quantisation(step, min(step, 8), 0.1)).encode(pixels)
    decoded = simplejpeg.decode_jpeg(jpeg, "RGB")
    assert decoded.shape == pixels.shape
    # Over whole blocks errors average out; in a corner of one, those of many coefficients can add up.
    is_corner = min(width_px, height_px) < 16
    assert difference(decoded, pixels) <= (2.5 + 0.3 * step) * (4 if is_corner else 1)
    with Image.open(io.BytesIO(jpeg)) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), decoded)


def test_the_stream_is_plain_baseline_without_subsampling_or_metadata() -> None:
    jpeg = trained(tissue(64, 64), Quantisation(8, 8, 0.1)).encode(tissue(64, 48))
    frame = frame_info(jpeg)
    assert (frame.width_px, frame.height_px, frame.component_count) == (64, 48, 3)
    assert set(frame.sampling) == {(1, 1)}
    at, markers = 2, []
    while jpeg[at + 1] != 0xDA:
        markers.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    assert markers == [0xDB, 0xC0, 0xC4]  # one table of steps, a baseline frame, Huffman tables
    assert simplejpeg.decode_jpeg_header(jpeg)[2:] == ("YCbCr", "444")


def test_what_was_in_no_sample_is_coded_nevertheless() -> None:
    flat = np.full((64, 64, 3), 230, np.uint8)
    coder = trained(flat, Quantisation(4, 4, 0.1))
    assert len(coder.encode(flat)) < 350
    for pixels in (noise(64, 64), tissue(64, 64), 255 * (noise(64, 64) > 127).astype(np.uint8)):
        decoded = simplejpeg.decode_jpeg(coder.encode(pixels), "RGB")
        assert difference(decoded, pixels) < 3


def test_its_bytes_are_fewer_than_libjpegs_at_the_same_difference() -> None:
    pixels = tissue(480, 480)
    ours = trained(pixels, Quantisation(12, 8, 0.15)).encode(pixels)
    error = difference(simplejpeg.decode_jpeg(ours, "RGB"), pixels)
    for quality in range(95, 50, -1):
        theirs = simplejpeg.encode_jpeg(pixels, quality, "RGB", "444")
        if difference(simplejpeg.decode_jpeg(theirs, "RGB"), pixels) >= error:
            break
    assert len(ours) < 0.9 * len(theirs)


def test_coefficients_are_those_of_the_standard_s_transform() -> None:
    pixels = tissue(40, 24)
    ycc = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)[:, :, [0, 2, 1]].astype(np.float32) - 128
    found = coefficients(pixels).reshape(3, 5, 3, 64) / UNITS
    for row in range(3):
        for col in range(5):
            for component in range(3):
                block = ycc[8 * row : 8 * row + 8, 8 * col : 8 * col + 8, component]
                expected = np.asarray(cv2.dct(np.ascontiguousarray(block))).reshape(64)[ZIGZAG]
                assert np.abs(found[row, col, component] - expected).max() < 0.1


@pytest.mark.parametrize("pixels", [noise(64, 64), 255 * (noise(64, 64) > 127).astype(np.uint8)])
def test_coefficients_are_whole_numbers_that_no_order_of_adding_changes(pixels: Pixels) -> None:
    found = coefficients(pixels)
    assert np.array_equal(found, np.rint(found))
    # A block's pixels turned around: the same products, added the other way round.
    turned = coefficients(np.ascontiguousarray(pixels[::-1, ::-1]))[::-1].reshape(-1, 3, 64)[:, ::-1]
    vertical, horizontal = ZIGZAG // 8, ZIGZAG % 8
    signs = 1 - 2 * ((vertical + horizontal) % 2)
    assert np.array_equal(turned * signs, found.reshape(-1, 3, 64))


def test_leaving_out_costs_little_error_and_saves_bytes() -> None:
    pixels = tissue(240, 240)
    found = coefficients(pixels)
    thrift = Thrift.to_begin_with(Quantisation(10, 8, 0.15))
    kept = thrift.symbols(found).scan(thrift.tables)
    every = Thrift.to_begin_with(Quantisation(10, 8, 0.0))
    plain = every.symbols(found).scan(every.tables)
    assert kept is not None
    assert plain is not None
    assert len(kept) < 0.97 * len(plain)


def test_quantised_coefficients_are_never_off_by_more_than_a_step() -> None:
    found = coefficients(noise(64, 64))
    costs = np.full(2 * 128 * 16, 8, np.float32)
    quantised = quantise(found, Quantisation(10, 8, 0.15), costs)
    exact = np.abs(found.reshape(-1)[quantised.positions]) / (10 * UNITS)
    assert (quantised.magnitudes >= 1).all()
    assert np.abs(exact - quantised.magnitudes).max() <= 1.0
    assert np.array_equal(quantised.is_negative, found.reshape(-1)[quantised.positions] < 0)
    assert (np.diff(quantised.positions) > 0).all()
    assert (quantised.positions % 64 > 0).all()


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 255), st.integers(1, 1 << 40), min_size=1, max_size=162))
def test_huffman_tables_are_prefix_codes_of_at_most_16_bits_without_all_ones(counts: dict[int, int]) -> None:
    table = best_table(counts)
    assert sum(table[:16]) == len(counts)
    assert sorted(table[16:]) == sorted(counts)
    found = list(codes(table))
    assert sum(2.0**-length for _, _, length in found) < 1
    assert all(code < (1 << length) - 1 for _, code, length in found)
    lengths = {symbol: length for symbol, _, length in found}
    for more, less in itertools.permutations(list(counts)[:12], 2):
        assert counts[more] <= counts[less] or lengths[more] <= lengths[less]


def test_skewed_frequencies_are_cut_to_16_bits() -> None:
    table = best_table({symbol: 1 << symbol for symbol in range(40)})
    assert max(length for _, _, length in codes(table)) == 16


@given(
    st.lists(
        st.integers(0, 32).flatmap(lambda n: st.tuples(st.integers(0, (1 << n) - 1), st.just(n))), min_size=1
    )
)
def test_bits_are_packed_as_one_after_the_other(words: list[tuple[int, int]]) -> None:
    words.append((1, 1))  # a stream is never empty
    writer = BitWriter()
    for value, length in words:
        writer.write(value, length)
    values: NDArray[np.int64] = np.array([value for value, _ in words], np.int64)
    assert packed(values, np.array([length for _, length in words], np.int64)) == writer.packed()


def test_nothing_to_learn_from_gives_a_coder_all_the_same() -> None:
    thrift = Thrift(Quantisation(8, 8, 0.15), Frequencies.none())
    pixels = tissue(32, 32)
    decoded = simplejpeg.decode_jpeg(Coder(thrift, Frequencies.none()).encode(pixels), "RGB")
    assert difference(decoded, pixels) < 4
