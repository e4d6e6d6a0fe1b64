"""The line of frames to decode: newest first, bounded, and nobody waits for what was called off."""

import threading
from concurrent.futures import CancelledError

import pytest

from server.errors import OverloadedError
from server.imagery.newest_first import NewestFirst


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def blocked(pool: NewestFirst, gate: threading.Event) -> None:
    """Keep the pool's only thread busy until the gate opens."""
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        gate.wait(60)

    pool.submit(wait)
    assert begun.wait(60)


def test_what_was_asked_for_last_is_made_first(gate: threading.Event) -> None:
    pool, made = NewestFirst(1, 10, "test"), []
    blocked(pool, gate)
    futures = [pool.submit(lambda number=number: made.append(number)) for number in range(4)]
    gate.set()
    for future in futures:
        future.result(60)
    assert made == [3, 2, 1, 0]
    pool.close()


def test_everybody_has_his_turn_however_much_others_ask_for(gate: threading.Event) -> None:
    pool, made = NewestFirst(1, 10, "test"), []
    blocked(pool, gate)
    futures = [pool.submit(lambda number=number: made.append(number), "hasty") for number in range(3)]
    futures.append(pool.submit(lambda: made.append("patient"), "patient"))
    gate.set()
    for future in futures:
        future.result(60)
    assert made == [2, "patient", 1, 0]
    pool.close()


def test_what_was_called_off_is_not_made(gate: threading.Event) -> None:
    pool, made = NewestFirst(1, 10, "test"), []
    blocked(pool, gate)
    kept, called_off = pool.submit(lambda: made.append("kept")), pool.submit(lambda: made.append("off"))
    assert called_off.cancel()
    gate.set()
    kept.result(60)
    assert made == ["kept"]
    pool.close()


def test_of_too_many_the_oldest_is_refused_and_told_when_to_come_again(gate: threading.Event) -> None:
    pool = NewestFirst(1, 2, "test")
    blocked(pool, gate)
    first, *others = [pool.submit(lambda number=number: number) for number in range(3)]
    with pytest.raises(OverloadedError) as refused:
        first.result(60)
    assert refused.value.retry_after_s > 0
    gate.set()
    assert [future.result(60) for future in others] == [1, 2]
    pool.close()


def test_an_error_goes_to_who_waits_and_the_thread_goes_on() -> None:
    pool = NewestFirst(1, 10, "test")
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(60)
    assert pool.submit(lambda: 7).result(60) == 7
    pool.close()


def test_closing_lets_go_of_what_has_not_begun(gate: threading.Event) -> None:
    pool = NewestFirst(1, 10, "test")
    blocked(pool, gate)
    waiting = pool.submit(lambda: 1)
    pool.close()
    gate.set()
    with pytest.raises(CancelledError):
        waiting.result(60)
