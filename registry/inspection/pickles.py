"""Recognises pickles by walking their opcodes, without unpickling: the names are the point, not the values."""

from __future__ import annotations

import re

PROTO = 0x80
STOP = ord(".")
_MAX_PROTOCOL = 5
_MAX_OPCODES = 100_000
# Arguments of opcodes: fixed lengths, then counted ones (by the length of the count), then lines.
_FIXED = {
    **dict.fromkeys(b"(.012NRabdelostu]})\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98", 0),
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
# What the lines of an opcode must look like, or the unpickler stops there. A persistent id stops a plain one always.
_IDENTIFIER = rb"[A-Za-z_][\w.]*"
_LINES = {
    **dict.fromkeys(b"gp", re.compile(rb"\d+\n")),
    **dict.fromkeys(b"ci", re.compile(_IDENTIFIER + rb"\r?\n" + _IDENTIFIER + rb"\r?\n", re.ASCII)),
    ord("F"): re.compile(rb"[-+.\deE_]+\n|[-+]?(?:inf|nan)\n"),
    ord("I"): re.compile(rb"[-+]?[\dxXa-fA-F_]+\n"),
    ord("L"): re.compile(rb"[-+]?[\dxXa-fA-F_]+L?\n"),
    ord("S"): re.compile(rb"(?:'[^\n]*'|\"[^\n]*\")\n"),
    ord("V"): re.compile(rb"[^\n]*\n"),
}
# Opcodes that find a class or function: without one a stream holds data only, and ordinary text may look like it.
_FINDS = frozenset(b"ci\x93\x82\x83\x84")


def starts_with_proto(data: bytes) -> bool:
    """Whether `data` begins with the opcode that opens a pickle of protocol 2 or later."""
    return len(data) > 1 and data[0] == PROTO and data[1] <= _MAX_PROTOCOL


def is_pickle(data: bytes) -> bool:
    """Whether `data` begins with a pickle of any protocol that finds a class or function."""
    if starts_with_proto(data):
        return True
    at, finds = 0, False
    for _ in range(_MAX_OPCODES):
        if at >= len(data):
            return False
        opcode = data[at]
        if opcode == STOP:
            return finds
        finds = finds or opcode in _FINDS
        at = _skip(data, at + 1, opcode)
        if at < 0:
            return False
    return finds


def _skip(data: bytes, at: int, opcode: int) -> int:
    """Where the next opcode starts, -1 if this one cannot be an opcode."""
    if opcode in _FIXED:
        return at + _FIXED[opcode]
    if opcode in _COUNTED:
        width = _COUNTED[opcode]
        return at + width + int.from_bytes(data[at : at + width], "little")
    match = _LINES[opcode].match(data, at) if opcode in _LINES else None
    return match.end() if match else -1
