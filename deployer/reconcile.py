"""Sweep steps: what should be served against what the backend runs, and old figures. Each is safe to repeat."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from deployer import services
from deployer.backends import serving_backend, traffic_router
from deployer.cups import draft_cup_name, trial_cup_name
from deployer.errors import OperatorError, TransientError
from deployer.interfaces import CupPhase, CupStatus, RouteTrouble
from deployer.models import Health, Rollout, RolloutState
from deployer.reachability import SERVING
from deployer.routes import converge_routes
from deployer.selectors import retired_but_served, running_trials, wanted_rollouts
from deployer.services import Observation
from deployer.services.health import DOWN

logger = logging.getLogger(__name__)
_ROLLOUT_CUP = re.compile(r"cup-(\d+)")
_HEALTH = {
    CupPhase.READY: Health.HEALTHY,
    CupPhase.STARTING: Health.PROGRESSING,
    CupPhase.STOPPING: Health.PROGRESSING,
    CupPhase.FAILED: Health.DEGRADED,
    CupPhase.ABSENT: Health.MISSING,
}


def reconcile() -> tuple[int, ...]:
    """Note how every wanted cup does, make dead ones due again, and take away what nobody wants.

    The backend is asked before the database: a cup that appears in between is then simply not seen yet, whereas the
    other order would take it for one that nobody wants.
    """
    try:
        statuses = serving_backend().statuses()
    except (TransientError, OperatorError) as error:
        # Nothing is known now, so nothing is noted: what serves goes on, and the next round asks again.
        logger.warning("the serving backend cannot be asked: %s", error)
        services.note_trouble(part=SERVING, code=error.code, params=error.params)
        return _retire()
    services.note_works(parts=[SERVING])
    due = list(_retire())
    wanted = wanted_rollouts()
    troubles = _troubles()
    for rollout in wanted:
        due += _look_at(rollout, statuses.get(rollout.cup_name), _trouble(rollout, troubles))
    names = {rollout.cup_name for rollout in wanted} | {_trial_name(*trial) for trial in running_trials()}
    due += _clear_away({name: status for name, status in statuses.items() if name not in names})
    services.note_compared()
    return tuple(due)


def repair_routes() -> tuple[int, ...]:
    """Have each endpoint's requests sent to its current cup, also where somebody or something changed that."""
    try:
        converge_routes()
    except (TransientError, OperatorError) as error:
        logger.warning("the router cannot be asked: %s", error)
    return ()


def thin_out_figures() -> tuple[int, ...]:
    """Keep request figures coarser with age."""
    return services.roll_up_figures(now=time.time())


def _retire() -> tuple[int, ...]:
    due: list[int] = []
    for version_id in retired_but_served():
        due += services.retire_serving(version_id=version_id)
    return tuple(due)


def _trial_name(kind: str, version_id: int, key: str, attempt: int) -> str:
    """The cup of a running trial; a version's revision is the last part of its job's key."""
    if kind == "try_draft":
        return draft_cup_name(version_id, attempt)
    return trial_cup_name(version_id, int(key.rpartition(":")[2]), attempt)


def _troubles() -> Mapping[str, RouteTrouble] | None:
    """The routes that do not work, by endpoint; None if that cannot be known now."""
    try:
        return traffic_router().troubles()
    except (TransientError, OperatorError) as error:
        logger.warning("the router cannot be asked about its routes: %s", error)
        return None


def _trouble(rollout: Rollout, troubles: Mapping[str, RouteTrouble] | None) -> RouteTrouble | None:
    """What is wrong with the rollout's route, if it is the one that the endpoint answers with."""
    if troubles is not None:
        return troubles.get(rollout.endpoint.name) if rollout.endpoint.current_id == rollout.pk else None
    # The gateway cannot be asked, so what was seen last stands.
    return RouteTrouble(code=rollout.health_code, params=rollout.health_params) if rollout.misses_its_route else None


def _look_at(rollout: Rollout, status: CupStatus | None, trouble: RouteTrouble | None) -> tuple[int, ...]:
    phase = CupPhase.ABSENT if status is None else status.phase
    health = _HEALTH[phase]
    if rollout.state == RolloutState.APPLYING and phase is CupPhase.ABSENT:
        health = Health.PROGRESSING  # its job has not come to it yet
    seen = Observation(
        health=health,
        code=status.code if status else "",
        params=dict(status.params) if status else {},
        restarts=max(rollout.restarts, status.restarts if status else 0),
    )
    if rollout.health_code and {rollout.health, health} <= DOWN and seen.restarts == rollout.restarts:
        # The same replica is still down: what is on record may be why it cannot come back, which the backend knows not.
        seen = replace(seen, code=rollout.health_code, params=rollout.health_params)
    changed_by_hand = phase is CupPhase.READY and bool(seen.code)
    if trouble is not None and phase is CupPhase.READY and not seen.code:
        seen = replace(seen, code=trouble.code, params=trouble.params)
    services.note_health(rollout=rollout, seen=seen)
    if rollout.state == RolloutState.READY and (changed_by_hand or phase in {CupPhase.FAILED, CupPhase.ABSENT}):
        return services.queue_convergence(rollout)
    return ()


def _clear_away(statuses: Mapping[str, CupStatus]) -> tuple[int, ...]:
    """Cups of ended rollouts go by a job; leftovers that no row knows go at once."""
    unwanted = {name: _ROLLOUT_CUP.fullmatch(name) for name in statuses}
    known = Rollout.objects.in_bulk([int(match[1]) for match in unwanted.values() if match])
    due: list[int] = []
    for name, match in unwanted.items():
        rollout = known.get(int(match[1])) if match else None
        if rollout is not None:
            due += services.queue_stop(rollout)
        else:
            # Each trial's cup is going for a while; it is asked again all the same, as its worker may have died.
            if statuses[name].phase is not CupPhase.STOPPING:
                logger.warning("taking away %s, which nobody asked for", name)
            serving_backend().delete(name)
    return tuple(due)
