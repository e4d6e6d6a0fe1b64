"""The real part of bench_scrub: is anything left to read in real loops, once they are scrubbed?

Every file of a folder is converted with the default rules, and every frame of the result is decoded as the
product does. Frames that differ by more than coding noise from those before are shown to two readers: the
detector with PP-OCR's recogniser, and tesseract. A word counts that stands in the source, too, at that place
or anywhere in the first frame: both read letters in speckle now and then. No word is ever printed.
"""

import csv
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scrub_reading import Reader, likeness

from ground.picture_text import TextFinder
from ground.ppocr import open_text_finder
from ground.source import FileSource
from video.canonical.decoder import FrameDecoder
from video.canonical.reader import open_canonical_video
from video.convert import convert
from video.errors import VideoError
from video.open_video import open_video
from video.scrub.pictures import Painter
from video.scrub.rules import ScrubRules

Rgb = NDArray[np.uint8]
LEAST_LETTERS = 3
SURE_PERCENT = 60
SAME_LIKENESS = 0.75
SQUARE_PX, NOISE = 8, 6
"""A frame is another one where a square's mean differs by more grey levels."""
MOST_KEPT = 4
NEAR_PX = 8


class Word(NamedTuple):
    text: str
    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class FileFound:
    """frames: of the result; looked_at: those that differ. The rest: words, but for the boxes of the detector
    in what was looked at. reason: why the file was not converted; nothing of it is shown then."""

    number: int
    frames: int = 0
    looked_at: int = 0
    source_words: int = 0
    result_words: int = 0
    result_boxes: int = 0
    reason: str = ""


class SecondReader:
    """Tesseract."""

    def __init__(self) -> None:
        found = shutil.which("tesseract")
        if found is None:
            raise SystemExit("tesseract, the second reader, is not installed")
        self._command = [found, "-", "-", "--psm", "11", "tsv"]

    def words(self, rgb: Rgb) -> list[Word]:
        """Those of three letters or digits and more that it believes to have read; px of the picture."""
        _, picture = cv2.imencode(".png", cv2.resize(rgb[..., ::-1], None, fx=2, fy=2))
        done = subprocess.run(
            self._command, input=picture.tobytes(), capture_output=True, timeout=120, check=True
        )
        rows = csv.DictReader(
            done.stdout.decode(errors="replace").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE
        )
        found = []
        for row in rows:
            if float(row["conf"]) >= SURE_PERCENT and _letters(row["text"] or "") >= LEAST_LETTERS:
                x, y, width, height = (int(row[name]) // 2 for name in ("left", "top", "width", "height"))
                found.append(Word(row["text"], x, y, x + width, y + height))
        return found


class FirstReader:
    """The detector, and PP-OCR's recogniser in its boxes."""

    def __init__(self, finder: TextFinder) -> None:
        self._finder, self._reader = finder, Reader()

    def words(self, rgb: Rgb) -> tuple[list[Word], int]:
        """And in how many boxes it looked for them."""
        boxes = self._finder.find(rgb)
        found = [
            Word(self._reader.read(rgb[box.y0 : box.y1, box.x0 : box.x1]), box.x0, box.y0, box.x1, box.y1)
            for box in boxes
        ]
        return [word for word in found if _letters(word.text) >= LEAST_LETTERS], len(boxes)


def read_file(path: Path, number: int = 0) -> FileFound:
    """Scrub one file, and read what comes out."""
    finder = open_text_finder()
    with tempfile.TemporaryDirectory() as folder, FileSource(path) as source:
        try:
            convert(
                source,
                Path(folder),
                progress=lambda *_: None,
                cancelled=lambda: False,
                rules=ScrubRules(),
                finder=finder,
                workers=1,
            )
        except VideoError as error:
            return FileFound(number, reason=str(error))
        return _read(number, open_video(source).frames(), Path(folder), finder)


def _read(number: int, source_frames: Iterator[Any], folder: Path, finder: TextFinder) -> FileFound:
    first, second = FirstReader(finder), SecondReader()
    words_at_first: list[Word] = []
    seen: list[NDArray[np.int16]] = []
    looked_at = left = boxes_left = count = 0
    with open_canonical_video(folder) as video:
        painter, decoder = Painter(video.info.picture), FrameDecoder(video.info)
        for count, frame in enumerate(source_frames, 1):
            planes = decoder.planes(video.read(count - 1))
            result = painter.paint(planes).copy()
            small = _small(result)
            if any(np.abs(small - other).max() <= NOISE for other in seen):
                continue
            seen = [*seen[-MOST_KEPT:], small]
            looked_at += 1
            source = painter.paint(frame.planes).copy()
            if count == 1:
                words_at_first = [*second.words(source), *first.words(source)[0]]
            ours, boxes = first.words(result)
            boxes_left += boxes
            for reader_words, read_source in (
                (second.words(result), second.words),
                (ours, lambda rgb: first.words(rgb)[0]),
            ):
                if reader_words:
                    there = read_source(source)
                    left += sum(_stands_in(word, there, words_at_first) for word in reader_words)
    return FileFound(number, count, looked_at, len(words_at_first), left, boxes_left)


def _stands_in(word: Word, there: list[Word], anywhere: list[Word]) -> bool:
    return any(likeness(other.text, word.text) >= SAME_LIKENESS for other in anywhere) or any(
        _is_near(word, other) and likeness(other.text, word.text) >= SAME_LIKENESS for other in there
    )


def _is_near(word: Word, other: Word) -> bool:
    across = min(word.x1, other.x1) - max(word.x0, other.x0)
    down = min(word.y1, other.y1) - max(word.y0, other.y0)
    return min(across, down) > -NEAR_PX


def _small(rgb: Rgb) -> NDArray[np.int16]:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    size = max(1, grey.shape[1] // SQUARE_PX), max(1, grey.shape[0] // SQUARE_PX)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.int16)


def _letters(text: str) -> int:
    return len(re.sub(r"[\W_]", "", text))


def measure(folder: Path, *, workers: int) -> dict[str, Any]:
    """Of every file of the folder."""
    before_s = time.monotonic()
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    with ProcessPoolExecutor(workers) as pool:
        found = list(pool.map(read_file, paths, range(len(paths))))
    return {"files": [vars(one) for one in found], "wall_s": time.monotonic() - before_s}


def bars(found: dict[str, Any]) -> dict[str, bool]:
    read = [one for one in found["files"] if not one["reason"]]
    return {
        "something was read in the sources": any(one["source_words"] for one in read),
        "every file was scrubbed": len(read) == len(found["files"]),
        "nothing is left to read": not any(one["result_words"] for one in read),
    }


def say(found: dict[str, Any]) -> None:
    print("file  frames  looked at  words in the source  in the result  boxes in the result")
    for one in found["files"]:
        if one["reason"]:
            print(f"{one['number']:4}  {one['reason']}")
            continue
        print(
            f"{one['number']:4}  {one['frames']:6}  {one['looked_at']:9}  {one['source_words']:19}  "
            f"{one['result_words']:13}  {one['result_boxes']:19}"
        )
    print(f"  {found['wall_s']:.0f} s")
