"""What the environment says about a cluster, and what it must not leave out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from deployer.backends import cluster as described
from portal import cluster, env_parsers


def env(**changes: Any) -> Any:
    plain = {
        "SERVING": "kserve",
        "SITE_URL": "https://models.example/portal",
        "OCI_REGISTRY_URL": "https://registry.example:5000",
        "OCI_APPROVED_REPOSITORY": "m/approved",
        "OCI_QUARANTINE_REPOSITORY": "m/quarantine",
    }
    return SimpleNamespace(**{**plain, **changes})


def kserve(**changes: Any) -> Any:
    plain = {
        "PORTAL": "", "NAMESPACE": "models", "REGISTRY": "", "STORAGE": "oci+native", "RUNTIME_IMAGES": {"onnx": "x"},
        "PULL_SECRETS": ["s"], "SERVICE_ACCOUNT": "models", "RUNTIME_CLASS": "", "PRIORITY_CLASS": "",
        "GATEWAY": "gateways/public", "GATEWAY_HOSTS": [], "START_SECONDS": 300, "KUBECONFIG": "", "CONTEXT": "",
        "PREDICTOR_URL": "http://{name}-predictor.{namespace}.svc",
    }  # fmt: skip
    return SimpleNamespace(**{**plain, **changes})


def test_the_options_describe_a_cluster() -> None:
    made = described(cluster.options(env(), kserve()))

    assert (made.portal, made.image_repository) == ("models.example", "registry.example:5000/m/approved")
    assert (made.trial_repository, made.gateway_namespace, made.gateway_name) == (
        "registry.example:5000/m/quarantine",
        "gateways",
        "public",
    )
    assert made.url_of("cup-1") == "http://cup-1-predictor.models.svc"
    assert made.runtime("onnx") is not None


def test_the_cluster_may_call_the_registry_by_another_name() -> None:
    assert cluster.options(env(), kserve(REGISTRY="inside:5000"))["image_repository"] == "inside:5000/m/approved"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"OCI_REGISTRY_URL": ""}, "MODEL_COMMONS_OCI_REGISTRY_URL"),
        ({"SITE_URL": ""}, "MODEL_COMMONS_KSERVE_PORTAL"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, str], named: str) -> None:
    (fault,) = cluster.faults(env(**changes), kserve())
    assert named in fault
    assert cluster.faults(env(SERVING="local", **changes), kserve()) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PORTAL": "Has Spaces"}, "MODEL_COMMONS_KSERVE_PORTAL"),
        ({"PORTAL": "x" * 41}, "MODEL_COMMONS_KSERVE_PORTAL"),
        ({"GATEWAY": "public"}, "MODEL_COMMONS_KSERVE_GATEWAY"),
        ({"PREDICTOR_URL": "http://everybody"}, "MODEL_COMMONS_KSERVE_PREDICTOR_URL"),
        ({"PREDICTOR_URL": "http://{name}.{secret}"}, "MODEL_COMMONS_KSERVE_PREDICTOR_URL"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, str], named: str) -> None:
    (fault,) = cluster.faults(env(), kserve(**changes))
    assert named in fault


def test_everything_set_is_no_fault() -> None:
    assert cluster.faults(env(), kserve(PORTAL="one-portal")) == []


def test_pairs_are_names_and_values() -> None:
    assert env_parsers.pairs("a=r.example/x:1, b = y@sha256:0=") == {"a": "r.example/x:1", "b": "y@sha256:0="}
    for broken in ("a", "=x", "a="):
        with pytest.raises(ValueError, match="name=value"):
            env_parsers.pairs(broken)
