"""Pseudonyms of patients and cases, and the shift of their days."""

import multiprocessing
import re
import resource
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.subject import Subject
from server.deid import pseudonyms as module
from server.deid.pseudonyms import Patient, PseudonymError, Pseudonyms, shifted, subject_digest
from server.errors import OutOfSpaceError, StorageError
from tests.video.clip_writing import BytesSource
from tests.video.dicom.dicom_clips import dicom_loop, opened, pictures
from tiling.formats.dicom.subject import subject_of

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NAME = re.compile(r"P-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")
DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
IDENTITIES = st.binary(min_size=6, max_size=60)


def giving(key: bytes) -> Callable[[int], bytes]:
    """A source of randomness that gives this key."""
    return lambda count: key[:count]


@pytest.fixture
def pseudonyms(tmp_path: Path) -> Pseudonyms:
    return Pseudonyms.of_data(tmp_path, giving(KEY))


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Pseudonyms, Pseudonyms]]:
    """Two data folders with keys of their own, for properties: their answers do not depend on what was asked
    before."""
    folder = Path(tempfile.mkdtemp())
    yield (
        Pseudonyms.of_data(folder / "one", giving(KEY)),
        Pseudonyms.of_data(folder / "two", giving(OTHER_KEY)),
    )
    shutil.rmtree(folder)


def patient_of(pseudonyms: Pseudonyms, identity: bytes) -> Patient:
    return pseudonyms.patient(subject_digest(pseudonyms.digest_key, Subject(identity)))


@settings(max_examples=40, deadline=None)
@given(identity=IDENTITIES)
def test_the_same_patient_has_the_same_pseudonym_and_under_another_key_another(shared, identity):
    one, two = shared
    first = patient_of(one, identity)
    assert first == patient_of(one, identity)
    assert NAME.match(first.name)
    assert patient_of(two, identity).name != first.name


@settings(max_examples=40, deadline=None)
@given(identities=st.sets(IDENTITIES, min_size=2, max_size=5))
def test_different_patients_have_different_pseudonyms(shared, identities):
    one, _two = shared
    assert len({patient_of(one, identity).name for identity in identities}) == len(identities)


@given(identity=IDENTITIES, first=DAYS, second=DAYS)
@settings(max_examples=40, deadline=None)
def test_what_lies_between_two_days_stays_and_no_day_stays_where_it_was(shared, identity, first, second):
    patient = patient_of(shared[0], identity)
    assert shifted(second, patient) - shifted(first, patient) == second - first
    assert 1 <= abs((shifted(first, patient) - first).days) <= module.MOST_DAYS


@given(day=st.dates(), days=st.integers(-365, 365).filter(bool))
def test_every_day_of_the_calendar_can_be_shifted_and_shifted_back(day, days):
    assert shifted(shifted(day, Patient("", days)), Patient("", -days)) == day


def test_a_pseudonym_outlives_the_process_and_needs_no_database_to_be_the_same(pseudonyms, tmp_path):
    first = patient_of(pseudonyms, b"12345678")
    assert patient_of(Pseudonyms.of_data(tmp_path, giving(OTHER_KEY)), b"12345678") == first
    (tmp_path / module.DATABASE_FILE).unlink()
    assert patient_of(Pseudonyms.of_data(tmp_path, giving(OTHER_KEY)), b"12345678") == first


def test_nothing_of_an_identity_is_in_any_byte_that_was_written(pseudonyms, tmp_path):
    for number in range(40):
        patient_of(pseudonyms, f"MRN-{number:08}\\DOE^JANE".encode())
        pseudonyms.case_name(f"Accession {number:08} Doe")
    written = b"".join(path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file())
    for disguise in ("utf-8", "utf-16-le", "utf-16-be"):
        for word in ("MRN-", "DOE", "JANE", "doe", "0000000", "ccession"):
            assert word.encode(disguise) not in written


def test_files_are_for_the_owner_alone_and_nothing_is_left_beside_them(pseudonyms, tmp_path):
    patient_of(pseudonyms, b"12345678")
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["keys/pseudonym.key", "pseudonyms.sqlite"]
    for name in files:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_forgotten_patient_is_in_no_byte_of_the_file(pseudonyms, tmp_path):
    digest = subject_digest(pseudonyms.digest_key, Subject(b"12345678"))
    name = pseudonyms.patient(digest).name
    stored = (tmp_path / module.DATABASE_FILE).read_bytes()
    assert digest.encode() in stored and name.encode() in stored
    assert pseudonyms.forget(digest)
    assert not pseudonyms.forget(digest)
    left = (tmp_path / module.DATABASE_FILE).read_bytes()
    assert digest.encode() not in left and name.encode() not in left


