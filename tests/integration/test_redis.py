"""Redis as doorbell and cache, with real web and worker processes: emptied, down for a while, started again."""

from __future__ import annotations

import time

import pytest

from deployer.models import ImageBuild
from registry.checklist import CHECKLIST
from registry.models import Job, ModelVersion
from tests.api.client import token_for
from tests.conftest import RegistryFakes
from tests.integration.crew import LONG, PATIENCE, Crew, done_once, make_jobs
from tests.redis_server import RedisServer
from tests.registry.scene import in_review, make_reviewer

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
SOON = PATIENCE
WAITING_SECONDS = 10.0  # far above an answer on a busy machine


def test_approvals_while_redis_is_down(crew: Crew, server: RedisServer, fakes: RegistryFakes) -> None:
    """Row 19: none of ten answers waits for Redis, and ten jobs are begun soon after its return."""
    versions = [in_review() for _ in range(10)]
    secret = token_for(make_reviewer(), "review")
    site = crew.start_web()
    crew.start()
    crew.await_that(lambda: redis_knows_a_worker(server))
    server.stop()
    assert '"redis": "away"' in site.ask("/readyz")[1]

    for version in versions:
        began = time.monotonic()
        status, text = site.ask(
            f"/api/v1/versions/{version.pk}/reviews/", decision_on(version), Authorization=f"Bearer {secret}"
        )
        assert status == 201, text
        assert time.monotonic() - began < WAITING_SECONDS, "no answer waits for the doorbell"
    assert site.status("/readyz") == 200
    jobs = Job.objects.filter(kind="build_image")
    assert jobs.filter(state="queued", attempt=0).count() == 10

    server.start()

    crew.await_that(lambda: not jobs.filter(attempt=0).exists(), seconds=SOON)
    assert ImageBuild.objects.count() == 10, "one build for each approval"
    assert '"redis": "ok"' in site.ask("/readyz")[1]


def redis_knows_a_worker(server: RedisServer) -> bool:
    with server.client() as client:
        return bool(client.exists("_kombu.binding.celery"))


def decision_on(version: ModelVersion) -> dict[str, object]:
    return {
        "decision": "approve",
        "checklist": list(CHECKLIST),
        "content_digest": version.content_digest,
        "image_digest": version.image_digest,
    }


def test_messages_that_are_lost_cost_one_sweep(crew: Crew, server: RedisServer) -> None:
    """Row 18 with Redis: emptied before and while a worker is there."""
    crew.lease_seconds = LONG
    jobs = make_jobs("quick", 3)
    crew.ring(*jobs)
    server.flush()
    crew.start()
    crew.await_that(lambda: done_once(jobs), seconds=SOON)

    later = make_jobs("quick", 3, key="later")
    crew.ring(*later)
    server.flush()

    crew.await_that(lambda: done_once([*jobs, *later]), seconds=SOON)
    assert len(crew.starts()) == 6


def test_a_worker_that_holds_waiting_messages_outlives_redis(crew: Crew, server: RedisServer) -> None:
    """What it had fetched and not begun is lost with the connection; the sweep rings for it again."""
    crew.lease_seconds = LONG
    running = make_jobs("lasting", 2)
    waiting = make_jobs("quick", 1, key="waiting")
    worker = crew.start()
    crew.await_that(lambda: len(crew.starts()) == len(running))
    crew.await_that(lambda: unacknowledged(server) == len(waiting))

    server.stop()
    for job in running:
        crew.release(job)
    crew.await_that(lambda: done_once(running), seconds=SOON)
    server.start()

    crew.await_that(lambda: done_once([*running, *waiting]), seconds=SOON)
    assert worker.poll() is None, "the worker has not ended"


def unacknowledged(server: RedisServer) -> int:
    with server.client() as client:
        return int(client.hlen("unacked"))


def test_work_under_way_ends_while_redis_is_down(crew: Crew, server: RedisServer) -> None:
    crew.lease_seconds = LONG
    (job,) = make_jobs("lasting", 1)
    crew.start()
    crew.await_that(crew.starts)

    server.stop()
    crew.release(job)

    crew.await_that(lambda: done_once([job]), seconds=SOON)
    server.start()
    later = make_jobs("quick", 2, key="later")
    crew.await_that(lambda: done_once([job, *later]), seconds=SOON)
    assert [attempt for _, attempt, _ in crew.starts()] == [1, 1, 1]


def test_a_worker_that_starts_while_redis_is_down_sweeps_all_the_same(crew: Crew, server: RedisServer) -> None:
    """What restarts workers without a sign of life must not do so for as long as Redis is away."""
    server.stop()
    pulse = crew.folder / "pulse"
    worker = crew.start(environment={"MODEL_COMMONS_WORKER_PULSE_FILE": str(pulse)})

    crew.await_that(pulse.exists)
    first = pulse.stat().st_mtime_ns
    crew.await_that(lambda: pulse.stat().st_mtime_ns > first)
    assert worker.poll() is None

    server.start()
    (job,) = make_jobs("quick", 1)
    crew.await_that(lambda: done_once([job]))
