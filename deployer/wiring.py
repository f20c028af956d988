"""What the app announces when it is ready."""

from __future__ import annotations


def announce() -> None:
    """Register texts, kinds of work, receivers and sweep steps."""
