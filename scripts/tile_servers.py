"""The servers that ``scripts/bench_tiles`` compares: started on loopback, ended by their process ids.

Run as a program this is one of them: ``ours`` (``slidereel serve`` with one ordinary aiohttp route more,
which hands out constant bytes), ``reference`` (OpenSlide's DeepZoom, and constant bytes from nothing but
aiohttp) or ``large_image`` (in an environment of its own).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tile_load import HOST, Tile

IIPSRV = Path("/usr/lib/iipimage-server/iipsrv.fcgi")
LARGE_IMAGE = ("large-image", "large-image-source-openslide", "large-image-source-tiff", "aiohttp", "uvloop")
CONSTANT = "/bench/constant/{}/{}_{}.jpeg"


@dataclass(frozen=True)
class Target:
    """A server to ask, and what it calls a tile. ``roots`` are the processes that were started for it."""

    port: int
    roots: tuple[int, ...]
    path: Callable[[Tile], str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], port: int | None = None, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process while the context lasts, once it accepts connections on its port."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    try:
        ends_s = time.monotonic() + 60
        while port is not None:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > ends_s:
                raise SystemExit(f"bench_tiles: {Path(command[0]).name} did not start")
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def family(roots: Sequence[int]) -> list[int]:
    """These processes and all that descend from them."""
    found = list(roots)
    for pid in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split())
    return found


def cpu_s(roots: Sequence[int]) -> float:
    """The processor time of a family: less at the mercy of a busy machine than the clock."""
    ticks = 0
    for pid in family(roots):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(roots: Sequence[int]) -> tuple[float, float]:
    """Resident memory of a family: summed over its processes, and with what they share counted once."""
    resident = shared_once = 0
    for pid in family(roots):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
                name, _, value = line.partition(":")
                resident += int(value.split()[0]) if name == "Rss" else 0
                shared_once += int(value.split()[0]) if name == "Pss" else 0
    return resident / 1024, shared_once / 1024


def role(name: str, port: int, *options: str | Path, python: str | Path = sys.executable) -> list[str | Path]:
    """The command that makes this file one of the servers."""
    return [python, Path(__file__).resolve(), name, "--port", str(port), *options]


@contextlib.contextmanager
def nginx(folder: Path, workers: int, tiles: Path, iipsrv_socket: Path | None) -> Iterator[tuple[int, int]]:
    """nginx with the tiles as static files, and iipsrv behind it if it is there; port and process id."""
    port = free_port()
    # It gives up root's rights unless told otherwise, and the folder is ours alone.
    user = "user root;" if os.getuid() == 0 else ""
    behind = ""
    if iipsrv_socket is not None:
        behind = """location /iip { fastcgi_pass iip;
          fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method; }"""
    # No connections kept open to it: it serves one at a time, and one that was kept would shut out the rest.
    upstream = f"upstream iip {{ server unix:{iipsrv_socket}; }}" if iipsrv_socket else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""{user} worker_processes {workers}; daemon off;
        pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 256; }}
        http {{
          access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
          open_file_cache max=20000 inactive=1h; open_file_cache_valid 1h; types {{ image/jpeg jpeg; }}
          client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
          uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; {upstream}
          server {{ listen {HOST}:{port}; location / {{ root {tiles}; }} {behind} }}
        }}
        """,
        "utf-8",
    )
    with running([shutil.which("nginx") or "nginx", "-c", configuration], port) as process:
        yield port, process.pid


@contextlib.contextmanager
def iipsrv(folder: Path) -> Iterator[tuple[Path, int]]:
    """iipsrv as Debian starts it, one process, listening on a socket in the folder; its process id."""
    address = folder / "iipsrv.socket"
    environment = {"VERBOSITY": "0", "LOGFILE": "/dev/null", "JPEG_QUALITY": "75"}
    with running([IIPSRV, "--bind", address, "--backlog", "1024"], **environment) as process:
        ends_s = time.monotonic() + 20
        while not address.exists() and time.monotonic() < ends_s:
            time.sleep(0.05)
        yield address, process.pid


