"""The detector itself, on glasses on which somebody has written: nothing of it is kept, all is shown."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from ground.picture_text import TextFinder
from ground.ppocr import open_text_finder
from ground.source import FileSource
from tests.tiling.macro_files import MacroRecipe, macro_picture
from tests.tiling.svs_files import Pixels, tissue
from tiling.convert import convert
from tiling.macro import Dropped, KeptMacro, cut_macro
from tiling.macro.writing import find_writing
from tiling.scrub.rules import MacroRule, ScrubRules

pytestmark = pytest.mark.slow

GLASS = MacroRecipe(width_px=1_280, height_px=431, label_px=300)
BLACK, BLUE, FAINT = (25, 25, 30), (40, 50, 150), (150, 150, 160)
PRINT, SCRIPT, COMPLEX = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
WRITTEN = {
    "initials in pen": ("J.D.", SCRIPT, 2.2, 5, BLACK),
    "a name in pen": ("Doe, Jane", COMPLEX, 1.6, 4, BLUE),
    "a faint number": ("S26-00123", PRINT, 1.0, 2, FAINT),
    "a block's letter": ("A1", PRINT, 1.6, 4, BLUE),
    "small print": ("DOE JANE 12.03.51", PRINT, 0.5, 1, BLACK),
}


@pytest.fixture(scope="module")
def finder() -> Iterator[TextFinder]:
    yield open_text_finder()


def decide(macro: Pixels, finder: TextFinder) -> KeptMacro | Dropped:
    cut = cut_macro(macro, None)
    return cut if isinstance(cut, Dropped) else cut.decide(find_writing(cut.pictures, finder))


@pytest.mark.parametrize("turns", range(4))
def test_a_glass_with_nothing_beside_its_label_is_kept(finder: TextFinder, turns: int) -> None:
    macro = np.ascontiguousarray(np.rot90(macro_picture(GLASS), turns))
    assert isinstance(decide(macro, finder), KeptMacro)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("name", WRITTEN)
def test_with_writing_on_the_glass_nothing_is_kept(finder: TextFinder, name: str, turns: int) -> None:
    text, font, size, stroke, colour = WRITTEN[name]
    macro = macro_picture(GLASS)
    cv2.putText(macro, text, (780, 350), font, size, colour, stroke, cv2.LINE_AA)
    assert isinstance(decide(np.ascontiguousarray(np.rot90(macro, turns)), finder), Dropped)


@pytest.mark.parametrize("is_upright", [False, True])
def test_a_frosted_end_with_print_is_not_kept(finder: TextFinder, is_upright: bool) -> None:
    macro = macro_picture(GLASS)
    frosted = np.full((150, 420, 3), 208, np.uint8)
    cv2.putText(frosted, "S26-00123", (30, 90), PRINT, 1.2, BLACK, 2, cv2.LINE_AA)
    end = np.rot90(frosted) if is_upright else frosted
    macro[5 : 5 + end.shape[0], 800 : 800 + end.shape[1]] = end
    assert isinstance(decide(macro, finder), Dropped)


@pytest.mark.parametrize(("text", "height_px"), [("DOE JANE", 60), ("S26-00123", 45), ("A1", 90)])
def test_what_is_written_in_level_0_is_shown_to_whoever_decides(
    tmp_path: Path, finder: TextFinder, text: str, height_px: int
) -> None:
    pixels = tissue(2_400, 1_800)
    scale = cv2.getFontScaleFromHeight(PRINT, height_px, 6)
    (width, height), _ = cv2.getTextSize(text, PRINT, scale, 6)
    cv2.rectangle(pixels, (880, 880 - height), (920 + width, 940), (235, 235, 235), cv2.FILLED)
    cv2.putText(pixels, text, (900, 910), PRINT, scale, BLACK, 6, cv2.LINE_AA)
    with tifffile.TiffWriter(tmp_path / "a.svs") as writer:
        writer.write(
            pixels,
            tile=(256, 256),
            photometric="rgb",
            compression="jpeg",
            compressionargs={"level": 90},
            description="Aperio Image Library\r\n2400x1800|MPP = 0.25",
            metadata=None,
            software=False,
        )
    (tmp_path / "out").mkdir()
    with FileSource(tmp_path / "a.svs") as source:
        report = convert(
            source,
            tmp_path / "out",
            progress=lambda *_: None,
            cancelled=lambda: False,
            rules=ScrubRules(macro=MacroRule.DROP),
            finder=finder,
        )
    assert report.scrub is not None
    covered = np.zeros(pixels.shape[:2], bool)
    for found in report.scrub["findings"]:
        covered[found["y0"] : found["y1"], found["x0"] : found["x1"]] = True
    assert covered[910 - height : 910, 900 : 900 + width].mean() > 0.9
