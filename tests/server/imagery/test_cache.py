"""The memory of pictures: so many bytes, made once for all who ask, given up when nobody waits."""

import asyncio
import threading

import pytest

from server.errors import OverloadedError
from server.imagery.cache import ENTRY_OVERHEAD_BYTES, RenderCache
from server.imagery.render import THREADS, Renders


class Making:
    """Something that is made when a test says so."""

    def __init__(self, result: bytes = b"made") -> None:
        self.result = result
        self.begun = 0
        self.may_end = asyncio.Event()
        self.stop: threading.Event | None = None

    async def __call__(self, stop: threading.Event) -> bytes:
        self.begun += 1
        self.stop = stop
        await self.may_end.wait()
        return self.result


async def test_all_who_ask_meanwhile_get_what_is_made_once() -> None:
    cache, making = RenderCache(10_000), Making()
    asking = [asyncio.create_task(cache.get_or_make("key", making)) for _ in range(5)]
    await asyncio.sleep(0)
    making.may_end.set()
    assert await asyncio.gather(*asking) == [b"made"] * 5
    assert await cache.get_or_make("key", making) == b"made"
    assert cache.get("key") == b"made"
    assert making.begun == 1


async def test_who_goes_leaves_the_others_waiting_and_the_last_one_ends_the_work() -> None:
    cache, making = RenderCache(10_000), Making()
    first, second = (asyncio.create_task(cache.get_or_make("key", making)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    assert making.stop is not None and not making.stop.is_set()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert making.stop.is_set()
    again = asyncio.create_task(cache.get_or_make("key", making))
    await asyncio.sleep(0)
    making.may_end.set()
    assert await again == b"made"
    assert making.begun == 2


async def test_an_error_reaches_everybody_and_is_not_remembered() -> None:
    cache = RenderCache(10_000)
    outcomes = iter([ValueError("once"), None])

    async def make(_stop: threading.Event) -> bytes:
        await asyncio.sleep(0)
        if (error := next(outcomes)) is not None:
            raise error
        return b"made"

    both = await asyncio.gather(*(cache.get_or_make("key", make) for _ in range(2)), return_exceptions=True)
    assert [type(outcome) for outcome in both] == [ValueError, ValueError]
    assert await cache.get_or_make("key", make) == b"made"


async def test_it_holds_so_many_bytes_and_drops_what_was_not_asked_for_longest() -> None:
    cache = RenderCache(3 * (100 + ENTRY_OVERHEAD_BYTES))

    async def make(_stop: threading.Event) -> bytes:
        return bytes(100)

    for name in "abc":
        await cache.get_or_make(name, make)
    assert cache.get("a") is not None
    await cache.get_or_make("d", make)
    assert [name for name in "abcd" if cache.get(name) is not None] == ["a", "c", "d"]
    assert cache.size_bytes == 3 * (100 + ENTRY_OVERHEAD_BYTES)


async def test_what_is_larger_than_all_of_it_is_answered_and_not_kept() -> None:
    cache = RenderCache(1_000)

    async def make(_stop: threading.Event) -> bytes:
        return bytes(2_000)

    assert len(await cache.get_or_make("key", make)) == 2_000
    assert cache.get("key") is None
    assert cache.size_bytes == 0


async def test_more_than_can_be_made_is_refused_until_there_is_room() -> None:
    renders, may_end = Renders(10_000, most_at_once=3), threading.Event()

    def work(_cancelled: object) -> bytes:
        may_end.wait(30)
        return b"made"

    asking = [asyncio.create_task(renders.picture(name, work)) for name in range(3)]
    await asyncio.sleep(0.01)
    with pytest.raises(OverloadedError) as refusal:
        await renders.picture("one more", work)
    assert refusal.value.retry_after_s >= 1
    may_end.set()
    assert await asyncio.gather(*asking) == [b"made"] * 3
    assert await renders.picture("one more", work) == b"made"
    renders.close()


async def test_work_that_waits_for_a_thread_is_never_begun_once_it_is_given_up() -> None:
    renders, may_end, begun = Renders(10_000, most_at_once=THREADS + 1), threading.Event(), []

    def work(name: int) -> object:
        def on_thread(_cancelled: object) -> bytes:
            begun.append(name)
            may_end.wait(30)
            return b"made"

        return on_thread

    asking = [asyncio.create_task(renders.picture(name, work(name))) for name in range(THREADS + 1)]
    await asyncio.sleep(0.05)
    asking[-1].cancel()
    await asyncio.gather(asking[-1], return_exceptions=True)
    # Its place is free at once, for somebody who still waits.
    later = asyncio.create_task(renders.picture("later", work(99)))
    await asyncio.sleep(0.01)
    may_end.set()
    await asyncio.gather(*asking[:-1], later)
    assert sorted(begun) == [*range(THREADS), 99]
    renders.close()


async def test_work_in_hand_is_told_that_nobody_wants_it() -> None:
    renders, told = Renders(10_000), threading.Event()
    begun = threading.Event()

    def work(cancelled: object) -> bytes:
        begun.set()
        while not cancelled():
            pass
        told.set()
        return b""

    asking = asyncio.create_task(renders.picture("key", work))
    await asyncio.to_thread(begun.wait, 30)
    asking.cancel()
    assert await asyncio.to_thread(told.wait, 30)
    renders.close()
