"""HTTP over a UNIX socket with one deadline for the whole exchange and a cap on the answer."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import time
from pathlib import Path

from deployer.errors import TransientError, UserError
from deployer.interfaces import ServingResponse

from .deadline_http import DeadlineResponse

MAX_ANSWER_BYTES = 64 << 20
_MOMENT = 0.001  # no time at all would mean not to wait for what is there already


def request(
    path_of_socket: Path, *, method: str, path: str, body: bytes, content_type: str, timeout: float
) -> ServingResponse:
    """One exchange. Raises `TransientError` (`serving.unreachable`, `serving.timeout`), `UserError` for a bad path."""
    end = time.monotonic() + timeout
    connection = http.client.HTTPConnection("model")
    connection.response_class = DeadlineResponse
    headers = {"Content-Type": content_type} if content_type else {}
    try:
        connection.sock = _connect(path_of_socket, timeout)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent, with an answer
            connection.request(method, path, body or None, headers)
        connection.sock.settimeout(max(_MOMENT, end - time.monotonic()))
        answer = connection.getresponse()
        content = answer.read(MAX_ANSWER_BYTES + 1)
    except (TimeoutError, BlockingIOError) as exc:
        raise TransientError("serving.timeout", seconds=timeout) from exc
    except (http.client.InvalidURL, UnicodeEncodeError) as exc:
        raise UserError("serving.bad_path") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise TransientError("serving.unreachable") from exc
    finally:
        connection.close()
    if len(content) > MAX_ANSWER_BYTES:
        raise TransientError("serving.answer_too_large", limit=MAX_ANSWER_BYTES)
    if answer.length:
        raise TransientError("serving.unreachable")  # it was cut off, which a capped read does not report
    return ServingResponse(status=answer.status, content_type=answer.headers.get("Content-Type", ""), body=content)


def bind(path_of_socket: Path) -> socket.socket:
    """A bound socket that does not listen yet, readable and writable by its owner only; replaces a stale one."""
    path_of_socket.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _Directory(path_of_socket.parent) as parent:
        listener.bind(f"{parent}/{path_of_socket.name}")
    path_of_socket.chmod(0o600)
    return listener


def _connect(path_of_socket: Path, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        with _Directory(path_of_socket.parent) as parent:
            connection.connect(f"{parent}/{path_of_socket.name}")
    except BaseException:
        connection.close()
        raise
    return connection


class _Directory:
    """A short name for a folder of any depth, because a socket's address holds 107 bytes only."""

    def __init__(self, folder: Path) -> None:
        self._handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)

    def __enter__(self) -> str:
        return f"/proc/self/fd/{self._handle}"

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
