"""Notifications as people read them, in the inbox and in mail: who did what to which model, and where that is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from registry.models import Account, Concern, DiscussionMessage, Event, Notification, VersionState
from registry.permissions import may_handle_reports, may_review
from registry.presentation.events import actor_name, event_comment, event_text

# The page of the row that an event is about, by the kind that its subject names; not every installation has them all.
PAGES = {"image_build": "deployer:build", "rollout": "deployer:rollout"}


@dataclass(frozen=True, slots=True)
class News:
    """One notification. `path` leads to the thing itself; `actor_name` is "" for the portal."""

    pk: int
    at: datetime
    unread: bool
    concern: str
    actor_name: str
    text: str
    about: str
    comment: str
    path: str

    @property
    def sentence(self) -> str:
        """Who did what, in one line."""
        # Translators: who did what, such as "Amina approved version 2".
        return _("%(who)s %(what)s") % {"who": self.actor_name or _("The portal"), "what": self.text}


def news_rows(notifications: Iterable[Notification], *, reader: Account) -> list[News]:
    """Notifications with their texts and addresses, for an account that may read them."""
    notifications = list(notifications)
    said = _texts_of_messages(notifications)
    return [
        News(
            pk=row.pk,
            at=row.event.at,
            unread=row.read_at is None,
            concern=str(Concern(row.concern).label),
            actor_name=actor_name(row.event),
            text=event_text(row.event),
            about=str(row.event.registered_model or ""),
            comment=event_comment(row.event) or said.get(row.event.subject, ""),
            path=news_path(row, reader=reader),
        )
        for row in notifications
    ]


def news_path(notification: Notification, *, reader: Account) -> str:
    """The page of what the notification is about."""
    event = notification.event
    kind, _colon, pk = event.subject.partition(":")
    if kind == "message" and event.registered_model is not None:
        # An answer's own address leads on to its place in the topic.
        model = event.registered_model
        return reverse("registry:discussion_topic", args=[model.owner.username, model.name, pk])
    if kind == "report":
        at_the_desk = notification.concern == Concern.REPORTS and may_handle_reports(reader)
        return reverse("registry:report", args=[pk]) if at_the_desk else _version_path(event)
    if kind in PAGES:
        with suppress(NoReverseMatch):
            return reverse(PAGES[kind], args=[pk])
    reviewing = notification.concern in {Concern.REVIEW, Concern.REVIEW_QUEUE} and may_review(reader)
    if reviewing and event.version is not None and event.version.state != VersionState.DRAFT:
        place = f"#thread-{pk}" if kind == "thread" else ""
        return reverse("registry:review", args=[event.version.pk]) + place
    return _version_path(event)


def _texts_of_messages(notifications: Iterable[Notification]) -> dict[str, str]:
    """What the messages say that are told of, by the event's subject; hidden ones say nothing."""
    subjects = [row.event.subject.partition(":") for row in notifications]
    ids = [int(pk) for kind, _colon, pk in subjects if kind == "message" and pk.isdecimal()]
    shown = DiscussionMessage.objects.filter(pk__in=ids, hidden_at__isnull=True)
    return {f"message:{pk}": source for pk, source in shown.values_list("pk", "source")} if ids else {}


def _version_path(event: Event) -> str:
    if event.registered_model is None:
        return reverse("registry:event", args=[event.pk]) if event.public else reverse("registry:notifications")
    address = [event.registered_model.owner.username, event.registered_model.name]
    if event.version is not None:
        return reverse("registry:version", args=[*address, event.version.number])
    return reverse("registry:model", args=address)
