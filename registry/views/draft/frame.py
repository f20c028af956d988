"""What the steps of a draft have in common: saving, also by themselves; conflicts; where to go next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from registry import selectors
from registry.editions import EditionError, edition_of
from registry.messages import message
from registry.models import ModelVersion, VersionState
from registry.permissions import may_submit
from registry.tasks import ring
from registry.views.access import errors_on
from registry.views.draft.forms import PartialForm
from registry.views.draft.stepper import Problem, change_requests_for, neighbours, problems_of, steps_of

AUTOSAVE_HEADER = "X-Autosave"
REFUSED, CONFLICT, INVALID = 400, 409, 422
RIGHT = may_submit


@dataclass(frozen=True, slots=True)
class StoredValue:
    """What the draft says in a field: the field's label, the value as a form holds it, and as people read it."""

    label: str
    value: str
    shown: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step as one request finds it. `stored` reads what the draft says now, by the form's fields."""

    draft: ModelVersion
    name: str
    part: str
    template: str
    stored: Callable[[ModelVersion], Mapping[str, StoredValue]] = lambda _draft: {}
    context: Mapping[str, Any] = field(default_factory=dict)


def draft_of(request: HttpRequest, pk: int) -> ModelVersion:
    """The person's own version; anybody else's does not exist."""
    return selectors.own_version(pk=pk, user=request.user)


def is_partial(request: HttpRequest) -> bool:
    """Whether a draft may be saved with gaps: by itself, and whenever the person does not go on to the next step."""
    return is_autosave(request) or then(request) not in {"", "continue"}


def is_autosave(request: HttpRequest) -> bool:
    """Whether the page's script saves, and wants to hear how it went and nothing else."""
    return AUTOSAVE_HEADER in request.headers


def then(request: HttpRequest) -> str:
    """Which button was pressed: continue, back, leave, stay, or one of the step's own."""
    return request.POST.get("then", "")


def save(
    request: HttpRequest,
    step: Step,
    form: forms.Form,
    store: Callable[[str], Sequence[int]],
    *,
    after: Callable[[str], HttpResponse | None] = lambda _button: None,
) -> HttpResponse:
    """Answer a POST: store what the form holds, or show it again with its faults and nothing lost.

    `store` gets the edition of the part that the page showed. `after` answers the step's own buttons, once stored.
    """
    if not form.is_valid():
        return refused(request, step, form)
    with errors_on(form):
        try:
            ring(store(request.POST.get("token", "")))
        except EditionError as error:
            return _conflict(request, step, form, error)
        return _saved(request, step, after)
    return refused(request, step, form)


def refused(request: HttpRequest, step: Step, form: forms.Form) -> HttpResponse:
    """The form with its faults."""
    if is_autosave(request):
        faults, labels = {}, {}
        for part in _parts(form):
            for name, errors in part.errors.items():
                faults[_id_of(part, name)] = [str(error) for error in errors]
                labels[_id_of(part, name)] = str(part[name].label) if name in part.fields else ""
        return JsonResponse({"errors": faults, "labels": labels}, status=INVALID)
    # The token stays the one of what was seen: the present one would let these words replace another window's unseen.
    seen = {"token": request.POST["token"]} if request.POST.get("token") else {}
    return page(request, step, form, status=REFUSED, **seen)


def page(request: HttpRequest, step: Step, form: Any, *, status: int = 200, **extra: Any) -> HttpResponse:
    """The step's page; a frozen version has none and leads to its own."""
    draft = step.draft
    if not draft.is_editable:
        return to_version(draft)
    checks = selectors.current_checks(draft)
    problems = problems_of(draft, checks)
    previous, following = neighbours(draft, step.name)
    context = {
        "form": form,
        "nav_section": "submit",
        "usual": selectors.usual_times(),
        "version": draft,
        "registered_model": draft.registered_model,
        "steps": steps_of(draft, step.name, problems),
        "step_problems": _of_step(problems, step.name),
        "change_requests": change_requests_for(draft, step.name),
        "token": edition_of(draft, step.part) if step.part else "",
        "unsaved": {CONFLICT: "conflict", REFUSED: "refused"}.get(status, ""),
        "previous_url": previous,
        "next_url": following,
        **step.context,
        **extra,
    }
    return render(request, step.template, context, status=status)


def to_version(version: ModelVersion) -> HttpResponse:
    """Where a version is looked at: a draft at its checks, any other on its own page."""
    version.refresh_from_db()
    if version.state == VersionState.DRAFT:
        return redirect("registry:draft", version.pk)
    model = version.registered_model
    return redirect("registry:version", model.owner.username, model.name, version.number)


def _saved(request: HttpRequest, step: Step, after: Callable[[str], HttpResponse | None]) -> HttpResponse:
    draft = selectors.own_version(pk=step.draft.pk, user=request.user)
    if is_autosave(request):
        token = edition_of(draft, step.part)
        return JsonResponse({"token": token, "saved_at": draft.updated_at.isoformat()})
    button = then(request)
    answered = after(button)
    if answered is not None:
        return answered
    previous, following = neighbours(draft, step.name)
    if button == "leave":
        messages.success(request, _("The draft is saved. You find it here whenever you come back."))
        return redirect("registry:my_models")
    if button == "stay":
        messages.success(request, _("Saved."))
        return redirect(request.get_full_path())
    return redirect(previous if button == "back" else following)


def _conflict(request: HttpRequest, step: Step, form: forms.Form, error: EditionError) -> HttpResponse:
    text = message(error.code, error.params)
    if is_autosave(request):
        return JsonResponse({"conflict": str(text.title)}, status=CONFLICT)
    draft = selectors.own_version(pk=step.draft.pk, user=request.user)
    saved = [
        (stored.label, stored.shown or stored.value)
        for name, stored in step.stored(draft).items()
        if name not in form.fields or str(form.data.get(form.add_prefix(name), "")).split() != stored.value.split()
    ]
    shown = Step(**{**step.__dict__, "draft": draft})
    return page(request, shown, form, status=CONFLICT, conflict=text, saved_values=saved)


def _of_step(problems: Sequence[Problem], name: str) -> list[Problem]:
    return [problem for problem in problems if problem.step == name]


def _parts(form: forms.Form) -> Sequence[forms.Form]:
    """The forms that one page is made of."""
    return form.parts() if isinstance(form, PartialForm) else [form]


def _id_of(form: forms.Form, name: str) -> str:
    return form[name].id_for_label or form[name].auto_id if name in form.fields else ""
