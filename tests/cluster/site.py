"""A namespace of its own on a cluster, as `deploy/` makes it, and a portal there that holds no more than the Role."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config, dynamic

from deployer.interfaces import CupPhase, CupSpec, CupStatus
from deployer.runtimes.catalogue import RUNTIMES
from deployer.serving.cluster import Cluster
from deployer.serving.kserve import KServeBackend
from deployer.serving.kserve_router import KServeRouter
from deployer.serving.kubernetes_api import KubernetesApi
from tests.deploy.manifests import KUBERNETES, Object, rendered
from tests.stubs.kserve_player import ClusterHands, Player

PORTAL = "model-commons"
NAMESPACE_SECONDS = 20.0
IMAGE_VOLUMES = (1, 33)
"""The first Kubernetes that can mount a part of an image; on an older one models are fetched."""
# What the tests make there, in the order in which it is taken away again.
MADE = (
    ("gateway.networking.k8s.io/v1", "HTTPRoute"), ("serving.kserve.io/v1beta1", "InferenceService"),
    ("serving.kserve.io/v1alpha1", "ServingRuntime"), ("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"),
    ("v1", "Pod"), ("v1", "Service"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Real:
    """What a cluster with KServe's own controller is given: see docs/operations/test-cluster.md."""

    predictors: str
    repository: str = ""
    digest: str = ""
    runtime: str = ""
    runtime_image: str = ""


@dataclass
class Site:
    """What the cases are given. `player` is None where the cluster has a controller of its own.

    `version` is Kubernetes' own. `natural` names the cases that come about there without being played; a case
    may take `longest` seconds.
    """

    namespace: str
    cluster: Cluster
    player: Player | None
    admin: Any  # a DynamicClient, which is not typed
    version: tuple[int, int]
    real: Real | None = None
    longest: float = 60.0

    @property
    def natural(self) -> set[str]:
        if self.real is None:
            return set()
        return {"pull_error", "ready"} if self.real.digest else {"pull_error"}

    def cup(self, name: str, scenario: str) -> CupSpec:
        """The cup of a case: of the image that really is there, where one is to serve."""
        real = self.real
        if real is None or scenario == "pull_error" or not real.digest:
            return cup(name)
        return cup(name, image_digest=real.digest, runtime=real.runtime, memory_bytes=1 << 30, cpu_millis=500)

    def backend(self, *, ahead: float = 0.0, **changes: Any) -> KServeBackend:
        """A portal's backend whose clock goes `ahead` seconds, so that no case has to wait for a deadline."""
        cluster = replace(self.cluster, **changes)
        return KServeBackend(cluster, clock=lambda: time.time() + ahead)

    def router(self, *, ahead: float = 0.0) -> KServeRouter:
        """A portal's router, by the same clock."""
        connect = lambda: KubernetesApi(self.cluster)  # noqa: E731  # a name for it would say no more
        return KServeRouter(self.cluster, connect=connect, clock=lambda: time.time() + ahead)

    def merge(self, version: str, kind: str, name: str, change: Object) -> None:
        """What somebody with more rights does by hand."""
        self.admin.resources.get(api_version=version, kind=kind).patch(
            name=name, namespace=self.namespace, body=change, content_type="application/merge-patch+json",
            _request_timeout=60,
        )  # fmt: skip

    def finalizers(self, version: str, kind: str, name: str, *, add: str = "", remove: str = "") -> None:
        """Hold an object back from its end, or let it go."""
        resource = self.admin.resources.get(api_version=version, kind=kind)

        def written() -> bool:
            """Others write the same list, so it is read and written until nobody came between."""
            metadata = resource.get(name=name, namespace=self.namespace, _request_timeout=60).to_dict()["metadata"]
            held = [one for one in metadata.get("finalizers", []) if one != remove] + ([add] if add else [])
            change = {"metadata": {"finalizers": held or None, "resourceVersion": metadata["resourceVersion"]}}
            try:
                self.merge(version, kind, name, change)
            except dynamic.exceptions.ConflictError:
                return False
            return True

        until(written, seconds=self.longest)


