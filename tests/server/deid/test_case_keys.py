"""A key for each case: made once, bound to its case, and with it everything of the case is gone."""

import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.deid import CaseErasedError, Quarantine, SealBrokenError
from server.deid.seal import CASE_BYTES, HEADER_BYTES, Header

DATA = b"DOE^JANE 1951-03-04" * 100


def open_quarantine(folder: Path) -> Quarantine:
    return Quarantine.open(folder / "quarantine", folder / "keys" / "master.key", os.urandom)


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return open_quarantine(tmp_path)


def seal(quarantine: Quarantine, key: str, case_id: str | None, data: bytes = DATA) -> None:
    with quarantine.create(key, len(data), {"stem": "Doe Jane"}, case_id=case_id) as writer:
        writer.write(data)
        writer.finish()


def plain(quarantine: Quarantine, key: str) -> bytes:
    with quarantine.reader(key) as reader:
        return reader.read_at(0, reader.size_bytes)


@settings(max_examples=40, deadline=None)
@given(
    case_id=st.none() | st.from_regex(r"[0-9A-Za-z]{1,32}", fullmatch=True),
    data=st.binary(max_size=300),
    note=st.dictionaries(st.text(max_size=10), st.text(max_size=50), max_size=3),
)
def test_a_file_of_any_case_and_of_none_comes_back(
    tmp_path_factory: pytest.TempPathFactory, case_id: str | None, data: bytes, note: dict[str, str]
) -> None:
    quarantine = open_quarantine(tmp_path_factory.getbasetemp() / "any-case")
    key = os.urandom(8).hex()
    with quarantine.create(key, len(data), note, case_id=case_id) as writer:
        writer.write(data)
        writer.finish()
    sealed, told = quarantine.describe(key)
    assert (sealed.plain_bytes, told) == (len(data), note)
    assert plain(quarantine, key) == data
    assert Header.parse(key, quarantine.path(key).read_bytes()[:HEADER_BYTES]).case_id == case_id


