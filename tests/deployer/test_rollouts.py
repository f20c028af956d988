from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.db import models, transaction
from django.utils import timezone

from deployer import services
from deployer.errors import ConflictError, ForbiddenError, IntegrityError
from deployer.interfaces import BuiltImage, CupSpec, CupStatus
from deployer.models import Endpoint, ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.reconcile import reconcile
from registry.errors import WhoActs
from registry.jobs import runner
from registry.models import Event, Job, JobState, ModelVersion, VersionFile, VersionState
from registry.services import retire_version
from tests.deployer import scene

Row = TypeVar("Row", bound=models.Model)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def build_job(version: ModelVersion) -> int:
    """The queued build's job, right after the approval."""
    (job_id,) = scene.approve(version)
    return job_id


def rollout_job(version: ModelVersion) -> int:
    """The waiting rollout's job, right after the build."""
    (job_id,) = runner.run_job(job_id=build_job(version))
    return job_id


def fresh(row: Row) -> Row:
    """The row as it is stored now."""
    row.refresh_from_db()
    return row


def live_version() -> ModelVersion | None:
    """What the only endpoint answers with."""
    current = Endpoint.objects.get().current
    return current.version if current is not None else None


class TestBuilds:
    def test_another_digest_than_the_approved_one_is_refused(self) -> None:
        version = scene.in_review()
        job_id = build_job(version)
        ImageBuild.objects.update(approved_digest="sha256:" + "0" * 64)

        scene.work((job_id,))

        build = ImageBuild.objects.get()
        assert (build.state, build.failure_code) == (ImageBuildState.FAILED, "build.digest_mismatch")
        assert build.failure_params["built"] == version.image_digest
        assert build.failure_params["who_acts"] == WhoActs.OPERATOR
        assert Event.objects.filter(tag="image_build:failed", reason="build.digest_mismatch").count() == 1
        assert not Rollout.objects.exists()

    def test_content_that_changed_after_the_review_is_refused(self) -> None:
        version = scene.in_review()
        job_id = build_job(version)
        VersionFile.objects.get(path="README.md").delete()

        scene.work((job_id,))

        assert ImageBuild.objects.get().failure_code == "build.content_changed"

    def test_an_approval_is_built_once(self) -> None:
        version = scene.in_review()
        job_id = build_job(version)

        assert services.queue_build(version_id=version.pk) == (job_id,)
        assert ImageBuild.objects.count() == 1

    def test_what_is_not_approved_is_not_built(self) -> None:
        assert services.queue_build(version_id=scene.in_review().pk) == ()

    def test_a_failed_build_can_be_repeated_by_its_submitter(self) -> None:
        version = scene.in_review()
        scene.builder().failure = IntegrityError("build.blob_changed", path="model.json", expected="a", actual="b")
        scene.work(scene.approve(version))
        build = ImageBuild.objects.get()
        assert (build.state, build.phases[-1]["name"]) == (ImageBuildState.FAILED, "packaging")
        assert build.phases[-1]["seconds"] is not None

        scene.builder().failure = None
        scene.work(services.retry_build(build=build, actor=scene.owner_of(version)))

        assert (fresh(build).state, build.failure_code) == (ImageBuildState.SUCCEEDED, "")
        assert Rollout.objects.get().state == RolloutState.READY

    def test_only_owner_and_operators_may_repeat_or_cancel(self) -> None:
        version = scene.in_review()
        build_job(version)
        build = ImageBuild.objects.get()

        for verb in (services.retry_build, services.cancel_build):
            with pytest.raises(ForbiddenError):
                verb(build=build, actor=scene.account("stranger"))
        with pytest.raises(ConflictError):
            services.retry_build(build=build, actor=scene.operator())

    def test_of_a_cancelled_build_nothing_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        version = scene.in_review()
        job_id = build_job(version)
        builder, build = scene.builder(), ImageBuild.objects.get()
        real = builder.build

        def cancelled_meanwhile(*args: Any, **kwargs: Any) -> BuiltImage:
            services.cancel_build(build=ImageBuild.objects.get(), actor=scene.owner_of(version))
            return real(*args, **kwargs)

        monkeypatch.setattr(builder, "build", cancelled_meanwhile)
        scene.work((job_id,))

        assert fresh(build).state == ImageBuildState.CANCELLED
        assert Job.objects.get(pk=job_id).state == JobState.SUCCEEDED
        assert not Rollout.objects.exists()

    def test_a_version_retired_while_it_is_built_is_not_rolled_out(self) -> None:
        version = scene.in_review()
        job_id = build_job(version)
        retire_version(version=fresh(version), actor=scene.operator())

        scene.work((job_id,))

        assert ImageBuild.objects.get().state == ImageBuildState.CANCELLED
        assert not Rollout.objects.exists()

    def test_endpoint_names_stay_apart(self) -> None:
        first = scene.served(owner="a-b", name="cc")
        second = scene.served(owner="aa", name="b-cc")
        third = scene.served(owner="a", name="b-cc")

        assert [r.endpoint.name for r in (first, second, third)] == ["a-b-cc", "aa-b-cc", "a-b-cc-2"]

    def test_long_endpoint_names_stay_short_and_apart(self) -> None:
        long = "a" * 39
        Endpoint.objects.create(name=f"{long}-{long}", registered_model=scene.submitted().registered_model)
        name = services.endpoint_name(scene.submitted(owner=long, name=long).registered_model)
        assert name == f"{long}-{long}"[:78] + "-2"


