"""Every place of a DICOM file where something is written: named and counted, its content never told."""

from collections import Counter

from ground.source import ByteSource
from video.errors import VideoError
from video.formats.dicom.contents import Walk
from video.formats.dicom.file_layout import META_OFFSET, PREAMBLE_BYTES, FileLayout
from video.formats.dicom.frame_bytes import FrameBytes
from video.formats.dicom.segments import segments_of
from video.model import Action, Place

_MOST_NAMES = 5_000


def list_places(source: ByteSource, layout: FileLayout, frames: FrameBytes | None) -> list[Place]:
    """Elements by keyword or number; equal ones of several items or frames are counted together.

    frames: None where there is no room for words in them.
    """
    counts: Counter[str] = Counter()
    actions: dict[str, Action] = {}
    if layout.meta.start == META_OFFSET:
        counts["preamble"] = PREAMBLE_BYTES
        counts["preamble's mark"] = META_OFFSET - PREAMBLE_BYTES
    if layout.is_inflated:
        counts["file meta information"] = layout.meta.end - layout.meta.start
    walk = Walk(layout)
    for leaf in walk.leaves():
        name = leaf.name
        if name not in counts and len(counts) >= _MOST_NAMES:
            name = "further elements"
        counts[name] += leaf.byte_count
        actions[name] = Action.REBUILT if leaf.is_rebuilt and name != "further elements" else Action.DROPPED
    rest = layout.source.size_bytes - walk.rest
    if rest > 0:
        counts["bytes behind the data set"] += rest
    if frames is not None:
        inside = _inside(frames)
        counts["PixelData"] -= sum(inside.values())
        counts += inside
        actions["PixelData"] = Action.REBUILT
    return [Place(name, actions.get(name, Action.DROPPED), count) for name, count in counts.items()]


def _inside(frames: FrameBytes) -> Counter[str]:
    counts: Counter[str] = Counter()
    for number in range(frames.frame_count):
        try:
            data = frames.read(number)
        except VideoError:
            continue
        for segment in segments_of(data):
            counts[segment.name] += segment.byte_count
    return counts
