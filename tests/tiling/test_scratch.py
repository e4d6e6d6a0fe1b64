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
        path = scratch.copy(BytesSource(DATA))
        assert path.read_bytes() == DATA
        assert list(tmp_path.iterdir()) == []
        number = path.name
    assert not Path(f"/proc/self/fd/{number}").exists()


def test_files_that_are_written_in_turns_keep_their_own_bytes(tmp_path: Path) -> None:
    with Scratch(tmp_path, 1 << 30) as scratch:
        one, other = scratch.new_file(), scratch.new_file()
        for number in range(40):
            one.write(bytes([number]) * (number + 1))
            if number % 3:
                other.write(bytes([255 - number]) * 7)
        whole = b"".join(bytes([number]) * (number + 1) for number in range(40))
        assert one.size_bytes == len(whole)
        for offset in range(0, len(whole), 13):
            assert one.read_at(offset, 100) == whole[offset : offset + 100]
        assert other.read_at(0, 1 << 20) == b"".join(bytes([255 - n]) * 7 for n in range(40) if n % 3)
        assert list(tmp_path.iterdir()) == []


def test_there_may_be_any_number_of_files(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Scratch(tmp_path, 1 << 30) as scratch:
        files = [scratch.new_file() for _ in range(3_000)]
        for number, file in enumerate(files):
            file.write(number.to_bytes(4, "big"))
        assert files[1_234].read_at(0, 9) == (1_234).to_bytes(4, "big")
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


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
        assert scratch.copy(BytesSource(DATA)).read_bytes() == DATA
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
