"""What concerns one: notifications, and watching models."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.addresses import site_address
from registry.api.base import ApiView, answered, nothing
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    IntegerField,
    StrictSerializer,
    URLField,
)
from registry.api.operations import operation
from registry.api.paging import Order, PageQuery, page_answer, page_of, shown_page
from registry.models import Concern, Scope
from registry.news import news_rows
from registry.permissions import may_take_part
from registry.selectors import notifications as reads

NEWEST_EVENT_FIRST = Order(("event_id",))
TAKE_PART = {"scopes": (Scope.SUBMIT,), "right": may_take_part}
ANY_ACT = {"scopes": (Scope.SUBMIT, Scope.REVIEW, Scope.OPERATE)}


class NotificationQuery(PageQuery):
    """Which notifications."""

    unread = BooleanField(required=False, help_text="True: only unread ones.")
    concern = ChoiceField(choices=Concern.choices, required=False)


class NotificationBody(StrictSerializer):
    """Whether it is read."""

    read = BooleanField()


class NotificationAnswer(Serializer[Any]):
    """Something that happened and concerns you."""

    id = IntegerField()
    at = DateTimeField()
    unread = BooleanField()
    concern = ChoiceField(choices=Concern.choices)
    actor = CharField(allow_blank=True, help_text="Empty: the portal itself.")
    text = CharField()
    about = CharField(allow_blank=True)
    comment = CharField(allow_blank=True)
    page_url = URLField()


class Notifications(ApiView):
    """The inbox."""

    tag = "Notifications"

    @operation(
        name="list_notifications", summary="List what concerns you, newest first.", scopes=tuple(Scope),
        query=NotificationQuery, answer=page_answer(NotificationAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of the inbox."""
        account = self.account()
        found = reads.inbox(account, unread_only=query.get("unread", False), concern=query.get("concern", ""))
        page = page_of(found, order=NEWEST_EVENT_FIRST, cursor=query.get("cursor"), limit=query["limit"])

        def shown(rows: Any) -> list[dict[str, object]]:
            return [
                {
                    "id": news.pk,
                    "at": news.at,
                    "unread": news.unread,
                    "concern": row.concern,
                    "actor": news.actor_name,
                    "text": news.text,
                    "about": news.about,
                    "comment": news.comment,
                    "page_url": site_address(request, news.path),
                }
                for news, row in zip(news_rows(rows, reader=account), rows, strict=True)
            ]

        return answered(page_answer(NotificationAnswer), shown_page(request, page, shown))


class OneNotification(ApiView):
    """One notification."""

    tag = "Notifications"

    @operation(
        name="mark_notification", summary="Mark a notification read or unread.", **ANY_ACT, body=NotificationBody,
        status=HTTPStatus.NO_CONTENT,
    )  # fmt: skip
    def put(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """It is marked; another's does not exist."""
        del request
        reads.own_notification(account=self.account(), pk=pk)
        services.mark_read(account=self.account(), ids=[pk], read=given["read"])
        return nothing()


class Watching(ApiView):
    """Whether one follows a model."""

    tag = "Notifications"

    @operation(name="watch_model", summary="Follow a model.", **TAKE_PART, status=HTTPStatus.NO_CONTENT)
    def put(self, request: Request, owner: str, name: str) -> Response:
        """You hear of it from now on."""
        return self._set(request, owner, name, watching=True)

    @operation(name="unwatch_model", summary="Follow a model no longer.", **TAKE_PART, status=HTTPStatus.NO_CONTENT)
    def delete(self, request: Request, owner: str, name: str) -> Response:
        """You hear of it no more, even if it is your own."""
        return self._set(request, owner, name, watching=False)

    def _set(self, request: Request, owner: str, name: str, *, watching: bool) -> Response:
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        services.watch_model(registered_model=model, account=self.account(), watching=watching)
        return nothing()