def cup(name: str, **changes: Any) -> CupSpec:
    """A cup that asks for little."""
    made = CupSpec(
        name=name, model_name="article-quality", version="3", runtime=RUNTIMES[0].name,
        image_digest="sha256:" + "ab" * 32, files=(), cpu_millis=100, memory_bytes=128 << 20,
    )  # fmt: skip
    return replace(made, **changes)


def until(met: Callable[[], Any], *, seconds: float) -> Any:
    """What `met` returns as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end, f"it did not come to that in {seconds:g} s"
        time.sleep(0.05)
    return found


def reached(backend: KServeBackend, name: str, wanted: Callable[[CupStatus], bool], *, seconds: float) -> CupStatus:
    """The first status that is as wanted."""
    last: list[CupStatus] = []

    def met() -> CupStatus | None:
        last[:] = [backend.status(name)]
        return last[0] if wanted(last[0]) else None

    try:
        found: CupStatus = until(met, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}; the last status was {last}") from error
    return found


def serves(status: CupStatus) -> bool:
    return status.phase is CupPhase.READY


@contextmanager
def prepared(kubeconfig: Path, folder: Path, *, real: Real | None = None) -> Iterator[Site]:
    """A site on the cluster that a kubeconfig names; everything is taken away again, whatever happens."""
    connection = _connected(kubeconfig)
    connect: Any = dynamic.DynamicClient  # the client types this part of itself not at all
    admin = connect(connection, cache_file=str(folder / "discovery.json"))
    namespace = f"model-commons-test-{secrets.token_hex(4)}"
    version = _version(connection)
    try:
        for obj in _objects(namespace):
            _apply(admin, obj)
        own = _portals(kubeconfig, folder, _token(connection, namespace))
        if real is not None:
            yield Site(namespace, _cluster(namespace, own, real, version), None, admin, version, real, longest=600.0)
            return
        _count_nothing(admin, namespace)
        with Player(ClusterHands(connection, namespace, folder=folder), interval=0.05) as player:
            played = Real(predictors=player.url_of("{name}"))
            yield Site(namespace, _cluster(namespace, own, played, version), player, admin, version)
    finally:
        _clean(admin, connection, namespace)
        connection.rest_client.pool_manager.clear()


def _version(connection: client.ApiClient) -> tuple[int, int]:
    told = client.VersionApi(connection).get_code(_request_timeout=60)
    return int(told.major), int(told.minor.rstrip("+"))


def _cluster(namespace: str, kubeconfig: Path, real: Real, version: tuple[int, int]) -> Cluster:
    images = {runtime.name: f"registry.example/runtimes/{runtime.name}:1" for runtime in RUNTIMES}
    if real.runtime:
        images[real.runtime] = real.runtime_image
    repository = real.repository or "registry.example/models/approved"
    return Cluster(
        portal="test", namespace=namespace, runtimes=RUNTIMES, predictor_url=real.predictors,
        image_repository=repository, trial_repository=repository, runtime_images=images, gateway_name="models",
        gateway_namespace="gateways", kubeconfig=str(kubeconfig),
        storage_scheme="oci+native" if version >= IMAGE_VOLUMES else "oci+fetch",
    )  # fmt: skip


def _connected(kubeconfig: Path) -> client.ApiClient:
    settings = client.Configuration()
    load: Any = config.load_kube_config  # the client types this part of itself not at all
    load(str(kubeconfig), client_configuration=settings)
    settings.retries = False
    return client.ApiClient(settings)


def _objects(namespace: str) -> list[Object]:
    """The manifests, with the portal's account in the same namespace instead of one of its own."""
    objects = rendered(KUBERNETES / "models", namespace=namespace)
    for obj in objects:
        if obj["kind"] == "RoleBinding":
            obj["subjects"] = [{"kind": "ServiceAccount", "name": PORTAL, "namespace": namespace}]
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": PORTAL, "namespace": namespace}}
    return [objects[0], account, *objects[1:]]


