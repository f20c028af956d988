"""The two ends of a file as the content type network takes them."""

from __future__ import annotations

END = 1024
BLOCK = 4096
PADDING = 256


def tokens(content: bytes) -> list[int]:
    """2,048 numbers: 1,024 bytes from the beginning, then 1,024 from the end, without the white space around the file.

    Where the file is shorter, the number 256 stands on the inner side. Magika's Python package does the same
    (`Magika._extract_features_from_seekable`).
    """
    first = list(content[:BLOCK].lstrip()[:END])
    last = list(content[-BLOCK:].rstrip()[-END:])
    return [*first, *[PADDING] * (END - len(first)), *[PADDING] * (END - len(last)), *last]
