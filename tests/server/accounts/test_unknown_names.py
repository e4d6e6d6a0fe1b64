"""Names that nobody has wait like those that somebody has, whichever process is asked."""

import os
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.accounts.unknown_names import PLACES, SharedFailures, UnknownNames

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_the_wait_begins_with_the_last_allowed_failure() -> None:
    names = UnknownNames(3, 60)
    for _ in range(2):
        names.note_failure("eve", NOW)
        assert names.wait_until("eve") is None
    names.note_failure("eve", NOW)
    assert names.wait_until("eve") == NOW + timedelta(seconds=60)
    assert names.wait_until("mallory") is None


def test_failures_in_another_process_count() -> None:
    failures = SharedFailures()
    mine = UnknownNames(4, 60, failures)
    for _ in range(3):
        child = os.fork()
        if child == 0:
            UnknownNames(4, 60, failures).note_failure("eve", NOW)
            os._exit(0)
        os.waitpid(child, 0)
    assert mine.wait_until("eve") is None
    mine.note_failure("eve", NOW)
    assert mine.wait_until("eve") == NOW + timedelta(seconds=60)


@given(st.text())
def test_every_name_has_a_place_in_the_table(name: str) -> None:
    failures = SharedFailures()
    place = failures.place(name)
    assert place == failures.place(name)
    assert 0 <= failures.read(place)[0] < PLACES
