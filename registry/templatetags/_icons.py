"""Codex's icons as their package ships them: names to SVG paths, with direction and language variants."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.utils.safestring import SafeString, mark_safe

ICONS_FILE = "codex/icons.json"


class _Variants(TypedDict, total=False):
    ltr: str
    rtl: str
    default: str
    shouldFlip: bool
    shouldFlipExceptions: list[str]
    langCodeMap: dict[str, str]


def icon_body(name: str, *, language: str, bidi: bool) -> tuple[SafeString, bool]:
    """The SVG content of `name` ("user-avatar") and whether a right-to-left page mirrors it.

    Raises ImproperlyConfigured if the static files were not made, LookupError for a name that Codex does not have.
    """
    key = "cdxIcon" + "".join(part[:1].upper() + part[1:] for part in name.split("-"))
    try:
        found = _icons()[key]
    except KeyError:
        raise LookupError(f"Codex has no icon {name!r}") from None
    if isinstance(found, str):
        return _trusted(found), False
    code = language.split("-", maxsplit=1)[0]
    if "langCodeMap" in found:
        return _trusted(found["langCodeMap"].get(code, found["default"])), False
    if bidi and "rtl" in found:
        return _trusted(found["rtl"]), False
    flips = found.get("shouldFlip", False) and code not in found.get("shouldFlipExceptions", [])
    return _trusted(found["ltr"]), flips


def _trusted(paths: str) -> SafeString:
    return mark_safe(paths)  # noqa: S308 - the paths come from a pinned package, never from a person


@cache
def _icons() -> dict[str, str | _Variants]:
    path = finders.find(ICONS_FILE)
    if path is None:
        raise ImproperlyConfigured(
            f"The static file {ICONS_FILE} is missing. Make the front-end files first: "
            "npm ci --prefix static --ignore-scripts && node static/vendor.mjs"
        )
    icons: dict[str, str | _Variants] = json.loads(Path(path).read_text(encoding="utf-8"))
    return icons
