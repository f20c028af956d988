"""The public log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors
from registry.api.addresses import absolute
from registry.api.answers import ModelRefAnswer, model_ref
from registry.api.base import ApiView, answered
from registry.api.fields import CharField, DateField, DateTimeField, IntegerField, URLField
from registry.api.operations import operation
from registry.api.paging import NEWEST_FIRST, PageQuery, page_answer, page_of, shown_page
from registry.errors import UserError
from registry.models import Event
from registry.presentation.events import event_comment, event_text, tags_asked_for
from registry.selectors import LogFilter


class EventQuery(PageQuery):
    """Which entries."""

    tag = CharField(
        required=False,
        max_length=60,
        help_text="Only this kind, as in “version:approved”, or a group, as in “version:”.",
    )
    model = CharField(required=False, max_length=80, help_text="Only about this model, as “owner/name”.")
    actor = CharField(required=False, max_length=150, help_text="Only what this user did.")
    since = DateField(required=False, help_text="A day in UTC, which is included.")
    until = DateField(required=False, help_text="A day in UTC, which is included.")


class EventAnswer(Serializer[Any]):
    """One thing that happened."""

    id = IntegerField()
    at = DateTimeField()
    tag = CharField()
    actor = CharField(allow_null=True, help_text="Null: the portal itself.")
    text = CharField()
    reason = CharField(allow_blank=True)
    model = ModelRefAnswer(allow_null=True)
    version = IntegerField(allow_null=True, help_text="The version's id.")
    subject = CharField()
    from_state = CharField(allow_blank=True)
    to_state = CharField(allow_blank=True)
    digest = CharField(allow_blank=True)
    url = URLField()
    page_url = URLField()


class Events(ApiView):
    """The log."""

    tag = "Log"

    @operation(
        name="list_events", summary="Read the public log, newest first.", query=EventQuery,
        answer=page_answer(EventAnswer), errors=(HTTPStatus.NOT_FOUND,),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of the log."""
        owner, slash, name = query.get("model", "").partition("/")
        if owner and not slash:
            raise UserError("model.bad_name", field="model", name=owner)
        if owner:
            selectors.model_named(user=request.user, owner=owner, name=name)  # a slip shall not look like silence
        wanted = LogFilter(
            tags=tags_asked_for(query.get("tag", "")),
            owner=owner,
            model=name,
            actor=query.get("actor", ""),
            since=query.get("since"),
            until=query.get("until"),
        )
        found = selectors.logged(wanted)
        page = page_of(found, order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        shown = shown_page(request, page, lambda rows: event_rows(request, rows))
        return answered(page_answer(EventAnswer), shown)


class OneEvent(ApiView):
    """One entry."""

    tag = "Log"

    @operation(name="read_event", summary="Read one entry of the log.", answer=EventAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The entry."""
        return answered(EventAnswer, event_rows(request, [selectors.event_by_id(pk)])[0])


def event_rows(request: HttpRequest, events: Iterable[Event]) -> list[dict[str, object]]:
    """Entries with their texts."""
    return [
        {
            "id": event.pk,
            "at": event.at,
            "tag": event.tag,
            "actor": event.actor.username if event.actor else None,
            "text": event_text(event),
            "reason": event_comment(event),
            "model": model_ref(request, event.registered_model) if event.registered_model else None,
            "version": event.version_id,
            "subject": event.subject,
            "from_state": event.from_state,
            "to_state": event.to_state,
            "digest": event.digest,
            "url": absolute(request, "api:event", event.pk),
            "page_url": absolute(request, "registry:event", event.pk),
        }
        for event in events
    ]
