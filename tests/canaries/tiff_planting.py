"""An identifier in every tag of a TIFF, in EXIF and GPS directories, and in every segment of a tile."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import tifffile

from tests.canaries.searching import BIRTH, BIRTH_DASHED, NUMBER, named
from tests.tiling import ndpi_files, svs_files
from tests.tiling.tiff_files import TiffRecipe, write_tiff

ASCII, BYTE, LONG, UNDEFINED, SHORT, RATIONAL, DOUBLE, LONG8 = 2, 1, 4, 7, 3, 5, 12, 16
TEXT_TAGS = (
    269, 270, 271, 272, 285, 305, 306, 315, 316, 333, 337, 32781, 33432, 42112, 42113, 50708, 50735,
    50827, 55000, 55002, 65000, 65001, 65100, 65535,
)  # fmt: skip
BYTE_TAGS = (700, 33723, 34377, 37500, 37510, 37724, 40092, 40093, 40094, 40095, 50838, 50839, 51111, 65002)
NUMBER_TAGS = (
    (301, SHORT),
    (318, RATIONAL),
    (33550, DOUBLE),
    (33922, DOUBLE),
    (34735, SHORT),
    (34736, DOUBLE),
)
"""Letters in arrays of numbers, in which GeoTIFF and colour tables have room for them."""
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
EXIF_TAGS = (36867, 36868, 37500, 37510, 42016, 42032, 42033, 42036, 42037)
GPS_TAGS = (27, 28, 29, 18)
SCANSCOPE = (
    "ScanScope ID", "Filename", "Time", "Time Zone", "User", "ImageID", "DSR ID", "Rack", "Slide", "Title",
    "Barcode", "Accession", "Accession Number", "Patient", "CustomField.1", "LineCameraSkew", "SessonMode",
    "Physician", "Stain",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """How a TIFF writes its numbers. link: where the offset of the first directory stands."""

    order: str
    is_big: bool

    @property
    def link(self) -> int:
        return 8 if self.is_big else 4

    def pack(self, codes: str, *values: object) -> bytes:
        """In the file's order of bytes; P is as wide as the file's offsets, N as its counts of entries."""
        wide = {"P": "Q", "N": "Q"} if self.is_big else {"P": "I", "N": "H"}
        return struct.pack(self.order + "".join(wide.get(code, code) for code in codes), *values)

    def number(self, data: bytes, at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little" if self.order == "<" else "big")


def with_every_tag(data: bytes) -> bytes:
    """A TIFF whose directories have, besides their own tags, one of each text tag.

    Where its directories stood before, words are left that nothing refers to, as in GDAL's ghost area.
    """
    out = bytearray(data)
    form = Form("<" if data[:2] == b"II" else ">", is_big=43 in data[2:4])
    offset_bytes, count_bytes, entry_bytes = (8, 8, 20) if form.is_big else (4, 2, 12)
    link_at = form.link
    number = 0
    while offset := form.number(out, link_at, offset_bytes):
        count = form.number(out, offset, count_bytes)
        start, end = offset + count_bytes, offset + count_bytes + entry_bytes * count
        body = bytes(out[start:end])
        entries = {
            form.number(body, at, 2): body[at : at + entry_bytes] for at in range(0, len(body), entry_bytes)
        }
        link = bytes(out[end : end + offset_bytes])
        ghost = f"GDAL_STRUCTURAL_METADATA_SIZE=000140 bytes\n{named(f'Ghost{number}')} {NUMBER}"
        out[offset:end] = (ghost.encode() * 50)[: end - offset]
        for tag, kind, value in _planted(number):
            entries.setdefault(tag, _entry(out, form, tag, kind, value))
        for tag, tags in ((EXIF, EXIF_TAGS), (GPS, GPS_TAGS), (INTEROPERABILITY, (1,))):
            inner = b"".join(
                _entry(out, form, each, UNDEFINED, f"ASCII\0\0\0{named(f'Exif{each}i{number}')}".encode())
                for each in sorted(tags)
            )
            place = _append(out, form.pack("N", len(tags)) + inner + bytes(offset_bytes))
            entries[tag] = form.pack("HHPP", tag, LONG8 if form.is_big else LONG, 1, place)
        directory = form.pack("N", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + link
        place = _append(out, directory)
        out[link_at : link_at + offset_bytes] = form.pack("P", place)
        link_at = place + len(directory) - offset_bytes
        number += 1
    return bytes(out) + f"{named('BehindEverything')} {NUMBER}".encode()


def _planted(number: int) -> list[tuple[int, int, bytes]]:
    planted = [
        (tag, ASCII, f"{named(f'Tag{tag}i{number}')} {NUMBER} {BIRTH}\0".encode()) for tag in TEXT_TAGS
    ]
    for tag in BYTE_TAGS:
        text = named(f"Tag{tag}i{number}")
        is_wide = 40091 <= tag <= 40095
        planted.append(
            (tag, BYTE if is_wide else UNDEFINED, text.encode("utf-16-le" if is_wide else "ascii"))
        )
    planted += [(tag, kind, named(f"Numbers{tag}i{number}").encode()) for tag, kind in NUMBER_TAGS]
    # 42112: GDAL's metadata; 34737: GeoTIFF's texts; 37724, 34377: Photoshop's blocks; 33723: IPTC's records.
    blocks = named(f"PhotoshopBlock{number}").encode()
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(blocks)) + blocks
    item = f'<Item name="{named(f"ItemName{number}")}">{named(f"Item{number}")}</Item>'
    record = named(f"Record{number}").encode()
    planted += [
        (42112, ASCII, f"<GDALMetadata>{item}</GDALMetadata>\0".encode()),
        (34737, ASCII, named(f"Geo{number}").encode() + b"|\0"),
        (34377, UNDEFINED, block),
        (33723, UNDEFINED, b"\x1c\x02\x78" + struct.pack(">H", len(record)) + record),
    ]
    return planted


def _entry(out: bytearray, form: Form, tag: int, kind: int, value: bytes) -> bytes:
    size = {SHORT: 2, RATIONAL: 8, DOUBLE: 8}.get(kind, 1)
    value += bytes(-len(value) % size)
    return form.pack("HHPP", tag, kind, len(value) // size, _append(out, value))


def _append(out: bytearray, data: bytes) -> int:
    out += bytes(-len(out) % 8)
    place = len(out)
    out += data
    return place


def in_codestream(coded: bytes) -> bytes:
    """A JPEG 2000 stream with comments: of the stream, in pieces, and behind its end (ISO 15444-1, A.9.2)."""
    at = coded.index(b"\xff\x90")
    split = named("SplitComment").encode()
    texts = (named("StreamComment").encode(), split[:5], split[5:])
    comments = b"".join(b"\xff\x64" + struct.pack(">HH", len(text) + 4, 1) + text for text in texts)
    return coded[:at] + comments + coded[at:] + named("BehindStream").encode()


def svs_jpeg_2000(folder: Path) -> bytes:
    """An Aperio slide whose tiles are JPEG 2000, with comments in each."""
    plain_encode = svs_files._encode

    def commented(pixels: svs_files.Pixels, recipe: svs_files.Recipe) -> bytes:
        return in_codestream(plain_encode(pixels, recipe))

    path = folder / "source.svs"
    with patch.object(svs_files, "_encode", commented):
        svs_files.write_svs(path, svs_files.Recipe(coding="jp2k-rgb"))
    return with_every_tag(path.read_bytes())


def svs(folder: Path) -> bytes:
    """An Aperio slide: every key of its description, every tag, label, macro, tiles."""
    plain_description = svs_files.description

    def description(recipe: svs_files.Recipe, head: str) -> str:
        keys = "|".join(f"{key} = {named(key)} {NUMBER}" for key in SCANSCOPE)
        text = plain_description(recipe, head).replace(
            "Aperio Image Library v12.0.15", f"Aperio {named('Head')}"
        )
        odd = f"{named('Key')} = 7|{named('KeyAlone')}|AppMag = {NUMBER}|OriginalWidth = {named('InWidth')}"
        return f"{text}|{keys}|Date = {BIRTH}|ICC Profile = {named('Icc')}|{odd}"

    def commented(jpeg: bytes) -> bytes:
        return jpeg[:2] + segments() + jpeg[2:] + named("BehindTile").encode()

    path = folder / "source.svs"
    with (
        patch.object(svs_files, "description", description),
        patch.object(svs_files, "_with_comments", commented),
        patch.object(svs_files, "IN_ICC", named("InIcc")),
        patch.object(svs_files, "PATIENT", named("Label")),
    ):
        svs_files.write_svs(path, svs_files.Recipe())
    return with_every_tag(path.read_bytes())


def segments() -> bytes:
    """JPEG segments of every kind that may carry text, one identifier split over two, and one letter each."""
    markers = [0xFE, *range(0xE1, 0xEE), 0xEF]
    texts = [(marker, named(f"Segment{marker:02X}").encode()) for marker in markers]
    texts.append((0xE1, b"Exif\0\0" + named("ExifSegment").encode()))
    texts.append((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + named("XmpSegment").encode()))
    split = named("Split").encode()
    texts += [(0xFE, split[:4]), (0xFE, split[4:])]
    texts += [(0xFE, split[at : at + 1]) for at in range(len(split))]
    return b"".join(
        b"\xff" + bytes((marker,)) + struct.pack(">H", len(text) + 2) + text for marker, text in texts
    )


def ndpi(folder: Path) -> bytes:
    """A Hamamatsu slide: reference, serial, property map, barcode, and texts in all its private tags."""
    plain_tags = ndpi_files._common_tags

    def tags(recipe: ndpi_files.Recipe, pixels: ndpi_files.Pixels, lens: float) -> ndpi_files._Tags:
        private = {
            tag: (ASCII, named(f"Private{tag}").encode() + b"\0")
            for tag in (269, 270, 272, 305, 315, 316, 33432, 65428, 65443, 65450, 65477, 65478, 65480)
        }
        return {**private, **plain_tags(recipe, pixels, lens)}

    path = folder / "source.ndpi"
    words = {
        name: named(name) for name in ("REFERENCE", "AUTH_CODE", "OPERATOR", "BARCODE", "IN_JPEG", "IN_GAP")
    }
    with patch.multiple(ndpi_files, _common_tags=tags, SERIAL=NUMBER, **words):
        ndpi_files.write_ndpi(path)
    return path.read_bytes()


def tiff(folder: Path) -> bytes:
    """A tiled TIFF of nobody in particular."""
    path = folder / "source.tif"
    write_tiff(path, TiffRecipe(options={"description": f"{named('Description')} {BIRTH}"}))
    return with_every_tag(path.read_bytes())


def ome_tiff(folder: Path) -> bytes:
    """OME's XML: who, when, which file, and what the microscope's own software wrote."""
    namespace = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    person = " ".join(f'{name}="{named(name)}"' for name in ("FirstName", "LastName", "Email", "Institution"))
    pixels = (
        'ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="500" SizeY="330" SizeC="3" SizeZ="1" '
        'SizeT="1" PhysicalSizeX="0.25" PhysicalSizeY="0.25" Interleaved="true"'
    )
    xml = f"""<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="{namespace}" UUID="urn:uuid:{named("Uuid")}" Creator="{named("Creator")}">
