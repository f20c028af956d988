"""A thin client of the Kubernetes API: the one file that knows the client library.

The library retries by itself, without heeding Retry-After and even a delete whose answer was lost, has no timeouts, and
keeps one global configuration. So it gets a configuration of its own with retries off, and all of that is done here.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import config as kubernetes_config
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException

from deployer.errors import OperatorError

from .cluster import FIELD_MANAGER, Cluster
from .cluster_api import KINDS, ApiError, Change, Kind, Listing, Object

logger = logging.getLogger(__name__)
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 20.0
TRIES = 5
RENEWAL_PAUSE = 30.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
PAGE = 500
_WATCH_GRACE = 15.0
_MAX_ANSWER = 64 << 20


class KubernetesApi:
    """`ClusterApi` over HTTP in one namespace. Safe to share between threads, not between processes."""

    def __init__(
        self, cluster: Cluster, *, configure: Callable[[Cluster], Configuration] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._cluster = cluster
        self._namespace = cluster.namespace
        self._configure = configure or configured
        self._sleep = sleep
        self._renewed_at = 0.0
        self._client = self._new_client()
        self.calls = 0

    def get(self, kind: Kind, name: str) -> Object | None:
        """The object; None if there is none."""
        try:
            return self._json("GET", kind.path(self._namespace, name))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> Listing:
        """Every object, page by page; a page that expired begins anew, once."""
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": str(PAGE), "continue": ""}
        items: list[Object] = []
        while True:
            try:
                page = self._json("GET", kind.path(self._namespace), query)
            except ApiError as error:
                if error.status != HTTPStatus.GONE or not query["continue"]:
                    raise
                query, items = {**query, "continue": "", "limit": ""}, []
                continue
            items += page.get("items") or ()
            meta = page.get("metadata") or {}
            if not meta.get("continue"):
                return Listing(items=items, resource_version=str(meta.get("resourceVersion", "")))
            query["continue"] = meta["continue"]

    def watch(self, kind: Kind, *, labels: str, resource_version: str, seconds: int) -> Iterator[Change]:
        """Changes as they come. Never repeated here: who watches knows where to go on."""
        query = {
            "labelSelector": labels,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        }
        response = self._send("GET", kind.path(self._namespace), query, read_timeout=seconds + _WATCH_GRACE)
        try:
            yield Change(type="OPEN")
            for line in _lines(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _error_of(event["object"], int(event["object"].get("code", 500)), {})
                yield Change(type=event["type"], object=event["object"])
        except (urllib3.exceptions.HTTPError, OSError, ValueError, KeyError) as error:
            raise ApiError(0, reason="Cut", message=str(error)) from error
        finally:
            response.close()

    def apply(self, manifest: Object, *, dry_run: bool = False, force: bool = False) -> Object:
        """Server-side apply. Idempotent, so repeated after a lost answer."""
        kind = KINDS[manifest["kind"]]
        query = {
            "fieldManager": self._cluster.field_manager,
            "fieldValidation": "Strict",
            "force": "true" if force else "false",
            "dryRun": "All" if dry_run else "",
        }
        path = kind.path(self._namespace, manifest["metadata"]["name"])
        return self._json("PATCH", path, query, manifest)

    def delete(self, kind: Kind, name: str, *, uid: str = "") -> Object | None:
        """Ask for the end. Gone, and gone in favour of another object of this name, are the same answer."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        body: Object = {**options, "preconditions": {"uid": uid}} if uid else dict(options)
        try:
            left = self._json("DELETE", kind.path(self._namespace, name), None, body)
        except ApiError as error:
            if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.CONFLICT}:
                return None
            raise
        return left if left.get("kind") == kind.name else None

    def logs(self, pod: str, container: str, *, lines: int, previous: bool) -> str:
        """The last lines of a container's output."""
        query = {"container": container, "tailLines": str(lines), "previous": "true" if previous else ""}
        path = KINDS["Pod"].path(self._namespace, pod) + "/log"
        response = self._send("GET", path, query)
        try:
            return response.read(_MAX_ANSWER).decode("utf-8", "replace")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(0, reason="Cut", message=str(error)) from error
        finally:
            response.release_conn()

    def version(self) -> Object:
        """The API server's version."""
        return self._json("GET", "/version")

    def groups(self) -> frozenset[str]:
        """Every `group/version` that the API server serves."""
        found = self._json("GET", "/apis").get("groups") or ()
        return frozenset(str(version["groupVersion"]) for group in found for version in group["versions"])

    def close(self) -> None:
        """Let connections go."""
        self._client.rest_client.pool_manager.clear()

    def _json(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Object | None = None
    ) -> Object:
        """One call whose answer is JSON, repeated with patience while the server is busy or away."""
        pause = FIRST_PAUSE
        for attempt in range(1, TRIES + 1):
            try:
                response = self._send(method, path, query or {}, body)
                try:
                    return dict(json.loads(response.read(_MAX_ANSWER) or b"{}"))
                finally:
                    response.release_conn()
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                failure = ApiError(0, reason="Cut", message=str(error))
            except ApiError as error:
                failure = error
            renewed = failure.status == HTTPStatus.UNAUTHORIZED and self._renew()
            overtaken = method == "PATCH" and failure.is_overtaken
            if attempt == TRIES or not (failure.is_worth_repeating or overtaken or renewed):
                raise failure
            wanted = failure.retry_after if failure.retry_after is not None else pause * random.uniform(0.5, 1)  # noqa: S311  # spreads repetitions, keeps no secret
            self._sleep(min(wanted, LONGEST_PAUSE))
            pause *= 2
        raise AssertionError  # the last attempt raises

    def _new_client(self) -> ApiClient:
        client = ApiClient(self._configure(self._cluster))
        client.user_agent = FIELD_MANAGER
        return client

    def _renew(self) -> bool:
        """Read the credentials again, at most every half minute: they may have been replaced in their file."""
        if time.monotonic() - self._renewed_at < RENEWAL_PAUSE:
            return False
        self._renewed_at = time.monotonic()
        try:
            self._client = self._new_client()
        except OperatorError as error:
            logger.warning("the cluster's credentials cannot be read again: %s", error)
            return False
        return True

    def _send(
        self, method: str, path: str, query: Mapping[str, str], body: Object | None = None, *,
        read_timeout: float = READ_TIMEOUT,
    ) -> urllib3.BaseHTTPResponse:  # fmt: skip
        """One request; the answer's body is not read yet. `ApiError` for all but a success."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        filled = {name: value for name, value in query.items() if value}
        address = f"{path}?{urlencode(filled)}" if filled else path
        self.calls += 1
        try:
            prepared = self._client.param_serialize(
                method, address, header_params=headers, auth_settings=["BearerToken"]
            )
            response: urllib3.BaseHTTPResponse = self._client.rest_client.request(  # type: ignore[no-untyped-call]  # the library's
                method, prepared[1], headers=prepared[2], body=body, _request_timeout=(CONNECT_TIMEOUT, read_timeout)
            ).response
        except ApiException as error:  # what it makes of a certificate that nobody vouches for
            raise ApiError(0, reason="TLS", message=str(error.reason)) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(0, reason="Unreachable", message=str(error)) from error
        except ConfigException as error:
            raise ApiError(HTTPStatus.UNAUTHORIZED, reason="Token", message=str(error)) from error
        if response.status < HTTPStatus.MULTIPLE_CHOICES:
            return response
        raise _refusal(response)


def configured(cluster: Cluster) -> Configuration:
    """A configuration of its own from the kubeconfig, or from the pod's service account, whose token is read anew."""
    made = Configuration()
    made.retries = False  # urllib3's word for none at all, redirects included
    made.keep_alive = True
    made.connection_pool_maxsize = 16
    try:
        if cluster.kubeconfig:
            kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]  # the library's
                config_file=str(Path(cluster.kubeconfig)), context=cluster.context or None, client_configuration=made
            )
        else:
            kubernetes_config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]  # the same
    except (ConfigException, OSError, ValueError, TypeError) as error:
        raise OperatorError("kserve.kubeconfig", detail=" ".join(str(error).split())[:200]) from error
    return made


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The lines of a stream as they come; a last one that was cut is left out."""
    rest = b""
    for chunk in response.stream(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)


def _refusal(response: urllib3.BaseHTTPResponse) -> ApiError:
    try:
        raw = response.read(_MAX_ANSWER)
    except (urllib3.exceptions.HTTPError, OSError):
        raw = b""
    finally:
        response.release_conn()
    try:
        status = json.loads(raw)
    except ValueError:
        status = {}
    return _error_of(status if isinstance(status, dict) else {}, response.status, response.headers)


def _error_of(status: Mapping[str, Any], code: int, headers: Mapping[str, str]) -> ApiError:
    details = status.get("details") or {}
    after = headers.get("Retry-After") or details.get("retryAfterSeconds")
    try:
        retry_after = None if after is None else max(0.0, float(after))
    except (TypeError, ValueError):
        retry_after = None
    return ApiError(
        code,
        reason=str(status.get("reason", "")),
        message=str(status.get("message", "")),
        causes=tuple(details.get("causes") or ()),
        details=details,
        retry_after=retry_after,
    )
