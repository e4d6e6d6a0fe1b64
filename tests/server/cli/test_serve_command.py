"""``slidereel serve --processes 2``, really started: one server, whichever process a request comes to."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tiling.svs_files import Recipe, write_svs

SLIDEREEL = Path(sys.executable).parent / "slidereel"
PASSWORD = "correct horse battery staple"
CONNECTIONS_TRIED = 200
PATIENCE_S = 120.0
CHANGES = "/api/v1/assets/{}/annotations/changes"


class Server:
    """A server with two processes, and a connection to each."""

    def __init__(self, data: Path) -> None:
        self.parent = subprocess.Popen(  # noqa: S603 - our own command
            [SLIDEREEL, "serve", "--port", "0", "--processes", "2", "--data", data],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SLIDEREEL_LOGIN_ATTEMPTS": "3"},
        )
        assert self.parent.stderr is not None
        found = None
        for line in self.parent.stderr:
            if found := re.search(r"serves http://127\.0\.0\.1:(\d+)", line):
                break
        assert found
        self.port = int(found[1])
        self.by_process = self.meet_both()

    def children(self) -> list[int]:
        """The ids of the processes that serve, the first to be started first."""
        listed = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text("ascii")
        return [int(pid) for pid in listed.split()]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def meet_both(self) -> list[http.client.HTTPConnection]:
        """A connection to each process: the kernel shares them out, so try until both are there."""
        met: dict[int, http.client.HTTPConnection] = {}
        for _ in range(CONNECTIONS_TRIED):
            connection = self.connect()
            before = self.health_counts()
            ask(connection, "GET", "/healthz")
            after = self.health_counts()
            (place,) = (place for place in after if after[place] != before.get(place, 0))
            met.setdefault(place, connection)
            if len(met) == 2:
                return [met[0], met[1]]
        raise AssertionError("every connection came to the same process")

    def health_counts(self) -> dict[int, float]:
        _, _, body = ask(self.connect(), "GET", "/metrics")
        pattern = r'slidereel_requests_total\{process="(\d)",route="/healthz",status="200"\} (\S+)'
        return {int(place): float(count) for place, count in re.findall(pattern, body.decode())}

    def end(self) -> int:
        self.parent.send_signal(signal.SIGTERM)
        return self.parent.wait(PATIENCE_S)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body, {name.replace("_", "-"): v for name, v in headers.items()})
    answer = connection.getresponse()
    return answer.status, dict(answer.headers), answer.read()


def sign_in(connection: http.client.HTTPConnection, username: str = "ada", password: str = PASSWORD) -> str:
    status, headers, _ = ask(
        connection, "POST", "/api/v1/session", {"username": username, "password": password}
    )
    assert status == 200
    return headers["Set-Cookie"].split(";")[0]


def is_alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(what: Any) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < ends_s
        time.sleep(0.05)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processes") / "data"
    for name in ("ada", "bob"):
        command = [SLIDEREEL, "user", "add", name, "--role", "admin", "--password-stdin", "--data", folder]
        subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)  # noqa: S603
    return folder


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    server = Server(data)
    try:
        yield server
    finally:
        children = server.children() if server.parent.poll() is None else []
        if server.parent.poll() is None:
            server.end()
        assert server.parent.stderr is not None
        server.parent.stderr.close()
        assert not [pid for pid in children if is_alive(pid)]


@pytest.mark.slow
def test_a_slide_comes_in_and_is_annotated_through_both_processes_in_turn(
    server: Server, tmp_path: Path
) -> None:
    first, second = server.by_process
    cookie = sign_in(second)
    write_svs(tmp_path / "x.svs", Recipe())
    content = (tmp_path / "x.svs").read_bytes()
    tus = {"Tus_Resumable": "1.0.0", "Cookie": cookie}
    status, headers, _ = ask(first, "POST", "/api/v1/uploads", Upload_Length=str(len(content)), **tus)
    assert status == 201
    upload, piece = headers["Location"], len(content) // 5
    for number, start in enumerate(range(0, len(content), piece)):
        part = content[start : start + piece]
        connection = server.by_process[number % 2]
        kind = "application/offset+octet-stream"
        status, headers, _ = ask(
            connection, "PATCH", upload, part, Upload_Offset=str(start), Content_Type=kind, **tus
        )
        assert (status, headers["Upload-Offset"]) == (204, str(start + len(part)))
        other = server.by_process[(number + 1) % 2]
        status, headers, _ = ask(other, "HEAD", upload, **tus)
        assert (status, headers["Upload-Offset"]) == (200, str(start + len(part)))
    asset_id = headers["Slidereel-Asset-Id"]
    path = f"/api/v1/assets/{asset_id}"

    def has_been_converted() -> bool:
        return json.loads(ask(second, "GET", path, Cookie=cookie)[2])["state"] == "awaiting_release"

    wait_until(has_been_converted)
    tile = f"/api/v1/slides/{asset_id}_files/0/0_0.jpeg"
    assert ask(first, "GET", tile, Cookie=cookie)[0] == 200
    assert ask(second, "POST", path + "/release", Cookie=cookie)[0] == 200
    for revision in range(4):
        body = {"change_id": str(uuid.uuid4()), "created": [], "updated": [], "deleted": []}
        body["created"] = [
            {
                "type": "Feature",
                "id": str(uuid.uuid4()),
                "geometry": {"type": "Point", "coordinates": [1, 2]},
                "properties": {"class_id": None},
            }
        ]
        revisions = {"If_Match": f'"{revision}"', "Cookie": cookie}
        changes = CHANGES.format(asset_id)
        assert ask(server.by_process[revision % 2], "POST", changes, body, **revisions)[0] == 200
        # Sent again to the other process: done once. On the old revision: refused there too.
        other = server.by_process[(revision + 1) % 2]
        assert ask(other, "POST", changes, body, **revisions)[0] == 200
        body["change_id"] = str(uuid.uuid4())
        assert ask(other, "POST", changes, body, **revisions)[0] == 412


@pytest.mark.slow
def test_what_is_ended_in_one_process_has_ended_in_the_other(server: Server) -> None:
    first, second = server.by_process
    for ending, asked in ((first, second), (second, first)):
        cookie = sign_in(ending)
        for connection in server.by_process:
            assert ask(connection, "GET", "/api/v1/session", Cookie=cookie)[0] == 200
        assert ask(ending, "DELETE", "/api/v1/session", Cookie=cookie)[0] == 204
        assert ask(asked, "GET", "/api/v1/session", Cookie=cookie)[0] == 401


@pytest.mark.slow
def test_wrong_sign_ins_count_together_for_names_that_exist_and_names_that_do_not(server: Server) -> None:
    for name in ("bob", "nobody"):
        body = {"username": name, "password": "wrong"}
        statuses = [ask(server.by_process[n % 2], "POST", "/api/v1/session", body)[0] for n in range(4)]
        assert statuses == [401, 401, 401, 429]


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 1])
def test_a_process_that_is_killed_is_replaced_and_the_other_serves_on(server: Server, place: int) -> None:
    before = server.children()
    survivor = server.by_process[1 - place]
    os.kill(before[place], signal.SIGKILL)
    assert ask(survivor, "GET", "/healthz")[0] == 200
    wait_until(lambda: len(server.children()) == 2 and before[place] not in server.children())
    assert before[1 - place] in server.children()
    # Connections that come to the successor wait for it; none is refused.
    for _ in range(20):
        assert ask(server.connect(), "GET", "/readyz")[0] == 200
    server.meet_both()


@pytest.mark.slow
def test_sigterm_ends_all_processes_and_frees_the_port(server: Server) -> None:
    assert server.end() == 0
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))


@pytest.mark.slow
def test_without_their_parent_the_processes_end(server: Server) -> None:
    children = server.children()
    assert len(children) == 2
    server.parent.kill()
    server.parent.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in children))


@pytest.mark.slow
def test_another_server_does_not_slip_onto_the_same_port(server: Server, tmp_path: Path) -> None:
    command = [SLIDEREEL, "serve", "--port", str(server.port), "--data", tmp_path / "other"]
    for processes in ("1", "2"):
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, "--processes", processes],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 1
        assert "Cannot listen" in done.stderr


def test_more_processes_than_make_sense_are_refused(tmp_path: Path) -> None:
    for count in ("0", "65", "-1"):
        done = subprocess.run(  # noqa: S603 - our own command
            [SLIDEREEL, "serve", "--processes", count, "--data", tmp_path],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 1
        assert "processes" in done.stderr


def test_a_process_that_serves_loads_none_of_the_scanners_readers() -> None:
    """They meet hostile files in a process of their own; here they would only be memory, once a process."""
    code = "import sys, server.cli.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert not {"imagecodecs", "openslide", "pydicom", "tifffile"} & set(done.stdout.split())
