"""The text part of bench_scrub: are strings over real frames found, and how much else is taken for text?

A string counts only if at least 95 % of its ink is under the boxes, in every frame. Recall is of legible
strings: those that a reader who is told where they stand can read (see scrub_reading). Two figures say what
else is masked of the sector: `no_text`, boxes that touch no text at all, own or native; `margins`, what lies
further from a text's ink than half its height (or 6 px) of boxes that do touch one.
"""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scrub_frames import LOOP_LEAST, Loop, loops
from scrub_reading import Reader
from scrub_strings import Wish, Written, font_files, ink_covered, wishes, write

from ground.picture_text import TextBox, TextFinder
from ground.ppocr import open_text_finder
from video.overlay.survey_model import Window
from video.overlay.text import text_boxes
from video.scrub.control import ControlledFinder

COVERED_LEAST = 0.95
PER_PICTURE = 9
CHANGE_NOISE = 4
MEDIAN_FRAMES, SAMPLES = 25, 5
SECTOR_LEAST_SHARE = 0.02
BARS = {"loops": 0.995, "single": 0.97}
AT_MOST_NO_TEXT = 0.005
AT_MOST_CPU_S = 2.0


@dataclass
class Tally:
    """Strings, and pixels of sectors, of all pictures of one kind."""

    strings: list[tuple[Wish, bool, float]] = field(default_factory=list)
    sector_px: int = 0
    no_text_px: int = 0
    margin_px: int = 0
    cpu_s: list[float] = field(default_factory=list)

    def recall(self, **wanted: Any) -> dict[str, Any]:
        """Of legible strings whose wish has these values."""
        covers = [
            cover
            for wish, is_legible, cover in self.strings
            if is_legible and all(getattr(wish, name) == value for name, value in wanted.items())
        ]
        found = sum(cover >= COVERED_LEAST for cover in covers)
        return {"legible": len(covers), "found": found, "recall": found / len(covers) if covers else None}


def measure(folder: Path, *, count: int, seed: int) -> dict[str, Any]:
    """`count` strings over loops, and as many over single frames."""
    rng, reader = np.random.default_rng(seed), Reader()
    finder = ControlledFinder(open_text_finder())  # as a scrub asks it
    files = list(loops(folder))
    native = {loop.name: _native(loop, finder) for loop in files}
    moving = [loop for loop in files if len(loop.frames) >= LOOP_LEAST]
    over_loops, over_single = Tally(), Tally()
    for tally, sources, is_loop in ((over_loops, moving, True), (over_single, files, False)):
        turn = 0
        while len(tally.strings) < count:
            loop = sources[turn % len(sources)]
            turn += 1
            chosen = np.s_[:] if is_loop else [int(rng.integers(len(loop.frames)))]
            wanted = wishes(rng, PER_PICTURE, may_move=is_loop)
            frames, written = write(loop.frames[chosen], wanted, loop.sector, native[loop.name], rng)
            if written:
                _judge(tally, frames, written, loop, native[loop.name], finder, reader)
    return {
        "detector": finder.name,
        "fonts": font_files(),
        "seed": seed,
        "loops": _said(over_loops),
        "single": _said(over_single),
    }


def bars(found: dict[str, Any]) -> dict[str, bool]:
    """What must be reached, and whether it is."""
    reached = {f"recall, {kind}": found[kind]["all"]["recall"] >= least for kind, least in BARS.items()}
    for kind in BARS:
        reached[f"masked without text, {kind}"] = found[kind]["no_text"] <= AT_MOST_NO_TEXT
    reached["processor time, loops"] = found["loops"]["cpu_s_mean"] <= AT_MOST_CPU_S
    return reached


def say(found: dict[str, Any]) -> None:
    print(found["detector"])
    for kind in BARS:
        part = found[kind]
        print(f"{kind}: {part['strings']} strings, {part['all']['legible']} legible")
        for name, value in part.items():
            if isinstance(value, dict) and value["recall"] is not None:
                print(f"  recall {name:12} {value['recall']:7.2%}  ({value['found']} of {value['legible']})")
        print(f"  of the sector   {part['no_text']:.2%} without text, {part['margins']:.2%} margins of text")
        print(f"  processor       {part['cpu_s_mean']:.2f} s each, at most {part['cpu_s_most']:.2f}")


