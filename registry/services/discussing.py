"""Talking about a model: posting, and editing one's own."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from registry.cards import render_message
from registry.errors import ConflictError, ForbiddenError, NotFoundError, UserError
from registry.events import record_event
from registry.models import Account, DiscussionMessage, EarlierText, RegisteredModel
from registry.permissions import may_edit_message, may_take_part
from registry.rate_limits import take_turn
from registry.selectors import visible_models
from registry.services.watching import watch_by_taking_part

MOST_ANSWERS = 200
MESSAGES_PER_HOUR = 20
EDIT_HOURS = 24
FIELD = "text"


def post_message(
    *, registered_model: RegisteredModel, author: Account, text: str, topic: DiscussionMessage | None = None
) -> DiscussionMessage:
    """Say something about a public model, or answer a topic; the author follows the model from then on.

    `text` is Markdown of at most 20 kB. An answer to an answer belongs to the same topic.
    """
    if not may_take_part(author):
        raise ForbiddenError("rights.may_take_part")
    if not visible_models().filter(pk=registered_model.pk).exists():
        raise NotFoundError("model.unknown")
    html = _rendered(text)
    hour = timedelta(hours=1)
    take_turn(what="message", who=str(author.pk), limit=MESSAGES_PER_HOUR, period=hour, code="discussion.too_many")
    with transaction.atomic():
        parent = _locked_topic(registered_model, topic)
        message = DiscussionMessage.objects.create(
            registered_model=registered_model, topic=parent, author=author, source=text.strip(), html=html
        )
        watch_by_taking_part(registered_model=registered_model, account=author)
        _record("discussion:answered" if parent else "discussion:posted", message, author)
    return message


def edit_message(*, message: DiscussionMessage, actor: Account, text: str) -> None:
    """Change one's own message within a day; what it said before stays readable."""
    if not may_edit_message(actor, message):
        raise ForbiddenError("discussion.not_yours")
    html = _rendered(text)
    with transaction.atomic():
        current = DiscussionMessage.objects.select_for_update().get(pk=message.pk)
        if current.hidden_at is not None:
            raise ConflictError("discussion.hidden")
        if not within_edit_time(current):
            raise ConflictError("discussion.too_late", hours=EDIT_HOURS)
        if current.source == text.strip():
            return
        EarlierText.objects.create(message=current, html=current.html)
        rows = DiscussionMessage.objects.filter(pk=current.pk)
        rows.update(source=text.strip(), html=html, edited_at=timezone.now())
        _record("discussion:edited", current, actor)


def within_edit_time(message: DiscussionMessage) -> bool:
    """Whether its author may still change it."""
    return timezone.now() - message.created_at <= timedelta(hours=EDIT_HOURS)


def _rendered(text: str) -> str:
    if not text.strip():
        raise UserError("discussion.empty", field=FIELD)
    return render_message(text.strip(), field=FIELD)


def _locked_topic(registered_model: RegisteredModel, topic: DiscussionMessage | None) -> DiscussionMessage | None:
    if topic is None:
        return None
    found = DiscussionMessage.objects.select_for_update().filter(pk=topic.topic_id or topic.pk).first()
    if found is None or found.registered_model_id != registered_model.pk:
        raise NotFoundError("discussion.unknown")
    if found.hidden_at is not None:
        raise ConflictError("discussion.hidden")
    if found.answers.count() >= MOST_ANSWERS:
        raise ConflictError("discussion.full", limit=MOST_ANSWERS)
    return found


def _record(tag: str, message: DiscussionMessage, actor: Account) -> None:
    # Without the text: the log keeps for ever, and what is hidden must be hidden everywhere.
    record_event(
        tag=tag,
        subject=f"message:{message.pk}",
        actor=actor,
        registered_model=message.registered_model,
    )
