"""How often one may ask. The counts live in the cache that all web processes share.

Where that cache is the database, a count is several writes, too dear for every request. So a process tells its count
in parts of a twentieth of the rate, and may be wrong by as much.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from registry.models import Account, ApiToken

PARTS = 20
MOST_TALLIES = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` requests in each window of `seconds`."""

    count: int
    seconds: int


def rate_of(text: str) -> Rate:
    """A setting such as `600/minute`."""
    count, _slash, period = text.partition("/")
    return Rate(int(count), {"second": 1, "minute": 60, "hour": 3600}[period])


def check_rates(request: Request, *, known: bool) -> None:
    """Count the request for its token and account, or for its address if nobody is known; `Throttled` beyond a rate."""
    account, token = (request.user, request.auth) if known else (None, None)
    if isinstance(account, Account):
        _count("account", str(account.pk), settings.API_RATES["account"])
        if isinstance(token, ApiToken):
            _count("token", str(token.pk), settings.API_RATES["token"])
    else:
        _count("address", client_address(request), settings.API_RATES["address"])


@dataclass(slots=True)
class _Tally:
    """What this process knows of one window: the shared count when it last looked, and what it has not told yet."""

    shared: int = 0
    untold: int = 0


_tallies: dict[str, _Tally] = {}
_lock = threading.Lock()


def forget() -> None:
    """Begin anew, as a fresh process does."""
    with _lock:
        _tallies.clear()


def _count(kind: str, who: str, setting: str) -> None:
    rate, now = rate_of(setting), time.time()
    window = int(now // rate.seconds)
    key = f"api-rate:{kind}:{hashlib.sha256(who.encode()).hexdigest()[:32]}:{window}"
    with _lock:
        if len(_tallies) > MOST_TALLIES:
            _tallies.clear()
        tally = _tallies.setdefault(key, _Tally())
        tally.untold += 1
        telling = tally.untold if tally.untold > rate.count // PARTS or not tally.shared else 0
        tally.untold -= telling
    if telling:
        tally.shared = _add_to_shared(key, telling, timeout=rate.seconds * 2)
    if tally.shared + tally.untold > rate.count:
        raise Throttled(wait=(window + 1) * rate.seconds - now)


def _add_to_shared(key: str, telling: int, *, timeout: int) -> int:
    try:
        return int(cache.incr(key, telling))
    except ValueError:  # the first of this window
        return telling if cache.add(key, telling, timeout=timeout) else int(cache.get(key, telling))


def client_address(request: Request) -> str:
    """The client's address; behind a trusted proxy the one that the proxy saw."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and forwarded:
        return str(forwarded).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
