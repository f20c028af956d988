"""scipy's sparse matrices as they lie in a skops archive: a product follows their indices unchecked."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping
from itertools import pairwise

from registry.inspection.npy import read_member_header
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError
from registry.inspection.zip_rules import STORED, Member, read_members

MAX_NESTED = 64 << 20
MAX_PART = 256 << 20
# The parts of a matrix by its format; `_is_array` tells csr_array from csr_matrix.
_PARTS = {
    b"csr": {"indices", "indptr"},
    b"csc": {"indices", "indptr"},
    b"coo": {"row", "col"},
}
_COMMON = {"format", "shape", "data"}
_INTEGERS = {"<i4": "i", "<i8": "q"}
_NUMBERS = "biufc"

Parts = Mapping[str, Member]


def open_nested(member: Member) -> Source:
    """The archive within the archive."""
    return member.data if member.method == STORED else Source.of_bytes(member.read(MAX_NESTED))


def check_sparse(member: Member) -> None:
    """Refuse a matrix unless every index lies within its shape. Other formats than csr, csc and coo are unknown."""
    parts = {part.name.removesuffix(".npy"): part for part in read_members(open_nested(member))}
    if not parts.keys() >= _COMMON:
        raise RefusedError("gate.skops_sparse")
    layout = _bytes(parts["format"], "|S3")
    if parts.keys() - {"_is_array"} != _COMMON | _PARTS.get(layout, set()) or layout not in _PARTS:
        raise RefusedError("gate.skops_sparse")
    data = read_member_header(parts["data"])
    shape = _integers(parts["shape"])
    number = data.descr.lstrip("<|=>")[:1] in set(_NUMBERS)
    if len(shape) != len(("rows", "columns")) or min(shape) < 0 or len(data.shape) != 1 or not number:
        raise RefusedError("gate.skops_sparse")
    if layout == b"coo":
        _check_indices(_integers(parts["row"]), data.count, shape[0])
        _check_indices(_integers(parts["col"]), data.count, shape[1])
        return
    major, minor = (shape[0], shape[1]) if layout == b"csr" else (shape[1], shape[0])
    _check_indices(_integers(parts["indices"]), data.count, minor)
    starts = _integers(parts["indptr"])
    if len(starts) != major + 1 or starts[0] != 0 or starts[-1] != data.count:
        raise RefusedError("gate.skops_sparse")
    if any(later < earlier for earlier, later in pairwise(starts)):
        raise RefusedError("gate.skops_sparse")


def _check_indices(indices: array[int], count: int, limit: int) -> None:
    if len(indices) != count or (count and not 0 <= min(indices) <= max(indices) < limit):
        raise RefusedError("gate.skops_sparse")


def _bytes(part: Member, descr: str) -> bytes:
    header = read_member_header(part)
    if header.descr != descr or header.shape:
        raise RefusedError("gate.skops_sparse")
    return part.read(MAX_PART)[header.data_at :]


def _integers(part: Member) -> array[int]:
    """A list of whole numbers of 4 or 8 bytes."""
    header = read_member_header(part)
    if header.descr not in _INTEGERS or len(header.shape) != 1:
        raise RefusedError("gate.skops_sparse")
    found = array(_INTEGERS[header.descr], part.read(MAX_PART)[header.data_at :])
    if sys.byteorder == "big":
        found.byteswap()
    return found