<Experimenter ID="Experimenter:0" {person}/>
<Image ID="Image:0" Name="{named("ImageName")}"><AcquisitionDate>{BIRTH_DASHED}T01:02:03</AcquisitionDate>
<Description>{named("ImageDescription")} {NUMBER}</Description>
<Pixels {pixels}><Channel ID="Channel:0:0" SamplesPerPixel="3"/>
<TiffData IFD="0"><UUID FileName="{named("FileName")}.ome.tif">urn:uuid:{named("Uuid")}</UUID></TiffData>
</Pixels></Image>
<StructuredAnnotations><XMLAnnotation ID="Annotation:0"><Value><OriginalMetadata><Key>Patient</Key>
<Value>{named("OriginalMetadata")}</Value></OriginalMetadata></Value></XMLAnnotation></StructuredAnnotations>
</OME>"""
    path = folder / "source.ome.tif"
    write_tiff(path, TiffRecipe(options={"description": xml}, levels=2, sub_ifds=True))
    return with_every_tag(path.read_bytes())


def svs_big(folder: Path) -> bytes:
    """An Aperio BigTIFF, its numbers with the great end first."""
    path = folder / "source.svs"
    with patch.object(svs_files, "PATIENT", named("Label")):
        svs_files.write_svs(path, svs_files.Recipe(bigtiff=True, byteorder=">"))
    return with_every_tag(path.read_bytes())


def cloud_optimised(folder: Path) -> bytes:
    """A pyramid of tiles with words before, between and behind them, as GDAL leaves room for them."""
    path = folder / "source.tif"
    write_tiff(path, TiffRecipe(compression="jpeg", levels=2, bigtiff=True))
    return _with_chunks(with_every_tag(path.read_bytes()), lambda data: data)


def stripes(folder: Path, compression: str) -> bytes:
    """Strips with words behind the end of each one's coded data."""
    path = folder / "source.tif"
    write_tiff(path, TiffRecipe(tile=None, rows_per_strip=40, compression=compression, levels=0))
    behind = named("BehindStrip").encode()
    return _with_chunks(with_every_tag(path.read_bytes()), lambda data: data + behind)


