"""What SQLite has to be told to count: how values spread, by which it chooses among indexes."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection

_KEY = "sqlite-statistics-taken"
_AGAIN_AFTER_SECONDS = 86_400


def refresh_statistics() -> tuple[int, ...]:
    """A step of the sweep: once a day, as long lists are read by the wrong index without; PostgreSQL does so by itself.

    Takes a second for a log of a million entries, in which nobody else writes.
    """
    if connection.vendor == "sqlite" and cache.add(_KEY, value=True, timeout=_AGAIN_AFTER_SECONDS):
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return ()
