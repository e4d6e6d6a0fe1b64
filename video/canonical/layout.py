"""What the files of a canonical video hold, byte for byte.

frames.bin: eight bytes FRAMES_MAGIC; the time of each frame in seconds (float64), where its sample begins in
video.mp4 (unsigned 64 bits), how long that is (unsigned 32 bits); then of each stored thumbnail the number of
its frame and its length (unsigned 32 bits each). Everything little-endian, each in a column of its own.
thumbnails.bin: eight bytes THUMBNAILS_MAGIC, the still (a larger JPEG of the middle frame), the thumbnails.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any

from video.canonical.nal import codec_string, parameter_sets
from video.errors import CanonicalVideoError
from video.model import CalibrationRegion, Matrix, PictureFormat, RegionUnit, Sampling

VIDEO_FILE = "video.mp4"
FRAMES_FILE = "frames.bin"
THUMBNAILS_FILE = "thumbnails.bin"
DESCRIPTION_FILE = "video.json"
FORMAT_NAME = "slidereel-canonical-video"
FORMAT_VERSION = 1
FRAMES_MAGIC = b"SRFRAME1"
THUMBNAILS_MAGIC = b"SRTHUMB1"
FRAME_BYTES = 8 + 8 + 4
THUMBNAIL_BYTES = 4 + 4
THUMBNAIL_HEIGHT_PX = 90
MOST_THUMBNAILS = 2_048
STILL_SIDE_PX = 512


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a viewer needs to know.

    frame_rate: the mean, in frames a second; is_constant_rate: whether every frame comes within a
    millisecond of it. codec, description: as WebCodecs wants them (avcC). pixel_aspect: width of a pixel by
    its height. gop: 1 where every frame is a key frame, else their distance. digest: SHA-256 over the files'
    checksums, fit for an ETag.
    """

    width_px: int
    height_px: int
    frame_count: int
    duration_s: float
    frame_rate: float
    is_constant_rate: bool
    codec: str
    description: bytes
    sampling: Sampling
    matrix: Matrix
    is_full_range: bool
    pixel_aspect: float
    gop: int
    regions: tuple[CalibrationRegion, ...]
    remarks: tuple[str, ...]
    losses: tuple[str, ...]
    source_format: str
    digest: str

    @property
    def picture(self) -> PictureFormat:
        return PictureFormat(
            self.width_px, self.height_px, self.sampling, self.matrix, self.is_full_range, self.pixel_aspect
        )


