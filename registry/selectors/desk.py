"""What the page of one review shows beside the version itself: bases to compare with, people, viewed files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db.models import QuerySet

from registry.comparison import Comparison, Content, compare
from registry.interfaces import Verdict
from registry.models import Account, Decision, ModelVersion, Review, ReviewClaim, VersionRevision, ViewedFile
from registry.permissions import User
from registry.selectors.queue import current_claims
from registry.selectors.versions import approval_count, files_of


@dataclass(frozen=True, slots=True)
class Base:
    """Something to compare the present content with. `key` stands in addresses: `in-use`, or `revision-<number>`."""

    key: str
    number: int
    is_revision: bool
    content: Content


class Standing(StrEnum):
    """Where a reviewer stands towards the present content."""

    APPROVED = "approved"
    APPROVED_EARLIER = "approved_earlier"
    REQUESTED_CHANGES = "requested_changes"
    REJECTED = "rejected"
    COMMENTED = "commented"
    LOOKING = "looking"


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """A reviewer's last word; `at` is when, or until when for one who is looking."""

    account: Account
    standing: Standing
    at: datetime


def revisions_of(version: ModelVersion) -> QuerySet[VersionRevision]:
    """What was submitted under this version's number, newest first."""
    return version.revisions.select_related("submitted_by").order_by("-number")


def content_of_version(version: ModelVersion) -> Content:
    """The present content, or what stands for it."""
    if version.submission is not None:
        return content_of_revision(version.submission)
    files = version.files.values_list("path", "blob_id", "blob__size")
    return Content(
        licence=version.licence,
        card_source=version.card_source,
        cpu_millis=version.cpu_millis,
        memory_bytes=version.memory_bytes,
        files={path: (sha256, size) for path, sha256, size in files},
        examples=list(version.examples.order_by("position").values("title", "request", "expected", "tolerance")),
    )


def content_of_revision(revision: VersionRevision) -> Content:
    """The content as it was submitted then."""
    return Content(
        licence=revision.licence,
        card_source=revision.card_source,
        cpu_millis=revision.cpu_millis,
        memory_bytes=revision.memory_bytes,
        files={file["path"]: (file["sha256"], file["size"]) for file in revision.files},
        examples=revision.examples,
    )


def base_keys(version: ModelVersion, *, in_use: ModelVersion | None) -> list[tuple[str, int]]:
    """(key, number) of everything to compare with: earlier revisions, newest first, then the version in use."""
    earlier = revisions_of(version).filter(number__lt=version.revision).values_list("number", flat=True)
    keys = [(f"revision-{number}", number) for number in earlier]
    return [*keys, ("in-use", in_use.number)] if in_use is not None else keys


def usual_base(version: ModelVersion, *, user: User, keys: Sequence[tuple[str, int]]) -> str:
    """What to compare with unless asked otherwise; "" where there is nothing.

    The last revision that this person spoke about, else that anybody did, else the newest; else the version in use.
    """
    revisions = [number for key, number in keys if key != "in-use"]
    if not revisions:
        return keys[0][0] if keys else ""
    said = list(version.reviews.values_list("reviewer", "revision"))
    said += version.threads.values_list("opened_by", "revision")
    mine = [number for who, number in said if who == user.pk and number in revisions]
    anybodys = [number for _who, number in said if number in revisions]
    return f"revision-{max(mine or anybodys or revisions)}"


def base_named(version: ModelVersion, *, key: str, in_use: ModelVersion | None) -> Base | None:
    """The base that an address names; None for one that is not there."""
    if key == "in-use":
        return (
            Base(key, in_use.number, is_revision=False, content=content_of_version(in_use))
            if in_use is not None
            else None
        )
    number = key.removeprefix("revision-")
    if not key.startswith("revision-") or not number.isdecimal() or int(number) >= version.revision:
        return None
    revision = revisions_of(version).filter(number=int(number)).first()
    return (
        Base(key, revision.number, is_revision=True, content=content_of_revision(revision))
        if revision is not None
        else None
    )


def changes_since(version: ModelVersion, base: Base) -> Comparison:
    """How the present content differs from the base."""
    return compare(base.content, content_of_version(version))


def approvals_of(version: ModelVersion) -> tuple[int, int]:
    """(approvals of exactly this content, approvals needed)."""
    return approval_count(version), settings.REQUIRED_APPROVALS


def claim_of(version: ModelVersion) -> ReviewClaim | None:
    """The claim on the version, unless it has ended."""
    return current_claims([version.pk]).get(version.pk)


def reviewers_of(version: ModelVersion, *, claim: ReviewClaim | None) -> list[ReviewerRow]:
    """Everybody who said something, by their last decision or else their last comment, and who is looking now."""
    found: dict[int, ReviewerRow] = {}
    for review in version.reviews.select_related("reviewer").order_by("created_at", "pk"):
        known = found.get(review.reviewer_id)
        if review.decision == Decision.COMMENT and known is not None and known.standing != Standing.COMMENTED:
            continue
        found[review.reviewer_id] = ReviewerRow(review.reviewer, _standing(review, version), review.created_at)
    if claim is not None and claim.reviewer_id not in found:
        found[claim.reviewer_id] = ReviewerRow(claim.reviewer, Standing.LOOKING, claim.expires_at)
    return list(found.values())


def _standing(review: Review, version: ModelVersion) -> Standing:
    if review.decision == Decision.APPROVE:
        return Standing.APPROVED if review.content_digest == version.content_digest else Standing.APPROVED_EARLIER
    return {
        Decision.REQUEST_CHANGES: Standing.REQUESTED_CHANGES,
        Decision.REJECT: Standing.REJECTED,
        Decision.COMMENT: Standing.COMMENTED,
    }[Decision(review.decision)]


def viewed_files(version: ModelVersion, user: User) -> Mapping[str, str]:
    """The digest by path of the files that this person ticked; another digest needs another tick."""
    marks = ViewedFile.objects.filter(version=version, reviewer=user.pk)
    present = {(file.path, file.blob_id) for file in files_of(version)}
    return {path: sha256 for path, sha256 in marks.values_list("path", "sha256") if (path, sha256) in present}


class Obstacle(StrEnum):
    """What keeps a reviewer from approving the present content."""

    CHECK_FAILED = "check_failed"
    NOT_TRIED = "not_tried"
    APPROVED_ALREADY = "approved_already"


def approval_obstacle(version: ModelVersion, *, user: User) -> Obstacle | None:
    """The first reason for which the service would refuse this reviewer's approval now; None if nothing does."""
    verdicts = version.checks.filter(content_digest=version.content_digest, frozen=True).values_list(
        "verdict", flat=True
    )
    if not verdicts or Verdict.FAIL in verdicts:
        return Obstacle.CHECK_FAILED
    if not version.trial_runs.filter(content_digest=version.content_digest, passed=True).exists():
        return Obstacle.NOT_TRIED
    approved = version.reviews.filter(decision=Decision.APPROVE, content_digest=version.content_digest)
    return Obstacle.APPROVED_ALREADY if approved.filter(reviewer=user.pk).exists() else None
