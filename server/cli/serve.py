"""``slidereel serve``"""

import argparse
import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog
import uvloop

from server.api.siblings import Shared, Siblings
from server.app import create_app, serving
from server.cli.listening import listening_sockets
from server.cli.opening import open_database
from server.cli.processes import Child, run_processes
from server.config import Settings
from server.errors import ServerError


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("serve", help="serve the web pages and the API")
    parser.add_argument("--host", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port to listen on (default 8000)")
    parser.add_argument(
        "--processes", type=int, metavar="N", help="processes that serve on the port together (default 1)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings: Settings = args.settings
    count = settings.processes
    sockets = listening_sockets(settings.host, settings.port, count)
    # What is imported stays; and the lists of a large ChangeSet must not set off a collection each few
    # hundred of them. Measured: a ChangeSet of 2,000 outlines is saved in 0.26 s instead of 0.5 s.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)

    def say_ready() -> None:
        host, port = settings.host, sockets[0][0].getsockname()[1]
        structlog.get_logger("slidereel").info("serving", host=host, port=port, processes=count)
        print(f"Slidereel serves http://{host}:{port}", file=sys.stderr, flush=True)  # noqa: T201

    if count == 1:
        uvloop.run(_serve(settings, sockets[0], Siblings(), say_ready))
        return 0
    # Before there are several: brought up to date by one, and closed, because a database's connections and
    # locks must not be shared by fork.
    open_database(settings).close()
    shared = Shared.among(count)

    def close(which: Iterable[Sequence[socket.socket]]) -> None:
        for sock in (sock for of_one in which for sock in of_one):
            sock.close()

    def work(child: Child) -> int:
        siblings = Siblings(shared, child.place)
        close(others for others in sockets if others is not sockets[child.place])
        try:
            uvloop.run(_serve(settings, sockets[child.place], siblings, child.ready, child.parent))
        except ServerError as error:
            print(f"slidereel: {error}", file=sys.stderr)  # noqa: T201
            return 1
        return 0

    return run_processes(count, work, when_ready=say_ready, when_ending=lambda: close(sockets))


async def _serve(
    settings: Settings,
    sockets: Sequence[socket.socket],
    siblings: Siblings,
    when_ready: Callable[[], None],
    parent: int | None = None,
) -> None:
    """Serve until a signal, or until the parent is gone."""
    database = open_database(settings)
    try:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        if parent is not None:
            loop.add_reader(parent, stop.set)
        async with serving(create_app(settings, database, siblings=siblings), sockets):
            when_ready()
            await stop.wait()
            if parent is not None:
                loop.remove_reader(parent)
    finally:
        database.close()
