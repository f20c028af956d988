"""The desk around a decision: who is looking at a version, and the conversation about its lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.addresses import absolute
from registry.api.base import ApiView, answered, nothing
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    IntegerField,
    StrictSerializer,
)
from registry.api.idempotency import Repetition
from registry.api.operations import operation
from registry.api.paging import Order, PageQuery, page_answer, page_of, shown_page
from registry.models import ReviewClaim, ReviewThread, Scope, ThreadComment, ThreadSubject
from registry.permissions import may_review
from registry.selectors import threads as reads
from registry.selectors.desk import viewed_files
from registry.selectors.queue import current_claims

OLDEST_FIRST = Order(("pk",), descending=False)
DISCUSSING = {"scopes": (Scope.SUBMIT, Scope.REVIEW)}
REVIEWING = {"scopes": (Scope.REVIEW,), "right": may_review}
LONGEST = 20_000


class ClaimBody(StrictSerializer):
    """Whether to take the version from somebody else."""

    take_over = BooleanField(required=False, default=False)


class ClaimAnswer(Serializer[Any]):
    """Who is looking at the version, and until when; it blocks nobody."""

    reviewer = CharField(allow_null=True, help_text="Null: nobody.")
    claimed_at = DateTimeField(allow_null=True)
    expires_at = DateTimeField(allow_null=True)


class ViewedBody(StrictSerializer):
    """The bytes that you looked at."""

    sha256 = CharField(min_length=64, max_length=64, help_text="As the list of files gave it when you looked.")
    viewed = BooleanField()


class ViewedAnswer(Serializer[Any]):
    """Your own tick on a file of the present content."""

    path = CharField()
    sha256 = CharField()
    viewed = BooleanField(help_text="Other bytes under the same name need another look.")


class ViewedFilesAnswer(Serializer[Any]):
    """Your own ticks, one per file."""

    files = ViewedAnswer(many=True)


class ThreadQuery(PageQuery):
    """Which conversations."""

    carried = BooleanField(
        required=False, default=False, help_text="True: also those of earlier versions that nobody settled."
    )


class CommentBody(StrictSerializer):
    """What you say."""

    body = CharField(max_length=LONGEST, help_text="Markdown.")


class ThreadBody(CommentBody):
    """A first comment, and the place that it is about."""

    content_digest = CharField(max_length=71, help_text="As the version gave it when you looked.")
    subject = ChoiceField(choices=ThreadSubject.choices, required=False, default=ThreadSubject.CARD)
    line = IntegerField(min_value=1, max_value=10**6, required=False, help_text="A line of the card, from 1.")
    path = CharField(max_length=200, required=False, default="", allow_blank=True, help_text="A file's path.")
    position = IntegerField(min_value=1, max_value=10**3, required=False, help_text="An example's number.")


class ResolvedBody(StrictSerializer):
    """Whether the thread is settled."""

    resolved = BooleanField()


class CommentAnswer(Serializer[Any]):
    """One statement."""

    id = IntegerField()
    author = CharField()
    body = CharField(allow_blank=True, help_text="Markdown; empty while it is hidden.")
    created_at = DateTimeField()
    hidden = BooleanField()
    hidden_reason = CharField(allow_blank=True)


class ThreadAnswer(Serializer[Any]):
    """A conversation about one place of a version."""

    id = IntegerField()
    version = IntegerField(help_text="The id of the version in whose review it began.")
    subject = ChoiceField(choices=ThreadSubject.choices)
    line = IntegerField(allow_null=True, help_text="In the card of `revision`.")
    path = CharField(allow_blank=True)
    position = IntegerField(allow_null=True)
    revision = IntegerField()
    resolved = BooleanField()
    created_at = DateTimeField()
    comments = CommentAnswer(many=True)


class Claim(ApiView):
    """Who is looking at a version."""

    tag = "Reviews"

    @operation(name="read_claim", summary="Read who is looking at a version.", **REVIEWING, answer=ClaimAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The claim that has not ended, if there is one."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        return answered(ClaimAnswer, claim_row(current_claims([version.pk]).get(version.pk)))

    @operation(
        name="claim_version", summary="Tell the others that you are looking at a version.",
        description="409 while somebody else does, unless you take over.", **REVIEWING, body=ClaimBody,
        answer=ClaimAnswer,
    )  # fmt: skip
    def put(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The claim."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        claim = services.claim_version(version=version, actor=self.account(), **given)
        return answered(ClaimAnswer, claim_row(claim))

    @operation(name="release_claim", summary="Give your claim back.", **REVIEWING, status=HTTPStatus.NO_CONTENT)
    def delete(self, request: Request, pk: int) -> Response:
        """It is free; without a claim nothing happens."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        services.release_claim(version=version, actor=self.account())
        return nothing()


