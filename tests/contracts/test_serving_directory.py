"""What registration's pages may rely on, whoever tells what is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from deployer.directory import EndpointDirectory
from registry.interfaces import Deployment, ServingDirectory, ServingInfo
from tests.conftest import RegistryFakes
from tests.deployer import scene
from tests.fakes.directory import FakeServingDirectory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
NOBODYS = 10**9


@pytest.fixture
def _fakes(fakes: RegistryFakes, settings: Any) -> None:
    settings.BACKENDS = {
        **settings.BACKENDS,
        "image_builder": {"class": "tests.fakes.builders.InMemoryImageBuilder", "options": {}},
        "serving": {"class": "tests.fakes.serving.FakeServingBackend", "options": {}},
    }


@dataclass(frozen=True)
class Staged:
    """A directory, and a way to have one more version served: returns the ids of the model and the version."""

    directory: ServingDirectory
    serve: Callable[[], tuple[int, int]]


def over_the_tables() -> Staged:
    def serve() -> tuple[int, int]:
        rollout = scene.served()
        return rollout.version.registered_model_id, rollout.version_id

    return Staged(EndpointDirectory(), serve)


def in_memory() -> Staged:
    fake, numbers = FakeServingDirectory(), iter(range(1, 100))

    def serve() -> tuple[int, int]:
        number = next(numbers)
        for model_id, infos in fake.infos.items():
            fake.infos[model_id] = [ServingInfo(version_id=info.version_id, word="superseded") for info in infos]
            fake.rows[model_id] = [
                Deployment(version_id=row.version_id, version_number=row.version_number, word="superseded",
                           since=row.since, rollout_path=row.rollout_path)
                for row in fake.rows[model_id]
            ]  # fmt: skip
        info = ServingInfo(version_id=number, word="in_production", live=True, healthy=True, endpoint="sums")
        fake.add(1, info)
        fake.add_deployment(
            1,
            Deployment(
                version_id=number, version_number=number, word=info.word, since=timezone.now(), live=True,
                healthy=True, endpoint="sums", rollout_path=f"/rollouts/{number}/",
            ),
        )  # fmt: skip
        return 1, number

    return Staged(fake, serve)


@pytest.fixture(params=[over_the_tables, in_memory])
def staged(request: Any) -> Staged:
    made: Staged = request.param()
    return made


def test_nothing_is_known_of_what_was_never_served(staged: Staged) -> None:
    directory = staged.directory

    assert directory.for_versions([NOBODYS]) == {}
    assert directory.live_version(NOBODYS) is None
    assert directory.snippets(NOBODYS, origin="https://portal.example") is None
    assert list(directory.deployments(NOBODYS, offset=0, limit=10)) == []
    assert directory.deployment_count(NOBODYS) == 0
    assert list(directory.live_models(among=[NOBODYS])) == []


def test_the_live_version_is_the_one_that_was_served_last(staged: Staged) -> None:
    model_id, first = staged.serve()
    _same, second = staged.serve()
    directory = staged.directory

    live = directory.live_version(model_id)
    words = {pk: info.word for pk, info in directory.for_versions([first, second]).items()}

    assert live is not None
    assert (live.version_id, live.live) == (second, True)
    assert words == {first: "superseded", second: "in_production"}
    assert list(directory.live_models(among=[model_id, NOBODYS])) == [model_id]
    assert list(directory.live_models(among=[NOBODYS])) == []
    snippets = directory.snippets(model_id, origin="https://portal.example")
    assert snippets is not None
    assert "https://portal.example/" in snippets.curl


def test_deployments_come_newest_first_in_slices(staged: Staged) -> None:
    served = [staged.serve() for _ in range(3)]
    model_id = served[0][0]
    directory = staged.directory

    everything = directory.deployments(model_id, offset=0, limit=10)

    assert [row.version_id for row in everything] == [version_id for _, version_id in reversed(served)]
    assert [row.live for row in everything] == [True, False, False]
    assert all(row.rollout_path for row in everything)
    assert list(directory.deployments(model_id, offset=1, limit=1)) == [everything[1]]
    assert list(directory.deployments(model_id, offset=3, limit=5)) == []
    assert directory.deployment_count(model_id) == 3
