"""The public log: filtered, and read by keys instead of page numbers, so that its age costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from registry.errors import NotFoundError
from registry.models import Account, Event, RegisteredModel

DECISIONS = ("version:approved", "version:rejected", "version:retired", "version:in_review", "rollout:ready")
# Rows that were added at the same time may have come in another order than their clocks say.
_DISORDER = 1000
_FEW = 500
_NOBODY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What of the log somebody wants to see. `tags` empty: all. `since` and `until` are days in UTC, both included."""

    tags: Sequence[str] = ()
    owner: str = ""
    model: str = ""
    actor: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """A stretch of the log, newest first. `older` and `newer` are the ids to go on from, None at the log's end."""

    events: list[Event]
    older: int | None
    newer: int | None


def public_events(*, tag: str = "", registered_model: RegisteredModel | None = None) -> QuerySet[Event]:
    """The public log, newest first."""
    events = Event.objects.filter(public=True).select_related("actor", "registered_model__owner", "version")
    if tag:
        events = events.filter(tag=tag)
    if registered_model is not None:
        events = events.filter(registered_model=registered_model)
    return events.order_by("-pk")


def logged(wanted: LogFilter) -> QuerySet[Event]:
    """The public log as it is wanted, newest first. Names are looked up first, so that ids bound what is read."""
    events = public_events()
    if len(wanted.tags) == 1:
        events = events.filter(tag=wanted.tags[0])
    elif wanted.tags:
        events = _of_tags(events, wanted.tags)
    if wanted.model and wanted.owner:
        models = RegisteredModel.objects.filter(owner__username=wanted.owner, name=wanted.model)
        events = events.filter(registered_model=models.values_list("pk", flat=True).first() or _NOBODY)
    elif wanted.model:
        events = events.filter(registered_model__name=wanted.model)
    elif wanted.owner:
        events = events.filter(registered_model__owner=_account(wanted.owner))
    if wanted.actor:
        events = events.filter(actor=_account(wanted.actor))
    if wanted.since:
        events = _from(events, _midnight(wanted.since))
    if wanted.until:
        events = _before(events, _midnight(wanted.until) + timedelta(days=1))
    return events


def log_page(wanted: LogFilter, *, before: int | None, after: int | None, size: int) -> LogPage:
    """`size` events before or after an id, the newest ones by default; as many queries however far back."""
    events = logged(wanted)
    if after is not None:
        rows = list(events.filter(pk__gt=after).order_by("pk")[: size + 1])
        more_newer, rows = len(rows) > size, rows[:size][::-1]
        more_older = bool(rows) and events.filter(pk__lt=rows[-1].pk).exists()
    else:
        rows = list((events if before is None else events.filter(pk__lt=before))[: size + 1])
        more_older, rows = len(rows) > size, rows[:size]
        more_newer = before is not None and bool(rows) and events.filter(pk__gt=rows[0].pk).exists()
    return LogPage(rows, rows[-1].pk if more_older else None, rows[0].pk if more_newer else None)


def latest_decisions(limit: int) -> list[Event]:
    """What visitors care about: what came up for review, was decided, or went into production."""
    return list(public_events().filter(tag__in=DECISIONS)[:limit])


def event_by_id(pk: int) -> Event:
    """One public event."""
    found = public_events().filter(pk=pk).first()
    if found is None:
        raise NotFoundError("event.unknown")
    return found


def _account(username: str) -> int:
    return Account.objects.filter(username=username).values_list("pk", flat=True).first() or _NOBODY


def _of_tags(events: QuerySet[Event], tags: Sequence[str]) -> QuerySet[Event]:
    """Where the log has few of them, looking for them from its newest entry on would read all of it."""
    few = list(Event.objects.filter(tag__in=tags).order_by().values_list("pk", flat=True)[: _FEW + 1])
    return events.filter(tag__in=tags) if len(few) > _FEW else events.filter(pk__in=few)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _from(events: QuerySet[Event], moment: datetime) -> QuerySet[Event]:
    """Since a moment. Its place among the ids bounds what is read; the time itself decides."""
    first = Event.objects.filter(at__gte=moment).order_by("at").values_list("pk", flat=True).first()
    return events.none() if first is None else events.filter(at__gte=moment, pk__gte=first - _DISORDER)


def _before(events: QuerySet[Event], moment: datetime) -> QuerySet[Event]:
    last = Event.objects.filter(at__lt=moment).order_by("-at").values_list("pk", flat=True).first()
    return events.none() if last is None else events.filter(at__lt=moment, pk__lte=last + _DISORDER)
