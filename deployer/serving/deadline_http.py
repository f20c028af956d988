"""HTTP answers that are read against one deadline, since a timeout per read lets a trickle of bytes last for ever."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class DeadlineResponse(http.client.HTTPResponse):
    """An answer, headers and body, that must be there within its socket's timeout, counted from its beginning."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock))


class _DeadlineReader(io.RawIOBase):
    """What comes from the socket, until its time is over; then `TimeoutError`."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._stream = sock.makefile("rb", buffering=0)
        self._timeout = sock.gettimeout()
        self._end = None if self._timeout is None else time.monotonic() + self._timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end is not None:
            remaining = self._end - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._socket.settimeout(remaining)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        """Leave the socket as it was found: the next request on it has a time of its own."""
        with contextlib.suppress(OSError):  # closed before
            self._socket.settimeout(self._timeout)
        self._stream.close()
        super().close()


class _Connection(HTTPConnection):
    response_class = DeadlineResponse


class _SecureConnection(HTTPSConnection):
    response_class = DeadlineResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class DeadlinePoolManager(urllib3.PoolManager):
    """urllib3's pools of connections, whose read timeout bounds a whole answer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
