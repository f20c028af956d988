"""Trying a draft's examples against its model before anything is submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from registry import signals
from registry.errors import OperatorError, UserError
from registry.models import Account, DraftTrial, ModelVersion, VersionState
from registry.services.drafts import Due, lock_draft


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOutcome:
    """What a try found; fields as in `DraftTrial`. Times are milliseconds, memory bytes."""

    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    answers: Sequence[Mapping[str, Any]] = ()
    load_ms: float | None = None
    peak_memory_bytes: int | None = None
    log_tail: str = ""


def try_draft(*, version: ModelVersion, actor: Account) -> Due:
    """Make a try of the draft's examples due; one under way is repeated when it ends. Former answers are dropped."""
    with transaction.atomic():
        draft = lock_draft(version, actor)
        if not draft.examples.exists():
            raise UserError("try.nothing")
        due = signals.due_jobs(signals.draft_trial_wanted.send(ModelVersion, version_id=draft.pk))
        if not due:
            raise OperatorError("try.unavailable")
        DraftTrial.objects.filter(version=draft).delete()
        return due


def record_draft_trial(*, version_id: int, outcome: DraftOutcome) -> None:
    """Keep what a try found, in place of the former one; nothing for a version that is no draft any more.

    Call it in the fenced transaction of the job.
    """
    draft = ModelVersion.objects.select_for_update().filter(pk=version_id, state=VersionState.DRAFT).first()
    if draft is not None:
        values = {**asdict(outcome), "answers": list(outcome.answers)}
        DraftTrial.objects.filter(version=draft).delete()
        DraftTrial.objects.create(version=draft, **values)
