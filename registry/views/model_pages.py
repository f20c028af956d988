"""The pages of one model: card, versions, files, use, deployments and log."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry import selectors
from registry.backends import serving_directory
from registry.forms import RetireForm, WithdrawForm
from registry.interfaces import Deployment
from registry.models import ModelVersion, VersionState
from registry.permissions import may_decide, may_edit_version, may_retire
from registry.presentation.events import timeline_rows
from registry.presentation.rows import check_rows, example_rows, file_rows, lost_file_rows, trial_row
from registry.views.access import PAGE_SIZE, paged
from registry.views.conversation import conversation_context
from registry.views.file_preview import preview_of
from registry.views.last_day import last_day_box
from registry.views.model_frame import ModelFrame, citations_of, frame_context, model_frame, snippets_of

RECENT = 8


@require_safe
def model(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """The card of the version in use, how to call it and how it was called, its facts and how to cite it."""
    frame = model_frame(request, owner, name, tab="model")
    context = {
        "snippets": snippets_of(request, frame),
        "example": frame.version.examples.first() if frame.live else None,
        "last_day": last_day_box(frame.registered_model.pk),
        "citation": citations_of(request, frame),
        "events": timeline_rows(selectors.public_events(registered_model=frame.registered_model)[:RECENT]),
    }
    return render(request, "registry/model.html", frame_context(frame) | context)


@require_safe
def versions(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Every version that this person may see, newest first."""
    frame = model_frame(request, owner, name, tab="model_versions")
    page = paged(request, selectors.versions_of(registered_model=frame.registered_model, user=request.user))
    context = {"page": page, "versions": selectors.with_status(selectors.as_seen(request.user, page.object_list))}
    return render(request, "registry/model_versions.html", frame_context(frame) | context)


@require_safe
def version(request: HttpRequest, owner: str, name: str, number: int) -> HttpResponse:
    """One version: state, checks, trial run, files, examples, reviews."""
    frame = model_frame(request, owner, name, tab="model_versions")
    return _version_page(request, frame, _numbered(request, frame, number))


def version_page(request: HttpRequest, found: ModelVersion, *, form: forms.Form, status: HTTPStatus) -> HttpResponse:
    """The version's page with a form that came back, so that nothing typed is lost."""
    registered_model = found.registered_model
    frame = model_frame(request, registered_model.owner.username, registered_model.name, tab="model_versions")
    return _version_page(request, frame, found, form=form, status=status)


def _version_page(
    request: HttpRequest,
    frame: ModelFrame,
    found: ModelVersion,
    *,
    form: forms.Form | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    files = selectors.files_of(found)
    context = {
        "row": frame.shown if found.pk == frame.version.pk else selectors.with_status([found])[0],
        "version": found,
        "checks": check_rows(selectors.current_checks(found)),
        "trial": trial_row(selectors.trial_run_of(found)),
        "files": [*file_rows(found, files), *lost_file_rows(found, files)],
        "examples": example_rows(selectors.examples_of(found)),
        "events": timeline_rows(selectors.public_events().filter(version=found)[: RECENT * 3]),
        "is_own": may_edit_version(request.user, found),
        "may_decide": may_decide(request.user, found),
        "may_retire": may_retire(request.user, found),
        "reason_form": form or (RetireForm() if found.state == VersionState.APPROVED else WithdrawForm()),
        **_waiting(found),
        **conversation_context(request, found),
    }
    return render(request, "registry/version.html", frame_context(frame) | context, status=status)


@require_safe
def files(request: HttpRequest, owner: str, name: str, number: int | None = None) -> HttpResponse:
    """The files of a version, of the one in use by default."""
    frame = model_frame(request, owner, name, tab="model_files")
    chosen = frame.version if number is None else _numbered(request, frame, number)
    others = selectors.versions_of(registered_model=frame.registered_model, user=request.user)
    found = selectors.files_of(chosen)
    context = {
        "version": chosen,
        "files": [*file_rows(chosen, found), *lost_file_rows(chosen, found)],
        "total": sum(file.blob.size for file in found),
        "numbers": list(others.values_list("number", flat=True)[:PAGE_SIZE]),
    }
    return render(request, "registry/model_files.html", frame_context(frame) | context)


@require_safe
def file_page(request: HttpRequest, owner: str, name: str, number: int, path: str) -> HttpResponse:
    """One file: size, digest, and its text where it is short text."""
    frame = model_frame(request, owner, name, tab="model_files")
    chosen = _numbered(request, frame, number)
    file = selectors.file_at(version=chosen, path=path)
    context = {"version": chosen, "file": file_rows(chosen, [file])[0], "preview": preview_of(file)}
    return render(request, "registry/model_file.html", frame_context(frame) | context)


@require_safe
def use(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """How to call the model: commands, and its examples to try."""
    frame = model_frame(request, owner, name, tab="model_use")
    context = {"snippets": snippets_of(request, frame), "examples": example_rows(selectors.examples_of(frame.version))}
    return render(request, "registry/model_use.html", frame_context(frame) | context)


@require_safe
def deployments(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """What was served of the model, and is."""
    frame = model_frame(request, owner, name, tab="model_deployments")
    rows = _Deployments(frame.registered_model.pk)
    page: Page[Deployment] = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "deployments": page.object_list}
    return render(request, "registry/model_deployments.html", frame_context(frame) | context)


@require_safe
def log(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """What happened to the model."""
    frame = model_frame(request, owner, name, tab="model_log")
    page = paged(request, selectors.public_events(registered_model=frame.registered_model))
    context = {"page": page, "events": timeline_rows(page.object_list)}
    return render(request, "registry/model_log.html", frame_context(frame) | context)


class _Deployments(Sequence[Deployment]):
    """A model's deployments as a paginator reads them: a length and slices."""

    ordered = True

    def __init__(self, registered_model_id: int) -> None:
        self._model_id = registered_model_id

    def __len__(self) -> int:
        return serving_directory().deployment_count(self._model_id)

    def __getitem__(self, index: Any) -> Any:  # only slices are asked for
        start = index.start or 0
        return serving_directory().deployments(self._model_id, offset=start, limit=index.stop - start)


def _waiting(version: ModelVersion) -> dict[str, object]:
    """For a version in review, its place in the queue and how long others waited."""
    if version.state != VersionState.IN_REVIEW:
        return {}
    return {"place": selectors.place_in_queue(version), "usual": selectors.usual_times()}


def _numbered(request: HttpRequest, frame: ModelFrame, number: int) -> ModelVersion:
    if frame.version.number == number:  # which this person may see, or it would not stand for the model
        return frame.version
    return selectors.version_numbered(registered_model=frame.registered_model, number=number, user=request.user)
