"""Requests to an OCI registry: timeouts, authorization, patience with what passes, and errors that say who must act."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from deployer.errors import OperatorError, TransientError
from deployer.oci.authorization import Credentials, Tokens, parse_challenges, token_address
from registry.errors import StorageFullError

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LARGEST_ANSWER = 8 << 20
_LONGEST_WAIT = 60.0
_MOST_REDIRECTS = 3
_ERROR_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAccess:
    """An OCI registry and how to reach it. `url` is scheme, host and port; times are seconds."""

    url: str
    credentials: Credentials = field(default_factory=Credentials)
    ca_file: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    attempts: int = 5

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.path.strip("/") or parts.username:
            raise OperatorError("oci_registry.bad_address", registry=parts.hostname or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer of the registry."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def location(self) -> str:
        """The absolute address that the answer points to, query kept; `OperatorError` if it names none."""
        target = self.headers.get("Location", "")
        absolute = urljoin(self.url, target)
        if not target or urlsplit(absolute).scheme not in {"https", "http"}:
            raise OperatorError("oci_registry.refused", status=self.status, reason="LOCATION")
        return absolute


Body = bytes | Iterable[bytes]


class Transport:
    """One registry. Safe to share between threads; `pause` waits for so many seconds."""

    def __init__(self, access: RegistryAccess, *, pause: Callable[[float], None] | None = None) -> None:
        self._access = access
        self._pause = time.sleep if pause is None else pause
        self._tokens = Tokens()
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=access.connect_timeout, read=access.read_timeout),
            ca_certs=access.ca_file or None,
        )

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return self._access.url.rstrip("/")

    def send(
        self,
        method: str,
        target: str,
        *,
        scope: str,
        expect: frozenset[int],
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send a request that may be repeated, until the answer is one of `expect` or no patience helps.

        Raises `TransientError` if the registry stays away or busy, `OperatorError` if it refuses.
        """
        failure: TransientError | None = None
        refreshed = False
        for attempt in range(self._access.attempts):
            try:
                answer = self.send_once(method, target, scope=scope, headers=headers, body=body)
            except TransientError as error:
                failure, wait = error, _backoff(attempt)
            else:
                if answer.status in expect:
                    return answer
                if answer.status == HTTPStatus.UNAUTHORIZED and not refreshed and self.authorize(answer, scope=scope):
                    refreshed = True
                    continue
                if answer.status not in _PASSING:
                    raise self.refusal(answer)
                failure = TransientError("oci_registry.busy", registry=self._name, status=answer.status)
                wait = _asked_to_wait(answer) or _backoff(attempt)
            if attempt + 1 < self._access.attempts:
                self._pause(min(wait, _LONGEST_WAIT))
        raise failure or TransientError("oci_registry.unreachable", registry=self._name)

    def send_once(
        self,
        method: str,
        target: str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
    ) -> Answer:
        """One request and its answer, whatever it is. A GET follows redirects; credentials stay with the registry."""
        url = urljoin(f"{self.url}/", target)
        for _hop in range(_MOST_REDIRECTS + 1):
            answer = self._exchange(method, url, {**(headers or {}), **self._authorization(url, scope)}, body)
            if method not in {"GET", "HEAD"} or answer.status not in _REDIRECTS:
                return answer
            url = answer.location()
        raise OperatorError("oci_registry.refused", status=answer.status, reason="REDIRECTS")

    def authorize(self, answer: Answer, *, scope: str) -> bool:
        """Answer a 401's challenge; False if there is nothing more that could be tried."""
        self._tokens.forget(scope)
        credentials = self._access.credentials
        for challenge in parse_challenges(answer.headers.get("WWW-Authenticate", "").splitlines()):
            if challenge.scheme == "bearer":
                address = token_address(challenge, scope=scope, registry=self.url)
                basic = {"Authorization": credentials.basic()} if credentials else {}
                granted = self._exchange("GET", address, basic, b"")
                if granted.status in _PASSING:
                    raise TransientError("oci_registry.busy", registry=self._name, status=granted.status)
                if granted.status != HTTPStatus.OK:
                    return False
                content = granted.json()
                self._tokens.keep_bearer(scope, content if isinstance(content, dict) else {})
                return True
            if challenge.scheme == "basic" and credentials:
                self._tokens.keep_basic(scope, credentials)
                return True
        return False

    def refusal(self, answer: Answer) -> OperatorError:
        """The error for an answer that no patience mends. Only the registry's error code is taken from its text."""
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return OperatorError("oci_registry.denied", registry=self._name)
        if answer.status == HTTPStatus.INSUFFICIENT_STORAGE:
            return StorageFullError("oci_registry.full", registry=self._name)
        return OperatorError("oci_registry.refused", status=answer.status, reason=_reason(answer))

    @property
    def _name(self) -> str:
        return urlsplit(self.url).netloc

    def _authorization(self, url: str, scope: str) -> dict[str, str]:
        header = self._tokens.header(scope) if urlsplit(url)[:2] == urlsplit(self.url)[:2] else ""
        return {"Authorization": header} if header else {}

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: Body) -> Answer:
        try:
            response = self._pool.request(
                method, url, headers=dict(headers), body=body or None, redirect=False, preload_content=False
            )
            try:
                data = response.read(_LARGEST_ANSWER + 1, decode_content=True)
            finally:
                response.release_conn()
        except SSLError as error:
            raise OperatorError("oci_registry.untrusted", registry=urlsplit(url).netloc) from error
        except (HTTPError, OSError) as error:
            raise TransientError("oci_registry.unreachable", registry=urlsplit(url).netloc) from error
        if len(data) > _LARGEST_ANSWER:
            raise OperatorError("oci_registry.refused", status=response.status, reason="TOO_LONG")
        answered = urllib3.HTTPHeaderDict(response.headers)
        challenges = "\n".join(response.headers.getlist("WWW-Authenticate"))
        if challenges:
            answered["WWW-Authenticate"] = challenges
        return Answer(status=response.status, headers=answered, body=data, url=url)


def _backoff(attempt: int) -> float:
    """0.5, 1, 2, 4 … seconds, spread so that many workers do not return at once."""
    return 0.5 * 2.0**attempt * random.uniform(0.75, 1.25)  # noqa: S311  # spreads load, guards nothing


def _asked_to_wait(answer: Answer) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _reason(answer: Answer) -> str:
    """The first error code of the specification's error body, "" if it has none."""
    content = answer.json()
    try:
        code = str(content["errors"][0]["code"])
    except (TypeError, KeyError, IndexError):
        return ""
    return code if _ERROR_CODE.fullmatch(code) else ""
