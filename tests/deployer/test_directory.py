from __future__ import annotations

from typing import Any

import pytest

from deployer import services
from deployer.directory import EndpointDirectory
from deployer.models import Endpoint, Health, ImageBuild, Rollout
from registry.errors import IntegrityError
from registry.jobs import runner
from registry.models import ModelVersion
from registry.services import retire_version
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def word(version: ModelVersion) -> str:
    return EndpointDirectory().for_versions([version.pk])[version.pk].word


def test_a_version_tells_how_far_it_is() -> None:
    version = scene.in_review()
    assert EndpointDirectory().for_versions([version.pk]) == {}

    (build_job,) = scene.approve(version)
    assert word(version) == "building"
    (rollout_job,) = runner.run_job(job_id=build_job)
    assert word(version) == "pending"
    scene.work((rollout_job,))
    assert word(version) == "in_production"
    version.refresh_from_db()
    retire_version(version=version, actor=scene.operator())
    assert word(version) == "retired"


def test_a_failed_or_cancelled_build_is_said_to_be_one() -> None:
    version = scene.in_review()
    scene.builder().failure = IntegrityError("build.blob_changed")
    scene.work(scene.approve(version))
    assert word(version) == "failed"

    build = ImageBuild.objects.get()
    services.retry_build(build=build, actor=scene.operator())
    services.cancel_build(build=build, actor=scene.operator())
    assert word(version) == "cancelled"


def test_the_live_version_comes_with_its_addresses() -> None:
    rollout = scene.served()

    info = EndpointDirectory().live_version(rollout.version.registered_model_id)

    assert info == EndpointDirectory().for_versions([rollout.version_id])[rollout.version_id]
    assert info is not None
    assert (info.live, info.healthy, info.endpoint) == (True, True, "vera-sums")
    assert info.endpoint_path == "/endpoints/vera-sums/"
    assert info.try_path == "/endpoints/vera-sums/try/"
    assert info.rollout_path == f"/rollouts/{rollout.pk}/"
    assert info.build_path == f"/builds/{rollout.build_id}/"
    assert EndpointDirectory().live_models(among=[rollout.version.registered_model_id]) == [
        rollout.version.registered_model_id
    ]


def test_a_replaced_version_is_not_live_and_cannot_be_tried() -> None:
    old, _new = scene.served(), scene.served()

    info = EndpointDirectory().for_versions([old.version_id])[old.version_id]

    assert (info.word, info.live, info.healthy, info.try_path) == ("superseded", False, False, "")


def test_a_version_served_again_is_live_whatever_its_other_rollouts_are() -> None:
    old, new = scene.served(), scene.served()
    old.refresh_from_db()
    scene.work(services.roll_back(endpoint=new.endpoint, actor=scene.operator(), to=old))

    info = EndpointDirectory().for_versions([old.version_id])[old.version_id]

    assert (info.word, info.live, info.rollout_path) == (
        "in_production",
        True,
        f"/rollouts/{Rollout.objects.latest('pk').pk}/",
    )


def test_a_version_whose_replica_is_down_is_live_and_not_healthy() -> None:
    rollout = scene.served()
    Rollout.objects.update(health=Health.DEGRADED)

    info = EndpointDirectory().live_version(rollout.version.registered_model_id)

    assert info is not None
    assert (info.live, info.healthy) == (True, False)


def test_without_a_current_version_nothing_is_live() -> None:
    rollout = scene.served()
    Endpoint.objects.update(current=None)

    assert EndpointDirectory().live_version(rollout.version.registered_model_id) is None
    assert EndpointDirectory().live_models(among=[rollout.version.registered_model_id]) == []


def test_two_queries_however_many_versions(django_assert_num_queries: Any) -> None:
    versions = [scene.served(name=name).version_id for name in ("first", "second", "third")]

    with django_assert_num_queries(2):
        assert len(EndpointDirectory().for_versions(versions)) == 3
    with django_assert_num_queries(0):
        assert EndpointDirectory().for_versions([]) == {}
