"""Convert a clip or loop to a canonical one: plan, execute, verify. Fails closed and leaves no halves."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ground.source import ByteSource
from video.canonical.layout import DESCRIPTION_FILE, FRAMES_FILE, THUMBNAILS_FILE, VIDEO_FILE, Description
from video.canonical.mp4_writer import MOVED_SUFFIX
from video.canonical.writer import write_durably
from video.errors import CanonicalVideoError
from video.limits import Limits
from video.model import CalibrationRegion, Mask, Place, Video
from video.open_video import open_video
from video.scrub.execute import Executed, execute, stop_if
from video.scrub.masks import Blanker
from video.scrub.verify import Proof, check_description, verify

_FILES = (DESCRIPTION_FILE, FRAMES_FILE, THUMBNAILS_FILE, VIDEO_FILE, VIDEO_FILE + MOVED_SUFFIX)
GOPS = (1, 12)
"""Distances of key frames: every frame one, or, for thin links, every twelfth."""


class Stage(StrEnum):
    CONVERTING = "converting"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class VideoReport:
    """What was made and how it was proved. Holds names of places and numbers, never a value of the source.

    psnr_db: of each frame's worst plane or its RGB, against the decoded, masked source: least and mean.
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

    def to_json(self) -> dict[str, Any]:
        stated = asdict(self)
        stated["places"] = [
            {"place": place.name, "action": place.action.value, "byte_count": place.byte_count}
            for place in self.places
        ]
        return stated


def convert(
    source: ByteSource,
    output_dir: Path,
    *,
    progress: Callable[[Stage, int, int], None],
    cancelled: Callable[[], bool],
    workers: int = 2,
    forbidden: Sequence[str] = (),
    limits: Limits | None = None,
    masks: Sequence[Mask] = (),
    gop: int = 1,
) -> VideoReport:
    """Write video.mp4, frames.bin, thumbnails.bin and video.json into `output_dir`, which exists and holds
    none of them.

    Reports frames done and in all at each stage; 0 in all where the source does not say how many.
    `forbidden`: further strings that the result must not contain. `masks`: blanked in every frame.
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
    masks: Sequence[Mask] = (),
    gop: int = 1,
) -> VideoReport:
    """As `convert`, of an opened source. source_bytes: its size, for a guess at how many frames it has."""
    if gop not in GOPS:
        raise ValueError("key frames are every frame or every twelfth")
    if any((output_dir / name).exists() for name in _FILES):
        raise CanonicalVideoError("there is a canonical video in this place already")
    try:
        stop_if(cancelled())
        blanker = Blanker(video.picture, masks)
        executed = execute(
            video,
            output_dir,
            blanker=blanker,
            gop=gop,
            limits=limits,
            source_bytes=source_bytes,
            progress=lambda done, total: progress(Stage.CONVERTING, done, total),
            cancelled=cancelled,
            workers=workers,
        )
        # Only now: texts on the way, and what could not be read, are known once all has been.
        texts = tuple(video.texts())
        description, proof = verify(
            executed,
            output_dir,
            texts=texts,
            forbidden=forbidden,
            blanker=None if blanker.is_idle else blanker,
            progress=lambda done, total: progress(Stage.VERIFYING, done, total),
            cancelled=cancelled,
            workers=workers,
        )
        write_durably(output_dir / DESCRIPTION_FILE, description.to_json())
        check_description(output_dir, description, texts, forbidden)
        return _report(video, executed, description, proof)
    except BaseException:
        for name in _FILES:
            (output_dir / name).unlink(missing_ok=True)
        raise


def _report(video: Video, executed: Executed, description: Description, proof: Proof) -> VideoReport:
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
        places=tuple(video.places()),
        proof=proof.to_json(),
        psnr_db={"min": round(executed.least_psnr_db, 2), "mean": round(executed.mean_psnr_db, 2)},
        gop=description.gop,
        canonical_bytes=sum(file.byte_count for file in files),
        canonical_sha256=description.video.sha256,
    )
