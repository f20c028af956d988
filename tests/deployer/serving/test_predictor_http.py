"""HTTP to predictors over TCP: whatever the other side does, it takes no longer than it may."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deployer.errors import TransientError
from deployer.interfaces import ServingResponse
from deployer.serving import predictor_http
from deployer.serving.predictor_http import PredictorHttp
from tests.deployer.serving.peers import OK, Serve, answering, trickling

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def server(serve: Serve) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener, answering(listener, serve):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def get(http: PredictorHttp, base: str, *, timeout: float = 60.0) -> ServingResponse:
    return http.request(base, method="GET", path="/v2", body=b"", content_type="", timeout=timeout)


@pytest.mark.parametrize(
    ("start", "piece"),
    [(b"", b""), (OK[:20], b"x"), (OK[:-1], b""), (OK.replace(b"h: 2", b"h: 999"), b"x"), (CHUNKED, b"1\r\nx\r\n")],
    ids=["nothing", "headers", "stall", "body", "chunks"],
)
def test_a_trickle_does_not_stretch_the_deadline(start: bytes, piece: bytes) -> None:
    done = threading.Event()
    with server(trickling(start, piece, done)) as base:
        with pytest.raises(TransientError, match=r"serving\.timeout"):
            get(PredictorHttp(), base, timeout=0.4)
        done.set()


def test_the_next_request_on_a_connection_has_its_own_time() -> None:
    def serve(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(65536)
            connection.sendall(OK[:-1])
            time.sleep(0.05)
            connection.sendall(OK[-1:])
        connection.recv(65536)

    with server(serve) as base:
        http = PredictorHttp()
        assert [get(http, base, timeout=60).body for _ in range(2)] == [b"{}", b"{}"]
        (pool,) = http._pool.pools._container.values()
        assert pool.num_connections == 1
        kept: Any = pool._get_conn()
        assert kept.sock.gettimeout() > 59.9
        kept.close()


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", OK[:-1]], ids=["nothing", "garbage", "cut"])
def test_a_broken_answer_is_no_answer(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with server(serve) as base, pytest.raises(TransientError, match=r"serving\.unreachable"):
        get(PredictorHttp(), base)


def test_an_answer_has_a_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor_http, "MAX_ANSWER_BYTES", 1)
    with (
        server(lambda connection: connection.sendall(OK)) as base,
        pytest.raises(TransientError, match=r"serving\.answer_too_large"),
    ):
        get(PredictorHttp(), base)
