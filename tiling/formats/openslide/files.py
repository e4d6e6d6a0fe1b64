"""Where OpenSlide finds a slide: a nameless copy of one file, a folder of links to such for several."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, NotASlideError, UnsupportedSlideError
from tiling.scratch import Scratch, safe_parts

_SQLITE = b"SQLite format 3\0"  # Sakura; its library resolves a path before it opens it, so that needs a name
_DICOM_OFFSET, _DICOM = 128, b"DICM"
_ENTRY_SUFFIXES = (".mrxs", ".vms", ".vmu")
_MIRAX = ".mrxs"
_MIRAX_INDEX = "slidedat.ini"
_MOST_FILES = 500  # each is held open
_INDEX_BYTES = 4 * 2**20
# The keys of MRXS, VMS and VMU whose values OpenSlide opens.
_NAMED_FILES = re.compile(
    rb"(?im)^[ \t]*(?:indexfile|file_\d+|imagefile[^=\r\n]*|mapfile|macroimage|optimisationfile)"
    rb"[ \t]*=[ \t]*([^\r\n]*[^\s])"
)
_NEUTRAL_STEM = "slide"


def place_one(source: ByteSource, scratch: Scratch) -> Path:
    """One file, by content."""
    if source.read_at(0, len(_SQLITE)) == _SQLITE:
        return scratch.folder({f"{_NEUTRAL_STEM}.svslide": source}) / f"{_NEUTRAL_STEM}.svslide"
    return scratch.copy(source)


def place_several(files: Mapping[str, ByteSource], scratch: Scratch) -> Path:
    """The file to open, beside what belongs to it. Files of other slides and other folders stay behind.

    Names that a person gave are not repeated on the disk, unless the slide's own index refers to them.
    Raises UnsupportedSlideError, NotASlideError where names lead outside their folder.
    """
    if len(files) > _MOST_FILES:
        raise UnsupportedSlideError("the slide has more files than is supported")
    for name in files:
        safe_parts(name)
    entry = _entry(files)
    if entry is None:
        raise UnsupportedSlideError("none of the files is the start of a slide that can be read")
    folder = PurePosixPath(entry).parent
    beside = {
        str(PurePosixPath(name).relative_to(folder)): source
        for name, source in files.items()
        if PurePosixPath(name).is_relative_to(folder)
    }
    start = PurePosixPath(entry).name
    if start.lower().endswith(_MIRAX):
        beside, start = _renamed_mirax(beside, start)
    elif files[entry].read_at(_DICOM_OFFSET, len(_DICOM)) == _DICOM:
        beside, start = _renamed_dicom(beside, start)
    elif not start.lower().endswith(_ENTRY_SUFFIXES):
        if len(files) > 1:
            raise UnsupportedSlideError("these files are not parts of one slide; send each slide by itself")
        return place_one(files[entry], scratch)
    for name, source in beside.items():
        if name.lower().endswith((*_ENTRY_SUFFIXES, _MIRAX_INDEX)):
            _require_staying(source)
    return _linked(beside, scratch) / start


def _linked(files: Mapping[str, ByteSource], scratch: Scratch) -> Path:
    """A folder whose names lead to nameless copies: nothing plain has a name on the disk, so that the kernel
    frees it whatever becomes of this process. Raises NotASlideError.
    """
    folder = scratch.folder({})
    for name, source in files.items():
        path = folder.joinpath(*safe_parts(name))
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.symlink_to(scratch.copy(source))
        except (FileExistsError, NotADirectoryError) as error:
            raise NotASlideError("two of the files have one name") from error
    return folder


def _require_staying(index: ByteSource) -> None:
    """An index that names files outside its folder would have the library open whatever lies there."""
    if index.size_bytes > _INDEX_BYTES:
        raise CorruptSlideError("the slide's index is longer than any slide needs")
    for name in _NAMED_FILES.findall(index.read_at(0, _INDEX_BYTES)):
        try:
            safe_parts(name.decode("latin-1"))
        except NotASlideError as error:
            raise CorruptSlideError("the slide's index names files outside its folder") from error


def _entry(files: Mapping[str, ByteSource]) -> str | None:
    """An index that names the others; otherwise the largest file, for its content decides."""
    names = sorted(files, key=lambda name: (len(PurePosixPath(name).parts), name))
    for suffix in _ENTRY_SUFFIXES:
        for name in names:
            if name.lower().endswith(suffix):
                return name
    return max(names, key=lambda name: files[name].size_bytes, default=None)


def _renamed_mirax(files: Mapping[str, ByteSource], start: str) -> tuple[dict[str, ByteSource], str]:
    """slide.mrxs and what lies in the folder of the same name; OpenSlide looks for exactly this."""
    stem = PurePosixPath(start).stem
    renamed = {f"{_NEUTRAL_STEM}{_MIRAX}": files[start]}
    for name, source in files.items():
        parts = PurePosixPath(name).parts
        if parts[0] == stem and len(parts) > 1:
            renamed[str(PurePosixPath(_NEUTRAL_STEM, *parts[1:]))] = source
    if len(renamed) == 1:
        raise UnsupportedSlideError("the folder that belongs to the MRXS file is missing")
    return renamed, f"{_NEUTRAL_STEM}{_MIRAX}"


def _renamed_dicom(files: Mapping[str, ByteSource], start: str) -> tuple[dict[str, ByteSource], str]:
    """DICOM instances refer to each other by what is in them, never by name."""
    ours = {name: f"{number}.dcm" for number, name in enumerate(sorted(files), 1)}
    return {ours[name]: source for name, source in files.items()}, ours[start]
