"""A CONNECT proxy that leads Google's hosts to this machine; `https_proxy` names it."""

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator


class Proxy(socketserver.ThreadingTCPServer):
    """Tunnels to where a host is served; nothing else can be reached.

    Attributes:
        routes: end of a host's name → host and port that stand in for it.
        web: the same for those who offer HTTP/1.1 in their TLS greeting, where there is a choice.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, routes: dict[str, tuple[str, int]]) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.routes = routes
        self.web: dict[str, tuple[str, int]] = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def counted(self, client: socket.socket) -> Iterator[None]:
        """`client` is one of those that `cut` ends."""
        with self._lock:
            self._open.add(client)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(client)

    def cut(self) -> None:
        """Ends every tunnel at once, as a network that fails does."""
        with self._lock:
            for client in self._open:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)


class _Tunnel(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        request = self.rfile.readline().decode()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        host = request.removeprefix("CONNECT ").partition(":")[0]
        targets = [to for suffix, to in self.server.routes.items() if host.endswith(suffix)]
        if not targets:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with (
            self.server.counted(self.connection),
            contextlib.suppress(OSError),  # either side may end at any moment
            socket.create_connection(self._choice(host, targets[0])) as server,
        ):
            _pump(self.connection, server)

    def _choice(self, host: str, target: tuple[str, int]) -> tuple[str, int]:
        web = self.server.web.get(host)
        if web is None:
            return target
        greeting = self.connection.recv(4096, socket.MSG_PEEK)
        return web if b"\x08http/1.1" in greeting else target


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Copies both ways until one side ends."""
    peers = {one: other, other: one}
    while True:
        for source in select.select(list(peers), [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            peers[source].sendall(data)
