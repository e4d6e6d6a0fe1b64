"""The fast lane says what aiohttp's way says, byte for byte, whatever the request looks like."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.access.authenticator import Authenticator
from server.ambient import Ambient
from server.api import fast_lane
from server.api.gate import SESSION_COOKIE
from server.app import create_app
from server.config import Settings
from server.db import Database
from tests.server.api.two_ways import LAST, Way, begin, without_what_varies
from tests.server.conftest import BY, AddAccount, add_asset
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs

PATH = "/api/v1/slides/a1_files/9/0_0.jpeg"


@pytest.fixture
async def both(
    tmp_path: Path,
    settings: Settings,
    database: Database,
    ambient: Ambient,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Way, Way]]:
    """The fast lane's server and the ordinary one, with a released slide and one that waits."""
    logging.disable(logging.CRITICAL)
    # On a busy machine a moment may have passed before a test has begun.
    monkeypatch.setattr("server.access.authenticator.TRUST_S", 3600.0)
    monkeypatch.setattr("server.imagery.shelf.REMEMBERED_S", 3600.0)
    write_svs(tmp_path / "x.svs", Recipe())
    folder = settings.data / "assets" / "a1"
    folder.mkdir(parents=True)
    convert_file(tmp_path / "x.svs", folder)
    add_asset(database, "a1")
    add_asset(database, "a2", "awaiting_release")
    (folder.parent / "a2").symlink_to(folder)
    closing: list[web.AppRunner] = []
    apps = [create_app(settings, database, ambient, run_jobs=False) for _ in range(2)]
    lane = await begin(apps[0], with_lane=True, closing=closing)
    plain = await begin(apps[1], with_lane=False, closing=closing)
    real = fast_lane.answer_at_once

    def counted(services: Any, *what: Any) -> Any:
        answer = real(services, *what)
        lane.by_lane += answer is not None
        return answer

    monkeypatch.setattr(fast_lane, "answer_at_once", counted)
    yield lane, plain
    for runner in closing:
        await runner.cleanup()
    logging.disable(logging.NOTSET)


@pytest.fixture
async def tokens(authenticator: Authenticator, add_account: AddAccount) -> dict[str, str]:
    """A session's token for each role, and an API token."""
    found = {}
    for role in ("annotator", "privacy_officer", "auditor"):
        account = await add_account(role, role)
        found[role] = (await authenticator.sessions.renew(account.account_id)).token
        if role == "annotator":
            found["api"] = (await authenticator.api_tokens.create(account.account_id, "t", BY, days=1)).token
    return found


def request(path: str = PATH, *headers: str, method: str = "GET", version: str = "HTTP/1.1") -> bytes:
    return "\r\n".join([f"{method} {path} {version}", "Host: x", *headers, "", ""]).encode("latin-1")


def cookie(token: str) -> str:
    return f"Cookie: {SESSION_COOKIE}={token}"


async def warm(way: Way, tokens: dict[str, str]) -> None:
    """Everybody and everything was looked up a moment ago."""
    for token in tokens.values():
        for path in (PATH, PATH.replace("a1", "a2")):
            await way.exchange([request(path, f"Authorization: Bearer {token}")])
            await way.exchange([request(path, cookie(token))])
    way.by_lane = 0


async def same(both: tuple[Way, Way], *pieces: bytes) -> tuple[bytes, int]:
    """The answer, the same in both ways; and how much of it the lane gave."""
    lane = both[0]
    before = lane.by_lane
    answers = [without_what_varies(await way.exchange(pieces)) for way in both]
    assert answers[0] == answers[1]
    return answers[0], lane.by_lane - before


BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0",
    "Accept: image/avif,image/webp,*/*;q=0.8",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: de-CH,de;q=0.9",
    "Sec-Fetch-Site: same-origin",
    'sec-ch-ua: "Chromium";v="140"',
    "Referer: http://x/slides/a1",
    "Connection: keep-alive",
)

BY_THE_LANE = {
    "a program's request": lambda t: request(PATH, cookie(t["annotator"])),
    "a browser's request": lambda t: request(PATH, *BROWSER, cookie(t["annotator"])),
    "another header case": lambda t: request(PATH, f"cOOKIE:{SESSION_COOKIE}={t['annotator']}"),
    "our cookie among others": lambda t: request(PATH, f"Cookie: a=b; {SESSION_COOKIE}={t['annotator']}; c"),
    "a bearer token": lambda t: request(PATH, f"Authorization: Bearer {t['api']}"),
    "a bearer token beside a cookie": lambda t: request(
        PATH, f"authorization: bearer {t['api']}", cookie("nobody" * 8)
    ),
    "a proxy's headers": lambda t: request(
        PATH, cookie(t["annotator"]), "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"
    ),
    "a look before the release": lambda t: request(PATH.replace("a1", "a2"), cookie(t["privacy_officer"])),
    "leading zeros": lambda t: request("/api/v1/slides/a1_files/09/000_00.jpeg", cookie(t["annotator"])),
}

