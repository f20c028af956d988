"""What concerns one: notifications, what one wants to hear of, and the models that one follows."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.addresses import site_address
from registry.api.answers import ModelAnswer, model_rows
from registry.api.base import ApiView, answered, nothing
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    IntegerField,
    ListField,
    StrictSerializer,
    URLField,
)
from registry.api.operations import operation
from registry.api.paging import NEWEST_FIRST, Order, PageQuery, page_answer, page_of, shown_page
from registry.errors import NotFoundError
from registry.models import Concern, Scope
from registry.news import news_rows
from registry.permissions import may_take_part
from registry.selectors import notifications as reads
from registry.selectors.watching import is_watching, watched_models

NEWEST_EVENT_FIRST = Order(("event_id",))
TAKE_PART = {"scopes": (Scope.SUBMIT,), "right": may_take_part}
ANY_ACT = {"scopes": (Scope.SUBMIT, Scope.REVIEW, Scope.OPERATE, Scope.ADMINISTER)}
MOST_AT_ONCE = 100


class NotificationQuery(PageQuery):
    """Which notifications."""

    unread = BooleanField(required=False, help_text="True: only unread ones.")
    concern = ChoiceField(choices=Concern.choices, required=False)


class NotificationBody(StrictSerializer):
    """Whether it is read."""

    read = BooleanField()


class MarkBody(NotificationBody):
    """Which notifications are read, or not."""

    ids = ListField(
        child=IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=MOST_AT_ONCE,
        help_text="Your own; without them the whole inbox.",
    )  # fmt: skip


class MarkedAnswer(Serializer[Any]):
    """How many were changed."""

    changed = IntegerField()


class SwitchBody(StrictSerializer):
    """Where you want to hear of a concern."""

    inbox = BooleanField()
    mail = BooleanField()


class SwitchAnswer(Serializer[Any]):
    """Where you hear of a concern."""

    concern = ChoiceField(choices=Concern.choices)
    inbox = BooleanField()
    mail = BooleanField()


class SettingsBody(StrictSerializer):
    """How often mail comes."""

    daily_mail = BooleanField(help_text="True: one mail a day at most; false: one soon after the news.")


class SettingsAnswer(Serializer[Any]):
    """What you hear of, where and how often."""

    daily_mail = BooleanField()
    address = CharField(allow_blank=True, help_text="Where mail goes; empty: there is no confirmed address.")
    switches = SwitchAnswer(many=True, help_text="Of the concerns that can reach you.")


class WatchingAnswer(Serializer[Any]):
    """Whether you follow a model."""

    watching = BooleanField()


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


class Mark(ApiView):
    """Many notifications at once."""

    tag = "Notifications"

    @operation(
        name="mark_notifications", summary="Mark notifications, or the whole inbox, read or unread.", **ANY_ACT,
        body=MarkBody, answer=MarkedAnswer,
    )  # fmt: skip
    def post(self, request: Request, given: Mapping[str, Any]) -> Response:
        """How many were changed; others' notifications are left alone."""
        del request
        return answered(MarkedAnswer, {"changed": services.mark_read(account=self.account(), **given)})


class Settings(ApiView):
    """What one wants to hear of."""

    tag = "Notifications"

    @operation(
        name="read_notification_settings", summary="Read what you hear of, where and how often.", scopes=tuple(Scope),
        answer=SettingsAnswer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The pace and a switch for each concern."""
        del request
        return self._shown()

    @operation(
        name="set_mail_pace", summary="Choose how often mail comes.", **ANY_ACT, body=SettingsBody,
        answer=SettingsAnswer,
    )  # fmt: skip
    def put(self, request: Request, given: Mapping[str, Any]) -> Response:
        """The settings as they are afterwards."""
        del request
        services.set_mail_pace(account=self.account(), daily=given["daily_mail"])
        self.account().refresh_from_db(fields=["daily_mail"])
        return self._shown()

    def _shown(self) -> Response:
        account = self.account()
        body = {
            "daily_mail": account.daily_mail,
            "address": reads.mail_address(account),
            "switches": reads.switches_of(account),
        }
        return answered(SettingsAnswer, body)


class OneSwitch(ApiView):
    """What one hears of one concern."""

    tag = "Notifications"

    @operation(
        name="set_notification_switch", summary="Choose where you hear of a concern.", **ANY_ACT, body=SwitchBody,
        answer=SwitchAnswer,
    )  # fmt: skip
    def put(self, request: Request, concern: str, given: Mapping[str, Any]) -> Response:
        """The switch; 404 for a concern that there is not."""
        del request
        if concern not in Concern.values:
            raise NotFoundError("notification.unknown_concern")
        services.set_switch(account=self.account(), concern=concern, **given)
        return answered(SwitchAnswer, {"concern": concern, **given})


class WatchedModels(ApiView):
    """The models that one follows."""

    tag = "Notifications"

    @operation(
        name="list_watched_models", summary="List the models that you follow, your own among them.",
        scopes=tuple(Scope), query=PageQuery, answer=page_answer(ModelAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of models."""
        found = watched_models(self.account())
        page = page_of(found, order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        shown = shown_page(request, page, lambda rows: model_rows(request, rows))
        return answered(page_answer(ModelAnswer), shown)


class Watching(ApiView):
    """Whether one follows a model."""

    tag = "Notifications"

    @operation(
        name="read_watch", summary="Read whether you follow a model.", scopes=tuple(Scope), answer=WatchingAnswer
    )
    def get(self, request: Request, owner: str, name: str) -> Response:
        """By your choice, else for owning it."""
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        return answered(WatchingAnswer, {"watching": is_watching(user=self.account(), registered_model=model)})

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
