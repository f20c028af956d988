"""What a reviewer looks at before approving, and the places of a draft that a request for changes may name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CHECKLIST: Mapping[str, StrOrPromise] = {
    "purpose": _("The card says what the model is for, and what it is not for."),
    "data": _("The training data are named and may be used for this."),
    "evaluation": _("The figures come from data that the model was not trained on."),
    "harm": _("Limits, bias and risks are told; nothing speaks against serving it."),
    "examples": _("The examples show the intended use, and the answers make sense."),
    "rights": _("The licence fits, and neither files nor examples hold personal data."),
}
"""Every item is required for an approval. Keys are stored with the review and stay; texts may be sharpened."""

CARD_SECTION = "card:"
TARGETS: Mapping[str, StrOrPromise] = {
    "basics": _("Summary, task and licence"),
    "resources": _("CPU and memory"),
    "files": _("Files"),
    "card": _("Model card"),
    "examples": _("Examples"),
}
STEP_OF_TARGET = {"basics": "basics", "resources": "examples", "files": "files", "card": "card", "examples": "examples"}
STEP_OF_CHECK = {
    "names": "files",
    "size": "files",
    "format": "files",
    "scan": "files",
    "introspection": "files",
    "runtime": "files",
    "card": "card",
    "licence": "basics",
    "examples": "examples",
}
LONGEST_TARGET = 200


def missing_items(ticked: Iterable[str]) -> list[str]:
    """The keys that an approval still lacks, in the order shown."""
    found = set(ticked)
    return [key for key in CHECKLIST if key not in found]


def is_target(target: str) -> bool:
    """Whether a request for changes may name this: an entry of `TARGETS`, or `card:` with a section's title."""
    if target.startswith(CARD_SECTION):
        return len(CARD_SECTION) < len(target) <= LONGEST_TARGET
    return target in TARGETS


def place_of_target(target: str) -> tuple[str, str]:
    """(step of the draft, what to look at there) for a target; the second is "" where the whole step is meant."""
    if target.startswith(CARD_SECTION):
        return "card", f"section:{target.removeprefix(CARD_SECTION)}"
    return STEP_OF_TARGET[target], "resources" if target == "resources" else ""