def _apply(admin: Any, obj: Object) -> None:
    resource = admin.resources.get(api_version=obj["apiVersion"], kind=obj["kind"])
    admin.server_side_apply(
        resource, body=obj, name=obj["metadata"]["name"], namespace=obj["metadata"].get("namespace"),
        field_manager="model-commons-test", _request_timeout=60,
    )  # fmt: skip


def _token(connection: client.ApiClient, namespace: str) -> str:
    body = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=3600))
    answer = client.CoreV1Api(connection).create_namespaced_service_account_token(
        name=PORTAL, namespace=namespace, body=body, _request_timeout=60
    )
    assert answer.status is not None
    return str(answer.status.token)


def _portals(kubeconfig: Path, folder: Path, token: str) -> Path:
    """The portal's own kubeconfig: the same server, and the token of its account."""
    document = yaml.safe_load(kubeconfig.read_text())
    current = next(one for one in document["contexts"] if one["name"] == document["current-context"])
    server = next(one for one in document["clusters"] if one["name"] == current["context"]["cluster"])
    path = folder / "portal-kubeconfig"
    path.touch(mode=0o600)
    path.write_text(
        yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "clusters": [server], "current-context": "portal",
            "users": [{"name": "portal", "user": {"token": token}}],
            "contexts": [{"name": "portal", "context": {"cluster": server["name"], "user": "portal"}}],
        })
    )  # fmt: skip
    return path


def _count_nothing(admin: Any, namespace: str) -> None:
    """A server without controllers lets no pod in before somebody has counted what the quota has used."""
    quotas = admin.resources.get(api_version="v1", kind="ResourceQuota")
    hard = quotas.get(name="models", namespace=namespace).to_dict()["spec"]["hard"]
    quotas.status.patch(
        name="models", namespace=namespace, body={"status": {"hard": hard, "used": dict.fromkeys(hard, "0")}},
        content_type="application/merge-patch+json", _request_timeout=60,
    )  # fmt: skip


def _clean(admin: Any, connection: client.ApiClient, namespace: str) -> None:
    """Take everything away, and the namespace last, even if the cluster cannot say what else there is."""
    laid = [(obj["apiVersion"], obj["kind"]) for obj in reversed(_objects(namespace)[1:])]
    try:
        for version, kind in dict.fromkeys([*MADE, *laid]):
            with contextlib.suppress(dynamic.exceptions.DynamicApiError):
                _take_away(admin.resources.get(api_version=version, kind=kind), namespace)
    finally:
        _end(client.CoreV1Api(connection), namespace)


def _end(core: client.CoreV1Api, namespace: str) -> None:
    with contextlib.suppress(client.ApiException):
        core.delete_namespace(name=namespace, _request_timeout=60)
        end = time.monotonic() + NAMESPACE_SECONDS
        while time.monotonic() < end:
            core.read_namespace(name=namespace, _request_timeout=60)
            time.sleep(0.5)
        # A server without controllers has nobody who does what a namespace's end waits for.
        left = core.read_namespace(name=namespace, _request_timeout=60)
        assert left.spec is not None
        left.spec.finalizers = []
        core.replace_namespace_finalize(name=namespace, body=left, _request_timeout=60)


def _take_away(resource: Any, namespace: str) -> None:
    for item in resource.get(namespace=namespace, _request_timeout=60).items:
        name = item.metadata.name
        with contextlib.suppress(dynamic.exceptions.NotFoundError):
            if item.metadata.finalizers:
                resource.patch(
                    name=name, namespace=namespace, body={"metadata": {"finalizers": None}},
                    content_type="application/merge-patch+json", _request_timeout=60,
                )  # fmt: skip
            resource.delete(name=name, namespace=namespace, body={"gracePeriodSeconds": 0}, _request_timeout=60)