class ViewedFiles(ApiView):
    """One's own ticks on the files of a version."""

    tag = "Reviews"

    @operation(
        name="list_viewed_files", summary="List which files of a version you looked at.", **REVIEWING,
        answer=ViewedFilesAnswer,
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """All files; a limit keeps them few."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        ticked = viewed_files(version, request.user)
        rows = [
            {"path": file.path, "sha256": file.blob_id, "viewed": ticked.get(file.path) == file.blob_id}
            for file in selectors.files_of(version)
        ]
        return answered(ViewedFilesAnswer, {"files": rows})


class OneViewedFile(ApiView):
    """One's own tick on one file."""

    tag = "Reviews"

    @operation(
        name="mark_file_viewed", summary="Tick a file that you looked at, or take the tick back.",
        description="409 if the file has other bytes by now.", **REVIEWING, body=ViewedBody, answer=ViewedAnswer,
    )  # fmt: skip
    def put(self, request: Request, version_id: int, pk: int, given: Mapping[str, Any]) -> Response:
        """The tick."""
        version = selectors.version_by_id(pk=version_id, user=request.user)
        path = selectors.file_of(version=version, pk=pk).path
        services.mark_file_viewed(version=version, reviewer=self.account(), path=path, **given)
        return answered(ViewedAnswer, {"path": path, **given})


class Threads(ApiView):
    """The conversations about a version."""

    tag = "Reviews"

    @operation(
        name="list_threads", summary="List the conversations about a version's lines, oldest first.", query=ThreadQuery,
        answer=page_answer(ThreadAnswer),
    )  # fmt: skip
    def get(self, request: Request, pk: int, query: Mapping[str, Any]) -> Response:
        """A page of threads with their comments."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        found = reads.threads_in_play(version) if query["carried"] else reads.threads_of(version)
        page = page_of(found, order=OLDEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        return answered(page_answer(ThreadAnswer), shown_page(request, page, thread_rows))

    @operation(
        name="open_thread", summary="Comment on a line of the card, a file or an example.", **DISCUSSING,
        body=ThreadBody, answer=ThreadAnswer, status=HTTPStatus.CREATED, repetition=Repetition.APART,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The thread."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        thread = services.post_line_comment(version=version, author=self.account(), **given)
        location = absolute(request, "api:thread", thread.pk)
        return answered(ThreadAnswer, thread_rows([thread])[0], status=HTTPStatus.CREATED, location=location)


class OneThread(ApiView):
    """One conversation."""

    tag = "Reviews"

    @operation(name="read_thread", summary="Read a conversation.", answer=ThreadAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The thread with its comments."""
        return answered(ThreadAnswer, thread_rows([reads.thread_by_id(pk=pk, user=request.user)])[0])

    @operation(
        name="resolve_thread", summary="Settle a thread, or open it again.", **DISCUSSING, body=ResolvedBody,
        answer=ThreadAnswer,
    )  # fmt: skip
    def put(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The thread."""
        thread = reads.thread_by_id(pk=pk, user=request.user)
        services.resolve_thread(thread=thread, actor=self.account(), **given)
        return answered(ThreadAnswer, thread_rows([reads.thread_by_id(pk=pk, user=request.user)])[0])


class Comments(ApiView):
    """The statements of one conversation."""

    tag = "Reviews"

    @operation(
        name="reply_to_thread", summary="Answer in a thread.", **DISCUSSING, body=CommentBody, answer=CommentAnswer,
        status=HTTPStatus.CREATED, repetition=Repetition.APART,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The comment."""
        thread = reads.thread_by_id(pk=pk, user=request.user)
        comment = services.reply_to_thread(thread=thread, author=self.account(), **given)
        return answered(CommentAnswer, comment_row(comment), status=HTTPStatus.CREATED)


def claim_row(claim: ReviewClaim | None) -> dict[str, object]:
    """Who is looking, and until when."""
    if claim is None:
        return {"reviewer": None, "claimed_at": None, "expires_at": None}
    return {"reviewer": claim.reviewer.username, "claimed_at": claim.claimed_at, "expires_at": claim.expires_at}


def thread_rows(threads: Iterable[ReviewThread]) -> list[dict[str, object]]:
    """Threads with their comments."""
    names = ("subject", "line", "path", "position", "revision", "created_at")
    return [
        {
            **{name: getattr(thread, name) for name in names},
            "id": thread.pk,
            "version": thread.version_id,
            "resolved": thread.resolved_at is not None,
            "comments": [comment_row(comment) for comment in thread.comments.all()],
        }
        for thread in threads
    ]


def comment_row(comment: ThreadComment) -> dict[str, object]:
    """A statement with its author's name."""
    return {
        "id": comment.pk,
        "author": comment.author.username,
        "body": "" if comment.is_hidden else comment.body,
        "created_at": comment.created_at,
        "hidden": comment.is_hidden,
        "hidden_reason": comment.hidden_reason,
    }
