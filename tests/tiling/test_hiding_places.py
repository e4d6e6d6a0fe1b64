"""Each place where scanners hide a patient is listed, and what stands there does not travel."""

import base64
import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

from ground.source import FileSource
from tests.tiling.conversions import convert_file
from tests.tiling.finders import INK
from tests.tiling.openslide_files import write_leica, write_philips, write_ventana
from tests.tiling.svs_files import Pixels, Recipe, disguises, tissue, write_svs
from tiling.canonical import open_canonical
from tiling.convert import ConversionReport, convert
from tiling.model import Action
from tiling.open_slide import open_slide
from tiling.scratch import Scratch

IN_HEAD = "HeadOfAltisidora"
IN_GEOMETRY = "GeometryOfDorotea"
IN_TABLES = "TablesOfCardenio"
IN_SEGMENTS = "SplitOverTwoSegmentsOfSancho"
IN_APP = "ApplicationDataOfTeresa"
IN_BETWEEN = "BetweenTilesOfRosinante"
IN_PRIVATE = "PrivateTagOfMambrino"
IN_XP = "KeywordsOfMaritornes"
SIDE_PX = 64


def segment(marker: int, text: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(text) + 2) + text


def with_segments(jpeg: bytes) -> bytes:
    """Texts in segments of their own, one of them cut in two, and behind the end."""
    half = len(IN_SEGMENTS) // 2
    segments = segment(0xFE, IN_SEGMENTS[:half].encode()) + segment(0xFE, IN_SEGMENTS[half:].encode())
    segments += segment(0xE1, b"Exif\0\0" + IN_APP.encode()) + segment(0xED, IN_APP.encode())
    return jpeg[:2] + segments + jpeg[2:]


def write_hidden_svs(path: Path, label: Pixels | None = None) -> None:
    """An Aperio file with texts where nobody looks. label: a tiled page that poses as a level."""
    pixels = tissue(320, 256)

    def tiles() -> Any:
        for y in range(0, 256, SIDE_PX):
            for x in range(0, 320, SIDE_PX):
                tile = np.ascontiguousarray(pixels[y : y + SIDE_PX, x : x + SIDE_PX])
                yield with_segments(
                    bytes(
                        imagecodecs.jpeg8_encode(
                            tile, level=90, colorspace="RGB", outcolorspace="YCBCR", subsampling="422"
                        )
                    )
                )

    tables = b"\xff\xd8" + segment(0xFE, IN_TABLES.encode()) + b"\xff\xd9"
    words = IN_XP.encode("utf-16-le")
    extra = [
        (347, 7, len(tables), tables, False),
        (40094, 1, len(words), words, False),
        (55003, 2, 0, IN_PRIVATE, False),
        (65000, 7, len(IN_PRIVATE), IN_PRIVATE.encode(), False),
    ]
    plain: dict[str, Any] = {"metadata": None, "software": False}
    with tifffile.TiffWriter(path) as writer:
        writer.write(
            tiles(),
            shape=pixels.shape,
            dtype="uint8",
            tile=(SIDE_PX, SIDE_PX),
            photometric="ycbcr",
            subsampling=(2, 1),
            compression=7,
            description=f"Aperio {IN_HEAD}\r\n320x256 [0,0 320x256] {IN_GEOMETRY}|MPP = 0.25|AppMag = 20",
            extratags=extra,
            **plain,
        )
        if label is not None:
            writer.write(label, tile=(SIDE_PX, SIDE_PX), photometric="rgb", description="Aperio", **plain)
    _move_a_tile(path)


def _move_a_tile(path: Path) -> None:
    """The tile goes to the end of the file; where it was, words are left that nothing refers to."""
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        offset, length = page.dataoffsets[3], page.databytecounts[3]
        entry = page.tags["TileOffsets"].valueoffset + 3 * 4
    tile = bytes(data[offset : offset + length])
    data[offset : offset + length] = IN_BETWEEN.encode().ljust(length, b"\0")
    data[entry : entry + 4] = struct.pack("<I", len(data))
    path.write_bytes(bytes(data) + tile)


def left_in(folder: Path, texts: list[str]) -> list[str]:
    everything = b"\n".join(path.read_bytes() for path in folder.iterdir()).lower()
    return [text for text in texts if any(form.lower() in everything for form in disguises(text))]


def test_what_no_dictionary_of_tags_looks_at_is_listed_and_stays_behind(tmp_path: Path) -> None:
    write_hidden_svs(tmp_path / "a.svs")
    texts = [IN_HEAD, IN_GEOMETRY, IN_TABLES, IN_APP, IN_BETWEEN, IN_PRIVATE, IN_XP]
    texts += [IN_SEGMENTS[:14], IN_SEGMENTS[14:]]
    planted = (tmp_path / "a.svs").read_bytes()
    assert all(any(form in planted for form in disguises(text)) for text in texts)
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert report.l0_encoding == "carried over bit for bit"
    assert left_in(tmp_path / "out", [*texts, IN_SEGMENTS]) == []
    places = {place.name: place for place in report.places}
    assert places["directory 0 (level 0), ImageDescription"].action is Action.REBUILT
    for tag in (40094, 55003, 65000):
        assert places[f"directory 0 (level 0), tag {tag}"].action is Action.DROPPED
    assert places["directory 0 (level 0), JPEGTables"].action is Action.REBUILT
    assert places["bytes that nothing refers to"].byte_count > len(IN_BETWEEN)
    per_tile = len(IN_SEGMENTS) + 2 * len(IN_APP) + len("Exif\0\0") + 4 * 4
    assert report.proof["tiles"]["foreign_bytes_dropped"] == 20 * per_tile


