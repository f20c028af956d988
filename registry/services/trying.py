"""Trying a draft's examples against its model before anything is submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from registry import signals
from registry.errors import OperatorError, UserError
from registry.jobs.queue import Due
from registry.models import Account, DraftTrial, ModelVersion, VersionState
from registry.selectors import request_digest
from registry.services.drafts import lock_draft


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOutcome:
    """What a try found; fields as in `DraftTrial`. Times are milliseconds, memory bytes."""

    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    answers: Sequence[Mapping[str, Any]] = ()
    files: str = ""
    load_ms: float | None = None
    peak_memory_bytes: int | None = None
    log_tail: str = ""


def try_draft(*, version: ModelVersion, actor: Account, position: int | None = None) -> Due:
    """Make a try of the draft's examples due, or of the one at `position`; one under way is repeated when it ends.

    Former answers are dropped, but for those of the same files to the examples that are not asked.
    """
    with transaction.atomic():
        draft = lock_draft(version, actor)
        examples = draft.examples.all() if position is None else draft.examples.filter(position=position)
        requests = list(examples.values_list("request", flat=True))
        if not requests:
            raise UserError("try.nothing")
        due = signals.due_jobs(signals.draft_trial_wanted.send(ModelVersion, version_id=draft.pk))
        if not due:
            raise OperatorError("try.unavailable")
        if position is None:
            DraftTrial.objects.filter(version=draft).delete()
        else:
            DraftTrial.objects.update_or_create(version=draft, defaults={"wanted": [request_digest(requests[0])]})
        return due


def record_draft_trial(*, version_id: int, outcome: DraftOutcome) -> None:
    """Keep what a try found beside what the same files answered before; nothing for what is no draft any more.

    Call it in the fenced transaction of the job.
    """
    draft = ModelVersion.objects.select_for_update().filter(pk=version_id, state=VersionState.DRAFT).first()
    if draft is not None:
        former = DraftTrial.objects.filter(version=draft).first()
        asked = {answer["request"] for answer in outcome.answers}
        kept: list[Mapping[str, Any]] = []
        wanted: list[str] = []
        if former is not None and former.files == outcome.files:
            there = {request_digest(request) for request in draft.examples.values_list("request", flat=True)}
            kept = [row for row in former.answers if row["request"] in there - asked]
        if former is not None and not outcome.code:
            # Another one may have been asked for while these were answered.
            wanted = [each for each in former.wanted if each not in asked]
        values = {**asdict(outcome), "answers": [*kept, *outcome.answers], "wanted": wanted}
        DraftTrial.objects.filter(version=draft).delete()
        DraftTrial.objects.create(version=draft, **values)
