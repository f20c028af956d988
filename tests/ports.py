"""Ports of this machine for programs that must be told one before they start."""

from __future__ import annotations

import itertools
import os
import socket

# Below those that the kernel gives to whoever asks for any port: between the choice and the program's start,
# no connection and no other server can come upon one of these.
_FIRST, _LAST = 10_000, 30_000
_numbers = itertools.count(os.getpid() * 101)


def free_port() -> int:
    """One that nobody listens on, and that this process has not given before."""
    for number in itertools.islice(_numbers, _LAST - _FIRST):
        port = _FIRST + number % (_LAST - _FIRST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")