def test_a_tiled_label_that_poses_as_a_level_is_in_no_picture(tmp_path: Path) -> None:
    label = np.full((128, 160, 3), INK, np.uint8)
    write_hidden_svs(tmp_path / "a.svs", label)
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    action = {place.name: place.action for place in report.places}
    assert action["directory 1 (level), image tiles"] is Action.DROPPED
    with tifffile.TiffFile(tmp_path / "out" / "slide.tif") as file:
        for page in file.pages:
            assert np.abs(page.asarray().astype(int) - INK).max(axis=2).min() > 40
    with open_canonical(tmp_path / "out") as slide:
        thumbnail = imagecodecs.jpeg8_decode(slide.thumbnail())
    assert np.abs(thumbnail.astype(int) - INK).max(axis=2).min() > 40


def test_every_directory_s_words_stay_behind_not_only_level_0_s(tmp_path: Path) -> None:
    """Aperio repeats its description, dates and private tags in each directory."""
    write_svs(tmp_path / "a.svs", Recipe())
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    dropped = {place.name for place in report.places if place.action is Action.DROPPED}
    for number, role in ((1, "thumbnail"), (2, "level"), (3, "label"), (4, "macro")):
        for tag in ("ImageDescription", "DateTime", "Artist", "HostComputer", "XMP", "tag 55001"):
            assert f"directory {number} ({role}), {tag}" in dropped


def convert_with_scratch(source: Path, folder: Path) -> ConversionReport:
    output, room = folder / "out", folder / "room"
    output.mkdir()
    room.mkdir()
    with Scratch(room, 1 << 30) as scratch, FileSource(source) as file:
        return convert(file, output, progress=lambda *_: None, cancelled=lambda: False, scratch=scratch)


def test_leica_s_barcode_in_base64_stays_behind_in_either_form(tmp_path: Path) -> None:
    barcode = "S31-40517-A1 77120934"
    write_leica(tmp_path / "a.scn", barcode=base64.b64encode(barcode.encode()).decode())
    report = convert_with_scratch(tmp_path / "a.scn", tmp_path)
    wrapped = base64.b64encode(barcode.encode()).decode()
    assert left_in(tmp_path / "out", [barcode, "S31-40517-A1", wrapped, "2031-05-04", "SCN400"]) == []
    assert any("ImageDescription" in place.name for place in report.places)


def test_ventana_s_attributes_and_its_label_page_stay_behind(tmp_path: Path) -> None:
    stated = {
        "Barcode1D": "BC1D-77120934",
        "Barcode2D": "BC2D|S31-40517",
        "UserName": "zweisteinUser",
        "BuildDate": "2031-02-03 04:05",
        "BaseName": "QuixoteBaseName",
        "JP2FileName": "QuixoteFile.jp2",
    }
    write_ventana(tmp_path / "a.bif", " ".join(f'{name}="{value}"' for name, value in stated.items()))
    report = convert_with_scratch(tmp_path / "a.bif", tmp_path)
    assert left_in(tmp_path / "out", list(stated.values())) == []
    action = {place.name: place.action for place in report.places}
    assert action["directory 0, XMP"] is Action.DROPPED
    assert action["directory 0, image strips"] is Action.DROPPED
    assert report.width_px == 3 * 128  # the label page is not the slide


def test_philips_pictures_in_words_stay_behind(tmp_path: Path) -> None:
    write_philips(tmp_path / "a.tiff")
    assert b"/9j/4AAQSkZJRgABAQ" in (tmp_path / "a.tiff").read_bytes()
    report = convert_with_scratch(tmp_path / "a.tiff", tmp_path)
    assert left_in(tmp_path / "out", ["/9j/4AAQSkZJRgABAQ"]) == []
    action = {place.name: place.action for place in report.places}
    assert action["directory 0 (level 0), ImageDescription"] is Action.REBUILT


@pytest.mark.parametrize("name", ["slides/CMU-1-Small-Region.svs", "derived/ndpi-synthetic-HE.ndpi"])
def test_of_real_files_every_byte_is_in_a_place(shared_data: Path, name: str) -> None:
    """What the places count is at least the file: nothing of it was passed over."""
    with FileSource(shared_data / name) as source:
        places = open_slide(source).places()
        counted = sum(place.byte_count for place in places)
        table_bytes = 24 * len(places)
        assert counted <= source.size_bytes + table_bytes
        assert counted >= source.size_bytes - table_bytes