def test_a_patient_has_one_pseudonym_as_a_slide_and_as_a_loop(pseudonyms):
    data = dicom_loop(
        pictures(), PatientID="55-81 ", IssuerOfPatientID="Elsewhere", PatientName="Doe", StudyDate="20190307"
    )
    of_slide, of_loop = subject_of(BytesSource(data)), opened(data).subject
    assert of_slide == of_loop
    names = {patient_of(pseudonyms, subject.identity).name for subject in (of_slide, of_loop)}
    assert len(names) == 1


def test_who_has_only_the_key_for_digests_cannot_name_anybody(pseudonyms):
    assert pseudonyms.digest_key != KEY
    assert len(pseudonyms.digest_key) == 32


def test_two_patients_whose_short_pseudonyms_are_alike_are_told_apart_by_a_longer_one(
    pseudonyms, monkeypatch
):
    real = module._names

    def alike(key: bytes, initial: str, digest: str) -> Iterator[str]:
        for name in real(key, initial, digest):
            yield name if len(name) > 11 else "P-AAAA-AAAA"

    monkeypatch.setattr(module, "_names", alike)
    first, second = patient_of(pseudonyms, b"patient one"), patient_of(pseudonyms, b"patient two")
    assert first.name == "P-AAAA-AAAA"
    assert re.fullmatch(r"P(-[0-9A-Z]{4}){3}", second.name)
    assert patient_of(pseudonyms, b"patient two") == second


def test_a_case_has_one_pseudonym_however_it_is_written(pseudonyms):
    name = pseudonyms.case_name("S23-00412")
    assert re.fullmatch(r"C-\w{4}-\w{4}", name)
    assert pseudonyms.case_name(" s23-00412 ") == name
    assert pseudonyms.case_name("S23-00413") != name
    assert pseudonyms.case_name("a\udcff") != pseudonyms.case_name("a\udcfe")


def ask(folder: str, start: int, answers) -> None:
    pseudonyms = Pseudonyms.of_data(Path(folder), giving(bytes([start]) * 32))
    answers.put([patient_of(pseudonyms, f"patient {number}".encode()) for number in range(15)])


def test_two_processes_that_begin_at_the_same_moment_have_one_key_and_the_same_pseudonyms(tmp_path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    asking = [context.Process(target=ask, args=(str(tmp_path), start, answers)) for start in (1, 2)]
    for process in asking:
        process.start()
    first, second = (answers.get(timeout=60) for _process in asking)
    for process in asking:
        process.join(timeout=60)
    assert first == second
    with sqlite3.connect(tmp_path / module.DATABASE_FILE) as connection:
        assert connection.execute("SELECT count(*) FROM pseudonym").fetchone() == (15,)


def test_a_disk_that_is_full_is_said_and_nothing_of_what_was_there_is_lost(pseudonyms, tmp_path):
    before = patient_of(pseudonyms, b"12345678")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / module.DATABASE_FILE).stat().st_size, hard))
    try:
        with pytest.raises(OutOfSpaceError):
            for number in range(1_000):
                patient_of(pseudonyms, f"patient {number}".encode())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert patient_of(Pseudonyms.of_data(tmp_path, giving(KEY)), b"12345678") == before


def test_a_lost_or_foreign_or_damaged_key_is_said_and_not_replaced(pseudonyms, tmp_path):
    key_file = tmp_path / "keys" / module.KEY_FILE
    key_file.unlink()
    with pytest.raises(StorageError, match="key of the pseudonyms is missing"):
        Pseudonyms.of_data(tmp_path, giving(KEY))
    assert not key_file.exists()
    key_file.write_bytes(OTHER_KEY)
    with pytest.raises(PseudonymError, match="another key"):
        Pseudonyms.of_data(tmp_path, giving(KEY))
    key_file.write_bytes(b"short")
    with pytest.raises(StorageError, match="damaged"):
        Pseudonyms.of_data(tmp_path, giving(KEY))


def test_a_file_that_is_no_database_or_of_a_newer_version_is_one_sentence(pseudonyms, tmp_path):
    path = tmp_path / module.DATABASE_FILE
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(PseudonymError, match="newer version"):
        Pseudonyms.of_data(tmp_path, giving(KEY))
    path.write_bytes(b"no database at all" * 300)
    with pytest.raises(PseudonymError, match="cannot be used"):
        Pseudonyms.of_data(tmp_path, giving(KEY))
