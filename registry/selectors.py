"""The reads of registration and review. Each costs a constant number of queries, whatever the list's length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Q, QuerySet, Sum

from registry.artifacts.content import content_digest
from registry.backends import serving_directory
from registry.errors import NotFoundError
from registry.interfaces import ServingInfo, Verdict
from registry.models import (
    Account,
    Check,
    Event,
    Job,
    JobState,
    ModelVersion,
    RegisteredModel,
    TrialRun,
    VersionFile,
    VersionState,
)
from registry.permissions import User, may_edit_version, may_see_version, owns

SEEN_STATES = [state for state in VersionState if state != VersionState.DRAFT]


@dataclass(frozen=True, slots=True)
class VersionWithStatus:
    """A version, the one word that pages show for it, and what is served of it."""

    version: ModelVersion
    word: str
    serving: ServingInfo | None


def status_word(version: ModelVersion, serving: ServingInfo | None) -> str:
    """The one word for a version: that of its rollout once it is approved, its own state before."""
    if version.state == VersionState.APPROVED and serving is not None:
        return serving.word
    return str(version.state)


def with_status(versions: Iterable[ModelVersion]) -> list[VersionWithStatus]:
    """The versions with their words, in the given order."""
    rows = list(versions)
    serving: Mapping[int, ServingInfo] = serving_directory().for_versions([version.pk for version in rows])
    return [
        VersionWithStatus(version, status_word(version, serving.get(version.pk)), serving.get(version.pk))
        for version in rows
    ]


def visible_models() -> QuerySet[RegisteredModel]:
    """Models of which something was ever submitted, newest first."""
    seen = Q(versions__state__in=SEEN_STATES) | Q(versions__revision__gt=0)
    return RegisteredModel.objects.filter(seen).distinct().select_related("owner")


def catalogue(*, query: str = "", task: str = "", live_only: bool = False) -> QuerySet[RegisteredModel]:
    """The public catalogue, searched in names, owners and summaries."""
    models = visible_models()
    for word in query.split()[:8]:
        models = models.filter(
            Q(name__icontains=word) | Q(owner__username__icontains=word) | Q(summary__icontains=word)
        )
    if task:
        models = models.filter(task=task)
    if live_only:
        models = models.filter(pk__in=serving_directory().live_model_ids())
    return models.order_by("-created_at", "-pk")


@dataclass(frozen=True, slots=True)
class Presence:
    """What a list shows of a model: the version in use, else the newest, and a newer one that is on its way."""

    shown: VersionWithStatus
    coming: VersionWithStatus | None


def presences(models: Sequence[RegisteredModel]) -> dict[int, Presence]:
    """How the public sees each model, by the model's id."""
    versions = ModelVersion.objects.filter(registered_model__in=models, state__in=SEEN_STATES).order_by("-number")
    found: dict[int, Presence] = {}
    for row in with_status(versions.defer("card_source", "card_html")):
        known = found.get(row.version.registered_model_id)
        live = row.serving is not None and row.serving.live
        if known is None:
            found[row.version.registered_model_id] = Presence(row, None)
        elif live:
            found[row.version.registered_model_id] = Presence(row, known.shown)
    return found


def model_named(*, user: User, owner: str, name: str) -> RegisteredModel:
    """The model, if this person may know of it."""
    found = RegisteredModel.objects.select_related("owner").filter(owner__username=owner, name=name).first()
    if found is None:
        raise NotFoundError("model.unknown")
    if found.owner_id != user.pk and not visible_models().filter(pk=found.pk).exists():
        raise NotFoundError("model.unknown")
    return found


def versions_of(*, registered_model: RegisteredModel, user: User) -> QuerySet[ModelVersion]:
    """The versions that this person may see, newest first; `may_see_version` as a filter."""
    versions = registered_model.versions.select_related("registered_model__owner").order_by("-number")
    if owns(user, registered_model):
        return versions
    return versions.filter(Q(state__in=SEEN_STATES) | Q(revision__gt=0))


def version_to_show(*, registered_model: RegisteredModel, user: User, live: ServingInfo | None) -> ModelVersion:
    """The version that stands for the model: the live one, else the newest submitted, else the newest to be seen."""
    versions = versions_of(registered_model=registered_model, user=user)
    found = versions.filter(pk=live.version_id).first() if live is not None else None
    found = found or versions.exclude(state=VersionState.DRAFT).first() or versions.first()
    if found is None:
        raise NotFoundError("model.unknown")
    return found


def version_numbered(*, registered_model: RegisteredModel, number: int, user: User) -> ModelVersion:
    """One version by its number."""
    version = registered_model.versions.select_related("registered_model__owner", "submitted_by").filter(number=number)
    found = version.first()
    if found is None or not may_see_version(user, found):
        raise NotFoundError("version.unknown")
    return found


def version_by_id(*, pk: int, user: User) -> ModelVersion:
    """One version by its id, if this person may see it."""
    found = ModelVersion.objects.select_related("registered_model__owner", "submitted_by").filter(pk=pk).first()
    if found is None or not may_see_version(user, found):
        raise NotFoundError("version.unknown")
    return found


def own_version(*, pk: int, user: User) -> ModelVersion:
    """One of the person's own versions; anybody else's does not exist."""
    found = ModelVersion.objects.select_related("registered_model__owner").filter(pk=pk).first()
    if found is None or not may_edit_version(user, found):
        raise NotFoundError("version.unknown")
    return found


