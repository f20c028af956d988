"""The body of a large request straight from gunicorn's connection, which spares three copies of every byte.

gunicorn's own reader collects, joins and cuts each piece before the application sees it. Of a body of known length the
bytes can as well be received where the application wants them, as long as the reader's count is kept true: it tells
gunicorn where the next request on the connection begins. Under another server, or for a chunked body, nothing is
offered and the application reads as usual. However it is read, a sender that falls silent is waited for only so long.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

from registry.uploads.silence import silence_limited

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY = "portal.fill_body"


def with_direct_body(application: WSGIApplication) -> WSGIApplication:
    """Offer the application a function under `KEY` in the environment, where there can be one."""

    def offering(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ.get("wsgi.input")
        fill = direct_fill(body)
        if fill is not None:
            environ[KEY] = fill
        if isinstance(body, Body):
            environ["wsgi.input"] = ImpatientBody(body, environ.get("gunicorn.socket"))
        return application(environ, start_response)

    return offering


class ImpatientBody:
    """gunicorn's body, which waits for a silent sender no longer than for one that uploads; then `TimeoutError`."""

    def __init__(self, body: Body, connection: object) -> None:
        self._body = body
        self._connection = connection

    def read(self, size: int | None = None) -> bytes:
        """As the original: waits for all that was asked for."""
        with silence_limited(self._connection):
            return bytes(self._body.read(size))

    def readline(self, size: int | None = None) -> bytes:
        """As the original."""
        with silence_limited(self._connection):
            return bytes(self._body.readline(size))


def direct_fill(body: object) -> Callable[[memoryview], int] | None:
    """A function that puts the next bytes of gunicorn's `body` at the start of a view; None for any other body.

    It returns how many came, 0 at the end of the body, and raises OSError if the client is gone or silent for too long.
    """
    if not isinstance(body, Body) or not isinstance(body.reader, LengthReader):
        return None
    reader: Any = body.reader
    unreader = reader.unreader
    if not isinstance(unreader, SocketUnreader) or not isinstance(unreader.sock, socket.socket) or body.buf.tell():
        return None

    def fill(space: memoryview) -> int:
        wanted = min(len(space), reader.length)
        if not wanted:
            return 0
        count: int
        held = unreader.take_buffered()
        if held:  # what came in one piece with the headers, and perhaps the next request behind it
            count = min(wanted, len(held))
            space[:count] = held[:count]
            unreader.unread(held[count:])
        else:
            try:
                count = unreader.sock.recv_into(space, wanted)
            except OSError:
                body.failed = True  # where the next request would begin is unknown from here on
                raise
        reader.length -= count
        return count

    return fill
