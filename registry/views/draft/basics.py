"""The first step: a new model's name, and summary, task and licence of a draft."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from registry import selectors, services
from registry.forms import NewModelForm
from registry.licences import licence_named
from registry.model_tasks import ModelTask
from registry.models import ModelVersion
from registry.permissions import may_submit
from registry.tasks import ring
from registry.views.access import account_of, asked, errors_on, requires
from registry.views.draft import frame
from registry.views.draft.forms import BasicsForm
from registry.views.draft.stepper import steps_of

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@GET_OR_POST
@requires(may_submit)
def submit(request: HttpRequest) -> HttpResponse:
    """Name a new model and open its first draft."""
    form = NewModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            values = dict(form.cleaned_data)
            licence = values.pop("licence")
            draft = services.register_model(actor=account_of(request), **values)
            if licence:
                ring(services.update_draft(version=draft, actor=account_of(request), licence=licence))
            return redirect("registry:draft_files", draft.pk)
    name = selectors.name_offer(account_of(request), str(form["name"].value() or ""))
    context = {
        "form": form,
        "nav_section": "submit",
        "steps": steps_of(None, "basics"),
        "usual": selectors.usual_times(),
        "offer": name if form["name"].value() else None,
        "account": request.user,
    }
    return render(request, "registry/submit.html", context, status=400 if request.method == "POST" else 200)


@require_safe
@requires(may_submit)
def name_check(request: HttpRequest) -> HttpResponse:
    """What would become of a name, while it is typed: a fragment."""
    offer = selectors.name_offer(account_of(request), asked(request, "name"))
    return render(request, "registry/fragments/name_offer.html", {"offer": offer, "account": request.user})


@GET_OR_POST
@requires(may_submit)
def draft_basics(request: HttpRequest, pk: int) -> HttpResponse:
    """Summary, task and licence."""
    draft = frame.draft_of(request, pk)
    model = draft.registered_model
    initial = {"summary": model.summary, "task": model.task, "licence": draft.licence}
    step = frame.Step(draft=draft, name="basics", part="basics", template="registry/draft_basics.html", stored=_stored)
    if request.method != "POST":
        return frame.page(request, step, BasicsForm(initial=initial))
    form = BasicsForm(request.POST, partial=frame.is_partial(request))

    def store(token: str) -> services.Due:
        return services.update_draft(version=draft, actor=account_of(request), seen=token, **form.cleaned_data)

    return frame.save(request, step, form, store)


def _stored(draft: ModelVersion) -> Mapping[str, frame.StoredValue]:
    model, licence = draft.registered_model, licence_named(draft.licence)
    task = ModelTask(model.task).label if model.task in ModelTask else model.task
    return {
        "summary": frame.StoredValue(_label("summary"), model.summary),
        "task": frame.StoredValue(_label("task"), model.task, str(task)),
        "licence": frame.StoredValue(_label("licence"), draft.licence, licence.name if licence else ""),
    }


def _label(name: str) -> str:
    return str(BasicsForm.base_fields[name].label)
