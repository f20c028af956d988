"""Database, broker and cache."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.core.cache import caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from deployer.probes.report import Finding, fails, warns, works

_FILE = "sqla+sqlite:///"
_SECONDS = 5.0
_OLDEST_POSTGRESQL = 14


class DatabaseProbe:
    """The database answers, and has what this release needs."""

    part = "part.database"

    def ask(self) -> Iterator[Finding]:
        """Its version, and the migrations that are missing."""
        connection = connections["default"]  # this thread's own
        try:
            connection.ensure_connection()
            version = ".".join(str(part) for part in connection.get_database_version())
            # One name: apart, the two would change places in a right-to-left sentence.
            yield works("probe.database", server=f"{connection.display_name} {version}")
            if connection.vendor == "postgresql" and connection.get_database_version() < (_OLDEST_POSTGRESQL,):
                yield fails("probe.database_old", version=version, oldest=_OLDEST_POSTGRESQL)
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
            yield fails("probe.migrations_missing", count=len(missing)) if missing else works("probe.migrations")
        except DatabaseError:
            yield fails("probe.database_away", engine=connection.display_name)
        finally:
            connection.close()


class BrokerProbe:
    """The doorbell: a Redis that keeps what it was told, or a file beside the database."""

    part = "part.broker"

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self) -> Iterator[Finding]:
        """Whether it takes a message, and whether it would survive a restart."""
        if self._url.startswith(_FILE):
            folder = Path(self._url.removeprefix(_FILE)).parent
            if os.access(folder, os.W_OK):
                yield works("probe.broker_file")
            else:
                yield fails("probe.broker_unwritable", folder=str(folder))
            return
        client = redis.Redis.from_url(self._url, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS)
        host = urlsplit(self._url).hostname or ""
        try:
            told = client.info()
            yield works("probe.redis", host=host, version=str(told.get("redis_version", "")))
            if not told.get("aof_enabled"):
                yield warns("probe.redis_forgets", host=host)
            if str(told.get("maxmemory_policy", "noeviction")) != "noeviction":
                yield warns("probe.redis_evicts", host=host, policy=str(told["maxmemory_policy"]))
        except redis.AuthenticationError:
            yield fails("probe.redis_denied", host=host)
        except redis.RedisError:
            yield fails("probe.redis_away", host=host)
        finally:
            client.close()


class CacheProbe:
    """The cache that all web processes share: rate limits live in it."""

    part = "part.cache"

    def ask(self) -> Iterator[Finding]:
        """Whether what is stored comes back."""
        cache = caches["default"]  # this thread's own
        if isinstance(cache, BaseDatabaseCache):
            yield _cache_table(cache)
            return
        key = f"probe:{secrets.token_hex(8)}"
        answers = getattr(cache, "answers", None)  # one that goes on without its server says so itself
        if answers is not None and not answers():
            yield fails("probe.cache_away")
            return
        try:
            cache.set(key, "here", timeout=60)
            kept = cache.get(key) == "here"
            cache.delete(key)
            yield works("probe.cache") if kept else fails("probe.cache_forgets")
        except redis.RedisError:
            yield fails("probe.cache_away")
        finally:
            cache.close()


def _cache_table(cache: BaseDatabaseCache) -> Finding:
    """A table of the database, which is asked elsewhere whether it can be written: reading shows that it is there."""
    try:
        cache.get("probe")
    except DatabaseError:
        return fails("probe.cache_table_missing")
    finally:
        connections["default"].close()
    return works("probe.cache_table")
