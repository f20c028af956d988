"""Rows as pages show them: stored codes become texts here, so that templates only print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from deployer.errors import WhoActs
from deployer.models import BuildLogLine, ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.services.blame import LOG_TAIL, WHO_ACTS
from registry.messages import message
from registry.models import Job

PHASES = {
    "waiting": _("Waiting for a worker"),
    "checking": _("Comparing with the review"),
    "packaging": _("Packaging the files"),
    "publishing": _("Publishing the image"),
    "starting": _("Starting the model"),
    "verifying": _("Asking the first example"),
}
BUILD_PHASES = ("waiting", "checking", "packaging", "publishing")
ROLLOUT_PHASES = ("waiting", "starting", "verifying")
WHO = {
    WhoActs.USER.value: _("The submitter has to act."),
    WhoActs.OPERATOR.value: _("An operator has to act."),
}
KINDS = {
    "finish_uploads": _("Uploads to take in"),
    "clear_store": _("Storage to clear"),
    "tell_concerned": _("News to tell"),
    "mail_news": _("News to mail"),
    "check_draft": _("Checks of drafts"),
    "check_frozen": _("Checks of submitted versions"),
    "try_draft": _("Trial runs of drafts"),
    "try_version": _("Trial runs"),
    "build_image": _("Image builds"),
    "roll_out": _("Rollouts"),
    "stop_cup": _("Replicas to stop"),
    "converge_cup": _("Replicas to bring back"),
}
_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """One step: `state` is done, current, failed or todo; `milliseconds` those passed so far, `usual` the median.

    `done` and `total` tell how far a running step is: in bytes where those are known (`in_bytes`), else by the usual.
    """

    label: str
    state: str
    milliseconds: float | None = None
    usual: float | None = None
    done: int = 0
    total: int = 0
    in_bytes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One line of a build's log, in the reader's language."""

    number: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureNote:
    """Why a step failed, who has to do something about it, and the end of the replica's output."""

    title: str
    body: str
    who: str
    log_tail: str


def build_phases(build: ImageBuild, job: Job | None, usual: Mapping[str, float]) -> list[PhaseRow]:
    """The steps of a build; `usual` are the median seconds of each."""
    over = build.finished_at is not None
    return _phases(build, BUILD_PHASES, failed=build.state == ImageBuildState.FAILED, over=over, job=job, usual=usual)


def rollout_phases(rollout: Rollout, job: Job | None, usual: Mapping[str, float]) -> list[PhaseRow]:
    """The steps of a rollout; `usual` are the median seconds of each."""
    over = rollout.state not in {RolloutState.PENDING, RolloutState.APPLYING}
    return _phases(
        rollout, ROLLOUT_PHASES, failed=rollout.state == RolloutState.FAILED, over=over, job=job, usual=usual
    )


def log_rows(lines: Iterable[BuildLogLine]) -> list[LogRow]:
    """The lines of a build's log as texts."""
    rows = []
    for line in lines:
        text = message(line.code, line.params)
        rows.append(LogRow(number=line.number, at=line.at, text=f"{text.title} {text.body}".strip()))
    return rows


def failure_note(code: str, params: dict[str, object]) -> FailureNote | None:
    """The texts of a stored failure; None without one."""
    if not code:
        return None
    text = message(code, params)
    who = WHO.get(str(params.get(WHO_ACTS, "")), WHO[WhoActs.OPERATOR.value])
    return FailureNote(title=str(text.title), body=str(text.body), who=str(who), log_tail=str(params.get(LOG_TAIL, "")))


def kind_label(kind: str) -> str:
    """A kind of work in words."""
    return str(KINDS.get(kind, kind))


def _phases(
    subject: ImageBuild | Rollout,
    expected: Sequence[str],
    *,
    failed: bool,
    over: bool,
    job: Job | None,
    usual: Mapping[str, float],
) -> list[PhaseRow]:
    known = {phase["name"]: phase for phase in subject.phases}
    reached = [name for name in expected if name in known]
    rows = []
    for name in expected:
        phase = known.get(name)
        last = bool(reached) and name == reached[-1]
        if phase is None:
            # Nothing was written yet: the first step is the wait itself.
            state = "current" if not over and not reached and name == expected[0] else "todo"
        elif last and failed:
            state = "failed"
        else:
            state = "current" if phase["seconds"] is None and not over else "done"
        rows.append(_phase_row(name, state, _passed(phase, state, subject), usual.get(name), job))
    return rows


def _phase_row(name: str, state: str, passed: float | None, usual: float | None, job: Job | None) -> PhaseRow:
    bytes_known = state == "current" and job is not None and job.progress_total > 0
    done, total = (job.progress_done, job.progress_total) if job is not None and bytes_known else (0, 0)
    if state == "current" and not bytes_known and passed is not None and usual:
        done, total = round(min(passed, usual) * _MS), round(usual * _MS)
    return PhaseRow(
        label=str(PHASES[name]),
        state=state,
        milliseconds=None if passed is None else passed * _MS,
        usual=None if usual is None else usual * _MS,
        done=done,
        total=total,
        in_bytes=bytes_known,
    )


def _passed(phase: dict[str, Any] | None, state: str, subject: ImageBuild | Rollout) -> float | None:
    """Seconds that a step took, or has been running for."""
    if state == "current":
        since = datetime.fromisoformat(phase["started_at"]) if phase else subject.state_changed_at
        return max((timezone.now() - since).total_seconds(), 0)
    return None if phase is None else phase["seconds"]
