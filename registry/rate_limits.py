"""How often somebody may do something, counted over all web processes in the shared cache."""

from __future__ import annotations

import ipaddress
import time
from datetime import timedelta

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from registry.errors import TooManyError

SALT = "registry.rate_limits"
IPV6_SITE = 64


def take_turn(*, what: str, who: str, limit: int, period: timedelta, code: str) -> None:
    """Use up one of `limit` turns of the present period, or raise `TooManyError(code)`.

    Each turn is a cache entry of its own, added and never counted up, so that two at once cannot share the last one.
    `who` is stored as a keyed digest only: an address is nobody's business after the period.
    """
    seconds = int(period.total_seconds())
    window = int(time.time()) // seconds
    digest = salted_hmac(SALT, f"{what}:{who}").hexdigest()[:32]
    turns = [f"turn:{digest}:{window}:{number}" for number in range(limit)]
    taken = cache.get_many(turns)
    for turn in turns:
        if turn not in taken and cache.add(turn, 1, timeout=2 * seconds):
            return
    raise TooManyError(code, limit=limit, minutes=max(1, seconds // 60))


def address_key(address: str | None) -> str:
    """What counts as one visitor: an IPv4 address, or the part of an IPv6 one that a whole household shares."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, IPV6_SITE), strict=False))
    return str(found)
