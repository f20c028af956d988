"""Trial runs of submitted versions and of drafts."""

from __future__ import annotations

import time
from dataclasses import replace

from django.conf import settings

from deployer import cups, draft_trial, services, trial
from deployer.backends import image_builder, serving_backend
from deployer.errors import BuildError, ConflictError, PortalError, TransientError
from deployer.interfaces import BuiltImage
from deployer.packaging import draft_spec, image_spec
from deployer.reporting import packaging, throttled
from registry.artifacts.content import content_digest
from registry.interfaces import Verdict
from registry.jobs.queue import Claim, Due
from registry.models import ModelVersion, VersionState
from registry.selectors import files_digest, request_digest, wanted_requests
from registry.services import DraftOutcome, TrialOutcome, record_draft_trial, record_image_digest, record_trial_run

CHECKS_SECONDS = 20.0
CHECKS_POLL = 0.2
NEEDED_TO_START = ("names", "size", "format", "scan", "runtime")
"""The checks without which no bytes of a draft are handed to a runtime."""


def try_version(claim: Claim) -> Due:
    """Package a submitted version and run it in its own runtime. Entry: submitted. Exit: in review or sent back."""
    version = _version(claim)
    if version is None or version.state != VersionState.SUBMITTED:
        return ()
    try:
        with cups.repeated_while_unavailable():
            outcome = _tried(claim, version)
        with claim.writing():
            return record_trial_run(version_id=version.pk, outcome=outcome)
    except ConflictError:
        version.refresh_from_db()
        if version.state == VersionState.SUBMITTED:
            raise
        return ()  # withdrawn meanwhile: nobody asks for the answer any more


def leave_untried(claim: Claim, error: PortalError) -> Due:
    """The version stays submitted, with the reason on record; an operator mends the cause and repeats the run."""
    version = _version(claim)
    if version is not None and version.state == VersionState.SUBMITTED:
        services.note_untried(version=version, error=error)
    return ()


def try_draft(claim: Claim) -> Due:
    """Ask a draft's model its examples, once its files have passed the checks. Entry and exit: draft."""
    version = _version(claim)
    if version is None or version.state != VersionState.DRAFT:
        return ()
    with cups.repeated_while_unavailable():
        outcome = _draft_tried(claim, version)
    with claim.writing():
        record_draft_trial(version_id=version.pk, outcome=outcome)
    return ()


def leave_to_its_page(claim: Claim, error: PortalError) -> Due:
    """Nothing to move: the draft's page shows the job's error, and its button asks again."""
    del claim, error
    return ()


def _tried(claim: Claim, version: ModelVersion) -> TrialOutcome:
    report = throttled(claim)
    try:
        image = _packaged(claim, version)
    except BuildError as error:
        return TrialOutcome(
            content_digest=version.content_digest, image_digest="", passed=False, code=error.code, params=error.params
        )
    spec = cups.trial_cup(
        version,
        attempt=claim.attempt,
        model_name=services.endpoint_name(version.registered_model),
        image_digest=image.digest,
    )
    examples = [
        trial.TriedExample(title=row.title, request=row.request, expected=row.expected, tolerance=row.tolerance)
        for row in version.examples.order_by("position")
    ]
    limits = trial.Limits(start=cups.patience_with(serving_backend()), request=settings.GATEWAY_TIMEOUT_SECONDS)
    found = trial.run_trial(serving_backend(), spec, examples, limits=limits, report=report)
    return TrialOutcome(
        content_digest=version.content_digest,
        image_digest=image.digest,
        passed=not found.code,
        code=found.code,
        params=found.params,
        examples=found.examples,
        load_ms=found.load_ms,
        peak_memory_bytes=found.peak_memory_bytes,
        p50_ms=found.p50_ms,
        p95_ms=found.p95_ms,
        requests=found.requests,
        log_tail=found.log_tail,
    )


def _draft_tried(claim: Claim, version: ModelVersion) -> DraftOutcome:
    report = throttled(claim)
    digest = _checked_draft(version, report)
    failed = version.checks.filter(content_digest=digest, frozen=False, verdict=Verdict.FAIL, name__in=NEEDED_TO_START)
    if failed.exists():
        return DraftOutcome(code="try.checks_failed")
    version.refresh_from_db()
    name = services.endpoint_name(version.registered_model)
    spec = cups.draft_cup(version, attempt=claim.attempt, model_name=name, content_digest=digest)
    if serving_backend().pulls_images:
        report("packaging", 0, 0)
        image = image_builder().build(draft_spec(version, digest))
        spec = replace(spec, image_digest=image.digest)
    requests, files = wanted_requests(version), files_digest(version)
    limits = trial.Limits(start=cups.patience_with(serving_backend()), request=settings.GATEWAY_TIMEOUT_SECONDS)
    found = draft_trial.ask_all(serving_backend(), spec, requests, limits=limits, report=report)
    answers = [
        {"request": request_digest(request), **answer} for request, answer in zip(requests, found.answers, strict=False)
    ]
    return DraftOutcome(
        code=found.code,
        params=found.params,
        answers=answers,
        files=files,
        load_ms=found.load_ms,
        peak_memory_bytes=found.peak_memory_bytes,
        log_tail=found.log_tail,
    )


def _checked_draft(version: ModelVersion, report: trial.Report) -> str:
    """The digest of a content whose checks are there; they begin with the same click, so a moment's wait is enough."""
    end = time.monotonic() + CHECKS_SECONDS
    while True:
        digest = content_digest(version)
        if version.checks.filter(content_digest=digest, frozen=False).exists():
            return digest
        if time.monotonic() > end:
            raise TransientError("try.checks_pending")
        report("checks", 0, 0)
        time.sleep(CHECKS_POLL)
        version.refresh_from_db()


def _packaged(claim: Claim, version: ModelVersion) -> BuiltImage:
    claim.report(phase="packaging")
    image = image_builder().build(image_spec(version), progress=packaging(claim))
    with claim.writing():
        record_image_digest(version_id=version.pk, content_digest=version.content_digest, image_digest=image.digest)
    return image


def _version(claim: Claim) -> ModelVersion | None:
    rows = ModelVersion.objects.select_related("registered_model__owner")
    return rows.filter(pk=claim.subject_id).first()
