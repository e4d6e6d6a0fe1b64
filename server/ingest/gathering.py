"""Which files of a folder are slides, loops or videos, and which of them together are one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ground.source import FileSource
from server.deid.quarantine import kept_suffix
from server.ingest.packing import Member
from tiling.errors import TilingError

_DICOM_SUFFIX = ".dcm"
_MIRAX_SUFFIX = ".mrxs"
_NEUTRAL_STEM = "slide"
# What DICOM exports have beside their instances; a name without a suffix may be an instance, too.
_MAYBE_DICOM = frozenset({"", _DICOM_SUFFIX, ".dicom", ".ima"})
_LONGEST_SUFFIX = 5
# VL Whole Slide Microscopy Image Storage; it stands in the file meta and at the head of the data set.
_SLIDE_CLASS = b"1.2.840.10008.5.1.4.1.1.77.1.6"
_HEAD_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Pack:
    """Several files that are one slide. stem: what people called it; suffix: of its kind."""

    members: tuple[Member, ...]
    stem: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a folder holds, in order; how many files are no slides."""

    slides: tuple[Path | Pack, ...]
    skipped: int


def gather(path: Path) -> Gathered:
    """The slides of a folder and of those below it, or the slide that this file is the start of.

    Raises OSError where the folder cannot be read.
    """
    if not path.is_dir():
        return Gathered((_mirax(path) or path,), 0)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    slides: list[Path | Pack] = [pack for file in files if (pack := _mirax(file)) is not None]
    taken = {path for slide in slides for path in _paths(slide)}
    by_series: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    singles: list[Path] = []
    for file in files:
        if file in taken:
            continue
        series = _series(file)
        if series is not None and _is_of_a_slide(file):
            by_series[file.parent, series].append(file)
        elif series is not None or kept_suffix(file.name):
            singles.append(file)
    slides += [_dicom(folder, instances) for (folder, _), instances in by_series.items()]
    slides += singles
    slides.sort(key=lambda slide: _paths(slide)[0])
    return Gathered(tuple(slides), len(files) - sum(len(_paths(slide)) for slide in slides))


def _paths(slide: Path | Pack) -> list[Path]:
    """The files behind a slide."""
    if isinstance(slide, Path):
        return [slide]
    return [member.path for member in slide.members if member.path is not None]


def _series(file: Path) -> str | None:
    """The series of a DICOM instance, "" where it states none; None where it is none."""
    if not _may_be_dicom(file):
        return None
    # Here, because with it come decoders, 45 MiB of them, which a process that only serves never needs.
    from tiling.formats.dicom import is_dicom, series_of  # noqa: PLC0415

    try:
        with FileSource(file) as source:
            return series_of(source) if is_dicom(source) else None
    except (TilingError, OSError):
        return ""


def _is_of_a_slide(file: Path) -> bool:
    """Whether a DICOM instance is a piece of a slide; a loop is complete as it is."""
    with file.open("rb") as opened:
        return _SLIDE_CLASS in opened.read(_HEAD_BYTES)


def _may_be_dicom(file: Path) -> bool:
    suffix = file.suffix.lower()
    # An identifier as a name ("1.2.840.…") has a suffix only in form.
    return suffix in _MAYBE_DICOM or suffix[1:].isdigit() or len(suffix) > _LONGEST_SUFFIX


def _dicom(folder: Path, instances: Sequence[Path]) -> Pack:
    """Neutral names: DICOM files refer to each other by what is in them. What they were called comes along as
    a text, so that the conversion looks for it in its result.
    """
    members = [
        Member(f"{number}{_DICOM_SUFFIX}", instance) for number, instance in enumerate(instances, start=1)
    ]
    names = "\n".join(sorted({instance.stem for instance in instances}))
    members.append(Member("names.txt", text=names.encode("utf-8", "ignore")))
    return Pack(tuple(members), folder.name, _DICOM_SUFFIX)


def _mirax(file: Path) -> Pack | None:
    """An MRXS file with the folder of its name; the names in there are the scanner's own."""
    folder = file.with_suffix("")
    if file.suffix.lower() != _MIRAX_SUFFIX or not folder.is_dir():
        return None
    inside = sorted(part for part in folder.iterdir() if part.is_file())
    members = [Member(f"{_NEUTRAL_STEM}{_MIRAX_SUFFIX}", file)]
    members += [Member(f"{_NEUTRAL_STEM}/{part.name}", part) for part in inside]
    return Pack(tuple(members), file.stem, _MIRAX_SUFFIX)
