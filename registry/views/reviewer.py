"""One review: the page on which it is decided, its files, its conversation and its history, each a tab."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from registry import selectors, services
from registry.card_diff import DiffLine, card_diff, whole_card
from registry.comparison import Comparison
from registry.forms import NewThreadForm, ReviewForm
from registry.models import Decision, ModelVersion, ThreadSubject
from registry.permissions import may_review
from registry.presentation.events import timeline_rows
from registry.presentation.rows import check_rows, example_rows, file_rows, trial_row
from registry.selectors import desk, threads
from registry.selectors.desk import Base
from registry.selectors.threads import PlacedThread
from registry.tasks import ring
from registry.views.access import PAGE_SIZE, account_of, asked, asked_number, errors_on, paged, requires
from registry.views.conversation import conversation_context
from registry.views.review_frame import ReviewFrame, frame_context, review_frame
from registry.views.review_rows import Choice, card_rows, decision_options, suggested_targets

CARD_VIEWS = {
    "changes": gettext_lazy("Changes"),
    "rendered": gettext_lazy("Rendered"),
    "source": gettext_lazy("Source"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_review)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that a decision needs, on one page."""
    frame = review_frame(request, pk, tab="review")
    version = frame.version
    placed = threads.placed_threads(version, threads.threads_in_play(version))
    seen = {"content_digest": version.content_digest, "image_digest": version.image_digest}
    form = ReviewForm(request.POST or None, initial={**seen, "targets": suggested_targets(frame.checks, placed)})
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            ring(services.state_review(version=version, reviewer=account_of(request), **form.cleaned_data))
            messages.success(request, _("Your review is recorded."))
            return redirect("registry:review", version.pk)
        frame = review_frame(request, pk, tab="review")
        if any(form.data.get(name) != getattr(frame.version, name) for name in seen):
            form.data = _as_shown_now(form, frame.version)
    context = frame_context(request, frame) | _review_context(request, frame, form, placed)
    return render(request, "registry/review.html", context, status=400 if request.method == "POST" else 200)


def _as_shown_now(form: ReviewForm, version: ModelVersion) -> QueryDict:
    """What was typed, on the content that the answer shows; the decision has to be made anew."""
    typed = QueryDict(mutable=True)
    typed.update({"comment": form.data.get("comment", ""), "decision": Decision.COMMENT})
    typed.update({"content_digest": version.content_digest, "image_digest": version.image_digest})
    return typed


def _review_context(
    request: HttpRequest, frame: ReviewFrame, form: ReviewForm, placed: list[PlacedThread]
) -> dict[str, object]:
    version = frame.version
    obstacle = desk.approval_obstacle(version, user=request.user) if frame.may_decide else None
    files = selectors.files_of(version)
    viewed = desk.viewed_files(version, request.user)
    return {
        "checks": check_rows(frame.checks),
        "checked_at": max((check.created_at for check in frame.checks), default=None),
        "trial": trial_row(selectors.trial_run_of(version)),
        "examples": example_rows(selectors.examples_of(version)),
        "form": form,
        "options": decision_options(form, obstacle),
        "obstacle": obstacle,
        "viewed_count": len(viewed),
        "file_count": len(files),
        **_card_context(request, frame, placed),
    }


def _card_lines(version: ModelVersion, base: Base | None, threads: Sequence[PlacedThread]) -> list[DiffLine]:
    """What changed of the card since the base, and the lines about which a conversation is open."""
    old = base.content.card_source if base is not None else ""
    places = [each.line for each in threads if each.line is not None and not each.is_resolved]
    return card_diff(old, version.card_source, places=places)


