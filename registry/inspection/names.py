"""Which file names travel unchanged through every file system, archive and page that they will meet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_SEGMENT_BYTES = 255
MAX_PATH_LENGTH = 200
MAX_DEPTH = 10

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE)
_WINDOWS = re.compile(r'[<>:"|?*]')
# Format, private-use, surrogate and unassigned characters are invisible or differ from one system to the next.
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def judge_path(path: str) -> str:
    """The message id of the first rule that a relative path breaks, "" if it breaks none."""
    return _judge_whole(path) or next(filter(None, map(_judge_segment, path.split("/"))), "")


def case_duplicates(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of paths that a file system without regard to case would take for one file, or a file for a folder."""
    seen: dict[str, str] = {}
    pairs = []
    for path in paths:
        key = unicodedata.normalize("NFC", path.casefold())
        if key in seen:
            pairs.append((seen[key], path))
        else:
            seen[key] = path
    for key, path in seen.items():
        parts = key.split("/")
        parents = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        pairs.extend((seen[parent], path) for parent in parents if parent in seen)
    return pairs


def _judge_whole(path: str) -> str:
    rules = (
        ("gate.name_empty", not path),
        ("gate.name_absolute", path.startswith("/") or path[1:2] == ":"),
        ("gate.name_backslash", "\\" in path),
        ("gate.name_bidi", bool(_BIDI.search(path))),
        ("gate.name_control", any(unicodedata.category(char) in _INVISIBLE for char in path)),
        ("gate.name_not_nfc", unicodedata.normalize("NFC", path) != path),
        ("gate.name_long", len(path) > MAX_PATH_LENGTH),
        ("gate.name_deep", path.count("/") >= MAX_DEPTH),
    )
    return next((code for code, broken in rules if broken), "")


def _judge_segment(segment: str) -> str:
    rules = (
        ("gate.name_empty", not segment),
        ("gate.name_parent", segment in {".", ".."}),
        ("gate.name_space", segment != segment.strip() or segment.endswith(".")),
        ("gate.name_hidden", segment.startswith(".")),
        ("gate.name_characters", bool(_WINDOWS.search(segment))),
        ("gate.name_reserved", bool(_RESERVED.fullmatch(segment))),
        ("gate.name_long", len(segment.encode()) > MAX_SEGMENT_BYTES),
    )
    return next((code for code, broken in rules if broken), "")
