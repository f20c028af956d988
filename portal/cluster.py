"""What the environment says about serving on a cluster, as the KServe backend's options. Plain values in and out."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

_LABEL = re.compile(r"[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?")
_GATEWAY = re.compile(r"[a-z0-9.-]+/[a-z0-9.-]+")


def options(env: ModuleType, kserve: ModuleType) -> dict[str, Any]:
    """The options of `deployer.serving.cluster.Cluster`, without the runtimes, which the deployer knows."""
    registry = kserve.REGISTRY or urlsplit(env.OCI_REGISTRY_URL).netloc
    gateway_namespace, _slash, gateway = kserve.GATEWAY.partition("/")
    return {
        "portal": portal_name(env, kserve),
        "namespace": kserve.NAMESPACE,
        "image_repository": f"{registry}/{env.OCI_APPROVED_REPOSITORY}",
        "trial_repository": f"{registry}/{env.OCI_QUARANTINE_REPOSITORY}",
        "runtime_images": kserve.RUNTIME_IMAGES,
        "storage_scheme": kserve.STORAGE,
        "image_pull_secrets": tuple(kserve.PULL_SECRETS),
        "service_account": kserve.SERVICE_ACCOUNT,
        "runtime_class": kserve.RUNTIME_CLASS,
        "priority_class": kserve.PRIORITY_CLASS,
        "gateway_name": gateway,
        "gateway_namespace": gateway_namespace,
        "gateway_hostnames": tuple(kserve.GATEWAY_HOSTS),
        "predictor_url": kserve.PREDICTOR_URL,
        "start_timeout": float(kserve.START_SECONDS),
        "kubeconfig": kserve.KUBECONFIG,
        "context": kserve.CONTEXT,
    }


def portal_name(env: ModuleType, kserve: ModuleType) -> str:
    """What tells this portal's objects from another's in the same namespace; "" if nothing does."""
    return str(kserve.PORTAL or urlsplit(env.SITE_URL).hostname or "")


def faults(env: ModuleType, kserve: ModuleType) -> list[str]:
    """One sentence for each thing that keeps models from being served on a cluster."""
    if env.SERVING != "kserve":
        return []
    url = kserve.PREDICTOR_URL
    rules = (
        (
            not env.OCI_REGISTRY_URL,
            "MODEL_COMMONS_OCI_REGISTRY_URL is missing: a cluster pulls images from a registry, not from this machine.",
        ),
        (
            _LABEL.fullmatch(portal_name(env, kserve)) is None,
            "MODEL_COMMONS_KSERVE_PORTAL must be 1 to 40 of a-z, 0-9, . and -, and unlike any other portal's there.",
        ),
        (
            bool(kserve.GATEWAY) and _GATEWAY.fullmatch(kserve.GATEWAY) is None,
            "MODEL_COMMONS_KSERVE_GATEWAY must read namespace/name.",
        ),
        (
            "{name}" not in url or bool(re.search(r"[{}]", url.replace("{name}", "").replace("{namespace}", ""))),
            "MODEL_COMMONS_KSERVE_PREDICTOR_URL must hold {name}, and no braces but those of {name} and {namespace}.",
        ),
    )
    return [reason for broken, reason in rules if broken]
