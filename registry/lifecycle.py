"""The one function that writes a state, and the states of a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from registry.errors import ConflictError
from registry.events import Actor, record_event
from registry.listing import refresh_listing
from registry.models import ModelVersion, RegisteredModel, ReportState, VersionState


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine: for each state, the states that it may be entered from."""

    subject: str
    entered_from: Mapping[str, frozenset[str]]


S = VersionState
VERSION = Machine(
    "version",
    {
        S.SUBMITTED: frozenset({S.DRAFT}),
        S.IN_REVIEW: frozenset({S.SUBMITTED}),
        S.APPROVED: frozenset({S.IN_REVIEW}),
        S.CHANGES_REQUESTED: frozenset({S.SUBMITTED, S.IN_REVIEW}),
        S.REJECTED: frozenset({S.IN_REVIEW}),
        S.WITHDRAWN: frozenset({S.SUBMITTED, S.IN_REVIEW}),
        S.DRAFT: frozenset({S.CHANGES_REQUESTED, S.WITHDRAWN}),
        S.RETIRED: frozenset({S.APPROVED}),
    },
)
R = ReportState
REPORT = Machine(
    "report",
    {
        R.ACCEPTED: frozenset({R.OPEN}),
        R.DISMISSED: frozenset({R.OPEN}),
        R.OPEN: frozenset({R.ACCEPTED, R.DISMISSED}),
    },
)


def move(
    instance: models.Model,
    *,
    machine: Machine,
    to: str,
    version: ModelVersion | None,
    actor: Actor,
    registered_model: RegisteredModel | None = None,
    reason: str = "",
    said: str = "",
    digest: str = "",
    guard: Mapping[str, Any] | None = None,
    public: bool = True,
    **changes: Any,
) -> None:
    """Move `instance` to state `to`, with `changes`, an event and the catalogue's entry, or raise `ConflictError`.

    What is about no version names its `registered_model`, and leaves the catalogue as it is.
    `said` names the statement whose words are the reason (see `record_event`).
    `guard` are further conditions that the stored row must meet (digests that were seen, for example).
    No row matched means that somebody else moved it first. The instance is refreshed afterwards.
    """
    with transaction.atomic():
        before = getattr(instance, "state")  # noqa: B009  # models.Model declares no such field
        allowed = machine.entered_from[to]
        manager = type(instance)._default_manager  # noqa: SLF001  # Django's documented name
        rows = manager.filter(pk=instance.pk, state=before, state__in=allowed, **(guard or {}))
        if not rows.update(state=to, state_changed_at=timezone.now(), **changes):
            raise ConflictError("lifecycle.moved_first", subject=machine.subject, to=to)
        record_event(
            tag=f"{machine.subject}:{to}",
            subject=f"{machine.subject}:{instance.pk}",
            actor=actor,
            registered_model=registered_model,
            version=version,
            from_state=before,
            to_state=to,
            reason=reason,
            said=said,
            digest=digest,
            public=public,
        )
        if version is not None:
            refresh_listing(version.registered_model_id)
    instance.refresh_from_db(fields=["state", "state_changed_at", *changes])
