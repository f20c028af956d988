"""Reasons that people give in public."""

from __future__ import annotations

import pytest

from registry.errors import UserError
from registry.reasons import LONGEST_REASON, checked_reason


def test_a_reason_is_kept_whole_or_refused_on_its_field() -> None:
    assert checked_reason(" Old.\x00\r\nA better one is there. ") == "Old.\nA better one is there."
    assert checked_reason("ü" * LONGEST_REASON) == "ü" * LONGEST_REASON
    with pytest.raises(UserError) as caught:
        checked_reason("ü" * (LONGEST_REASON + 1))
    assert (caught.value.code, caught.value.field) == ("reason.too_long", "reason")
