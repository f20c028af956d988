from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from tests.stubs.kube_api import ADMIN, KubeApi

Object = dict[str, Any]
ISVC = ("serving.kserve.io", "v1beta1", "default", "inferenceservices")
APPLY = "application/apply-patch+yaml"
IRIS: Object = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {
        "name": "iris",
        "labels": {"app": "iris"},
        "annotations": {
            "serving.kserve.io/deploymentMode": "Standard",
            "serving.kserve.io/autoscalerClass": "none",
        },
    },
    "spec": {
        "predictor": {
            "minReplicas": 1,
            "model": {
                "modelFormat": {"name": "xgboost"},
                "runtime": "kserve-xgbserver",
                "protocolVersion": "v2",
                "storageUri": "oci+native://registry.example/m/iris@sha256:" + "a" * 64,
                "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            },
        }
    },
}


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with KubeApi() as started:
        yield started


@pytest.fixture
def connect(api: KubeApi, tmp_path: Path) -> Iterator[Callable[..., client.ApiClient]]:
    """Makes clients of the stand-in, each with a token."""
    opened: list[client.ApiClient] = []

    def made(token: str = ADMIN) -> client.ApiClient:
        settings = client.Configuration()
        path = api.kubeconfig(tmp_path / f"kubeconfig-{len(opened)}", token=token)
        load: Any = config.load_kube_config  # the client types this part of itself not at all
        load(str(path), client_configuration=settings)
        settings.retries = False
        opened.append(client.ApiClient(settings))
        return opened[-1]

    yield made
    for one in opened:
        one.rest_client.pool_manager.clear()


@pytest.fixture
def custom(connect: Callable[..., client.ApiClient]) -> client.CustomObjectsApi:
    return client.CustomObjectsApi(connect())


@pytest.fixture
def core(connect: Callable[..., client.ApiClient]) -> client.CoreV1Api:
    return client.CoreV1Api(connect())


def iris(**changes: Any) -> Object:
    """The example; `changes` go to `spec.predictor`."""
    made = copy.deepcopy(IRIS)
    made["spec"]["predictor"].update(changes)
    return made


def apply(custom: client.CustomObjectsApi, obj: Object, *, manager: str = "portal", **options: Any) -> Object:
    """Apply, and read the answer past the client's models: the client answers None to a 201, which creating is."""
    group, version, namespace, plural = ISVC
    answer: Any = custom.patch_namespaced_custom_object(
        group=group, version=version, namespace=namespace, plural=plural, name=obj["metadata"]["name"], body=obj,
        field_manager=manager, _content_type=APPLY, _request_timeout=60, _preload_content=False, **options,
    )  # fmt: skip
    body = answer.data
    answer.release_conn()
    if answer.status >= 400:
        raise client.ApiException(status=answer.status, body=body.decode())
    told: Object = json.loads(body)
    return told
