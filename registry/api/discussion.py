"""What people say about a model: topics, answers, editing one's own, hiding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.addresses import absolute, site_address
from registry.api.base import ApiView, answered
from registry.api.fields import BooleanField, CharField, DateTimeField, IntegerField, StrictSerializer, URLField
from registry.api.idempotency import Repetition
from registry.api.operations import operation
from registry.api.paging import Order, PageQuery, page_answer, page_of, shown_page
from registry.models import DiscussionMessage, RegisteredModel, Scope
from registry.permissions import may_take_part
from registry.presentation.addresses import message_path
from registry.reasons import LONGEST_REASON
from registry.selectors import discussion as reads

NEWEST_WORD_FIRST = Order(("newest_at", "pk"))
OLDEST_FIRST = Order(("pk",), descending=False)
TAKE_PART = {"scopes": (Scope.SUBMIT,), "right": may_take_part}
LONGEST = 20_000


class MessageBody(StrictSerializer):
    """What you say."""

    text = CharField(max_length=LONGEST, help_text="Markdown; at most 20 kB.")


class HiddenBody(StrictSerializer):
    """Whether a message is hidden, and why; the reason is public."""

    hidden = BooleanField()
    reason = CharField(max_length=LONGEST_REASON)


class MessageAnswer(Serializer[Any]):
    """A topic, or an answer to one."""

    id = IntegerField()
    topic = IntegerField(allow_null=True, help_text="The topic that it answers; null for a topic.")
    author = CharField()
    text = CharField(allow_blank=True, help_text="Markdown; empty while it is hidden.")
    created_at = DateTimeField()
    edited_at = DateTimeField(allow_null=True)
    hidden = BooleanField()
    hidden_reason = CharField(allow_blank=True)
    url = URLField()
    page_url = URLField()


class TopicAnswer(MessageAnswer):
    """A topic with how much was said to it."""

    answers = IntegerField(help_text="How many can be read.")
    newest_at = DateTimeField(help_text="When the newest word was said.")


class DiscussionView(ApiView):
    """What all resources of a discussion have in common."""

    tag = "Discussion"

    def _model(self, request: Request, owner: str, name: str) -> RegisteredModel:
        return selectors.model_named(user=request.user, owner=owner, name=name)

    def _message(self, request: Request, owner: str, name: str, pk: int) -> DiscussionMessage:
        return reads.message_of(registered_model=self._model(request, owner, name), pk=pk)

    def _again(self, request: Request, message: DiscussionMessage, status: HTTPStatus = HTTPStatus.OK) -> Response:
        found = reads.message_of(registered_model=message.registered_model, pk=message.pk)
        row = message_row(request, found)
        return answered(MessageAnswer, row, status=status, location=row["url"] if status != HTTPStatus.OK else "")


class Topics(DiscussionView):
    """The topics about one model."""

    @operation(
        name="list_topics", summary="List the topics about a model, those with the newest word first.",
        query=PageQuery, answer=page_answer(TopicAnswer),
    )  # fmt: skip
    def get(self, request: Request, owner: str, name: str, query: Mapping[str, Any]) -> Response:
        """A page of topics."""
        found = reads.topics_of(self._model(request, owner, name)).select_related("registered_model__owner")
        page = page_of(found, order=NEWEST_WORD_FIRST, cursor=query.get("cursor"), limit=query["limit"])

        def shown(rows: Iterable[Any]) -> Iterable[dict[str, Any]]:
            for topic in rows:
                yield {**message_row(request, topic), "answers": topic.answer_count, "newest_at": topic.newest_at}

        return answered(page_answer(TopicAnswer), shown_page(request, page, shown))

    @operation(
        name="open_topic", summary="Say something about a model; you follow it from then on.", **TAKE_PART,
        body=MessageBody, answer=MessageAnswer, status=HTTPStatus.CREATED, repetition=Repetition.APART,
    )  # fmt: skip
    def post(self, request: Request, owner: str, name: str, given: Mapping[str, Any]) -> Response:
        """The topic."""
        model = self._model(request, owner, name)
        message = services.post_message(registered_model=model, author=self.account(), **given)
        return self._again(request, message, HTTPStatus.CREATED)


class OneMessage(DiscussionView):
    """One topic or answer."""

    @operation(name="read_message", summary="Read a topic or an answer.", answer=MessageAnswer)
    def get(self, request: Request, owner: str, name: str, pk: int) -> Response:
        """The message."""
        return answered(MessageAnswer, message_row(request, self._message(request, owner, name, pk)))

    @operation(
        name="edit_message", summary="Change what you said within a day; what it said before stays readable.",
        **TAKE_PART, body=MessageBody, answer=MessageAnswer,
    )  # fmt: skip
    def patch(self, request: Request, owner: str, name: str, pk: int, given: Mapping[str, Any]) -> Response:
        """The message as it is afterwards."""
        message = self._message(request, owner, name, pk)
        services.edit_message(message=message, actor=self.account(), **given)
        return self._again(request, message)


class Answers(DiscussionView):
    """The answers to one topic."""

    @operation(
        name="list_answers", summary="List the answers to a topic, oldest first.", query=PageQuery,
        answer=page_answer(MessageAnswer),
    )  # fmt: skip
    def get(self, request: Request, owner: str, name: str, pk: int, query: Mapping[str, Any]) -> Response:
        """A page of answers."""
        found = reads.answers_to(self._message(request, owner, name, pk))
        page = page_of(found, order=OLDEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        shown = shown_page(request, page, lambda rows: [message_row(request, row) for row in rows])
        return answered(page_answer(MessageAnswer), shown)

    @operation(
        name="answer_topic", summary="Answer a topic; you follow the model from then on.", **TAKE_PART,
        body=MessageBody, answer=MessageAnswer, status=HTTPStatus.CREATED, repetition=Repetition.APART,
    )  # fmt: skip
    def post(self, request: Request, owner: str, name: str, pk: int, given: Mapping[str, Any]) -> Response:
        """The answer."""
        topic = self._message(request, owner, name, pk)
        message = services.post_message(
            registered_model=topic.registered_model, author=self.account(), topic=topic, **given
        )
        return self._again(request, message, HTTPStatus.CREATED)


class Hidden(DiscussionView):
    """Whether a message is hidden."""

    @operation(
        name="hide_message", summary="Hide a message that breaks the rules, or bring it back.",
        description="A tombstone with the reason stands in its place. Nobody moderates what is said about their own.",
        scopes=(Scope.REVIEW, Scope.ADMINISTER), body=HiddenBody, answer=MessageAnswer,
    )  # fmt: skip
    def put(self, request: Request, owner: str, name: str, pk: int, given: Mapping[str, Any]) -> Response:
        """The message as it is afterwards."""
        message = self._message(request, owner, name, pk)
        act = services.hide_message if given["hidden"] else services.show_message
        act(message=message, actor=self.account(), reason=given["reason"])
        return self._again(request, message)


def message_row(request: HttpRequest, message: DiscussionMessage) -> dict[str, Any]:
    """A message; what is hidden is hidden here as well."""
    model, hidden = message.registered_model, message.hidden_at is not None
    return {
        "id": message.pk,
        "topic": message.topic_id,
        "author": message.author.username,
        "text": "" if hidden else message.source,
        "created_at": message.created_at,
        "edited_at": message.edited_at,
        "hidden": hidden,
        "hidden_reason": message.hidden_reason,
        "url": absolute(request, "api:message", model.owner.username, model.name, message.pk),
        "page_url": site_address(request, message_path(message)),
    }
