"""What load balancers and supervisors hear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from portal import cache as portal_cache
from tests.redis_server import RedisServer

pytestmark = pytest.mark.django_db


def test_a_process_that_answers_is_alive_whatever_its_database_does(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_recorder: object) -> None:
        raise OperationalError("password=hunter2 refused")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", away)

    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "database": "away"})
    assert "hunter2" not in answer.content.decode()


def test_it_is_ready_with_a_database_that_is_up_to_date(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok"})


def test_it_is_not_ready_before_the_migrations_are_done(client: Client) -> None:
    MigrationRecorder.Migration.objects.get(app="registry", name="0002_rights").delete()

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, "migrations are missing")


def test_a_migration_is_done_when_all_that_it_stands_for_are(client: Client) -> None:
    of_deployer = MigrationRecorder.Migration.objects.filter(app="deployer")
    of_deployer.get(name="0001_tables").delete()
    assert of_deployer.exists()
    assert client.get("/readyz").status_code == 200

    of_deployer.order_by("pk")[0].delete()
    assert client.get("/readyz").status_code == 503


def test_a_newer_database_is_no_hindrance(client: Client) -> None:
    """In an upgrade the old processes go on beside the new ones."""
    MigrationRecorder.Migration.objects.create(app="registry", name="9999_of_tomorrow")

    assert client.get("/readyz").status_code == 200


def test_redis_is_told_of_but_not_needed(client: Client, settings: Any, tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    settings.CACHES = {"default": {"BACKEND": "portal.cache.SoftRedisCache", "LOCATION": server.url}}
    portal_cache.breaker_of.cache_clear()
    server.start()
    assert client.get("/readyz").json()["redis"] == "ok"

    server.stop()

    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["redis"]) == (200, "away")


def test_probes_ask_nothing_of_sessions(client: Client, django_assert_num_queries: Any) -> None:
    client.get("/readyz")
    with django_assert_num_queries(0):
        client.get("/healthz")
    with django_assert_num_queries(2):  # is the table there, and what does it hold
        client.get("/readyz")
