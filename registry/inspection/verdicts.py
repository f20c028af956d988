"""How a parser says no."""

from __future__ import annotations

from collections.abc import Mapping


class RefusedError(Exception):
    """The file is not accepted. `code` names the text, `params` fill it, `advice` is a converting command.

    Parsers raise it from any depth; `gate.inspect_file` turns it into data, so it never leaves the package.
    """

    def __init__(self, code: str, *, advice: str = "", **params: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.advice = advice
        self.params: Mapping[str, str | int | float] = params


def shown(text: str | bytes, limit: int = 80) -> str:
    """Hostile text made fit for a message: printable characters only, at most `limit` of them."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "replace")
    cleaned = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: limit + 1])
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"
