"""The process that converts one file: ``python -m server.ingest.worker``, the plan on standard input.

It is a process of its own because what it reads may be hostile: whatever it does to itself, the server goes
on. It has a bound on memory, leaves no core dump (the original is in its memory), and dies with its parent.
"""

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import msgspec

from ground.finder_ahead import FinderAhead
from ground.finding import Box
from ground.picture_text import TextFinder, TextFinderError
from ground.removed import TooMuchToSearchForError
from ground.subject import Subject
from server.deid import SealedFile, SealedReader
from server.deid.errors import QuarantineError
from server.deid.pseudonym_digest import subject_digest
from server.errors import place_of
from server.ingest.confinement import confine
from server.ingest.kind import kind_of
from server.ingest.pictures import ReviewPictures
from server.ingest.plan import Converted, Failed, Kind, Message, NoSpace, Plan, Progress, Refused
from tiling import convert as slide_conversion
from tiling import errors
from tiling.open_slide import open_slide
from tiling.scratch import Scratch
from video import convert as video_conversion
from video import errors as video_errors
from video.limits import Limits
from video.model import PictureFormat
from video.open_video import open_video
from video.scrub.scrub import Scrub
from video.scrub.survey import WINDOW_FRAMES

PROGRESS_EVERY_S = 0.2
SWITCH_INTERVAL_S = 0.001
"""Its threads wait for each other's small array operations; with Python's own 5 ms it takes 5 % longer."""
TEXT_SEARCH_FAILED = (
    "The detector that looks for text in pictures failed; nothing can be said to be clean without it."
)
TOO_MUCH = "Converting this file needs more memory than is allowed."
TOO_DEEP = "The file's parts are nested deeper than is allowed."
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

KINDS: dict[type[Exception], str] = {
    errors.NotASlideError: "not-a-slide",
    errors.UnsupportedSlideError: "unsupported-slide",
    errors.CorruptSlideError: "corrupt-slide",
    errors.SlideTooLargeError: "slide-too-large",
    errors.VerificationError: "not-proved-clean",
    errors.TilingError: "conversion-failed",
    video_errors.NotAVideoError: "not-a-slide",
    video_errors.UnsupportedVideoError: "unsupported-video",
    video_errors.CorruptVideoError: "corrupt-video",
    video_errors.VideoTooLargeError: "video-too-large",
    video_errors.VerificationError: "not-proved-clean",
    video_errors.VideoError: "conversion-failed",
    TooMuchToSearchForError: "not-proved-clean",
}


def main() -> int:
    """Convert, and say how it went on standard output."""
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=Plan)
    confine(plan)
    # The conversion brings its own threads; OpenCV's stand in their way (measured: 20.6 s instead of 18.0).
    cv2.setNumThreads(1)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # Standard output is for messages alone: what a library prints goes nowhere.
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _say(output, work(plan, _Reporter(output)))
    return 0


def work(plan: Plan, report_progress: "_Reporter") -> Message:
    """Convert; every way that it can end is a message."""
    if plan.plain_bytes == 0:
        return Refused("not-a-slide", "The file is empty.")
    sealed = SealedFile(plan.sealed_name, plan.plain_bytes, plan.data_key)
    pictures = ReviewPictures()
    try:
        with (
            SealedReader(Path(plan.sealed_path), sealed) as source,
            Scratch(Path(plan.scratch_dir), plan.scratch_bytes, plan.reserve_bytes) as scratch,
        ):
            kind = report_progress.kind = kind_of(source)
            if kind == "unknown":
                return Refused("not-a-slide", "The file is of no kind of slide, loop or video that is known.")
            if kind == "video":
                report, subject = _convert_video(plan, source, report_progress, pictures)
            else:
                report, subject = _convert_slide(plan, source, scratch, report_progress, pictures)
        pictures.write(Path(plan.review_path), plan.data_key, plan.sealed_name)
        return _converted(plan, kind, report, subject)
    except BaseException as error:  # noqa: BLE001 - this is the last line of this process
        message = _message(error)
        if isinstance(message, Refused):
            # Whoever decides what to mask instead has to see what there is.
            with contextlib.suppress(QuarantineError, OSError):
                pictures.write(Path(plan.review_path), plan.data_key, plan.sealed_name)
        return message