def _card_context(request: HttpRequest, frame: ReviewFrame, placed: list[PlacedThread]) -> dict[str, object]:
    """The card as changes, rendered or as source, with the threads that stand at its lines."""
    version = frame.version
    keys = desk.base_keys(version, in_use=frame.in_use)
    usual = desk.usual_base(version, user=request.user, keys=keys)
    chosen = desk.base_named(version, key=asked(request, "since") or usual, in_use=frame.in_use)
    base = chosen or desk.base_named(version, key=usual, in_use=frame.in_use)
    changes = desk.changes_since(version, base) if base is not None else Comparison()
    view = asked(request, "view")
    if view not in CARD_VIEWS or (view == "changes" and base is None):
        view = "changes" if base is not None else "source" if asked(request, "comment") else "rendered"
    address = reverse("registry:review", args=[version.pk])
    since = {"since": base.key} if base is not None else {}
    about_card = [each for each in placed if each.thread.subject == ThreadSubject.CARD]
    lines = _card_lines(version, base, about_card) if view == "changes" else []
    lines = whole_card(version.card_source) if view == "source" else lines
    may_comment = frame.is_waiting and frame.may_discuss
    writing = asked_number(request, "comment") if may_comment else None
    numbers = {line.new for line in lines}
    if writing is not None and writing not in numbers:
        view, lines = "source", whole_card(version.card_source)  # what did not change stands in the source alone
    rows, elsewhere = card_rows(
        lines,
        about_card,
        comment_url=f"{address}?{urlencode({'view': view, **since})}" if may_comment else "",
        writing=writing,
    )
    place = {"subject": ThreadSubject.CARD, "line": writing, "content_digest": version.content_digest}
    return {
        "base": base,
        "bases": [
            {"number": number, "is_revision": key != "in-use", "current": base is not None and key == base.key,
             "url": f"{address}?{urlencode({'view': view, 'since': key})}#card"}
            for key, number in keys
        ],
        "changes": changes,
        "view": view,
        "views": [
            Choice(label, f"{address}?{urlencode({'view': name, **since})}#card", current=name == view)
            for name, label in CARD_VIEWS.items()
            if name != "changes" or base is not None
        ],
        "card_rows": rows,
        "threads_elsewhere": elsewhere,
        "threads_beside": [each for each in placed if each.thread.subject != ThreadSubject.CARD],
        "may_comment": may_comment,
        "thread_form": NewThreadForm(initial=place, auto_id="thread_%s") if writing is not None else None,
        "writing": writing,
    }  # fmt: skip


@require_safe
@requires(may_review)
def review_files(request: HttpRequest, pk: int) -> HttpResponse:
    """The files with their digests, what changed of them, and which of them the reviewer has looked at."""
    frame = review_frame(request, pk, tab="review_files")
    version = frame.version
    keys = desk.base_keys(version, in_use=frame.in_use)
    key = desk.usual_base(version, user=request.user, keys=keys)
    base = desk.base_named(version, key=key, in_use=frame.in_use)
    changes = desk.changes_since(version, base) if base is not None else Comparison()
    files = selectors.files_of(version)
    viewed = desk.viewed_files(version, request.user)
    rows = [
        {"file": row, "pk": file.pk, "viewed": file.path in viewed, "change": changes.kind_of(file.path)}
        for file, row in zip(files, file_rows(version, files), strict=True)
    ]
    context = {
        "base": base,
        "rows": rows,
        "removed": [change for change in changes.files if change.kind == "removed"],
        "viewed_count": len(viewed),
        "file_count": len(files),
        "may_comment": frame.is_waiting and frame.may_discuss,
    }
    return render(request, "registry/review_files.html", frame_context(request, frame) | context)


@require_safe
@requires(may_review)
def review_conversation(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that was said, oldest first: reviews and threads."""
    frame = review_frame(request, pk, tab="review_conversation")
    context = frame_context(request, frame) | conversation_context(request, frame.version)
    return render(request, "registry/review_conversation.html", context)


@require_safe
@requires(may_review)
def review_history(request: HttpRequest, pk: int) -> HttpResponse:
    """What was submitted under this number, and the version's log."""
    frame = review_frame(request, pk, tab="review_history")
    page = paged(request, selectors.public_events().filter(version=frame.version))
    context = {
        "revisions": desk.revisions_of(frame.version)[:PAGE_SIZE],
        "page": page,
        "events": timeline_rows(page.object_list),
    }
    return render(request, "registry/review_history.html", frame_context(request, frame) | context)
