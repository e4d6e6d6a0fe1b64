"""Find text with the PP-OCRv6 detector, whose weights come in the wheel of rapidocr, and nothing else of it.

rapidocr itself is not imported: it brings a downloader, a logger and a configuration along. ONNX Runtime
runs the weights, on this machine, without a network and without writing a file.
"""

import hashlib
import importlib.util
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder, TextFinderError, highest_text_px
from ground.ppocr_boxes import boxes_of
from ground.ppocr_lines import lines, with_ends
from ground.ppocr_strokes import all_strokes, strength

WEIGHTS_FILE = "PP-OCRv6_det_small.onnx"
_SIDE_MULTIPLE_PX = 32
MOST_TILE_SIDE_PX = 1280
"""Of what the network sees at once: about 350 MB."""
TILE_OVERLAP_PX = 160
MOST_ENLARGED_PX = 1_800_000
MOST_ENLARGEMENT = 2.0
SMALLEST_SIDE_PX = 8
COMPANY_PX = 64
COMPANY = ("Sample 12", "No. 55-81", "Control", "15:42:07")


def open_text_finder(*, threads: int = 1) -> TextFinder:
    """Load the weights and see that they find a written word.

    threads : how many the network may use. Raises TextFinderError.
    """
    path = _weights_path()
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise TextFinderError("The weights of the text detector cannot be read.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # pictures differ in size
    # Waiting threads that spin cost a third more, of processors that others wait for.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise TextFinderError("The weights of the text detector are damaged.") from error
    finder = PpocrFinder(session, hashlib.sha256(weights).hexdigest())
    finder.prove()
    return finder


class PpocrFinder:
    """A TextFinder. Pictures of any size; small ones are enlarged, large ones looked at in parts."""

    def __init__(self, session: Any, weights_sha256: str) -> None:
        self._session = session
        # Memory is given back after each picture rather than kept for good, and within one it is used again:
        # without that half of the time went into asking the system for it.
        self._run = onnxruntime.RunOptions()
        self._run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._input_name: str = session.get_inputs()[0].name
        self._name = (
            f"PP-OCRv6 det small (rapidocr {metadata.version('rapidocr')}, weights {weights_sha256[:12]}, "
            f"ONNX Runtime {onnxruntime.__version__})"
        )

    @property
    def name(self) -> str:
        return self._name

    def prove(self) -> None:
        """Raises TextFinderError unless a word is found where it is written, and nothing elsewhere."""
        picture = np.zeros((96, 256, 3), np.uint8)
        cv2.putText(picture, "Patient 1234", (24, 56), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 1)
        ys, xs = np.nonzero(picture[..., 0])
        if not any(
            box.x0 <= xs.min() and xs.max() < box.x1 and box.y0 <= ys.min() and ys.max() < box.y1
            for box in self.find(picture)
        ):
            raise TextFinderError("The text detector does not find a written word: its weights are damaged.")

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        """As `TextFinder.find`."""
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise TextFinderError("Text is looked for in pictures of three channels of 8 bits only.")
        height, width = rgb.shape[:2]
        if min(height, width) < SMALLEST_SIDE_PX:
            return ()
        scale = min(MOST_ENLARGEMENT, max(1.0, (MOST_ENLARGED_PX / (height * width)) ** 0.5))
        highest_px = highest_px or highest_text_px(height, width)
        found: list[TextBox] = []
        try:
            for y0, y1 in _parts(height, scale):
                for x0, x1 in _parts(width, scale):
                    found += self._find_in_part(
                        rgb[y0:y1, x0:x1], scale, (x0, y0), (width, height), highest_px
                    )
            if not found:
                return ()
            return with_ends(lines(found, strength(all_strokes(rgb))), width, height)
        except cv2.error as error:
            raise TextFinderError("The picture cannot be prepared for the text detector.") from error
        except MemoryError as error:
            raise TextFinderError("There is not enough memory to look for text.") from error

    def _find_in_part(
        self,
        part: NDArray[np.uint8],
        scale: float,
        origin: tuple[int, int],
        size: tuple[int, int],
        highest_px: float,
    ) -> list[TextBox]:
        likelihood = self._likelihood(part, scale)
        scale_y, scale_x = likelihood.shape[0] / part.shape[0], likelihood.shape[1] / part.shape[1]
        found = []
        for x0, y0, x1, y1, score in boxes_of(likelihood, highest_px=scale * highest_px):
            pad_px = 1.0 + 0.1 * min(x1 - x0, y1 - y0) / scale
            found.append(
                TextBox(
                    max(0, int(np.floor(x0 / scale_x - pad_px)) + origin[0]),
                    max(0, int(np.floor(y0 / scale_y - pad_px)) + origin[1]),
                    min(size[0], int(np.ceil(x1 / scale_x + pad_px)) + origin[0]),
                    min(size[1], int(np.ceil(y1 / scale_y + pad_px)) + origin[1]),
                    min(1.0, score),
                )
            )
        return found

    def _likelihood(self, rgb: NDArray[np.uint8], scale: float) -> NDArray[np.float32]:
        height, width = (_multiple(side * scale) for side in rgb.shape[:2])
        seen = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)
        company = _company(width)
        seen = np.vstack([company, seen, company])
        # The network wants blue first, from -1 to 1.
        wanted = cv2.dnn.blobFromImage(seen, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)
        try:
            (output,) = self._session.run(None, {self._input_name: wanted}, self._run)
        except Exception as error:
            raise TextFinderError("The text detector failed on a picture.") from error
        likelihood: NDArray[np.float32] = output[0, 0]
        if likelihood.shape != seen.shape[:2] or not np.isfinite(likelihood).all():
            raise TextFinderError("The text detector gave no sense on a picture.")
        return likelihood[COMPANY_PX:-COMPANY_PX]


@lru_cache(maxsize=8)
def _company(width_px: int) -> NDArray[np.uint8]:
    """(64, width, 3) uint8: words above and below the picture.

    The network judges by the picture as a whole: alone in a large one, a word is often overlooked, and where
    nothing is written it sees letters in speckle. Beside plain words it sees both as they are.
    """
    strip = np.zeros((COMPANY_PX, width_px, 3), np.uint8)
    for place, x in enumerate(range(12, width_px, 160)):
        word = COMPANY[place % len(COMPANY)]
        cv2.putText(strip, word, (x, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return strip


def _weights_path() -> Path:
    found = importlib.util.find_spec("rapidocr")  # looks for it without running it
    if found is None or found.origin is None:
        raise TextFinderError("The weights of the text detector are missing: rapidocr is not installed.")
    return Path(found.origin).parent / "models" / WEIGHTS_FILE


def _multiple(side: float) -> int:
    return max(1, round(side / _SIDE_MULTIPLE_PX)) * _SIDE_MULTIPLE_PX


def _parts(side_px: int, scale: float) -> list[tuple[int, int]]:
    """Overlapping stretches of one side, none larger than the network may see at once when enlarged."""
    most, overlap = int(MOST_TILE_SIDE_PX / scale), int(TILE_OVERLAP_PX / scale)
    count = 1 if side_px <= most else -(-(side_px - overlap) // (most - overlap))
    if count == 1:
        return [(0, side_px)]
    step = (side_px - overlap) / count
    starts = [round(number * step) for number in range(count)]
    return [(start, min(side_px, start + -(-(side_px - overlap) // count) + overlap)) for start in starts]
