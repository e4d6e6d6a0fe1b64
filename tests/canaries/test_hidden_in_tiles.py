"""Words among the coded units of a tile, which decoders step over: no segments, and not to be cut out."""

import io
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import cv2
import pytest
from PIL import Image

from tests.canaries.searching import Searcher, named
from tests.tiling import svs_files
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Pixels, Recipe, write_svs
from tiling.errors import CorruptSlideError

WORDS = named("AmongUnits").encode()
RESTART = [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]
HALVED = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]


def coded(pixels: Pixels, *options: int) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels[..., ::-1], [*options, *HALVED])[1])


def before_the_end(pixels: Pixels) -> bytes:
    return coded(pixels)[:-2] + WORDS + b"\xff\xd9"


def four_letters_before_the_end(pixels: Pixels) -> bytes:
    """As many as a decoder has read ahead and would throw away without a word."""
    return coded(pixels)[:-2] + WORDS[:4] + b"\xff\xd9"


def behind_a_restart_that_is_none(pixels: Pixels) -> bytes:
    return coded(pixels)[:-2] + b"\xff\xd0" + WORDS + b"\xff\xd9"


def before_a_restart(pixels: Pixels) -> bytes:
    data = coded(pixels, *RESTART)
    at = data.index(b"\xff\xd1")
    return data[:at] + WORDS + data[at:]


def between_scans(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", progressive=True, subsampling=1)
    data = buffer.getvalue()
    at = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    return data[:at] + WORDS + data[at:]


@pytest.mark.parametrize("size_px", [(256, 192), (300, 200)])
@pytest.mark.parametrize(
    "hide",
    [
        before_the_end, four_letters_before_the_end, behind_a_restart_that_is_none, before_a_restart,
        between_scans,
    ],
)  # fmt: skip
def test_a_slide_with_words_among_its_coded_units_is_refused(
    hide: Callable[[Pixels], bytes], size_px: tuple[int, int], tmp_path: Path
) -> None:
    with patch.object(svs_files, "_encode", lambda pixels, _: hide(pixels)):
        write_svs(tmp_path / "source.svs", Recipe(*size_px, with_identity=False))
    assert WORDS[:4] in (tmp_path / "source.svs").read_bytes()
    with pytest.raises(CorruptSlideError) as refusal:
        convert_file(tmp_path / "source.svs", tmp_path / "out")
    assert Searcher().find(str(refusal.value).encode()) == []
    assert list((tmp_path / "out").iterdir()) == []


def test_without_the_words_it_is_a_slide(tmp_path: Path) -> None:
    for number, encode in enumerate((coded, lambda pixels: coded(pixels, *RESTART))):
        with patch.object(svs_files, "_encode", lambda pixels, _, encode=encode: encode(pixels)):
            write_svs(tmp_path / "source.svs", Recipe(with_identity=False))
        convert_file(tmp_path / "source.svs", tmp_path / str(number))
