"""What the deployer reports back about a frozen version: its image digest and its trial run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from registry.errors import ConflictError
from registry.jobs.queue import Due
from registry.lifecycle import VERSION, move
from registry.models import ModelVersion, TrialRun, VersionState
from registry.services.submission import return_to_submitter


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOutcome:
    """The figures of a trial run. Times are milliseconds, memory bytes; `code` is a message id when it failed.

    `examples` holds one mapping per example: title, matches, worst, code, params, latency_ms.
    """

    content_digest: str
    image_digest: str
    passed: bool
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    examples: Sequence[Mapping[str, Any]] = ()
    load_ms: float | None = None
    peak_memory_bytes: int | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    requests: int = 0
    log_tail: str = ""


def record_image_digest(*, version_id: int, content_digest: str, image_digest: str) -> None:
    """Write down the digest of the image of a version under check. The same digest again changes nothing.

    A version that moved on, or other content, is a `ConflictError`: the report came too late.
    """
    rows = ModelVersion.objects.filter(
        pk=version_id,
        state__in=[VersionState.SUBMITTED, VersionState.IN_REVIEW],
        content_digest=content_digest,
        image_digest__in=["", image_digest],
    )
    if not rows.update(image_digest=image_digest):
        raise ConflictError("trial.version_moved_on")


def record_trial_run(*, version_id: int, outcome: TrialOutcome) -> Due:
    """Store the trial run and send the version on: to review if it passed, back to its submitter if not.

    Call it in the fenced transaction of the job. Safe to run twice: a version past checking stays where it is.
    """
    version = ModelVersion.objects.select_related("registered_model__owner").get(pk=version_id)
    if version.content_digest != outcome.content_digest:
        raise ConflictError("trial.version_moved_on")
    values = asdict(outcome)
    digest = values.pop("content_digest")
    values["examples"] = list(values["examples"])
    TrialRun.objects.update_or_create(version=version, content_digest=digest, defaults=values)
    if version.state != VersionState.SUBMITTED:
        return ()
    if outcome.passed:
        move(
            version,
            machine=VERSION,
            to=VersionState.IN_REVIEW,
            version=version,
            actor=None,
            digest=outcome.image_digest,
            guard={"content_digest": digest, "image_digest": outcome.image_digest},
        )
    else:
        return_to_submitter(version=version, reason=outcome.code)
    return ()
