"""The deployer's kinds of work. Edge code: claims come in, services and backends do the rest.

Each may be killed at any point and run again: names are stable, states say what is done, and every write is fenced.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from deployer import cups, draft_trial, phases, services, trial
from deployer.attestations import attachments_of
from deployer.backends import approved_repository, image_builder, serving_backend, signer
from deployer.errors import (
    BuildError,
    ConflictError,
    ModelStartError,
    OperatorError,
    PortalError,
    RuntimeUnavailableError,
    TransientError,
)
from deployer.interfaces import BuiltImage, CupSpec
from deployer.models import ImageBuild, Rollout, RolloutState
from deployer.packaging import checked_spec, draft_spec, image_spec
from deployer.reporting import logged, packaging, throttled
from deployer.routes import converge_route
from deployer.services.blame import LOG_TAIL
from registry.artifacts.content import content_digest
from registry.examples import compare_answers
from registry.interfaces import Verdict
from registry.jobs.kinds import JobKind
from registry.jobs.queue import Claim, Due
from registry.models import ModelVersion, VersionState
from registry.selectors import files_digest, request_digest, wanted_requests
from registry.services import DraftOutcome, TrialOutcome, record_draft_trial, record_image_digest, record_trial_run

FAILURE_LOG_BYTES = 8192
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
        with _repeated_while_unavailable():
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
    with _repeated_while_unavailable():
        outcome = _draft_tried(claim, version)
    with claim.writing():
        record_draft_trial(version_id=version.pk, outcome=outcome)
    return ()


def build_image(claim: Claim) -> Due:
    """Package an approved version. Entry: queued or building. Exit: succeeded with the rollout due, or cancelled."""
    build = _build(claim)
    with claim.writing():
        code = "build_log.resumed" if build.phases else "build_log.begun"
        if not services.begin_build(build=build):
            return ()
        phases.begin_phase(build, "checking")
        services.log_line(build=build, code=code, params={"attempt": claim.attempt})
    spec = checked_spec(build.version, build.content_digest)
    with claim.writing():
        phases.begin_phase(build, "packaging")
        services.log_line(build=build, code="build_log.checked", params={"digest": build.content_digest})
        for file in spec.files:
            services.log_line(build=build, code="build_log.file", params={"path": file.path, "size_bytes": file.size})
    image = image_builder().build(spec, progress=logged(claim, build))
    reference = _published(claim, build, image)
    with claim.writing():
        build.refresh_from_db()
        return services.finish_build(build=build, built_digest=image.digest, reference=reference)


def end_build(claim: Claim, error: PortalError) -> Due:
    """Entry: queued or building. Exit: failed."""
    return services.fail_build(build=_build(claim), error=error)


def roll_out(claim: Claim) -> Due:
    """Start a cup, ask it, then let it answer. Entry: pending or applying. Exit: ready, or replaced by a newer one."""
    rollout = _rollout(claim)
    with claim.writing():
        if not services.begin_rollout(rollout=rollout):
            return ()
        phases.begin_phase(rollout, "starting")
    try:
        _start(claim, rollout)
    except ConflictError:
        rollout.refresh_from_db()
        if rollout.state == RolloutState.APPLYING:
            raise
    with claim.writing():
        due = services.switch_traffic(rollout=rollout)
    with suppress(TransientError, OperatorError):  # the sweep repeats it, and no replaced cup goes before that
        converge_route(rollout.endpoint.name)
    return due


def end_rollout(claim: Claim, error: PortalError) -> Due:
    """Entry: pending or applying. Exit: failed, with the cup's removal due."""
    return services.fail_rollout(rollout=_rollout(claim), error=error)


def stop_cup(claim: Claim) -> Due:
    """Take a cup away that nobody wants any more. Entry: failed, superseded (drained) or retired. Exit: the same."""
    rollout = _rollout(claim)
    if rollout.state in {RolloutState.PENDING, RolloutState.APPLYING, RolloutState.READY}:
        return ()  # it was asked for again meanwhile
    if rollout.state == RolloutState.SUPERSEDED and rollout.stop_after and rollout.stop_after > timezone.now():
        return ()  # still draining; the sweep asks again
    converge_route(rollout.endpoint.name)
    serving_backend().delete(rollout.cup_name)
    with claim.writing():
        services.note_stopped(rollout=rollout)
    return ()


def converge_cup(claim: Claim) -> Due:
    """Bring back a cup that should be there. Entry: ready, or superseded and draining. Exit: the same."""
    rollout = _rollout(claim)
    if rollout.state == RolloutState.READY:
        cups.want(serving_backend(), cups.rollout_cup(rollout))
    return ()


def leave_down(claim: Claim, error: PortalError) -> Due:
    """The cup stays down and its page says why; the sweep makes the work due again. Entry and exit: ready."""
    services.note_not_brought_back(rollout=_rollout(claim), error=error)
    return ()


