"""What the log tells: each kind of event as words, and entries as rows of a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from registry.messages import known_codes, message_alone
from registry.models import Event

EVENT_TEXTS = {
    "model:registered": _("registered the model"),
    "account:right_given": _("gave a right"),
    "account:right_taken": _("took a right back"),
    "account:suspended": _("suspended an account"),
    "account:reinstated": _("reinstated an account"),
    "account:quota_set": _("set the quota of an account"),
    "token:created": _("created an API token"),
    "token:revoked": _("revoked an API token"),
    "version:submitted": _("submitted version %(version)s for checking"),
    "version:in_review": _("checked and tried version %(version)s, which now waits for review"),
    "version:approved": _("approved version %(version)s"),
    "version:changes_requested": _("requested changes to version %(version)s"),
    "version:rejected": _("rejected version %(version)s"),
    "version:withdrawn": _("withdrew version %(version)s"),
    "version:draft": _("reopened version %(version)s as a draft"),
    "version:retired": _("retired version %(version)s"),
    "review:comment": _("commented on version %(version)s"),
    "review:approve": _("stated approval of version %(version)s"),
    "review:line_comment": _("commented on a place of version %(version)s"),
    "review:reply": _("answered in the review of version %(version)s"),
    "review:thread_resolved": _("settled a conversation about version %(version)s"),
    "review:thread_reopened": _("reopened a conversation about version %(version)s"),
    "review:said_hidden": _("hid a comment in the review of version %(version)s"),
    "review:said_shown": _("brought a comment in the review of version %(version)s back"),
    "review:claimed": _("began to review version %(version)s"),
    "review:claim_taken_over": _("took over the review of version %(version)s"),
    "review:claim_released": _("gave back the review of version %(version)s"),
    "discussion:posted": _("began a topic in the discussion"),
    "discussion:answered": _("answered in the discussion"),
    "discussion:edited": _("changed a message of the discussion"),
    "discussion:hidden": _("hid a message of the discussion"),
    "discussion:shown": _("brought a message of the discussion back"),
    "report:filed": _("reported a problem"),
    "report:assigned": _("assigned the report"),
    "report:unassigned": _("gave the report back to everybody"),
    "report:accepted": _("accepted a report"),
    "report:dismissed": _("dismissed a report"),
    "report:open": _("opened a report again"),
    "trial:not_made": _("could not make the trial run of version %(version)s"),
    "image_build:building": _("began to build the image of version %(version)s"),
    "image_build:succeeded": _("built the image of version %(version)s"),
    "image_build:failed": _("could not build the image of version %(version)s"),
    "image_build:cancelled": _("cancelled the image build of version %(version)s"),
    "image_build:queued": _("queued the image build of version %(version)s"),
    "rollout:pending": _("queued the rollout of version %(version)s"),
    "rollout:applying": _("began to roll out version %(version)s"),
    "rollout:ready": _("put version %(version)s into production"),
    "rollout:failed": _("could not roll out version %(version)s"),
    "rollout:superseded": _("replaced version %(version)s"),
    "rollout:retired": _("took version %(version)s out of service"),
    "rollout:degraded": _("noticed that version %(version)s is down"),
    "rollout:drifted": _("saw that somebody changed version %(version)s on the cluster, and puts it back"),
    "rollout:unrouted": _("saw that the gateway leads nobody to version %(version)s"),
    "rollout:recovered": _("saw version %(version)s answer again"),
}


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One event."""

    at: datetime
    actor_name: str
    text: str
    comment: str
    url: str
    actor_path: str = ""


def event_text(event: Event) -> str:
    """What happened, as a sentence after the actor's name."""
    text = EVENT_TEXTS.get(event.tag)
    number = event.version.number if event.version else "?"
    return str(text) % {"version": number} if text else event.tag


def event_kind(tag: str) -> str:
    """A kind of event by itself: what happened to some version."""
    text = EVENT_TEXTS.get(tag)
    return capfirst(str(text) % {"version": "…"}) if text else tag


def actor_name(event: Event) -> str:
    """Whose act it was; "" for the portal itself."""
    if event.actor is not None:
        return event.actor.get_full_name()
    return gettext("A visitor") if event.tag == "report:filed" else ""


def event_comment(event: Event) -> str:
    """Why it happened: a person's words unless they are hidden, or the portal's message."""
    if event.reason_hidden:
        return str(message_alone("said.hidden").title)
    if event.actor_id is None and event.reason in known_codes():
        text = message_alone(event.reason)
        return f"{text.title}\n{text.body}".strip()
    return event.reason


def timeline_rows(events: Iterable[Event]) -> list[TimelineRow]:
    """Events as a timeline."""
    return [
        TimelineRow(
            at=event.at,
            actor_name=actor_name(event),
            text=event_text(event),
            comment=event_comment(event),
            url=reverse("registry:event", args=[event.pk]) if event.public else "",
            actor_path=reverse("registry:profile", args=[event.actor.username]) if event.actor else "",
        )
        for event in events
    ]


def tags_asked_for(asked_for: str) -> Sequence[str]:
    """The kinds that a filter means; a group, such as `version:`, means all of its kinds."""
    if asked_for.endswith(":"):
        return [tag for tag in EVENT_TEXTS if tag.startswith(asked_for)] or [asked_for]
    return [asked_for] if asked_for else []
