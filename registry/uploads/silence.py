"""How long the sender of a body may be silent before its thread, and what it holds locked, serves somebody else."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

SILENCE_SECONDS = 20.0


@contextlib.contextmanager
def silence_limited(connection: object) -> Iterator[None]:
    """Reading from the socket raises `TimeoutError` when nothing comes for a while.

    Only gunicorn gives its socket out; other servers have a limit of their own, and anything else is left alone.
    """
    if not isinstance(connection, socket.socket):
        yield
        return
    before = connection.gettimeout()
    connection.settimeout(SILENCE_SECONDS)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            connection.settimeout(before)
