"""The stand-in API server, asked by the official client: objects, apply, validation, rights."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, dynamic

from tests.stubs.conftest import ISVC, apply, iris
from tests.stubs.kube_api import KubeApi, crds

GROUP, VERSION, NAMESPACE, PLURAL = ISVC
VERSION_OF_ISVC = f"{GROUP}/{VERSION}"
WHERE: dict[str, Any] = {"group": GROUP, "version": VERSION, "namespace": NAMESPACE, "plural": PLURAL}


def refusal(call: Callable[[], Any]) -> tuple[int, str, str, dict[str, Any]]:
    """(HTTP status, reason, message, details) of a call that must fail."""
    with pytest.raises(client.ApiException) as caught:
        call()
    status = json.loads(str(caught.value.body))
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status["code"] == caught.value.status
    return status["code"], status.get("reason", ""), status["message"], status.get("details", {})


def test_the_pinned_schemas_are_those_of_the_definitions() -> None:
    folder = os.environ.get("KSERVE_CRDS", "")
    pinned = json.loads(crds.PINNED.read_text())
    assert [crd["kind"] for crd in pinned["crds"]] == list(crds.KINDS)
    if folder:
        assert crds.extract(Path(folder)) == pinned
        assert list(crds._from_folder(folder)) == list(crds._pinned())


def test_a_folder_without_the_definitions_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"KSERVE_CRDS=.* has no CustomResourceDefinition of InferenceService"):
        crds.definitions(tmp_path)


def test_the_client_finds_the_version_and_the_kinds(connect: Callable[..., client.ApiClient], tmp_path: Path) -> None:
    found = dynamic.DynamicClient(  # type: ignore[no-untyped-call]  # the client types this part of itself not at all
        connect(), cache_file=str(tmp_path / "discovery.json")
    )
    assert client.VersionApi(connect()).get_code().git_version == "v1.35.2"
    for version, kind in [
        (VERSION_OF_ISVC, "InferenceService"), ("v1", "Pod"), ("apps/v1", "Deployment"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"), ("coordination.k8s.io/v1", "Lease"),
    ]:  # fmt: skip
        resource = found.resources.get(api_version=version, kind=kind)
        assert resource.namespaced
    assert "status" in found.resources.get(api_version=VERSION_OF_ISVC, kind="InferenceService").subresources


def test_an_apply_creates_and_the_server_fills_in_what_is_its_own(
    custom: client.CustomObjectsApi, api: KubeApi
) -> None:
    made = apply(custom, iris())
    metadata = made["metadata"]
    assert (metadata["generation"], metadata["namespace"]) == (1, "default")
    assert len(metadata["uid"]) == 36
    assert metadata["creationTimestamp"].endswith("Z")
    assert int(metadata["resourceVersion"]) == api.store.version
    assert metadata["managedFields"][0]["manager"] == "portal"
    assert metadata["managedFields"][0]["operation"] == "Apply"
    fields = metadata["managedFields"][0]["fieldsV1"]
    assert fields["f:metadata"]["f:labels"] == {"f:app": {}}
    assert "f:storageUri" in fields["f:spec"]["f:predictor"]["f:model"]
    assert [entry.status for entry in api.requests] == [201]

    again = apply(custom, iris())
    assert again == made

    more = apply(custom, iris(minReplicas=2))
    assert (more["metadata"]["generation"], more["metadata"]["uid"]) == (2, metadata["uid"])
    assert int(more["metadata"]["resourceVersion"]) > int(metadata["resourceVersion"])
    labelled = iris(minReplicas=2)
    labelled["metadata"]["labels"]["team"] = "research"
    assert apply(custom, labelled)["metadata"]["generation"] == 2


def test_what_is_applied_no_more_goes_unless_another_owns_it(custom: client.CustomObjectsApi) -> None:
    apply(custom, iris(maxReplicas=3, timeout=30))
    apply(custom, {**iris(), "spec": {"predictor": {"timeout": 30}}}, manager="other")
    left = apply(custom, iris())["spec"]["predictor"]
    assert "maxReplicas" not in left
    assert left["timeout"] == 30


def test_a_field_of_another_manager_is_a_conflict_unless_forced(custom: client.CustomObjectsApi) -> None:
    apply(custom, iris())
    custom.patch_namespaced_custom_object(
        **WHERE, name="iris", body={"spec": {"predictor": {"minReplicas": 4}}}, field_manager="kubectl-edit"
    )
    code, reason, message, details = refusal(lambda: apply(custom, iris(minReplicas=2)))
    assert (code, reason) == (409, "Conflict")
    assert message.startswith(
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using serving.kserve.io/v1beta1 at '
    )
    assert message.endswith(": .spec.predictor.minReplicas")
    assert details["causes"][0]["reason"] == "FieldManagerConflict"
    assert details["causes"][0]["field"] == ".spec.predictor.minReplicas"

    assert apply(custom, iris(minReplicas=4))["spec"]["predictor"]["minReplicas"] == 4
    forced = apply(custom, iris(minReplicas=2), force=True)
    assert forced["spec"]["predictor"]["minReplicas"] == 2
    assert [entry["manager"] for entry in forced["metadata"]["managedFields"]] == ["portal"]


def test_two_conflicts_are_listed_by_manager(custom: client.CustomObjectsApi) -> None:
    apply(custom, iris(minReplicas=2, maxReplicas=3), manager="other")
    code, _reason, message, details = refusal(lambda: apply(custom, iris(minReplicas=1, maxReplicas=2)))
    assert code == 409
    assert message == (
        'Apply failed with 2 conflicts: conflicts with "other":\n'
        "- .spec.predictor.maxReplicas\n- .spec.predictor.minReplicas"
    )
    assert len(details["causes"]) == 2


def test_a_dry_run_stores_nothing_and_says_what_would_be(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    before = api.store.version
    assert apply(custom, iris(), dry_run="All", field_validation="Strict")["metadata"]["uid"]
    assert (api.get("inferenceservices", "iris"), api.store.version) == (None, before)


def test_unknown_fields_are_refused_warned_of_or_dropped(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    body = iris(minReplica=2)
    code, reason, message, _details = refusal(
        lambda: custom.create_namespaced_custom_object(**WHERE, body=body, field_validation="Strict")
    )
    assert (code, reason) == (400, "BadRequest")
    assert message == (
        'InferenceService in version "v1beta1" cannot be handled as a InferenceService: '
        'strict decoding error: unknown field "spec.predictor.minReplica"'
    )
    made, code, headers = custom.create_namespaced_custom_object_with_http_info(**WHERE, body=body)
    assert code == 201
    assert headers["Warning"] == '299 - "unknown field \\"spec.predictor.minReplica\\""'
    assert "minReplica" not in made["spec"]["predictor"]  # type: ignore[index]

    code, reason, message, _details = refusal(lambda: apply(custom, body, field_validation="Strict"))
    assert (code, reason) == (500, "")
    assert message == (
        "failed to create typed patch object (default/iris; serving.kserve.io/v1beta1, Kind=InferenceService): "
        ".spec.predictor.minReplica: field not declared in schema"
    )


def test_a_write_that_does_not_fit_the_schema_is_invalid(custom: client.CustomObjectsApi) -> None:
    body = iris(scaleMetric="qps", minReplicas="one")
    code, reason, message, details = refusal(lambda: custom.create_namespaced_custom_object(**WHERE, body=body))
    assert (code, reason) == (422, "Invalid")
    assert message == (
        'InferenceService.serving.kserve.io "iris" is invalid: [spec.predictor.minReplicas: Invalid value: "string": '
        'spec.predictor.minReplicas in body must be of type integer: "string", spec.predictor.scaleMetric: '
        'Unsupported value: "qps": supported values: "cpu", "memory", "concurrency", "rps"]'
    )
    assert {cause["field"] for cause in details["causes"]} == {
        "spec.predictor.minReplicas",
        "spec.predictor.scaleMetric",
    }
    del body["spec"]["predictor"]
    assert "spec.predictor: Required value" in refusal(
        lambda: custom.create_namespaced_custom_object(**WHERE, body=body)
    )[2]  # fmt: skip


def test_the_status_is_a_place_of_its_own_in_both_directions(custom: client.CustomObjectsApi) -> None:
    made = apply(custom, {**iris(), "status": {"url": "http://wrong"}})
    assert "status" not in made
    body = {**iris(minReplicas=9), "status": {"url": "http://iris", "modelStatus": {"states": {}}}}
    body["metadata"]["labels"] = {"app": "changed"}
    body["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    told: Any = custom.replace_namespaced_custom_object_status(**WHERE, name="iris", body=body, field_manager="kserve")
    assert told["status"] == {
        "url": "http://iris",
        "modelStatus": {
            "transitionStatus": "UpToDate", "states": {"activeModelState": "Pending", "targetModelState": ""},
        },
    }  # fmt: skip
    assert (told["spec"], told["metadata"]["labels"]) == (made["spec"], {"app": "iris"})
    assert told["metadata"]["generation"] == 1
    entry = next(one for one in told["metadata"]["managedFields"] if one["manager"] == "kserve")
    assert (entry["subresource"], entry["operation"]) == ("status", "Update")
    kept: Any = custom.patch_namespaced_custom_object(**WHERE, name="iris", body={"status": {"url": "http://no"}})
    assert kept["status"]["url"] == "http://iris"


def test_stale_writes_and_other_uids_are_conflicts(custom: client.CustomObjectsApi) -> None:
    made = apply(custom, iris())
    apply(custom, iris(minReplicas=2))
    stale: Any = {**made, "metadata": {**made["metadata"], "managedFields": None}}
    code, reason, message, _ = refusal(lambda: custom.replace_namespaced_custom_object(**WHERE, name="iris", body=made))
    assert (code, reason) == (409, "Conflict")
    assert message == (
        'Operation cannot be fulfilled on inferenceservices.serving.kserve.io "iris": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    stranger = iris()
    stranger["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111"
    assert "Precondition failed: UID in precondition" in refusal(lambda: apply(custom, stranger))[2]
    stranger["metadata"]["name"] = "absent"
    assert "uid mismatch: the provided object specified uid" in refusal(lambda: apply(custom, stranger))[2]
    assert stale["metadata"]["uid"] == made["metadata"]["uid"]


def test_what_is_there_and_what_is_not_are_answers(custom: client.CustomObjectsApi, core: client.CoreV1Api) -> None:
    code, reason, message, details = refusal(lambda: custom.get_namespaced_custom_object(**WHERE, name="iris"))
    assert (code, reason, message) == (404, "NotFound", 'inferenceservices.serving.kserve.io "iris" not found')
    assert details == {"name": "iris", "group": GROUP, "kind": "inferenceservices"}
    custom.create_namespaced_custom_object(**WHERE, body=iris())
    code, reason, message, _ = refusal(lambda: custom.create_namespaced_custom_object(**WHERE, body=iris()))
    assert (code, reason, message) == (
        409, "AlreadyExists", 'inferenceservices.serving.kserve.io "iris" already exists',
    )  # fmt: skip
    assert refusal(lambda: core.read_namespaced_pod(name="x", namespace="default"))[2] == 'pods "x" not found'
    elsewhere = {**WHERE, "namespace": "nowhere"}
    body = iris()
    assert refusal(lambda: custom.create_namespaced_custom_object(**elsewhere, body=body))[2] == (
        'namespaces "nowhere" not found'
    )
    with pytest.raises(client.ApiException) as caught:
        custom.list_namespaced_custom_object(**{**WHERE, "plural": "trainedmodels"})
    assert (caught.value.status, caught.value.body) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"metadata": {"name": "1ris"}}, "a InferenceService name must consist of lower case alphanumeric characters"),
        ({"spec": {"predictor": {}}}, "Exactly one of [Custom, ONNX"),
        ({"spec": {"predictor": {"minReplicas": 3, "maxReplicas": 2}}}, "MinReplicas cannot be greater than"),
        ({"spec": {"predictor": {"model": {"name": "x"}}}}, "the container name field must be empty"),
        ({"metadata": {"annotations": {"serving.kserve.io/autoscalerClass": "x"}}}, "is not a supported autoscaler"),
        ({"spec": {"predictor": {"model": {"env": [{"name": "PYTHONPATH", "value": "/"}]}}}}, "PYTHONPATH"),
    ],
    ids=["name", "no-model", "min-max", "model-name", "autoscaler", "env"],
)  # fmt: skip
def test_what_kserves_webhook_refuses_is_stored_nowhere(
    custom: client.CustomObjectsApi, api: KubeApi, change: dict[str, Any], why: str
) -> None:
    body = iris()
    body["metadata"].update(change.get("metadata", {}))
    predictor = change.get("spec", {}).get("predictor")
    if predictor == {}:
        body["spec"]["predictor"] = {}
    for name, value in (predictor or {}).items():
        held = body["spec"]["predictor"].get(name)
        body["spec"]["predictor"][name] = {**held, **value} if isinstance(held, dict) else value
    code, reason, message, _ = refusal(lambda: apply(custom, body))
    assert (code, reason) == (403, "Forbidden")
    assert message.startswith(
        'admission webhook "inferenceservice.kserve-webhook-server.validator" denied the request: '
    )
    assert why in message
    assert not api.get("inferenceservices", body["metadata"]["name"])


def test_the_defaulter_writes_todays_spellings_and_the_resources(custom: client.CustomObjectsApi) -> None:
    body = iris()
    body["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = "RawDeployment"
    del body["spec"]["predictor"]["model"]["resources"]
    made = apply(custom, body)
    assert made["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "Standard"
    assert made["spec"]["predictor"]["model"]["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}


def test_keyed_lists_merge_and_items_go_with_their_owner(connect: Callable[..., client.ApiClient]) -> None:
    apps = client.AppsV1Api(connect())

    def deployed(manager: str, *containers: dict[str, Any]) -> list[str]:
        body = {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": list(containers)}},
            },
        }  # fmt: skip
        answer = apps.patch_namespaced_deployment(
            name="web",
            namespace="default",
            body=body,
            field_manager=manager,
            _content_type="application/apply-patch+yaml",
        )
        assert answer.spec.template.spec is not None
        return [container.name for container in answer.spec.template.spec.containers]

    assert deployed("one", {"name": "a", "image": "a:1"}) == ["a"]
    assert deployed("two", {"name": "b", "image": "b:1"}) == ["a", "b"]
    assert deployed("one") == ["b"]


def test_unknown_fields_of_the_servers_own_kinds_are_refused_too(core: client.CoreV1Api, api: KubeApi) -> None:
    api.create("pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}})
    body = {"spec": {"containers": [{"name": "c", "img": "x"}]}}
    code, reason, message, _ = refusal(
        lambda: core.patch_namespaced_pod(name="p", namespace="default", body=body, field_validation="Strict")
    )
    assert (code, reason) == (422, "Invalid")
    assert message.endswith('strict decoding error: unknown field "spec.containers[0].img"')


def test_an_object_with_finalizers_waits_and_a_wrong_uid_deletes_nothing(
    custom: client.CustomObjectsApi, api: KubeApi
) -> None:
    body = iris()
    body["metadata"]["finalizers"] = ["inferenceservice.finalizers"]
    made = apply(custom, body)
    wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))
    code, reason, message, _ = refusal(lambda: custom.delete_namespaced_custom_object(**WHERE, name="iris", body=wrong))
    assert (code, reason) == (409, "Conflict")
    assert f"UID in precondition: another, UID in object meta: {made['metadata']['uid']}" in message
    right = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=made["metadata"]["uid"]))
    marked: Any = custom.delete_namespaced_custom_object(**WHERE, name="iris", body=right)
    assert marked["metadata"]["deletionTimestamp"]
    custom.patch_namespaced_custom_object(**WHERE, name="iris", body={"metadata": {"finalizers": []}})
    assert api.get("inferenceservices", "iris") is None


@pytest.mark.parametrize(("policy", "left"), [("Background", 0), ("Foreground", 0), ("Orphan", 1)])
def test_dependents_go_with_their_owner_unless_orphaned(
    custom: client.CustomObjectsApi, api: KubeApi, policy: str, left: int
) -> None:
    owner = apply(custom, iris())
    reference = {
        "apiVersion": VERSION_OF_ISVC,
        "kind": "InferenceService",
        "name": "iris",
        "uid": owner["metadata"]["uid"],
    }
    pod = {"metadata": {"name": "p", "ownerReferences": [reference]}, "spec": {"containers": [{"name": "c"}]}}
    api.create("pods", pod)
    custom.delete_namespaced_custom_object(**WHERE, name="iris", propagation_policy=policy)
    pods = api.target("pods").resource
    assert (api.get("inferenceservices", "iris"), len(api.store.of(pods))) == (None, left)


def test_a_namespace_goes_with_what_is_in_it(
    custom: client.CustomObjectsApi, core: client.CoreV1Api, api: KubeApi
) -> None:
    core.create_namespace(body=client.V1Namespace(metadata=client.V1ObjectMeta(name="trial")))
    body = iris()
    body["metadata"]["finalizers"] = ["stuck"]
    custom.create_namespaced_custom_object(**{**WHERE, "namespace": "trial"}, body=body)
    core.delete_namespace(name="trial")
    again = {**WHERE, "namespace": "trial"}
    code, _reason, message, _ = refusal(
        lambda: custom.create_namespaced_custom_object(**again, body=iris() | {"metadata": {"name": "b"}})
    )
    why = "unable to create new content in namespace trial because it is being terminated"
    assert (code, message) == (403, f'inferenceservices.serving.kserve.io "b" is forbidden: {why}')
    custom.patch_namespaced_custom_object(**again, name="iris", body={"metadata": {"finalizers": None}})
    assert api.get("namespaces", "trial") is None


def test_an_account_may_do_what_its_role_says_and_nothing_else(
    api: KubeApi, connect: Callable[..., client.ApiClient]
) -> None:
    rule = {"apiGroups": [GROUP], "resources": [PLURAL], "verbs": ["get", "patch", "create"]}
    api.create("roles", {"metadata": {"name": "portal"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "portal", "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "portal"}
    api.create("rolebindings", {"metadata": {"name": "portal"}, "subjects": [subject], "roleRef": role})
    own = connect(api.token_for("default", "portal"))
    custom = client.CustomObjectsApi(own)
    apply(custom, iris())
    code, reason, message, _ = refusal(lambda: custom.list_namespaced_custom_object(**WHERE))
    assert (code, reason) == (403, "Forbidden")
    assert message == (
        'inferenceservices.serving.kserve.io is forbidden: User "system:serviceaccount:default:portal" cannot list '
        'resource "inferenceservices" in API group "serving.kserve.io" in the namespace "default"'
    )
    asked = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(
        resource_attributes=client.V1ResourceAttributes(
            group=GROUP, resource=PLURAL, verb="delete", namespace="default"
        )
    ))  # fmt: skip
    answer = client.AuthorizationV1Api(own).create_self_subject_access_review(body=asked)
    assert answer.status is not None
    assert answer.status.allowed is False


def test_an_expired_token_is_unauthorized(api: KubeApi, connect: Callable[..., client.ApiClient]) -> None:
    token = api.token_for("default", "portal")
    custom = client.CustomObjectsApi(connect(token))
    api.expire(token)
    assert refusal(lambda: custom.list_namespaced_custom_object(**WHERE))[:3] == (401, "Unauthorized", "Unauthorized")
