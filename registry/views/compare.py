"""Two versions of a model side by side."""

from __future__ import annotations

from dataclasses import fields

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry import selectors
from registry.models import ModelVersion
from registry.presentation.comparison import compared
from registry.views.access import asked_number
from registry.views.model_frame import ModelFrame, frame_context, model_frame

MOST_CHOICES = 200


@require_safe
def compare_versions(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Any two versions that this person may see; by default the newest and the one before it."""
    frame = model_frame(request, owner, name, tab="model_versions")
    rows = selectors.versions_of(registered_model=frame.registered_model, user=request.user)
    numbers = list(rows.values_list("number", flat=True)[:MOST_CHOICES])
    new = _chosen(request, frame, "to", numbers[0])
    old = _chosen(request, frame, "from", next((number for number in numbers if number < new.number), new.number))
    found = compared(old, new)
    context = {
        "old": old,
        "new": new,
        "numbers": numbers,
        **{field.name: getattr(found, field.name) for field in fields(found)},
    }
    return render(request, "registry/compare.html", frame_context(frame) | context)


def _chosen(request: HttpRequest, frame: ModelFrame, field: str, default: int) -> ModelVersion:
    number = asked_number(request, field)
    return selectors.version_numbered(
        registered_model=frame.registered_model, number=default if number is None else number, user=request.user
    )
