"""The namespace of models: what its manifests promise, and that an API server takes them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.deploy.manifests import KUBERNETES, PLURALS, Object, rendered, rights
from tests.stubs.kube_api import KubeApi
from tests.stubs.kube_api.rbac import Request, User, allowed

FOLDERS = ("models", "fetch")


@pytest.fixture(params=FOLDERS)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    return rendered(KUBERNETES / request.param)


def one(objects: list[Object], kind: str, name: str = "") -> Any:
    found = [obj for obj in objects if obj["kind"] == kind and name in {"", obj["metadata"]["name"]}]
    assert len(found) == 1
    return found[0]


def test_every_file_is_named_by_a_kustomization() -> None:
    files = {path.relative_to(KUBERNETES).as_posix() for path in KUBERNETES.rglob("*.yaml")}
    listed = {f"{folder}/{name}" for folder in (*FOLDERS, "portal", "kserve-version") for name in _resources(folder)}
    assert {name for name in files if not name.endswith("kustomization.yaml")} == listed


def _resources(folder: str) -> list[str]:
    document = yaml.safe_load((KUBERNETES / folder / "kustomization.yaml").read_text())
    return [name for name in document["resources"] if name.endswith(".yaml")]


def test_an_api_server_takes_every_manifest_strictly_and_twice(objects: list[Object]) -> None:
    api = KubeApi()
    for obj in objects:
        api.apply(PLURALS[obj["kind"]], obj)
    before = api.store.version
    for obj in objects:
        api.apply(PLURALS[obj["kind"]], obj)
    assert api.store.version == before


def test_pods_are_held_to_the_restricted_profile(objects: list[Object]) -> None:
    labels = one(objects, "Namespace")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"] == "latest"


def test_nothing_is_let_in_or_out_but_what_is_named(objects: list[Object]) -> None:
    deny = one(objects, "NetworkPolicy", "deny-everything")["spec"]
    assert (deny["podSelector"], deny["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert not {"ingress", "egress"} & deny.keys()
    requests = one(objects, "NetworkPolicy", "requests-from-gateway-and-portal")["spec"]
    assert requests["policyTypes"] == ["Ingress"]
    for rule in requests["ingress"]:
        assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]
        assert all(peer["namespaceSelector"]["matchLabels"] for peer in rule["from"])


def test_models_that_lie_in_image_volumes_reach_nothing() -> None:
    policies = [obj["spec"] for obj in rendered(KUBERNETES / "models") if obj["kind"] == "NetworkPolicy"]
    assert not any("egress" in policy for policy in policies)


def test_models_that_are_fetched_reach_the_name_service_and_the_registry_alone() -> None:
    egress = one(rendered(KUBERNETES / "fetch"), "NetworkPolicy", "fetch-from-registry")["spec"]["egress"]
    assert len(egress) == 2
    for rule in egress:
        assert rule["ports"]
        assert rule["to"]
        assert all(peer.get("ipBlock", {}).get("cidr") != "0.0.0.0/0" for peer in rule["to"])


def test_the_account_of_models_has_no_token_and_no_right(objects: list[Object]) -> None:
    account = one(objects, "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    for binding in (obj for obj in objects if obj["kind"] == "RoleBinding"):
        assert account["metadata"]["name"] not in {subject["name"] for subject in binding["subjects"]}
        assert {subject["kind"] for subject in binding["subjects"]} == {"ServiceAccount"}


def test_the_quota_bounds_all_that_costs(objects: list[Object]) -> None:
    hard = one(objects, "ResourceQuota")["spec"]["hard"]
    assert {"requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "count/pods"} <= hard.keys()
    assert "count/inferenceservices.serving.kserve.io" in hard
    assert [hard[name] for name in ("services.loadbalancers", "services.nodeports")] == ["0", "0"]
    bounds = one(objects, "LimitRange")["spec"]["limits"][0]
    # A quota on limits refuses a container without any, so there must be defaults.
    assert {"cpu", "memory", "ephemeral-storage"} == bounds["default"].keys() == bounds["defaultRequest"].keys()


def test_the_portals_role_names_everything_and_no_secret(objects: list[Object]) -> None:
    granted = rights(objects)
    assert granted
    for group, resource, verb in granted:
        assert "*" not in {group, resource, verb}
        assert resource not in {"secrets", "serviceaccounts", "roles", "rolebindings", "configmaps", "pods/exec"}
    assert not any(obj["kind"].startswith("Cluster") for obj in objects)


def test_the_role_reaches_no_other_namespace() -> None:
    api = KubeApi()
    for obj in rendered(KUBERNETES / "models"):
        api.apply(PLURALS[obj["kind"]], obj)
    portal = User("system:serviceaccount:model-commons:model-commons")
    models = User("system:serviceaccount:models:models")
    ask = Request("patch", "serving.kserve.io", "inferenceservices", "models")
    elsewhere = Request("patch", "serving.kserve.io", "inferenceservices", "default")
    secret = Request("get", "", "secrets", "models")
    assert [allowed(api.store, portal, one) for one in (ask, elsewhere, secret)] == [True, False, False]
    assert not allowed(api.store, models, ask)


def test_kserves_version_and_settings_are_read_from_one_object_each_and_no_other() -> None:
    api = KubeApi()
    for obj in rendered(KUBERNETES / "kserve-version"):
        api.apply(PLURALS[obj["kind"]], obj)
    portal = User("system:serviceaccount:model-commons:model-commons")
    for group, plural, name in (
        ("apps", "deployments", "kserve-controller-manager"), ("", "configmaps", "inferenceservice-config"),
    ):  # fmt: skip
        asked = [Request("get", group, plural, "kserve", one) for one in (name, "another")]
        asked.append(Request("list", group, plural, "kserve"))
        assert [allowed(api.store, portal, one) for one in asked] == [True, False, False], plural
