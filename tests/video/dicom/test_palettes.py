"""Palette colours in every form, against pydicom's where it reads them."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

from tests.video.dicom.dicom_clips import Picture, Writing, dicom_loop, frames_of, opened, pictures, shows
from video.errors import CorruptVideoError
from video.formats.dicom.palettes import expanded
from video.model import Sampling

WARM = np.stack([np.arange(256), np.arange(256) // 2, 255 - np.arange(256)], axis=1).astype(np.uint8)


def tables(
    colours: Picture, *, first: int = 0, bits: int = 16, order: str = "<", shift: int = 8
) -> Mapping[int, tuple[str, Any]]:
    """Descriptors and plain tables; shift: where in a word of 16 bits the eight are."""
    elements: dict[int, tuple[str, Any]] = {}
    for number in range(3):
        elements[0x00281101 + number] = ("US", [len(colours) % 65536, first, bits])
        if bits == 8:
            data = colours[:, number].astype(np.uint8).tobytes()
        else:
            data = (colours[:, number].astype(np.uint16) << shift).astype(f"{order}u2").tobytes()
        elements[0x00281201 + number] = ("OW", data + b"\0" * (len(data) % 2))
    return elements


def palette_loop(loop: list[Picture], elements: Mapping[int, tuple[str, Any]], **options: Any) -> bytes:
    return dicom_loop(loop, Writing(photometric="PALETTE COLOR", elements=elements, **options))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless], ids=lambda s: s.name)
@pytest.mark.parametrize("bits", [8, 16])
def test_tables_of_8_and_16_bits(syntax: Any, bits: int) -> None:
    loop = pictures(3, 97, 51, colour=False)
    data = palette_loop(loop, tables(WARM, bits=bits), syntax=syntax)
    assert opened(data).picture.sampling is Sampling.YUV444
    for frame, picture in zip(frames_of(data), loop, strict=True):
        assert shows(frame, WARM[picture])


def test_tables_in_big_endian_words() -> None:
    loop = pictures(2, 97, 51, colour=False)
    data = palette_loop(loop, tables(WARM, order=">"), syntax=ExplicitVRBigEndian)
    assert all(shows(frame, WARM[picture]) for frame, picture in zip(frames_of(data), loop, strict=True))


def test_words_that_hold_their_eight_bits_below() -> None:
    loop = pictures(2, 97, 51, colour=False)
    data = palette_loop(loop, tables(WARM, shift=0))
    assert all(shows(frame, WARM[picture]) for frame, picture in zip(frames_of(data), loop, strict=True))


@pytest.mark.parametrize(("first", "count"), [(0, 256), (40, 100), (200, 56), (0, 10)])
def test_values_beyond_the_table_have_its_first_or_last_colour(first: int, count: int) -> None:
    loop = pictures(2, 97, 51, colour=False)
    data = palette_loop(loop, tables(WARM[:count], first=first))
    expected: Any = apply_color_lut(loop[0], pydicom.dcmread(io.BytesIO(data)))
    assert shows(frames_of(data)[0], (expected >> 8).astype(np.uint8))


def test_sixteen_bit_indices() -> None:
    loop = [picture.astype(np.uint16) * 257 for picture in pictures(2, 97, 51, colour=False)]
    colours = WARM[np.arange(65536) >> 8]
    data = palette_loop(loop, tables(colours))
    assert all(shows(frame, WARM[p >> 8]) for frame, p in zip(frames_of(data), loop, strict=True))


def test_a_palette_of_greys_is_grey() -> None:
    greys = np.repeat((255 - np.arange(256))[:, None], 3, axis=1).astype(np.uint8)
    loop = pictures(2, 97, 51, colour=False)
    video = opened(palette_loop(loop, tables(greys)))
    assert video.picture.sampling is Sampling.GRAY
    assert np.array_equal(next(iter(video.frames())).planes[0], 255 - loop[0])


def segmented(words: list[int]) -> Mapping[int, tuple[str, Any]]:
    data = np.array(words, "<u2").tobytes()
    elements: dict[int, tuple[str, Any]] = {}
    for number in range(3):
        elements[0x00281101 + number] = ("US", [256, 0, 16])
        elements[0x00281221 + number] = ("OW", data)
    return elements


@pytest.mark.parametrize(
    "words",
    [
        [0, 1, 0, 1, 255, 65535],
        [0, 2, 0, 300, 1, 99, 30000, 0, 3, 5, 6, 65535, 1, 152, 12],
        # Twice the same line, by reference to the segment that begins at the first byte.
        [0, 1, 0, 1, 127, 32512, 2, 2, 0, 0],
    ],
)
def test_segmented_tables_are_expanded_as_pydicom_expands_them(words: list[int]) -> None:
    loop = [np.arange(256, dtype=np.uint8).reshape(16, 16)] * 2
    data = palette_loop(loop, segmented(words))
    expected: Any = apply_color_lut(loop[0], pydicom.dcmread(io.BytesIO(data)))
    shown = frames_of(data)[0].planes[0]
    assert np.abs(shown.astype(int) - (expected[..., 0] >> 8)).max() <= 1


@pytest.mark.parametrize(
    "words", [[7, 1, 0], [1, 9, 9], [0, 900, 1], [2, 1, 0, 0], [2, 1, 65535, 65535], [2, 60000, 0, 0]]
)
def test_damaged_segments_are_refused(words: list[int]) -> None:
    with pytest.raises(CorruptVideoError):
        expanded(words, 256)


def test_references_to_references_do_not_multiply() -> None:
    bomb = [0, 1, 5] + [2, 1, 0, 0] * 30_000
    with pytest.raises(CorruptVideoError):
        expanded([*bomb, 2, 60_000, 6, 0], 65_536)


def test_a_supplemental_palette_colours_the_upper_values_only() -> None:
    loop = [np.arange(65536, dtype=np.uint16).reshape(256, 256) & 0x1FF]
    colours = WARM[::2]
    writing = Writing(elements=tables(colours, first=256), bits_stored=9)
    data = dicom_loop(loop, writing, PixelPresentation="COLOR", WindowCenter="128", WindowWidth="256")
    expected = np.repeat(loop[0].clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    is_coloured = loop[0] >= 256
    expected[is_coloured] = colours[(loop[0][is_coloured] - 256).clip(0, 127)]
    assert shows(frames_of(data)[0], expected)


def test_without_a_palette_palette_colours_are_refused() -> None:
    with pytest.raises(CorruptVideoError, match="no palette"):
        opened(palette_loop(pictures(1, colour=False), {}))
