"""/metrics: figures of all processes and of the database, for those who may see them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from portal import standing
from registry.jobs.kinds import known_kinds
from registry.jobs.queue import ensure_job

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    return {
        (sample.name.removeprefix("model_commons_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(client: Client, **headers: Any) -> Samples:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    return read(answer.content.decode())


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


def test_requests_are_counted_by_route(client: Client) -> None:
    before = scraped(client)
    for _ in range(3):
        client.get("/healthz")
    for number in range(5):
        client.get(f"/nothing/{number}/")
    client.generic("BREW", "/healthz")
    after = scraped(client)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("http_requests_total", method="GET", route="/healthz", code="200") == 3
    assert more("http_requests_total", method="GET", route="", code="404") == 5, "one series for all unknown addresses"
    assert more("http_requests_total", method="other", route="/healthz", code="405") == 1
    assert more("http_request_duration_seconds_count", method="GET", route="/healthz") == 3
    assert more("http_request_duration_seconds_bucket", method="GET", route="/healthz", le="+Inf") == 3
    assert value(after, "http_requests_in_progress") == 1, "this scrape"


def test_invented_endpoints_make_no_series(client: Client) -> None:
    for number in range(5):
        client.post(f"/serve/v2/models/invented-{number}/infer", "{}", content_type="application/json")

    assert not [labels for name, labels in scraped(client) if "invented" in str(labels)]


def test_queues_are_told_with_noughts(client: Client) -> None:
    ensure_job(kind="build_image", subject_id=1, key="build:1")

    seen = scraped(client)

    assert value(seen, "jobs", kind="build_image", state="queued") == 1
    assert 0 <= value(seen, "jobs_oldest_due_seconds", kind="build_image") < 60
    for kind in known_kinds():
        for state in ("queued", "running", "failed"):
            assert ("jobs", frozenset({("kind", kind), ("state", state)})) in seen
    assert value(seen, "database_up") == 1
    assert value(seen, "sweep_age_seconds") == float("inf")
    assert value(seen, "data_disk_free_bytes") > 0


def test_a_database_that_is_away_is_a_figure(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Iterator[None]:
        raise OperationalError("password=hunter2")
        yield

    monkeypatch.setattr(standing, "_jobs", away)

    seen = scraped(client)

    assert value(seen, "database_up") == 0
    assert ("blobs", frozenset()) not in seen


def test_the_number_of_queries_does_not_grow(client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        ensure_job(kind="build_image", subject_id=number, key=f"build:{number}")
    with django_assert_max_num_queries(11):
        scraped(client)


@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "10.1.2.3", 200),
        ({}, "203.0.113.7", 404),
        ({}, "", 404),
        ({"x-forwarded-for": "203.0.113.7"}, "127.0.0.1", 404),
        ({"forwarded": "for=203.0.113.7"}, "127.0.0.1", 404),
        ({"authorization": "Bearer "}, "203.0.113.7", 404),
    ],
)
def test_without_a_token_the_address_decides(
    client: Client, settings: Any, headers: dict[str, str], address: str, status: int
) -> None:
    settings.METRICS_NETWORKS = [ip_network(network) for network in ("127.0.0.0/8", "::1/128", "10.0.0.0/8")]

    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


@pytest.mark.parametrize(
    ("given", "status"),
    [("Bearer planted", 200), ("Bearer wrong", 404), ("planted", 404), ("", 404), ("Bearer ü", 404)],
)
def test_with_a_token_nothing_else_decides(client: Client, settings: Any, given: str, status: int) -> None:
    settings.METRICS_TOKEN = "planted"

    answer = client.get("/metrics", headers={"authorization": given, "x-forwarded-for": "203.0.113.7"})

    assert answer.status_code == status


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/", 400)])
def test_who_asks_about_the_process_may_call_it_by_its_address(client: Client, path: str, status: int) -> None:
    assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == status


def test_processes_add_up(tmp_path: Path) -> None:
    """Two processes that count, one that has ended, and a third that tells."""
    count = (
        "import django; django.setup(); from portal import metrics;"
        "metrics.requests.labels('GET', '/x', '200').inc(2); metrics.under_way.inc()"
    )
    tell = (
        "import django; django.setup(); from portal import metrics; from prometheus_client.multiprocess import *;"
        "import glob, os; [mark_process_dead(p.rsplit('_', 1)[1][:-3]) for p in glob.glob(os.environ["
        "'PROMETHEUS_MULTIPROC_DIR'] + '/gauge_livesum_*')]; metrics.StandingCollector.collect = lambda _self: [];"
        "print(metrics.exposition().decode())"
    )
    folder = tmp_path / "figures"
    folder.mkdir()
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "MODEL_COMMONS_DATA_DIR": str(tmp_path)}

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120
        )
        return done.stdout

    run(count)
    run(count)
    seen = read(run(tell))

    assert value(seen, "http_requests_total", method="GET", route="/x", code="200") == 4
    assert value(seen, "http_requests_in_progress") == 0, "what a dead process was doing ended with it"
