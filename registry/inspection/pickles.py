"""Recognises pickles by walking their opcodes, without unpickling: the names are the point, not the values."""

from __future__ import annotations

import re

PROTO = 0x80
STOP = ord(".")
_MAX_PROTOCOL = 5
_MAX_OPCODES = 100_000
# Arguments of opcodes: fixed lengths, then counted ones (length of the count), then lines.
_FIXED = {
    **dict.fromkeys(b"(.012NQRabdelostu]})\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98", 0),
    **dict.fromkeys(b"Khqr\x80\x82", 1),
    **dict.fromkeys(b"M\x83", 2),
    **dict.fromkeys(b"Jj\x84", 4),
    **dict.fromkeys(b"G\x95", 8),
    ord("r"): 4,
}
_COUNTED = {
    **dict.fromkeys(b"UC\x8a\x8c", 1),
    **dict.fromkeys(b"XBT\x8b", 4),
    **dict.fromkeys(b"\x8d\x8e\x96", 8),
}
_LINES = {**dict.fromkeys(b"FILSVPgp", 1), **dict.fromkeys(b"ci", 2)}
# Opcodes that find or call something: a stream without one holds data only, and ordinary text may look like it.
_CALLS = frozenset(b"ciRob\x81\x92\x93\x82\x83\x84")
_IDENTIFIER = re.compile(rb"[A-Za-z_][\w.]*", re.ASCII)


def starts_with_proto(data: bytes) -> bool:
    """Whether `data` begins with the opcode that opens a pickle of protocol 2 or later."""
    return len(data) > 1 and data[0] == PROTO and data[1] <= _MAX_PROTOCOL


def is_pickle(data: bytes) -> bool:
    """Whether `data` begins with a pickle of any protocol that finds or calls something."""
    if starts_with_proto(data):
        return True
    at, calls = 0, False
    for _ in range(_MAX_OPCODES):
        if at >= len(data):
            return False
        opcode = data[at]
        if opcode == STOP:
            return calls
        calls = calls or opcode in _CALLS
        at = _skip(data, at + 1, opcode)
        if at < 0:
            return False
    return calls


def _skip(data: bytes, at: int, opcode: int) -> int:
    """Where the next opcode starts, -1 if this one cannot be an opcode."""
    if opcode in _FIXED:
        return at + _FIXED[opcode]
    if opcode in _COUNTED:
        width = _COUNTED[opcode]
        return at + width + int.from_bytes(data[at : at + width], "little")
    for _ in range(_LINES.get(opcode, 0)):
        end = data.find(b"\n", at)
        if end < 0 or (opcode in b"ci" and not _IDENTIFIER.fullmatch(data[at:end].rstrip(b"\r"))):
            return -1
        at = end + 1
    return at if opcode in _LINES else -1
