"""Which files an asset is made of, and the one digest that a signature is for: over all of them.

The digest is what ``LC_ALL=C; sha256sum * | sha256sum`` prints in the asset's folder, so that an auditor
needs no program of ours to check it.
"""

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from server.errors import WrongStateError

DESCRIPTIONS = ("served.json", "video.json")
LARGEST_DESCRIPTION_BYTES = 64 << 20
STATED_AS = {
    "slide": "slide.tif",
    "served": "served.bin",
    "macro": "macro.jpg",
    "video": "video.mp4",
    "frames": "frames.bin",
    "thumbnails": "thumbnails.bin",
}
"""The files of which a description states the digests that were taken when the result was proved."""
CHANGED = "The files of this asset are not those that were proved; scrub it again."


class _Stated(msgspec.Struct):
    """What a description says of one file."""

    byte_count: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class UnprovedFileError(Exception):
    """A result holds a file that its proof does not know, or lacks one."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file. sha256: in hexadecimal."""

    name: str
    byte_count: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def published_files(folder: Path) -> tuple[PublishedFile, ...]:
    """The files of a result that was just proved, by name, with the digests that the proof has taken.

    Raises UnprovedFileError for a file that the proof does not know or that has another length, OSError.
    """
    stated: dict[str, PublishedFile] = {}
    for description in (folder / name for name in DESCRIPTIONS):
        if description.is_file():
            stated[description.name] = _read(description)
            stated |= _stated(description)
    found = {path.name: _length(path) for path in folder.iterdir()}
    if not stated or found != {file.name: file.byte_count for file in stated.values()}:
        raise UnprovedFileError
    return tuple(stated[name] for name in sorted(stated))


def digest_of(files: Sequence[PublishedFile]) -> str:
    """The digest over all files, in hexadecimal."""
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in sorted(files, key=lambda file: file.name))
    return hashlib.sha256(lines.encode("ascii")).hexdigest()


def check_published(folder: Path, digest: str) -> None:
    """Read every byte of a published asset once more. Raises WrongStateError unless it has this digest."""
    try:
        if digest_of([_read(path) for path in folder.iterdir()]) == digest:
            return
    except OSError as error:
        raise WrongStateError(CHANGED) from error
    raise WrongStateError(CHANGED)


def _stated(description: Path) -> dict[str, PublishedFile]:
    if description.stat().st_size > LARGEST_DESCRIPTION_BYTES:
        raise UnprovedFileError
    try:
        says = msgspec.json.decode(description.read_bytes(), type=dict[str, Any])
        found = {name: msgspec.convert(says.get(key), _Stated | None) for key, name in STATED_AS.items()}
    except msgspec.MsgspecError as error:
        raise UnprovedFileError from error
    return {name: PublishedFile(name, file.byte_count, file.sha256) for name, file in found.items() if file}


def _length(path: Path) -> int | None:
    status = path.lstat()
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _read(path: Path) -> PublishedFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return PublishedFile(path.name, file.tell(), digest)
