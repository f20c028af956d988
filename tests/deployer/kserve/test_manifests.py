"""What the portal applies fits the definitions of KServe and of the Gateway API, to the last field."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.interfaces import Share, TrafficRoute
from deployer.runtimes.catalogue import RUNTIMES
from deployer.serving.http_route import http_route, route_in
from deployer.serving.inference_service import inference_service, serving_runtime, storage_uri
from tests.deployer.kserve.worlds import DIGEST, cluster, spec
from tests.stubs.kube_api import crds, schema

ROUTE = TrafficRoute(endpoint="article-quality", shares=(Share(cup="cup-8", weight=1), Share(cup="cup-7", weight=99)))
EVERYTHING = {
    "image_pull_secrets": ("registry",),
    "runtime_class": "gvisor",
    "priority_class": "models",
    "gateway_hostnames": ("models.example",),
}


def complaints(manifest: dict[str, Any]) -> list[str]:
    definition = next(crd for crd in crds.definitions() if crd["kind"] == manifest["kind"])
    assert manifest["apiVersion"] == f"{definition['group']}/{definition['version']}"
    found = [f"{field}: {message}" for field, _reason, message in schema.problems(manifest, definition["schema"])]
    bare = {**manifest, "metadata": {}}  # whose fields are the server's own, in no definition
    return found + [f"unknown: {field}" for field in schema.unknown(bare, definition["schema"])]


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("scheme", ["oci+native", "oci+fetch", "oci"])
@pytest.mark.parametrize("runtime", [runtime.name for runtime in RUNTIMES])
def test_a_cup_fits_the_definition(runtime: str, scheme: str, settings: dict[str, Any]) -> None:
    manifest = inference_service(spec(runtime=runtime), cluster(storage_scheme=scheme, **settings))

    assert complaints(manifest) == []
    assert manifest["spec"]["predictor"]["model"]["storageUri"].startswith(f"{scheme}://")


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_a_runtime_fits_the_definition(runtime: Any) -> None:
    manifest = serving_runtime(runtime, cluster())

    assert complaints(manifest) == []
    assert manifest["spec"]["containers"][0]["args"][-1].endswith(runtime.adapter)


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["plain", "everything"])
def test_a_route_fits_the_definition_and_is_read_back(settings: dict[str, Any]) -> None:
    manifest = http_route(ROUTE, cluster(**settings))

    assert complaints(manifest) == []
    assert sorted(route_in(manifest).shares, key=lambda share: -share.weight) == list(reversed(ROUTE.shares))


def test_a_wrong_field_would_be_found() -> None:
    manifest = inference_service(spec(), cluster())
    manifest["spec"]["predictor"]["model"]["storageURL"] = "x"
    manifest["spec"]["predictor"]["minReplicas"] = "one"

    assert len(complaints(manifest)) == 2


def test_the_image_of_an_unapproved_version_comes_from_another_repository() -> None:
    assert storage_uri(spec(trial=True), cluster()) == f"oci+native://registry.example/models/quarantine@{DIGEST}"
    assert storage_uri(spec(), cluster()) == f"oci+native://registry.example/models/approved@{DIGEST}"


def test_an_image_that_is_fetched_gets_room_on_the_pods_disk() -> None:
    def disk(scheme: str) -> str:
        manifest = inference_service(spec(), cluster(storage_scheme=scheme))
        return str(manifest["spec"]["predictor"]["model"]["resources"]["limits"]["ephemeral-storage"])

    assert (disk("oci+native"), disk("oci+fetch")) == ("256Mi", "259Mi")


def test_a_runtime_is_chosen_by_name_and_by_a_format_that_no_other_claims() -> None:
    formats = [serving_runtime(r, cluster())["spec"]["supportedModelFormats"][0]["name"] for r in RUNTIMES]
    model = inference_service(spec(), cluster())["spec"]["predictor"]["model"]

    assert len(set(formats)) == len(RUNTIMES)
    assert (model["runtime"], model["modelFormat"]["name"]) == ("portal-skops-sklearn", "skops")
    assert model["args"] == ["--model-name=article-quality", "--version=3", "--threads=1"]