class TestReplacement:
    def test_a_new_version_replaces_the_old_one_which_drains(self, settings: Any) -> None:
        old = scene.served()
        new = scene.served()

        assert fresh(old).state == RolloutState.SUPERSEDED
        assert old.stop_after is not None
        assert new.ready_at is not None
        assert old.stop_after - new.ready_at == timedelta(seconds=settings.GATEWAY_TIMEOUT_SECONDS)
        assert fresh(new.endpoint).current == new
        assert set(scene.serving().statuses()) == {old.cup_name, new.cup_name}

        reconcile()
        scene.work_off()
        assert old.cup_name in scene.serving().statuses(), "it still drains"

        self.pass_time(old)
        scene.work_off()
        assert set(scene.serving().statuses()) == {new.cup_name}
        assert fresh(old).health == "unknown"

    @staticmethod
    def pass_time(rollout: Rollout) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Rollout.objects.filter(pk=rollout.pk).update(stop_after=past)
        Job.objects.filter(kind="stop_cup", subject_id=rollout.pk).update(run_after=past)

    def test_a_rollout_that_fails_leaves_the_old_version_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        old = scene.served()
        backend = scene.serving()
        version = scene.in_review()
        job_id = rollout_job(version)
        new = Rollout.objects.get(version=version)
        real = backend.status

        def failing(name: str) -> CupStatus:
            if name == new.cup_name:
                backend.fail(name, "serving.out_of_memory", log="MemoryError")
            return real(name)

        with monkeypatch.context() as patched:
            patched.setattr(backend, "status", failing)
            scene.work((job_id,))

        assert (fresh(new).state, new.failure_code) == (RolloutState.FAILED, "serving.out_of_memory")
        assert (new.failure_params["log_tail"], new.failure_params["who_acts"]) == ("MemoryError", "user")
        assert fresh(old).state == RolloutState.READY
        assert fresh(old.endpoint).current == old
        assert set(backend.statuses()) == {old.cup_name}

    def test_a_served_version_that_answers_otherwise_than_in_its_trial_is_not_put_into_production(self) -> None:
        version = scene.in_review()
        job_id = rollout_job(version)
        version.examples.update(
            expected={"outputs": [{"name": "predict", "shape": [1], "datatype": "FP64", "data": [7]}]}
        )

        scene.work((job_id,))

        rollout = Rollout.objects.get()
        assert (rollout.state, rollout.failure_code) == (RolloutState.FAILED, "rollout.wrong_answer")
        assert rollout.endpoint.current is None

    def test_the_last_approval_wins_when_its_rollout_ends_first(self) -> None:
        one, two = scene.in_review(), scene.in_review()
        first_job = rollout_job(one)
        second_job = rollout_job(two)

        scene.work((second_job,))
        scene.work((first_job,))
        scene.work_off()

        earlier, later = Rollout.objects.get(version=one), Rollout.objects.get(version=two)
        assert (earlier.state, later.state) == (RolloutState.SUPERSEDED, RolloutState.READY)
        assert later.endpoint.current == later
        assert set(scene.serving().statuses()) == {later.cup_name}

    def test_the_last_approval_wins_when_its_build_ends_first(self) -> None:
        one, two = scene.in_review(), scene.in_review()
        first_build, second_build = build_job(one), build_job(two)

        scene.work((second_build,))
        scene.work((first_build,))

        later = Rollout.objects.get(version=two)
        assert Rollout.objects.get(version=one).state == RolloutState.SUPERSEDED
        assert later.endpoint.current == later

    def test_an_earlier_version_serves_until_the_later_one_is_ready(self) -> None:
        one, two = scene.in_review(), scene.in_review()
        first_job = rollout_job(one)
        second_job = rollout_job(two)

        scene.work((first_job,))
        assert live_version() == one
        scene.work((second_job,))
        assert live_version() == two

    def test_a_rollout_overtaken_while_it_starts_ends_at_once_and_clears_its_cup_away(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, two = scene.in_review(), scene.in_review()
        first_job, second_job = rollout_job(one), rollout_job(two)
        backend, first = scene.serving(), Rollout.objects.get(version=one)
        real = backend.apply

        def overtaken(spec: CupSpec) -> CupStatus:
            status = real(spec)
            if spec.name == first.cup_name:
                backend.never_ready(spec.name)
                scene.work((second_job,))
            return status

        monkeypatch.setattr(backend, "apply", overtaken)
        scene.work((first_job,))

        assert fresh(first).state == RolloutState.SUPERSEDED
        assert live_version() == two
        assert first.cup_name not in backend.statuses()


class TestRetryAndRollBack:
    def failed(self) -> Rollout:
        version = scene.in_review()
        job_id = rollout_job(version)
        scene.serving().unavailable.add(scene.RUNTIME)
        Job.objects.filter(pk=job_id).update(failures=11)
        scene.work((job_id,))
        scene.serving().unavailable.clear()
        return Rollout.objects.get(version=version)

    def test_a_missing_runtime_is_an_operators_business_in_the_end(self) -> None:
        rollout = self.failed()

        assert (rollout.state, rollout.failure_code) == (RolloutState.FAILED, "runtime.unknown")
        assert rollout.failure_params["who_acts"] == WhoActs.OPERATOR

    def test_a_failed_rollout_can_be_repeated(self) -> None:
        rollout = self.failed()

        scene.work(services.retry_rollout(rollout=rollout, actor=scene.operator()))
        scene.work_off()

        assert (fresh(rollout).state, rollout.failure_code) == (RolloutState.READY, "")
        assert rollout.cup_name in scene.serving().statuses(), "the removal that was due is not"

    def test_strangers_may_not(self) -> None:
        rollout = self.failed()
        with pytest.raises(ForbiddenError):
            services.retry_rollout(rollout=rollout, actor=scene.account("stranger"))

    def test_a_failed_rollout_does_not_come_back_over_a_newer_version(self) -> None:
        rollout = self.failed()
        newer = scene.served()

        with pytest.raises(ConflictError, match=r"rollout\.newer_exists"):
            services.retry_rollout(rollout=rollout, actor=scene.operator())
        assert fresh(newer).state == RolloutState.READY

    def test_a_replaced_version_can_be_served_again(self) -> None:
        old, new = scene.served(), scene.served()

        scene.work(services.roll_back(endpoint=new.endpoint, actor=scene.operator(), to=fresh(old), reason="errors"))

        again = Rollout.objects.latest("pk")
        assert (again.version, again.image_digest) == (old.version, old.image_digest)
        assert fresh(new.endpoint).current == again
        assert fresh(new).state == RolloutState.SUPERSEDED
        assert Event.objects.get(subject=f"rollout:{again.pk}", tag="rollout:pending").reason == "errors"

    def test_rolling_back_needs_the_right_and_something_to_go_back_to(self) -> None:
        old, new = scene.served(), scene.served()
        other = scene.served(name="other")
        with pytest.raises(ForbiddenError):
            services.roll_back(endpoint=new.endpoint, actor=scene.owner_of(old.version), to=fresh(old))
        for target in (new, other):
            with pytest.raises(ConflictError):
                services.roll_back(endpoint=new.endpoint, actor=scene.operator(), to=target)
        services.roll_back(endpoint=new.endpoint, actor=scene.operator(), to=old)
        with pytest.raises(ConflictError, match=r"rollout\.already_there"):
            services.roll_back(endpoint=new.endpoint, actor=scene.operator(), to=old)

    def test_a_retired_version_does_not_come_back(self) -> None:
        old, new = scene.served(), scene.served()
        retire_version(version=old.version, actor=scene.operator())

        with pytest.raises(ConflictError, match=r"rollout\.version_not_approved"):
            services.roll_back(endpoint=new.endpoint, actor=scene.operator(), to=fresh(old))


class TestRetirement:
    def test_retiring_takes_traffic_away_and_then_the_cup(self) -> None:
        rollout = scene.served()

        due = retire_version(version=rollout.version, actor=scene.owner_of(rollout.version))

        assert fresh(rollout).state == RolloutState.RETIRED
        assert fresh(rollout.endpoint).current is None
        scene.work(due)
        assert scene.serving().statuses() == {}

    def test_a_rollout_under_way_is_retired_too_and_never_gets_traffic(self, monkeypatch: pytest.MonkeyPatch) -> None:
        version = scene.in_review()
        job_id = rollout_job(version)
        backend = scene.serving()
        real = backend.apply

        def retired_meanwhile(spec: CupSpec) -> CupStatus:
            retire_version(version=version, actor=scene.operator())
            return real(spec)

        monkeypatch.setattr(backend, "apply", retired_meanwhile)
        version.refresh_from_db()
        scene.work((job_id,))

        rollout = Rollout.objects.get()
        assert rollout.state == RolloutState.RETIRED
        assert rollout.endpoint.current is None
        scene.work_off()
        assert backend.statuses() == {}

    def test_a_retirement_whose_message_was_lost_is_made_good_by_the_sweep(self) -> None:
        rollout = scene.served()
        version = rollout.version
        type(version).objects.filter(pk=version.pk).update(state=VersionState.RETIRED)

        scene.work(reconcile())

        assert fresh(rollout).state == RolloutState.RETIRED
        assert scene.serving().statuses() == {}

    def test_retiring_an_old_version_leaves_the_new_one_alone(self) -> None:
        old, new = scene.served(), scene.served()

        retire_version(version=old.version, actor=scene.operator())

        assert fresh(new.endpoint).current == new


def test_due_work_is_made_in_the_transaction_of_the_approval() -> None:
    version = scene.in_review()
    with transaction.atomic():
        scene.approve(version)
        transaction.set_rollback(True)

    assert not ImageBuild.objects.exists()
    assert not Job.objects.filter(kind="build_image").exists()
