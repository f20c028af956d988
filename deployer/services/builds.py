"""Image builds of approved versions."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from deployer import phases
from deployer.errors import ConflictError, DigestMismatchError, ForbiddenError, PortalError
from deployer.lifecycle import IMAGE_BUILD, move
from deployer.models import ImageBuild, ImageBuildState, Rollout
from deployer.services.blame import failure_of
from deployer.services.build_log import log_line
from deployer.services.endpoints import endpoint_of
from deployer.services.rollouts import queue_rollout, supersede_if_late
from registry.events import record_event
from registry.jobs.queue import Due, ensure_job, requeue
from registry.listing import refresh_listing
from registry.models import Account, ModelVersion, VersionState
from registry.permissions import may_retry
from registry.reasons import checked_reason


def queue_build(*, version_id: int) -> Due:
    """Make the packaging of an approved version due. Safe to call twice: one build per approved digest."""
    with transaction.atomic():
        version = _locked_version(version_id)
        if version.state != VersionState.APPROVED:
            return ()
        known = version.image_builds.filter(
            content_digest=version.content_digest, approved_digest=version.image_digest
        ).first()
        build = known or _new_build(version)
        return (ensure_job(kind="build_image", subject_id=build.pk, key=_key(build)),)


def begin_build(*, build: ImageBuild) -> bool:
    """Move a queued build to `building`, or take up one that a lost worker left there; False if there is none to do.

    Call it in the fenced transaction of the job.
    """
    if build.state not in {ImageBuildState.QUEUED, ImageBuildState.BUILDING}:
        return False
    if build.state == ImageBuildState.QUEUED:
        move(
            build,
            machine=IMAGE_BUILD,
            to=ImageBuildState.BUILDING,
            version=build.version,
            actor=None,
            phases=phases.after_waiting(build.state_changed_at),
        )
    return True


def may_publish(*, build: ImageBuild, built_digest: str) -> bool:
    """Whether the image may be handed over: only while its version is approved, and only as it was approved.

    `DigestMismatchError` if it is another image than the approved one. Call it in the job's fenced transaction.
    """
    if build.state != ImageBuildState.BUILDING:
        return False
    if built_digest != build.approved_digest:
        raise DigestMismatchError("build.digest_mismatch", approved=build.approved_digest, built=built_digest)
    return _locked_version(build.version_id).state == VersionState.APPROVED


def finish_build(*, build: ImageBuild, built_digest: str, reference: str = "") -> Due:
    """Accept the image and make its rollout due, all or nothing. Call it in the fenced transaction of the job.

    `reference` is where clusters can pull it from, "" without an OCI registry.

    `DigestMismatchError` if it is not the image that was approved; a version retired meanwhile cancels the build, and
    of one that was cancelled itself nothing comes.
    """
    if build.state != ImageBuildState.BUILDING:
        return ()
    if built_digest != build.approved_digest:
        raise DigestMismatchError("build.digest_mismatch", approved=build.approved_digest, built=built_digest)
    version = _locked_version(build.version_id)
    ended: dict[str, Any] = {"finished_at": timezone.now(), "phases": phases.closed(build.phases)}
    if version.state != VersionState.APPROVED:
        move(build, machine=IMAGE_BUILD, to=ImageBuildState.CANCELLED, version=version, actor=None, **ended)
        log_line(build=build, code="build_log.withdrawn")
        return ()
    move(
        build,
        machine=IMAGE_BUILD,
        to=ImageBuildState.SUCCEEDED,
        version=version,
        actor=None,
        digest=built_digest,
        built_digest=built_digest,
        **ended,
    )
    log_line(build=build, code="build_log.built", params={"digest": built_digest})
    if reference:
        log_line(build=build, code="build_log.published", params={"reference": reference})
    endpoint = endpoint_of(version.registered_model)
    rollout = Rollout.objects.create(endpoint=endpoint, version=version, build=build, image_digest=built_digest)
    if supersede_if_late(rollout):
        log_line(build=build, code="build_log.accepted_late")
        return ()
    log_line(build=build, code="build_log.accepted")
    return queue_rollout(rollout)


def fail_build(*, build: ImageBuild, error: PortalError) -> Due:
    """Move the build to `failed` with its reason. A build that ended otherwise stays as it is."""
    if build.state not in {ImageBuildState.QUEUED, ImageBuildState.BUILDING}:
        return ()
    move(
        build,
        machine=IMAGE_BUILD,
        to=ImageBuildState.FAILED,
        version=build.version,
        actor=None,
        reason=error.code,
        digest=build.approved_digest,
        finished_at=timezone.now(),
        phases=phases.closed(build.phases),
        **failure_of(error),
    )
    log_line(build=build, code=error.code, params=error.params)
    return ()


def retry_build(*, build: ImageBuild, actor: Account) -> Due:
    """Queue a failed build once more."""
    if not may_retry(actor, build.version):
        raise ForbiddenError("rights.retry")
    with transaction.atomic():
        version = _locked_version(build.version_id)
        if version.state != VersionState.APPROVED:
            raise ConflictError("build.version_not_approved", state=version.state)
        move(
            build,
            machine=IMAGE_BUILD,
            to=ImageBuildState.QUEUED,
            version=version,
            actor=actor,
            failure_code="",
            failure_params={},
            finished_at=None,
            phases=[],
        )
        log_line(build=build, code="build_log.retried", params={"actor": actor.username})
        key = _key(build)
        return (requeue(key=key) or ensure_job(kind="build_image", subject_id=build.pk, key=key),)


def cancel_build(*, build: ImageBuild, actor: Account, reason: str = "") -> Due:
    """Stop a build that has not ended. Whatever its worker finds out afterwards is void."""
    if not may_retry(actor, build.version):
        raise ForbiddenError("rights.retry")
    withdraw_build(build, actor=actor, reason=checked_reason(reason))
    return ()


def withdraw_build(build: ImageBuild, *, actor: Account | None, reason: str = "") -> None:
    """Move an unfinished build to `cancelled`."""
    with transaction.atomic():
        move(
            build,
            machine=IMAGE_BUILD,
            to=ImageBuildState.CANCELLED,
            version=build.version,
            actor=actor,
            reason=reason,
            finished_at=timezone.now(),
            phases=phases.closed(build.phases),
        )
        log_line(build=build, code="build_log.cancelled")


def _new_build(version: ModelVersion) -> ImageBuild:
    newest = version.image_builds.aggregate(newest=Max("number"))["newest"] or 0
    build = ImageBuild.objects.create(
        version=version,
        number=newest + 1,
        content_digest=version.content_digest,
        approved_digest=version.image_digest,
    )
    record_event(
        tag=f"{IMAGE_BUILD.subject}:{ImageBuildState.QUEUED}",
        subject=f"{IMAGE_BUILD.subject}:{build.pk}",
        actor=None,
        version=version,
        to_state=ImageBuildState.QUEUED,
        digest=build.approved_digest,
    )
    refresh_listing(version.registered_model_id)
    log_line(build=build, code="build_log.queued")
    return build


def _locked_version(version_id: int) -> ModelVersion:
    """The version as stored now; a retirement waits until this transaction ends, or this one for it."""
    rows = ModelVersion.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("registered_model__owner").get(pk=version_id)


def _key(build: ImageBuild) -> str:
    return f"build_image:{build.pk}"
