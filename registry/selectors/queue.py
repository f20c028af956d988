"""The review queue as reviewers choose from it: age, risks, checks, claims, and what was decided before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from registry.backends import serving_directory
from registry.interfaces import Verdict
from registry.models import Check, Decision, ModelVersion, Review, ReviewClaim, VersionFile, VersionState
from registry.permissions import User, may_decide
from registry.selectors.reviews import review_queue

LARGE_BYTES = 1 << 30
JUMP = 2  # times the resources of the version in use


class Show(StrEnum):
    """Which part of the queue is shown."""

    ALL = "all"
    MINE = "mine"
    UNCLAIMED = "unclaimed"
    WARNINGS = "warnings"


class Risk(StrEnum):
    """What deserves a second look, all computed."""

    FIRST_SUBMISSION = "first_submission"
    NEW_LICENCE = "new_licence"
    LICENCE_CHANGED = "licence_changed"
    LARGE = "large"
    RESOURCE_JUMP = "resource_jump"
    LIVE_ENDPOINT = "live_endpoint"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A version that waits, with what helps to choose it. `in_use` is the version that it would replace."""

    version: ModelVersion
    in_use: ModelVersion | None
    claim: ReviewClaim | None
    risks: tuple[Risk, ...]
    passed: int
    warnings: int
    failed: int
    approvals: int
    may_decide: bool


def queue(*, show: str, user: User) -> QuerySet[ModelVersion]:
    """The versions that wait, the longest waiting first, as the filter says; an unknown filter shows all."""
    waiting = review_queue()
    now = timezone.now()
    if show == Show.MINE:
        return waiting.filter(claim__reviewer=user.pk, claim__expires_at__gt=now)
    if show == Show.UNCLAIMED:
        claimed = ReviewClaim.objects.filter(expires_at__gt=now).values("version")
        return waiting.exclude(pk__in=claimed).exclude(registered_model__owner=user.pk).exclude(submitted_by=user.pk)
    if show == Show.WARNINGS:
        warned = Check.objects.filter(verdict=Verdict.WARN, frozen=True, content_digest=F("version__content_digest"))
        return waiting.filter(pk__in=warned.values("version"))
    return waiting


def queue_rows(versions: Sequence[ModelVersion], *, user: User) -> list[QueueRow]:
    """The rows for a page of the queue, in nine queries whatever its length."""
    ids = [version.pk for version in versions]
    claims = current_claims(ids)
    checks = _check_counts(ids)
    sizes = _sizes(ids)
    in_use = versions_in_use(versions)
    live = set(serving_directory().live_models(among={version.registered_model_id for version in versions}))
    proven = _proven_owners(versions)
    licences = _known_licences(ids)
    approvals = approval_counts(ids)
    rows = []
    for version in versions:
        former = in_use.get(version.pk)
        facts = {
            Risk.FIRST_SUBMISSION: version.registered_model.owner_id not in proven,
            Risk.NEW_LICENCE: version.licence not in licences,
            Risk.LICENCE_CHANGED: former is not None and former.licence != version.licence,
            Risk.LARGE: sizes.get(version.pk, 0) >= LARGE_BYTES,
            Risk.RESOURCE_JUMP: former is not None and _jumps(former, version),
            Risk.LIVE_ENDPOINT: version.registered_model_id in live,
        }
        found = checks.get(version.pk, {})
        rows.append(
            QueueRow(
                version=version,
                in_use=former,
                claim=claims.get(version.pk),
                risks=tuple(risk for risk, there in facts.items() if there),
                passed=found.get(Verdict.PASS, 0),
                warnings=found.get(Verdict.WARN, 0),
                failed=found.get(Verdict.FAIL, 0),
                approvals=approvals.get(version.pk, 0),
                may_decide=may_decide(user, version),
            )
        )
    return rows


