"""Whether a string can be read at all by one who is told where it stands: then, and only then, it must go.

Two readers are asked, on the cut-out string alone: PP-OCR's recogniser and, where it is installed,
tesseract. A string is legible if either gets three quarters of its letters and digits right, in order.
"""

import difflib
import importlib.util
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

READ_LEAST = 0.75
LINE_PX = 48


class Reader:
    def __init__(self) -> None:
        found = importlib.util.find_spec("rapidocr")
        if found is None or found.origin is None:
            raise SystemExit("rapidocr, whose weights read the strings, is not installed")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        path = Path(found.origin).parent / "models" / "PP-OCRv6_rec_small.onnx"
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._letters = ["", *self._session.get_modelmeta().custom_metadata_map["character"].split("\n"), " "]
        self._tesseract = shutil.which("tesseract")

    def can_read(self, text: str, cut: NDArray[np.uint8]) -> bool:
        """cut: (h, w, 3) uint8 RGB around the string."""
        if likeness(text, self.read(cut)) >= READ_LEAST:
            return True
        if self._tesseract is None:
            return False
        return likeness(text, read_with(self._tesseract, cut)) >= READ_LEAST

    def read(self, cut: NDArray[np.uint8]) -> str:
        width = max(320, round(cut.shape[1] * LINE_PX / cut.shape[0]))
        seen = cv2.resize(cut, (round(cut.shape[1] * LINE_PX / cut.shape[0]), LINE_PX))
        wanted = np.zeros((1, 3, LINE_PX, width), np.float32)
        wanted[0, :, :, : seen.shape[1]] = (seen[..., ::-1].transpose(2, 0, 1) / 127.5) - 1
        (output,) = self._session.run(None, {self._session.get_inputs()[0].name: wanted})
        best = output[0].argmax(axis=1)
        changes = np.flatnonzero(np.diff(best, prepend=0))
        return "".join(
            self._letters[best[place]] for place in changes if 0 < best[place] < len(self._letters)
        )


def read_with(tesseract: str, cut: NDArray[np.uint8]) -> str:
    """What tesseract takes the one line for."""
    luma = cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY)
    scale = max(1.0, 40 / cut.shape[0])
    luma = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    luma = cv2.copyMakeBorder(255 - luma, 12, 12, 12, 12, cv2.BORDER_REPLICATE)
    _, picture = cv2.imencode(".png", luma)
    command = [tesseract, "-", "-", "--psm", "7"]
    done = subprocess.run(command, input=picture.tobytes(), capture_output=True, timeout=30, check=False)
    return done.stdout.decode(errors="replace")


def likeness(wanted: str, read: str) -> float:
    """The share of the wanted letters and digits that stand in what was read, in their order."""
    one, other = (_plain(text) for text in (wanted, read))
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(len(one), 1)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum()).replace("O", "0").replace("I", "1")
