"""What the fast lane recognises in the bytes of a connection, and what it will not even try to."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.fast_request import HEAD_LIMIT_BYTES, TILE_LINE, credentials_of, owed_after

TOKEN = "abcdefghijklmnopqrstuvwxyz-0123456789_ABCDEF"
COOKIE = "slidereel_session"
HOST = b"Host: x\r\n"


def credentials(*lines: str) -> str | None:
    return credentials_of("".join(f"{line}\r\n" for line in lines).encode("latin-1"), COOKIE)


@given(st.integers(0, 99), st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1))
def test_every_tile_s_address_is_recognised(level: int, col: int, row: int) -> None:
    line = TILE_LINE.match(f"GET /api/v1/slides/0a1b_files/{level}/{col}_{row}.jpeg HTTP/1.1\r\n".encode())
    assert line is not None
    assert line.groups() == (b"0a1b", *(str(number).encode() for number in (level, col, row)))


@given(st.binary(max_size=400))
def test_no_bytes_upset_it(data: bytes) -> None:
    assert TILE_LINE.match(data) is None
    credentials_of(data, COOKIE)
    for owed in (0, 5, None):
        owed_after(data, owed)


def test_the_one_credential_is_found() -> None:
    assert credentials("Host: x", f"Cookie: {COOKIE}={TOKEN}") == TOKEN
    assert credentials("Host: x:1", f"cookie: a=b; {COOKIE}={TOKEN} ;c=d") == TOKEN
    assert credentials("host: [::1]:80", f"Authorization: Bearer {TOKEN}") == f"bearer {TOKEN}"
    assert credentials("Host: x", f"Cookie: {COOKIE}=0123456789abcdef", f"Authorization: bearer {TOKEN}") == (
        f"bearer {TOKEN}"
    )


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Host: x",),
        (f"Cookie: {COOKIE}={TOKEN}",),
        ("Host: x y", f"Cookie: {COOKIE}={TOKEN}"),
        ("Host: x", f"Cookie: {COOKIE}x={TOKEN}"),
        ("Host: x", f"Cookie: {COOKIE}=short"),
        ("Host: x", f"Cookie: {COOKIE}=bearer {TOKEN}"),
        ("Host: x", f'Cookie: {COOKIE}="{TOKEN}"'),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}; {COOKIE}={TOKEN}"),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", "Cookie: a=b"),
        ("Host: x", f"Authorization: {TOKEN}", f"Cookie: {COOKIE}={TOKEN}"),
        ("Host: x", f"Authorization: Bearer  {TOKEN}"),
        ("Host: x", "Host: x", f"Cookie: {COOKIE}={TOKEN}"),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", "Connection: close"),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", "Connection: keep-alive, upgrade"),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", "Accept: a\x00b"),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", "Accept: \x85"),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", " Accept: x"),
        *(
            ("Host: x", f"Cookie: {COOKIE}={TOKEN}", f"{name}: 1")
            for name in (
                "Content-Length",
                "Transfer-Encoding",
                "Upgrade",
                "Expect",
                "Range",
                "If-Range",
                "If-Match",
                "If-None-Match",
                "If-Modified-Since",
                "TE",
                "Trailer",
                "Sec-WebSocket-Key",
                "HTTP2-Settings",
                "Content-Encoding",
            )
        ),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", "User-Agent: " + "x" * HEAD_LIMIT_BYTES),
        ("Host: x", f"Cookie: {COOKIE}={TOKEN}", *(f"X-{n}: n" for n in range(100))),
    ],
)
def test_whatever_is_ambiguous_is_nobody(lines: tuple[str, ...]) -> None:
    assert credentials(*lines) is None


REQUEST = st.builds(
    lambda method, path, headers, body: (
        f"{method} /{path} HTTP/1.1\r\nHost: x\r\n{headers}".encode()
        + (b"Content-Length: %d\r\n\r\n" % len(body) if body or method == "POST" else b"\r\n"),
        body,
    ),
    st.sampled_from(["GET", "POST", "PATCH", "HEAD", "DELETE"]),
    st.from_regex(r"[a-z0-9/%.?=]{0,20}", fullmatch=True),
    st.sampled_from(["", "Upgrade-Insecure-Requests: 1\r\n", "X-Content-Length: 7\r\n", "Accept:\r\n"]),
    st.binary(max_size=40),
)


@given(st.lists(REQUEST, min_size=1, max_size=5), st.lists(st.integers(0, 400), max_size=4))
def test_where_a_request_ends_is_known_however_bodies_are_cut(
    requests: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(head + body for head, body in requests)
    # A cut through a head is where the lane gives up; through a body it must count.
    whole_heads = set()
    at = 0
    for head, body in requests:
        whole_heads |= set(range(at + len(head), at + len(head) + len(body) + 1))
        at += len(head) + len(body)
    places = [0, *sorted({cut for cut in cuts if cut in whole_heads}), len(stream)]
    owed: int | None = 0
    for start, end in itertools.pairwise(places):
        owed = owed_after(stream[start:end], owed)
        assert owed is not None
    assert owed == 0


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n",
    ],
)
def test_where_it_cannot_be_known_it_is_not_guessed_now_or_later(data: bytes) -> None:
    owed = owed_after(data, 0)
    assert owed is None
    assert owed_after(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", owed) is None
