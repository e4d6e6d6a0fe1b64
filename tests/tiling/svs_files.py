"""Tiny Aperio-style files, with an invented patient in every place where real ones have been found."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

PATIENT = "QUIXOTE^DULCINEA"
MRN = "77120934"
ACCESSION = "S31-40517"
USER = "zweistein"
XMP_NAME = "Umbrella Hospital Ward Nine"
IN_TILE = "CommentInTile4711"
IN_ICC = "IccTail Mallory"
IN_GAP = "TrailerOfPatient"
CANARIES = (PATIENT, MRN, ACCESSION, USER, XMP_NAME, IN_TILE, IN_ICC, IN_GAP)

JPEG2000 = Path(__file__).with_name("jpeg2000")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Recipe:
    """What to write. coding: "jpeg", "jpeg-rgb", "jp2k-rgb", "jp2k-ycc", "lzw" or "none"; "jp2k-422" and
    "jp2k-420" show the same 64 px tile everywhere (made by FFmpeg: no encoder here subsamples JPEG 2000).
    """

    width_px: int = 300
    height_px: int = 200
    tile_size_px: int = 64
    coding: str = "jpeg"
    subsampling: str = "422"
    mpp: str = "0.2520"
    power: str = "40"
    with_reduced: bool = True
    with_images: bool = True
    missing: frozenset[int] = field(default_factory=frozenset)
    spoiled: frozenset[int] = field(default_factory=frozenset)
    bigtiff: bool = False
    byteorder: str = "<"
    with_identity: bool = True
    quality: int = 90
    contradicts_colours: bool = False  # the tag says YCbCr, the tiles say RGB


def tissue(width_px: int, height_px: int, seed: int = 1) -> Pixels:
    """Pink and violet blobs of several sizes."""
    rng = np.random.default_rng(seed)
    mix = np.zeros((height_px, width_px), np.float32)
    for scale_px, weight in ((3, 0.2), (11, 0.3), (41, 0.5)):
        coarse = rng.random((height_px // scale_px + 3, width_px // scale_px + 3), np.float32)
        mix += weight * cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    light, dark = np.array([245, 220, 235], np.float32), np.array([110, 50, 140], np.float32)
    blend = np.clip((mix[..., None] - 0.3) * 2.2, 0, 1)
    return (light + (dark - light) * blend).astype(np.uint8)


def description(recipe: Recipe, head: str) -> str:
    fields = [f"AppMag = {recipe.power}", "StripeWidth = 2032"]
    if recipe.with_identity:
        fields += [
            f"Filename = {ACCESSION}",
            f"Title = {ACCESSION} {PATIENT} MRN {MRN}",
            f"User = {USER}",
            f"Barcode = {ACCESSION}-A1 {MRN}",
            "Date = 03/04/25",
        ]
    fields += [f"MPP = {recipe.mpp}", "Left = 22.500000", "Focus Offset = 0.000000"]
    return f"Aperio Image Library v12.0.15 \r\n{head}|" + "|".join(fields)


def icc_profile() -> bytes:
    """A real sRGB profile with a text behind its last tag."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grown = profile + IN_ICC.encode()
    return len(grown).to_bytes(4, "big") + grown[4:]


def _with_comments(jpeg: bytes) -> bytes:
    text = IN_TILE.encode()
    segments = b"".join(
        b"\xff" + bytes((marker,)) + (len(text) + 2).to_bytes(2, "big") + text for marker in (0xFE, 0xE1)
    )
    return jpeg[:2] + segments + jpeg[2:] + text


def _encode(pixels: Pixels, recipe: Recipe) -> bytes:
    if recipe.coding in ("jpeg", "jpeg-rgb"):
        is_rgb = recipe.coding == "jpeg-rgb"
        jpeg = imagecodecs.jpeg8_encode(
            pixels,
            level=recipe.quality,
            colorspace="RGB",
            outcolorspace="RGB" if is_rgb else "YCBCR",
            subsampling="444" if is_rgb else recipe.subsampling,
        )
        return _with_comments(bytes(jpeg)) if recipe.with_identity else bytes(jpeg)
    if recipe.coding == "jp2k-rgb":
        return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="J2K", mct=False))
    if recipe.coding == "jp2k-ycc":
        ycc = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)[:, :, [0, 2, 1]]
        return bytes(
            imagecodecs.jpeg2k_encode(np.ascontiguousarray(ycc), level=0, codecformat="J2K", mct=False)
        )
    if recipe.coding in ("jp2k-422", "jp2k-420"):
        return (JPEG2000 / f"ycbcr-{recipe.coding[-3:]}.j2k").read_bytes()
    if recipe.coding == "lzw":
        return bytes(imagecodecs.lzw_encode(pixels.tobytes()))
    return pixels.tobytes()


