"""Slides that only OpenSlide reads, an identifier in each of their words, and slides of several files."""

from pathlib import Path
from unittest.mock import patch

from tests.canaries import dicom_planting
from tests.canaries.searching import NUMBER, named
from tests.tiling import openslide_files

WORDS = {"PATIENT": named("Patient"), "MRN": NUMBER, "USER": named("User")}


def philips(folder: Path) -> bytes:
    """XML with a barcode, a note and a label's picture in words."""
    with patch.multiple(openslide_files, **WORDS):
        openslide_files.write_philips(folder / "source")
    return (folder / "source").read_bytes()


def trestle(folder: Path) -> bytes:
    """Words in the description."""
    with patch.multiple(openslide_files, **WORDS):
        openslide_files.write_trestle(folder / "source")
    return (folder / "source").read_bytes()


def leica(folder: Path) -> bytes:
    """A barcode, names of the collection and its images."""
    with patch.multiple(openslide_files, **WORDS):
        openslide_files.write_leica(folder / "source", barcode=named("Barcode"))
    return (folder / "source").read_bytes()


def ventana(folder: Path) -> bytes:
    """The attributes of the scanner's element, one for each that names somebody or something."""
    attributes = " ".join(
        f'{name}="{named(name)}"'
        for name in ("Barcode1D", "Barcode2D", "UserName", "BuildDate", "BaseName", "JP2FileName")
    )
    with patch.multiple(openslide_files, **WORDS):
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


def dicom_folder(folder: Path) -> None:
    """A series of one instance, named as an archive names it."""
    folder.mkdir(parents=True)
    (folder / f"{named('Instance')}.dcm").write_bytes(dicom_planting.slide())