def window_of(frames: NDArray[np.uint8]) -> Window:
    """What one pass over these (n, h, w, 3) frames remembers of them."""
    count = len(frames)
    evenly = np.linspace(0, count - 1, min(count, MEDIAN_FRAMES)).round().astype(int)
    luma = frames @ np.array([0.299, 0.587, 0.114], np.float32)
    change = np.clip(np.ptp(luma, axis=0) - CHANGE_NOISE, 0, 255).astype(np.uint8)
    numbers = sorted({int(number) for number in np.linspace(0, count - 1, SAMPLES).round()})
    return Window(
        0,
        count - 1,
        frames.min(axis=0),
        frames.max(axis=0),
        np.median(frames[evenly], axis=0).astype(np.uint8),
        change,
        tuple((number, frames[number]) for number in numbers),
    )


def _judge(
    tally: Tally,
    frames: NDArray[np.uint8],
    written: list[Written],
    loop: Loop,
    native: NDArray[np.bool_],
    finder: TextFinder,
    reader: Reader,
) -> None:
    window = window_of(frames)
    before_s = time.process_time()
    boxes = text_boxes(window, finder, lambda: iter(frames))
    tally.cpu_s.append(time.process_time() - before_s)
    masked = _marked(loop.sector.shape, boxes)
    near_text = native.copy()
    for string in written:
        tally.strings.append((string.wish, _is_legible(string, frames, reader), ink_covered(string, masked)))
        for number in range(len(frames)):
            x0, y0, x1, y1 = string.box(number, max(6, string.alpha.shape[0] // 2))
            near_text[max(0, y0) : y1, max(0, x0) : x1] = True
    if loop.sector.mean() < SECTOR_LEAST_SHARE:
        return
    alone = [box for box in boxes if not near_text[box.y0 : box.y1, box.x0 : box.x1].any()]
    without_text = _marked(loop.sector.shape, alone) & loop.sector
    tally.sector_px += int(loop.sector.sum())
    tally.no_text_px += int(without_text.sum())
    tally.margin_px += int((masked & loop.sector & ~near_text & ~without_text).sum())


def _native(loop: Loop, finder: TextFinder) -> NDArray[np.bool_]:
    """Where the file has text of its own, as far as the detector sees it in the first frame."""
    return _marked(loop.sector.shape, finder.find(loop.frames[0]))


def _marked(shape: tuple[int, ...], boxes: tuple[TextBox, ...] | list[TextBox]) -> NDArray[np.bool_]:
    marked = np.zeros(shape, np.bool_)
    for box in boxes:
        marked[box.y0 : box.y1, box.x0 : box.x1] = True
    return marked


def _is_legible(string: Written, frames: NDArray[np.uint8], reader: Reader) -> bool:
    """In the first, the middle or the last frame."""
    for number in sorted({0, len(frames) // 2, len(frames) - 1}):
        x0, y0, x1, y1 = string.box(number, 3)
        if reader.can_read(string.wish.text, frames[number, max(0, y0) : y1, max(0, x0) : x1]):
            return True
    return False


def _said(tally: Tally) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = defaultdict(dict)
    kinds["all"] = {}
    kinds["inside"], kinds["outside"] = {"is_inside": True}, {"is_inside": False}
    kinds["still"], kinds["moving"] = {"is_moving": False}, {"is_moving": True}
    for contrast in ("full", "+100", "+45"):
        kinds[contrast] = {"contrast": contrast}
    sector_px = max(1, tally.sector_px)
    return {
        "strings": len(tally.strings),
        **{name: tally.recall(**wanted) for name, wanted in kinds.items()},
        "whatever legible": sum(cover >= COVERED_LEAST for *_, cover in tally.strings) / len(tally.strings),
        "no_text": tally.no_text_px / sector_px,
        "margins": tally.margin_px / sector_px,
        "cpu_s_mean": float(np.mean(tally.cpu_s)),
        "cpu_s_most": max(tally.cpu_s),
    }
