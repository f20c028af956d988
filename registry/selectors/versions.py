"""Versions: which ones a person may see, the word that pages show for them, and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from registry.artifacts.content import content_digest
from registry.backends import serving_directory
from registry.errors import NotFoundError
from registry.interfaces import ServingInfo, Verdict
from registry.listing import status_word
from registry.models import (
    Check,
    Decision,
    Example,
    Job,
    JobState,
    ModelVersion,
    RegisteredModel,
    TrialRun,
    VersionFile,
    VersionState,
)
from registry.permissions import User, may_edit_version, may_see_version, owns
from registry.submitted import as_seen, submitted_examples, submitted_files

SEEN_STATES = [state for state in VersionState if state != VersionState.DRAFT]


@dataclass(frozen=True, slots=True)
class VersionWithStatus:
    """A version, the one word that pages show for it, and what is served of it."""

    version: ModelVersion
    word: str
    serving: ServingInfo | None


def with_status(versions: Iterable[ModelVersion]) -> list[VersionWithStatus]:
    """The versions with their words, in the given order."""
    rows = list(versions)
    serving: Mapping[int, ServingInfo] = serving_directory().for_versions([version.pk for version in rows])
    return [
        VersionWithStatus(version, status_word(version, serving.get(version.pk)), serving.get(version.pk))
        for version in rows
    ]


def versions_of(*, registered_model: RegisteredModel, user: User) -> QuerySet[ModelVersion]:
    """The versions that this person may see, newest first; `may_see_version` as a filter.

    Their content is not for everybody: hand them through `as_seen` before anything of it is shown.
    """
    versions = registered_model.versions.select_related("registered_model__owner", "submitted_by").order_by("-number")
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
    return _as_seen_by(user, found)


def version_numbered(*, registered_model: RegisteredModel, number: int, user: User) -> ModelVersion:
    """One version by its number; of a reopened draft that is another's, what was submitted."""
    version = registered_model.versions.select_related("registered_model__owner", "submitted_by").filter(number=number)
    found = version.first()
    if found is None or not may_see_version(user, found):
        raise NotFoundError("version.unknown")
    return _as_seen_by(user, found)


def version_by_id(*, pk: int, user: User) -> ModelVersion:
    """One version by its id, if this person may see it; of a reopened draft, what was submitted."""
    found = ModelVersion.objects.select_related("registered_model__owner", "submitted_by").filter(pk=pk).first()
    if found is None or not may_see_version(user, found):
        raise NotFoundError("version.unknown")
    return _as_seen_by(user, found)


def _as_seen_by(user: User, version: ModelVersion) -> ModelVersion:
    return as_seen(user, [version])[0]


def own_version(*, pk: int, user: User) -> ModelVersion:
    """One of the person's own versions; anybody else's does not exist."""
    found = ModelVersion.objects.select_related("registered_model__owner").filter(pk=pk).first()
    if found is None or not may_edit_version(user, found):
        raise NotFoundError("version.unknown")
    return found


def files_of(version: ModelVersion) -> list[VersionFile]:
    """The files with their sizes; where the version stands for a submission, those of it that are still there."""
    return _shown_files(version, version.files.all())


def _shown_files(version: ModelVersion, files: QuerySet[VersionFile]) -> list[VersionFile]:
    rows = list(files.select_related("blob").order_by("path"))
    if version.submission is None:
        return rows
    submitted = submitted_files(version.submission)
    return [file for file in rows if (file.path, file.blob_id) in submitted]


def examples_of(version: ModelVersion) -> list[Example]:
    """The examples, in order."""
    if version.submission is not None:
        return submitted_examples(version.submission)
    return list(version.examples.order_by("position"))


def example_positions(version: ModelVersion) -> set[int]:
    """The numbers of the examples."""
    if version.submission is not None:
        return {example.position for example in submitted_examples(version.submission)}
    return set(version.examples.values_list("position", flat=True))


def file_at(*, version: ModelVersion, path: str) -> VersionFile:
    """The version's file of exactly this path."""
    found = _shown_files(version, version.files.filter(path=path))
    if not found:
        raise NotFoundError("file.unknown", path=path)
    return found[0]


def approval_count(version: ModelVersion) -> int:
    """How many people approved the version's present content."""
    approvals = version.reviews.filter(decision=Decision.APPROVE, content_digest=version.content_digest)
    return approvals.values("reviewer").distinct().count()


def file_of(*, version: ModelVersion, pk: int) -> VersionFile:
    """One file of the version, by its id."""
    found = _shown_files(version, version.files.filter(pk=pk))
    if not found:
        raise NotFoundError("file.unknown")
    return found[0]


def current_checks(version: ModelVersion) -> list[Check]:
    """The checks of exactly the present content, failed ones first; empty while they are outstanding."""
    if version.state == VersionState.DRAFT and version.submission is None:
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
    if version.submission is not None:
        return None
    kinds = {VersionState.DRAFT: ["check_draft"], VersionState.SUBMITTED: ["check_frozen", "try_version"]}.get(
        VersionState(version.state), []
    )
    waiting = Job.objects.filter(kind__in=kinds, subject_id=version.pk).exclude(state=JobState.SUCCEEDED)
    return waiting.order_by("-pk").first()


def version_in_use(registered_model: RegisteredModel, *, before: ModelVersion) -> ModelVersion | None:
    """The version that a new one is compared with: the live one, else the newest approved one before it."""
    live = serving_directory().live_version(registered_model.pk)
    if live is not None and live.version_id != before.pk:
        return ModelVersion.objects.filter(pk=live.version_id).first()
    approved = registered_model.versions.filter(state=VersionState.APPROVED, number__lt=before.number)
    return approved.order_by("-number").first()
