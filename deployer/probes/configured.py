"""The probes of the parts that the settings name."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from deployer.backends import oci_registry, serving_backend
from deployer.probes.cluster import ClusterProbe
from deployer.probes.content import BlobStoreProbe, DirectUploadsProbe, UploadsProbe
from deployer.probes.images import LocalImagesProbe, RegistryProbe
from deployer.probes.local_serving import LocalServingProbe, ServingProbe
from deployer.probes.report import BackendProbe
from deployer.probes.servers import BrokerProbe, CacheProbe, DatabaseProbe
from deployer.runtimes.catalogue import RUNTIMES
from deployer.serving.cluster import Cluster
from registry.backends import blob_store, direct_uploads


def configured_probes() -> tuple[BackendProbe, ...]:
    """One for each part, in the order in which reports list them. Nothing is asked yet."""
    store = settings.BACKENDS["blob_store"]["options"]
    return (
        DatabaseProbe(),
        BrokerProbe(settings.CELERY_BROKER_URL),
        CacheProbe(),
        BlobStoreProbe(blob_store(), address=str(store.get("endpoint_url", ""))),
        *_direct(),
        UploadsProbe(),
        _images(),
        _serving(),
    )


def _direct() -> tuple[BackendProbe, ...]:
    place, site = direct_uploads(), urlsplit(settings.SITE_URL)
    return (DirectUploadsProbe(place, origin=f"{site.scheme}://{site.netloc}"),) if place and site.netloc else ()


def _images() -> BackendProbe:
    options = settings.BACKENDS["image_builder"]["options"]
    url = options.get("registry_url", "")
    if not url:
        return LocalImagesProbe()
    repositories = (options["quarantine"], options["approved"])
    return RegistryProbe(lambda: oci_registry(url), url=url, repositories=repositories)


def _serving() -> BackendProbe:
    options = settings.BACKENDS["serving"]["options"]
    if "cluster" in options:
        from deployer.serving.kubernetes_api import KubernetesApi  # which takes memory that only clusters are worth

        return ClusterProbe(Cluster(runtimes=RUNTIMES, **options["cluster"]), KubernetesApi)
    if "environments_dir" in options:
        return LocalServingProbe(
            serving_backend(),
            wanted_sandbox=options["sandbox"],
            environments=options["environments_dir"],
            runtimes=RUNTIMES,
        )
    return ServingProbe(serving_backend())
