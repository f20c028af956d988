"""The steps of a draft, and what the upload list needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

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
    names = [name for name, _label, _view in STEPS]
    position = names.index(current)
    return [
        Step(
            label=str(label),
            state="current" if index == position else "done" if index < position else "todo",
            url=reverse(view, args=[draft.pk]) if draft else "",
        )
        for index, (_name, label, view) in enumerate(STEPS)
    ]


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
