"""Small slides in the layouts that only OpenSlide reads, each with an invented patient in its words.

Written after the descriptions at https://openslide.org/formats/, as small as OpenSlide accepts; pixels are
stored without loss, so that what comes out can be compared exactly.
"""

import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from tests.tiling.svs_files import MRN, PATIENT, USER, tissue

TILE_PX = 128
UM_PER_PX = 0.25

Pixels = NDArray[np.uint8]


def write_philips(path: Path, missing: frozenset[int] = frozenset(), compression: str = "deflate") -> Pixels:
    """Philips TIFF: tiles that were not scanned have no bytes; sizes are padded to whole tiles."""
    pixels = tissue(5 * TILE_PX, 4 * TILE_PX)
    spacing = " ".join(f"&quot;{UM_PER_PX / 1000:.8f}&quot;" for _ in "xy")
    representation = (
        '<DataObject ObjectType="PixelDataRepresentation">'
        f'<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030">{spacing}</Attribute>'
        "</DataObject>"
    )
    label = "/9j/4AAQSkZJRgABAQ" * 4_000  # an image in words: what may not be looked for letter by letter
    scanned = (
        '<DataObject ObjectType="DPScannedImage">'
        '<Attribute Name="PIM_DP_IMAGE_TYPE" Group="0x301D" Element="0x1004">WSI</Attribute>'
        '<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE" Group="0x1001" Element="0x8B01">'
        f"<Array>{representation}</Array></Attribute>"
        f'<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030">{spacing}</Attribute>'
        "</DataObject>"
    )
    description = (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        f'<Attribute Name="DICOM_MANUFACTURER" Group="0x0008" Element="0x0070">{USER}</Attribute>'
        f'<Attribute Name="PIM_DP_UFS_BARCODE" Group="0x301D" Element="0x1002">{MRN}</Attribute>'
        f'<Attribute Name="PIM_DP_NOTE" Group="0x301D" Element="0x1003">{PATIENT} {label}</Attribute>'
        '<Attribute Name="PIM_DP_SCANNED_IMAGES" Group="0x301D" Element="0x1003">'
        f"<Array>{scanned}</Array></Attribute></DataObject>"
    )
    _write_page(path, pixels, description, "Philips DP v1.0", compression=compression)
    _leave_out(path, pixels, missing)
    return pixels


def write_trestle(path: Path) -> Pixels:
    """Trestle: a plain tiled TIFF with words in its description."""
    pixels = tissue(3 * TILE_PX + 20, 2 * TILE_PX + 9)
    description = f"Background Color=E6E6E6;Objective Power=20;Slide Name={PATIENT};User={USER}"
    _write_page(path, pixels, description, "MedScan 1.3", um_per_px=UM_PER_PX)
    return pixels


def write_leica(path: Path, offset_px: tuple[int, int] = (200, 70), barcode: str = MRN) -> Pixels:
    """Leica SCN: the scanned area lies somewhere on the glass, positions are nanometres, IFD 0 the macro."""
    pixels = tissue(3 * TILE_PX, 2 * TILE_PX)
    glass = (900, 640)
    nm = round(UM_PER_PX * 1000)
    x, y = offset_px
    macro = tissue(TILE_PX, TILE_PX, seed=5)
    image = (
        '<image name="{name}"><creationDate>2031-05-04</creationDate>'
        '<device model="Leica SCN400" version="1.4"/>'
        "<pixels><dimension sizeX='{w}' sizeY='{h}' r='0' ifd='{ifd}'/></pixels>"
        "<view sizeX='{nm_w}' sizeY='{nm_h}' offsetX='{nm_x}' offsetY='{nm_y}' spacingZ='0'/>"
        "<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>"
        "<illuminationSettings><illuminationSource>brightfield</illuminationSource>"
        "<numericalAperture>0.4</numericalAperture></illuminationSettings></scanSettings></image>"
    )
    glass_nm = (glass[0] * nm, glass[1] * nm)
    whole = image.format(
        name=USER, w=TILE_PX, h=TILE_PX, ifd=0, nm_w=glass_nm[0], nm_h=glass_nm[1], nm_x=0, nm_y=0
    )
    height, width = pixels.shape[:2]
    area = image.format(
        name=PATIENT, w=width, h=height, ifd=1, nm_w=width * nm, nm_h=height * nm, nm_x=x * nm, nm_y=y * nm
    )
    description = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection name="{PATIENT}" sizeX="{glass_nm[0]}" sizeY="{glass_nm[1]}">'
        f"<barcode>{barcode}</barcode>{whole}{area}</collection></scn>"
    )
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        writer.write(macro, **_page_options(description, "Leica"))
        writer.write(pixels, **_page_options("", None), resolution=(1e4 / UM_PER_PX,) * 2, resolutionunit=3)
    shown = np.full((glass[1], glass[0], 3), 255, np.uint8)
    shown[y : y + height, x : x + width] = pixels
    return shown


