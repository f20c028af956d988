"""skops files whose bytes depend on the estimator alone."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from skops.io import dumps, get_untrusted_types

_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def dump_estimator(estimator: object) -> bytes:
    """The estimator as a skops file, packed. Raises `ValueError` if it holds a type outside skops' trusted list."""
    content = dumps(estimator)
    untrusted = get_untrusted_types(data=content)
    if untrusted:
        raise ValueError(f"not plain data: {untrusted}")
    return canonical(content)


def canonical(content: bytes) -> bytes:
    """The same archive with counted instead of accidental identifiers, and without times.

    skops names nodes and arrays by their memory addresses, so that two runs never give the same file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[str, int] = {}
    schema = _renumber(json.loads(members.pop(_SCHEMA)), numbers)
    renamed = {_renamed(name, numbers): data for name, data in members.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(renamed.items()):
            _add(archive, name, data)
        _add(archive, _SCHEMA, json.dumps(schema).encode())
    return buffer.getvalue()


def _renumber(node: Any, numbers: dict[str, int]) -> Any:
    """The schema with each address replaced by the place of its first appearance; `numbers` is filled on the way."""
    if isinstance(node, list):
        return [_renumber(item, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__":
            result[key] = numbers.setdefault(str(value), len(numbers) + 1)
        elif key == "file" and isinstance(value, str):
            result[key] = _renamed(value, numbers)
        else:
            result[key] = _renumber(value, numbers)
    return result


def _renamed(name: str, numbers: dict[str, int]) -> str:
    address, _, suffix = name.partition(".")
    return f"{numbers.setdefault(address, len(numbers) + 1)}.{suffix}"


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, date_time=_EPOCH), data, zipfile.ZIP_DEFLATED, compresslevel=9)
