"""Writing the public log."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from registry.models import Account, Event, ModelVersion, RegisteredModel, UntoldEvent

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
    digest: str = "",
    public: bool = True,
) -> Event:
    """Add one row, to be told to those concerned. Call it in the transaction that makes the change it tells of."""
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
        digest=digest,
        public=public,
    )
    UntoldEvent.objects.create(event=event)
    return event


def hide_reasons(*, subject: str, actor_id: int, reason: str, hidden: bool) -> None:
    """Take a person's words out of the log, or back into it; the entries themselves stay."""
    Event.objects.filter(subject=subject, actor=actor_id, reason=reason).update(reason_hidden=hidden)
