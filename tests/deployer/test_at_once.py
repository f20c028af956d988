"""Two workers, or a worker and a page, at the same moment: what one has moved is no surprise to the other.

Only PostgreSQL lets both write at once; on SQLite the second begins when the first has ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, transaction

from deployer import services
from deployer.errors import ConflictError
from deployer.models import Endpoint, ImageBuild, Rollout
from registry.jobs import runner
from registry.models import ModelVersion
from tests.at_once import PATIENCE, at_once
from tests.deployer import scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_fakes")]


def built(version: ModelVersion) -> Rollout:
    """The version's rollout, waiting for a worker."""
    for job_id in scene.approve(version):
        runner.run_job(job_id=job_id)
    return Rollout.objects.get(version=version)


def started(version: ModelVersion) -> Rollout:
    """The version's rollout, about to be given the traffic."""
    rollout = built(version)
    with transaction.atomic():
        assert services.begin_rollout(rollout=rollout)
    return rollout


def states(*rollouts: Rollout) -> list[str]:
    """As they are stored, in the order given."""
    stored = Rollout.objects.in_bulk([rollout.pk for rollout in rollouts])
    return [stored[rollout.pk].state for rollout in rollouts]


def somebody_waits() -> bool:
    """Whether another connection waits for a lock."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def while_held(first: Callable[[], object], then: Callable[[], object]) -> list[object]:
    """What both return or raise, where `then` comes upon what `first` has written and not yet committed."""
    written = threading.Event()

    def hold() -> object:
        with transaction.atomic():
            outcome = first()
            written.set()
            deadline = time.monotonic() + PATIENCE
            while not somebody_waits() and time.monotonic() < deadline:
                time.sleep(0.01)
        return outcome

    def follow() -> object:
        assert written.wait(PATIENCE)
        with transaction.atomic():
            return then()

    return list(at_once(hold, follow))


def test_the_newest_wins_while_older_ones_are_taken_up_and_fail() -> None:
    failing, waiting, newest = started(scene.in_review()), built(scene.in_review()), started(scene.in_review())

    def move() -> None:
        services.fail_rollout(rollout=failing, error=ConflictError("serving.cup_gone"))
        services.begin_rollout(rollout=waiting)

    outcomes = while_held(move, partial(services.switch_traffic, rollout=newest))

    assert not [found for found in outcomes if isinstance(found, Exception)]
    assert states(failing, waiting, newest) == ["failed", "superseded", "ready"]
    assert Endpoint.objects.get().current_id == newest.pk


def test_a_rollout_is_retired_while_its_worker_takes_it_up() -> None:
    rollout = built(scene.in_review())

    outcomes = while_held(
        partial(services.begin_rollout, rollout=rollout),
        partial(services.retire_serving, version_id=rollout.version_id),
    )

    assert not [found for found in outcomes if isinstance(found, Exception)]
    assert states(rollout) == ["retired"]


def test_a_build_is_withdrawn_while_its_worker_takes_it_up() -> None:
    version = scene.in_review()
    scene.approve(version)
    build = ImageBuild.objects.get(version=version)

    outcomes = while_held(
        partial(services.begin_build, build=build), partial(services.retire_serving, version_id=version.pk)
    )

    assert not [found for found in outcomes if isinstance(found, Exception)]
    build.refresh_from_db()
    assert build.state == "cancelled"


def test_two_versions_are_given_the_traffic_at_once() -> None:
    """Each locks its own version and tells of the other's: neither waits for ever."""
    older, newest = started(scene.in_review()), started(scene.in_review())

    def switch(rollout: Rollout) -> object:
        with transaction.atomic():
            return services.switch_traffic(rollout=rollout)

    outcomes = at_once(partial(switch, older), partial(switch, newest))

    assert not [found for found in outcomes if isinstance(found, Exception)]
    assert states(older, newest) == ["superseded", "ready"]
