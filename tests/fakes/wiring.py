"""Puts ready-made objects where `settings.BACKENDS` names classes, so that a test keeps hold of its fakes."""

from __future__ import annotations

from typing import Any


def given(instance: Any) -> Any:
    """The `class` of an entry of `settings.BACKENDS` whose option is the object itself."""
    return instance


def entry(instance: Any) -> dict[str, Any]:
    """An entry of `settings.BACKENDS` that yields this very object."""
    return {"class": "tests.fakes.wiring.given", "options": {"instance": instance}}
