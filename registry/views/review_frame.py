"""What all pages of one review share: its header, its tabs, and who reviews it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry import selectors
from registry.errors import ConflictError
from registry.models import Check, ModelVersion, RegisteredModel, ReviewClaim, VersionState
from registry.permissions import may_decide, may_discuss, may_hide_said
from registry.selectors import desk, threads
from registry.selectors.queue import next_in_queue
from registry.views.review_rows import STANDINGS, Choice

TABS = (
    ("review", _("Review")),
    ("review_files", _("Files")),
    ("review_conversation", _("Conversation")),
    ("review_history", _("History")),
)


@dataclass(frozen=True, slots=True)
class ReviewFrame:
    """The frame of a review's pages."""

    version: ModelVersion
    row: selectors.VersionWithStatus
    checks: list[Check]
    in_use: ModelVersion | None
    claim: ReviewClaim | None
    tabs: list[Choice]
    open_threads: int
    is_waiting: bool
    is_own: bool
    may_decide: bool
    may_discuss: bool

    @property
    def registered_model(self) -> RegisteredModel:
        """The version's model."""
        return self.version.registered_model


def review_frame(request: HttpRequest, pk: int, *, tab: str) -> ReviewFrame:
    """The frame with the tab of this route marked. A version that is a draft has no review to show."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    if version.state == VersionState.DRAFT:
        raise ConflictError("review.not_in_review", state=version.state)
    waiting = version.state == VersionState.IN_REVIEW
    counts = {
        "review_files": version.files.count(),
        "review_conversation": version.reviews.count() + version.threads.count(),
    }
    return ReviewFrame(
        version=version,
        row=selectors.with_status([version])[0],
        checks=selectors.current_checks(version),
        in_use=selectors.version_in_use(version.registered_model, before=version),
        claim=desk.claim_of(version) if waiting else None,
        tabs=[
            Choice(label, reverse(f"registry:{route}", args=[pk]), current=route == tab, count=counts.get(route))
            for route, label in TABS
        ],
        open_threads=threads.open_thread_count(version),
        is_waiting=waiting,
        is_own=not may_decide(request.user, version),
        may_decide=waiting and may_decide(request.user, version),
        may_discuss=may_discuss(request.user, version),
    )


def frame_context(request: HttpRequest, frame: ReviewFrame) -> dict[str, object]:
    """The frame as `registry/review_base.html` reads it."""
    verdicts = [check.verdict for check in frame.checks]
    given, needed = desk.approvals_of(frame.version)
    reviewers = [
        {
            "account": row.account,
            "at": row.at,
            "is_me": row.account == request.user,
            "standing": STANDINGS[row.standing],
        }
        for row in desk.reviewers_of(frame.version, claim=frame.claim)
    ]
    return {
        "frame": frame,
        "version": frame.version,
        "registered_model": frame.registered_model,
        "failed_count": verdicts.count("fail"),
        "warned_count": verdicts.count("warn"),
        "passed_count": verdicts.count("pass"),
        "approvals": given,
        "approvals_needed": needed,
        "reviewers": reviewers,
        "asked_me": frame.may_decide and not any(row["is_me"] for row in reviewers),
        "next_version": next_in_queue(frame.version, user=request.user),
        "may_hide": may_hide_said(request.user, frame.version),
        "nav_section": "reviews",
        "shortcuts": getattr(request.user, "keyboard_shortcuts", False),
        "here": request.get_full_path(),
    }
