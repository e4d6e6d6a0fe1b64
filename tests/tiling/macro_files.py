"""Pictures of whole glasses, with a label that says whose they are."""

from dataclasses import dataclass

import cv2
import numpy as np

from tests.tiling.finders import INK
from tests.tiling.svs_files import Pixels, tissue

GLASS_GREY = 225


@dataclass(frozen=True)
class MacroRecipe:
    """A glass whose long side lies across. turns: quarter turns of the whole picture to the left.

    code: "bars", "qr" or "matrix" on a small sticker in the glass, with no letter.

    label: "paper", "black", "glass-like" (only a frame tells it from glass) or "seamless" (nothing does).
    """

    width_px: int = 900
    height_px: int = 320
    label_px: int = 230
    label: str = "paper"
    turns: int = 0
    with_text: bool = True
    writing_beside: bool = False
    code: str = ""


def label_picture(recipe: MacroRecipe) -> Pixels:
    """The label alone, upright in the glass that lies across."""
    shades = {"paper": 180, "black": 5, "glass-like": GLASS_GREY, "seamless": GLASS_GREY}
    label = np.full((recipe.height_px, recipe.label_px, 3), shades[recipe.label], np.uint8)
    if recipe.label == "glass-like":
        cv2.rectangle(label, (2, 2), (recipe.label_px - 4, recipe.height_px - 3), (0, 0, 0), 8)
    if recipe.with_text:
        for line, text in enumerate(("DOE JANE", "MRN 00991234", "S26-00123")):
            cv2.putText(label, text, (24, 60 + 80 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.7, INK, 2)
    return label


def macro_picture(recipe: MacroRecipe = MacroRecipe()) -> Pixels:
    """(height, width, 3) RGB, the label at its left before it is turned."""
    rng = np.random.default_rng(7)
    picture = np.full((recipe.height_px, recipe.width_px, 3), GLASS_GREY, np.uint8)
    picture += rng.integers(0, 6, picture.shape, np.uint8)
    piece = tissue(160, 120)
    picture[90:210, 450:610] = piece
    picture[:, : recipe.label_px] = label_picture(recipe)
    if recipe.writing_beside:
        cv2.putText(picture, "JANE", (650, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.9, INK, 2)
    if recipe.code:
        sticker = _code(recipe.code)
        picture[100 : 100 + sticker.shape[0], 680 : 680 + sticker.shape[1]] = sticker[..., np.newaxis]
    return np.ascontiguousarray(np.rot90(picture, recipe.turns))


def _code(kind: str) -> Pixels:
    """Grey levels of a code on white."""
    if kind == "qr":
        code = cv2.QRCodeEncoder.create().encode("S26-00123 77120934")
        return np.asarray(cv2.resize(code, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST), np.uint8)
    if kind == "matrix":
        squares = np.random.default_rng(3).integers(0, 2, (18, 18)).astype(np.uint8) * 255
        squares[:, 0] = squares[-1] = 0  # a Data Matrix has a dark side on the left and below,
        squares[0] = squares[:, -1] = 255 * (np.arange(18) % 2)  # and changes along the others
        return np.pad(np.kron(squares, np.ones((5, 5), np.uint8)), 12, constant_values=255)
    widths = np.random.default_rng(5).integers(1, 4, 46) * 2
    line = np.concatenate([np.full(width, 255 * (n % 2), np.uint8) for n, width in enumerate(widths)])
    return np.pad(np.tile(line, (70, 1)), 12, constant_values=255)
