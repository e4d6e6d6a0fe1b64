"""Of the picture of the whole glass nothing is kept that is, or might be, the label."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.picture_text import TextFinder
from ground.source import FileSource
from tests.tiling.finders import INK, FakeBlindFinder, FakeInkFinder
from tests.tiling.macro_files import MacroRecipe, Pixels, label_picture, macro_picture
from tests.tiling.svs_files import decoded
from tiling.formats.dicom import open_dicom
from tiling.macro import Dropped, KeptMacro, cut_macro
from tiling.macro.codes import has_code
from tiling.macro.glass import is_drawn_block
from tiling.macro.keeping import wrong_with
from tiling.macro.writing import find_writing
from tiling.model import ImageRole
from tiling.open_slide import open_slide
from tiling.pixels import L0_CODING, encode_jpeg
from tiling.scrub.streams import walk

TISSUE = (slice(90, 210), slice(450, 610))


def keep_macro(macro: Pixels, label: Pixels | None, finder: TextFinder) -> KeptMacro | Dropped:
    cut = cut_macro(macro, label)
    return cut if isinstance(cut, Dropped) else cut.decide(find_writing(cut.pictures, finder))


def kept(recipe: MacroRecipe, label: Pixels | None = None) -> KeptMacro:
    decision = keep_macro(macro_picture(recipe), label, FakeInkFinder())
    assert isinstance(decision, KeptMacro), decision
    return decision


@pytest.mark.parametrize("turns", range(4))
def test_the_label_is_blank_at_whichever_end_it_is_and_the_tissue_stays(turns: int) -> None:
    found = kept(MacroRecipe(turns=turns))
    shown = np.rot90(decoded(found.jpeg), -turns)
    assert (shown[:, :230] == 255).all()
    expected = macro_picture()[TISSUE]
    assert np.abs(shown[TISSUE].astype(int) - expected).mean() < 3


def test_a_label_that_the_scanner_has_blackened_is_told_by_that() -> None:
    assert (decoded(kept(MacroRecipe(label="black", with_text=False)).jpeg)[:, :230] == 255).all()


def test_a_label_like_glass_is_told_by_what_is_written_on_it() -> None:
    assert (decoded(kept(MacroRecipe(label="glass-like")).jpeg)[:, :230] == 255).all()


def test_a_label_that_the_file_shows_apart_is_seen_again() -> None:
    recipe = MacroRecipe(label="glass-like")
    decision = keep_macro(macro_picture(recipe), label_picture(recipe), FakeBlindFinder())
    assert isinstance(decision, KeptMacro)


DOUBTFUL = {
    "nothing tells the label from glass": (MacroRecipe(label="seamless", with_text=False), None),
    "the label runs into the glass": (MacroRecipe(label="seamless"), None),
    "an end has an edge, and nothing of a label": (MacroRecipe(label="glass-like", with_text=False), None),
    "there is writing beside the label": (MacroRecipe(writing_beside=True), None),
    "a sticker has bars and no letter": (MacroRecipe(code="bars"), None),
    "the bars lie across": (MacroRecipe(code="bars", turns=1), None),
    "a sticker has a QR code and no letter": (MacroRecipe(code="qr"), None),
    "a sticker has a matrix code and no letter": (MacroRecipe(code="matrix"), None),
    "the matrix code is turned": (MacroRecipe(code="matrix", turns=3), None),
    "next to nothing would be left": (MacroRecipe(label_px=700), None),
    "a strip too narrow for a label": (MacroRecipe(label_px=40, with_text=False), None),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_in_doubt_nothing_is_kept_and_a_reason_is_said(name: str) -> None:
    recipe, label = DOUBTFUL[name]
    decision = keep_macro(macro_picture(recipe), label, FakeInkFinder())
    assert isinstance(decision, Dropped)
    assert len(decision.reason) > 20


def test_a_label_that_is_seen_where_glass_should_be_is_a_doubt() -> None:
    """The ends look as they should, but the file's label lies in the middle."""
    recipe = MacroRecipe(label="black", with_text=False)
    picture = macro_picture(recipe)
    label = label_picture(MacroRecipe(label="seamless"))
    small = cv2.resize(label, (162, 192), interpolation=cv2.INTER_AREA)
    picture[60:252, 560:722] = small
    assert isinstance(keep_macro(picture, label, FakeBlindFinder()), Dropped)


@pytest.mark.parametrize("shape", ["block", "block and a stroke", "letters"])
def test_of_what_is_drawn_in_pure_colour_only_a_block_is_no_writing(shape: str) -> None:
    picture = np.full((30, 60, 3), 225, np.uint8)
    if shape == "letters":
        cv2.putText(picture, "JD", (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 255), 2)
    else:
        picture[12:19, 25:32] = (0, 0, 255)
    if shape == "block and a stroke":
        cv2.line(picture, (45, 8), (52, 22), (150, 150, 150), 1)
    assert is_drawn_block(picture) == (shape == "block")


