"""``slidereel pseudonym forget``: by the pseudonym, or by a number that is typed where nobody reads along."""

import io
import sys
from collections.abc import Callable
from datetime import date

import pytest

from ground.subject import Subject
from server import audit
from server.ambient import Ambient
from server.cli import main
from server.config import Settings
from server.db import Database
from server.db.schema import asset
from server.deid.pseudonyms import Patient, Pseudonyms, subject_digest
from tests.server.conftest import add_asset

NUMBER, ISSUER = "77120934", "ST ELSEWHERE"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def forget(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str, given: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = main(["pseudonym", "forget", *arguments, "--data", str(settings.data)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def pseudonyms(settings: Settings, database: Database, ambient: Ambient) -> Pseudonyms:
    return Pseudonyms.of_data(settings.data, ambient.random_bytes)


def come(pseudonyms: Pseudonyms, identity: str) -> Patient:
    """A patient of whom a file comes in."""
    subject = Subject(identity.encode("latin-1"), date(2021, 3, 4))
    return pseudonyms.patient(subject_digest(pseudonyms.digest_key, subject))


def stands_in_the_file(settings: Settings, name: str) -> bool:
    return name.encode() in (settings.data / "pseudonyms.sqlite").read_bytes()


@pytest.mark.parametrize(
    ("identity", "given"),
    [
        (f"\0{NUMBER}", f"{NUMBER}\n"),
        (f"\0{NUMBER}", f"  {NUMBER} \r\n\r\n"),
        (f"{ISSUER}\0{NUMBER}", f"{NUMBER}\n{ISSUER}\n"),
        ("\0GÜ-77120934", "GÜ-77120934"),
    ],
)
def test_a_patient_is_forgotten_by_the_number_on_standard_input(
    forget: Run, pseudonyms: Pseudonyms, settings: Settings, identity: str, given: str
) -> None:
    name = come(pseudonyms, identity).name
    assert stands_in_the_file(settings, name)
    assert forget("--number-stdin", given=given) == (0, f"{name} forgotten; assets that keep it: 0\n", "")
    assert not stands_in_the_file(settings, name), "it is overwritten, too"
    code, out, err = forget("--number-stdin", given=given)
    assert (code, out) == (1, "")
    assert "No patient is remembered" in err


def test_a_patient_is_forgotten_by_the_pseudonym_and_the_audit_log_says_so_and_no_more(
    forget: Run, pseudonyms: Pseudonyms, database: Database
) -> None:
    name, other = come(pseudonyms, f"\0{NUMBER}").name, come(pseudonyms, "\x00another").name
    add_asset(database)
    database.write_now(lambda c: c.execute(asset.update().values(subject=name)))
    assert forget(name.lower()) == (0, f"{name} forgotten; assets that keep it: 1\n", "")
    (event,) = database.read_now(audit.events)
    assert (event.action, event.subject_kind, event.subject_id) == ("pseudonym.forgotten", "pseudonym", name)
    assert (event.actor, event.detail) == ("command line", {"assets": 1})
    assert pseudonyms.forget(other) == other, "nobody else was forgotten"


def test_who_is_not_remembered_is_said_without_repeating_what_was_asked(
    forget: Run, pseudonyms: Pseudonyms, database: Database
) -> None:
    for arguments, given in ((["P-0000-0000"], ""), (["--number-stdin"], NUMBER), (["--number-stdin"], "")):
        code, out, err = forget(*arguments, given=given)
        assert (code, out) == (1, "")
        assert NUMBER not in err
    assert database.read_now(audit.events) == []


def test_a_number_is_no_argument(forget: Run, pseudonyms: Pseudonyms) -> None:
    for arguments in ([], ["P-0000-0000", "--number-stdin"], ["--number-stdin", NUMBER]):
        with pytest.raises(SystemExit):
            forget(*arguments)
