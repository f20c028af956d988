"""How often one may ask. The counts live in the cache that all web processes share."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from registry.models import Account, ApiToken


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
        _count("address", _address(request), settings.API_RATES["address"])


def _count(kind: str, who: str, setting: str) -> None:
    rate, now = rate_of(setting), time.time()
    window = int(now // rate.seconds)
    key = f"api-rate:{kind}:{hashlib.sha256(who.encode()).hexdigest()[:32]}:{window}"
    if cache.add(key, 1, timeout=rate.seconds * 2):
        return
    try:
        asked = cache.incr(key)
    except ValueError:  # the window's count was dropped between the two steps
        return
    if asked > rate.count:
        raise Throttled(wait=(window + 1) * rate.seconds - now)


def _address(request: Request) -> str:
    """The client's address; behind a trusted proxy the one that the proxy saw."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and forwarded:
        return str(forwarded).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
