from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.errors import TransientError, UserError
from deployer.interfaces import ServingResponse
from deployer.serving import unix_http
from tests.deployer.serving.peers import OK, Serve, answering, trickling


@contextmanager
def server(path: Path, serve: Serve) -> Iterator[None]:
    with unix_http.bind(path) as listener:
        listener.listen()
        with answering(listener, serve):
            yield


def get(path: Path, *, url: str = "/", timeout: float = 60.0) -> ServingResponse:
    return unix_http.request(path, method="GET", path=url, body=b"", content_type="", timeout=timeout)


def test_an_exchange(tmp_path: Path) -> None:
    seen = []

    def serve(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(OK)

    with server(tmp_path / "s", serve):
        answer = get(tmp_path / "s", url="/v2")
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b"{}")
    assert seen[0].startswith(b"GET /v2 HTTP/1.1\r\n")


def test_a_path_of_any_length(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 200) / ("b" * 200)
    folder.mkdir(parents=True)
    with server(folder / "socket", lambda connection: connection.sendall(OK)):
        assert get(folder / "socket").status == 200


def test_the_socket_is_its_owners_only(tmp_path: Path) -> None:
    with unix_http.bind(tmp_path / "s"):
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600


def test_nobody_listening(tmp_path: Path) -> None:
    for absent in (tmp_path / "none", tmp_path / "no" / "folder"):
        with pytest.raises(TransientError, match=r"serving\.unreachable"):
            get(absent)
    with unix_http.bind(tmp_path / "bound"), pytest.raises(TransientError, match=r"serving\.unreachable"):
        get(tmp_path / "bound")


@pytest.mark.parametrize("start", [b"", OK[:20], OK[:-1]], ids=["nothing", "headers", "body"])
def test_a_trickle_does_not_stretch_the_deadline(tmp_path: Path, start: bytes) -> None:
    piece = b"" if start == b"" or start.endswith(b"{") else b"x"
    done = threading.Event()
    with server(tmp_path / "s", trickling(start, piece, done)):
        with pytest.raises(TransientError, match=r"serving\.timeout"):
            get(tmp_path / "s", timeout=0.4)
        done.set()


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", OK[:-1]], ids=["nothing", "garbage", "cut"])
def test_a_broken_answer_is_no_answer(tmp_path: Path, answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with server(tmp_path / "s", serve), pytest.raises(TransientError, match=r"serving\.unreachable"):
        get(tmp_path / "s")


def test_an_answer_has_a_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unix_http, "MAX_ANSWER_BYTES", 1)
    with (
        server(tmp_path / "s", lambda connection: connection.sendall(OK)),
        pytest.raises(TransientError, match=r"serving\.answer_too_large"),
    ):
        get(tmp_path / "s")


def test_an_early_refusal_is_read_although_the_body_was_not_taken(tmp_path: Path) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    with server(tmp_path / "s", serve):
        answer = unix_http.request(
            tmp_path / "s", method="POST", path="/", body=b"x" * (8 << 20), content_type="text/plain", timeout=60
        )
    assert answer.status == 413


@pytest.mark.parametrize("url", ["/a b", "/a\r\nHost: b", "/ä"])
def test_a_path_cannot_smuggle_a_header(tmp_path: Path, url: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)

    with server(tmp_path / "s", serve), pytest.raises(UserError, match=r"serving\.bad_path"):
        get(tmp_path / "s", url=url)
