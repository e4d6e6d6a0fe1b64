"""Convert a clip or loop to a canonical one: plan, execute, verify. Fails closed and leaves no halves."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from ground.finding import Box, Finding, ReviewPicture
from ground.picture_text import TextFinder
from ground.source import ByteSource
from video.canonical.layout import DESCRIPTION_FILE, FRAMES_FILE, THUMBNAILS_FILE, VIDEO_FILE, Description
from video.canonical.mp4_writer import MOVED_SUFFIX
from video.canonical.writer import write_durably
from video.errors import CanonicalVideoError, VerificationError
from video.limits import Limits
from video.model import CalibrationRegion, Place, Video
from video.open_video import open_video
from video.scrub.course import Course, stop_if
from video.scrub.execute import Executed, execute
from video.scrub.masks import Blanker
from video.scrub.plan import ScrubPlan
from video.scrub.result import ResultWatch
from video.scrub.rules import ScrubRules
from video.scrub.scrub import Scrub
from video.scrub.verify import Proof, check_description, verify

_FILES = (DESCRIPTION_FILE, FRAMES_FILE, THUMBNAILS_FILE, VIDEO_FILE, VIDEO_FILE + MOVED_SUFFIX)
_ROUNDS = 2
_FRAMES_SHARE = 0.8
"""Of the time that a proof takes, if text is looked for: until every frame is compared."""
GOPS = (1, 12)
"""Distances of key frames: every frame one, or, for thin links, every twelfth."""


class Stage(StrEnum):
    LOOKING = "looking"
    """Only where a scrub is asked for."""
    CONVERTING = "converting"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class VideoReport:
    """What was made and how it was proved. Holds names of places and numbers, never a value of the source.

    psnr_db: of each frame's worst plane or its RGB, against the decoded, masked source: least and mean.
    scrub: what was found in the pictures and what became of it; None where nobody asked.
    """

    width_px: int
    height_px: int
    frame_count: int
    duration_s: float
    source_format: str
    remarks: tuple[str, ...]
    losses: tuple[str, ...]
    regions: tuple[CalibrationRegion, ...]
    places: tuple[Place, ...]
    proof: dict[str, Any]
    psnr_db: dict[str, float]
    gop: int
    canonical_bytes: int
    canonical_sha256: str
    scrub: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        stated = asdict(self)
        stated["places"] = stated_places(self.places)
        if self.scrub is None:
            del stated["scrub"]
        return stated


def stated_places(places: Sequence[Place]) -> list[dict[str, Any]]:
    """For JSON: names and numbers."""
    return [
        {"place": place.name, "action": place.action.value, "byte_count": place.byte_count}
        for place in places
    ]


def convert(
    source: ByteSource,
    output_dir: Path,
    *,
    progress: Callable[[Stage, int, int], None],
    cancelled: Callable[[], bool],
    workers: int = 2,
    forbidden: Sequence[str] = (),
    limits: Limits | None = None,
    masks: Sequence[Box] = (),
    gop: int = 1,
    rules: ScrubRules | None = None,
    finder: TextFinder | None = None,
    added: Sequence[Box] = (),
    removed: Sequence[Box] = (),
    review: Callable[[ReviewPicture], None] | None = None,
) -> VideoReport:
    """Write video.mp4, frames.bin, thumbnails.bin and video.json into `output_dir`, which exists and holds
    none of them.

    Reports frames done and in all at each stage; 0 in all where the source does not say how many.
    `forbidden`: further strings that the result must not contain. `masks`: blanked in their frames.
    `rules`: what to look for in the pictures and to blank; None: nothing. `finder`: looks for text.
    `added`, `removed`: a reviewer's masks, and places where what is found may stay. `review` is handed
    pictures of the source that may show the patient: it must write them nowhere but encrypted.
    Raises VideoError, ValueError for a mask outside of the frame, or OSError where the disk refuses; then
    none of the files remains.
    """
    limits = limits or Limits()
    return convert_video(
        open_video(source, limits),
        output_dir,
        source_bytes=source.size_bytes,
        progress=progress,
        cancelled=cancelled,
        workers=workers,
        forbidden=forbidden,
        limits=limits,
        masks=masks,
        gop=gop,
        scrub=None if rules is None else Scrub(rules, finder, tuple(added), tuple(removed), review),
    )


def convert_video(
    video: Video,
    output_dir: Path,
    *,
    source_bytes: int,
    progress: Callable[[Stage, int, int], None],
    cancelled: Callable[[], bool],
    workers: int = 2,
    forbidden: Sequence[str] = (),
    limits: Limits,
    masks: Sequence[Box] = (),
    gop: int = 1,
    scrub: Scrub | None = None,
) -> VideoReport:
    """As `convert`, of an opened source. source_bytes: its size, for a guess at how many frames it has."""
    if gop not in GOPS:
        raise ValueError("key frames are every frame or every twelfth")
    if any((output_dir / name).exists() for name in _FILES):
        raise CanonicalVideoError("there is a canonical video in this place already")
    maker = _Maker(
        video, output_dir, source_bytes, progress, cancelled, workers, tuple(forbidden), limits, gop
    )
    try:
        stop_if(cancelled())
        if scrub is None:
            return maker.report(maker.make(Blanker(video.picture, masks)))
        scrub_plan = scrub.look(video, maker.course(Stage.LOOKING))
        made, scrub_plan = _scrubbed(maker, scrub, scrub_plan, masks)
        return maker.report(made, {**scrub_plan.to_json(), **scrub.proof()})
    except BaseException:
        _remove(output_dir)
        raise


def _scrubbed(
    maker: "_Maker", scrub: Scrub, scrub_plan: ScrubPlan, masks: Sequence[Box]
) -> tuple["_Made", ScrubPlan]:
    """The video by the plan, in which no text is found; once more, with what is found masked, where there is.

    Raises VerificationError where text is found even then.
    """
    for _ in range(_ROUNDS):
        blanker = Blanker(maker.video.picture, (*masks, *scrub_plan.masks), scrub_plan.kept)
        watch = ResultWatch(maker.video.picture, scrub_plan.windows) if scrub.looks_for_text else None
        made = maker.make(blanker, watch)
        left: tuple[Finding, ...] = ()
        if watch is not None:
            course = maker.course(Stage.VERIFYING).share(_FRAMES_SHARE, 1.0)
            may_wander = scrub_plan.may_text_wander
            left = scrub.text_left(watch.survey(), blanker, course, may_wander=may_wander)
        if not left:
            return made, scrub_plan
        scrub_plan = scrub_plan.with_more(left)
        _remove(maker.directory)
    raise VerificationError("text is still found in the pictures of the result")


def _remove(directory: Path) -> None:
    for name in _FILES:
        (directory / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Made:
    executed: Executed
    description: Description
    proof: Proof


@dataclass(frozen=True, slots=True)
class _Maker:
    """What stays the same however often a video is written."""

    video: Video
    directory: Path
    source_bytes: int
    progress: Callable[[Stage, int, int], None]
    cancelled: Callable[[], bool]
    workers: int
    forbidden: tuple[str, ...]
    limits: Limits
    gop: int

    def course(self, stage: Stage) -> Course:
        return Course(partial(self.progress, stage), self.cancelled, self.workers)

    def make(self, blanker: Blanker, watch: ResultWatch | None = None) -> _Made:
        """Write all files and prove them. watch: sees every frame of the result."""
        executed = execute(
            self.video,
            self.directory,
            self.course(Stage.CONVERTING),
            blanker=blanker,
            gop=self.gop,
            limits=self.limits,
            source_bytes=self.source_bytes,
        )
        # Only now: texts on the way, and what could not be read, are known once all has been.
        texts = tuple(self.video.texts())
        proving = self.course(Stage.VERIFYING)
        description, proof = verify(
            executed,
            self.directory,
            proving if watch is None else proving.share(0.0, _FRAMES_SHARE),
            texts=texts,
            forbidden=self.forbidden,
            blanker=None if blanker.is_idle else blanker,
            watch=watch,
        )
        write_durably(self.directory / DESCRIPTION_FILE, description.to_json())
        check_description(self.directory, description, texts, self.forbidden)
        return _Made(executed, description, proof)

    def report(self, made: _Made, scrub: dict[str, Any] | None = None) -> VideoReport:
        description, executed = made.description, made.executed
        files = (description.video, description.frames, description.thumbnails)
        return VideoReport(
            width_px=description.picture.width_px,
            height_px=description.picture.height_px,
            frame_count=description.frame_count,
            duration_s=description.duration_s,
            source_format=description.source_format,
            remarks=description.remarks,
            losses=description.losses,
            regions=description.regions,
            places=tuple(self.video.places()),
            proof=made.proof.to_json(),
            psnr_db={"min": round(executed.least_psnr_db, 2), "mean": round(executed.mean_psnr_db, 2)},
            gop=description.gop,
            canonical_bytes=sum(file.byte_count for file in files),
            canonical_sha256=description.video.sha256,
            scrub=scrub,
        )
