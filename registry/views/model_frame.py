"""The frame of a model's pages: who it is, how it stands, and its tabs, each a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from registry import selectors
from registry.backends import serving_directory
from registry.citation import cite
from registry.interfaces import ServingInfo, Snippets
from registry.models import ModelVersion, RegisteredModel
from registry.permissions import may_edit_model
from registry.selectors.discussion import message_count
from registry.selectors.watching import is_watching

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# A route that an installation lacks has no tab.
TABS: tuple[tuple[str, StrOrPromise], ...] = (
    ("model", _("Model card")),
    ("model_versions", _("Versions")),
    ("model_files", _("Files")),
    ("model_use", _("Use it")),
    ("model_deployments", _("Deployments")),
    ("model_discussion", _("Discussion")),
    ("model_log", _("Log")),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab; `count` is None where a number would say nothing."""

    label: StrOrPromise
    url: str
    current: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class ModelFrame:
    """What all pages of a model show. `shown` is the version that stands for it, `live` what answers for it now."""

    registered_model: RegisteredModel
    shown: selectors.VersionWithStatus
    live: ServingInfo | None
    tabs: list[Tab]
    approvals: int
    may_start_version: bool
    watching: bool

    @property
    def version(self) -> ModelVersion:
        """The version that stands for the model."""
        return self.shown.version


def model_frame(request: HttpRequest, owner: str, name: str, *, tab: str) -> ModelFrame:
    """The frame, with the tab of this route marked; `NotFoundError` for a model that this person may not know of."""
    registered_model = selectors.model_named(user=request.user, owner=owner, name=name)
    live = serving_directory().live_version(registered_model.pk)
    chosen = selectors.version_to_show(registered_model=registered_model, user=request.user, live=live)
    counts = {
        "model_versions": selectors.versions_of(registered_model=registered_model, user=request.user).count(),
        "model_discussion": message_count(registered_model),
        "model_deployments": serving_directory().deployment_count(registered_model.pk),
    }
    return ModelFrame(
        registered_model=registered_model,
        shown=selectors.with_status([chosen])[0],
        live=live,
        tabs=_tabs(owner, name, tab, counts),
        approvals=selectors.approval_count(chosen),
        may_start_version=may_edit_model(request.user, registered_model),
        watching=is_watching(user=request.user, registered_model=registered_model),
    )


def frame_context(frame: ModelFrame) -> dict[str, object]:
    """The frame as `registry/model_base.html` reads it."""
    return {
        "frame": frame,
        "registered_model": frame.registered_model,
        "shown": frame.shown,
        "live": frame.live,
        "nav_section": "catalogue",
    }


def origin_of(request: HttpRequest) -> str:
    """Scheme and host under which the portal is reached, as the settings say or else as it was asked."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"


def snippets_of(request: HttpRequest, frame: ModelFrame) -> Snippets | None:
    """Commands that call the live version; None while nothing is live."""
    if frame.live is None:
        return None
    return serving_directory().snippets(frame.registered_model.pk, origin=origin_of(request))


def citations_of(request: HttpRequest, frame: ModelFrame) -> dict[str, str]:
    """How to cite the version that stands for the model: `text` and `bibtex`."""
    model, version = frame.registered_model, frame.version
    path = reverse("registry:version", args=[model.owner.username, model.name, version.number])
    return cite(version, url=origin_of(request) + path, publisher=settings.SITE_NAME)


def _tabs(owner: str, name: str, current: str, counts: dict[str, int]) -> list[Tab]:
    tabs = []
    for route, label in TABS:
        try:
            url = reverse(f"registry:{route}", args=[owner, name])
        except NoReverseMatch:
            continue
        tabs.append(Tab(label, url, route == current, counts.get(route)))
    return tabs
