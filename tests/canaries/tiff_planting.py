"""An identifier in every tag of a TIFF, in EXIF and GPS directories, and in every segment of a tile."""

import struct
from pathlib import Path
from unittest.mock import patch

from tests.canaries.searching import BIRTH, BIRTH_DASHED, NUMBER, named
from tests.tiling import ndpi_files, svs_files
from tests.tiling.tiff_files import TiffRecipe, write_tiff

ASCII, BYTE, LONG, UNDEFINED = 2, 1, 4, 7
TEXT_TAGS = (
    269, 270, 271, 272, 285, 305, 306, 315, 316, 333, 337, 32781, 33432, 42112, 42113, 50708, 50735,
    50827, 55000, 55002, 65000, 65001, 65100, 65535,
)  # fmt: skip
BYTE_TAGS = (700, 33723, 34377, 37500, 37510, 37724, 40092, 40093, 40094, 40095, 50838, 50839, 51111, 65002)
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
EXIF_TAGS = (36867, 36868, 37500, 37510, 42016, 42032, 42033, 42036, 42037)
GPS_TAGS = (27, 28, 29, 18)
SCANSCOPE = (
    "ScanScope ID", "Filename", "Time", "Time Zone", "User", "ImageID", "DSR ID", "Rack", "Slide", "Title",
    "Barcode", "Accession", "Accession Number", "Patient", "CustomField.1", "LineCameraSkew", "SessonMode",
    "Physician", "Stain",
)  # fmt: skip


def with_every_tag(data: bytes) -> bytes:
    """A little-endian classic TIFF whose directories have, besides their own tags, one of each text tag."""
    out = bytearray(data)
    link_at = 4
    number = 0
    while offset := int.from_bytes(out[link_at : link_at + 4], "little"):
        count = int.from_bytes(out[offset : offset + 2], "little")
        body = bytes(out[offset + 2 : offset + 2 + 12 * count])
        entries = {
            int.from_bytes(body[at : at + 2], "little"): body[at : at + 12] for at in range(0, len(body), 12)
        }
        link = bytes(out[offset + 2 + 12 * count :][:4])
        for tag, kind, value in _planted(number):
            entries.setdefault(tag, _entry(out, tag, kind, value))
        for tag, tags in ((EXIF, EXIF_TAGS), (GPS, GPS_TAGS), (INTEROPERABILITY, (1,))):
            inner = b"".join(
                _entry(out, each, UNDEFINED, f"ASCII\0\0\0{named(f'Exif{each}i{number}')}".encode())
                for each in sorted(tags)
            )
            place = _append(out, struct.pack("<H", len(tags)) + inner + bytes(4))
            entries[tag] = struct.pack("<HHII", tag, LONG, 1, place)
        directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + link
        place = _append(out, directory)
        out[link_at : link_at + 4] = place.to_bytes(4, "little")
        link_at = place + len(directory) - 4
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
    return planted


def _entry(out: bytearray, tag: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHII", tag, kind, len(value), _append(out, value))


def _append(out: bytearray, data: bytes) -> int:
    out += bytes(len(out) % 2)
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
        return f"{text}|{keys}|Date = {BIRTH}|ICC Profile = {named('Icc')}"

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
