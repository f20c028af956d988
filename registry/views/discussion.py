"""The discussion of a model: topics with answers, editing one's own, hiding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import services
from registry.errors import ForbiddenError, SignedOutError
from registry.forms_community import HideForm, MessageForm
from registry.models import DiscussionMessage, RegisteredModel
from registry.permissions import User, may_edit_message, may_hide_message, may_take_part
from registry.presentation.addresses import message_path
from registry.selectors import visible_models
from registry.selectors.discussion import answers_of, message_of, topics_of
from registry.selectors.threads import reviewed_versions
from registry.services.discussing import within_edit_time
from registry.views.access import account_of, errors_on, paged, requires
from registry.views.model_frame import frame_context, model_frame

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
TOPICS_PER_PAGE = 15
REVIEWS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message, and what its reader may do with it."""

    message: DiscussionMessage
    may_edit: bool
    may_hide: bool


@GET_OR_POST
def discussion(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """The topics with the newest word first, and a form for a new one."""
    frame = model_frame(request, owner, name, tab="model_discussion")
    form = MessageForm(request.POST or None)
    posted = _posted(request, form, frame.registered_model, None)
    if posted is not None:
        return posted
    page = paged(request, topics_of(frame.registered_model), size=TOPICS_PER_PAGE)
    context = {"page": page, "rows": _rows(page.object_list, request.user), "form": form}
    context["reviewed"] = reviewed_versions(frame.registered_model)[:REVIEWS_SHOWN]
    context["is_public"] = visible_models().filter(pk=frame.registered_model.pk).exists()
    return _page(request, "registry/discussion.html", frame_context(frame) | context)


@GET_OR_POST
def topic(request: HttpRequest, owner: str, name: str, pk: int) -> HttpResponse:
    """One topic with its answers; an answer's address leads to its topic."""
    frame = model_frame(request, owner, name, tab="model_discussion")
    found = message_of(registered_model=frame.registered_model, pk=pk)
    if found.topic_id is not None:
        return redirect(message_path(found))
    form = MessageForm(request.POST or None)
    posted = _posted(request, form, frame.registered_model, found)
    if posted is not None:
        return posted
    answers = answers_of([found])[found.pk]
    rows = _rows([found, *answers], request.user)
    context = {"topic": rows[0], "answers": rows[1:], "form": form, "pk": pk}
    return _page(request, "registry/discussion_topic.html", frame_context(frame) | context)


@GET_OR_POST
@requires(may_take_part)
def edit(request: HttpRequest, owner: str, name: str, pk: int) -> HttpResponse:
    """Change one's own message."""
    frame = model_frame(request, owner, name, tab="model_discussion")
    found = message_of(registered_model=frame.registered_model, pk=pk)
    if not may_edit_message(request.user, found):
        raise ForbiddenError("discussion.not_yours")
    form = MessageForm(request.POST or None, initial={"text": found.source})
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            services.edit_message(message=found, actor=account_of(request), text=form.cleaned_data["text"])
            messages.success(request, _("Your message is changed."))
            return redirect(message_path(found))
    context = {"form": form, "message_row": found, "back": message_path(found)}
    return _page(request, "registry/discussion_edit.html", frame_context(frame) | context)


@GET_OR_POST
@requires(may_take_part)
def hide(request: HttpRequest, owner: str, name: str, pk: int) -> HttpResponse:
    """Hide a message, or bring it back; both with a public reason."""
    frame = model_frame(request, owner, name, tab="model_discussion")
    found = message_of(registered_model=frame.registered_model, pk=pk)
    if not may_hide_message(request.user, found):
        raise ForbiddenError("rights.moderate")
    form = HideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = services.hide_message if found.hidden_at is None else services.show_message
        with errors_on(form):
            act(message=found, actor=account_of(request), reason=form.cleaned_data["reason"])
            messages.success(request, _("Your decision is in the log."))
            return redirect(message_path(found))
    context = {"form": form, "message_row": found, "back": message_path(found)}
    return _page(request, "registry/discussion_hide.html", frame_context(frame) | context)


def _posted(
    request: HttpRequest, form: MessageForm, registered_model: RegisteredModel, topic: DiscussionMessage | None
) -> HttpResponse | None:
    """The answer to a message that was taken, or to a visitor; None where a page with the form is due."""
    if request.method != "POST":
        return None
    if not may_take_part(request.user):
        raise SignedOutError("rights.sign_in")
    if form.is_valid():
        with errors_on(form):
            message = services.post_message(
                registered_model=registered_model,
                author=account_of(request),
                text=form.cleaned_data["text"],
                topic=topic,
            )
            messages.success(request, _("Your message is posted."))
            return redirect(message_path(message))
    return None


def _rows(found: Iterable[DiscussionMessage], user: User) -> list[MessageRow]:
    return [
        MessageRow(
            message,
            may_edit=may_edit_message(user, message) and message.hidden_at is None and within_edit_time(message),
            may_hide=may_hide_message(user, message),
        )
        for message in found
    ]


def _page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    return render(request, template, context, status=400 if request.method == "POST" else 200)
