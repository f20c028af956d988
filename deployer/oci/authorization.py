"""How an OCI registry wants to be asked: challenges in, `Authorization` headers out (distribution-spec token flow)."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from deployer.errors import OperatorError

_SHORTEST_LIFE = 60  # seconds: what a token lives whose server says nothing, by the specification
_MARGIN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One `WWW-Authenticate` header: `basic` or `bearer`, with its parameters."""

    scheme: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user name and password or access token; both "" for an anonymous client."""

    username: str = ""
    password: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.username or self.password)

    def basic(self) -> str:
        """The header for Basic authentication."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def parse_challenges(headers: Sequence[str]) -> list[Challenge]:
    """The challenges of a 401 answer, one per header; what cannot be read is left out."""
    found = []
    for header in headers:
        scheme, _, rest = header.strip().partition(" ")
        pairs = [item for item in parse_http_list(rest) if "=" in item]
        found.append(Challenge(scheme=scheme.lower(), params=parse_keqv_list(pairs)))
    return found


def token_address(challenge: Challenge, *, scope: str, registry: str) -> str:
    """Where to ask for a token. Credentials go to no address that is less protected than the registry's own."""
    realm = urlsplit(challenge.params.get("realm", ""))
    allowed = {"https"} if urlsplit(registry).scheme == "https" else {"https", "http"}
    if realm.scheme not in allowed or not realm.hostname or realm.username:
        raise OperatorError("oci_registry.bad_challenge", registry=registry)
    asked = {"scope": challenge.params.get("scope") or scope}
    if challenge.params.get("service"):
        asked["service"] = challenge.params["service"]
    return realm._replace(query="&".join(filter(None, [realm.query, urlencode(asked)])), fragment="").geturl()


class Tokens:
    """Headers that were granted, by scope, until shortly before they expire."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, tuple[float, str]] = {}

    def header(self, scope: str) -> str:
        """The header for a scope, "" if there is none that holds."""
        until, header = self._held.get(scope, (0.0, ""))
        return header if self._clock() < until else ""

    def keep_basic(self, scope: str, credentials: Credentials) -> None:
        """Basic authentication holds until it is refused."""
        self._held[scope] = (float("inf"), credentials.basic())

    def keep_bearer(self, scope: str, answer: Mapping[str, object]) -> None:
        """Take the token from a token server's answer; `OperatorError` if there is none in it."""
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise OperatorError("oci_registry.bad_token", scope=scope)
        life = answer.get("expires_in")
        seconds = life if isinstance(life, int) and life > 0 else _SHORTEST_LIFE
        self._held[scope] = (self._clock() + max(seconds - _MARGIN, seconds / 2), f"Bearer {token}")

    def forget(self, scope: str) -> None:
        """The registry did not take it."""
        self._held.pop(scope, None)
