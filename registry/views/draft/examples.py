"""The fourth step: examples with expected answers, and what the model may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import services
from registry.examples import example_from_introspection, parse_examples_json
from registry.models import ModelVersion
from registry.permissions import may_submit
from registry.readable_json import readable_json
from registry.views.access import account_of, requires
from registry.views.draft import frame
from registry.views.draft.forms import MIB, ExamplesTextForm

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@GET_OR_POST
@requires(may_submit)
def draft_examples(request: HttpRequest, pk: int) -> HttpResponse:
    """Examples with expected answers."""
    draft = frame.draft_of(request, pk)
    step = frame.Step(
        draft=draft, name="examples", part="examples", template="registry/draft_examples.html", stored=_stored
    )
    if request.method != "POST":
        resources = {"cpu_millis": draft.cpu_millis, "memory_mib": draft.memory_bytes // MIB}
        return frame.page(request, step, ExamplesTextForm(initial={"examples": _examples_text(draft), **resources}))
    form = ExamplesTextForm(request.POST, partial=frame.is_partial(request))

    def store(token: str) -> services.Due:
        values = form.cleaned_data
        examples = parse_examples_json(values["examples"] or "[]")
        actor = account_of(request)
        resources: dict[str, Any] = {
            "cpu_millis": values["cpu_millis"] or draft.cpu_millis,
            "memory_bytes": values["memory_mib"] * MIB if values["memory_mib"] else draft.memory_bytes,
        }
        with transaction.atomic():
            due = services.set_examples(version=draft, actor=actor, examples=examples, unchanged_since=token)
            return (*due, *services.update_draft(version=draft, actor=actor, **resources))

    return frame.save(request, step, form, store)


def _stored(draft: ModelVersion) -> Mapping[str, frame.StoredValue]:
    return {"examples": frame.StoredValue(_("Examples"), _examples_text(draft))}


def _examples_text(version: ModelVersion) -> str:
    examples = [
        {"title": e.title, "request": e.request, "expected": e.expected, "tolerance": e.tolerance}
        for e in version.examples.all()
    ]
    if not examples:
        request = example_from_introspection(version.introspection)
        examples = [{"title": _("First example"), "request": request, "expected": {"outputs": []}, "tolerance": 1e-4}]
    return readable_json(examples)
