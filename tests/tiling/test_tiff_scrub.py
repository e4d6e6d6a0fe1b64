"""Nothing that a TIFF says in words, and no picture but the slide's, comes out of a conversion."""

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from tests.tiling.conversions import BytesSource, convert_file
from tests.tiling.svs_files import disguises, tissue
from tests.tiling.test_tiff import open_tiff
from tiling.canonical import open_canonical
from tiling.errors import CorruptSlideError, TilingError
from tiling.formats.tiff import is_generic_tiff
from tiling.limits import Limits
from tiling.model import Action, ImageRole
from tiling.open_slide import open_slide
from tiling.tiff.reader import TiffFile

NAME = "QUIXOTE^DULCINEA"
IN_OME = "Experimenter Rosinante"
IN_EXIF = "CameraOwner Sancho"
IN_GPS = "Toboso Windmill"
IN_IPTC = "ByLine Cervantes"
IN_PHOTOSHOP = "Layer Dorotea"
IN_XMP = "Creator Altisidora"
IN_TAG = "Accession S31-40517"
CANARIES = (NAME, IN_OME, IN_EXIF, IN_GPS, IN_IPTC, IN_PHOTOSHOP, IN_XMP, IN_TAG)

PLAIN: dict[str, Any] = {"metadata": None, "software": False}


def exif_photo(path: Path) -> None:
    """A striped TIFF as image programs write it, with a text in every block that they know."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA430] = IN_EXIF
    exif.get_ifd(0x8825)[0x001C] = b"ASCII\0\0\0" + IN_GPS.encode()
    directory = ImageFileDirectory_v2()
    directory[270] = f"<x><owner>{NAME}</owner></x>"
    directory[315] = IN_TAG
    for tag, text in (
        (700, f"<x:xmpmeta><a>{IN_XMP}</a></x:xmpmeta>"),
        (33723, IN_IPTC),
        (34377, IN_PHOTOSHOP),
    ):
        directory.tagtype[tag] = 1
        directory[tag] = text.encode()
    for tag in (0x8769, 0x8825):
        directory[tag] = exif.get_ifd(tag)
    Image.fromarray(tissue(400, 300)).save(path, tiffinfo=directory)


def ome_pyramid(path: Path) -> None:
    """A pyramid in a sub-directory, and a label as large as the slide."""
    label = np.full((600, 500, 3), 250, np.uint8)
    cv2.putText(label, NAME, (10, 300), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3)
    options: dict[str, Any] = {"photometric": "rgb", "tile": (128, 128), "compression": "lzw"}
    extra = [(315, 2, 0, NAME, False), (55001, 2, 0, IN_TAG, False)]
    with tifffile.TiffWriter(path, ome=True) as writer:
        metadata = {"axes": "YXS", "Name": "slide", "Description": IN_OME}
        pixels = tissue(500, 400)
        writer.write(pixels, subifds=1, metadata=metadata, extratags=extra, **options)
        writer.write(pixels[::2, ::2], subfiletype=1, extratags=extra, **options)
        writer.write(label, metadata={"axes": "YXS", "Name": "label image"}, **options)


def jpeg_strips(path: Path) -> None:
    pixels = tissue(500, 400)
    description = f"Patient {NAME} {IN_TAG}"
    options: dict[str, Any] = {"photometric": "ycbcr", "compression": "jpeg", "rowsperstrip": 16}
    tifffile.imwrite(path, pixels, description=description, **options, **PLAIN)


FILES = {"photo": exif_photo, "ome": ome_pyramid, "jpeg strips": jpeg_strips}


@pytest.mark.parametrize("kind", FILES)
def test_no_canary_is_left_in_any_file(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source.tif"
    FILES[kind](source)
    planted = [text for text in CANARIES if any(form in source.read_bytes() for form in disguises(text))]
    assert len(planted) == {"photo": 7, "ome": 3, "jpeg strips": 2}[kind]
    report = convert_file(source, tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        data = path.read_bytes()
        for text in planted:
            for form in disguises(text):
                assert form not in data and form.lower() not in data.lower(), path.name
    assert not [text for text in planted if text.lower() in repr(report.to_json()).lower()]
    assert report.proof["search"]["places_found"] == 0


@pytest.mark.parametrize("kind", FILES)
def test_every_canary_is_among_the_texts_that_are_searched_for(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source.tif"
    FILES[kind](source)
    data = source.read_bytes()
    texts = b"\n".join(open_slide(BytesSource(data)).texts())
    for text in CANARIES:
        if text.encode() in data:
            assert text.encode() in texts


def test_the_label_is_neither_the_slide_nor_in_the_result(tmp_path: Path) -> None:
    ome_pyramid(tmp_path / "a.tif")
    report = convert_file(tmp_path / "a.tif", tmp_path / "out")
    assert (report.width_px, report.height_px) == (500, 400)
    places = {place.name: place.action for place in report.places}
    assert places["directory 0 (level 0), image tiles"] is Action.KEPT
    assert places["directory 0 (level 0), sub-directory 1, image tiles"] is Action.DROPPED
    assert places["directory 1 (unknown), image tiles"] is Action.DROPPED
    with open_canonical(tmp_path / "out") as slide:
        assert [level.width_px for level in slide.info.levels] == [500, 250, 125]


def test_every_byte_of_the_file_is_in_one_of_the_places(tmp_path: Path) -> None:
    """Of a file that refers to all of its bytes the places are as long as the file, but for alignment."""
    exif_photo(tmp_path / "a.tif")
    data = (tmp_path / "a.tif").read_bytes()
    slide = open_slide(BytesSource(data + b"trailer of a patient"))
    gap = next(place for place in slide.places() if place.name == "bytes that nothing refers to")
    assert 20 <= gap.byte_count < 40
    names = {place.name for place in slide.places()}
    assert "directory 0 (level 0), Exif, tag 42032" in names
    assert any(name.startswith("directory 0 (level 0), GPS") for name in names)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (305, "Philips DP v1.0"),
        (305, "MedScan"),
        (270, '<DataObject ObjectType="DPUfsImport">'),
        (270, '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'),
        (700, "<EncodeInfo><iScan Magnification='40'/></EncodeInfo>"),
    ],
)
def test_makers_with_a_layout_of_their_own_are_left_to_openslide(tmp_path: Path, tag: int, text: str) -> None:
    kind = 1 if tag == 700 else 2
    extra = [(tag, kind, len(text) if kind == 1 else 0, text.encode() if kind == 1 else text, False)]
    pixels = tissue(300, 200)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", tile=(64, 64), extratags=extra, **PLAIN)
    tiff = TiffFile(BytesSource((tmp_path / "a.tif").read_bytes()), Limits())
    assert not is_generic_tiff(tiff, Limits())


def test_a_label_in_front_of_the_slide_is_not_taken_for_it(tmp_path: Path) -> None:
    """Tiled, first, and larger on one side than the smallest level."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        options: dict[str, Any] = PLAIN | {"photometric": "rgb", "tile": (64, 64)}
        writer.write(tissue(380, 460), **options)
        for factor in (1, 2, 4):
            writer.write(tissue(600, 400)[::factor, ::factor], subfiletype=int(factor > 1), **options)
    slide = open_tiff(BytesSource((tmp_path / "a.tif").read_bytes()))
    assert (slide.grid.size.width_px, slide.grid.size.height_px) == (600, 400)
    assert [image.role for image in slide.associated_images] == [ImageRole.UNKNOWN]
    assert [level.size.width_px for level in slide.levels] == [600, 300, 150]