def current_claims(version_ids: Sequence[int]) -> dict[int, ReviewClaim]:
    """The claims that have not ended, by version."""
    claims = ReviewClaim.objects.filter(version__in=version_ids, expires_at__gt=timezone.now())
    return {claim.version_id: claim for claim in claims.select_related("reviewer")}


def approval_counts(version_ids: Sequence[int]) -> dict[int, int]:
    """How many approvals of exactly the present content each version has."""
    approvals = Review.objects.filter(
        version__in=version_ids, decision=Decision.APPROVE, content_digest=F("version__content_digest")
    )
    return dict(approvals.order_by().values_list("version").annotate(number=Count("pk")))


def versions_in_use(versions: Sequence[ModelVersion]) -> dict[int, ModelVersion]:
    """For each version the one that it would replace: the live one, else the newest approved one before it."""
    models = [version.registered_model_id for version in versions]
    approved = ModelVersion.objects.filter(registered_model__in=models, state=VersionState.APPROVED)
    candidates = list(approved.order_by("-number").defer("card_source", "card_html", "introspection"))
    serving = serving_directory().for_versions([candidate.pk for candidate in candidates])
    found: dict[int, ModelVersion] = {}
    for version in versions:
        others = [c for c in candidates if c.registered_model_id == version.registered_model_id and c.pk != version.pk]
        live = next((c for c in others if c.pk in serving and serving[c.pk].live), None)
        former = live or next((c for c in others if c.number < version.number), None)
        if former is not None:
            found[version.pk] = former
    return found


def past_reviews(*, by: User | None = None) -> QuerySet[Review]:
    """What was said and decided, newest first; of one reviewer, or of all."""
    reviews = Review.objects.select_related("reviewer", "version__registered_model__owner")
    if by is not None:
        reviews = reviews.filter(reviewer=by.pk)
    return reviews.order_by("-created_at", "-pk")


def next_in_queue(version: ModelVersion, *, user: User) -> ModelVersion | None:
    """The version to look at after this one: the next that waits, is not somebody else's and may be decided on."""
    others = queue(show=Show.UNCLAIMED, user=user).exclude(pk=version.pk)
    if version.submitted_at is not None:
        later = others.filter(submitted_at__gte=version.submitted_at).first()
        if later is not None:
            return later
    return others.first()


def _accepted() -> Q:
    return Q(state__in=[VersionState.APPROVED, VersionState.RETIRED])


def _known_licences(version_ids: Sequence[int]) -> set[str]:
    """Those licences of these versions under which something was accepted before; stops at the first for each."""
    accepted = ModelVersion.objects.filter(_accepted(), licence=OuterRef("licence"))
    known = ModelVersion.objects.filter(Exists(accepted), pk__in=version_ids)
    return set(known.values_list("licence", flat=True))


def _proven_owners(versions: Sequence[ModelVersion]) -> set[int]:
    owners = {version.registered_model.owner_id for version in versions}
    accepted = ModelVersion.objects.filter(_accepted(), registered_model__owner__in=owners)
    return set(accepted.values_list("registered_model__owner", flat=True).distinct())


def _check_counts(version_ids: Sequence[int]) -> Mapping[int, dict[str, int]]:
    present = Q(checks__frozen=True, checks__content_digest=F("content_digest"))
    rows = ModelVersion.objects.filter(present, pk__in=version_ids).order_by()
    found: dict[int, dict[str, int]] = {}
    for pk, verdict, number in rows.values_list("pk", "checks__verdict").annotate(number=Count("checks")):
        found.setdefault(pk, {})[verdict] = number
    return found


def _sizes(version_ids: Sequence[int]) -> dict[int, int]:
    rows = VersionFile.objects.filter(version__in=version_ids).order_by()
    return dict(rows.values_list("version").annotate(total=Sum("blob__size")))


def _jumps(former: ModelVersion, version: ModelVersion) -> bool:
    pairs = ((former.cpu_millis, version.cpu_millis), (former.memory_bytes, version.memory_bytes))
    return any(new >= JUMP * old for old, new in pairs)
