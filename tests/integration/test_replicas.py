"""Several web and worker processes at once: restarted under load, taken over from, and with PostgreSQL restarted."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg2
import pytest
from django.db import connections
from django.utils import timezone

from registry.models import Event, Job, Lease
from tests import postgres
from tests.api.client import token_for
from tests.conftest import RegistryFakes
from tests.factories import make_account, make_draft
from tests.integration.crew import LONG, PATIENCE, ROOT, Crew, Site, done_once, make_jobs
from tests.jobs_app.work import DONE
from tests.redis_server import RedisServer

SOON = PATIENCE


def children_of(process: subprocess.Popen[bytes]) -> set[int]:
    return set(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))


@contextmanager
def visitors(site: Site, *, path: str, instead: Site | None = None) -> Iterator[Counter[int]]:
    """Three who ask without a pause, and go to `instead` as a proxy does; counts what they are answered.

    A proxy goes to another server where it is refused, and with a request that changes nothing also where it is reset
    before an answer: a kernel resets those who come between a server's last look at its door and the door's closing.
    """
    stop = threading.Event()
    seen: Counter[int] = Counter()

    def ask() -> None:
        while not stop.is_set():
            status, text = site.ask(path)
            if instead is not None and any(cause in text for cause in ("Connection refused", "Connection reset")):
                status = instead.status(path)
            seen[status] += 1
            time.sleep(0.01)  # a light load, not a flood

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join(SOON)


def await_more(crew: Crew, seen: Counter[int]) -> None:
    """Wait for twenty answers more than there are now."""
    before = seen.total()
    crew.await_that(lambda: seen.total() > before + 20)


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_web_server_is_renewed_without_a_failed_request(crew: Crew) -> None:
    """New processes take over the same port; a request that is half sent is answered by the process that has it."""
    site = crew.start_web(MODEL_COMMONS_API_RATE_ADDRESS="1_000_000/minute")
    old = children_of(site.process)

    with visitors(site, path="/api/v1/models/") as seen, half_sent(site) as slow:
        await_more(crew, seen)
        site.process.send_signal(signal.SIGHUP)
        crew.await_that(lambda: children_of(site.process) - old)
        await_more(crew, seen)
        answer = rest_of(slow)
        crew.await_that(lambda: not children_of(site.process) & old)

    assert answer.startswith(b"HTTP/1.1 404"), answer
    assert set(seen) == {200}, seen


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_web_server_that_is_told_to_go_answers_what_it_has(crew: Crew) -> None:
    """As in a rolling upgrade behind a proxy, which goes to the other replica where it is refused."""
    free = {"MODEL_COMMONS_API_RATE_ADDRESS": "1_000_000/minute"}
    going, staying = crew.start_web(**free), crew.start_web(**free)

    with visitors(going, instead=staying, path="/api/v1/models/") as seen, half_sent(going) as slow:
        await_more(crew, seen)
        going.process.send_signal(signal.SIGTERM)
        crew.await_that(going.is_refusing)
        await_more(crew, seen)
        answer = rest_of(slow)

    assert answer.startswith(b"HTTP/1.1 404"), answer
    assert set(seen) == {200}, seen
    assert going.process.wait(SOON) == 0


@contextmanager
def half_sent(site: Site) -> Iterator[socket.socket]:
    """A request whose body is still on its way. Who comes later is answered later, which tells that a thread has it."""
    with socket.create_connection(("127.0.0.1", site.port)) as slow:
        slow.sendall(b"POST /serve/v2/models/nothing/infer HTTP/1.1\r\nHost: localhost\r\n")
        slow.sendall(b"Content-Type: application/json\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{")
        yield slow


def rest_of(slow: socket.socket) -> bytes:
    slow.sendall(b'"inputs":[]')
    slow.settimeout(SOON)
    return slow.makefile("rb").read()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_workers_are_renewed_without_work_being_done_twice(crew: Crew) -> None:
    """The new one comes, the old one goes when what it is at is done; nothing is begun a second time."""
    crew.lease_seconds = LONG
    (slow,) = make_jobs("lasting", 1, key="slow")
    old = crew.start()
    crew.await_that(crew.starts)

    crew.start()
    old.send_signal(signal.SIGTERM)
    quick = make_jobs("quick", 6, key="quick")
    crew.ring(*quick)
    crew.await_that(lambda: done_once(quick), seconds=SOON)
    assert old.poll() is None, "it still has its work"
    crew.release(slow)

    assert old.wait(SOON) == 0
    assert done_once([slow, *quick])
    assert len(crew.starts()) == 7


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_another_worker_takes_over_the_sweep(crew: Crew) -> None:
    crew.lease_seconds = LONG  # of jobs: that of the sweep is over after two periods
    workers = {worker.pid: worker for worker in (crew.start(), crew.start())}

    def holder() -> int:
        found = Lease.objects.filter(name="sweep", until__gt=timezone.now()).values_list("holder", flat=True).first()
        return int(found.rpartition(":")[2]) if found else 0

    crew.await_that(lambda: holder() in workers)
    first = holder()
    crew.kill(workers.pop(first))
    unrung = make_jobs("quick", 3)

    crew.await_that(lambda: done_once(unrung), seconds=SOON)
    assert holder() in {0, *workers}
    assert len(crew.starts()) == 3


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_an_upload_goes_on_at_another_replica(crew: Crew, fakes: RegistryFakes) -> None:
    ada = make_account("ada")
    draft = make_draft(owner=ada, files={})
    bearer = f"Bearer {token_for(ada, 'submit')}"
    here, there = crew.start_web(), crew.start_web()
    status, text = here.ask(
        f"/api/v1/versions/{draft.pk}/uploads/", {"path": "model.json", "length": 10}, Authorization=bearer
    )
    assert status == 201, text
    path = "/" + json.loads(text)["tus_url"].split("/", 3)[3]

    def send(site: Site, data: bytes, offset: int) -> int:
        tus = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        return site.send("PATCH", path, data, {"Authorization": bearer, **tus})[0]

    assert send(here, b"01234", 0) == 204
    assert send(here, b"x", 3) == 409
    crew.kill(here.process)

    assert send(there, b"x", 4) == 409, "the other knows how much has come"
    assert send(there, b"56789", 5) == 204


@pytest.fixture
def own_postgres(django_db_blocker: Any) -> Iterator[postgres.Server]:
    """A server of this test alone, which the test process knows as the database `own`."""
    with tempfile.TemporaryDirectory(prefix="mc-") as folder:
        Path(folder).chmod(0o711)  # the server may run as another user
        yield from _known_as_own(postgres.Server(Path(folder)), django_db_blocker)


def _known_as_own(made: postgres.Server, django_db_blocker: Any) -> Iterator[postgres.Server]:
    try:
        with closing(psycopg2.connect(made.url.removesuffix("portal") + "postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute("CREATE DATABASE portal")
        known = dj_database_url.parse(made.url)
        connections.databases["own"] = {**connections.databases["default"], **known, "OPTIONS": {}}
        with django_db_blocker.unblock():
            yield made
            connections["own"].close()
        del connections["own"], connections.databases["own"]
    finally:
        made.stop()


@pytest.mark.once
@pytest.mark.timeout(300)
def test_postgresql_is_restarted_in_mid_work(
    tmp_path: Path, server: RedisServer, own_postgres: postgres.Server
) -> None:
    """The web server says so and comes back by itself; work converges, and nothing is lost or done twice."""
    crew = Crew(tmp_path, redis_url=server.url, database_url=own_postgres.url)
    try:
        migrate = (sys.executable, str(ROOT / "manage.py"), "migrate", "-v0")
        assert crew.start(*migrate).wait(120) == 0, crew.log.read_text()
        jobs = Job.objects.using("own").filter(kind__in=["lasting", "quick"])  # the sweep makes some of its own
        due = {"state": "queued", "run_after": timezone.now()}
        lasting = [jobs.create(kind="lasting", subject_id=n, key=f"lasting:{n}", **due) for n in range(2)]
        site = crew.start_web()
        workers = [crew.start(), crew.start()]
        # By job: on a starved machine one may have lost its lease and begun again before the other begins.
        crew.await_that(lambda: len({job for job, _attempt, _pid in crew.starts()}) == 2)
        jobs.bulk_create(Job(kind="quick", subject_id=n, key=f"quick:{n}", **due) for n in range(8))

        connections["own"].close()
        own_postgres.stop()
        assert site.status("/healthz") == 200
        assert site.status("/readyz") == 503
        assert site.status("/api/v1/models/") == 503
        for job in lasting:  # one writes while there is nobody to write to
            crew.release(job)
        crew.await_that(lambda: crew.log.read_text().count("OperationalError") > 0)
        own_postgres.start()

        crew.await_that(lambda: site.status("/readyz") == 200, seconds=SOON)
        assert site.status("/api/v1/models/") == 200
        crew.await_that(lambda: jobs.filter(state="succeeded").count() == 10, seconds=2 * PATIENCE)
        effects = Counter(Event.objects.using("own").filter(tag=DONE).values_list("subject", flat=True))
        assert len(effects) == 10
        assert set(effects.values()) == {1}
        assert [worker.poll() for worker in workers] == [None, None], "no worker had to be started again"
    finally:
        crew.dismiss()
