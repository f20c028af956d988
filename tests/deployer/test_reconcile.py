from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployer import services
from deployer.errors import TransientError
from deployer.interfaces import CupPhase, CupStatus
from deployer.models import Health, Rollout, RolloutState
from deployer.reconcile import reconcile
from deployer.sync import is_compared, last_comparison
from registry.jobs.sweep import take_lease
from registry.models import Event, Job, Lease
from registry.services import retire_version
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def sweep(*rollouts: Rollout) -> None:
    """One round of the sweep, its work done."""
    scene.work(reconcile())
    for rollout in rollouts:
        rollout.refresh_from_db()


def health_events() -> list[tuple[str, str]]:
    return list(
        Event.objects.filter(tag__in=["rollout:degraded", "rollout:recovered"])
        .order_by("pk")
        .values_list("tag", "reason")
    )


def test_a_killed_replica_is_noted_and_brought_back() -> None:
    rollout = scene.served()
    backend = scene.serving()
    before = backend.status(rollout.cup_name).identity
    backend.kill(rollout.cup_name)

    sweep(rollout)
    assert (rollout.state, rollout.health, rollout.health_code) == (
        RolloutState.READY,
        Health.DEGRADED,
        "serving.killed",
    )
    assert backend.status(rollout.cup_name).identity != before

    sweep(rollout)
    assert (rollout.health, rollout.health_code, rollout.restarts) == (Health.HEALTHY, "", 1)
    assert health_events() == [("rollout:degraded", "serving.killed"), ("rollout:recovered", "")]

    sweep(rollout)
    assert len(health_events()) == 2, "nothing changed, so nothing is told"


def test_a_replica_that_starts_again_counts_as_down_until_it_answers() -> None:
    rollout = scene.served()
    backend = scene.serving()
    backend.looks_until_ready = 4
    backend.kill(rollout.cup_name)

    sweep(rollout)
    sweep(rollout)
    assert rollout.health == Health.DEGRADED
    sweep(rollout)
    sweep(rollout)
    sweep(rollout)
    assert rollout.health == Health.HEALTHY
    assert [tag for tag, _reason in health_events()] == ["rollout:degraded", "rollout:recovered"]


def test_a_replica_that_was_brought_back_before_anybody_looked_is_told_of_too() -> None:
    rollout = scene.served()
    backend = scene.serving()
    backend.looks_until_ready = 3
    backend.kill(rollout.cup_name)
    scene.work(services.queue_convergence(rollout))

    sweep(rollout)
    assert rollout.health == Health.DEGRADED
    sweep(rollout)
    sweep(rollout)

    assert health_events() == [("rollout:degraded", ""), ("rollout:recovered", "")]


def test_after_a_restart_of_everything_every_cup_comes_back() -> None:
    first, second = scene.served(), scene.served(name="other")
    scene.serving().stop_all()

    sweep(first, second)
    assert {first.health, second.health} == {Health.MISSING}
    sweep(first, second)

    assert set(scene.serving().statuses()) == {first.cup_name, second.cup_name}
    assert {first.health, second.health} == {Health.HEALTHY}


def test_a_cup_that_does_not_come_back_is_tried_in_every_round_at_first() -> None:
    rollout = scene.served()
    backend = scene.serving()
    backend.unavailable.add(scene.RUNTIME)
    backend.stop_all()

    sweep(rollout)
    sweep(rollout)
    assert backend.calls.count(("apply", rollout.cup_name)) == 3
    assert Job.objects.get(kind="converge_cup").last_error == "runtime.unknown"

    backend.unavailable.clear()
    sweep(rollout)
    sweep(rollout)
    assert rollout.health == Health.HEALTHY


def test_the_longer_a_cup_is_down_the_rarer_it_is_tried() -> None:
    rollout = scene.served()
    backend = scene.serving()
    backend.unavailable.add(scene.RUNTIME)
    backend.stop_all()
    sweep(rollout)
    sweep(rollout)
    tried = backend.calls.count(("apply", rollout.cup_name))
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Rollout.objects.filter(pk=rollout.pk).update(health_changed_at=an_hour_ago)

    for _round in range(3):
        sweep(rollout)
    assert backend.calls.count(("apply", rollout.cup_name)) == tried

    Job.objects.filter(kind="converge_cup").update(finished_at=timezone.now() - timedelta(minutes=6))
    backend.unavailable.clear()
    sweep(rollout)
    sweep(rollout)
    assert rollout.health == Health.HEALTHY


def test_a_cup_that_is_being_brought_back_is_not_asked_for_again() -> None:
    """Or the next attempt would follow at once when this one fails."""
    rollout = scene.served()
    scene.serving().stop_all()
    services.queue_convergence(rollout)
    Job.objects.filter(kind="converge_cup").update(state="running")

    assert services.queue_convergence(rollout) == ()

    assert not Job.objects.get(kind="converge_cup").rerun


