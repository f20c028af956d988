from __future__ import annotations

import pytest
from django.dispatch import Signal

from deployer.models import Rollout
from registry import signals
from registry.models import Job, ModelVersion, TrialRun
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def send(signal: Signal, version: ModelVersion) -> tuple[int, ...]:
    return signals.due_jobs(signal.send(ModelVersion, version_id=version.pk))


def test_a_checked_version_is_tried_once_however_often_it_is_announced() -> None:
    version = scene.submitted()

    due = send(signals.version_checked, version)
    assert due == send(signals.version_checked, version)
    assert Job.objects.get().kind == "try_version"

    scene.work(due)
    assert TrialRun.objects.get().passed
    assert send(signals.version_checked, version) == ()


def test_an_approved_version_is_built_once_however_often_it_is_announced() -> None:
    version = scene.in_review()
    due = scene.approve(version)

    assert send(signals.version_approved, version) == due
    scene.work(due)
    scene.work(send(signals.version_approved, version))
    assert Rollout.objects.count() == 1


@pytest.mark.parametrize("name", ["version_retired", "version_withdrawn"])
def test_a_version_that_is_not_wanted_is_taken_away_once(name: str) -> None:
    rollout = scene.served()
    signal = getattr(signals, name)

    (due,) = send(signal, rollout.version)
    assert Job.objects.get(pk=due).kind == "stop_cup"
    assert send(signal, rollout.version) == ()
