"""The other side of one HTTP exchange, which does as a test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Serve = Callable[[socket.socket], None]


@contextmanager
def answering(listener: socket.socket, serve: Serve) -> Iterator[None]:
    """Take one connection of a listening socket and serve it, until the block and the server have both ended."""

    def accept() -> None:
        connection, _ = listener.accept()
        # Whoever has waited long enough hangs up, and not when it suits the server.
        with connection, suppress(BrokenPipeError, ConnectionResetError):
            serve(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    yield
    thread.join(60)


def trickling(start: bytes, piece: bytes, done: threading.Event) -> Serve:
    """Sends the start and then a piece each 50 ms until it is done, at most half a minute.

    Who waits for its end hears `serving.unreachable`, or has an answer.
    """

    def serve(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(600):
            if done.wait(0.05):
                break
            connection.sendall(piece)

    return serve
