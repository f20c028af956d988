"""What the KServe backend must be told about its cluster, since it reads no settings; names, labels and addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deployer.interfaces import RuntimeDefinition

FIELD_MANAGER = "model-commons"
PORTAL = "model-commons/portal"
ENDPOINT = "model-commons/endpoint"
CUP = "model-commons/cup"
APPLIED = "model-commons/applied"
OF_CUP = "serving.kserve.io/inferenceservice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One namespace of one cluster, as one portal uses it.

    `portal` tells this portal's objects from those of another portal in the same namespace. `image_repository` and
    `trial_repository` are where approved images and those under review are pulled from, as host/path without a tag.
    `runtime_images` gives the image of each runtime's model server by the runtime's name. `predictor_url` is where the
    portal reaches a cup; `{name}` and `{namespace}` are filled in. `storage_scheme` says how images reach a pod: as an
    image volume (`oci+native`), fetched by KServe (`oci+fetch`), or as a modelcar beside it (`oci`). Times are seconds.
    """

    portal: str
    namespace: str
    image_repository: str
    trial_repository: str
    runtimes: Sequence[RuntimeDefinition]
    runtime_images: Mapping[str, str]
    storage_scheme: str = "oci+native"
    image_pull_secrets: Sequence[str] = ()
    service_account: str = "models"
    runtime_class: str = ""
    priority_class: str = ""
    gateway_name: str = ""
    gateway_namespace: str = ""
    gateway_hostnames: Sequence[str] = ()
    predictor_url: str = "http://{name}-predictor.{namespace}.svc.cluster.local"
    start_timeout: float = 300.0
    delete_timeout: float = 300.0
    kubeconfig: str = ""
    context: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def field_manager(self) -> str:
        """Under which name this portal owns the fields that it applies; another portal's fields stay the other's."""
        return f"{FIELD_MANAGER}-{self.portal}"

    def owned(self) -> dict[str, str]:
        """The labels of every object of this portal."""
        return {**self.labels, "app.kubernetes.io/managed-by": FIELD_MANAGER, PORTAL: self.portal}

    def runtime(self, name: str) -> RuntimeDefinition | None:
        """The runtime of the catalogue."""
        return next((runtime for runtime in self.runtimes if runtime.name == name), None)

    def url_of(self, name: str) -> str:
        """Where the portal reaches the cup's model server."""
        return self.predictor_url.format(name=name, namespace=self.namespace)


def runtime_object_name(cluster: Cluster, runtime: str) -> str:
    """The name of the ServingRuntime that the portal brings for a runtime of its catalogue."""
    return f"{cluster.portal}-{runtime}"


def predictor_service(cup: str) -> str:
    """The Service that KServe makes for a cup."""
    return f"{cup}-predictor"
