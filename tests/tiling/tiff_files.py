"""Small TIFFs of no scanner in particular, with an invented patient wherever TIFF has room for one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from tests.tiling.svs_files import MRN, PATIENT, USER, XMP_NAME, tissue

Pixels = NDArray[Any]


@dataclass(frozen=True)
class TiffRecipe:
    """What to write. tile: (height, width), None for strips; levels: how many reduced pages follow."""

    width_px: int = 500
    height_px: int = 330
    tile: tuple[int, int] | None = (128, 128)
    rows_per_strip: int | None = 7
    compression: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    levels: int = 1
    sub_ifds: bool = False
    bigtiff: bool = False
    byteorder: str = "<"
    um_per_px: float | None = 0.25


def write_tiff(path: Path, recipe: TiffRecipe = TiffRecipe(), pixels: Pixels | None = None) -> Pixels:
    """Write the file; returns the pixels of level 0 as they were before coding."""
    if pixels is None:
        pixels = tissue(recipe.width_px, recipe.height_px)
    with tifffile.TiffWriter(path, bigtiff=recipe.bigtiff, byteorder=recipe.byteorder) as writer:
        for level in range(recipe.levels + 1):
            shown = pixels if level == 0 else _reduced(pixels, 2**level)
            if recipe.options.get("planarconfig") == "separate":
                shown = np.moveaxis(shown, 2, 0)
            writer.write(shown, **_options(recipe, is_first=level == 0))
    return pixels


def _options(recipe: TiffRecipe, *, is_first: bool) -> dict[str, Any]:
    xmp = f"<x:xmpmeta><dc:creator>{XMP_NAME}</dc:creator></x:xmpmeta>".encode()
    options: dict[str, Any] = {
        "photometric": "rgb",
        "compression": recipe.compression,
        "metadata": None,
        "software": False,
        "description": f"scanned for {PATIENT}" if is_first else "",
        "extratags": [(315, 2, 0, USER, False), (700, 1, len(xmp), xmp, False), (55001, 2, 0, MRN, False)],
    }
    if recipe.tile is not None:
        options["tile"] = recipe.tile
    elif recipe.rows_per_strip is not None:
        options["rowsperstrip"] = recipe.rows_per_strip
    if recipe.um_per_px is not None:
        options |= {"resolution": (1e4 / recipe.um_per_px,) * 2, "resolutionunit": "CENTIMETER"}
    if not is_first:
        options["subfiletype"] = 1
    elif recipe.sub_ifds:
        options["subifds"] = recipe.levels
    return options | recipe.options


def _reduced(pixels: Pixels, factor: int) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(1, width // factor), max(1, height // factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)).reshape(
        size[1], size[0], *pixels.shape[2:]
    )
