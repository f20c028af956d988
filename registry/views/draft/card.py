"""The third step: the model card, as guided texts or as a whole, and how it will look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from registry import selectors, services
from registry.card_form import LIST_FACTS, TEXT_FACTS, CardFields, card_fields, edited_card, licence_in
from registry.card_prefill import interface_text, library_of
from registry.card_prompts import CARD_PROMPTS
from registry.card_sections import other_titles
from registry.cards import render_card
from registry.errors import UserError
from registry.licences import licence_named
from registry.messages import message
from registry.models import ModelVersion
from registry.permissions import may_submit
from registry.views.access import account_of, requires
from registry.views.draft import frame
from registry.views.draft.forms import CardForm, CardTextForm

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
TEXT = "text"
LONGEST_NUMBER = 7


@GET_OR_POST
@requires(may_submit)
def draft_card(request: HttpRequest, pk: int) -> HttpResponse:
    """The model card."""
    draft = frame.draft_of(request, pk)
    fields = _fields(draft)
    as_text = request.GET.get("view") == TEXT or fields is None
    step = _step(draft, fields, as_text=as_text, line=request.GET.get("line", ""))
    if as_text or fields is None:
        return _text_view(request, draft, step)
    return _guided_view(request, draft, step, fields)


@require_POST
@requires(may_submit)
def card_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """How the card in the form would look, without saving it: a fragment."""
    draft = frame.draft_of(request, pk)
    try:
        source = request.POST["card_source"] if "card_source" in request.POST else _source_of(draft, request.POST)
        context: dict[str, object] = {"preview": render_card(source)}
    except UserError as error:
        context = {"fault": message(error.code, error.params)}
    return render(request, "registry/fragments/card_preview.html", context)


def _text_view(request: HttpRequest, draft: ModelVersion, step: frame.Step) -> HttpResponse:
    if request.method != "POST":
        return frame.page(request, step, CardTextForm(initial={"card_source": draft.card_source}))
    form = CardTextForm(request.POST, partial=frame.is_partial(request))

    def store(token: str) -> services.Due:
        source = form.cleaned_data["card_source"] if "card_source" in request.POST else draft.card_source
        found = licence_named(licence_in(source)) if source.strip() else None
        changes = {"licence": found.spdx} if found else {}
        return services.update_draft(
            version=draft, actor=account_of(request), seen=token, card_source=source, **changes
        )

    return frame.save(request, step, form, store, after=_after(draft, TEXT))


def _guided_view(request: HttpRequest, draft: ModelVersion, step: frame.Step, fields: CardFields) -> HttpResponse:
    if request.method != "POST":
        return frame.page(request, step, CardForm(initial=_initial(draft, fields), structured=fields.structured))
    form = CardForm(request.POST, partial=frame.is_partial(request), structured=fields.structured)

    def store(token: str) -> services.Due:
        sent = {name: value for name, value in form.cleaned_data.items() if name in request.POST}
        source = _source_of(draft, sent)
        licence = sent.get("licence")
        changes = {"licence": licence} if licence else {}
        return services.update_draft(
            version=draft, actor=account_of(request), seen=token, card_source=source, **changes
        )

    return frame.save(request, step, form, store, after=_after(draft, ""))


def _after(draft: ModelVersion, view: str) -> Any:
    """The step's own buttons: the other view, and the preview where no script draws it."""
    address = reverse("registry:draft_card", args=[draft.pk])

    def answer(button: str) -> HttpResponse | None:
        if button == TEXT:
            return redirect(f"{address}?view={TEXT}")
        if button == "guided":
            return redirect(address)
        if button == "preview":
            return redirect(f"{address}?view={view}#preview" if view else f"{address}#preview")
        return None

    return answer


def _fields(draft: ModelVersion) -> CardFields | None:
    """None for a card whose head cannot be read: it has to be mended as text."""
    try:
        return card_fields(draft.card_source)
    except UserError:
        return None


def _initial(draft: ModelVersion, fields: CardFields) -> dict[str, str]:
    """What the card says, and where it says nothing yet, what the files tell."""
    told = {"interface": interface_text(draft.introspection), "library_name": library_of(draft.introspection)}
    return {**told, **fields.sections, **fields.facts, "licence": draft.licence}


def _source_of(draft: ModelVersion, values: Mapping[str, Any]) -> str:
    """The card with what was sent; a field that was not sent says nothing, and stays."""
    facts = {key: str(values[key]) for key in (*LIST_FACTS, *TEXT_FACTS) if key in values}
    sections = {key: str(values[key]) for key in CARD_PROMPTS if key in values}
    return edited_card(draft.card_source, sections=sections, facts=facts, licence=str(values.get("licence", "")))


def _step(draft: ModelVersion, fields: CardFields | None, *, as_text: bool, line: str) -> frame.Step:
    lines = draft.card_source.split("\n")
    number = int(line) if line.isascii() and line.isdigit() and len(line) < LONGEST_NUMBER else 0
    return frame.Step(
        draft=draft,
        name="card",
        part="card",
        template="registry/draft_card.html",
        stored=_stored_text if as_text else _stored_fields,
        context={
            "as_text": as_text,
            "line_number": number,
            "line_text": lines[number - 1] if 0 < number <= len(lines) else "",
            "text_only": fields is None,
            "reading": not draft.introspection and selectors.open_job(draft) is not None,
            "other_titles": other_titles(draft.card_source) if fields is not None else [],
            "card_bytes": len(draft.card_source.encode()),
            "card_max_bytes": settings.LIMITS["card_max_bytes"],
        },
    )


def _stored_text(draft: ModelVersion) -> Mapping[str, frame.StoredValue]:
    return {"card_source": frame.StoredValue(str(CardTextForm.base_fields["card_source"].label), draft.card_source)}


def _stored_fields(draft: ModelVersion) -> Mapping[str, frame.StoredValue]:
    fields = _fields(draft)
    if fields is None:
        return _stored_text(draft)
    form = CardForm(initial={**fields.sections, **fields.facts, "licence": draft.licence})
    return {name: frame.StoredValue(str(form[name].label), str(form[name].value() or "")) for name in form.fields}
