"""Load for tile servers: which tiles a viewer asks for, and eight connections that ask for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
CONNECTIONS = 8
VIEWPORT_PX = (1600, 1000)
PLACES = 12
PATIENCE_S = 30.0
BROWSER_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "
    "Safari/537.36",
    "Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Dest": "image",
}
Tile = tuple[int, int, int]
"""Deep Zoom level, column, row."""

WRK_SCRIPT = """
local requests, at = {}, 0
function init(args)
  local headers = {}
  for line in io.lines(args[1]) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  for path in io.lines(args[2]) do
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  io.stderr:write(string.format(
    '{"done": %d, "seconds": %f, "bad": %d, "p50_us": %d, "p95_us": %d}',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(95)))
end
"""


@dataclass(frozen=True)
class Heard:
    """What a load generator found. Latencies are a request's, in µs."""

    rate: float
    done: int
    p50_us: float
    p95_us: float


def viewer_walk(width_px: int, height_px: int, tile_px: int, levels: int, seed: int = 5) -> list[Tile]:
    """The tiles that a reader's viewport asks for: overview, zoom to a place, pan about, next place."""
    chance = random.Random(seed)  # noqa: S311 - the same walk every time
    last = levels - 1
    fit = next((k for k in range(levels) if width_px >> (last - k) >= VIEWPORT_PX[0] // 2), last)
    walk: list[Tile] = []
    for _place in range(PLACES):
        place = (chance.uniform(0.15, 0.85), chance.uniform(0.15, 0.85))
        steps = [(level, (0.0, 0.0)) for level in range(fit, levels)]
        steps += [(last, (chance.uniform(-1.5, 1.5), chance.uniform(-1.5, 1.5))) for _ in range(3)]
        for level, pan in steps:
            size = [-(-side // (1 << (last - level))) for side in (width_px, height_px)]
            walk += ((level, col, row) for col, row in _viewport(size, tile_px, place, pan))
    return walk


def _viewport(
    size_px: Sequence[int], tile_px: int, place: tuple[float, float], pan: tuple[float, float]
) -> Iterator[tuple[int, int]]:
    """The tiles of one level that a viewport around a place touches; ``pan`` in viewport sizes."""
    spans = []
    for axis in (0, 1):
        low = place[axis] * size_px[axis] + (pan[axis] - 0.5) * VIEWPORT_PX[axis]
        last_tile = (size_px[axis] - 1) // tile_px
        first = min(max(int(low // tile_px), 0), last_tile)
        spans.append(range(first, min(int((low + VIEWPORT_PX[axis]) // tile_px), last_tile) + 1))
    return ((col, row) for row in spans[1] for col in spans[0])


class Load:
    """Asks servers for tiles: ``wrk`` if it is installed (Debian has it), else a process of our own."""

    def __init__(self, cookie: str) -> None:
        self.wrk = shutil.which("wrk")
        self._headers = {**BROWSER_HEADERS, "Cookie": cookie}

    @property
    def name(self) -> str:
        """Which load generator it is."""
        return "wrk" if self.wrk else "asyncio on uvloop (install wrk for one that cannot be the bottleneck)"

    def press(self, port: int, paths: Sequence[str], seconds: float) -> Heard:
        """Ask for the paths in turn for so long. Every answer must be a 200, or this script ends."""
        heard = {"done": 0.0, "bad": 0.0}
        while not heard["done"] and seconds < PATIENCE_S:  # of a slow server on a busy machine, wait for one
            heard = (
                self._press_with_wrk(port, paths, seconds) if self.wrk else self._own(port, paths, seconds)
            )
            seconds *= 2
        if heard["bad"] or not heard["done"]:
            what = paths[0].partition("/")[2][:24]
            raise SystemExit(f"bench_tiles: of {heard['done']} {what} answers {heard['bad']} were not 200")
        rate = heard["done"] / heard["seconds"]
        return Heard(rate, int(heard["done"]), heard["p50_us"], heard["p95_us"])

    def _press_with_wrk(self, port: int, paths: Sequence[str], seconds: float) -> dict[str, float]:
        with tempfile.TemporaryDirectory(prefix="slidereel-wrk-") as name:
            folder = Path(name)
            (folder / "script.lua").write_text(WRK_SCRIPT, "utf-8")
            (folder / "headers").write_text("".join(f"{k}: {v}\n" for k, v in self._headers.items()), "utf-8")
            (folder / "paths").write_text("\n".join(paths) + "\n", "utf-8")
            command = [
                self.wrk,
                "-t1",
                "--timeout",
                "30s",
                f"-c{CONNECTIONS}",
                f"-d{max(1, round(seconds))}s",
            ]
            command += ["-s", folder / "script.lua", f"http://{HOST}:{port}", folder / "headers"]
            done = subprocess.run(
                [*command, folder / "paths"], capture_output=True, text=True, check=True, timeout=seconds + 60
            )
        found: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
        return found

    def _own(self, port: int, paths: Sequence[str], seconds: float) -> dict[str, float]:
        order = {"port": port, "paths": paths, "headers": self._headers, "seconds": seconds}
        done = subprocess.run(
            [sys.executable, __file__], input=json.dumps(order), capture_output=True, text=True, check=True
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found


# Our own load generator


async def press(order: dict[str, Any]) -> dict[str, float]:
    """All connections ask in turn for the next tile, each as soon as it has its last answer."""
    port = order["port"]
    head = "".join(f"{k}: {v}\r\n" for k, v in {"Host": f"{HOST}:{port}", **order["headers"]}.items())
    requests = [f"GET {path} HTTP/1.1\r\n{head}\r\n".encode() for path in order["paths"]]
    loop = asyncio.get_running_loop()
    queue = iter(range(1 << 60))
    clients = [
        (await loop.create_connection(lambda: _Client(requests, queue), HOST, port))[1]
        for _ in range(CONNECTIONS)
    ]
    started_s = time.perf_counter()
    for client in clients:
        client.ask()
    await asyncio.sleep(order["seconds"])
    elapsed_s = time.perf_counter() - started_s
    for client in clients:
        client.transport.abort()
    waits = sorted(wait for client in clients for wait in client.waits_s)
    return {
        "done": len(waits),
        "seconds": elapsed_s,
        "bad": sum(client.bad for client in clients),
        "p50_us": round(waits[len(waits) // 2] * 1e6) if waits else 0,
        "p95_us": round(waits[len(waits) * 95 // 100] * 1e6) if waits else 0,
    }


class _Client(asyncio.Protocol):
    """A connection that reads as little of an answer as it must: its status, its length, its end."""

    def __init__(self, requests: Sequence[bytes], queue: Iterator[int]) -> None:
        self.requests, self.queue = requests, queue
        self.bad = 0
        self.missing = 0
        self.head = b""
        self.asked_s = 0.0
        self.waits_s: list[float] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self) -> None:
        self.asked_s = time.perf_counter()
        self.transport.write(self.requests[next(self.queue) % len(self.requests)])

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self.head.lower().find(b"content-length: ", 0, end) + 16
            length = int(self.head[at : self.head.find(b"\r\n", at)])
            self.missing = length - (len(self.head) - end - 4)
            self.bad += not self.head.startswith(b"HTTP/1.1 200")
            self.head = b""
        if self.missing <= 0:
            self.missing = 0
            self.waits_s.append(time.perf_counter() - self.asked_s)
            self.ask()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        import uvloop

        print(json.dumps(uvloop.run(press(json.load(sys.stdin)))))