@dataclass(frozen=True, slots=True)
class StoredFile:
    """sha256: in hexadecimal; empty until somebody has read the file."""

    byte_count: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """The content of video.json. avcc: the decoder configuration. still_bytes: of the larger JPEG."""

    picture: PictureFormat
    frame_count: int
    duration_s: float
    frame_rate: float
    is_constant_rate: bool
    gop: int
    avcc: bytes
    regions: tuple[CalibrationRegion, ...]
    remarks: tuple[str, ...]
    losses: tuple[str, ...]
    source_format: str
    still_bytes: int
    thumbnail_count: int
    video: StoredFile
    frames: StoredFile
    thumbnails: StoredFile

    def info(self) -> VideoInfo:
        sums = " ".join(file.sha256 for file in (self.video, self.frames, self.thumbnails))
        return VideoInfo(
            width_px=self.picture.width_px,
            height_px=self.picture.height_px,
            frame_count=self.frame_count,
            duration_s=self.duration_s,
            frame_rate=self.frame_rate,
            is_constant_rate=self.is_constant_rate,
            codec=codec_string(self.avcc),
            description=self.avcc,
            sampling=self.picture.sampling,
            matrix=self.picture.matrix,
            is_full_range=self.picture.is_full_range,
            pixel_aspect=self.picture.pixel_aspect,
            gop=self.gop,
            regions=self.regions,
            remarks=self.remarks,
            losses=self.losses,
            source_format=self.source_format,
            digest=hashlib.sha256(sums.encode()).hexdigest(),
        )

    def permitted_text(self) -> bytes:
        """Every word and allowlisted number that the result holds by right, whatever the source said."""
        nothing = StoredFile(0)
        return replace(
            self,
            avcc=b"",
            still_bytes=0,
            thumbnail_count=0,
            video=nothing,
            frames=nothing,
            thumbnails=nothing,
        )._stated("")

    def to_json(self) -> bytes:
        """Ends with a checksum over everything before, so that no change goes unnoticed."""
        return self._stated(hashlib.sha256(self._stated("")).hexdigest())

    def _stated(self, checksum: str) -> bytes:
        return json.dumps(
            {
                "format": FORMAT_NAME,
                "version": FORMAT_VERSION,
                **asdict(self.picture),
                "frame_count": self.frame_count,
                "duration_s": self.duration_s,
                "frame_rate": self.frame_rate,
                "is_constant_rate": self.is_constant_rate,
                "gop": self.gop,
                "avcc": self.avcc.hex(),
                "regions": [asdict(region) for region in self.regions],
                "remarks": list(self.remarks),
                "losses": list(self.losses),
                "source_format": self.source_format,
                "still_bytes": self.still_bytes,
                "thumbnail_count": self.thumbnail_count,
                "video": asdict(self.video),
                "frames": asdict(self.frames),
                "thumbnails": asdict(self.thumbnails),
                "checksum": checksum,
            },
            indent=1,
        ).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Description":
        """Raises CanonicalVideoError unless this is, byte for byte, what `to_json` writes."""
        try:
            stated = json.loads(data)
            if stated["format"] == FORMAT_NAME and stated["version"] != FORMAT_VERSION:
                raise CanonicalVideoError("the canonical video is of another version")
            description = cls(
                picture=PictureFormat(
                    width_px=_count(stated, "width_px", 1),
                    height_px=_count(stated, "height_px", 1),
                    sampling=Sampling(stated["sampling"]),
                    matrix=Matrix(stated["matrix"]),
                    is_full_range=bool(stated["is_full_range"]),
                    pixel_aspect=_number(stated, "pixel_aspect"),
                ),
                frame_count=_count(stated, "frame_count", 1),
                duration_s=_number(stated, "duration_s"),
                frame_rate=_number(stated, "frame_rate"),
                is_constant_rate=bool(stated["is_constant_rate"]),
                gop=_count(stated, "gop", 1),
                avcc=bytes.fromhex(stated["avcc"]),
                regions=tuple(_region(region) for region in stated["regions"]),
                remarks=tuple(str(remark) for remark in stated["remarks"]),
                losses=tuple(str(loss) for loss in stated["losses"]),
                source_format=str(stated["source_format"]),
                still_bytes=_count(stated, "still_bytes"),
                thumbnail_count=_count(stated, "thumbnail_count", 1),
                video=_file(stated["video"]),
                frames=_file(stated["frames"]),
                thumbnails=_file(stated["thumbnails"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CanonicalVideoError("the canonical video's description is damaged") from error
        if description.to_json() != data:
            raise CanonicalVideoError("the canonical video's description is damaged")
        parameter_sets(description.avcc)
        return description


def _region(stated: Mapping[str, Any]) -> CalibrationRegion:
    units = {name: RegionUnit(stated[name]) for name in ("unit_x", "unit_y")}
    return CalibrationRegion(**{**stated, **units})


def _file(stated: Mapping[str, Any]) -> StoredFile:
    return StoredFile(_count(stated, "byte_count"), str(stated["sha256"]))


def _count(stated: Mapping[str, Any], key: str, smallest: int = 0) -> int:
    value = stated[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < smallest:
        raise ValueError(key)
    return value


def _number(stated: Mapping[str, Any], key: str) -> float:
    value = stated[key]
    if not isinstance(value, float) or not isfinite(value):
        raise ValueError(key)
    return value
