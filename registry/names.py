"""Rules for the names that stand in addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import count

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

NAME_PATTERN = r"^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,38}\Z"
LONGEST_NAME = 39
NAMELESS = "contributor"

validate_name = RegexValidator(
    NAME_PATTERN,
    _("Use 2 to 39 lower-case letters, digits and single hyphens; begin with a letter and do not end with a hyphen."),
)
ACCOUNT_NAME_VALIDATORS = [validate_name]


def suggested_name(wanted: Iterable[str | None], *, is_free: Callable[[str], bool]) -> str:
    """An allowed and free name near the first text that gives one; of texts in other scripts nothing may be left."""
    base = next((name for text in wanted if (name := _allowed(text or ""))), NAMELESS)
    if is_free(base):
        return base
    tries = (f"{base[: LONGEST_NAME - len(str(n)) - 1].rstrip('-')}-{n}" for n in count(2))
    return next(name for name in tries if is_free(name))


def _allowed(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.partition("@")[0]).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")[:LONGEST_NAME].rstrip("-")
    return name if re.match(NAME_PATTERN, name) else ""