def _convert_slide(
    plan: Plan,
    source: SealedReader,
    scratch: Scratch,
    report_progress: "_Reporter",
    pictures: ReviewPictures,
) -> tuple[dict[str, Any], Subject | None]:
    report = slide_conversion.convert(
        source,
        Path(plan.output_dir),
        progress=report_progress,
        cancelled=lambda: False,
        workers=plan.workers,
        forbidden=plan.forbidden,
        scratch=scratch,
        largest_ratio=plan.largest_ratio,
        rules=plan.slide_rules,
        finder=_open_finder(threads=plan.workers),
        added=plan.added,
        removed=plan.removed,
        review=pictures.add,
    )
    return report.to_json(), _subject_of_slide(source)


def _subject_of_slide(source: SealedReader) -> Subject | None:
    """Whose slide it is. Formats that need a plain copy to be opened have no element for that."""
    try:
        return open_slide(source).subject
    except errors.TilingError:
        return None


def _convert_video(
    plan: Plan, source: SealedReader, report_progress: "_Reporter", pictures: ReviewPictures
) -> tuple[dict[str, Any], Subject | None]:
    limits = Limits()
    video = open_video(source, limits)
    frames = video.promised_frames  # what is longer than a window is looked at in two places at once
    report = video_conversion.convert_video(
        video,
        Path(plan.output_dir),
        source_bytes=source.size_bytes,
        progress=report_progress,
        cancelled=lambda: False,
        workers=plan.workers,
        forbidden=plan.forbidden,
        limits=limits,
        gop=plan.video_gop,
        scrub=Scrub(
            plan.video_rules,
            _open_finder(threads=plan.workers if frames and frames <= WINDOW_FRAMES else 1),
            _in_picture(plan.added, video.picture),
            _in_picture(plan.removed, video.picture),
            pictures.add,
        ),
    )
    return report.to_json(), video.subject


def _in_picture(boxes: Sequence[Box], picture: PictureFormat) -> tuple[Box, ...]:
    """Boxes as far as they lie in the picture: of a source that was never converted nobody knew its size."""
    return tuple(
        replace(box, x1=min(box.x1, picture.width_px), y1=min(box.y1, picture.height_px))
        for box in boxes
        if box.x0 < picture.width_px and box.y0 < picture.height_px
    )


def _open_finder(*, threads: int) -> TextFinder:
    """The text detector. Its engine takes a moment to load, and most files that are refused never need it."""

    def load() -> TextFinder:
        from ground.ppocr import open_text_finder  # noqa: PLC0415

        return open_text_finder(threads=threads)

    return FinderAhead(load)


def _converted(plan: Plan, kind: Kind, report: dict[str, Any], subject: Subject | None) -> Converted:
    if subject is None:
        return Converted(kind, report)
    day = subject.acquired_on.isoformat() if subject.acquired_on is not None else None
    return Converted(kind, report, subject_digest(plan.pseudonym_key, subject), day)


def _message(error: BaseException) -> Message:
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in NO_SPACE:
            return NoSpace()
        if isinstance(cause, MemoryError | RecursionError):
            return Refused("too-demanding", TOO_MUCH if isinstance(cause, MemoryError) else TOO_DEEP)
        if isinstance(cause, TextFinderError):
            return Refused("text-search-failed", TEXT_SEARCH_FAILED)
        if isinstance(cause, QuarantineError):
            return Refused("quarantine", str(cause))
    if isinstance(error, tuple(KINDS)):
        kind = next(KINDS[base] for base in type(error).__mro__ if base in KINDS)
        return Refused(kind, _sentence(str(error)))
    return Failed(type(error).__name__, place_of(error))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


class _Reporter:
    """Progress, a few times a second however often it is called, from whichever thread."""

    def __init__(self, output: BinaryIO) -> None:
        self.kind: Kind = "unknown"
        self._output = output
        self._stage = ""
        self._next_s = 0.0
        self._lock = threading.Lock()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        with self._lock:
            if stage == self._stage and now_s < self._next_s:
                return
            self._stage, self._next_s = stage, now_s + PROGRESS_EVERY_S
            _say(self._output, Progress(str(stage), done, total, self.kind))


def _say(output: BinaryIO, message: Message) -> None:
    with contextlib.suppress(BrokenPipeError):
        output.write(msgspec.json.encode(message) + b"\n")


def _die_with_parent() -> None:
    """The parent holds our standard input open for as long as it lives."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
