"""Hiding what breaks the rules, and bringing it back: messages of discussions, and what was said in reviews."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from registry.errors import ConflictError, ForbiddenError, UserError
from registry.events import hide_words, record_event, said_name
from registry.models import Account, DiscussionMessage, Review, ThreadComment
from registry.permissions import may_hide_message, may_hide_said
from registry.reasons import checked_reason


def hide_message(*, message: DiscussionMessage, actor: Account, reason: str) -> None:
    """Put a tombstone with a public reason in a message's place."""
    _set_message_hidden(message, actor, reason, hidden=True)


def show_message(*, message: DiscussionMessage, actor: Account, reason: str) -> None:
    """Bring a hidden message back, with a public reason."""
    _set_message_hidden(message, actor, reason, hidden=False)


def hide_said(*, said: ThreadComment | Review, actor: Account, reason: str) -> None:
    """Put a tombstone with a public reason in the place of what was said in a review; a decision itself stays.

    Its words leave the log as well.
    """
    _set_said_hidden(said, actor, reason, hidden=True)


def show_said(*, said: ThreadComment | Review, actor: Account, reason: str) -> None:
    """Bring back what was said in a review, with a public reason."""
    _set_said_hidden(said, actor, reason, hidden=False)


def _set_message_hidden(message: DiscussionMessage, actor: Account, reason: str, *, hidden: bool) -> None:
    if not may_hide_message(actor, message):
        raise ForbiddenError("rights.moderate")
    with transaction.atomic():
        reason = _write(message, actor, reason, hidden=hidden)
        # Without the text: the log keeps for ever, and what is hidden must be hidden everywhere.
        record_event(
            tag="discussion:hidden" if hidden else "discussion:shown",
            subject=f"message:{message.pk}",
            actor=actor,
            registered_model=message.registered_model,
            reason=reason,
        )


def _set_said_hidden(said: ThreadComment | Review, actor: Account, reason: str, *, hidden: bool) -> None:
    if not may_hide_said(actor, said.version):
        raise ForbiddenError("rights.moderate_review")
    with transaction.atomic():
        reason = _write(said, actor, reason, hidden=hidden)
        hide_words(said, hidden=hidden)
        record_event(
            tag="review:said_hidden" if hidden else "review:said_shown",
            subject=said_name(said),
            actor=actor,
            version=said.version,
            reason=reason,
        )


def _write(said: DiscussionMessage | ThreadComment | Review, actor: Account, reason: str, *, hidden: bool) -> str:
    """The row's tombstone; returns the reason as it is kept."""
    reason = checked_reason(reason)
    if not reason:
        raise UserError("discussion.reason_needed", field="reason")
    rows = type(said)._default_manager.filter(pk=said.pk, hidden_at__isnull=hidden)  # noqa: SLF001  # Django's documented name
    changes = {"hidden_at": timezone.now(), "hidden_by": actor, "hidden_reason": reason}
    if not rows.update(**(changes if hidden else {"hidden_at": None, "hidden_by": None, "hidden_reason": ""})):
        raise ConflictError("lifecycle.moved_first")
    return reason
