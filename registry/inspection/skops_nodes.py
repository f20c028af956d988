"""What several checks read from the nodes of a skops schema; None where a node is of another shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.inspection.npy import ArrayHeader
from registry.inspection.zip_rules import Member

Node = dict[str, Any]
Headers = Mapping[str, ArrayHeader | None]
Members = Mapping[str, Member]
_DIGITS = 18  # fit 64 bits


def content_of(node: Any) -> Any:
    """What the node says of itself."""
    return node.get("content") if isinstance(node, dict) else None


def attributes_of(node: Any) -> Node | None:
    """An object's attributes, by name."""
    found = content_of(content_of(node))
    return found if isinstance(found, dict) else None


def items_of(node: Any) -> list[Any] | None:
    """The nodes of a list or tuple."""
    found = content_of(node)
    return found if isinstance(found, list) else None


def whole_number_of(node: Any) -> int | None:
    """A whole number of at most 18 digits, without a sign."""
    text = content_of(node)
    fits = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if fits else None


def array_of(node: Any, headers: Headers) -> tuple[str, ArrayHeader] | None:
    """The member that holds an array, and what its head announces."""
    name = node.get("file") if isinstance(node, dict) else None
    header = headers.get(name) if isinstance(name, str) else None
    return None if header is None else (str(name), header)