def leave_to_its_page(claim: Claim, error: PortalError) -> Due:
    """Nothing to move: the draft's page shows the job's error, and its button asks again."""
    del claim, error
    return ()


def leave_to_the_sweep(claim: Claim, error: PortalError) -> Due:
    """Nothing to move: the sweep sees that wanted and actual still differ, and makes the work due again."""
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


def _published(claim: Claim, build: ImageBuild, image: BuiltImage) -> str:
    """Hand the image over to those who serve it, if it is the approved one and still wanted; where to pull it from."""
    with claim.writing():
        build.refresh_from_db()
        if not services.may_publish(build=build, built_digest=image.digest):
            return ""
        phases.begin_phase(build, "publishing")
    report = throttled(claim)
    return image_builder().publish(
        image.digest,
        attachments=attachments_of(
            build,
            image,
            builder_id=settings.SITE_URL or "urn:model-commons:builder",
            signer=signer(),
            repository=approved_repository(),
        ),
        progress=lambda done, total: report("publishing", done, total),
    )


def _start(claim: Claim, rollout: Rollout) -> None:
    """Bring the cup to answer. `ConflictError` as soon as the rollout is over: replaced, or its version retired."""
    spec, backend = cups.rollout_cup(rollout), serving_backend()
    report = throttled(claim)

    def still_wanted() -> None:
        report("starting", 0, 0)
        if not Rollout.objects.filter(pk=rollout.pk, state=RolloutState.APPLYING).exists():
            raise ConflictError("rollout.overtaken")

    with _repeated_while_unavailable(), _with_log(spec.name):
        cups.want(backend, spec)
        cups.wait_until_ready(
            backend, spec.name, seconds=cups.patience_with(backend), alive=still_wanted, wait=time.sleep
        )
        with claim.writing():
            phases.begin_phase(rollout, "verifying")
        _verify(rollout, spec)


def _verify(rollout: Rollout, spec: CupSpec) -> None:
    """The first example decides: a cup that is ready but answers something else is not what was reviewed."""
    example = rollout.version.examples.order_by("position").first()
    if example is None:
        return
    timeout = float(settings.GATEWAY_TIMEOUT_SECONDS)
    answer = cups.infer(
        serving_backend(), spec.name, model_name=spec.model_name, request=example.request, timeout=timeout
    )
    compared = compare_answers(expected=example.expected, actual=answer, tolerance=example.tolerance)
    if not compared.matches:
        raise ModelStartError("rollout.wrong_answer", title=example.title)


@contextmanager
def _repeated_while_unavailable() -> Iterator[None]:
    """A missing environment or an unreachable backend is worth repeating before an operator is called."""
    try:
        yield
    except RuntimeUnavailableError as error:
        raise TransientError(error.code, field=error.field, **error.params) from error


@contextmanager
def _with_log(name: str) -> Iterator[None]:
    """Keep the end of the replica's output with the failure, since the cup and its log are taken away."""
    try:
        yield
    except ModelStartError as error:
        tail = serving_backend().logs(name, max_bytes=FAILURE_LOG_BYTES)
        params: dict[str, Any] = {**error.params, LOG_TAIL: tail}
        raise ModelStartError(error.code, **params) from error


def _version(claim: Claim) -> ModelVersion | None:
    rows = ModelVersion.objects.select_related("registered_model__owner")
    return rows.filter(pk=claim.subject_id).first()


def _build(claim: Claim) -> ImageBuild:
    return ImageBuild.objects.select_related("version__registered_model__owner").get(pk=claim.subject_id)


def _rollout(claim: Claim) -> Rollout:
    rows = Rollout.objects.select_related("endpoint", "build", "version__registered_model__owner")
    return rows.get(pk=claim.subject_id)


def _kinds() -> Iterator[JobKind]:
    minutes = 60.0
    enduring = 12  # twelve reach over twenty: a registry or cluster that is being restarted or moved is waited for
    yield JobKind(
        name="try_version",
        handle=try_version,
        on_failure=leave_untried,
        deadline=timedelta(seconds=30 * minutes),
        max_failures=enduring,
    )
    yield JobKind(
        name="try_draft", handle=try_draft, on_failure=leave_to_its_page, deadline=timedelta(seconds=10 * minutes)
    )
    yield JobKind(
        name="build_image",
        handle=build_image,
        on_failure=end_build,
        deadline=timedelta(seconds=120 * minutes),
        max_failures=enduring,
    )
    yield JobKind(
        name="roll_out",
        handle=roll_out,
        on_failure=end_rollout,
        deadline=timedelta(seconds=30 * minutes),
        max_failures=enduring,
    )
    for name, handle, on_failure in (
        ("stop_cup", stop_cup, leave_to_the_sweep),
        ("converge_cup", converge_cup, leave_down),
    ):
        yield JobKind(name=name, handle=handle, on_failure=on_failure, deadline=timedelta(seconds=30 * minutes))


KINDS = tuple(_kinds())