BY_AIOHTTP = {
    "HEAD": lambda t: request(PATH, cookie(t["annotator"]), method="HEAD"),
    "HTTP/1.0": lambda t: request(PATH, cookie(t["annotator"]), version="HTTP/1.0"),
    "HTTP/1.0 kept alive": lambda t: request(
        PATH, cookie(t["annotator"]), "Connection: keep-alive", version="HTTP/1.0"
    ),
    "Connection: close": lambda t: request(PATH, cookie(t["annotator"]), "Connection: close"),
    "another Connection": lambda t: request(PATH, cookie(t["annotator"]), "Connection: keep-alive, x"),
    "If-None-Match": lambda t: request(PATH, cookie(t["annotator"]), "If-None-Match: *"),
    "Range": lambda t: request(PATH, cookie(t["annotator"]), "Range: bytes=0-9"),
    "Expect": lambda t: request(PATH, cookie(t["annotator"]), "Expect: 100-continue"),
    "a body": lambda t: request(PATH, cookie(t["annotator"]), "Content-Length: 4") + b"body",
    "a request in a body": lambda t: (
        request(PATH, cookie(t["annotator"]), f"Content-Length: {len(request())}") + request()
    ),
    "chunks": lambda t: (
        request(PATH, cookie(t["annotator"]), "Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\n\r\n"
    ),
    "two lengths": lambda t: request(PATH, cookie(t["annotator"]), "Content-Length: 0", "Content-Length: 4"),
    "an upgrade": lambda t: request(
        PATH, cookie(t["annotator"]), "Connection: Upgrade", "Upgrade: websocket"
    ),
    "an absolute address": lambda t: request("http://x" + PATH, cookie(t["annotator"])),
    "a query": lambda t: request(PATH + "?a=1", cookie(t["annotator"])),
    "an empty query": lambda t: request(PATH + "?", cookie(t["annotator"])),
    "escapes": lambda t: request(PATH.replace("a1", "%611"), cookie(t["annotator"])),
    "dots": lambda t: request("/api/v1/./slides/a1_files/9/0_0.jpeg", cookie(t["annotator"])),
    "thousands of digits": lambda t: request(
        f"/api/v1/slides/a1_files/{'9' * 5000}/0_0.jpeg", cookie(t["annotator"])
    ),
    "a level too many": lambda t: request(PATH.replace("/9/", "/10/"), cookie(t["annotator"])),
    "a column too many": lambda t: request(PATH.replace("0_0", "5_0"), cookie(t["annotator"])),
    "no such slide": lambda t: request(PATH.replace("a1", "a9"), cookie(t["annotator"])),
    "nobody": lambda t: request(PATH),
    "a session that never was": lambda t: request(PATH, cookie("x" * 43)),
    "an empty session": lambda t: request(PATH, cookie("")),
    "a role without slides": lambda t: request(PATH, cookie(t["auditor"])),
    "an unreleased slide": lambda t: request(PATH.replace("a1", "a2"), cookie(t["annotator"])),
    "two Cookie headers": lambda t: request(PATH, cookie("x" * 43), cookie(t["annotator"])),
    "our cookie twice": lambda t: request(PATH, f"{cookie('x' * 43)}; {SESSION_COOKIE}={t['annotator']}"),
    "a quoted cookie": lambda t: request(PATH, cookie(f'"{t["annotator"]}"')),
    "an API token as a cookie": lambda t: request(PATH, cookie(t["api"])),
    "the memory's own name of an API token": lambda t: request(PATH, cookie("bearer " + t["api"])),
    "a session as a bearer": lambda t: request(PATH, f"Authorization: Bearer {t['annotator']}"),
    "another scheme": lambda t: request(PATH, "Authorization: Basic eDp5", cookie(t["annotator"])),
    "two Authorization headers": lambda t: request(
        PATH, f"Authorization: Bearer {t['api']}", "Authorization: Bearer x"
    ),
    "two Hosts": lambda t: request(PATH, "Host: y", cookie(t["annotator"])),
    "no Host": lambda t: f"GET {PATH} HTTP/1.1\r\n{cookie(t['annotator'])}\r\n\r\n".encode(),
    "a header of its own": lambda t: request(PATH, cookie(t["annotator"]), "Weather: fine"),
    "an empty header": lambda t: request(PATH, cookie(t["annotator"]), "Accept:"),
    "a space before the colon": lambda t: request(PATH, cookie(t["annotator"]), "Accept : x"),
    "a folded line": lambda t: request(PATH, cookie(t["annotator"]), "Accept: x", " y"),
    "a byte above ASCII": lambda t: request(PATH, cookie(t["annotator"]), "Accept: ü"),
    "a NUL": lambda t: request(PATH, cookie(t["annotator"]), "Accept: \0"),
    "bare line feeds": lambda t: request(PATH, cookie(t["annotator"])).replace(b"\r\n", b"\n"),
    "a bare carriage return": lambda t: request(PATH, cookie(t["annotator"]), "Accept: x\ry"),
    "an endless header": lambda t: request(PATH, cookie(t["annotator"]), "Accept: " + "x" * 9000),
    "too many headers": lambda t: request(PATH, cookie(t["annotator"]), *(f"X-{n}: {n}" for n in range(200))),
    "a line before": lambda t: b"\r\n" + request(PATH, cookie(t["annotator"])),
    "two spaces": lambda t: request(PATH, cookie(t["annotator"])).replace(b"GET ", b"GET  "),
    "a method in small letters": lambda t: request(PATH, cookie(t["annotator"]), method="get"),
    "another version": lambda t: request(PATH, cookie(t["annotator"]), version="HTTP/1.2"),
    "garbage": lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "half a request": lambda t: request(PATH, cookie(t["annotator"]))[:60],
}


@pytest.mark.parametrize("name", BY_THE_LANE)
async def test_a_plain_request_for_a_tile_takes_the_lane(both, tokens, name: str) -> None:
    await warm(both[0], tokens)
    await warm(both[1], tokens)
    answer, by_lane = await same(both, BY_THE_LANE[name](tokens))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n")
    assert by_lane == 1


@pytest.mark.parametrize("name", BY_AIOHTTP)
async def test_whatever_is_unusual_is_answered_by_aiohttp(both, tokens, name: str) -> None:
    await warm(both[0], tokens)
    await warm(both[1], tokens)
    _, by_lane = await same(both, BY_AIOHTTP[name](tokens))
    assert by_lane == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_api_token_is_no_session_under_any_name(both, tokens, method: str) -> None:
    """What the authenticator's memory calls it, sent as a cookie, would make a program's token a person."""
    await warm(both[0], tokens)
    await warm(both[1], tokens)
    stolen = request("/api/v1/tokens", cookie("bearer " + tokens["api"]), method=method)
    answer, _ = await same(both, stolen)
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_first_request_is_looked_up_and_the_second_takes_the_lane(both, tokens) -> None:
    one = request(PATH, cookie(tokens["annotator"]))
    answer, by_lane = await same(both, one, one, one)
    assert answer.count(b"image/jpeg") == 3
    assert by_lane == 2


async def test_a_pipeline_is_answered_in_order_whoever_answers(both, tokens) -> None:
    await warm(both[0], tokens)
    await warm(both[1], tokens)
    tiles = [request(PATH.replace("0_0", f"{n % 5}_0"), cookie(tokens["annotator"])) for n in range(9)]
    mixed = [*tiles[:3], request("/healthz"), tiles[3], request(PATH, method="HEAD"), *tiles[4:]]
    answer, by_lane = await same(both, b"".join(mixed))
    assert answer.count(b"image/jpeg") == 9
    assert by_lane == 3
    # And what comes after a pause, when aiohttp has nothing left to do, takes the lane again.
    answer, by_lane = await same(both, b"".join(mixed), tiles[0], tiles[1])
    assert answer.count(b"image/jpeg") == 11
    assert by_lane == 5


@pytest.mark.parametrize("cut", [1, 10, 70, -3, -2, -1])
async def test_a_request_in_fragments_is_one_request(both, tokens, cut: int) -> None:
    await warm(both[0], tokens)
    await warm(both[1], tokens)
    one = request(PATH, cookie(tokens["annotator"]))
    answer, by_lane = await same(both, one[:cut], one[cut:], one)
    assert answer.count(b"image/jpeg") == 2
    assert by_lane == 0


async def test_a_body_that_looks_like_a_tile_request_is_a_body(both, tokens) -> None:
    """Request smuggling: what belongs to a body is never answered, however it is cut up."""
    await warm(both[0], tokens)
    await warm(both[1], tokens)
    tile = request(PATH, cookie(tokens["annotator"]))
    post = request("/api/v1/session", f"Content-Length: {len(tile)}", method="POST")
    answer, by_lane = await same(both, post, tile, tile)
    assert answer.count(b"image/jpeg") == by_lane == 1
    answer, by_lane = await same(both, post + tile[:20], tile[20:], tile)
    assert answer.count(b"image/jpeg") == by_lane == 1


ODD = b" \t\r\n:;,=/.%?-_09azAZ\x00\x7f\xff"


def mutated(chance: random.Random, data: bytes) -> bytes:
    """The request with one or two things wrong: bytes lost, doubled, turned round or from elsewhere."""
    for _ in range(chance.randint(1, 2)):
        at, end = sorted(chance.sample(range(len(data)), 2))
        part = data[at : min(end, at + chance.choice((1, 2, 8, 40)))]
        other = chance.choice(
            (b"", part * 2, part.swapcase(), part[::-1], part + bytes(chance.choices(ODD, k=2)))
        )
        data = data[:at] + other + data[at + len(part) :]
    return data


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_wrong_with_a_request_both_ways_say_the_same(both, tokens, seed: int) -> None:
    """With one difference: where aiohttp finds an error it takes back what stood before it in the packet,
    and the lane has answered that already.
    """
    lane, plain = both
    chance = random.Random(seed)  # noqa: S311
    await warm(lane, tokens)
    await warm(plain, tokens)
    good = request(PATH, "Accept: */*", cookie(tokens["annotator"]))
    tile = without_what_varies((await plain.exchange([good])).partition(b"HTTP/1.1 200 OK\r\nCache")[0])
    assert tile.endswith(b"\xff\xd9")
    for _ in range(25):
        pieces = [good, mutated(chance, good) + good + b"\r\n\r\n"]
        by_lane, by_aiohttp = [without_what_varies(await way.exchange(pieces)) for way in both]
        while by_lane != by_aiohttp and by_lane.startswith(tile * 2) and b" 400 " in by_aiohttp:
            by_lane = by_lane[len(tile) :]
        assert by_lane == by_aiohttp


async def test_a_session_that_ends_here_ends_at_once_in_the_lane(both, tokens) -> None:
    lane, _ = both
    await warm(lane, tokens)
    tile = request(PATH, cookie(tokens["annotator"]))
    out = request("/api/v1/session", cookie(tokens["annotator"]), method="DELETE")
    answer = await lane.exchange([tile, out, tile])
    assert [answer.count(b"HTTP/1.1 %d " % status) for status in (200, 204, 401)] == [2, 1, 1]
    assert lane.by_lane == 1


async def test_a_slide_that_is_withdrawn_leaves_the_lane(both, tokens) -> None:
    lane, _ = both
    await warm(lane, tokens)
    lane.services.shelf.forget("a1")
    tile = request(PATH, cookie(tokens["annotator"]))
    await lane.exchange([tile])
    assert lane.by_lane == 0


async def test_tiles_of_the_lane_are_counted_like_all_others(both, tokens) -> None:
    tile = request(PATH, cookie(tokens["annotator"]))
    counted = []
    for way in both:
        await way.exchange([tile, tile, tile])
        counted.append(
            [
                line
                for line in way.services.metrics.render().decode().splitlines()
                if "_files" in line and ("requests_total{" in line or "seconds_count" in line)
            ]
        )
    assert counted[0] == counted[1]
    assert both[0].by_lane == 2


async def test_who_does_not_read_is_not_written_to(both, tokens) -> None:
    """The lane stops where the connection's buffer is full; aiohttp's flow control has the rest."""
    lane, _ = both
    await warm(lane, tokens)
    tile = request(PATH, cookie(tokens["annotator"]))
    reader, writer = await asyncio.open_connection("127.0.0.1", lane.port, limit=1 << 12)
    count = 20_000
    writer.write(tile * count)
    ends = asyncio.get_running_loop().time() + 20
    seen = -1
    while seen != lane.by_lane and asyncio.get_running_loop().time() < ends:
        seen = lane.by_lane
        await asyncio.sleep(0.2)
    assert 0 < lane.by_lane < count / 2
    writer.write(LAST)
    answer = await asyncio.wait_for(reader.read(), 60)
    assert answer.count(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg") == count
    writer.close()


async def test_a_server_that_stops_answers_no_more(both, tokens) -> None:
    lane, _ = both
    await warm(lane, tokens)
    tile = request(PATH, cookie(tokens["annotator"]))
    reader, writer = await asyncio.open_connection("127.0.0.1", lane.port)
    writer.write(tile)
    await reader.readuntil(b"\r\n\r\n")
    server = lane.runner.server
    server.pre_shutdown()
    writer.write(tile)
    await asyncio.sleep(0.1)
    await server.shutdown(1.0)
    rest = await asyncio.wait_for(reader.read(), 60)
    assert b"HTTP/1.1" not in rest
    assert lane.by_lane == 1
    writer.close()
