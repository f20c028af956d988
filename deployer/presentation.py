"""Rows as pages show them: stored codes become texts here, so that templates only print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from deployer.errors import WhoActs
from deployer.models import Health, ImageBuild, Rollout, RolloutState
from deployer.services.blame import LOG_TAIL, WHO_ACTS
from registry.messages import message
from registry.models import Job

PHASES = {
    "waiting": _("Waiting for a worker"),
    "packaging": _("Packaging"),
    "starting": _("Starting the model"),
    "verifying": _("Asking the first example"),
}
BUILD_PHASES = ("waiting", "packaging")
ROLLOUT_PHASES = ("waiting", "starting", "verifying")
WHO = {
    WhoActs.USER.value: _("The submitter has to act."),
    WhoActs.OPERATOR.value: _("An operator has to act."),
}
KINDS = {
    "check_draft": _("Checks of drafts"),
    "check_frozen": _("Checks of submitted versions"),
    "try_version": _("Trial runs"),
    "build_image": _("Image builds"),
    "roll_out": _("Rollouts"),
    "stop_cup": _("Replicas to stop"),
    "converge_cup": _("Replicas to bring back"),
}
_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """One step: `state` is done, current, failed or todo; `done` and `total` count bytes where they are known."""

    label: str
    state: str
    milliseconds: float | None = None
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureNote:
    """Why a step failed, who has to do something about it, and the end of the replica's output."""

    title: str
    body: str
    who: str
    log_tail: str


def build_phases(build: ImageBuild, job: Job | None) -> list[PhaseRow]:
    """The steps of a build."""
    return _phases(build, BUILD_PHASES, failed=build.state == "failed", over=build.finished_at is not None, job=job)


def rollout_phases(rollout: Rollout, job: Job | None) -> list[PhaseRow]:
    """The steps of a rollout."""
    over = rollout.state not in {"pending", "applying"}
    return _phases(rollout, ROLLOUT_PHASES, failed=rollout.state == "failed", over=over, job=job)


def failure_note(code: str, params: dict[str, object]) -> FailureNote | None:
    """The texts of a stored failure; None without one."""
    if not code:
        return None
    text = message(code, params)
    who = WHO.get(str(params.get(WHO_ACTS, "")), WHO[WhoActs.OPERATOR.value])
    return FailureNote(title=str(text.title), body=str(text.body), who=str(who), log_tail=str(params.get(LOG_TAIL, "")))


def health_word(rollout: Rollout) -> str:
    """How the rollout's replica does, as a status word; one that was stopped on purpose is suspended, not unknown."""
    if rollout.health != Health.UNKNOWN:
        return str(rollout.health)
    if rollout.state in {RolloutState.SUPERSEDED, RolloutState.RETIRED}:
        return "suspended"
    return "missing" if rollout.state in {RolloutState.PENDING, RolloutState.FAILED} else "unknown"


def kind_label(kind: str) -> str:
    """A kind of work in words."""
    return str(KINDS.get(kind, kind))


def _phases(
    subject: ImageBuild | Rollout, expected: Sequence[str], *, failed: bool, over: bool, job: Job | None
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
        seconds = phase["seconds"] if phase else None
        counted = job if state == "current" and job is not None else None
        rows.append(
            PhaseRow(
                label=str(PHASES[name]),
                state=state,
                milliseconds=None if seconds is None else seconds * _MS,
                done=counted.progress_done if counted else 0,
                total=counted.progress_total if counted else 0,
            )
        )
    return rows
