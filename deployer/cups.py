"""Cups as the portal asks for them: their specifications, waiting until one answers, and putting requests to it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from deployer.errors import (
    ClusterError,
    ConflictError,
    ModelStartError,
    PortalError,
    RuntimeUnavailableError,
    TransientError,
    WhoActs,
)
from deployer.interfaces import CupPhase, CupSpec, CupStatus, ServingBackend, ServingResponse
from deployer.models import Rollout
from deployer.packaging import draft_files, served_files
from registry.models import ModelVersion

JSON = "application/json"
FIRST_POLL = 0.02
LONGEST_POLL = 0.1
VERDICT_SECONDS = 30.0
"""How much longer than a start may take a cup is looked at, so that its backend can say why it did not start."""
_OK = 200


def rollout_cup(rollout: Rollout) -> CupSpec:
    """The cup of a rollout. The same for ever, so that a worker that takes over asks for the very same one."""
    return _cup(rollout.version, name=rollout.cup_name, model_name=rollout.endpoint.name, digest=rollout.image_digest)


def trial_cup(version: ModelVersion, *, attempt: int, model_name: str, image_digest: str) -> CupSpec:
    """The cup of one attempt at a trial run. Each attempt has its own: a late worker takes away only what it made."""
    name = trial_cup_name(version.pk, version.revision, attempt)
    return replace(_cup(version, name=name, model_name=model_name, digest=image_digest), trial=True)


def draft_cup(version: ModelVersion, *, attempt: int, model_name: str, content_digest: str) -> CupSpec:
    """The cup in which a draft's examples are tried; a draft has no image, so it is named by its content."""
    return CupSpec(
        name=draft_cup_name(version.pk, attempt),
        model_name=model_name,
        version=version.label,
        runtime=version.runtime,
        image_digest=content_digest,
        files=draft_files(version, content_digest),
        cpu_millis=version.cpu_millis,
        memory_bytes=version.memory_bytes,
        trial=True,
    )


def draft_cup_name(version_id: int, attempt: int) -> str:
    """The name of the cup of one attempt at trying a draft."""
    return f"draft-{version_id}-{attempt}"


def trial_cup_name(version_id: int, revision: int, attempt: int) -> str:
    """The name of a trial's cup."""
    return f"trial-{version_id}-{revision}-{attempt}"


def patience_with(backend: ServingBackend) -> float:
    """How long to wait for a cup, in seconds."""
    return backend.longest_start + VERDICT_SECONDS


def want(backend: ServingBackend, spec: CupSpec) -> CupStatus:
    """Apply the cup; one of this name that was asked for in other words, by an older portal, is replaced."""
    try:
        return backend.apply(spec)
    except ConflictError:
        backend.delete(spec.name)
        return backend.apply(spec)


def wait_until_ready(
    backend: ServingBackend, name: str, *, seconds: float, alive: Callable[[], None], wait: Callable[[float], None]
) -> CupStatus:
    """Look until the cup answers; `alive` is called at each look and may raise to end it, `wait` sleeps.

    Raises `ModelStartError` if the model does not start, `ClusterError` if the cluster does not let it,
    `TransientError` if somebody took the cup away.
    """
    end = time.monotonic() + seconds
    pause = FIRST_POLL
    while True:
        status = backend.status(name)
        if status.phase is CupPhase.READY:
            return status
        if status.phase is CupPhase.FAILED:
            raise _failure(status)
        if status.phase in {CupPhase.ABSENT, CupPhase.STOPPING}:
            raise TransientError("serving.cup_gone", name=name)
        if time.monotonic() > end:
            raise ModelStartError("serving.start_timeout", seconds=seconds)
        alive()
        wait(pause)
        pause = min(LONGEST_POLL, pause * 1.2)


def _failure(status: CupStatus) -> PortalError:
    params: dict[str, Any] = dict(status.params)
    if status.who_acts is WhoActs.USER:
        return ModelStartError(status.code or "serving.failed", **params)
    return ClusterError(status.code, **params)


def infer(
    backend: ServingBackend, name: str, *, model_name: str, request: dict[str, Any], timeout: float
) -> dict[str, Any]:
    """The V2 answer of a cup to one V2 request.

    Raises `ModelStartError` if the model refuses, fails on it or answers something else than JSON.
    """
    answer = backend.request(
        name,
        method="POST",
        path=f"/v2/models/{model_name}/infer",
        body=json.dumps(request).encode(),
        content_type=JSON,
        timeout=timeout,
    )
    return _parsed(answer)


def _parsed(answer: ServingResponse) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = None
    if answer.status != _OK:
        detail = content.get("error", "") if isinstance(content, dict) else ""
        raise ModelStartError("serving.request_refused", status=answer.status, detail=str(detail)[:300])
    if not isinstance(content, dict):
        raise ModelStartError("serving.answer_not_json")
    return content


def _cup(version: ModelVersion, *, name: str, model_name: str, digest: str) -> CupSpec:
    return CupSpec(
        name=name,
        model_name=model_name,
        version=version.label,
        runtime=version.runtime,
        image_digest=digest,
        files=served_files(version),
        cpu_millis=version.cpu_millis,
        memory_bytes=version.memory_bytes,
    )


@contextmanager
def repeated_while_unavailable() -> Iterator[None]:
    """A missing environment or an unreachable backend is worth repeating before an operator is called."""
    try:
        yield
    except RuntimeUnavailableError as error:
        raise TransientError(error.code, field=error.field, **error.params) from error
