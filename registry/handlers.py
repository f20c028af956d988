"""The registry's kinds of work. Edge code: claims come in, services and checks do the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from registry import signals
from registry.artifacts.content import content_digest
from registry.checks.service import check_version
from registry.errors import PortalError, WhoActs
from registry.jobs.kinds import JobKind
from registry.jobs.queue import Claim
from registry.models import ModelVersion, VersionState
from registry.services import return_to_submitter


def check_draft(claim: Claim) -> tuple[int, ...]:
    """Check a draft's content as it is now. Entry and exit: draft. A change meanwhile makes the job due again."""
    version = _version(claim)
    if version is not None and version.state == VersionState.DRAFT:
        check_version(
            version=version,
            digest=content_digest(version),
            frozen=False,
            report=_reporter(claim),
            writing=claim.writing,
        )
    return ()


def check_frozen(claim: Claim) -> tuple[int, ...]:
    """Check a submitted version afresh. Entry: submitted. Exit: submitted with the trial due, or changes requested."""
    version = _version(claim)
    if version is None or version.state != VersionState.SUBMITTED:
        return ()
    passed = check_version(
        version=version, digest=version.content_digest, frozen=True, report=_reporter(claim), writing=claim.writing
    )
    with claim.writing():
        now = _locked(version)
        if now is None:
            return ()  # taken back meanwhile, and perhaps submitted again: that submission has a job of its own
        if not passed:
            return_to_submitter(version=now, reason="submit.frozen_checks_failed")
            return ()
        return signals.due_jobs(signals.version_checked.send(ModelVersion, version_id=version.pk))


def leave_draft_unchecked(claim: Claim, error: PortalError) -> tuple[int, ...]:
    """A draft without check results cannot be submitted; its page shows the job's error and offers a retry."""
    del claim, error
    return ()


def return_unchecked(claim: Claim, error: PortalError) -> tuple[int, ...]:
    """Send the version back if its submitter can mend it; else it stays, and its page offers a retry."""
    version = _version(claim)
    if version is not None and version.state == VersionState.SUBMITTED and error.who_acts is WhoActs.USER:
        return_to_submitter(version=version, reason=error.code)
    return ()


def _version(claim: Claim) -> ModelVersion | None:
    return ModelVersion.objects.select_related("registered_model__owner").filter(pk=claim.subject_id).first()


def _locked(version: ModelVersion) -> ModelVersion | None:
    """The version, kept as it is until the commit; None if it is no longer this very submission."""
    rows = ModelVersion.objects.select_for_update(of=("self",)).select_related("registered_model__owner")
    return rows.filter(pk=version.pk, state=version.state, revision=version.revision).first()


def _reporter(claim: Claim) -> Callable[[str, int, int], None]:
    def report(phase: str, done: int, total: int) -> None:
        claim.report(phase=phase, done=done, total=total)

    return report


KINDS = (
    JobKind(name="check_draft", handle=check_draft, on_failure=leave_draft_unchecked, deadline=timedelta(minutes=30)),
    JobKind(name="check_frozen", handle=check_frozen, on_failure=return_unchecked, deadline=timedelta(minutes=30)),
)