def quick_tiff(folder: Path) -> bytes:
    """A QPTIFF: XML with who, when and where in each of its pages."""
    path = folder / "source.qptiff"
    words = "".join(
        f"<{name}>{named(name)} {NUMBER}</{name}>"
        for name in (
            "SlideID",
            "Barcode",
            "ComputerName",
            "OperatorName",
            "StudyName",
            "Name",
            "Responsivity",
        )
    )
    pixels = svs_files.tissue(300, 200)
    with tifffile.TiffWriter(path) as writer:
        for kind, factor in (("FullResolution", 1), ("Thumbnail", 4), ("ReducedResolution", 2), ("Label", 5)):
            text = (
                '<?xml version="1.0" encoding="utf-16"?>\r\n<PerkinElmer-QPI-ImageDescription><ImageType>'
                f"{kind}</ImageType><Objective>20x</Objective>{words}<{named('Element')} "
                f'{named("Attribute")}="{named("Value")}"/><!-- {named("Comment")} -->'
                "</PerkinElmer-QPI-ImageDescription>"
            )
            writer.write(
                np.ascontiguousarray(pixels[::factor, ::factor]), photometric="rgb", description=text,
                metadata=None, software=f"PerkinElmer-QPI {named('Software')}",
                tile=(64, 64) if factor < 4 else None,
            )  # fmt: skip
    return with_every_tag(path.read_bytes())


def _with_chunks(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The file with each chunk of its first page changed and moved to the end, words before and behind it."""
    out = bytearray(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        form = Form(file.byteorder, file.is_bigtiff)
        tags = (324, 325) if 324 in page.tags else (273, 279)
        for index, (offset, size) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
            new = change(data[offset : offset + size])
            out[offset : offset + size] = (named("WhereItWas").encode() * size)[:size]
            _append(out, named(f"Leader{index}").encode())
            place = _append(out, new)
            for tag, value in zip(tags, (place, len(new)), strict=True):
                entry = page.tags[tag]
                code = {3: "H", 4: "I", 16: "Q"}[entry.dtype]
                packed = form.pack(code, value)
                at = entry.valueoffset + index * len(packed)
                out[at : at + len(packed)] = packed
    return bytes(out)
