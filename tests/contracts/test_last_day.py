"""What a model's page may rely on about the model's last 24 hours, whoever tells them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from deployer import services
from deployer.directory import EndpointDirectory
from deployer.services.figures import Counts, Span
from deployer.traffic import LAST_DAY
from registry.interfaces import LastDay, ServingDirectory
from tests.deployer import scene
from tests.deployer.conftest import _fakes  # noqa: F401  # a fixture
from tests.fakes.directory import FakeServingDirectory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
NEVER_SERVED = 4711


@dataclass
class Served:
    """A directory and a model whose endpoint was asked twice within the last day, once in vain."""

    directory: ServingDirectory
    registered_model_id: int


@pytest.fixture
def now() -> float:
    return time.time()


def real(now: float) -> Served:
    rollout = scene.served()
    minute = int(now) // 60 * 60 - 3600
    counts = Counts(requests=2, failed=1)
    counts.latencies[5] = 2
    services.add_figures(counted={Span("vera-sums", 1, minute): counts})
    return Served(EndpointDirectory(), rollout.version.registered_model_id)


def faked(now: float) -> Served:
    moments = tuple(LAST_DAY.slots(now))
    rates = tuple(2 / 900 if number == len(moments) - 5 else 0.0 for number in range(len(moments)))
    day = LastDay(requests=2, p95_ms=34.25, error_percent=50.0, moments=moments, per_second=rates)
    directory = FakeServingDirectory()
    directory.days[3] = day
    return Served(directory, 3)


@pytest.fixture(params=[real, faked])
def served(request: pytest.FixtureRequest, now: float) -> Served:
    make: Callable[[float], Served] = request.param
    return make(now)


def test_the_last_day_is_told_in_even_steps(served: Served) -> None:
    day = served.directory.last_day(served.registered_model_id)
    assert day is not None
    assert (day.requests, day.error_percent) == (2, 50.0)
    assert day.p95_ms == pytest.approx(34.25)
    assert len(day.moments) == len(day.per_second) == 96
    assert {later - earlier for earlier, later in zip(day.moments, day.moments[1:], strict=False)} == {900}
    assert sum(day.per_second) * 900 == pytest.approx(2)


def test_of_a_model_that_was_never_served_there_is_nothing(served: Served) -> None:
    assert served.directory.last_day(NEVER_SERVED) is None
