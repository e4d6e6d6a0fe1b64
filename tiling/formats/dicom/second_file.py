"""One DICOM file as pydicom reads it: its data set, and the bytes of its frames."""

import io
import threading
import warnings
from typing import Any

import pydicom
from pydicom import encaps
from pydicom.errors import BytesLengthException, InvalidDicomError

from ground.source import ByteSource
from tiling.errors import VerificationError
from tiling.formats.dicom import tags
from tiling.formats.dicom.second_decoder import Header
from tiling.tiff.second_reader import _SourceFile

LIBRARY_ERRORS = (
    InvalidDicomError,
    BytesLengthException,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    StopIteration,
    OSError,
)

_KEYWORDS = [
    "DimensionOrganizationType",
    "TotalPixelMatrixColumns",
    "TotalPixelMatrixRows",
    "TotalPixelMatrixFocalPlanes",
    "OpticalPathSequence",
    "SharedFunctionalGroupsSequence",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
]
_PER_FRAME = "PerFrameFunctionalGroupsSequence"
# It logs and warns about values that it finds odd, and quotes them; a log must never hold a patient's.
pydicom.config.logger.disabled = True
warnings.filterwarnings("ignore", module=r"pydicom\.")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


class _NamedFile(_SourceFile):
    """pydicom asks each buffered file for its name."""

    name = ""


class SecondFile:
    """Thread-safe. Raises one of LIBRARY_ERRORS, VerificationError."""

    def __init__(self, source: ByteSource) -> None:
        self._lock = threading.Lock()
        self._file = io.BufferedReader(_NamedFile(source))
        self.dataset = self._read(_KEYWORDS)
        if self.dataset.get("DimensionOrganizationType") != "TILED_FULL":
            self.dataset = self._read([*_KEYWORDS, _PER_FRAME])
        d = self.dataset
        self.header = Header(
            transfer_syntax=str(d.file_meta.TransferSyntaxUID),
            rows=int(d.Rows),
            columns=int(d.Columns),
            samples=int(d.SamplesPerPixel),
            photometric=str(d.PhotometricInterpretation),
            planar_configuration=int(d.get("PlanarConfiguration") or 0),
            bits_allocated=int(d.BitsAllocated),
            bits_stored=int(d.BitsStored),
            is_signed=bool(d.PixelRepresentation),
        )
        self.frame_count = int(d.get("NumberOfFrames") or 1)
        self._find_frames()

    def _read(self, keywords: list[str]) -> Any:
        self._file.seek(0)
        return pydicom.dcmread(self._file, stop_before_pixels=True, specific_tags=list(keywords))

    def _find_frames(self) -> None:
        """pydicom stopped before the element of the pixel data; its value is behind tag, kind and length."""
        head_bytes = 8 if self.header.transfer_syntax == tags.IMPLICIT_VR else 12
        if self._file.read(4) != b"\xe0\x7f\x10\x00":
            raise VerificationError("two libraries find the source's pixel data in different places")
        self._file.seek(head_bytes - 4, io.SEEK_CUR)
        self._offsets: list[int] = []
        self._starts_at = self._file.tell()
        if self.header.transfer_syntax in tags.NATIVE:
            h = self.header
            size = h.rows * h.columns * h.samples * h.bits_allocated // 8
            self._offsets = [self._starts_at + size * n for n in range(self.frame_count + 1)]
            return
        offsets = encaps.parse_basic_offsets(self._file)
        first = self._file.tell()
        if "ExtendedOffsetTable" in self.dataset:
            table = self.dataset.ExtendedOffsetTable
            offsets = [int.from_bytes(table[at : at + 8], "little") for at in range(0, len(table), 8)]
        if len(offsets) == self.frame_count and offsets == sorted(offsets):
            self._offsets = [first + offset for offset in offsets]
        else:
            self._file.seek(first)
            count, places = encaps.parse_fragments(self._file)
            self._offsets = places if count == self.frame_count else []

    def frame(self, number: int) -> bytes:
        """The bytes of one frame as they stand in the file, without the items around them."""
        with self._lock:
            if not self._offsets:
                self._file.seek(self._starts_at)
                return encaps.get_frame(self._file, number, number_of_frames=self.frame_count)
            self._file.seek(self._offsets[number])
            if self.header.transfer_syntax in tags.NATIVE:
                return self._file.read(self._offsets[number + 1] - self._offsets[number])
            is_last = number + 1 == self.frame_count
            parts = []
            for fragment in encaps.generate_fragments(self._file):
                parts.append(fragment)
                if not is_last and self._file.tell() >= self._offsets[number + 1]:
                    break
            return b"".join(parts)
