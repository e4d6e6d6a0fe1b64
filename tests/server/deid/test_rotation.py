"""The master key is replaced while everything goes on; wherever the process dies, everything still opens."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.deid import Quarantine, QuarantineError, SealBrokenError
from server.deid.sealed_disk import Disk

DATA = b"DOE^JANE 1951-03-04" * 50
FILES = {"a1": "c1", "a2": "c1", "b1": "c2", "v1": None, "v2": None}
KILLED = 9


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here, no machine loses its power: the order of writing has a test of its own."""
    monkeypatch.setattr(os, "fsync", lambda _fd: None)


def open_quarantine(folder: Path, disk: Disk | None = None) -> Quarantine:
    return Quarantine.open(folder / "quarantine", folder / "keys" / "master.key", os.urandom, disk)


def filled(folder: Path) -> Quarantine:
    quarantine = open_quarantine(folder)
    for key, case_id in FILES.items():
        with quarantine.create(key, len(DATA), {"stem": key}, case_id=case_id) as writer:
            writer.write(DATA)
            writer.finish()
    return quarantine


def everything_opens(quarantine: Quarantine) -> None:
    for key in FILES:
        with quarantine.reader(key) as reader:
            assert reader.read_at(0, len(DATA)) == DATA
        assert quarantine.describe(key)[1] == {"stem": key}


def nothing_is_left_over(quarantine: Quarantine) -> None:
    names = {str(path.relative_to(quarantine.root)) for path in quarantine.root.rglob("*")}
    assert names == {"cases", "cases/c1.key", "cases/c2.key", *(f"{key}.sealed" for key in FILES)}
    assert [path.name for path in quarantine.cases.master.path.parent.iterdir()] == ["master.key"]
    assert not quarantine.inventory().is_key_being_replaced


