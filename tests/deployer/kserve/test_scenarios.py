"""What KServe says one word after the other, played on the stand-in: the backend comes to the right end, in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from deployer.interfaces import CupPhase
from deployer.serving.cluster import Cluster
from deployer.serving.kserve import KServeBackend
from tests.deployer.kserve.acting import until
from tests.deployer.kserve.worlds import NAMESPACE, spec
from tests.stubs.kserve_player import SCENARIOS, Player, StandInHands
from tests.stubs.kube_api import KubeApi

# Scenario: how many seconds after its last word the verdict is due, and what it is.
READY = (0, CupPhase.READY, "")
ENDS = {
    "ready": READY,
    "first_status_false": READY,
    "ready_from_old_pods": READY,
    "observed_generation_of_another": READY,
    "failure_info_that_stays": READY,
    "killed_and_back": READY,
    "pull_error": (31, CupPhase.FAILED, "kserve.image_missing"),
    "empty_image": (0, CupPhase.FAILED, "kserve.image_without_models"),
    "no_runtime": (11, CupPhase.FAILED, "kserve.no_runtime"),
    "quota": (0, CupPhase.FAILED, "kserve.quota"),
    "unschedulable": (61, CupPhase.FAILED, "kserve.no_capacity"),
    "oom": (0, CupPhase.FAILED, "serving.out_of_memory"),
    "bad_model_file": (10, CupPhase.FAILED, "serving.load_failed"),
    "crash_after_ready": (10, CupPhase.FAILED, "serving.exited"),
    "killed": (0, CupPhase.FAILED, "serving.killed"),
    "silent_model": (301, CupPhase.FAILED, "kserve.never_answers"),
    "unreachable": (61, CupPhase.FAILED, "kserve.predictor_unreachable"),
    "controller_down": (61, CupPhase.FAILED, "kserve.controller_down"),
}
NEVER_CALLED_READY = {"ready_from_old_pods": 4, "observed_generation_of_another": 1}


@dataclass
class Stage:
    """A backend and a player who share a clock that a test turns."""

    backend: KServeBackend
    player: Player
    kube: KubeApi
    ahead: list[float] = field(default_factory=lambda: [0.0])

    def later(self, seconds: float) -> None:
        self.ahead[0] += seconds

    def caught_up(self) -> None:
        """Wait until the watches have told everything that was written."""

        def told() -> bool:
            with self.kube.store.lock:
                stored = {
                    plural: {
                        name: str(obj["metadata"]["resourceVersion"])
                        for (where, name), obj in self.kube.store.of(self.kube.target(plural).resource).items()
                        if where == NAMESPACE
                    }
                    for plural in ("inferenceservices", "deployments", "pods")
                }
            view = self.backend._view()
            known = (view.services, view._deployments, view._pods)
            seen = [{n: str(o["metadata"]["resourceVersion"]) for n, o in one.all().items()} for one in known]
            return seen == list(stored.values())

        until(told)


@pytest.fixture
def stage(kube: KubeApi, site: Cluster) -> Iterator[Stage]:
    ahead = [0.0]
    player = Player(StandInHands(kube, NAMESPACE), clock=lambda: datetime.fromtimestamp(time.time() + ahead[0], UTC))
    player._predictors.start()
    backend = KServeBackend(
        replace(site, predictor_url=player.url_of("{name}")), clock=lambda: time.time() + ahead[0]
    )  # fmt: skip
    yield Stage(backend=backend, player=player, kube=kube, ahead=ahead)
    backend.close()
    player._predictors.stop()


def played(stage: Stage, scenario: str, each: Callable[[int], None] = lambda _number: None) -> None:
    stage.player.play("cup-7", scenario)
    stage.backend.apply(spec())
    number = 0
    while stage.player.step():
        number += 1
        stage.caught_up()
        each(number)


@pytest.mark.parametrize("scenario", ENDS)
def test_a_scenario_ends_in_the_right_state_in_time(stage: Stage, scenario: str) -> None:
    after, phase, code = ENDS[scenario]
    early: list[CupPhase] = []

    if scenario == "killed_and_back":
        played(stage, "killed")
    played(stage, scenario, lambda _number: early.append(stage.backend.status("cup-7").phase))
    stage.later(after)
    status = stage.backend.status("cup-7")

    assert (status.phase, status.code) == (phase, code), SCENARIOS[scenario].about
    if phase is CupPhase.READY:
        assert CupPhase.FAILED not in early or scenario in {"failure_info_that_stays", "killed_and_back"}
    if scenario in NEVER_CALLED_READY:
        assert CupPhase.READY not in early[: NEVER_CALLED_READY[scenario]]


def test_every_scenario_is_looked_at() -> None:
    assert set(SCENARIOS) - set(ENDS) == {"flapping", "stuck_delete"}


def test_what_flaps_is_told_although_it_answers_just_now(stage: Stage) -> None:
    played(stage, "flapping")

    status = stage.backend.status("cup-7")

    assert (status.phase, status.code, status.restarts) == (CupPhase.FAILED, "kserve.flapping", 4)


def test_a_deletion_that_a_finalizer_holds_is_told_after_its_time(stage: Stage) -> None:
    played(stage, "stuck_delete")
    stage.backend.delete("cup-7")
    stage.player.settle()
    assert (stage.backend.status("cup-7").phase, stage.backend.status("cup-7").code) == (CupPhase.STOPPING, "")

    stage.later(301)

    status = stage.backend.status("cup-7")
    assert (status.phase, status.code) == (CupPhase.STOPPING, "kserve.stuck_delete")
    assert status.params["finalizers"] == "inferenceservice.finalizers"
