"""Scratch room: nameless, bounded, and empty afterwards whatever happens."""

import errno
import os
from pathlib import Path

import pytest

from tests.tiling.conversions import BytesSource
from tiling import scratch as scratch_module
from tiling.errors import NotASlideError, SlideTooLargeError
from tiling.scratch import Scratch

DATA = bytes(range(256)) * 40_000


def test_a_copy_has_the_bytes_and_a_path_and_no_name(tmp_path: Path) -> None:
    with Scratch(tmp_path, 1 << 30) as scratch:
        copy = scratch.copy(BytesSource(DATA))
        assert copy.size_bytes == len(DATA)
        assert copy.path.read_bytes() == DATA
        assert copy.read_at(300, 500) == DATA[300:800]
        assert copy.read_at(len(DATA) - 5, 500) == DATA[-5:]
        assert list(tmp_path.iterdir()) == []
    assert not copy.path.exists()


def test_so_it_is_where_the_file_system_knows_no_nameless_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: Path, flags: int, *mode: int, **options: int) -> int:
        if flags & scratch_module.os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "not here")
        return real(path, flags, *mode, **options)

    monkeypatch.setattr(scratch_module.os, "open", refuse)
    with Scratch(tmp_path, 1 << 30) as scratch:
        assert scratch.copy(BytesSource(DATA)).path.read_bytes() == DATA
        assert list(tmp_path.iterdir()) == []


def test_a_folder_is_for_its_owner_alone_and_goes(tmp_path: Path) -> None:
    with Scratch(tmp_path, 1 << 30) as scratch:
        folder = scratch.folder({"a.mrxs": BytesSource(b"1"), "a/b/Index.dat": BytesSource(b"22")})
        assert (folder / "a" / "b" / "Index.dat").read_bytes() == b"22"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "a.mrxs").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../../x", "", ".", "a\\..\\..\\x", "x" * 300, "/".join("a" * 30), "a\0b"]
)
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    room = tmp_path / "room"
    room.mkdir()
    with Scratch(room, 1 << 30) as scratch:
        with pytest.raises(NotASlideError):
            scratch.folder({"fine": BytesSource(b"1"), name: BytesSource(b"1")})
        assert list(room.iterdir()) == []
    assert list(tmp_path.iterdir()) == [room]


def test_two_names_for_one_file_are_refused(tmp_path: Path) -> None:
    with Scratch(tmp_path, 1 << 30) as scratch, pytest.raises(NotASlideError):
        scratch.folder({"a/b": BytesSource(b"1"), "a//b": BytesSource(b"2")})


def test_a_file_where_a_folder_must_be_is_refused(tmp_path: Path) -> None:
    with Scratch(tmp_path, 1 << 30) as scratch, pytest.raises(NotASlideError):
        scratch.folder({"a": BytesSource(b"1"), "a/b": BytesSource(b"2")})


def test_all_copies_together_stay_within_the_limit(tmp_path: Path) -> None:
    with Scratch(tmp_path, 1_000) as scratch:
        scratch.copy(BytesSource(bytes(600)))
        with pytest.raises(SlideTooLargeError):
            scratch.copy(BytesSource(bytes(600)))
        with pytest.raises(SlideTooLargeError):
            scratch.new_file().write(bytes(500))
        scratch.new_file().write(bytes(400))


def test_a_disk_without_room_is_seen_before_the_first_byte(tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)
    reserve = status.f_bavail * status.f_frsize + (1 << 40)
    with Scratch(tmp_path, 1 << 30, reserve) as scratch, pytest.raises(OSError) as full:
        scratch.copy(BytesSource(b"x"))
    assert full.value.errno == errno.ENOSPC
