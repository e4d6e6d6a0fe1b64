"""The sockets of a server: one set a process, and nobody else's port."""

import socket

import pytest

from server.cli.listening import listening_sockets
from server.errors import ConfigError


@pytest.fixture
def opened():
    sockets: list[list[socket.socket]] = []
    yield sockets
    for sock in (sock for of_one in sockets for sock in of_one):
        sock.close()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_process_has_its_own_on_the_same_port(opened, count: int) -> None:
    opened += listening_sockets("127.0.0.1", 0, count)
    assert len(opened) == count
    assert len({sock.getsockname() for (sock,) in opened}) == 1
    with socket.create_connection(opened[0][0].getsockname(), timeout=60):
        pass


@pytest.mark.parametrize("first_count", [1, 3])
@pytest.mark.parametrize("count", [1, 2])
def test_a_port_that_is_in_use_is_refused_even_by_those_who_share_theirs(
    opened, first_count: int, count: int
) -> None:
    opened += listening_sockets("127.0.0.1", 0, first_count)
    port = opened[0][0].getsockname()[1]
    with pytest.raises(ConfigError, match="Cannot listen"):
        listening_sockets("127.0.0.1", port, count)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ConfigError, match="Cannot listen"):
        listening_sockets("192.0.2.1", 0, 1)
    with pytest.raises(ConfigError, match="Cannot listen"):
        listening_sockets("no.such.host.invalid", 0, 1)


def test_a_name_for_two_addresses_is_listened_to_on_both_with_one_port(opened, monkeypatch) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    opened += listening_sockets("both", 0, 2)
    for of_one in opened:
        addresses = {sock.getsockname()[0] for sock in of_one}
        assert addresses == {"127.0.0.1", "127.0.0.2"}
        assert len({sock.getsockname()[1] for sock in of_one}) == 1
