"""Which container it is, by content: never by a name, never by trial."""

import pytest

from tests.video.clips import BytesSource, make
from video.formats.container.sniff import sniff
from video.open_video import is_video


@pytest.mark.parametrize(
    ("name", "container", "demuxer"),
    [
        ("constant_rate", "mp4", "mov"),
        ("turned_180", "mov", "mov"),
        ("matroska", "mkv", "matroska"),
        ("vp9", "webm", "matroska"),
        ("motion_jpeg", "avi", "avi"),
        ("gif", "gif", "gif"),
        ("mpeg2_program_stream", "mpeg-ps", "mpeg"),
        ("h264_transport_stream", "mpeg-ts", "mpegts"),
        ("flash", "flv", "flv"),
        ("windows_media", "asf", "asf"),
        ("bare_h264", "h264-stream", "h264"),
        ("bare_mpeg2", "mpeg-video", "mpegvideo"),
    ],
)
def test_a_container_is_known_by_its_first_bytes(name: str, container: str, demuxer: str) -> None:
    found = sniff(make(name).source)
    assert found is not None
    assert (found.name, found.demuxer) == (container, demuxer)


def test_a_transport_stream_of_a_camera_has_a_time_before_each_packet() -> None:
    data = make("h264_transport_stream").data
    stamped = b"".join(bytes(4) + data[at : at + 188] for at in range(0, len(data), 188))
    found = sniff(BytesSource(stamped))
    assert found is not None
    assert found.name == "mpeg-ts"


@pytest.mark.parametrize(
    "data",
    [
        b"the free encyclopedia that anyone can edit",
        b"far wide and long ago",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"II*\0\x08\0\0\0",
        b"OggS" + bytes(60),
        b"\0\0\1\0\1\0\x10\x10\0\0\1\0",  # an icon
        b"G" * 20,
        b"%PDF-1.7",
        b"PK\3\4",
    ],
)
def test_other_files_are_none(data: bytes) -> None:
    assert sniff(BytesSource(data)) is None
    assert not is_video(BytesSource(data))
