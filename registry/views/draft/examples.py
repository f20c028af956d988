"""The fourth step: examples with expected answers, tried at once, and what the model may use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registry import selectors, services
from registry.examples import ExampleInput, parse_examples_json
from registry.models import ModelVersion
from registry.permissions import may_submit
from registry.presentation.draft_trial import trial_context
from registry.readable_json import readable_json
from registry.tasks import ring
from registry.views.access import account_of, errors_as_messages, requires
from registry.views.draft import frame
from registry.views.draft.example_forms import MOST_FIELDS, ExamplesForm, field_count, new_example
from registry.views.draft.forms import MIB, ExamplesTextForm

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
TEXT = "text"
_MOVES = re.compile(r"(remove|up|down|use|try):(\d{1,3})")


@GET_OR_POST
@requires(may_submit)
def draft_examples(request: HttpRequest, pk: int) -> HttpResponse:
    """Examples with expected answers, and resources."""
    draft = frame.draft_of(request, pk)
    text_only = field_count(_examples_of(draft)) > MOST_FIELDS
    as_text = text_only or request.GET.get("view") == TEXT
    step = frame.Step(
        draft=draft,
        name="examples",
        part="examples",
        template="registry/draft_examples.html",
        stored=_stored,
        context={
            "as_text": as_text,
            "text_only": text_only,
            "suggested": selectors.suggested_memory(draft),
            **trial_context(draft),
        },
    )
    form = _form(request, draft, as_text=as_text)
    if request.method != "POST":
        return frame.page(request, step, form)

    def store(token: str) -> services.Due:
        return _store(request, draft, form, token)

    return frame.save(request, step, form, store, after=_after(request, draft, as_text=as_text))


@require_safe
@requires(may_submit)
def draft_trial(request: HttpRequest, pk: int) -> HttpResponse:
    """What the model answered; asks to be loaded again only while it is being tried.

    To browsers without scripts it is a page of its own, which they load again, and which leads back when it is done.
    """
    draft = frame.draft_of(request, pk)
    context = {"version": draft, **trial_context(draft)}
    if request.headers.get("HX-Request") == "true":
        return render(request, "registry/fragments/draft_trial.html", context)
    if not context["trial_running"]:
        return redirect(f"{reverse('registry:draft_examples', args=[draft.pk])}#trial")
    return render(request, "registry/draft_trial.html", {**context, "registered_model": draft.registered_model})


def _form(request: HttpRequest, draft: ModelVersion, *, as_text: bool) -> ExamplesTextForm | ExamplesForm:
    initial: dict[str, Any] = {"cpu_millis": draft.cpu_millis, "memory_mib": draft.memory_bytes // MIB}
    data = request.POST if request.method == "POST" else None
    options: dict[str, Any] = {"initial": initial, "partial": frame.is_partial(request)}
    stored = _examples_of(draft)
    if not as_text:
        return ExamplesForm(stored, draft.introspection, data=data, **options)
    initial["examples"] = _text(stored or [new_example(draft.introspection, 1)])
    return ExamplesTextForm(data, **options)


def _store(
    request: HttpRequest, draft: ModelVersion, form: ExamplesTextForm | ExamplesForm, token: str
) -> services.Due:
    values, actor = form.cleaned_data, account_of(request)
    if isinstance(form, ExamplesForm):
        examples = form.results() if form.examples else _examples_of(draft)
    else:
        examples = (
            parse_examples_json(values["examples"] or "[]") if "examples" in request.POST else _examples_of(draft)
        )
    memory = values["memory_mib"] * MIB if values["memory_mib"] else draft.memory_bytes
    if frame.then(request) == "suggest":
        memory = selectors.suggested_memory(draft)
    examples = _moved(draft, examples, frame.then(request))
    cpu = values["cpu_millis"] or draft.cpu_millis
    return services.set_examples(
        version=draft, actor=actor, examples=examples, seen=token, cpu_millis=cpu, memory_bytes=memory
    )


def _moved(draft: ModelVersion, examples: Sequence[ExampleInput], button: str) -> list[ExampleInput]:
    """The examples after a button of the form: one more, one less, one further up or down, one with its real answer."""
    found = list(examples)
    if button == "add":
        return [*found, new_example(draft.introspection, len(found) + 1)]
    move = _MOVES.fullmatch(button)
    if move is None or move[1] == "try" or not 0 < int(move[2]) <= len(found):
        return found
    at = int(move[2]) - 1
    if move[1] == "remove":
        del found[at]
    elif move[1] == "use":
        answer = selectors.draft_answer(draft, found[at].request)
        if answer is not None:
            found[at] = ExampleInput(found[at].title, found[at].request, answer, found[at].tolerance)
    else:
        to = at - 1 if move[1] == "up" else at + 1
        if 0 <= to < len(found):
            found[at], found[to] = found[to], found[at]
    return found


def _after(request: HttpRequest, draft: ModelVersion, *, as_text: bool) -> Callable[[str], HttpResponse | None]:
    address = reverse("registry:draft_examples", args=[draft.pk])
    here = f"{address}?view={TEXT}" if as_text else address

    def answer(button: str) -> HttpResponse | None:
        if button == TEXT:
            return redirect(f"{address}?view={TEXT}")
        if button == "form":
            return redirect(address)
        move = _MOVES.fullmatch(button)
        if button == "try" or (move is not None and move[1] == "try"):
            with errors_as_messages(request):
                position = int(move[2]) if move is not None else None
                ring(services.try_draft(version=draft, actor=account_of(request), position=position))
            return redirect(f"{here}#trial")
        if button == "add":
            return redirect(f"{here}#example-{draft.examples.count()}")
        if button == "suggest":
            return redirect(f"{here}#resources")
        return redirect(f"{here}#example-{_target(move, draft.examples.count())}") if move else None

    return answer


def _target(move: re.Match[str], count: int) -> int:
    """The number of the example that the page should show after a move."""
    wanted = int(move[2]) + {"up": -1, "down": 1}.get(move[1], 0)
    return min(max(wanted, 1), max(count, 1))


def _examples_of(draft: ModelVersion) -> list[ExampleInput]:
    rows = draft.examples.order_by("position").values_list("title", "request", "expected", "tolerance")
    return [ExampleInput(*row) for row in rows]


def _stored(draft: ModelVersion) -> Mapping[str, frame.StoredValue]:
    return {
        "examples_json": frame.StoredValue(_("Examples"), _text(_examples_of(draft))),
        "cpu_millis": frame.StoredValue(_("CPU"), str(draft.cpu_millis)),
        "memory_mib": frame.StoredValue(_("Memory"), str(draft.memory_bytes // MIB)),
    }


def _text(examples: Sequence[ExampleInput]) -> str:
    return readable_json(
        [{"title": e.title, "request": e.request, "expected": e.expected, "tolerance": e.tolerance} for e in examples]
    )