def test_a_cup_whose_bytes_were_damaged_says_so_until_they_are_restored() -> None:
    rollout = scene.served()
    backend, blobs = scene.serving(), scene.blobs()
    backend.blobs = blobs
    path = blobs.local_path(rollout.version.files.get(path="model.json").blob_id)
    honest = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(honest[::-1])
    backend.kill(rollout.cup_name)

    for _round in range(3):
        sweep(rollout)
    assert (rollout.health, rollout.health_code) == (Health.DEGRADED, "serving.bytes_changed")
    assert rollout.health_params == {"path": "model.json"}
    assert health_events() == [("rollout:degraded", "serving.killed"), ("rollout:degraded", "serving.bytes_changed")]

    path.write_bytes(honest)
    sweep(rollout)
    sweep(rollout)
    assert (rollout.health, rollout.health_code) == (Health.HEALTHY, "")


def test_a_cup_that_nobody_asked_for_is_taken_away() -> None:
    rollout = scene.served()
    backend = scene.serving()
    spec = backend.spec_of(rollout.cup_name)
    for name in ("cup-424242", "trial-1-1-1", "something-else"):
        backend.apply(replace(spec, name=name))

    sweep()

    assert set(backend.statuses()) == {rollout.cup_name}


def test_a_cup_that_is_going_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    """Each trial on a cluster ends in one. Its end is asked for again: its worker may have died halfway."""
    rollout = scene.served()
    backend = scene.serving()
    backend.apply(replace(backend.spec_of(rollout.cup_name), name="trial-1-1-1"))
    backend.become("trial-1-1-1", CupPhase.STOPPING)

    sweep(rollout)

    assert ("delete", "trial-1-1-1") in backend.calls
    assert "nobody asked for" not in caplog.text


def test_a_cup_of_an_ended_rollout_is_stopped_even_if_that_job_got_lost() -> None:
    rollout = scene.served()
    backend = scene.serving()
    spec = backend.spec_of(rollout.cup_name)
    scene.work(retire_version(version=rollout.version, actor=scene.operator()))
    Job.objects.filter(kind="stop_cup").delete()
    backend.apply(spec)

    sweep()

    assert backend.statuses() == {}


def test_a_cup_wanted_in_other_words_is_replaced() -> None:
    rollout = scene.served()
    backend = scene.serving()
    type(rollout.version).objects.filter(pk=rollout.version_id).update(memory_bytes=1 << 31)
    backend.kill(rollout.cup_name)

    sweep(rollout)
    sweep(rollout)

    assert rollout.health == Health.HEALTHY
    assert backend.spec_of(rollout.cup_name).memory_bytes == 1 << 31


def test_the_health_of_an_ended_rollout_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = scene.served()
    backend = scene.serving()
    real = backend.statuses

    def ended_meanwhile() -> Mapping[str, CupStatus]:
        seen = real()
        type(rollout).objects.filter(pk=rollout.pk).update(state=RolloutState.RETIRED)
        backend.become(rollout.cup_name, CupPhase.FAILED)
        return seen

    monkeypatch.setattr(backend, "statuses", ended_meanwhile)
    sweep(rollout)

    assert health_events() == []


def test_a_rollout_that_was_repeated_before_its_cup_was_gone_keeps_its_health() -> None:
    rollout = scene.served()

    services.note_stopped(rollout=rollout)

    rollout.refresh_from_db()
    assert rollout.health == Health.HEALTHY


def test_a_sweep_costs_the_same_number_of_queries_for_one_cup_as_for_many(django_assert_num_queries: Any) -> None:
    scene.served()
    reconcile()
    with django_assert_num_queries(5):
        reconcile()
    scene.served(name="second")
    scene.served(name="third")
    reconcile()
    with django_assert_num_queries(5):
        reconcile()


def test_a_cup_that_was_changed_by_hand_is_told_once_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = scene.served()
    backend = scene.serving()
    plain = backend.statuses
    monkeypatch.setattr(
        backend,
        "statuses",
        lambda: {name: replace(status, code="kserve.drifted") for name, status in plain().items()},
    )
    backend.calls.clear()

    sweep(rollout)
    sweep(rollout)

    assert (rollout.health, rollout.health_code) == (Health.HEALTHY, "kserve.drifted")
    assert ("apply", rollout.cup_name) in backend.calls
    assert Event.objects.filter(tag="rollout:drifted").count() == 1
    monkeypatch.setattr(backend, "statuses", plain)
    sweep(rollout)
    assert rollout.health_code == ""


def test_a_backend_that_cannot_be_asked_changes_nothing_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = scene.served()
    backend = scene.serving()

    def away() -> Mapping[str, CupStatus]:
        raise TransientError("kserve.api_unreachable")

    reconcile()
    compared = last_comparison()
    monkeypatch.setattr(backend, "statuses", away)
    backend.calls.clear()

    for _round in range(3):
        sweep(rollout)

    assert (rollout.state, rollout.health) == (RolloutState.READY, Health.HEALTHY)
    assert health_events() == []
    assert backend.calls == []
    assert last_comparison() == compared, "nothing was compared since"


def test_a_sweep_that_hangs_is_no_comparison() -> None:
    """It keeps its lease for as long as it waits, and sync is unknown all the same."""
    assert not is_compared(last_comparison())
    reconcile()
    assert is_compared(last_comparison())
    Lease.objects.update(until=timezone.now())

    take_lease(holder="a worker that waits")

    assert not is_compared(last_comparison())
