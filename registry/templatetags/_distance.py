"""Spans of time from now, in the words and cases of the reader's language."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_timedelta
from django.utils.translation import get_language, to_locale

_UNITS_S = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60)


def distance(seconds: float) -> str:
    """Whole units, rounded towards now: "3 hours ago" for 3 h 20 min, "in 2 days" where `seconds` is negative.

    CLDR has the sentence for each unit and number, which a translated "%s ago" cannot give ("vor 3 Tagen", not "Tage").
    """
    unit = next((unit for unit in _UNITS_S if abs(seconds) >= unit), 1)
    whole = int(abs(seconds) // unit) * unit
    return _said(-whole if seconds > 0 else whole, get_language())


@lru_cache(maxsize=4096)
def _said(seconds: int, _language: str | None) -> str:
    """Kept by language: of whole units there are few, and finding their words takes longer than the rest of a row."""
    return format_timedelta(timedelta(seconds=seconds), threshold=1, add_direction=True, locale=cldr_locale())


def cldr_locale() -> Locale:
    """CLDR's data for the active language; English for one that it does not know."""
    language = get_language() or "en"
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
