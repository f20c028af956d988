"""Builds the packaging and serving systems that the settings name."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from deployer.errors import OperatorError
from deployer.interfaces import ImageBuilder, LocalServingConfig, ServingBackend, TrafficRouter
from deployer.oci.authorization import Credentials
from deployer.oci.client import RegistryClient
from deployer.oci.transport import RegistryAccess, Transport
from deployer.runtimes.catalogue import RUNTIMES
from deployer.serving.cluster import Cluster
from deployer.signatures import PublicKey, Signer, read_public_keys, read_signer
from registry.backends import blob_store


@lru_cache(maxsize=1)
def image_builder() -> ImageBuilder:
    """The image builder."""
    entry = settings.BACKENDS["image_builder"]
    options = dict(entry["options"])
    if "registry_url" in options:
        options |= _registry_options(options.pop("registry_url"))
    return cast("ImageBuilder", import_string(entry["class"])(blobs=blob_store(), **options))


@lru_cache(maxsize=1)
def serving_backend() -> ServingBackend:
    """The serving backend. Classes that take a `Cluster` or a `LocalServingConfig` get one made from their options."""
    entry = settings.BACKENDS["serving"]
    backend_class = import_string(entry["class"])
    if "cluster" in entry["options"]:
        return cast("ServingBackend", backend_class(cluster(entry["options"]["cluster"])))
    if entry["options"]:
        return cast("ServingBackend", backend_class(local_serving_config(entry["options"])))
    return cast("ServingBackend", backend_class())


@lru_cache(maxsize=1)
def traffic_router() -> TrafficRouter:
    """The router in front of the serving backend."""
    entry = settings.BACKENDS["traffic_router"]
    router_class = import_string(entry["class"])
    if "cluster" in entry["options"]:
        return cast("TrafficRouter", router_class(cluster(entry["options"]["cluster"])))
    return cast("TrafficRouter", router_class())


def cluster(options: dict[str, Any]) -> Cluster:
    """The description of the cluster, with the runtimes that the portal knows."""
    return Cluster(runtimes=RUNTIMES, **options)


def oci_registry(url: str) -> RegistryClient:
    """A client of the OCI registry at `url` (scheme, host and port), with the settings' credentials and limits.

    The password is read when it is needed, so that a new one in the file holds at once.
    """
    options = settings.OCI_REGISTRY
    password = ""
    if options["password_file"]:
        try:
            password = Path(options["password_file"]).read_text().strip()
        except OSError as error:
            raise OperatorError("oci_registry.password_file", path=str(options["password_file"])) from error
    access = RegistryAccess(
        url=url,
        credentials=Credentials(username=options["username"], password=password),
        ca_file=options["ca_file"],
    )
    return RegistryClient(Transport(access), chunk_bytes=options["chunk_bytes"])


@lru_cache(maxsize=1)
def signer() -> Signer:
    """What signs; `OperatorError` where this process was given the public key only."""
    found, _public = read_signer(settings.SIGNING_KEY)
    if found is None:
        raise OperatorError("signing.no_private_key")
    return found


def public_keys() -> tuple[PublicKey, ...]:
    """The key that verifies what is signed now, then those of earlier times."""
    _signer, public = read_signer(settings.SIGNING_KEY)
    path = settings.SIGNING_FORMER_KEYS_FILE
    try:
        former = read_public_keys(Path(path).read_text()) if path else ()
    except OSError as error:
        raise OperatorError("signing.former_keys", path=path) from error
    return (public, *former)


def approved_repository() -> str:
    """Host and repository from which clusters pull approved images; "" without an OCI registry."""
    options = settings.BACKENDS["image_builder"]["options"]
    url = options.get("registry_url", "")
    return f"{urlsplit(url).netloc}/{options['approved']}" if url else ""


def _registry_options(url: str) -> dict[str, Any]:
    """What a builder that pushes must be told about the registry at `url`."""
    return {"connect": lambda: oci_registry(url), "host": urlsplit(url).netloc}


def local_serving_config(options: dict[str, Any]) -> LocalServingConfig:
    """The configuration of the local backend; an unknown option is a TypeError at start."""
    known = {field.name for field in fields(LocalServingConfig)}
    unknown = options.keys() - known
    if unknown:
        raise TypeError(f"unknown serving options: {sorted(unknown)}")
    return LocalServingConfig(runtimes=RUNTIMES, blobs=blob_store(), **options)


def _forget(*, setting: str, **_kwargs: Any) -> None:
    if setting == "BACKENDS":
        image_builder.cache_clear()
        serving_backend.cache_clear()
        traffic_router.cache_clear()
    if setting == "SIGNING_KEY":
        signer.cache_clear()


setting_changed.connect(_forget)
