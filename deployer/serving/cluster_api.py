"""What the KServe backend asks of a Kubernetes API, as plain values: kinds, answers, failures and their meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from deployer.errors import OperatorError, PortalError, TransientError

Object = dict[str, Any]
_WEBHOOK = re.compile(r'admission webhook "([^"]+)" denied the request:?\s*(.*)', re.DOTALL)
_UNKNOWN_FIELD = re.compile(r"unknown field|strict decoding error|field not declared in schema|no matches for kind")
_RIGHT_MISSING = re.compile(r' is forbidden: User "[^"]*" cannot ')
_MAX_DETAIL = 300
BUSY = frozenset({429, 500, 502, 503, 504})
_TRANSIENT = {
    0: "kserve.api_unreachable",
    HTTPStatus.UNAUTHORIZED: "kserve.credentials",
    HTTPStatus.CONFLICT: "kserve.api_busy",
    HTTPStatus.GONE: "kserve.api_busy",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of namespaced object and its place in the API."""

    group: str
    version: str
    plural: str
    name: str

    def path(self, namespace: str, name: str = "") -> str:
        """The address of the collection, or of one object in it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return "/".join(filter(None, [root, "namespaces", namespace, self.plural, name]))


INFERENCE_SERVICE = Kind("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService")
SERVING_RUNTIME = Kind("serving.kserve.io", "v1alpha1", "servingruntimes", "ServingRuntime")
HTTP_ROUTE = Kind("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment")
POD = Kind("", "v1", "pods", "Pod")
EVENT = Kind("", "v1", "events", "Event")
CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap")
_ALL = (INFERENCE_SERVICE, SERVING_RUNTIME, HTTP_ROUTE, DEPLOYMENT, POD, EVENT, CONFIG_MAP)
KINDS = {kind.name: kind for kind in _ALL}


class ApiError(Exception):
    """An answer that is no success. `status` is HTTP's, 0 where no answer came; `causes` are those of the Status."""

    def __init__(
        self, status: int, *, reason: str = "", message: str = "", causes: Sequence[Mapping[str, Any]] = (),
        details: Mapping[str, Any] | None = None, retry_after: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes
        self.details = details or {}
        self.retry_after = retry_after

    @property
    def is_worth_repeating(self) -> bool:
        """Whether the same call may succeed a moment later.

        What fits no definition never does, and is 500 as well. A server that has just started knows the roles not yet.
        """
        return (self.status == 0 or self.status in BUSY or self.is_about_rights) and not self.is_about_fields

    @property
    def is_about_rights(self) -> bool:
        """Whether no role lets this account do it; quotas and webhooks refuse with the same status."""
        return self.status == HTTPStatus.FORBIDDEN and bool(_RIGHT_MISSING.search(self.message))

    @property
    def is_overtaken(self) -> bool:
        """Whether somebody else wrote at the same moment, so that the same write, made again, is a new one."""
        return self.status in {HTTPStatus.CONFLICT, HTTPStatus.GONE} and not self.is_ownership_conflict

    @property
    def is_about_fields(self) -> bool:
        """Whether the server knows a field or a kind not at all."""
        return bool(self.status and _UNKNOWN_FIELD.search(self.message))

    @property
    def is_ownership_conflict(self) -> bool:
        """Whether another field manager owns what was to be applied."""
        return self.status == HTTPStatus.CONFLICT and any(
            c.get("reason") == "FieldManagerConflict" for c in self.causes
        )

    def managers(self) -> str:
        """Who owns the fields in conflict, as the API server names them."""
        named = re.findall(r'conflict with "([^"]+)"', " ".join(str(c.get("message", "")) for c in self.causes))
        return ", ".join(dict.fromkeys(named)) or self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A collection as of one resource version."""

    items: Sequence[Object]
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event of a watch: ADDED, MODIFIED, DELETED or BOOKMARK; OPEN, without an object, once the server listens."""

    type: str
    object: Object = field(default_factory=dict)


class ClusterApi(Protocol):
    """The part of the API that serving needs. Every call has a timeout; failures are `ApiError`."""

    def get(self, kind: Kind, name: str) -> Object | None:
        """The object; None if there is none."""

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> Listing:
        """Every object of the kind that the selectors let through."""

    def watch(self, kind: Kind, *, labels: str, resource_version: str, seconds: int) -> Iterator[Change]:
        """Changes after a resource version, until the server ends it. `ApiError` 410 if the version is too old."""

    def apply(self, manifest: Object, *, dry_run: bool = False, force: bool = False) -> Object:
        """Server-side apply under the portal's field manager, with strict validation."""

    def delete(self, kind: Kind, name: str, *, uid: str = "") -> Object | None:
        """Ask for the end of an object, of this uid only; what is left of it, or None if it is gone."""

    def logs(self, pod: str, container: str, *, lines: int, previous: bool) -> str:
        """The last lines of a container's output."""


def portal_error(error: ApiError, *, verb: str, kind: str, name: str, namespace: str) -> PortalError:
    """What a failure of the API means for people. Never the raw answer alone: who acts, and how."""
    detail = " ".join(error.message.split())[:_MAX_DETAIL]
    webhook = _WEBHOOK.search(error.message)
    if webhook:
        told = " ".join(webhook[2].split())[:_MAX_DETAIL]
        return OperatorError("kserve.webhook_denied", webhook=webhook[1], detail=told)
    if error.is_ownership_conflict:
        return OperatorError("kserve.foreign_manager", name=name, managers=error.managers())
    if error.status == HTTPStatus.FORBIDDEN:
        return _forbidden(error, verb=verb, kind=kind, namespace=namespace, detail=detail)
    if error.status == HTTPStatus.NOT_FOUND:
        return _missing(error, kind=kind, namespace=namespace)
    if error.is_about_fields:
        return OperatorError("kserve.crd_old", detail=detail)
    transient = _TRANSIENT.get(error.status) or ("kserve.api_busy" if error.status in BUSY else "")
    return TransientError(transient) if transient else OperatorError("kserve.rejected", detail=detail)


def _forbidden(error: ApiError, *, verb: str, kind: str, namespace: str, detail: str) -> PortalError:
    if "exceeded quota" in error.message:
        return TransientError("kserve.quota", detail=detail)
    if "is being terminated" in error.message:
        return OperatorError("kserve.namespace_missing", namespace=namespace)
    return OperatorError("kserve.forbidden", verb=verb, kind=kind, namespace=namespace)


def _missing(error: ApiError, *, kind: str, namespace: str) -> PortalError:
    if error.details.get("kind") == "namespaces":
        return OperatorError("kserve.namespace_missing", namespace=namespace)
    return OperatorError("kserve.crd_missing", kind=kind)
