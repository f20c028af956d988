"""Writing the public log."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from registry.models import Account, Event, ModelVersion, RegisteredModel, Review, ThreadComment, UntoldEvent

Actor = Account | None
"""Who did it; None is the portal itself."""


def as_actor(user: AbstractBaseUser | AnonymousUser) -> Account | None:
    """The account behind a request, or None for a visitor."""
    return user if isinstance(user, Account) else None


def record_event(
    *,
    tag: str,
    subject: str,
    actor: Actor,
    registered_model: RegisteredModel | None = None,
    version: ModelVersion | None = None,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    said: str = "",
    digest: str = "",
    public: bool = True,
) -> Event:
    """Add one row, to be told to those concerned. Call it in the transaction that makes the change it tells of.

    `said` names the statement, as `said_name` does, whose words are the reason.
    """
    if version is not None and registered_model is None:
        registered_model = version.registered_model
    event = Event.objects.create(
        tag=tag,
        subject=subject,
        actor=actor,
        registered_model=registered_model,
        version=version,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        said=said,
        digest=digest,
        public=public,
    )
    UntoldEvent.objects.create(event=event)
    return event


def said_name(said: ThreadComment | Review) -> str:
    """What the log calls a statement of a review."""
    return f"review:{said.pk}" if isinstance(said, Review) else f"comment:{said.pk}"


def hide_words(said: ThreadComment | Review, *, hidden: bool) -> None:
    """Take a statement's words out of the log, or back into it; the entries themselves stay."""
    if Event.objects.filter(said=said_name(said)).update(reason_hidden=hidden):
        return
    # Entries of former releases name no statement: there the same words of the same person are taken for it.
    if isinstance(said, Review):
        subject, author, words = f"version:{said.version_id}", said.reviewer_id, said.comment
    else:
        subject, author, words = f"thread:{said.thread_id}", said.author_id, said.body
    if words:
        Event.objects.filter(said="", subject=subject, actor=author, reason=words).update(reason_hidden=hidden)
