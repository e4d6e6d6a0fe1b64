"""Work for somebody who may be gone before it is done."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from aiohttp import web

LOOK_EVERY_S = 0.05
Result = TypeVar("Result")


async def while_wanted(request: web.Request, making: Coroutine[None, None, Result]) -> Result:
    """What is being made, given up when the caller has gone: who pans away wants none of it any more.

    aiohttp does not tell a handler, so it looks itself. Raises ConnectionResetError.
    """
    task = asyncio.ensure_future(making)
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_EVERY_S))[0]:
            transport = request.transport
            if transport is None or transport.is_closing():
                raise ConnectionResetError("the client has gone")
        return task.result()
    finally:
        task.cancel()
