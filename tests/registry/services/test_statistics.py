"""SQLite learns once a day how the values of its tables spread."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection

from registry.services.statistics import refresh_statistics
from tests.factories import make_draft


@pytest.mark.django_db
def test_sqlite_counts_once_a_day_and_postgresql_by_itself() -> None:
    cache.clear()  # another test's sweep may have counted today
    make_draft()

    refresh_statistics()
    counted = _counted()
    make_draft()
    refresh_statistics()

    assert counted == _counted()
    assert counted in ({"1"}, set())
    assert bool(counted) == (connection.vendor == "sqlite")


def _counted() -> set[str]:
    if connection.vendor != "sqlite":
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'registry_registeredmodel'")
        return {row[0].split()[0] for row in cursor.fetchall()}
