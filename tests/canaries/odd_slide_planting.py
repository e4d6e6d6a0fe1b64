"""Slides with identifiers in what readers pass over: tables nobody uses, pages nobody expects, odd types."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import tifffile
from PIL import Image

from tests.canaries.searching import BIRTH, NUMBER, named
from tests.canaries.tiff_planting import Form, with_every_tag
from tests.tiling import svs_files

Pixels = svs_files.Pixels
_TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
"""TIFF's kinds of numbers, all of which can be read as letters."""
_UNKNOWN_TYPE = 200


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body


def said(place: str) -> bytes:
    return f"{named(place)} {NUMBER} {BIRTH}".encode()


def thumbnailed(jpeg: bytes) -> bytes:
    """A JPEG with smaller pictures of itself in it, each with a comment, and tables that nobody uses.

    JFIF's thumbnail of plain pixels, its extension's JPEG, Exif's, and a multi-picture index (CIPA DC-007).
    """
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(buffer, "JPEG", comment=said("ThumbnailComment"))
    small = buffer.getvalue()
    pixels = said("ThumbnailPixels").ljust(48)[:48]
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x01\x02\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0" + small
    parts = (
        segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\4\4" + pixels),
        segment(0xE0, b"JFXX\0\x10" + small),
        segment(0xE1, exif),
        segment(0xE2, b"MPF\0MM\0*\0\0\0\x08" + said("MultiPicture")),
        segment(0xE2, b"ICC_PROFILE\0\1\1" + said("TileProfile")),
        segment(0xED, b"Photoshop 3.0\0008BIM\x04\x04\0\0" + said("TilePhotoshop")),
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01" + said("LongAdobe")),
        segment(0xDB, b"\x03" + said("Quantisation").ljust(64)[:64]),
        segment(0xC4, b"\x13" + bytes(7) + bytes((len(said("Codes")),)) + bytes(8) + said("Codes")),
    )
    return jpeg[:2] + b"".join(parts) + jpeg[2:] + small + said("BehindSecondImage")


def svs_with_pictures_in_tiles(folder: Path) -> bytes:
    """Tiles with thumbnails; the tables they share with comments."""
    plain = svs_files._encode

    def encode(pixels: Pixels, recipe: svs_files.Recipe) -> bytes:
        return thumbnailed(plain(pixels, recipe))

    path = folder / "source.svs"
    with patch.object(svs_files, "_encode", encode):
        svs_files.write_svs(path, svs_files.Recipe(with_identity=False))
    tables = (
        b"\xff\xd8"
        + segment(0xFE, said("TablesComment"))
        + segment(0xE5, said("TablesSegment"))
        + b"\xff\xd9"
    )
    return with_tags(path.read_bytes(), [(347, 7, len(tables), tables)])