_COMPRESSIONS = {
    "jpeg": 7,
    "jpeg-rgb": 7,
    "jp2k-rgb": 33005,
    "jp2k-ycc": 33003,
    "jp2k-422": 33003,
    "jp2k-420": 33003,
    "lzw": 5,
    "none": 1,
}


def _tiles(pixels: Pixels, recipe: Recipe, *, is_base: bool) -> Iterator[bytes]:
    side = recipe.tile_size_px
    height, width = pixels.shape[:2]
    index = 0
    for top in range(0, height, side):
        for left in range(0, width, side):
            part = pixels[top : top + side, left : left + side]
            padding = ((0, side - part.shape[0]), (0, side - part.shape[1]), (0, 0))
            data = _encode(np.pad(part, padding, mode="edge"), recipe)
            if is_base and index in recipe.missing:
                yield b""
            elif is_base and index in recipe.spoiled:
                yield b"\xff\xd8" + bytes(len(data) - 2)
            else:
                yield data
            index += 1


def write_svs(path: Path, recipe: Recipe = Recipe()) -> Pixels:
    """Write the file; returns the pixels of level 0 as they were before coding."""
    width, height = recipe.width_px, recipe.height_px
    pixels = tissue(width, height)
    compression = _COMPRESSIONS[recipe.coding]
    is_ycc = recipe.coding == "jpeg"
    horizontal, vertical = {"444": (1, 1), "422": (2, 1), "420": (2, 2)}[recipe.subsampling]
    side = recipe.tile_size_px
    head = f"{width}x{height} [0,0 {width}x{height}] ({side}x{side})"
    private: list[tuple[int, int, int, Any, bool]] = []
    if recipe.with_identity:
        xmp = f"<x:xmpmeta><dc:creator>{XMP_NAME}</dc:creator></x:xmpmeta>".encode()
        title = XMP_NAME.encode("utf-16-le")
        private = [
            (315, 2, 0, PATIENT, False),
            (316, 2, 0, f"host-of-{USER}", False),
            (700, 1, len(xmp), xmp, False),
            (40091, 1, len(title), title, False),
            (55001, 2, 0, MRN, False),
        ]

    def options(text: str, **more: Any) -> dict[str, Any]:
        stated = dict(description=text, metadata=None, software=False, extratags=private, **more)
        if recipe.with_identity:
            stated["datetime"] = "2025:03:04 05:06:07"
        return stated

    with tifffile.TiffWriter(path, bigtiff=recipe.bigtiff, byteorder=recipe.byteorder) as writer:

        def level(image: Pixels, text: str, *, is_base: bool, **more: Any) -> None:
            if is_ycc:
                more["subsampling"] = (horizontal, vertical)
            elif recipe.coding == "jpeg-rgb" and not recipe.contradicts_colours:
                more["compressionargs"] = {"outcolorspace": "rgb"}
            writer.write(
                _tiles(image, recipe, is_base=is_base),
                shape=image.shape,
                dtype="uint8",
                tile=(side, side),
                photometric="ycbcr" if is_ycc else "rgb",
                compression=compression,
                **options(text, **more),
            )

        profile = {"iccprofile": icc_profile()} if recipe.with_identity else {}
        level(pixels, description(recipe, head), is_base=True, **profile)
        if recipe.with_images:
            thumbnail = cv2.resize(pixels, (max(1, width // 4), max(1, height // 4)))
            writer.write(thumbnail, photometric="rgb", **options(description(recipe, f"{head} -> 75x50 - ")))
        if recipe.with_reduced:
            reduced = cv2.resize(
                pixels, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA
            )
            level(reduced, description(recipe, f"{head} -> 75x50 "), is_base=False)
        if recipe.with_images:
            card = np.full((90, 80, 3), 240, np.uint8)
            cv2.putText(card, PATIENT, (2, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (0, 0, 0))
            writer.write(
                card,
                photometric="rgb",
                compression="lzw",
                subfiletype=1,
                **options(f"Aperio\r\nlabel|{PATIENT}"),
            )
            macro = np.tile(card, (1, 3, 1))
            writer.write(macro, photometric="rgb", subfiletype=9, **options(f"Aperio\r\nmacro|{PATIENT}"))
    if recipe.with_identity:
        with path.open("ab") as file:
            file.write(IN_GAP.encode() + base64.b64encode(IN_GAP.encode()))
    return pixels


def disguises(text: str) -> list[bytes]:
    """The forms in which a canary is looked for."""
    plain = text.encode()
    forms = [plain, plain.lower(), plain.upper(), text.encode("utf-16-le"), text.encode("utf-16-be")]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + plain)
        forms.append(encoded[-(-shift * 8 // 6) : (shift + len(plain)) * 8 // 6])
    return forms


def decoded(jpeg: bytes) -> Pixels:
    """A JPEG as Pillow sees it, colours by its own markers."""
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))
