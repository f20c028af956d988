"""What a person is told about each of their models: how it stands and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry.models import RegisteredModel, VersionState
from registry.selectors import VersionWithStatus

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NEXT: dict[str, StrOrPromise] = {
    VersionState.DRAFT: _("Finish and submit it"),
    VersionState.CHANGES_REQUESTED: _("Read what was asked for, and edit it again"),
    VersionState.WITHDRAWN: _("Edit it again, or leave it"),
    VersionState.REJECTED: _("Read why, and start a new version if that can be mended"),
    VersionState.SUBMITTED: _("Nothing: checks and trial run are under way"),
    VersionState.IN_REVIEW: _("Nothing: it waits for a reviewer"),
    VersionState.RETIRED: _("Nothing: it is out of service"),
}
SERVED: dict[str, StrOrPromise] = {
    "in_production": _("Nothing: it answers requests"),
    "failed": _("See why it failed, and try again"),
}
ON_THE_WAY = _("Nothing: the portal brings it into production")
ACTS = frozenset({VersionState.DRAFT, VersionState.CHANGES_REQUESTED, VersionState.WITHDRAWN, VersionState.REJECTED})


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One model. `url` is where the next thing is done; `acts` where the person has to do it."""

    registered_model: RegisteredModel
    newest: VersionWithStatus
    next_step: StrOrPromise
    url: str
    acts: bool


def own_row(registered_model: RegisteredModel, newest: VersionWithStatus) -> OwnRow:
    """The row of a model with its newest version."""
    version = newest.version
    if version.state == VersionState.DRAFT:
        url = reverse("registry:draft_basics", args=[version.pk])
    else:
        url = reverse("registry:version", args=[registered_model.owner.username, registered_model.name, version.number])
    step = NEXT.get(version.state) or SERVED.get(newest.word, ON_THE_WAY)
    acts = version.state in ACTS or newest.word == "failed"
    return OwnRow(registered_model, newest, step, url, acts)
