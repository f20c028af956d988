"""Submitting, withdrawing, reopening and retiring versions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from registry import signals
from registry.artifacts.content import content_digest
from registry.confirmations import sentences, unconfirmed
from registry.editions import require_edition
from registry.errors import ConflictError, ForbiddenError, UserError
from registry.events import Actor
from registry.interfaces import Verdict
from registry.jobs.queue import Due, ensure_job, requeue
from registry.lifecycle import VERSION, move
from registry.models import Account, Job, JobState, ModelVersion, RegisteredModel, VersionRevision, VersionState
from registry.permissions import may_edit_version, may_retire, may_retry
from registry.reasons import checked_reason
from registry.services.drafts import lock_draft


def submit_version(
    *, version: ModelVersion, actor: Account, confirmed: Collection[str], seen: str | None = None
) -> Due:
    """Freeze the draft under its content digest and queue the checks of the frozen version.

    `confirmed` are the keys of `registry.confirmations` that the submitter vouched for; their sentences are kept with
    the revision. Refused without all of them, and while a check of exactly this content failed or is outstanding.
    `seen` is the edition of what was looked at, of the whole or of the part `submit`: nobody vouches for another.
    """
    with transaction.atomic():
        draft = lock_draft(version, actor)
        require_edition(draft, seen)
        if missing := unconfirmed(confirmed):
            raise UserError("submit.unconfirmed", field=missing[0])
        digest = content_digest(draft)
        _require_passed_checks(draft, digest)
        now = timezone.now()
        move(
            draft,
            machine=VERSION,
            to=VersionState.SUBMITTED,
            version=draft,
            actor=actor,
            digest=digest,
            content_digest=digest,
            image_digest="",
            revision=draft.revision + 1,
            submitted_by=actor,
            submitted_at=now,
        )
        _keep_revision(draft, actor, now)
        key = f"check_frozen:{draft.pk}:{draft.revision}"
        return (ensure_job(kind="check_frozen", subject_id=draft.pk, key=key),)


def _keep_revision(version: ModelVersion, actor: Account, at: datetime) -> None:
    """What was submitted: it is compared with what comes after it, and shown while the owner changes the version."""
    VersionRevision.objects.create(
        version=version,
        number=version.revision,
        content_digest=version.content_digest,
        submitted_by=actor,
        submitted_at=at,
        licence=version.licence,
        card_source=version.card_source,
        card_html=version.card_html,
        model_format=version.model_format,
        runtime=version.runtime,
        introspection=version.introspection,
        cpu_millis=version.cpu_millis,
        memory_bytes=version.memory_bytes,
        files=list(version.files.order_by("path").values("path", sha256=F("blob_id"), size=F("blob__size"))),
        examples=list(version.examples.order_by("position").values("title", "request", "expected", "tolerance")),
        confirmed=sentences(),
    )


def _require_passed_checks(draft: ModelVersion, digest: str) -> None:
    checks = list(draft.checks.filter(content_digest=digest, frozen=False))
    if not checks:
        raise ConflictError("submit.checks_pending")
    failed = [check.name for check in checks if check.verdict == Verdict.FAIL]
    if failed:
        raise UserError("submit.checks_failed", names=", ".join(failed), count=len(failed))


def withdraw_version(*, version: ModelVersion, actor: Account, reason: str = "") -> Due:
    """Take a version out of checking or review."""
    if not may_edit_version(actor, version):
        raise ForbiddenError("rights.edit")
    reason = checked_reason(reason)
    with transaction.atomic():
        move(version, machine=VERSION, to=VersionState.WITHDRAWN, version=version, actor=actor, reason=reason)
        return signals.due_jobs(signals.version_withdrawn.send(ModelVersion, version_id=version.pk))


def reopen_version(*, version: ModelVersion, actor: Account) -> Due:
    """Make a version whose changes were requested, or that was withdrawn, a draft again."""
    if not may_edit_version(actor, version):
        raise ForbiddenError("rights.edit")
    with transaction.atomic():
        # Held as `start_version` holds it, so that both at once do not leave two drafts.
        model = RegisteredModel.objects.select_for_update().get(pk=version.registered_model_id)
        if model.versions.filter(state=VersionState.DRAFT).exists():
            raise ConflictError("version.other_draft")
        move(version, machine=VERSION, to=VersionState.DRAFT, version=version, actor=actor)
    return ()


def return_to_submitter(*, version: ModelVersion, reason: str) -> None:
    """The portal's own answer when frozen checks or the trial run fail: nobody need look, the submitter can mend it."""
    move(
        version,
        machine=VERSION,
        to=VersionState.CHANGES_REQUESTED,
        version=version,
        actor=None,
        reason=reason,
        digest=version.content_digest,
    )


def retire_version(*, version: ModelVersion, actor: Account, reason: str = "") -> Due:
    """Take an approved version out of service for good; its page stays."""
    if not may_retire(actor, version):
        raise ForbiddenError("rights.retire")
    reason = checked_reason(reason)
    with transaction.atomic():
        _retire(version, actor, reason)
        return signals.due_jobs(signals.version_retired.send(ModelVersion, version_id=version.pk))


def retry_version(*, version: ModelVersion, actor: Account) -> Due:
    """Repeat the checking or trial of a submitted version whose work failed for a reason outside the model."""
    if not may_retry(actor, version):
        raise ForbiddenError("rights.retry")
    jobs = Job.objects.filter(kind__in=["check_frozen", "try_version"], subject_id=version.pk)
    failed = jobs.filter(key__endswith=f":{version.pk}:{version.revision}", state=JobState.FAILED)
    keys = list(failed.values_list("key", flat=True)) if version.state == VersionState.SUBMITTED else []
    if not keys:
        raise ConflictError("retry.nothing_failed")
    with transaction.atomic():
        return tuple(job_id for key in keys if (job_id := requeue(key=key)) is not None)


def _retire(version: ModelVersion, actor: Actor, reason: str) -> None:
    move(
        version,
        machine=VERSION,
        to=VersionState.RETIRED,
        version=version,
        actor=actor,
        reason=reason,
        digest=version.image_digest,
    )