def test_a_mask_beside_the_slide_is_passed_over(tmp_path: Path) -> None:
    """Cloud-optimised GeoTIFFs have one, of one bit a pixel."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(tissue(300, 200), photometric="rgb", tile=(64, 64), **PLAIN)
        writer.write(np.ones((200, 300), bool), photometric="mask", subfiletype=4, **PLAIN)
    slide = open_tiff(BytesSource((tmp_path / "a.tif").read_bytes()))
    assert slide.grid.size.width_px == 300
    assert len(slide.associated_images) == 1


def test_tiles_that_a_sparse_file_leaves_out_are_none(tmp_path: Path) -> None:
    pixels = tissue(256, 256)
    tiles = [pixels[y : y + 128, x : x + 128].tobytes() for y in (0, 128) for x in (0, 128)]
    tiles[2] = b""
    options: dict[str, Any] = PLAIN | {"photometric": "rgb", "tile": (128, 128), "dtype": "uint8"}
    tifffile.imwrite(tmp_path / "a.tif", iter(tiles), shape=(256, 256, 3), compression=1, **options)
    slide = open_tiff(BytesSource((tmp_path / "a.tif").read_bytes()))
    assert slide.read_tile(0, 1).pixels is None and slide.read_tile(0, 1).jpeg is None
    with slide.witness() as witness:
        assert [witness.stored_tile(index) is None for index in range(4)] == [False, False, True, False]


def test_sub_directories_that_form_a_circle_are_refused(tmp_path: Path) -> None:
    ome_pyramid(tmp_path / "a.tif")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[at : at + 2], "little")
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if data[entry : entry + 2] == struct.pack("<H", 330):
            data[entry + 8 : entry + 12] = struct.pack("<I", at)
    with pytest.raises(CorruptSlideError, match="circle"):
        open_tiff(BytesSource(bytes(data)))


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd", "packbits", "jpeg", "jpeg2000", "webp"])
def test_a_damaged_tile_is_an_error_of_ours_whatever_the_codec(tmp_path: Path, compression: str) -> None:
    pixels = tissue(300, 200)
    options: dict[str, Any] = PLAIN | {"photometric": "rgb", "tile": (64, 48)}
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression, **options)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        offsets, byte_counts = file.pages[0].dataoffsets, file.pages[0].databytecounts
    rng = np.random.default_rng(5)
    for offset, length in zip(offsets[1:], byte_counts[1:], strict=True):
        data[offset : offset + length] = rng.integers(0, 256, length, np.uint8).tobytes()
    slide = open_tiff(BytesSource(bytes(data)))
    for place in slide.grid:
        try:
            slide.read_tile(place.x, place.y)
        except TilingError as error:
            assert str(error)


@pytest.mark.parametrize("kind", FILES)
def test_no_cut_of_a_file_ends_in_anything_but_an_answer(tmp_path: Path, kind: str) -> None:
    FILES[kind](tmp_path / "a.tif")
    data = (tmp_path / "a.tif").read_bytes()
    whole = open_slide(BytesSource(data))
    for length in np.random.default_rng(7).integers(1, len(data), 60):
        try:
            slide = open_slide(BytesSource(data[:length]))
        except TilingError as error:
            assert str(error)
            continue
        assert slide.grid == whole.grid
