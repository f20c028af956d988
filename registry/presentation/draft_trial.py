"""What a try of a draft's examples found, as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from registry import selectors
from registry.examples import compare_answers
from registry.messages import Message, message
from registry.models import DraftTrial, Example, JobState, ModelVersion
from registry.presentation.rows import wait_note
from registry.readable_json import readable_json


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One example: what the model answered, and what was expected. `state` is pass, fail, none or stale."""

    number: int
    title: str
    state: str
    text: str
    answer: str
    expected: str
    latency_ms: float | None
    usable: bool
    outputs: Sequence[Mapping[str, Any]]


def trial_context(draft: ModelVersion) -> dict[str, Any]:
    """The context of `draft_trial.html`."""
    job = selectors.draft_trial_job(draft)
    running = job is not None and job.state in {JobState.QUEUED, JobState.RUNNING}
    failed = job is not None and job.state == JobState.FAILED
    found = None if running or failed else DraftTrial.objects.filter(version=draft).first()
    return {
        "trial_note": wait_note(job) if running or failed else None,
        "trial_running": running,
        "trial": found,
        "trial_fault": _fault(found),
        "answers": _rows(draft, found) if found is not None else [],
    }


def _fault(trial: DraftTrial | None) -> Message | None:
    return message(trial.code, trial.params) if trial is not None and trial.code else None


def _rows(draft: ModelVersion, trial: DraftTrial) -> list[AnswerRow]:
    answers = selectors.answers_by_request(draft, trial)
    return [_row(example, answers.get(selectors.request_digest(example.request))) for example in draft.examples.all()]


def _row(example: Example, found: Mapping[str, Any] | None) -> AnswerRow:
    answer = found.get("answer") if found else None
    state, text = _verdict(example, found)
    return AnswerRow(
        number=example.position,
        title=example.title,
        state=state,
        text=text,
        answer=readable_json(answer.get("outputs")) if answer else "",
        expected=readable_json(example.expected.get("outputs")),
        latency_ms=found.get("latency_ms") if found else None,
        usable=answer is not None and state != "pass",
        outputs=(answer.get("outputs") or ()) if answer else (),
    )


def _verdict(example: Example, found: Mapping[str, Any] | None) -> tuple[str, str]:
    if found is None:
        return "stale", _("Not tried as it is now.")
    if found.get("code"):
        text = message(str(found["code"]), found.get("params") or {})
        return "fail", f"{text.title} {text.body}".strip()
    if not example.expected.get("outputs"):
        return "none", _("No answer is expected yet.")
    compared = compare_answers(expected=example.expected, actual=found["answer"], tolerance=example.tolerance)
    if compared.matches:
        return "pass", _("Answered as expected")
    return "fail", str(message(compared.code, compared.params).title)
