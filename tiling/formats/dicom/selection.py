"""Which instances are the slide, and in which of them its largest image stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.formats.dicom.instances import Instance
from tiling.model import ImageRole


@dataclass(frozen=True, slots=True)
class Selection:
    """base: the parts of level 0, one behind the other; volumes: those of the other levels."""

    base: tuple[Instance, ...]
    volumes: tuple[Instance, ...]
    remarks: tuple[str, ...]


def select(instances: Sequence[Instance]) -> Selection:
    """Raises UnsupportedSlideError where there is no slide, or several; CorruptSlideError."""
    volumes = _without_copies([i for i in instances if i.role is ImageRole.LEVEL])
    if not volumes:
        raise UnsupportedSlideError("the DICOM files hold no image of a slide, only pictures beside it")
    if len({volume.slide_key for volume in volumes}) > 1:
        raise UnsupportedSlideError("the DICOM files belong to several slides; bring each slide on its own")
    largest = max(volumes, key=lambda volume: (volume.size.pixel_count, -volume.number))
    same_size = [volume for volume in volumes if volume.size == largest.size]
    base = tuple(v for v in same_size if v.concatenation_uid == largest.concatenation_uid)
    if not largest.concatenation_uid:
        base = (largest,)
    remarks = []
    if len(same_size) > len(base):
        count = len(same_size) - len(base)
        remarks.append(
            f"{count} further file{'s' * (count > 1)} of level 0's size (other focal planes or "
            "optical paths) are left out."
        )
    others = tuple(volume for volume in volumes if volume.size != largest.size)
    return Selection(_in_order(base), others, tuple(remarks))


def _without_copies(volumes: Sequence[Instance]) -> list[Instance]:
    """The same instance twice, under two names, is one."""
    unique: dict[str, Instance] = {}
    for volume in volumes:
        unique.setdefault(volume.sop_instance_uid or f"file {volume.number}", volume)
    return list(unique.values())


def _in_order(parts: Sequence[Instance]) -> tuple[Instance, ...]:
    """The parts of a concatenation (PS3.3, C.7.6.16.1.1). Raises CorruptSlideError where one is missing."""
    ordered = sorted(parts, key=lambda part: part.first_frame)
    if len(ordered) == 1 and not ordered[0].concatenation_uid:
        return tuple(ordered)
    expected = 0
    for part in ordered:
        if part.first_frame != expected:
            raise CorruptSlideError("a part of the slide's concatenated DICOM files is missing")
        expected += part.frame_count
    return tuple(ordered)