@pytest.mark.parametrize("case_id", ["", "../c", "a/b", "a.b", "ü", "c" * (CASE_BYTES + 1)])
def test_what_is_no_id_makes_no_key_and_no_file(quarantine: Quarantine, case_id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        quarantine.create("a1", 5, {}, case_id=case_id)
    assert list(quarantine.root.iterdir()) == []


def test_a_file_without_a_size_is_refused(quarantine: Quarantine) -> None:
    with pytest.raises(ValueError, match="length"):
        quarantine.create("a1", -1, {}, case_id="c1")
    assert list(quarantine.root.iterdir()) == []


def test_a_case_has_one_key_for_all_its_files_and_each_file_its_own(quarantine: Quarantine) -> None:
    for number in range(3):
        seal(quarantine, f"a{number}", "c1")
    seal(quarantine, "b0", "c2")
    assert list(quarantine.cases.ids()) == ["c1", "c2"]
    assert len({quarantine.describe(key)[0].data_key for key in ("a0", "a1", "a2", "b0")}) == 4
    path = quarantine.cases.path("c1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(left.name for left in path.parent.iterdir()) == ["c1.key", "c2.key"]


def _make(folder: Path) -> bytes:
    return open_quarantine(folder).cases.key_or_new("c1")


def test_processes_that_try_at_once_get_the_same_key(tmp_path: Path) -> None:
    open_quarantine(tmp_path)
    with ProcessPoolExecutor(4) as pool:
        assert len(set(pool.map(_make, [tmp_path] * 16))) == 1
    assert [left.name for left in (tmp_path / "quarantine" / "cases").iterdir()] == ["c1.key"]


def test_one_cases_key_does_not_open_another_case(quarantine: Quarantine) -> None:
    seal(quarantine, "a1", "c1")
    seal(quarantine, "b1", "c2")
    quarantine.cases.path("c1").replace(quarantine.cases.path("c2"))
    with pytest.raises(SealBrokenError):
        quarantine.describe("b1")
    with pytest.raises(CaseErasedError):
        quarantine.describe("a1")


def test_a_file_cannot_be_moved_to_another_case(quarantine: Quarantine) -> None:
    seal(quarantine, "a1", "c1")
    seal(quarantine, "b1", "c2")
    path = quarantine.path("a1")
    path.write_bytes(path.read_bytes().replace(b"c1\0\0", b"c2\0\0", 1))
    with pytest.raises(SealBrokenError):
        quarantine.describe("a1")


def test_an_erased_case_is_gone_wherever_its_files_were_copied_to(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    for key, case_id in (("a1", "c1"), ("a2", "c1"), ("b1", "c2")):
        seal(quarantine, key, case_id)
    copy = tmp_path / "backup"
    copy.write_bytes(quarantine.path("a1").read_bytes())
    key_copy = tmp_path / "linked.key"
    os.link(quarantine.cases.path("c1"), key_copy)
    assert quarantine.erase_case("c1") == 2
    assert list(quarantine.keys()) == ["b1"]
    assert plain(quarantine, "b1") == DATA
    copy.rename(quarantine.path("a1"))
    with pytest.raises(CaseErasedError, match="erased"):
        quarantine.reader("a1")
    key_copy.rename(quarantine.cases.path("c1"))
    with pytest.raises(SealBrokenError):
        quarantine.reader("a1")
    # Nor does a key that the case is given anew.
    quarantine.erase_case("c1")
    seal(quarantine, "a3", "c1")
    copy.write_bytes(b"")
    assert plain(quarantine, "a3") == DATA


def test_erasing_twice_or_what_never_was_is_no_error(quarantine: Quarantine) -> None:
    assert quarantine.erase_case("c1") == 0
    seal(quarantine, "a1", "c1")
    assert (quarantine.erase_case("c1"), quarantine.erase_case("c1")) == (1, 0)


def test_a_file_that_is_being_written_while_its_case_is_erased_goes_with_the_next_purge(
    quarantine: Quarantine,
) -> None:
    with quarantine.create("a1", 10, {}, case_id="c1") as writer:
        writer.write(b"12345")
        writer.save()
        assert quarantine.erase_case("c1") == 0
        assert quarantine.purge() == 0
    with pytest.raises(CaseErasedError):
        quarantine.resume("a1", 5)
    assert quarantine.inventory().erased_count == 1
    assert quarantine.purge() == 1
    assert list(quarantine.keys()) == []
    assert [left.name for left in quarantine.root.iterdir()] == ["cases"]


def test_a_purge_takes_what_serves_nobody_and_nothing_else(quarantine: Quarantine) -> None:
    seal(quarantine, "a1", "c1")
    seal(quarantine, "b1", None)
    root = quarantine.root
    kept = [root / "a1.review", root / "b1.5.tail", root / "README", root / "notes.txt"]
    lost = [root / "dead.tail", root / "dead.4.tail", root / "dead.review", root / "dead.rewrap"]
    for path in (*kept, *lost, quarantine.cases.folder / "c1.key.0badcafe.new"):
        path.write_bytes(b"x")
    before = quarantine.inventory()
    assert (before.file_count, before.case_count, before.master_wrapped_count) == (2, 1, 1)
    assert (before.leftover_count, before.broken_count, before.erased_count) == (4, 0, 0)
    assert quarantine.purge() == len(lost)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in lost)
    assert [left.name for left in quarantine.cases.folder.iterdir()] == ["c1.key"]
    assert plain(quarantine, "a1") == plain(quarantine, "b1") == DATA
    assert quarantine.inventory().leftover_count == 0


def test_the_inventory_names_what_does_not_open(quarantine: Quarantine) -> None:
    seal(quarantine, "a1", "c1")
    seal(quarantine, "a2", "c1")
    data = bytearray(quarantine.path("a1").read_bytes())
    data[70] ^= 1
    quarantine.path("a1").write_bytes(data)
    (quarantine.root / "a3.sealed").write_bytes(b"short")
    assert quarantine.inventory().broken_count == 2


def test_where_case_keys_are_a_lost_master_key_is_not_replaced(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    quarantine.cases.key_or_new("c1")
    (tmp_path / "keys" / "master.key").unlink()
    with pytest.raises(Exception, match="missing"):
        open_quarantine(tmp_path)
