"""Starting cups, letting them answer, bringing them back and taking them away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.utils import timezone

from deployer import cups, phases, services
from deployer.backends import serving_backend
from deployer.errors import ConflictError, ModelStartError, OperatorError, PortalError, TransientError
from deployer.interfaces import CupSpec
from deployer.models import Rollout, RolloutState
from deployer.reporting import throttled
from deployer.routes import converge_route
from deployer.services.blame import LOG_TAIL
from registry.examples import compare_answers
from registry.jobs.queue import Claim, Due

FAILURE_LOG_BYTES = 8192


def roll_out(claim: Claim) -> Due:
    """Start a cup, ask it, then let it answer. Entry: pending or applying. Exit: ready, or replaced by a newer one."""
    rollout = _rollout(claim)
    with claim.writing():
        if not services.begin_rollout(rollout=rollout):
            return ()
        phases.begin_phase(rollout, "starting")
    try:
        _start(claim, rollout)
    except ConflictError:
        rollout.refresh_from_db()
        if rollout.state == RolloutState.APPLYING:
            raise
    with claim.writing():
        due = services.switch_traffic(rollout=rollout)
    with suppress(TransientError, OperatorError):  # the sweep repeats it, and no replaced cup goes before that
        converge_route(rollout.endpoint.name)
    return due


def end_rollout(claim: Claim, error: PortalError) -> Due:
    """Entry: pending or applying. Exit: failed, with the cup's removal due."""
    return services.fail_rollout(rollout=_rollout(claim), error=error)


def stop_cup(claim: Claim) -> Due:
    """Take a cup away that nobody wants any more. Entry: failed, superseded (drained) or retired. Exit: the same."""
    rollout = _rollout(claim)
    if rollout.state in {RolloutState.PENDING, RolloutState.APPLYING, RolloutState.READY}:
        return ()  # it was asked for again meanwhile
    if rollout.state == RolloutState.SUPERSEDED and rollout.stop_after and rollout.stop_after > timezone.now():
        return ()  # still draining; the sweep asks again
    converge_route(rollout.endpoint.name)
    serving_backend().delete(rollout.cup_name)
    with claim.writing():
        services.note_stopped(rollout=rollout)
    return ()


def converge_cup(claim: Claim) -> Due:
    """Bring back a cup that should be there. Entry: ready, or superseded and draining. Exit: the same."""
    rollout = _rollout(claim)
    if rollout.state == RolloutState.READY:
        cups.want(serving_backend(), cups.rollout_cup(rollout))
    return ()


def leave_down(claim: Claim, error: PortalError) -> Due:
    """The cup stays down and its page says why; the sweep makes the work due again. Entry and exit: ready."""
    services.note_not_brought_back(rollout=_rollout(claim), error=error)
    return ()


def leave_to_the_sweep(claim: Claim, error: PortalError) -> Due:
    """Nothing to move: the sweep sees that wanted and actual still differ, and makes the work due again."""
    del claim, error
    return ()


def _start(claim: Claim, rollout: Rollout) -> None:
    """Bring the cup to answer. `ConflictError` as soon as the rollout is over: replaced, or its version retired."""
    spec, backend = cups.rollout_cup(rollout), serving_backend()
    report = throttled(claim)

    def still_wanted() -> None:
        report("starting", 0, 0)
        if not Rollout.objects.filter(pk=rollout.pk, state=RolloutState.APPLYING).exists():
            raise ConflictError("rollout.overtaken")

    with cups.repeated_while_unavailable(), _with_log(spec.name):
        cups.want(backend, spec)
        cups.wait_until_ready(
            backend, spec.name, seconds=cups.patience_with(backend), alive=still_wanted, wait=time.sleep
        )
        with claim.writing():
            phases.begin_phase(rollout, "verifying")
        _verify(rollout, spec)


def _verify(rollout: Rollout, spec: CupSpec) -> None:
    """The first example decides: a cup that is ready but answers something else is not what was reviewed."""
    example = rollout.version.examples.order_by("position").first()
    if example is None:
        return
    timeout = float(settings.GATEWAY_TIMEOUT_SECONDS)
    answer = cups.infer(
        serving_backend(), spec.name, model_name=spec.model_name, request=example.request, timeout=timeout
    )
    compared = compare_answers(expected=example.expected, actual=answer, tolerance=example.tolerance)
    if not compared.matches:
        raise ModelStartError("rollout.wrong_answer", title=example.title)


@contextmanager
def _with_log(name: str) -> Iterator[None]:
    """Keep the end of the replica's output with the failure, since the cup and its log are taken away."""
    try:
        yield
    except ModelStartError as error:
        tail = serving_backend().logs(name, max_bytes=FAILURE_LOG_BYTES)
        params: dict[str, Any] = {**error.params, LOG_TAIL: tail}
        raise ModelStartError(error.code, **params) from error


def _rollout(claim: Claim) -> Rollout:
    rows = Rollout.objects.select_related("endpoint", "build", "version__registered_model__owner")
    return rows.get(pk=claim.subject_id)