class Deadly(Disk):
    """Ends the process at the n-th change of the disk: before it, or when half of it is done."""

    def __init__(self, at: int, *, is_torn: bool, die: Callable[[], None]) -> None:
        self.left = at
        self.is_torn = is_torn
        self.die = die

    def _step(self) -> bool:
        self.left -= 1
        if self.left == 0 and not self.is_torn:
            self.die()
        return self.left == 0

    def write(self, fd: int, data: bytes, offset: int) -> None:
        is_last = self._step()
        super().write(fd, data[: len(data) // 2] if is_last else data, offset)
        self._after(is_last)

    def sync(self, fd: int) -> None:
        self._after(self._step())
        super().sync(fd)

    def link(self, path: Path, name: Path) -> None:
        is_last = self._step()
        super().link(path, name)
        self._after(is_last)

    def rename(self, path: Path, name: Path) -> None:
        is_last = self._step()
        super().rename(path, name)
        self._after(is_last)

    def unlink(self, path: Path) -> None:
        is_last = self._step()
        super().unlink(path)
        self._after(is_last)

    def sync_directory(self, path: Path) -> None:
        self._after(self._step())
        super().sync_directory(path)

    def _after(self, is_last: bool) -> None:
        if is_last:
            self.die()


def in_a_process_that_dies(folder: Path, at: int, act: Callable[[Quarantine], object], *, torn: bool) -> bool:
    """Act in a child that ends at the n-th change; whether it did."""
    disk = Deadly(at, is_torn=torn, die=lambda: os._exit(KILLED))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act(open_quarantine(folder, disk))
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, KILLED}
    return code == KILLED


def test_everything_opens_with_the_new_key_and_nothing_with_the_old_one(tmp_path: Path) -> None:
    quarantine = filled(tmp_path)
    key_file = tmp_path / "keys" / "master.key"
    before = key_file.read_bytes()
    sealed = {key: quarantine.path(key).read_bytes() for key in FILES}
    linked = tmp_path / "linked.key"
    os.link(key_file, linked)
    done = quarantine.rotate_master_key()
    assert (done.case_count, done.file_count, done.unreadable_count, done.was_resumed) == (2, 2, 0, False)
    assert key_file.read_bytes() not in {before, linked.read_bytes()}
    assert linked.read_bytes() != before
    everything_opens(quarantine)
    everything_opens(open_quarantine(tmp_path))
    nothing_is_left_over(quarantine)
    # Files of a case are not touched at all.
    assert all(
        (quarantine.path(key).read_bytes() == sealed[key]) == (FILES[key] is not None) for key in FILES
    )
    key_file.write_bytes(before)
    with pytest.raises(SealBrokenError):
        open_quarantine(tmp_path).describe("a1")
    with pytest.raises(SealBrokenError):
        open_quarantine(tmp_path).describe("v1")


def test_a_quarantine_with_nothing_in_it_gets_a_new_key_too(tmp_path: Path) -> None:
    quarantine = open_quarantine(tmp_path)
    before = quarantine.cases.master.keys()
    assert quarantine.rotate_master_key().case_count == 0
    assert quarantine.cases.master.keys() != before


@pytest.mark.parametrize("torn", [False, True], ids=["before the change", "in the middle of it"])
def test_a_rotation_that_dies_at_any_change_loses_nothing_and_the_next_ends_it(
    tmp_path: Path, torn: bool
) -> None:
    at, died = 0, True
    while died:
        at += 1
        folder = tmp_path / str(at)
        filled(folder)
        died = in_a_process_that_dies(folder, at, Quarantine.rotate_master_key, torn=torn)
        quarantine = open_quarantine(folder)
        everything_opens(quarantine)
        with quarantine.create("later", 3, {}, case_id=f"c{at % 3}") as writer:
            writer.write(b"abc")
            writer.finish()
        quarantine.rotate_master_key()
        with quarantine.reader("later") as reader:
            assert reader.read_at(0, 3) == b"abc"
        quarantine.destroy("later")
        quarantine.cases.destroy("c0")
        everything_opens(quarantine)
        nothing_is_left_over(quarantine)
    assert at > 35


@settings(max_examples=8, deadline=None)
@given(deaths=st.lists(st.tuples(st.integers(1, 45), st.booleans()), min_size=2, max_size=5))
def test_rotations_that_die_one_after_another_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[tuple[int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("deaths")
    filled(folder)
    for at, torn in deaths:
        in_a_process_that_dies(folder, at, Quarantine.rotate_master_key, torn=torn)
        everything_opens(open_quarantine(folder))
    quarantine = open_quarantine(folder)
    quarantine.rotate_master_key()
    everything_opens(quarantine)
    nothing_is_left_over(quarantine)


@pytest.mark.parametrize("torn", [False, True])
def test_a_case_whose_erasure_died_half_way_is_erased_by_doing_it_again(tmp_path: Path, torn: bool) -> None:
    at, died = 0, True
    while died:
        at += 1
        folder = tmp_path / str(at)
        filled(folder)
        died = in_a_process_that_dies(folder, at, lambda quarantine: quarantine.erase_case("c1"), torn=torn)
        quarantine = open_quarantine(folder)
        quarantine.erase_case("c1")
        assert list(quarantine.cases.ids()) == ["c2"]
        # A file's name may outlive its key, until whoever looks after the folder destroys what nobody wants.
        for key in {"a1", "a2"} & set(quarantine.keys()):
            with pytest.raises(QuarantineError):
                quarantine.describe(key)
        for key in ("b1", "v1", "v2"):
            quarantine.describe(key)


def test_a_key_is_on_the_disk_before_it_has_its_name(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []

    class Telling(Disk):
        def write(self, fd: int, data: bytes, offset: int) -> None:
            told.append(("write", ""))
            super().write(fd, data, offset)

        def sync(self, fd: int) -> None:
            told.append(("sync", ""))
            super().sync(fd)

        def rename(self, path: Path, name: Path) -> None:
            told.append(("rename", path.name))
            super().rename(path, name)

        def link(self, path: Path, name: Path) -> None:
            told.append(("link", path.name))
            super().link(path, name)

    filled(tmp_path)
    open_quarantine(tmp_path, Telling()).rotate_master_key()
    named = [number for number, (verb, name) in enumerate(told) if name.endswith(".new")]
    assert len(named) >= 5
    assert all(told[number - 1][0] == "sync" and told[number - 2][0] == "write" for number in named)


def test_readers_and_writers_notice_nothing_of_rotations(tmp_path: Path) -> None:
    quarantine = filled(tmp_path)
    is_over = threading.Event()

    def read() -> int:
        count, other = 0, open_quarantine(tmp_path)
        while not is_over.is_set() or not count:
            everything_opens(other)
            count += 1
        return count

    def write(worker: int) -> list[str]:
        made: list[str] = []
        while len(made) < 50 and not (made and is_over.is_set()):
            key = f"n{worker}x{len(made)}"
            with quarantine.create(key, 4, {}, case_id=[None, f"d{len(made)}"][worker]) as writer:
                writer.write(b"abcd")
                writer.finish()
            made.append(key)
        return made

    def erase() -> None:
        number = 0
        while number < 50 and not is_over.is_set():
            quarantine.destroy(f"n0x{number}")
            quarantine.erase_case(f"e{number}")
            number += 1

    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        writers = [pool.submit(write, worker) for worker in range(2)]
        eraser = pool.submit(erase)
        try:
            for _ in range(2):
                quarantine.rotate_master_key()
        finally:
            is_over.set()
        assert all(reader.result() for reader in readers)
        eraser.result()
        made = {key for writer in writers for key in writer.result()}
    for key in made & set(quarantine.keys()):
        with quarantine.reader(key) as reader:
            assert reader.read_at(0, 4) == b"abcd"
    assert quarantine.inventory().broken_count == 0


def test_two_rotations_at_once_are_one_too_many(tmp_path: Path) -> None:
    other = filled(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    class Waiting(Disk):
        def rename(self, path: Path, name: Path) -> None:
            begun.set()
            assert go_on.wait(60)
            super().rename(path, name)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(open_quarantine(tmp_path, Waiting()).rotate_master_key)
        assert begun.wait(60)
        with pytest.raises(QuarantineError, match="Somebody else"):
            other.rotate_master_key()
        go_on.set()
        assert first.result().case_count == 2


def test_what_opened_with_no_key_before_stays_and_is_counted(tmp_path: Path) -> None:
    quarantine = filled(tmp_path)
    for path in (quarantine.cases.path("c1"), quarantine.path("v1")):
        data = bytearray(path.read_bytes())
        data[40] ^= 1
        path.write_bytes(data)
    done = quarantine.rotate_master_key()
    assert (done.case_count, done.file_count, done.unreadable_count) == (1, 1, 2)
    quarantine.describe("b1")
    quarantine.describe("v2")


def test_a_key_whose_folder_cannot_be_written_is_said_and_stays_in_force(tmp_path: Path) -> None:
    class ReadOnly(Disk):
        def link(self, path: Path, name: Path) -> None:
            raise OSError(30, "Read-only file system")

    filled(tmp_path)
    with pytest.raises(QuarantineError, match="Read-only"):
        open_quarantine(tmp_path, ReadOnly()).rotate_master_key()
    quarantine = open_quarantine(tmp_path)
    everything_opens(quarantine)
    quarantine.rotate_master_key()
    nothing_is_left_over(quarantine)


def test_a_key_file_behind_a_symbolic_link_is_replaced_where_it_lies(tmp_path: Path) -> None:
    elsewhere = tmp_path / "volume"
    elsewhere.mkdir()
    (tmp_path / "master.key").symlink_to(elsewhere / "real.key")
    quarantine = Quarantine.open(tmp_path / "q", tmp_path / "master.key", os.urandom)
    before = (elsewhere / "real.key").read_bytes()
    quarantine.rotate_master_key()
    assert (tmp_path / "master.key").is_symlink()
    assert (elsewhere / "real.key").read_bytes() != before
