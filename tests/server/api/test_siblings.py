"""What the processes of a server tell each other about what they have counted."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from server.api import siblings as siblings_module
from server.api.metrics import Metrics, Tally
from server.api.siblings import Shared, Siblings


def counted(count: int) -> Metrics:
    metrics, tally = Metrics(), Tally("/tile")
    for _ in range(count):
        tally.count(metrics, 200, 0.002)
    return metrics


async def test_each_process_s_counts_stand_beside_the_others_whoever_is_asked() -> None:
    shared = Shared.among(3)
    processes = [Siblings(shared, place) for place in range(3)]
    metrics = [counted(10 * (place + 1)) for place in range(3)]
    async with AsyncExitStack() as stack:
        for process, own in zip(processes, metrics, strict=True):
            await stack.enter_async_context(process.answering(own.render))
        for process, own in zip(processes, metrics, strict=True):
            lines = (await process.render_all(own.render())).decode().splitlines()
            for place in range(3):
                line = f'slidereel_requests_total{{process="{place}",route="/tile",status="200"}}'
                assert f"{line} {10.0 * (place + 1)}" in lines
            assert "slidereel_processes 3.0" in lines
            assert len([line for line in lines if line.startswith("# TYPE slidereel_requests_total")]) == 1


async def test_a_process_that_does_not_answer_is_left_out_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(siblings_module, "ANSWER_WAIT_S", 0.1)
    shared = Shared.among(2)
    text = (await Siblings(shared, 1).render_all(counted(1).render())).decode()
    assert "slidereel_processes 1.0" in text
    assert 'process="0"' not in text


async def test_a_successor_answers_where_the_lost_process_did() -> None:
    shared = Shared.among(2)
    asking = Siblings(shared, 0)
    for count in (1, 7):
        async with Siblings(shared, 1).answering(counted(count).render):
            text = (await asking.render_all(b"")).decode()
        assert f'{{process="1",route="/tile",status="200"}} {float(count)}' in text
        await asyncio.sleep(0)


async def test_who_is_alone_says_what_he_has_counted_and_no_more() -> None:
    alone = Siblings()
    async with alone.answering(lambda: b""):
        assert await alone.render_all(b"x 1\n") == b"x 1\n"
    assert alone.is_first
