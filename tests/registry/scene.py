"""Versions on their way, brought there by the services and the registry's own jobs. Needs the `fakes` fixture."""

from __future__ import annotations

from typing import Any

from registry import services
from registry.artifacts.content import content_digest
from registry.checklist import CHECKLIST
from registry.checks.service import check_version
from registry.jobs import runner
from registry.models import Account, Check, Event, Job, ModelVersion, VersionState
from registry.services import TrialOutcome
from tests.factories import CONFIRMED, make_account, make_draft

IMAGE = "sha256:" + "1" * 64
OTHER_DIGEST = "sha256:" + "f" * 64


def owner_of(version: ModelVersion) -> Account:
    return version.registered_model.owner


def work(due: tuple[int, ...], *kinds: str) -> tuple[int, ...]:
    """Run the registry's own jobs among these; returns what became due."""
    wanted = set(Job.objects.filter(kind__in=kinds or ["check_draft", "check_frozen"]).values_list("pk", flat=True))
    return tuple(new for job_id in due if job_id in wanted for new in runner.run_job(job_id=job_id))


def checked(version: ModelVersion | None = None, **fields: Any) -> ModelVersion:
    """A complete draft whose checks have passed."""
    draft = version or make_draft(**fields)
    work(services.check_again(version=draft, actor=owner_of(draft)))
    failed = Check.objects.filter(version=draft, verdict="fail").values_list("name", "code")
    assert not failed, list(failed)
    return fresh(draft)


def submitted(version: ModelVersion | None = None, **fields: Any) -> ModelVersion:
    """A submitted version whose frozen checks have passed and which waits for its trial run."""
    draft = fresh(version or make_draft(**fields))
    # By the service itself: what the job of a draft's checks adds is asked where `checked` is.
    assert check_version(version=draft, digest=content_digest(draft), frozen=False, report=lambda *_: None)
    work(services.submit_version(version=draft, actor=owner_of(draft), confirmed=CONFIRMED))
    return fresh(draft)


def outcome(version: ModelVersion, **fields: Any) -> TrialOutcome:
    return TrialOutcome(
        **{
            "content_digest": version.content_digest,
            "image_digest": IMAGE,
            "passed": True,
            "load_ms": 12.5,
            "examples": ({"title": "A setosa", "matches": True},),
            **fields,
        }
    )


def in_review(version: ModelVersion | None = None, **fields: Any) -> ModelVersion:
    """A version that waits for a decision."""
    found = submitted(version, **fields)
    services.record_image_digest(version_id=found.pk, content_digest=found.content_digest, image_digest=IMAGE)
    services.record_trial_run(version_id=found.pk, outcome=outcome(found))
    return fresh(found)


def say(version: ModelVersion, reviewer: Account, decision: str, comment: str = "", **changes: Any) -> tuple[int, ...]:
    """A review of what the version is now with every point ticked, unless other digests or ticks are given."""
    seen = {"content_digest": version.content_digest, "image_digest": version.image_digest, "checklist": CHECKLIST}
    said = {"decision": decision, "comment": comment, **seen, **changes}
    return services.state_review(version=version, reviewer=reviewer, **said)


def make_reviewer(name: str = "") -> Account:
    return make_account(name, groups=["reviewers"])


def approved(version: ModelVersion | None = None, **fields: Any) -> ModelVersion:
    found = in_review(version, **fields)
    say(found, make_reviewer(), "approve")
    return fresh(found)


def in_state(state: str, **fields: Any) -> ModelVersion:
    """A version that came to the state by the way that people take."""
    if state == VersionState.DRAFT:
        return checked(**fields)
    if state == VersionState.SUBMITTED:
        return submitted(**fields)
    if state in {VersionState.APPROVED, VersionState.RETIRED}:
        version = approved(**fields)
        if state == VersionState.RETIRED:
            services.retire_version(version=version, actor=owner_of(version))
        return fresh(version)
    version = in_review(**fields)
    if state == VersionState.WITHDRAWN:
        services.withdraw_version(version=version, actor=owner_of(version))
    elif state != VersionState.IN_REVIEW:
        decision = {VersionState.CHANGES_REQUESTED: "request_changes", VersionState.REJECTED: "reject"}
        say(version, make_reviewer(), decision[VersionState(state)], "Please explain.")
    return fresh(version)


def fresh(version: ModelVersion) -> ModelVersion:
    """The version as a new request would read it."""
    return ModelVersion.objects.select_related("registered_model__owner").get(pk=version.pk)


def log_of(version: ModelVersion) -> list[tuple[str, str | None]]:
    """(tag, who) of each event, oldest first; None is the portal."""
    events = Event.objects.filter(version=version).order_by("pk").select_related("actor")
    return [(event.tag, event.actor.username if event.actor else None) for event in events]
