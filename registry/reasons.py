"""Reasons that people give in public: one length for all of them, and a refusal instead of a cut."""

from __future__ import annotations

from registry.errors import UserError
from registry.plain_text import plain

LONGEST_REASON = 500
FIELD = "reason"


def checked_reason(text: str) -> str:
    """The reason as it is kept, at most `LONGEST_REASON` characters; a longer one is a `UserError` on the field."""
    reason = plain(text)
    if len(reason) > LONGEST_REASON:
        raise UserError("reason.too_long", field=FIELD, limit=LONGEST_REASON)
    return reason
