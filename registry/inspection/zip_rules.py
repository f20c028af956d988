"""One reading of a zip archive: whatever two readers could see differently is refused.

The rules follow PyPI's against zip confusion (CVE-2025-54368): the local headers and the central directory must
describe the same members, without gaps, overlaps, comments or trailing bytes. Only what `zipfile` writes to a seekable
file is accepted, which is what skops and numpy use.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from registry.inspection.names import judge_path
from registry.inspection.source import Source, inflate
from registry.inspection.verdicts import RefusedError, shown

MAX_MEMBERS = 50_000
MAX_RATIO = 100
FREE_EXPANSION = 32 << 20  # below this a high ratio is harmless: numpy compresses zeros well
MAX_EXPANDED = 4 << 30

STORED, DEFLATED = 0, 8
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_DESCRIPTOR_FLAG = 0x8
_ZIP64_EXTRA = 1
_FULL32 = 0xFFFFFFFF
_FULL16 = 0xFFFF
_FILE_TYPE, _REGULAR = 0xF000, 0x8000
_DIRECTORY_ATTRIBUTE = 0x10

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of an archive; `data` holds its packed bytes, `size` the length after unpacking."""

    name: str
    method: int
    crc: int
    size: int
    data: Source

    def chunks(self) -> Iterator[bytes]:
        """The unpacked bytes; length and CRC-32 are checked at the end."""
        total = crc = 0
        pieces = self.data.chunks() if self.method == STORED else inflate(self.data, self.size)
        for piece in pieces:
            total += len(piece)
            crc = zlib.crc32(piece, crc)
            yield piece
        if total != self.size:
            raise RefusedError("gate.zip_size", member=shown(self.name))
        if crc != self.crc:
            raise RefusedError("gate.zip_crc", member=shown(self.name))

    def read(self, limit: int) -> bytes:
        """The unpacked bytes, which may not be more than `limit`."""
        if self.size > limit:
            raise RefusedError("gate.too_large", size=self.size, limit=limit)
        return b"".join(self.chunks())


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    attributes: int


def read_members(source: Source) -> list[Member]:
    """Every member of an archive whose structure leaves no room for a second reading, in the order of the file."""
    start, end, count = _find_directory(source)
    entries = sorted(_read_directory(source, start, end, count), key=lambda entry: entry.offset)
    _check_names([entry.name for entry in entries])
    _check_expansion(entries)
    members: list[Member] = []
    position = 0
    for entry in entries:
        if entry.offset != position:
            hidden = entry.offset > position
            raise RefusedError("gate.zip_prefix" if hidden else "gate.zip_overlap", member=shown(entry.name))
        data_at = _check_local(source, entry)
        position = data_at + entry.packed
        if position > start:
            raise RefusedError("gate.zip_overlap", member=shown(entry.name))
        members.append(
            Member(
                name=entry.name.decode(),
                method=entry.method,
                crc=entry.crc,
                size=entry.size,
                data=source.view(data_at, entry.packed),
            )
        )
    if position != start:
        raise RefusedError("gate.zip_prefix")
    return members


def looks_like_zip_end(source: Source) -> bool:
    """Whether a reader that searches the last 64 KiB would take the file for an archive."""
    tail_at = max(0, source.size - _END.size - _FULL16)
    tail = source.peek(tail_at, _END.size + _FULL16)
    found = tail.rfind(b"PK\x05\x06")
    while found >= 0:
        if len(tail) - found >= _END.size:
            _, _, _, _, count, size, _, _ = _END.unpack_from(tail, found)
            directory = tail_at + found - size
            if count == 0 or (directory >= 0 and source.peek(directory, 4) == b"PK\x01\x02"):
                return True
        found = tail.rfind(b"PK\x05\x06", 0, found)
    return False


def _find_directory(source: Source) -> tuple[int, int, int]:
    """Start and end of the central directory and the count of its records. The end record must close the file."""
    if source.size < _END.size:
        raise RefusedError("gate.zip_end")
    end_at = source.size - _END.size
    signature, disk, first_disk, here, count, size, offset, comment = _END.unpack(source.read_at(end_at, _END.size))
    if signature != b"PK\x05\x06":
        # The record may stand earlier: then it carries a comment, or something was appended.
        raise RefusedError("gate.zip_comment" if looks_like_zip_end(source) else "gate.zip_end")
    if comment or disk or first_disk or here != count:
        raise RefusedError("gate.zip_comment" if comment else "gate.zip_end")
    locator_at = end_at - _END64_LOCATOR.size
    if locator_at >= 0 and source.read_at(locator_at, 4) == b"PK\x06\x07":
        return _find_directory64(source, locator_at)
    if _FULL32 in (size, offset) or count == _FULL16 or offset + size != end_at:
        raise RefusedError("gate.zip_prefix")
    return offset, end_at, count


def _find_directory64(source: Source, locator_at: int) -> tuple[int, int, int]:
    _, disk, end64_at, disks = _END64_LOCATOR.unpack(source.read_at(locator_at, _END64_LOCATOR.size))
    if disk or disks != 1 or end64_at + _END64.size != locator_at:
        raise RefusedError("gate.zip_end")
    signature, length, *_, here, count, size, offset = _END64.unpack(source.read_at(end64_at, _END64.size))
    if signature != b"PK\x06\x06" or length != _END64.size - 12 or here != count or offset + size != end64_at:
        raise RefusedError("gate.zip_prefix")
    return offset, end64_at, count


