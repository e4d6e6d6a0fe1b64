"""The sockets that a server listens on."""

import socket
from collections.abc import Iterator

from server.errors import ConfigError

BACKLOG = 1024


def listening_sockets(host: str, port: int, process_count: int) -> list[list[socket.socket]]:
    """For each process its sockets, one per address of ``host``, listening; port 0: any free one.

    Each process has its own, between which the kernel shares out the connections; whoever forks the processes
    keeps them all open, so that connections to a lost process wait for its successor. Raises
    :class:`ConfigError` if the address cannot be used or is in use.
    """
    try:
        found = _addresses(host, port)
        opened: list[list[socket.socket]] = [[] for _ in range(process_count)]
        for family, address in found:
            # Alone first: sockets that share a port would share it with another server without a word.
            with _bound(family, _with_port(address, port), is_shared=False) as probe:
                probe.listen(1)
                port = probe.getsockname()[1]
                if process_count == 1:
                    opened[0].append(probe.dup())
            for sockets in opened if process_count > 1 else ():
                sockets.append(_bound(family, _with_port(address, port), is_shared=True))
        for sock in (sock for sockets in opened for sock in sockets):
            sock.listen(BACKLOG)
            sock.setblocking(False)
    except OSError as error:
        raise ConfigError(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    return opened


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    wanted = (socket.AF_INET, socket.AF_INET6)
    usable: Iterator[tuple[socket.AddressFamily, tuple[str, int]]] = (
        (family, (str(address[0]), port)) for family, _, _, _, address in found if family in wanted
    )
    return list(dict.fromkeys(usable))


def _with_port(address: tuple[str, int], port: int) -> tuple[str, int]:
    return address[0], port


def _bound(family: socket.AddressFamily, address: tuple[str, int], *, is_shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock
