"""The body straight from the connection: the bytes that gunicorn's reader gives, and none of the next request."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.unreader import IterUnreader, SocketUnreader

from portal.request_body import KEY, direct_fill, with_direct_body
from registry.uploads.silence import SILENCE_SECONDS

Fill = Callable[[memoryview], int]


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    client, server = socket.socketpair()
    client.settimeout(5)
    server.settimeout(5)
    with client, server:
        yield client, server


def body_of(server: socket.socket, length: int, held: bytes = b"") -> Body:
    unreader = SocketUnreader(server)
    unreader.unread(held)
    return Body(LengthReader(unreader, length))


def offered(body: Body) -> Fill:
    fill = direct_fill(body)
    assert fill is not None
    return fill


def drained(fill: Fill, size: int = 7) -> bytes:
    found, space = b"", memoryview(bytearray(size))
    while count := fill(space):
        found += bytes(space[:count])
    return found


def test_what_came_with_the_headers_comes_first(connection: tuple[socket.socket, socket.socket]) -> None:
    client, server = connection
    client.sendall(b"from the connection")

    assert drained(offered(body_of(server, 29, b"with them ")), 4096) == b"with them from the connection"


def test_the_next_request_is_left_alone(connection: tuple[socket.socket, socket.socket]) -> None:
    client, server = connection
    client.sendall(b"12345GET /next")
    body = body_of(server, 8, b"abc")

    assert drained(offered(body)) == b"abc12345"
    assert body.read() == b""
    assert server.recv(100) == b"GET /next"


def test_a_next_request_that_came_with_the_headers_is_given_back(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    _client, server = connection
    body = body_of(server, 3, b"abcGET /next")

    assert drained(offered(body)) == b"abc"
    assert body.reader.unreader.read(9) == b"GET /next"


def test_gunicorn_reads_on_where_the_application_stopped(connection: tuple[socket.socket, socket.socket]) -> None:
    client, server = connection
    client.sendall(b"0123456789")
    body = body_of(server, 10)
    space = memoryview(bytearray(4))

    assert offered(body)(space) == 4
    assert body.read() == b"456789"


def test_a_client_that_broke_off_is_the_end(connection: tuple[socket.socket, socket.socket]) -> None:
    client, server = connection
    client.sendall(b"half")
    client.close()

    assert drained(offered(body_of(server, 8))) == b"half"


def test_a_silent_client_is_an_error_and_its_connection_not_used_again(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    _client, server = connection
    server.settimeout(0.01)
    body = body_of(server, 8)

    with pytest.raises(TimeoutError):
        offered(body)(memoryview(bytearray(8)))
    assert body.failed


@pytest.mark.parametrize("reading", ["read", "readline"])
def test_a_silent_sender_is_waited_for_only_so_long(
    connection: tuple[socket.socket, socket.socket], reading: str
) -> None:
    _client, server = connection
    server.settimeout(None)
    waits: list[float | None] = []

    class Silent:
        def read(self, _size: int) -> bytes:
            waits.append(server.gettimeout())
            raise TimeoutError

    def application(environ: dict[str, Any], _start: object) -> list[bytes]:
        with pytest.raises(TimeoutError):
            getattr(environ["wsgi.input"], reading)(20)
        waits.append(server.gettimeout())
        return []

    body = Body(Silent())
    environ = {"wsgi.input": body, "gunicorn.socket": server}
    with_direct_body(application)(environ, lambda *_args: lambda _data: None)

    assert waits == [SILENCE_SECONDS, None], "for the answer the connection's own limit is back"
    assert body.failed


def test_other_bodies_are_read_as_usual(connection: tuple[socket.socket, socket.socket]) -> None:
    _client, server = connection
    begun = body_of(server, 8, b"abcdefgh")
    begun.buf.write(b"read ahead")

    assert direct_fill(None) is None
    assert direct_fill(BytesIO(b"of a test client")) is None
    assert direct_fill(Body(ChunkedReader(None, SocketUnreader(server)))) is None
    assert direct_fill(Body(LengthReader(IterUnreader(iter([b"x"])), 1))) is None
    assert direct_fill(begun) is None


@pytest.mark.parametrize("direct", [True, False])
def test_the_application_finds_the_offer_in_its_environment(
    connection: tuple[socket.socket, socket.socket],
    direct: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    seen: list[object] = []

    def application(environ: dict[str, object], _start: object) -> list[bytes]:
        seen.append(environ.get(KEY))
        return []

    body = body_of(connection[1], 3) if direct else BytesIO()
    with_direct_body(application)({"wsgi.input": body}, lambda *_args: lambda _data: None)

    assert (seen[0] is not None) == direct
