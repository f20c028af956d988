"""The steps of a draft, and what the upload list needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry.card_template import CARD_TEMPLATE
from registry.inspection.formats import browser_table
from registry.models import ModelVersion
from registry.uploads.selectors import unfinished_uploads

STEPS = (
    ("basics", _("Basics"), "registry:draft_basics"),
    ("files", _("Files"), "registry:draft_files"),
    ("card", _("Model card"), "registry:draft_card"),
    ("examples", _("Examples"), "registry:draft_examples"),
    ("submit", _("Check and submit"), "registry:draft"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `state` is done, current or todo; no url before the draft exists."""

    label: str
    state: str
    url: str


def steps_of(draft: ModelVersion | None, current: str) -> list[Step]:
    """The steps with links; all are open once the draft exists, since volunteers work in any order."""
    done = _done_steps(draft) if draft else set()
    return [
        Step(
            label=str(label),
            state="current" if name == current else "done" if name in done else "todo",
            url=reverse(view, args=[draft.pk]) if draft else "",
        )
        for name, label, view in STEPS
    ]


def _done_steps(draft: ModelVersion) -> set[str]:
    """What the draft has already; whether it is good enough, the checks say."""
    has = {
        "basics": bool(draft.licence),
        "files": draft.files.exists(),
        "card": draft.card_source not in {"", CARD_TEMPLATE},
        "examples": draft.examples.exists(),
    }
    return {name for name, there in has.items() if there}


def upload_context(draft: ModelVersion) -> dict[str, object]:
    """Limits and refusals that the browser applies when files are picked, and uploads that wait to be resumed."""
    rules = {
        **browser_table(),
        "max_file_bytes": settings.LIMITS["max_file_bytes"],
        "max_total_bytes": settings.LIMITS["max_version_bytes"],
    }
    return {
        "upload_rules": rules,
        "unfinished": unfinished_uploads(version=draft),
        "form_upload_max_bytes": settings.LIMITS["form_upload_max_bytes"],
        "max_file_bytes": settings.LIMITS["max_file_bytes"],
    }
