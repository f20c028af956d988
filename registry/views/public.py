"""Pages for everybody: home, catalogue, models, versions, files and the log."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from registry import selectors
from registry.backends import blob_store, serving_directory
from registry.errors import NotFoundError
from registry.interfaces import Snippets
from registry.model_tasks import ModelTask
from registry.models import RegisteredModel
from registry.permissions import may_decide, may_edit_version, may_retire
from registry.views.access import asked, paged
from registry.views.presentation import (
    check_rows,
    event_kind,
    example_rows,
    file_rows,
    review_rows,
    timeline_rows,
    trial_row,
)

RECENT = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, live figures, newest models, latest events."""
    models = list(selectors.catalogue()[:6])
    decisions = selectors.latest_decisions(RECENT)
    context = {
        "figures": selectors.public_figures(),
        "rows": _model_rows(models),
        "log_rows": list(zip(decisions, timeline_rows(decisions), strict=True)),
    }
    return render(request, "registry/home.html", context)


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """All models, with search and filters in the address."""
    query = asked(request, "q")
    task = asked(request, "task")
    live_only = asked(request, "live") == "1"
    page = paged(request, selectors.catalogue(query=query, task=task, live_only=live_only))
    context = {
        "page": page,
        "rows": _model_rows(list(page.object_list)),
        "query": query,
        "task": task,
        "tasks": ModelTask.choices,
        "live_only": live_only,
        "filtered": bool(query or task or live_only),
        "nav_section": "catalogue",
    }
    return render(request, "registry/catalogue.html", context)


@require_safe
def model(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """A model: the card of the version in use, how to call it, versions, log."""
    registered_model = selectors.model_named(user=request.user, owner=owner, name=name)
    live = serving_directory().live_version(registered_model.pk)
    chosen = selectors.version_to_show(registered_model=registered_model, user=request.user, live=live)
    shown = selectors.with_status([chosen])[0]
    page = paged(request, selectors.versions_of(registered_model=registered_model, user=request.user))
    context = {
        "registered_model": registered_model,
        "page": page,
        "versions": selectors.with_status(page.object_list),
        "shown": shown,
        "live": live,
        "snippets": _snippets(request, registered_model) if live else None,
        "files": file_rows(shown.version, selectors.files_of(shown.version)),
        "events": timeline_rows(selectors.public_events(registered_model=registered_model)[:RECENT]),
        "example": shown.version.examples.first(),
        "may_start_version": registered_model.owner_id == request.user.pk,
        "nav_section": "catalogue",
    }
    return render(request, "registry/model.html", context)


@require_safe
def version(request: HttpRequest, owner: str, name: str, number: int) -> HttpResponse:
    """One version: state, checks, trial run, files, examples, reviews."""
    registered_model = selectors.model_named(user=request.user, owner=owner, name=name)
    found = selectors.version_numbered(registered_model=registered_model, number=number, user=request.user)
    row = selectors.with_status([found])[0]
    context = {
        "registered_model": registered_model,
        "row": row,
        "version": found,
        "checks": check_rows(selectors.current_checks(found)),
        "trial": trial_row(selectors.trial_run_of(found)),
        "files": file_rows(found, selectors.files_of(found)),
        "examples": example_rows(found.examples.all()),
        "reviews": review_rows(found.reviews.select_related("reviewer")),
        "events": timeline_rows(selectors.public_events().filter(version=found)[: RECENT * 3]),
        "is_own": may_edit_version(request.user, found),
        "may_decide": may_decide(request.user, found),
        "may_retire": may_retire(request.user, found),
        "place": selectors.place_in_queue(found) if found.state == "in_review" else None,
        "nav_section": "catalogue",
    }
    return render(request, "registry/version.html", context)


@require_safe
def download(request: HttpRequest, version_pk: int, pk: int) -> HttpResponseBase:
    """A file's bytes, as an inert attachment that no browser renders or runs."""
    found = selectors.version_by_id(pk=version_pk, user=request.user)
    file = found.files.select_related("blob").filter(pk=pk).first()
    if file is None:
        raise NotFoundError("file.unknown", path="")
    response = FileResponse(blob_store().open(file.blob_id), content_type="application/octet-stream")
    name = file.path.rsplit("/", 1)[-1]
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Content-Length"] = str(file.blob.size)
    response["ETag"] = f'"{file.blob_id}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def event_log(request: HttpRequest) -> HttpResponse:
    """Everything that was decided and done, newest first."""
    tag = asked(request, "tag")
    page = paged(request, selectors.public_events(tag=tag), size=50)
    events = timeline_rows(page.object_list)
    context = {"page": page, "events": events, "log_rows": list(zip(page.object_list, events, strict=True))}
    context |= {"tag": tag, "tags": [(kind, event_kind(kind)) for kind in selectors.event_tags()]}
    return render(request, "registry/event_log.html", context)


@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One event, at an address that stays."""
    found = selectors.event_by_id(pk)
    return render(request, "registry/event.html", {"event": found, "row": timeline_rows([found])[0]})


def _snippets(request: HttpRequest, registered_model: RegisteredModel) -> Snippets | None:
    origin = settings.SITE_URL or f"{request.scheme}://{request.get_host()}"
    return serving_directory().snippets(registered_model.pk, origin=origin)


def _model_rows(models: list[RegisteredModel]) -> list[dict[str, object]]:
    found = selectors.presences(models)
    return [
        {
            "registered_model": model,
            "shown": found[model.pk].shown if model.pk in found else None,
            "coming": found[model.pk].coming if model.pk in found else None,
        }
        for model in models
    ]
