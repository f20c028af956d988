"""Whom a wrong password is counted against: the account as tried from one network, and the account as such.

The first count is tight and stops who guesses. The second is loose and stops who guesses from many networks at once;
were it as tight, anybody could keep a person out by five wrong tries. A password reset by mail forgets both.
"""

from __future__ import annotations

import ipaddress

from allauth.core import ratelimit
from django.http import HttpRequest

ANYWHERE = "login_failed_anywhere"
"""The loose count's name among the rates of the settings."""
IPV4_NETWORK, IPV6_NETWORK = 24, 48
"""What one customer is commonly given, or can easily change its address within."""


def name_key(name: str) -> str:
    """An account by its name in any spelling. The host that a request names is no part: whoever sends it chooses it."""
    return name.strip().lower()


def network_key(name: str, address: str) -> str:
    """The account as tried from the network of an address."""
    return f"{name_key(name)} from {network_of(address)}"


def network_of(address: str) -> str:
    """The network around an address, in CIDR notation; what is no address stands for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    prefix = IPV4_NETWORK if isinstance(found, ipaddress.IPv4Address) else IPV6_NETWORK
    return str(ipaddress.ip_network((found, prefix), strict=False))


def forget_tries(request: HttpRequest, *, name: str, address: str) -> None:
    """Whoever has just proved by mail to own the account starts afresh, from where they are."""
    ratelimit.clear(request, action=ANYWHERE, key=name_key(name))
    ratelimit.clear(request, action="login_failed", key=network_key(name, address))
