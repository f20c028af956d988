"""Conversations about a line of the card, a file or an example: opening, answering, resolving."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from registry.card_diff import card_lines, section_of
from registry.cards import render_comment
from registry.errors import ConflictError, ForbiddenError, NotFoundError, UserError
from registry.events import record_event, said_name
from registry.models import Account, ModelVersion, ReviewThread, ThreadComment, ThreadSubject, VersionState
from registry.permissions import may_discuss

MOST_THREADS = 200
MOST_COMMENTS = 100
FIELD = "body"


def post_line_comment(
    *,
    version: ModelVersion,
    author: Account,
    body: str,
    content_digest: str,
    subject: str = ThreadSubject.CARD,
    line: int | None = None,
    path: str = "",
    position: int | None = None,
) -> ReviewThread:
    """Open a thread about the content that the author saw, which `content_digest` names.

    `line` (from 1) names a line of the card, `path` a file, `position` an example, as `subject` says.
    """
    _require_discussing(author, version)
    body = body.strip()
    if not body:
        raise UserError("review.message_needed", field=FIELD)
    body_html = render_comment(body, field=FIELD)
    with transaction.atomic():
        current = ModelVersion.objects.select_for_update().get(pk=version.pk)
        if current.state != VersionState.IN_REVIEW:
            raise ConflictError("review.not_in_review", state=current.state)
        if current.content_digest != content_digest:
            raise ConflictError("review.content_changed")
        if current.threads.count() >= MOST_THREADS:
            raise ConflictError("thread.too_many", field=FIELD, limit=MOST_THREADS)
        thread = ReviewThread.objects.create(
            version=current,
            revision=current.revision,
            content_digest=content_digest,
            opened_by=author,
            **_place(current, subject, line, path, position),
        )
        comment = ThreadComment.objects.create(thread=thread, author=author, body=body, body_html=body_html)
        _record("review:line_comment", thread, author, comment)
    return thread


def reply_to_thread(*, thread: ReviewThread, author: Account, body: str) -> ThreadComment:
    """Add a comment. A resolved thread stays resolved: whoever disagrees reopens it."""
    _require_discussing(author, thread.version)
    body = body.strip()
    if not body:
        raise UserError("review.message_needed", field=FIELD)
    body_html = render_comment(body, field=FIELD)
    with transaction.atomic():
        current = ReviewThread.objects.select_for_update().get(pk=thread.pk)
        if current.comments.count() >= MOST_COMMENTS:
            raise ConflictError("thread.too_long", field=FIELD, limit=MOST_COMMENTS)
        comment = ThreadComment.objects.create(thread=current, author=author, body=body, body_html=body_html)
        _record("review:reply", thread, author, comment)
    return comment


def resolve_thread(*, thread: ReviewThread, actor: Account, resolved: bool = True) -> None:
    """Mark a thread as settled, or open it again; what it is already stays as it is."""
    _require_discussing(actor, thread.version)
    with transaction.atomic():
        rows = ReviewThread.objects.filter(pk=thread.pk, resolved_at__isnull=resolved)
        changes = {"resolved_at": timezone.now(), "resolved_by": actor} if resolved else {}
        if rows.update(**(changes or {"resolved_at": None, "resolved_by": None})):
            tag = "review:thread_resolved" if resolved else "review:thread_reopened"
            _record(tag, thread, actor)


def _require_discussing(user: Account, version: ModelVersion) -> None:
    if not may_discuss(user, version):
        raise ForbiddenError("rights.discuss")


def _place(
    version: ModelVersion, subject: str, line: int | None, path: str, position: int | None
) -> dict[str, str | int | None]:
    """The thread's columns that say what it is about; a place that the version lacks is a `NotFoundError`."""
    if subject == ThreadSubject.CARD and line is not None:
        lines = card_lines(version.card_source)
        if not 1 <= line <= len(lines):
            raise NotFoundError("thread.no_such_line", field="line", line=line)
        section = section_of(lines, line - 1)[:200]
        return {"subject": subject, "line": line, "line_text": lines[line - 1], "section": section}
    if subject == ThreadSubject.FILE:
        if not version.files.filter(path=path).exists():
            raise NotFoundError("file.unknown", path=path)
        return {"subject": subject, "path": path}
    if (
        subject == ThreadSubject.EXAMPLE
        and position is not None
        and version.examples.filter(position=position).exists()
    ):
        return {"subject": subject, "position": position}
    raise UserError("thread.no_such_place", field=FIELD)


def _record(tag: str, thread: ReviewThread, actor: Account, comment: ThreadComment | None = None) -> None:
    record_event(
        tag=tag,
        subject=f"thread:{thread.pk}",
        actor=actor,
        version=thread.version,
        reason=comment.body if comment else "",
        said=said_name(comment) if comment else "",
        digest=thread.content_digest,
    )
