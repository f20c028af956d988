"""Text that people typed, made safe for places that hold one line."""

from __future__ import annotations

import unicodedata

# Embeddings, overrides and isolates of writing direction; the joiners that many scripts need stay.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROLS = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})


def one_line(text: str) -> str:
    """The text on one line: nothing in it can add a header to a mail, or turn the direction of what follows."""
    joined = " ".join(text.split())
    return "".join(char for char in joined if char not in TURNING and unicodedata.category(char) not in CONTROLS)


def plain(text: str) -> str:
    """The text with its lines, without what no database takes: null characters and halves of characters."""
    return text.replace("\x00", "").replace("\r\n", "\n").encode(errors="ignore").decode().strip()