def lettered(text: str, height_px: int, width_px: int) -> Pixels:
    """Pixels that are a text, byte after byte: wherever they go uncompressed, a search finds it."""
    data = (f"{text} ".encode() * (height_px * width_px * 3 // len(text)))[: height_px * width_px * 3]
    return np.frombuffer(data, np.uint8).reshape(height_px, width_px, 3)


def svs_with_odd_pages(folder: Path) -> bytes:
    """Labels under names that no scanner gives them, or none; tiled ones, and one like a level in all ways.

    Files like these exist (ImageDePHI #141): whoever goes by the description leaves the label in.
    """
    path = folder / "source.svs"
    width_px, height_px, side = 300, 200, 64
    pixels = svs_files.tissue(width_px, height_px)
    head = f"Aperio Image Library v12.0.15 \r\n{width_px}x{height_px} ({side}x{side})|AppMag = 20|MPP = 0.5"
    plain: dict[str, Any] = {"photometric": "rgb", "metadata": None, "software": False}
    with tifffile.TiffWriter(path) as writer:

        def page(image: Pixels, text: str | None, **more: Any) -> None:
            writer.write(image, description=text, **plain, **more)

        page(pixels, head, tile=(side, side), compression="jpeg", compressionargs={"level": 90})
        page(lettered(named("AsThumbnail"), 50, 75), f"{head} {named('ThumbnailWords')}")
        page(lettered(named("AsLevel"), 100, 150), f"{head} -> 150x100", tile=(side, side))
        page(lettered(named("Capitals"), 90, 80), f"Aperio\r\nLABEL {named('LabelWords')}", subfiletype=1)
        page(lettered(named("WithoutWords"), 90, 80), None)
        page(lettered(named("TiledLabel"), 128, 128), "image", tile=(side, side))
        page(lettered(named("Overview"), 60, 180), "overview", subfiletype=9)
        page(lettered(named("Other"), 50, 75), "other", subfiletype=2)
    return with_every_tag(path.read_bytes())


def with_tags(data: bytes, tags: list[tuple[int, int, int, bytes]]) -> bytes:
    """A little-endian classic TIFF with more tags in its first directory: number, type, count, value."""
    out = bytearray(data)
    form = Form("<", is_big=False)
    offset = form.number(out, form.link, 4)
    count = form.number(out, offset, 2)
    body = bytes(out[offset + 2 : offset + 2 + 12 * count])
    link = bytes(out[offset + 2 + 12 * count :][:4])
    entries = {form.number(body, at, 2): body[at : at + 12] for at in range(0, len(body), 12)}
    for tag, kind, number, value in tags:
        out += bytes(-len(out) % 8)
        entries[tag] = form.pack("HHPP", tag, kind, number, len(out))
        out += value
    out += bytes(-len(out) % 8)
    out[form.link : form.link + 4] = form.pack("P", len(out))
    out += form.pack("N", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + link
    return bytes(out)


def svs_with_odd_types(folder: Path) -> bytes:
    """Letters in tags of every kind of number, and of none; sub-directories that are images of their own."""
    path = folder / "source.svs"
    svs_files.write_svs(path, svs_files.Recipe(with_identity=False))
    data = path.read_bytes()
    tags = []
    for kind, code in _TYPES.items():
        size = struct.calcsize(code)
        value = said(f"Type{kind}") + bytes(-len(said(f"Type{kind}")) % size)
        tags.append((65100 + kind, kind, len(value) // size, value))
    tags.append((65199, _UNKNOWN_TYPE, 1, said("UnknownType")))
    tags.append((330, 4, 2, struct.pack("<II", *_directories(len(data)))))
    return with_tags(data + _images(len(data)), tags)


def _images(at: int) -> bytes:
    """Two directories with words, and with pixels that are words."""
    out = b""
    for number in range(2):
        pixels = lettered(named(f"SubImage{number}"), 16, 16).tobytes()
        words = said(f"SubWords{number}") + b"\0"
        start = at + len(out)
        values = {
            256: (3, 1, 16), 257: (3, 1, 16), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 2),
            270: (2, len(words), start + len(pixels)), 273: (4, 1, start), 277: (3, 1, 3), 278: (3, 1, 16),
            279: (4, 1, len(pixels)),
        }  # fmt: skip
        entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in values.items())
        out += pixels + words + struct.pack("<H", len(values)) + entries + bytes(4)
    return out


def _directories(at: int) -> Iterator[int]:
    """Where the directories of `_images` begin."""
    for number in range(2):
        pixels, words = 16 * 16 * 3, len(said(f"SubWords{number}")) + 1
        yield at + pixels + words
        at += pixels + words + 2 + 10 * 12 + 4


def tiff_with_words_beyond_the_grid(folder: Path) -> bytes:
    """Uncompressed tiles: letters in what the last ones hold beyond the image."""
    path = folder / "source.tif"
    side, width_px, height_px = 64, 300, 200
    pixels = svs_files.tissue(width_px, height_px)
    across, down = -(-width_px // side), -(-height_px // side)
    filled = np.array(lettered(named("BeyondTheGrid"), down * side, across * side))
    filled[:height_px, :width_px] = pixels
    tiles = (
        np.ascontiguousarray(filled[top : top + side, left : left + side])
        for top in range(0, down * side, side)
        for left in range(0, across * side, side)
    )
    with tifffile.TiffWriter(path) as writer:
        writer.write(
            tiles, shape=pixels.shape, dtype="uint8", tile=(side, side), photometric="rgb", metadata=None,
            software=False,
        )  # fmt: skip
        writer.write(cv2.resize(pixels, (150, 100)), photometric="rgb", metadata=None, subfiletype=1)
    return with_every_tag(path.read_bytes())