@settings(max_examples=15, deadline=None)
@given(
    st.integers(20, 600),
    st.sampled_from(["paper", "black", "glass-like", "seamless"]),
    st.integers(0, 3),
    st.booleans(),
)
def test_no_ink_is_ever_left(label_px: int, label: str, turns: int, writing_beside: bool) -> None:
    recipe = MacroRecipe(label_px=label_px, label=label, turns=turns, writing_beside=writing_beside)
    decision = keep_macro(macro_picture(recipe), None, FakeInkFinder())
    if isinstance(decision, KeptMacro):
        shown = decoded(decision.jpeg).astype(int)
        assert np.abs(shown - INK).max(axis=2).min() > 60


@pytest.mark.parametrize("side", [(1, 1), (3, 900), (900, 3), (16, 16), (40, 30)])
def test_pictures_of_any_size_are_answered(side: tuple[int, int]) -> None:
    picture = np.full((*side, 3), 200, np.uint8)
    assert isinstance(keep_macro(picture, picture, FakeBlindFinder()), Dropped)


def test_what_is_kept_is_a_plain_jpeg_of_bounded_size() -> None:
    found = kept(MacroRecipe(width_px=4_000, height_px=1_400, label_px=1_000))
    form = walk(found.jpeg)
    assert (form.width_px, form.height_px, form.foreign_bytes) == (found.width_px, found.height_px, 0)
    assert max(form.width_px, form.height_px) == 1_600
    assert found.scale == 2.5


def test_the_proof_notices_any_other_picture_and_a_label_that_is_not_blank() -> None:
    found = kept(MacroRecipe())
    assert wrong_with(found.jpeg, found) is None
    pixels = decoded(found.jpeg).copy()
    pixels[100, 100] = 0
    other = encode_jpeg(pixels, L0_CODING)
    assert wrong_with(other, found) is not None
    assert wrong_with(other, replace(found, jpeg=other)) is not None
    assert wrong_with(found.jpeg[:-300], replace(found, jpeg=found.jpeg[:-300])) is not None


@pytest.mark.parametrize(("square_px", "blur_px"), [(2, 0.0), (3, 1.0), (5, 1.0), (8, 0.5), (12, 1.0)])
def test_matrix_codes_of_any_size_are_seen_blurred_too(square_px: int, blur_px: float) -> None:
    squares = np.random.default_rng(square_px).integers(0, 2, (16, 16)).astype(np.uint8) * 225
    picture = macro_picture()[:, 230:].copy()
    side = 16 * square_px
    picture[60 : 60 + side, 400 : 400 + side] = np.kron(squares, np.ones((square_px,) * 2, np.uint8))[
        ..., np.newaxis
    ]
    if blur_px:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur_px), np.uint8)
    assert has_code(picture)


LABEL_PX = {
    "slides/CMU-1-Small-Region.svs": 282,
    "slides/test3-DAPI-2-(387).ndpi": 328,
    "derived/aperio-fakephi-9001x7003.svs": 282,
    "derived/ndpi-synthetic-HE.ndpi": 282,
}


@pytest.mark.parametrize("name", LABEL_PX)
def test_of_real_glasses_the_label_is_never_left(shared_data: Path, name: str) -> None:
    """By structure alone: this finder sees nothing, so that it cannot help."""
    with FileSource(shared_data / name) as source:
        slide = open_slide(source)
        macro, label = (slide.associated_pixels(role) for role in (ImageRole.MACRO, ImageRole.LABEL))
    assert macro is not None
    decision = keep_macro(macro, label, FakeBlindFinder())
    if isinstance(decision, KeptMacro):
        assert (decoded(decision.jpeg)[:, : LABEL_PX[name]] == 255).all()
    assert isinstance(decision, Dropped) == (name == "derived/ndpi-synthetic-HE.ndpi")


def test_dicom_pictures_beside_the_slide_are_read(shared_data: Path) -> None:
    folder = shared_data / "slides" / "cytomine-dicom-wsi"
    slide = open_dicom([FileSource(path) for path in sorted(folder.iterdir())])
    macro, label = (slide.associated_pixels(role) for role in (ImageRole.MACRO, ImageRole.LABEL))
    assert macro is not None
    assert label is not None
    assert (macro.shape, label.shape) == ((431, 1280, 3), (463, 387, 3))
    decision = keep_macro(macro, label, FakeBlindFinder())
    assert isinstance(decision, KeptMacro)
    assert (decoded(decision.jpeg)[:, :282] == 255).all()


@pytest.mark.slow
def test_the_detector_itself_leaves_the_printed_label_out(shared_data: Path) -> None:
    from ground.ppocr import open_text_finder  # noqa: PLC0415

    finder = open_text_finder()
    for name in ("derived/aperio-fakephi-9001x7003.svs", "slides/test3-DAPI-2-(387).ndpi"):
        with FileSource(shared_data / name) as source:
            slide = open_slide(source)
            macro, label = (slide.associated_pixels(role) for role in (ImageRole.MACRO, ImageRole.LABEL))
        assert macro is not None
        decision = keep_macro(macro, label, finder)
        if isinstance(decision, KeptMacro):
            assert (decoded(decision.jpeg)[:, : LABEL_PX[name]] == 255).all()
