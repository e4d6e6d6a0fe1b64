"""The quarantine's promises: exact bytes back, nothing readable on disk, nothing forgeable."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.deid import (
    CHUNK_BYTES,
    Quarantine,
    QuarantineError,
    SealBrokenError,
    SealedMissingError,
    SourceChangedError,
)
from server.deid.quarantine import kept_suffix
from server.deid.seal import HEADER_BYTES, OVERHEAD_BYTES

KEY = "0123456789abcdef"
CANARY = b"DOE^JANE 1951-03-04 MRN 99887766"
STRIDE = CHUNK_BYTES + OVERHEAD_BYTES


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine.open(tmp_path / "quarantine", tmp_path / "keys" / "master.key", os.urandom)


def plain(size: int) -> bytes:
    return (CANARY * (size // len(CANARY) + 1))[:size]


def seal(quarantine: Quarantine, data: bytes, key: str = KEY, note: dict[str, str] | None = None) -> None:
    with quarantine.create(key, len(data), note or {}) as writer:
        writer.write(data)
        writer.finish()


@pytest.mark.parametrize(
    "size", [0, 1, 1000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 77]
)
def test_what_goes_in_comes_out(quarantine: Quarantine, size: int) -> None:
    data = os.urandom(size)
    seal(quarantine, data, note={"stem": "Doe Jane ü😐"})
    assert quarantine.describe(KEY)[1] == {"stem": "Doe Jane ü😐"}
    with quarantine.reader(KEY) as reader:
        assert reader.size_bytes == size
        assert reader.read_at(0, size + 10) == data


@settings(max_examples=40, deadline=None)
@given(offset=st.integers(0, 3 * CHUNK_BYTES + 500), length=st.integers(0, 2 * CHUNK_BYTES + 5))
def test_any_range_reads_like_the_plain_bytes(
    tmp_path_factory: pytest.TempPathFactory, offset: int, length: int
) -> None:
    data = _RANGE_DATA
    root = tmp_path_factory.getbasetemp() / "ranges"
    quarantine = Quarantine.open(root / "q", root / "master.key", os.urandom)
    if not quarantine.path(KEY).exists():
        seal(quarantine, data)
    with quarantine.reader(KEY) as reader:
        assert reader.read_at(offset, length) == data[offset : offset + length]


_RANGE_DATA = os.urandom(3 * CHUNK_BYTES + 123)


def test_threads_read_at_once(quarantine: Quarantine) -> None:
    data = os.urandom(40 * CHUNK_BYTES)
    seal(quarantine, data)
    start = threading.Barrier(4)

    def read(worker: int) -> bool:
        start.wait()
        offsets = [(worker * 7919 + step * 104729 * 13) % (len(data) - 5000) for step in range(200)]
        return all(reader.read_at(o, 5000) == data[o : o + 5000] for o in offsets)

    with quarantine.reader(KEY) as reader, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(4)))


def test_nothing_readable_is_on_the_disk(quarantine: Quarantine, tmp_path: Path) -> None:
    data = plain(2 * CHUNK_BYTES + 999)
    with quarantine.create(KEY, len(data), {"stem": CANARY.decode()}) as writer:
        for start in range(0, len(data), 300_001):
            writer.write(data[start : start + 300_001])
            writer.save()
            for path in tmp_path.rglob("*"):
                assert path.is_dir() or CANARY[:8] not in path.read_bytes()
        writer.finish()
    assert not list(tmp_path.rglob("*.tail*"))


def test_an_interrupted_writer_goes_on_after_its_last_saved_byte(quarantine: Quarantine) -> None:
    data = os.urandom(4 * CHUNK_BYTES + 5)
    saved = 0
    steps = [17, CHUNK_BYTES, 1, 2 * CHUNK_BYTES - 3, 5]
    with quarantine.create(KEY, len(data), {}) as writer:
        writer.write(data[:100])
        saved = writer.save()
    for step in steps:
        with quarantine.resume(KEY, saved) as writer:
            at = writer.offset_bytes
            assert at == saved
            writer.write(data[at : at + step])
            saved = writer.save()
            # Taken, partly written, never saved: the process dies here.
            writer.write(data[saved : saved + CHUNK_BYTES + 40_000])
    with quarantine.resume(KEY, saved) as writer:
        writer.write(data[writer.offset_bytes :])
        writer.finish()
    with quarantine.reader(KEY) as reader:
        assert reader.read_at(0, len(data)) == data


def test_a_torn_chunk_is_cut_off_and_the_saved_tail_before_it_still_counts(quarantine: Quarantine) -> None:
    data = os.urandom(3 * CHUNK_BYTES)
    with quarantine.create(KEY, len(data), {}) as writer:
        writer.write(data[: CHUNK_BYTES + 500])
        saved = writer.save()
        writer.write(data[saved : 2 * CHUNK_BYTES + 10])
    path = quarantine.path(KEY)
    os.truncate(path, path.stat().st_size - 1000)
    with quarantine.resume(KEY, saved) as writer:
        assert writer.offset_bytes == CHUNK_BYTES + 500
        writer.write(data[writer.offset_bytes :])
        writer.finish()
    with quarantine.reader(KEY) as reader:
        assert reader.read_at(0, len(data)) == data


def test_a_crash_after_saving_but_before_it_was_noted_costs_only_what_was_not_noted(
    quarantine: Quarantine,
) -> None:
    data = os.urandom(4 * CHUNK_BYTES)
    with quarantine.create(KEY, len(data), {}) as writer:
        writer.write(data[:700])
        noted = writer.save()
        writer.write(data[700 : 2 * CHUNK_BYTES + 9])
        writer.save()
    for _ in range(2):  # and dying again straight after the resumption loses nothing
        quarantine.resume(KEY, noted).close()
    with quarantine.resume(KEY, noted) as writer:
        assert writer.offset_bytes == 700
        writer.write(data[700:])
        writer.finish()
    quarantine.resume(KEY, len(data)).close()
    with quarantine.reader(KEY) as reader:
        assert reader.read_at(0, len(data)) == data


def test_losing_acknowledged_bytes_is_noticed(quarantine: Quarantine) -> None:
    data = os.urandom(3 * CHUNK_BYTES)
    with quarantine.create(KEY, len(data), {}) as writer:
        writer.write(data[: 2 * CHUNK_BYTES])
        saved = writer.save()
    os.truncate(quarantine.path(KEY), HEADER_BYTES + STRIDE + 5)
    with pytest.raises(SealBrokenError), quarantine.resume(KEY, saved):
        pass


def test_a_second_writer_is_refused(quarantine: Quarantine) -> None:
    with quarantine.create(KEY, 100, {}), pytest.raises(QuarantineError, match="written by somebody"):
        quarantine.resume(KEY, 0)


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("offset", [0, 9, 11, 20, 40, 90, 500, HEADER_BYTES - 1])
def test_a_changed_header_does_not_open(quarantine: Quarantine, offset: int) -> None:
    seal(quarantine, plain(5000))
    flip(quarantine.path(KEY), offset)
    with pytest.raises(SealBrokenError):
        quarantine.reader(KEY)


@pytest.mark.parametrize("where", [0, 5, 12, 5000, STRIDE - 1])
def test_a_changed_chunk_does_not_open_and_the_others_do(quarantine: Quarantine, where: int) -> None:
    data = plain(3 * CHUNK_BYTES)
    seal(quarantine, data)
    flip(quarantine.path(KEY), HEADER_BYTES + STRIDE + where)
    with quarantine.reader(KEY) as reader:
        assert reader.read_at(0, 100) == data[:100]
        with pytest.raises(SealBrokenError):
            reader.read_at(CHUNK_BYTES + 10, 1)


def test_chunks_in_another_order_do_not_open(quarantine: Quarantine) -> None:
    seal(quarantine, os.urandom(4 * CHUNK_BYTES))
    path = quarantine.path(KEY)
    body = bytearray(path.read_bytes())
    first, second = (
        slice(HEADER_BYTES, HEADER_BYTES + STRIDE),
        slice(HEADER_BYTES + STRIDE, HEADER_BYTES + 2 * STRIDE),
    )
    body[first], body[second] = body[second], body[first]
    path.write_bytes(body)
    with quarantine.reader(KEY) as reader:
        for index in (0, 1):
            with pytest.raises(SealBrokenError):
                reader.read_at(index * CHUNK_BYTES, 1)
        assert len(reader.read_at(2 * CHUNK_BYTES, 10)) == 10


@pytest.mark.parametrize("missing", [1, STRIDE, 2 * STRIDE])
def test_a_file_cut_short_does_not_open(quarantine: Quarantine, missing: int) -> None:
    seal(quarantine, os.urandom(3 * CHUNK_BYTES))
    path = quarantine.path(KEY)
    os.truncate(path, path.stat().st_size - missing)
    with pytest.raises(SealBrokenError):
        quarantine.reader(KEY)


def test_one_file_under_another_ones_name_does_not_open(quarantine: Quarantine) -> None:
    other = "f" * 16
    seal(quarantine, b"a" * 100)
    seal(quarantine, b"b" * 100, key=other)
    quarantine.path(KEY).replace(quarantine.path(other))
    with pytest.raises(SealBrokenError):
        quarantine.reader(other)


def test_more_or_fewer_bytes_than_announced_are_refused(quarantine: Quarantine) -> None:
    with quarantine.create(KEY, 10, {}) as writer:
        with pytest.raises(SourceChangedError):
            writer.write(b"x" * 11)
        writer.write(b"x" * 9)
        with pytest.raises(SourceChangedError):
            writer.finish()


def test_destroying_leaves_nothing_to_open(quarantine: Quarantine) -> None:
    seal(quarantine, plain(5000))
    kept = quarantine.path(KEY).with_name("hardlink")
    os.link(quarantine.path(KEY), kept)
    quarantine.destroy(KEY)
    quarantine.destroy(KEY)
    assert list(quarantine.keys()) == []
    with pytest.raises(SealedMissingError):
        quarantine.reader(KEY)
    # Even whoever still holds the bytes has lost the key with the header.
    kept.rename(quarantine.path(KEY))
    with pytest.raises(SealBrokenError):
        quarantine.reader(KEY)


def test_cleaning_leaves_alone_what_is_being_written_or_wanted(quarantine: Quarantine) -> None:
    with quarantine.create(KEY, 10, {}):
        assert not quarantine.destroy_unless(KEY, lambda: False)
    assert not quarantine.destroy_unless(KEY, lambda: True)
    assert quarantine.destroy_unless(KEY, lambda: False)
    assert not quarantine.destroy_unless(KEY, lambda: False)


def test_the_master_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master.key"
    first = Quarantine.open(tmp_path / "q", file, os.urandom)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Quarantine.open(tmp_path / "q", file, os.urandom).cases.master.keys() == (file.read_bytes(),)
    assert first.cases.master.keys() == (file.read_bytes(),)
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_a_lost_master_key_is_said_and_not_replaced(quarantine: Quarantine, tmp_path: Path) -> None:
    seal(quarantine, b"x")
    file = tmp_path / "keys" / "master.key"
    file.unlink()
    with pytest.raises(QuarantineError, match="missing"):
        Quarantine.open(tmp_path / "quarantine", file, os.urandom)
    assert not file.exists()
    file.write_bytes(b"short")
    with pytest.raises(QuarantineError, match="damaged"):
        Quarantine.open(tmp_path / "quarantine", file, os.urandom)


@pytest.mark.parametrize("key", ["../x", "a/b", "", "a.b", "ü"])
def test_a_key_is_never_a_path(quarantine: Quarantine, key: str) -> None:
    with pytest.raises(SealedMissingError):
        quarantine.reader(key)


def test_only_a_known_suffix_is_remembered() -> None:
    assert kept_suffix("Doe Jane 1951.SVS") == ".svs"
    assert kept_suffix("slide.doe-jane") == ""
    assert kept_suffix("<script>.svs/../x") == ""
