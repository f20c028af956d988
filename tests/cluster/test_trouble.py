"""What an API server answers when something stands in the way, and what the portal makes of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deployer.errors import OperatorError, PortalError
from deployer.interfaces import CupPhase, CupSpec
from deployer.serving.cluster_api import ApiError, portal_error
from deployer.serving.drift import differences
from deployer.serving.inference_service import inference_service
from deployer.serving.kserve import KServeBackend
from deployer.serving.kubernetes_api import KubernetesApi
from tests.cluster.site import Site, cup, reached, serves

Play = Callable[[str, str], CupSpec]
ISVC = ("serving.kserve.io/v1beta1", "InferenceService")
STRICT = (1, 25)
"""The first Kubernetes that refuses unknown fields when it is asked to."""


def refused(site: Site, kubeconfig: str = "", namespace: str = "") -> PortalError:
    """Why the portal cannot make a cup with these credentials, or there."""
    cluster = replace(site.cluster, kubeconfig=kubeconfig or site.cluster.kubeconfig)
    cluster = replace(cluster, namespace=namespace or cluster.namespace)
    with contextlib.closing(KubernetesApi(cluster)) as api, pytest.raises(ApiError) as found:
        api.apply(inference_service(cup("cup-refused"), cluster), dry_run=True)
    told = portal_error(found.value, verb="create", kind="InferenceService", name="", namespace=cluster.namespace)
    assert isinstance(told, PortalError)
    return told


def test_another_managers_change_is_a_conflict_that_is_named_and_put_back(
    site: Site, portal: KServeBackend, play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    spec = play("cup-managed", "ready")
    if site.player is None:
        pytest.skip("its own controller may take its time")
    portal.apply(spec)
    reached(portal, spec.name, serves, seconds=site.longest)
    resource = site.admin.resources.get(api_version=ISVC[0], kind=ISVC[1])
    body = {
        "apiVersion": ISVC[0], "kind": ISVC[1], "metadata": {"name": spec.name, "namespace": site.namespace},
        "spec": {"predictor": {"maxReplicas": 3}},
    }  # fmt: skip
    site.admin.server_side_apply(
        resource, body=body, name=spec.name, namespace=site.namespace, field_manager="somebody-else",
        force_conflicts=True, _request_timeout=10,
    )  # fmt: skip
    reached(portal, spec.name, lambda one: one.code == "kserve.drifted", seconds=site.longest)

    with caplog.at_level(logging.WARNING):
        portal.apply(spec)

    assert "somebody-else" in caplog.text
    reached(portal, spec.name, lambda one: serves(one) and not one.code, seconds=site.longest)
    live = resource.get(name=spec.name, namespace=site.namespace, _request_timeout=10).to_dict()
    assert live["spec"]["predictor"]["maxReplicas"] == 1


def test_what_somebody_else_made_by_the_name_is_left_alone(site: Site, portal: KServeBackend) -> None:
    made = inference_service(cup("cup-others"), site.cluster)
    made["metadata"]["labels"] = {}
    resource = site.admin.resources.get(api_version=ISVC[0], kind=ISVC[1])
    resource.create(body=made, namespace=site.namespace, _request_timeout=10)

    with pytest.raises(OperatorError, match=r"kserve\.name_not_ours"):
        portal.apply(cup("cup-others"))
    portal.delete("cup-others")

    live = resource.get(name="cup-others", namespace=site.namespace, _request_timeout=10)
    assert live.metadata.deletionTimestamp is None
    resource.delete(name="cup-others", namespace=site.namespace, _request_timeout=10)


def test_a_cup_that_was_deleted_by_hand_is_absent_and_may_be_made_anew(
    site: Site, portal: KServeBackend, play: Play
) -> None:
    spec = play("cup-deleted", "ready")
    portal.apply(spec)
    resource = site.admin.resources.get(api_version=ISVC[0], kind=ISVC[1])
    resource.delete(name=spec.name, namespace=site.namespace, _request_timeout=10)

    reached(portal, spec.name, lambda one: one.phase is CupPhase.ABSENT, seconds=site.longest)
    assert portal.apply(spec).phase in {CupPhase.STARTING, CupPhase.READY}


def test_credentials_that_are_not_believed_are_told(site: Site, tmp_path: Path) -> None:
    document = yaml.safe_load(Path(site.cluster.kubeconfig).read_text())
    document["users"][0]["user"] = {"token": "expired"}
    other = tmp_path / "kubeconfig"
    other.write_text(yaml.safe_dump(document))

    assert refused(site, kubeconfig=str(other)).code == "kserve.credentials"


def test_a_namespace_in_which_the_portal_has_no_right_is_told(site: Site) -> None:
    told = refused(site, namespace="default")
    assert (told.code, dict(told.params)["namespace"]) == ("kserve.forbidden", "default")


def test_a_field_that_the_definition_lacks_is_refused_or_seen_to_be_missing(site: Site) -> None:
    """A server without strict validation drops it, which the answer of the dry run shows."""
    made = inference_service(cup("cup-typo"), site.cluster)
    made["spec"]["predictor"]["model"]["storageURL"] = "x"
    with contextlib.closing(KubernetesApi(site.cluster)) as api:
        if site.version < STRICT:
            answer = api.apply(made, dry_run=True)
            assert list(differences(made["spec"], answer["spec"])) == ["predictor.model.storageURL"]
            return
        with pytest.raises(ApiError) as found:
            api.apply(made, dry_run=True)
    told = portal_error(found.value, verb="create", kind="InferenceService", name="", namespace=site.namespace)
    assert told.code == "kserve.crd_old"
