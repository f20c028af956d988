"""The cluster that models are served on: Kubernetes, KServe, Gateway API, and how images reach a pod."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol

from deployer.interfaces import CupSpec, FileEntry
from deployer.probes.kserve_settings import NAME, settings_findings
from deployer.probes.report import Finding, fails, warns, works
from deployer.serving.cluster import Cluster
from deployer.serving.cluster_api import (
    CONFIG_MAP,
    DEPLOYMENT,
    HTTP_ROUTE,
    INFERENCE_SERVICE,
    ApiError,
    ClusterApi,
    Kind,
    Object,
    portal_error,
)
from deployer.serving.inference_service import inference_service

KSERVE_NAMESPACE = "kserve"
CONTROLLER = "kserve-controller-manager"
OLDEST_KSERVE = (0, 20)
OLDEST_KUBERNETES = (1, 29)
"""From here on strict validation, the rules in definitions and the security standards of namespaces all hold."""
_NATIVE_WITH_GATE, _NATIVE = (1, 33), (1, 35)
_NUMBER = re.compile(r"v?(\d+)\.(\d+)")
_PROBE = "a" * 64


class DiscoveringApi(ClusterApi, Protocol):
    """A cluster's API that also tells what it is."""

    def version(self) -> Object:
        """The API server's version."""

    def groups(self) -> frozenset[str]:
        """Every `group/version` that it serves."""


class ClusterProbe:
    """One namespace of one cluster. `connect` makes an API client for a namespace; it may raise `OperatorError`."""

    part = "part.serving"

    def __init__(self, cluster: Cluster, connect: Callable[[Cluster], DiscoveringApi]) -> None:
        self._cluster = cluster
        self._connect = connect

    def ask(self) -> Iterator[Finding]:
        """From the API server inward; what depends on a missing part is not asked."""
        api = self._connect(self._cluster)
        try:
            version = str(api.version().get("gitVersion", ""))
            groups = api.groups()
        except ApiError as error:
            raise portal_error(error, verb="get", kind="version", name="", namespace="") from error
        if _number(version) < OLDEST_KUBERNETES:
            yield fails("probe.cluster_old", version=version, oldest=_written(OLDEST_KUBERNETES))
        else:
            yield works("probe.cluster", version=version)
        yield from self._images(_number(version))
        yield from self._runtime_images()
        if f"{INFERENCE_SERVICE.group}/{INFERENCE_SERVICE.version}" not in groups:
            yield fails("probe.kserve_missing")
            return
        yield from self._kserve()
        yield self._gateway(api, groups)
        yield self._rehearsed(api)

    def _images(self, version: tuple[int, int]) -> Iterator[Finding]:
        """Whether the chosen way of images into pods is one that this cluster's nodes know."""
        if self._cluster.storage_scheme != "oci+native":
            yield works("probe.images_fetched", scheme=self._cluster.storage_scheme)
        elif version < _NATIVE_WITH_GATE:
            yield fails("probe.image_volume_missing")
        elif version < _NATIVE:
            yield warns("probe.image_volume_gate")
        else:
            yield works("probe.image_volume")

    def _runtime_images(self) -> Iterator[Finding]:
        """A model of a runtime without an image is refused at its trial, when nobody looks at settings any more."""
        for runtime in self._cluster.runtimes:
            if runtime.name not in self._cluster.runtime_images:
                yield fails("kserve.runtime_image_unset", runtime=runtime.name)

    def _kserve(self) -> Iterator[Finding]:
        """KServe's version by its controller's image, and its settings, where the portal may look."""
        api = self._connect(replace(self._cluster, namespace=KSERVE_NAMESPACE))
        try:
            yield _version_finding(_controller_tag(self._looked_up(api, DEPLOYMENT, CONTROLLER)))
        except PermissionError:
            yield warns("probe.kserve_version_hidden", namespace=KSERVE_NAMESPACE)
        try:
            yield from settings_findings(self._looked_up(api, CONFIG_MAP, NAME))
        except PermissionError:
            yield warns("probe.kserve_settings_hidden", name=NAME, namespace=KSERVE_NAMESPACE)

    def _looked_up(self, api: ClusterApi, kind: Kind, name: str) -> Object | None:
        """An object of KServe's own namespace; `PermissionError` if the portal may not see it."""
        try:
            return api.get(kind, name)
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                raise PermissionError(name) from error
            raise portal_error(error, verb="get", kind=kind.name, name=name, namespace=KSERVE_NAMESPACE) from error

    def _gateway(self, api: ClusterApi, groups: frozenset[str]) -> Finding:
        if f"{HTTP_ROUTE.group}/{HTTP_ROUTE.version}" not in groups:
            return fails("probe.gateway_missing")
        try:
            api.list(HTTP_ROUTE)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:  # the group has other kinds, but not this one
                return fails("probe.gateway_missing")
            raise self._told(error, verb="list", kind=HTTP_ROUTE) from error
        if not self._cluster.gateway_name:
            return warns("probe.gateway_unnamed")
        return works("probe.gateway", gateway=f"{self._cluster.gateway_namespace}/{self._cluster.gateway_name}")

    def _rehearsed(self, api: ClusterApi) -> Finding:
        """An InferenceService that is checked by every webhook, and never stored."""
        runtime = self._cluster.runtimes[0].name
        spec = CupSpec(
            name="probe",
            model_name="probe",
            version="1",
            runtime=runtime,
            image_digest=f"sha256:{_PROBE}",
            files=(FileEntry(path="model.json", sha256=_PROBE, size=1),),
        )
        try:
            api.list(INFERENCE_SERVICE)
            api.apply(inference_service(spec, self._cluster), dry_run=True)
        except ApiError as error:
            raise self._told(error, verb="create", kind=INFERENCE_SERVICE) from error
        return works("probe.kserve_mode", namespace=self._cluster.namespace)

    def _told(self, error: ApiError, *, verb: str, kind: Kind) -> Exception:
        return portal_error(error, verb=verb, kind=kind.name, name="", namespace=self._cluster.namespace)


def _controller_tag(deployment: Object | None) -> str:
    """The tag of the controller's image; "" if there is none."""
    try:
        images = [each["image"] for each in (deployment or {})["spec"]["template"]["spec"]["containers"]]
    except (KeyError, TypeError):
        return ""
    tags = [image.rpartition("/")[2].partition("@")[0].partition(":")[2] for image in images]
    return next((tag for tag in tags if _NUMBER.match(tag)), "")


def _version_finding(tag: str) -> Finding:
    if not tag:
        return warns("probe.kserve_version_unknown")
    if _number(tag) < OLDEST_KSERVE:
        return fails("probe.kserve_old", version=tag, oldest=_written(OLDEST_KSERVE))
    return works("probe.kserve", version=tag)


def _written(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _number(version: str) -> tuple[int, int]:
    match = _NUMBER.match(version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
