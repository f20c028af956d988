"""A worker may die at any moment: whoever takes the job over ends where an undisturbed run would have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployer import services
from deployer.interfaces import CupSpec, CupStatus, ServingResponse
from deployer.models import ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.reconcile import reconcile
from registry.jobs import runner
from registry.jobs.queue import Claim
from registry.models import Job, JobState, ModelVersion, TrialRun, VersionState
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
SERVED = [
    "version:in_review",
    "review:approve",
    "version:approved",
    "image_build:queued",
    "image_build:building",
    "image_build:succeeded",
    "rollout:pending",
    "rollout:applying",
    "rollout:ready",
]


class Killed(BaseException):  # no error: the end of the process
    """Passes every `except Exception`, as a kill would."""


@pytest.fixture
def kill_at_write(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the worker of a kind of job die once, at its n-th fenced write, before or after the commit."""
    real = Claim.writing

    def arm(kind: str, number: int, *, committed: bool) -> None:
        left = [number]

        @contextmanager
        def writing(self: Claim) -> Iterator[None]:
            left[0] -= self.kind == kind
            dies = left[0] == 0 and self.kind == kind
            with real(self):
                yield
                if dies and not committed:
                    raise Killed
            if dies:
                raise Killed

        monkeypatch.setattr(Claim, "writing", writing)

    return arm


def run_until_killed(due: tuple[int, ...]) -> bool:
    """Work; True if the worker died on the way."""
    try:
        scene.work(due)
    except Killed:
        return True
    return False


def take_over() -> None:
    """Let the dead worker's lease run out, and another one do what is left."""
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))
    scene.work_off()


@pytest.mark.parametrize("committed", [False, True], ids=["before-commit", "after-commit"])
@pytest.mark.parametrize(
    ("kind", "number"), [("build_image", 1), ("build_image", 2), ("roll_out", 1), ("roll_out", 2), ("roll_out", 3)]
)
def test_a_kill_at_any_write_after_the_approval_changes_nothing(
    kill_at_write: Callable[..., None], kind: str, number: int, *, committed: bool
) -> None:
    version = scene.in_review()
    approved = version.image_digest
    kill_at_write(kind, number, committed=committed)

    assert run_until_killed(scene.approve(version))
    take_over()

    assert scene.tags(version) == SERVED
    assert (ImageBuild.objects.get().built_digest, ImageBuild.objects.get().state) == (approved, "succeeded")
    rollout = Rollout.objects.get()
    assert (rollout.state, rollout.endpoint.current_id) == (RolloutState.READY, rollout.pk)
    assert set(scene.serving().statuses()) == {rollout.cup_name}
    assert not Job.objects.exclude(state=JobState.SUCCEEDED).exists()


@pytest.mark.parametrize("committed", [False, True], ids=["before-commit", "after-commit"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_kill_at_any_write_of_a_trial_changes_nothing(
    kill_at_write: Callable[..., None], number: int, *, committed: bool
) -> None:
    version = scene.submitted()
    kill_at_write("try_version", number, committed=committed)

    assert run_until_killed(services.queue_trial(version_id=version.pk))
    take_over()

    version.refresh_from_db()
    assert (version.state, scene.tags(version)) == (VersionState.IN_REVIEW, ["version:in_review"])
    assert TrialRun.objects.get().passed


@pytest.mark.parametrize("verb", ["apply", "status", "request"])
def test_a_kill_around_any_call_of_the_serving_backend_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    version = scene.in_review()
    backend = scene.serving()
    real = getattr(backend, verb)

    def die_after(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        monkeypatch.setattr(backend, verb, real)
        raise Killed

    monkeypatch.setattr(backend, verb, die_after)
    assert run_until_killed(scene.approve(version))
    take_over()

    assert scene.tags(version) == SERVED
    assert set(backend.statuses()) == {Rollout.objects.get().cup_name}


def test_a_kill_while_the_image_is_built_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    version = scene.in_review()
    builder = scene.builder()
    real = builder.build

    def die_after(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        monkeypatch.setattr(builder, "build", real)
        raise Killed

    monkeypatch.setattr(builder, "build", die_after)
    assert run_until_killed(scene.approve(version))
    take_over()

    assert scene.tags(version) == SERVED


def test_the_cup_of_a_dead_trial_is_swept_away_and_that_of_a_running_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = scene.submitted()
    backend = scene.serving()

    def die(*_args: object) -> ServingResponse:
        raise Killed

    backend.answer = die
    (job_id,) = services.queue_trial(version_id=version.pk)
    with monkeypatch.context() as patched:
        patched.setattr(backend, "delete", lambda _name: None)  # a killed process deletes nothing
        with pytest.raises(Killed):
            runner.run_job(job_id=job_id)
    name = f"trial-{version.pk}-1-1"
    assert set(backend.statuses()) == {name}

    reconcile()
    assert set(backend.statuses()) == {name}, "its lease still runs"

    backend.answer = None
    take_over()
    reconcile()
    assert backend.statuses() == {}
    assert TrialRun.objects.get(version=version).passed


def test_a_worker_that_woke_up_late_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    version = scene.in_review()
    backend = scene.serving()
    real = backend.apply

    def overslept(spec: CupSpec) -> CupStatus:
        status = real(spec)
        Job.objects.filter(kind="roll_out").update(lease_until=timezone.now() - timedelta(seconds=1))
        monkeypatch.setattr(backend, "apply", real)
        scene.work_off()
        assert Rollout.objects.get().state == RolloutState.READY
        return status

    monkeypatch.setattr(backend, "apply", overslept)
    scene.work(scene.approve(version))

    assert scene.tags(version) == SERVED
    assert Job.objects.get(kind="roll_out").state == JobState.SUCCEEDED


def test_jobs_done_twice_have_their_effect_once() -> None:
    version = scene.in_review()
    scene.work(scene.approve(version))
    before = scene.counts()

    for kind in ("try_version", "build_image", "roll_out"):
        scene.run_again(kind)

    assert scene.counts() == before
    assert ImageBuild.objects.get().state == ImageBuildState.SUCCEEDED
    assert ModelVersion.objects.get().state == VersionState.APPROVED