def _read_directory(source: Source, start: int, end: int, count: int) -> Iterator[_Entry]:
    if count > MAX_MEMBERS:
        raise RefusedError("gate.zip_count", count=count, limit=MAX_MEMBERS)
    if not count:
        raise RefusedError("gate.zip_empty")
    at = start
    for _ in range(count):
        head = source.read_at(at, _CENTRAL.size)
        (signature, _made, _needed, flags, method, _time, _date, crc, packed, size) = _CENTRAL.unpack(head)[:10]
        name_length, extra_length, comment_length, disk, _internal, external, offset = _CENTRAL.unpack(head)[10:]
        if signature != b"PK\x01\x02" or disk:
            raise RefusedError("gate.zip_end")
        name = source.read_at(at + _CENTRAL.size, name_length)
        if comment_length:
            raise RefusedError("gate.zip_comment", member=shown(name))
        extra = source.read_at(at + _CENTRAL.size + name_length, extra_length)
        size, packed, offset = _zip64(extra, [size, packed, offset])
        yield _Entry(name, flags, method, crc, packed, size, offset, external)
        at += _CENTRAL.size + name_length + extra_length
    if at != end:
        raise RefusedError("gate.zip_end")


def _zip64(extra: bytes, values: list[int]) -> list[int]:
    """The 64-bit values in place of those that are full. No other extra field is written by honest tools."""
    if not extra:
        return values
    if len(extra) < 4:  # noqa: PLR2004 - the length of a field's own header
        raise RefusedError("gate.zip_extra")
    kind, length = struct.unpack_from("<2H", extra)
    full = [index for index, value in enumerate(values) if value == _FULL32]
    if kind != _ZIP64_EXTRA or length != len(extra) - 4 or length != 8 * len(full):
        raise RefusedError("gate.zip_extra")
    for index, value in zip(full, struct.unpack_from(f"<{len(full)}Q", extra, 4), strict=True):
        values[index] = value
    return values


def _check_local(source: Source, entry: _Entry) -> int:
    """Compare a local header with its central record; returns where the data start."""
    fields = _LOCAL.unpack(source.read_at(entry.offset, _LOCAL.size))
    signature, _needed, flags, method, _time, _date, crc, packed, size, name_length, extra_length = fields
    name = source.read_at(entry.offset + _LOCAL.size, name_length)
    extra = source.read_at(entry.offset + _LOCAL.size + name_length, extra_length)
    if signature != b"PK\x03\x04" or name != entry.name:
        raise RefusedError("gate.zip_name", member=shown(entry.name))
    _check_flags(entry, flags)
    size, packed = _zip64(extra, [size, packed])
    if (size, packed, method) != (entry.size, entry.packed, entry.method):
        raise RefusedError("gate.zip_size", member=shown(name))
    if crc != entry.crc:
        raise RefusedError("gate.zip_crc", member=shown(name))
    data_at: int = entry.offset + _LOCAL.size + name_length + extra_length
    return data_at


def _check_flags(entry: _Entry, local_flags: int) -> None:
    both = entry.flags | local_flags
    if both & _ENCRYPTED_FLAGS:
        raise RefusedError("gate.zip_encrypted", member=shown(entry.name))
    if both & _DESCRIPTOR_FLAG:
        raise RefusedError("gate.zip_descriptor", member=shown(entry.name))
    if entry.flags != local_flags or both & ~_UTF8_FLAG:
        raise RefusedError("gate.zip_flags", member=shown(entry.name))
    if entry.method not in (STORED, DEFLATED):
        raise RefusedError("gate.zip_method", member=shown(entry.name), method=entry.method)
    if entry.method == STORED and entry.size != entry.packed:
        raise RefusedError("gate.zip_size", member=shown(entry.name))
    kind = (entry.attributes >> 16) & _FILE_TYPE
    if kind not in (0, _REGULAR) or entry.attributes & _DIRECTORY_ATTRIBUTE or entry.name.endswith(b"/"):
        raise RefusedError("gate.zip_link", member=shown(entry.name))


def _check_names(names: list[bytes]) -> None:
    if len(set(names)) != len(names):
        raise RefusedError("gate.zip_duplicate")
    folded: set[str] = set()
    for raw in names:
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise RefusedError("gate.zip_name", member=shown(raw)) from None
        if judge_path(name):
            raise RefusedError("gate.zip_name", member=shown(name))
        folded.add(name.casefold())
    if len(folded) != len(names):
        raise RefusedError("gate.zip_case")


def _check_expansion(entries: list[_Entry]) -> None:
    expanded = sum(entry.size for entry in entries if entry.method == DEFLATED)
    packed = sum(entry.packed for entry in entries if entry.method == DEFLATED)
    if expanded > MAX_EXPANDED or (expanded > FREE_EXPANSION and expanded > MAX_RATIO * packed):
        raise RefusedError("gate.zip_bomb", size=expanded)
