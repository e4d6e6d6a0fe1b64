"""Slides that only OpenSlide reads, an identifier in each of their words, and slides of several files."""

import base64
import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

import tifffile
from PIL import Image

from tests.canaries.dicom_planting import replanted
from tests.canaries.odd_slide_planting import lettered, said, thumbnailed
from tests.canaries.searching import BIRTH, BIRTH_DASHED, NUMBER, named
from tests.tiling import dicom_files, openslide_files

LABEL_SEED = 3
"""By which the writer of Ventana's slides makes the label's picture."""
WORDS = {"PATIENT": named("Patient"), "MRN": NUMBER, "USER": named("User")}


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def philips(folder: Path) -> bytes:
    """XML with a barcode, a note, a day, a number; the label's and the macro's picture in it and as pages."""
    plain_page = openslide_files._write_page
    picture = io.BytesIO()
    Image.fromarray(lettered(named("Label"), 64, 64)).save(picture, "JPEG", comment=said("LabelComment"))
    pixels = in_base64(thumbnailed(picture.getvalue()))
    words = {
        "PIM_DP_UFS_BARCODE": in_base64(said("Barcode")),
        "DICOM_ACQUISITION_DATETIME": f"{BIRTH}010203.0",
        "DICOM_DEVICE_SERIAL_NUMBER": named("Serial"),
        "PIM_DP_UFS_INTERFACE_VERSION": named("Version"),
        "DICOM_OPERATORS_NAME": named("Operator"),
    }
    more = "".join(
        f'<Attribute Name="{name}" Group="0x301D" Element="0x2000">{word}</Attribute>'
        for name, word in words.items()
    )
    image = (
        '<DataObject ObjectType="DPScannedImage"><Attribute Name="PIM_DP_IMAGE_TYPE" Group="0x301D" '
        'Element="0x1004">{}IMAGE</Attribute><Attribute Name="PIM_DP_IMAGE_DATA" Group="0x301D" '
        'Element="0x1005">{}</Attribute></DataObject>'
    )
    images = image.format("LABEL", pixels) + image.format("MACRO", pixels)

    def page(path: Path, shown: Any, description: str, *rest: Any, **options: Any) -> None:
        at = description.index("<Attribute")
        text = (description[:at] + more + description[at:]).replace("</Array>", f"{images}</Array>")
        plain_page(path, shown, text, *rest, **options)

    with patch.multiple(openslide_files, **WORDS, _write_page=page):
        openslide_files.write_philips(folder / "source")
    with tifffile.TiffWriter(folder / "source", append=True) as writer:
        for name in ("Label", "Macro"):
            words_of_page = f"{name} {named(name + 'Page')}"
            writer.write(
                lettered(named(name + "Pixels"), 40, 60), photometric="rgb", metadata=None,
                description=words_of_page,
            )  # fmt: skip
    return (folder / "source").read_bytes()


def trestle(folder: Path) -> bytes:
    """Words in the description."""
    with patch.multiple(openslide_files, **WORDS):
        openslide_files.write_trestle(folder / "source")
    return (folder / "source").read_bytes()


def leica(folder: Path) -> bytes:
    """A barcode in base64, as the schema of 2010 has it; names, days, numbers of devices and settings."""
    plain_options = openslide_files._page_options

    def options(description: str, software: str | None) -> dict[str, Any]:
        more = f"<uuid>{named('Uuid')}</uuid><user>{named('Operator')}</user><rack>{NUMBER}</rack>"
        text = description.replace("<barcode>", f"{more}<barcode>")
        text = text.replace("2031-05-04", BIRTH_DASHED).replace(
            'version="1.4"', f'version="{named("Serial")}"'
        )
        return plain_options(text, software)

    with patch.multiple(openslide_files, **WORDS, _page_options=options):
        openslide_files.write_leica(folder / "source", barcode=in_base64(said("Barcode")))
    return (folder / "source").read_bytes()


def ventana(folder: Path) -> bytes:
    """The attributes of the scanner's element, one for each that names somebody or something."""
    attributes = " ".join(
        f'{name}="{named(name)}"'
        for name in (
            "Barcode1D",
            "Barcode2D",
            "UserName",
            "BuildDate",
            "BaseName",
            "JP2FileName",
            "SlideAnnotation",
            "LabelBoundary",
            "DeviceSerial",
        )
    )
    attributes += f' Barcode="{in_base64(said("BarcodeInBase64"))}" ScanDate="{BIRTH_DASHED}"'

    def lettered_label(width_px: int, height_px: int, seed: int = 1) -> Any:
        """The label's page, which is not compressed, is letters."""
        if seed != LABEL_SEED:
            return plain_tissue(width_px, height_px, seed)
        return lettered(named("LabelPixels"), height_px, width_px)

    plain_tissue = openslide_files.tissue
    with patch.multiple(openslide_files, **WORDS, tissue=lettered_label):
        openslide_files.write_ventana(folder / "source", attributes)
    return (folder / "source").read_bytes()


def zeiss(folder: Path) -> bytes:
    """The user, and a note among the custom attributes."""
    with patch.multiple(openslide_files, **WORDS):
        openslide_files.write_czi(folder / "source")
    return (folder / "source").read_bytes()


def mirax_folder(folder: Path) -> None:
    """Several files whose very names tell the patient."""
    with patch.multiple(openslide_files, **WORDS):
        openslide_files.write_mirax(folder, named("SlideFolder"))
    inside = folder / named("SlideFolder")
    settings = inside / "Slidedat.ini"
    words = (
        f"SLIDE_CREATIONDATETIME = {BIRTH_DASHED}\nSLIDE_UTC_CREATIONDATETIME = {BIRTH}\n"
        f"SLIDE_BARCODE = {named('SlideBarcode')}\nSCANNER_HARDWARE_ID = {named('Hardware')}\n"
    )
    settings.write_text(
        settings.read_text("utf-8").replace("SLIDE_NAME", f"{words}SLIDE_NAME")
        + f"[NONHIER_0]\nNAME = ScanDataLayer_SlideBarcode\nBARCODE_VALUE = {named('BarcodeRecord')}\n",
        "utf-8",
    )
    # Records that no level refers to, as the label's and the preview's are; and a file that none names.
    for name in ("Data0000.dat", "Index.dat"):
        with (inside / name).open("ab") as file:
            file.write(said(f"Record{name[0]}") * 9)
    (inside / "Data0001.dat").write_bytes(said("Preview") * 99)


def dicom_folder(folder: Path) -> None:
    """A series as an archive names it: two levels between a label and an overview."""
    folder.mkdir(parents=True)
    with patch.object(dicom_files, "IN_TRAILER", ""):
        instances = dicom_files.write_set(dicom_files.Recipe(undefined=False))
    for number, data in enumerate(instances):
        (folder / f"{named(f'Instance{number}')}.dcm").write_bytes(replanted(data))
