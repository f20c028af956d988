"""One vocabulary of status words for all pages: each has a word, an icon and a colour, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class StatusWord:
    """`tone` is the modifier of Codex's info chip: "", progressive, success, warning or error."""

    label: StrOrPromise
    tone: str
    icon: str


_WORKING = ("progressive", "clock")
_GOOD = ("success", "success")
_CARE = ("warning", "alert")
_BAD = ("error", "error")
_STILL = ("", "pause")
_NEUTRAL = ("", "edit")

_WORDS: dict[str, StatusWord] = {
    "draft": StatusWord(_("Draft"), *_NEUTRAL),
    "checking": StatusWord(_("Checking"), *_WORKING),
    "submitted": StatusWord(_("Submitted"), *_WORKING),
    "in_review": StatusWord(_("In review"), *_WORKING),
    "changes_requested": StatusWord(_("Changes requested"), *_CARE),
    "approved": StatusWord(_("Approved"), *_GOOD),
    "rejected": StatusWord(_("Rejected"), *_BAD),
    "withdrawn": StatusWord(_("Withdrawn"), "", "undo"),
    "retired": StatusWord(_("Retired"), "", "tray"),
    "building": StatusWord(_("Building"), *_WORKING),
    "staging": StatusWord(_("Staging"), *_WORKING),
    "in_production": StatusWord(_("In production"), *_GOOD),
    "suspended": StatusWord(_("Suspended"), *_STILL),
    "queued": StatusWord(_("Queued"), *_WORKING),
    "running": StatusWord(_("Running"), *_WORKING),
    "succeeded": StatusWord(_("Succeeded"), *_GOOD),
    "failed": StatusWord(_("Failed"), *_BAD),
    "cancelled": StatusWord(_("Cancelled"), "", "cancel"),
    "pending": StatusWord(_("Waiting"), *_WORKING),
    "applying": StatusWord(_("Rolling out"), *_WORKING),
    "ready": StatusWord(_("Ready"), *_GOOD),
    "superseded": StatusWord(_("Superseded"), "", "history"),
    "healthy": StatusWord(_("Healthy"), *_GOOD),
    "progressing": StatusWord(_("Progressing"), *_WORKING),
    "degraded": StatusWord(_("Degraded"), *_BAD),
    "missing": StatusWord(_("Missing"), *_BAD),
    "expired": StatusWord(_("Expired"), *_STILL),
    "unknown": StatusWord(_("Unknown"), "", "help"),
    "synced": StatusWord(_("Synced"), *_GOOD),
    "out_of_sync": StatusWord(_("Out of sync"), *_CARE),
    "sync_unknown": StatusWord(_("Unknown"), "", "help"),
    "comment": StatusWord(_("Commented"), "", "notice"),
    "request_changes": StatusWord(_("Changes requested"), *_CARE),
    "approve": StatusWord(_("Approved"), *_GOOD),
    "reject": StatusWord(_("Rejected"), *_BAD),
    "pass": StatusWord(_("Passed"), *_GOOD),
    "warn": StatusWord(_("Warning"), *_CARE),
    "open": StatusWord(_("Open"), *_WORKING),
    "accepted": StatusWord(_("Accepted"), *_GOOD),
    "dismissed": StatusWord(_("Dismissed"), *_STILL),
    "fail": StatusWord(_("Failed"), *_BAD),
}


def status_word(status: str) -> StatusWord:
    """The word for a state's value. A state that this table lacks still shows, as itself and without a colour."""
    return _WORDS.get(str(status)) or StatusWord(capfirst(str(status).replace("_", " ")), "", "notice")
