"""The shared cache in Redis, which may go away: meanwhile each process remembers for itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from registry.circuit_breaker import CircuitBreaker

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 5.0


class JsonSerializer:
    """Values as JSON: whoever can write to Redis must not be able to run code here, as pickles would let them."""

    def dumps(self, value: Any) -> bytes | int:
        """Whole numbers stay as they are, since Redis counts them up."""
        return value if type(value) is int else json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        """A whole number is JSON too."""
        return json.loads(data)


@lru_cache(maxsize=8)
def breaker_of(server: str) -> CircuitBreaker:
    """One for the process, whereas Django makes a cache object for each thread."""
    del server
    return CircuitBreaker(pause=PAUSE_SECONDS)


class SoftRedisCache(RedisCache):
    """Django's Redis cache without its errors.

    What Redis does not answer is answered from the process's own memory: pages go on, and rate limits still hold, only
    each process counts for itself. When Redis is back, what was remembered meanwhile is dropped.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._breaker = breaker_of(server)
        # Large enough that nobody crowds out the counts about an account by tries at others.
        memory: dict[str, Any] = {**params, "OPTIONS": {"MAX_ENTRIES": 100_000}}
        self._memory = LocMemCache(f"instead of {server}", memory)

    def answers(self) -> bool:
        """Whether Redis answers now; for those who ask about the portal's health."""
        try:
            self._cache.get_client().ping()
        except RedisError as error:
            self._note_failure(error)
            return False
        self._note_success()
        return True

    def add(self, *args: Any, **options: Any) -> bool:
        """As Django's."""
        return bool(self._either("add", *args, **options))

    def get(self, *args: Any, **options: Any) -> Any:
        """As Django's."""
        return self._either("get", *args, **options)

    def set(self, *args: Any, **options: Any) -> None:
        """As Django's."""
        self._either("set", *args, **options)

    def touch(self, *args: Any, **options: Any) -> bool:
        """As Django's."""
        return bool(self._either("touch", *args, **options))

    def delete(self, *args: Any, **options: Any) -> bool:
        """As Django's."""
        return bool(self._either("delete", *args, **options))

    def get_many(self, *args: Any, **options: Any) -> dict[str, Any]:
        """As Django's."""
        found: dict[str, Any] = self._either("get_many", *args, **options)
        return found

    def has_key(self, *args: Any, **options: Any) -> bool:
        """As Django's."""
        return bool(self._either("has_key", *args, **options))

    def incr(self, *args: Any, **options: Any) -> int:
        """As Django's; ValueError for a key that is not there."""
        return int(self._either("incr", *args, **options))

    def set_many(self, data: Mapping[str, Any], *args: Any, **options: Any) -> list[str]:
        """As Django's."""
        return list(self._either("set_many", data, *args, **options))

    def delete_many(self, *args: Any, **options: Any) -> None:
        """As Django's."""
        self._either("delete_many", *args, **options)

    def clear(self) -> None:
        """As Django's."""
        self._either("clear")

    def _either(self, name: str, *args: Any, **options: Any) -> Any:
        if self._breaker.allows():
            try:
                answer = getattr(super(), name)(*args, **options)
            except RedisError as error:
                self._note_failure(error)
            else:
                self._note_success()
                return answer
        return getattr(self._memory, name)(*args, **options)

    def _note_failure(self, error: RedisError) -> None:
        if self._breaker.failed():
            logger.warning("Redis does not answer; this process counts and remembers for itself: %s", error)

    def _note_success(self) -> None:
        if self._breaker.succeeded():
            logger.warning("Redis answers again")
            self._memory.clear()
