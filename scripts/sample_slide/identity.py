"""An invented patient, put where scanners put real ones: text keys, the label, and the macro photograph.

Taking a slide in has to remove all of it; the demo and the tests look for these very words afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LABEL_WIDTH_PX, LABEL_HEIGHT_PX = 387, 463
MACRO_WIDTH_PX, MACRO_HEIGHT_PX = 1280, 431
INK = (28, 26, 24)


@dataclass(frozen=True, slots=True)
class Patient:
    """Nobody. Every value is made up."""

    name: str = "QUILLFEATHER, TESSALY"
    record_number: str = "MRN 00731964"
    born: str = "1958-03-09"
    accession: str = "S26-04417"
    taken: str = "2026-02-01"
    physician: str = "Dr. A. Example"
    specimen: str = "LIVER, SEGMENT VI  H&E"

    def words(self) -> tuple[str, ...]:
        """What may not be found in anything that leaves quarantine."""
        parts = self.name.split(", ")
        return (*parts, self.record_number.split()[1], self.accession, self.physician, self.born)


def description_keys(patient: Patient, width_px: int, height_px: int, um_per_px: float) -> str:
    """The part of an Aperio ImageDescription after the first lines: keys between bars."""
    keys = {
        "AppMag": "40",
        "StripeWidth": "2040",
        "ScanScope ID": "SS0000",
        "Filename": f"{patient.accession} {patient.name}",
        "Title": f"{patient.accession} {patient.name} {patient.record_number}",
        "Date": "02/01/26",
        "Time": "08:15:27",
        "User": patient.physician,
        "Barcode": f"{patient.accession}-A1-1",
        "Patient": f"{patient.name} {patient.born}",
        "Parmset": "40X",
        "MPP": f"{um_per_px:.4f}",
        "Left": "22.521683",
        "Top": "19.104578",
        "LineCameraSkew": "-0.000424",
        "Focus Offset": "0.000000",
        "DSR ID": "slidereel-sample",
        "ImageID": "1004417",
        "OriginalWidth": str(width_px),
        "OriginalHeight": str(height_px),
    }
    return "".join(f"|{key} = {value}" for key, value in keys.items())


def draw_label(patient: Patient) -> NDArray[np.uint8]:
    """The paper label as the label camera sees it: (463, 387, 3) uint8 RGB."""
    paper = np.full((LABEL_HEIGHT_PX, LABEL_WIDTH_PX, 3), (247, 246, 240), np.uint8)
    cv2.rectangle(paper, (5, 5), (LABEL_WIDTH_PX - 6, LABEL_HEIGHT_PX - 6), INK, 2)
    lines = (
        (patient.accession, 1.15),
        (patient.name.split(", ")[0], 0.98),
        (patient.name.split(", ")[1], 0.98),
        (patient.record_number, 0.85),
        (f"born {patient.born}", 0.70),
        (patient.specimen, 0.60),
        (f"{patient.taken}  {patient.physician}", 0.60),
    )
    baseline_px = 18
    for text, scale in lines:
        baseline_px += int(34 * scale) + 9
        cv2.putText(paper, text, (18, baseline_px), cv2.FONT_HERSHEY_SIMPLEX, scale, INK, 2, cv2.LINE_AA)
    _barcode(paper, top_px=344, bottom_px=418, patient=patient)
    cv2.putText(paper, "invented patient", (18, 446), cv2.FONT_HERSHEY_SIMPLEX, 0.6, INK, 1, cv2.LINE_AA)
    return paper


def draw_macro(patient: Patient, overview: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photograph of the whole glass, label included: (431, 1280, 3) uint8 RGB."""
    photograph = np.full((MACRO_HEIGHT_PX, MACRO_WIDTH_PX, 3), (206, 208, 211), np.uint8)
    glass_top_px, glass_height_px = 14, MACRO_HEIGHT_PX - 28
    corners = (10, glass_top_px), (MACRO_WIDTH_PX - 11, glass_top_px + glass_height_px)
    cv2.rectangle(photograph, *corners, (229, 231, 232), -1)
    label = cv2.rotate(draw_label(patient), cv2.ROTATE_90_CLOCKWISE)
    label_width_px = 340
    label = cv2.resize(label, (label_width_px, glass_height_px - 16), interpolation=cv2.INTER_AREA)
    photograph[glass_top_px + 8 : glass_top_px + 8 + label.shape[0], 18 : 18 + label_width_px] = label
    room_width_px, room_height_px = 780, glass_height_px - 40
    scale = min(room_width_px / overview.shape[1], room_height_px / overview.shape[0])
    size = max(int(overview.shape[1] * scale), 1), max(int(overview.shape[0] * scale), 1)
    tissue = cv2.resize(overview, size, interpolation=cv2.INTER_AREA)
    left_px = 410 + (room_width_px - size[0]) // 2
    top_px = glass_top_px + (glass_height_px - size[1]) // 2
    place = photograph[top_px : top_px + size[1], left_px : left_px + size[0]]
    # The overview's own glass is its brightest part: only what is stained darkens the photograph.
    through = np.minimum(tissue.astype(np.float32) / np.percentile(tissue, 75, axis=(0, 1)).clip(1), 1)
    place[:] = (place * through).astype(np.uint8)
    cv2.rectangle(photograph, *corners, (150, 154, 158), 2)
    return photograph


def _barcode(paper: NDArray[np.uint8], *, top_px: int, bottom_px: int, patient: Patient) -> None:
    """Bars that spell the accession number's bits: no real symbology, but every bit as identifying."""
    bits = "".join(f"{byte:08b}" for byte in f"{patient.accession}-A1".encode())
    left_px = 20
    for number, bit in enumerate(bits):
        width_px = 4 if bit == "1" else 2
        if number % 2 == 0:
            cv2.rectangle(paper, (left_px, top_px), (left_px + width_px - 1, bottom_px), INK, -1)
        left_px += width_px
        if left_px > LABEL_WIDTH_PX - 24:
            break