def large_image_python(environment: Path) -> Path:
    """The python of an environment with large_image, made if it is not there. Never the project's own."""
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    if subprocess.run([python, "-c", "import large_image"], capture_output=True, check=False).returncode:
        subprocess.run([python, "-m", "pip", "install", "-q", *LARGE_IMAGE], check=True)
    return python


# The servers themselves. They import what they need themselves: this file is read by three environments.


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=("ours", "reference", "large_image"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--slide", type=Path)
    parser.add_argument("--tile-px", type=int, default=256)
    parser.add_argument("--constant-bytes", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.role == "ours":
        return serve_ours(arguments)
    if arguments.role == "reference":
        return serve_application(reference(arguments), arguments.port)
    return serve_application(large_image(arguments), arguments.port)


def constant_handler(length: int) -> Any:
    from aiohttp import web

    body = os.urandom(length)

    async def constant(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="image/jpeg")

    return constant


def serve_ours(arguments: argparse.Namespace) -> int:
    """``slidereel serve``, with a route of constant bytes that is declared nowhere and passes no gate."""
    from server.cli import serve
    from server.cli.main import main as command_line

    create_app = serve.create_app

    def with_constant(*given: Any, **named: Any) -> Any:
        app = create_app(*given, **named)
        path = CONSTANT.format("{level}", "{col}", "{row}")
        app.router.add_get(path, constant_handler(arguments.constant_bytes))
        return app

    serve.create_app = with_constant
    options = ["--port", str(arguments.port), "--processes", str(arguments.processes)]
    return command_line(["serve", "--data", str(arguments.data), *options])


def reference(arguments: argparse.Namespace) -> Any:
    """DeepZoomGenerator and constant bytes, in one aiohttp application."""
    import openslide
    from aiohttp import web
    from openslide.deepzoom import DeepZoomGenerator

    deepzoom = DeepZoomGenerator(openslide.OpenSlide(arguments.slide), tile_size=arguments.tile_px, overlap=0)

    def render(level: int, col: int, row: int) -> bytes:
        buffer = io.BytesIO()
        deepzoom.get_tile(level, (col, row)).save(buffer, "jpeg", quality=75)
        return buffer.getvalue()

    app = web.Application()
    app.router.add_get("/deepzoom/{level}/{col}_{row}.jpeg", on_a_thread(render))
    app.router.add_get(
        CONSTANT.format("{level}", "{col}", "{row}"), constant_handler(arguments.constant_bytes)
    )
    return app


def large_image(arguments: argparse.Namespace) -> Any:
    """large_image's own tiles, its colour step off; with its cache and without."""
    import large_image as library
    from aiohttp import web

    library.config.setConfig("icc_correction", False)
    sources = {
        "fresh": library.open(str(arguments.slide), noCache=True, encoding="JPEG", jpegQuality=75),
        "cached": library.open(str(arguments.slide), encoding="JPEG", jpegQuality=75),
    }
    app = web.Application()
    for name, source in sources.items():
        if source.tileWidth != arguments.tile_px:
            raise SystemExit("large_image has tiles of another size here")

        def render(level: int, col: int, row: int, source: Any = source) -> bytes:
            return bytes(source.getTile(col, row, level))

        app.router.add_get(f"/{name}/{{level}}/{{col}}_{{row}}.jpeg", on_a_thread(render))
    return app


def on_a_thread(render: Callable[[int, int, int], bytes]) -> Any:
    from aiohttp import web

    async def tile(request: web.Request) -> web.Response:
        level, col, row = (int(request.match_info[name]) for name in ("level", "col", "row"))
        return web.Response(body=await asyncio.to_thread(render, level, col, row), content_type="image/jpeg")

    return tile


def serve_application(app: Any, port: int) -> int:
    import uvloop
    from aiohttp import web

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await runner.cleanup()

    uvloop.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
