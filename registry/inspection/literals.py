"""The Python literals of a .npy header, read without `ast`, which would compile what a stranger wrote."""

from __future__ import annotations

import re
from typing import Any

from registry.inspection.verdicts import RefusedError

_MAX_DEPTH = 8
_MAX_DIGITS = 18
_SPACE = re.compile(r"[ \t\n]*")
_TOKEN = re.compile(r"""'([^'\\\n]*)'|"([^"\\\n]*)"|(-?\d+)[lL]?|(True|False)|([\[\](){},:])""")


def parse_literal(text: str) -> Any:
    """Strings without escapes, integers, booleans, lists, tuples and dicts; everything else is refused."""
    reader = _Reader(text)
    value = reader.value(_MAX_DEPTH)
    if reader.rest():
        raise RefusedError("gate.npy_header")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def rest(self) -> str:
        return self._text[self._at :].strip(" \t\n")

    def value(self, depth: int) -> Any:
        match = self._next()
        single, double, number, boolean, mark = match.groups()
        if mark is None:
            if number is not None:
                if len(number) > _MAX_DIGITS:
                    raise RefusedError("gate.npy_header")
                return int(number)
            return boolean == "True" if boolean is not None else (single if single is not None else double)
        if not depth:
            raise RefusedError("gate.npy_header")
        if mark == "[":
            return self._items("]", depth - 1)[0]
        if mark == "(":
            items, trailing_comma = self._items(")", depth - 1)
            return tuple(items) if trailing_comma or len(items) != 1 else items[0]
        if mark == "{":
            return self._pairs(depth - 1)
        raise RefusedError("gate.npy_header")

    def _items(self, end: str, depth: int) -> tuple[list[Any], bool]:
        items: list[Any] = []
        comma = False
        while not self._accept(end):
            if items and not comma:
                raise RefusedError("gate.npy_header")
            items.append(self.value(depth))
            comma = self._accept(",")
        return items, comma

    def _pairs(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        comma = True
        while not self._accept("}"):
            key = self.value(depth)
            if not comma or not isinstance(key, str) or key in found or not self._accept(":"):
                raise RefusedError("gate.npy_header")
            found[key] = self.value(depth)
            comma = self._accept(",")
        return found

    def _next(self) -> re.Match[str]:
        self._skip()
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise RefusedError("gate.npy_header")
        self._at = match.end()
        return match

    def _accept(self, mark: str) -> bool:
        self._skip()
        if self._text.startswith(mark, self._at):
            self._at += 1
            return True
        return False

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        if match:
            self._at = match.end()