def write_ventana(path: Path, attributes: str = "") -> Pixels:
    """Ventana's TIFF, the kind whose tiles do not overlap. attributes: further ones of its iScan element."""
    pixels = tissue(3 * TILE_PX, 2 * TILE_PX)
    attributes += f' Magnification="20" ScanRes="{UM_PER_PX}" UnitNumber="{MRN}" Operator="{PATIENT}"'
    xmp = f"<iScan {attributes}/>"
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        label = _page_options("Label Image", "ScanOutputManager") | {"tile": None, "compression": None}
        label["extratags"] = [*label["extratags"], (700, 1, len(xmp), xmp.encode(), False)]
        writer.write(tissue(96, 64, seed=3), **label)
        writer.write(pixels, **_page_options("level=0 mag=20 quality=95", None))
    return pixels


def write_mirax(folder: Path, stem: str = "slide", background: int = 0xFFFFFF) -> Pixels:
    """3DHISTECH MRXS: an index, one data file, four PNG images of which one was never taken."""
    pixels = tissue(2 * TILE_PX, 2 * TILE_PX)
    slide_id = "0123456789ABCDEF0123456789ABCDEF"
    inside = folder / stem
    inside.mkdir(parents=True)
    (folder / f"{stem}.mrxs").write_bytes(b"")
    data, records = bytearray(b"\0" * 5), []
    for number in range(3):  # the fourth place stays empty
        y, x = (number // 2) * TILE_PX, (number % 2) * TILE_PX
        image = imagecodecs.png_encode(np.ascontiguousarray(pixels[y : y + TILE_PX, x : x + TILE_PX]))
        records.append((number, len(data), len(image), 0))
        data += image
    (inside / "Data0000.dat").write_bytes(data)
    root = 5 + len(slide_id)
    level, page = root + 8, root + 12
    index = b"01.02" + slide_id.encode() + struct.pack("<ii", level, 0)
    index += struct.pack("<i", page) + struct.pack("<ii", 0, page + 8)
    index += struct.pack("<ii", len(records), 0) + b"".join(struct.pack("<4i", *one) for one in records)
    (inside / "Index.dat").write_bytes(index)
    (inside / "Slidedat.ini").write_text(
        "\ufeff"
        f"[GENERAL]\nSLIDE_ID = {slide_id}\nSLIDE_NAME = {PATIENT}\nPROJECT_NAME = {USER}\n"
        "IMAGENUMBER_X = 2\nIMAGENUMBER_Y = 2\nOBJECTIVE_MAGNIFICATION = 20\n"
        "CameraImageDivisionsPerSide = 1\n"
        "[HIERARCHICAL]\nHIER_COUNT = 1\nNONHIER_COUNT = 0\nINDEXFILE = Index.dat\n"
        "HIER_0_NAME = Slide zoom level\nHIER_0_COUNT = 1\nHIER_0_VAL_0 = ZoomLevel_0\n"
        "HIER_0_VAL_0_SECTION = LAYER_0_LEVEL_0_SECTION\n"
        "[DATAFILE]\nFILE_COUNT = 1\nFILE_0 = Data0000.dat\n"
        "[LAYER_0_LEVEL_0_SECTION]\nOVERLAP_X = 0\nOVERLAP_Y = 0\n"
        f"MICROMETER_PER_PIXEL_X = {UM_PER_PX}\nMICROMETER_PER_PIXEL_Y = {UM_PER_PX}\n"
        f"IMAGE_FORMAT = PNG\nIMAGE_FILL_COLOR_BGR = {background}\nIMAGE_CONCAT_FACTOR = 0\n"
        f"DIGITIZER_WIDTH = {TILE_PX}\nDIGITIZER_HEIGHT = {TILE_PX}\n",
        "utf-8",
    )
    blue, green, red = background >> 16 & 255, background >> 8 & 255, background & 255
    pixels[TILE_PX:, TILE_PX:] = (red, green, blue)
    return pixels


def write_czi(path: Path, scene_px: tuple[int, int] = (3 * TILE_PX, 2 * TILE_PX)) -> Pixels:
    """Zeiss CZI: uncompressed BGR24 subblocks whose corner is not at zero."""
    width, height = scene_px
    pixels = tissue(width, height)
    corner = (-1_000, 4_000)
    xml = (
        "<ImageDocument><Metadata><Information><User><DisplayName>"
        f"{PATIENT}</DisplayName></User><Image><SizeX>{width}</SizeX><SizeY>{height}</SizeY></Image>"
        f"</Information><CustomAttributes><Note>{MRN}</Note></CustomAttributes><Scaling><Items>"
        + "".join(f'<Distance Id="{axis}"><Value>{UM_PER_PX * 1e-6}</Value></Distance>' for axis in "XY")
        + "</Items></Scaling></Metadata></ImageDocument>"
    ).encode()
    blocks, entries, position = b"", [], 512
    for number, (y, x) in enumerate(
        (y, x) for y in range(0, height, TILE_PX) for x in range(0, width, TILE_PX)
    ):
        data = np.ascontiguousarray(pixels[y : y + TILE_PX, x : x + TILE_PX, ::-1]).tobytes()
        entry = _czi_entry(position, corner[0] + x, corner[1] + y, number)
        head = struct.pack("<iiq", 0, 0, len(data)) + entry
        block = _segment("ZISRAWSUBBLOCK", head.ljust(256, b"\0") + data)
        entries.append(entry)
        blocks += block
        position += len(block)
    directory = _segment(
        "ZISRAWDIRECTORY", struct.pack("<i", len(entries)).ljust(128, b"\0") + b"".join(entries)
    )
    metadata = _segment("ZISRAWMETADATA", struct.pack("<ii", len(xml), 0).ljust(256, b"\0") + xml)
    attached = _segment("ZISRAWATTDIR", struct.pack("<i", 0).ljust(256, b"\0"))
    metadata_at = position + len(directory)
    header = struct.pack("<iiii32siqqiq", 1, 0, 0, 0, b"g" * 32, 0, position, metadata_at, 0,
                         metadata_at + len(metadata))  # fmt: skip
    path.write_bytes(
        _segment("ZISRAWFILE", header.ljust(480, b"\0")) + blocks + directory + metadata + attached
    )
    return pixels


def _segment(name: str, data: bytes) -> bytes:
    return name.encode().ljust(16, b"\0") + struct.pack("<qq", len(data), len(data)) + data


def _czi_entry(position: int, x: int, y: int, number: int) -> bytes:
    bgr24, uncompressed = 3, 0
    places = (("X", x, TILE_PX), ("Y", y, TILE_PX), ("C", 0, 1), ("M", number, 1))
    dimensions = b"".join(
        struct.pack("<4siifi", axis.encode(), start, size, 0.0, size) for axis, start, size in places
    )
    return struct.pack("<2siqiib5xi", b"DV", bgr24, position, 0, uncompressed, 0, len(places)) + dimensions


def _write_page(
    path: Path,
    pixels: Pixels,
    description: str,
    software: str,
    um_per_px: float | None = None,
    compression: str = "deflate",
) -> None:
    with tifffile.TiffWriter(path) as writer:
        options = _page_options(description, software) | {"compression": compression}
        if compression == "jpeg":
            options |= {"photometric": "ycbcr", "subsampling": (2, 2)}
        if um_per_px is not None:
            options |= {"resolution": (1e4 / um_per_px,) * 2, "resolutionunit": 3}
        writer.write(pixels, **options)


def _page_options(description: str, software: str | None) -> dict[str, Any]:
    return {
        "photometric": "rgb",
        "compression": "deflate",
        "tile": (TILE_PX, TILE_PX),
        "metadata": None,
        "description": description or None,
        "software": software or False,
        "extratags": [(315, 2, 0, USER, False)],
    }


def _leave_out(path: Path, pixels: Pixels, missing: frozenset[int]) -> None:
    """Take tiles out of the file's only page: their offset and byte count become zero."""
    if not missing:
        return
    with tifffile.TiffFile(path, mode="r+b") as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        across = page.imagewidth // TILE_PX
        for tag in (324, 325):
            values = list(page.tags[tag].value)
            page.tags[tag].overwrite([0 if n in missing else value for n, value in enumerate(values)])
    for number in missing:
        y, x = (number // across) * TILE_PX, (number % across) * TILE_PX
        pixels[y : y + TILE_PX, x : x + TILE_PX] = 255