def files_of(version: ModelVersion) -> list[VersionFile]:
    """The files with their sizes."""
    return list(version.files.select_related("blob").order_by("path"))


def current_checks(version: ModelVersion) -> list[Check]:
    """The checks of exactly the present content, failed ones first; empty while they are outstanding."""
    if version.state == VersionState.DRAFT:
        rows = version.checks.filter(content_digest=content_digest(version), frozen=False)
    else:
        rows = version.checks.filter(content_digest=version.content_digest, frozen=True)
    rank = {Verdict.FAIL: 0, Verdict.WARN: 1, Verdict.PASS: 2}
    return sorted(rows, key=lambda check: (rank[Verdict(check.verdict)], check.position))


def trial_run_of(version: ModelVersion) -> TrialRun | None:
    """The trial run of the present content."""
    return version.trial_runs.filter(content_digest=version.content_digest).first()


def open_job(version: ModelVersion) -> Job | None:
    """The unfinished or failed work on a version that its submitter waits for, if any."""
    kinds = {VersionState.DRAFT: ["check_draft"], VersionState.SUBMITTED: ["check_frozen", "try_version"]}.get(
        VersionState(version.state), []
    )
    waiting = Job.objects.filter(kind__in=kinds, subject_id=version.pk).exclude(state=JobState.SUCCEEDED)
    return waiting.order_by("-pk").first()


def open_review_count() -> int:
    """How many versions wait for a decision."""
    return ModelVersion.objects.filter(state=VersionState.IN_REVIEW).count()


def review_queue() -> QuerySet[ModelVersion]:
    """Versions that wait for a decision, the longest waiting first, with the `warnings` about their present content."""
    present = Q(checks__frozen=True, checks__content_digest=F("content_digest"))
    return (
        ModelVersion.objects.filter(state=VersionState.IN_REVIEW)
        .select_related("registered_model__owner", "submitted_by")
        .annotate(warnings=Count("checks", filter=present & Q(checks__verdict=Verdict.WARN)))
        .order_by("submitted_at", "pk")
    )


def place_in_queue(version: ModelVersion) -> int:
    """1 for the version that is looked at next."""
    waiting = ModelVersion.objects.filter(state=VersionState.IN_REVIEW, submitted_at__lt=version.submitted_at)
    return waiting.count() + 1


def version_in_use(registered_model: RegisteredModel, *, before: ModelVersion) -> ModelVersion | None:
    """The version that a new one is compared with: the live one, else the newest approved one before it."""
    live = serving_directory().live_version(registered_model.pk)
    if live is not None and live.version_id != before.pk:
        return ModelVersion.objects.filter(pk=live.version_id).first()
    approved = registered_model.versions.filter(state=VersionState.APPROVED, number__lt=before.number)
    return approved.order_by("-number").first()


def own_models(user: Account) -> QuerySet[RegisteredModel]:
    """The person's models, drafts included."""
    return RegisteredModel.objects.filter(owner=user).select_related("owner").order_by("-created_at", "-pk")


def newest_own_versions(models: Sequence[RegisteredModel]) -> dict[int, VersionWithStatus]:
    """The newest version of each model, drafts included, by the model's id."""
    newest = ModelVersion.objects.filter(registered_model__in=models).values("registered_model")
    ids = newest.annotate(newest=Max("pk")).values_list("newest", flat=True)
    rows = with_status(ModelVersion.objects.filter(pk__in=list(ids)).select_related("registered_model__owner"))
    return {row.version.registered_model_id: row for row in rows}


def public_events(*, tag: str = "", registered_model: RegisteredModel | None = None) -> QuerySet[Event]:
    """The public log, newest first."""
    events = Event.objects.filter(public=True).select_related("actor", "registered_model__owner", "version")
    if tag:
        events = events.filter(tag=tag)
    if registered_model is not None:
        events = events.filter(registered_model=registered_model)
    return events.order_by("-pk")


DECISIONS = ("version:approved", "version:rejected", "version:retired", "version:in_review", "rollout:ready")


def latest_decisions(limit: int) -> list[Event]:
    """What visitors care about: what came up for review, was decided, or went into production."""
    return list(public_events().filter(tag__in=DECISIONS)[:limit])


def event_by_id(pk: int) -> Event:
    """One public event."""
    found = public_events().filter(pk=pk).first()
    if found is None:
        raise NotFoundError("event.unknown")
    return found


def event_tags() -> list[str]:
    """The tags that occur in the public log."""
    return list(Event.objects.filter(public=True).order_by("tag").values_list("tag", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """The figures of the home page."""

    models: int
    live: int
    in_review: int
    contributors: int


def public_figures() -> PublicFigures:
    """Live counts."""
    counts = visible_models().aggregate(models=Count("pk", distinct=True), contributors=Count("owner", distinct=True))
    return PublicFigures(
        models=counts["models"],
        live=len(serving_directory().live_model_ids()),
        in_review=open_review_count(),
        contributors=counts["contributors"],
    )


def storage_used(account: Account) -> int:
    """Bytes of the account's files."""
    files = VersionFile.objects.filter(version__registered_model__owner=account)
    return files.aggregate(total=Sum("blob__size"))["total"] or 0
