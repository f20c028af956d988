"""Trial runs of versions under check."""

from __future__ import annotations

from django.db import transaction

from deployer.errors import PortalError
from registry.events import record_event
from registry.jobs.queue import Due, ensure_job, requeue
from registry.models import ModelVersion, VersionState


def trial_key(version: ModelVersion) -> str:
    """The job that tries this submission of the version."""
    return f"try_version:{version.pk}:{version.revision}"


def queue_trial(*, version_id: int) -> Due:
    """Make the trial run of a submitted version due; one that ended badly is repeated. Safe to call twice."""
    with transaction.atomic():
        version = ModelVersion.objects.get(pk=version_id)
        if version.state != VersionState.SUBMITTED:
            return ()
        if version.trial_runs.filter(content_digest=version.content_digest).exists():
            return ()
        key = trial_key(version)
        return (requeue(key=key) or ensure_job(kind="try_version", subject_id=version.pk, key=key),)


def queue_draft_trial(*, version_id: int) -> Due:
    """Make the try of a draft's examples due; one under way is repeated when it ends."""
    with transaction.atomic():
        if not ModelVersion.objects.filter(pk=version_id, state=VersionState.DRAFT).exists():
            return ()
        key = f"try_draft:{version_id}"
        return (requeue(key=key) or ensure_job(kind="try_draft", subject_id=version_id, key=key),)


def note_untried(*, version: ModelVersion, error: PortalError) -> None:
    """Put it on record that a version waits because its trial run could not be made."""
    record_event(
        tag="trial:not_made",
        subject=f"version:{version.pk}",
        actor=None,
        version=version,
        reason=error.code,
        digest=version.content_digest,
    )
