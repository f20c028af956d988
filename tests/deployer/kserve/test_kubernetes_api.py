"""The client: what it makes of answers, of none, and of those that ask it to wait."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployer.errors import OperatorError, PortalError, TransientError
from deployer.serving import kubernetes_api
from deployer.serving.cluster import Cluster
from deployer.serving.cluster_api import (
    EVENT,
    HTTP_ROUTE,
    INFERENCE_SERVICE,
    SERVING_RUNTIME,
    ApiError,
    portal_error,
)
from deployer.serving.inference_service import inference_service, serving_runtime
from deployer.serving.kubernetes_api import TRIES, KubernetesApi, configured
from tests.deployer.kserve.worlds import NAMESPACE, cluster, spec
from tests.stubs.kube_api import KubeApi

PLURAL = INFERENCE_SERVICE.plural


def manifest(name: str = "cup-7", **settings: Any) -> dict[str, Any]:
    return inference_service(spec(name), cluster(**settings))


def meaning(error: ApiError) -> PortalError:
    return portal_error(error, verb="create", kind="InferenceService", name="cup-7", namespace=NAMESPACE)


def test_applying_creates_once_and_the_same_again_changes_nothing(api: KubernetesApi, kube: KubeApi) -> None:
    first = api.apply(manifest())
    again = api.apply(manifest())

    assert first["metadata"]["uid"] == again["metadata"]["uid"]
    assert first["metadata"]["resourceVersion"] == again["metadata"]["resourceVersion"]
    assert [field["manager"] for field in first["metadata"]["managedFields"]] == ["model-commons-portal"]
    assert api.get(INFERENCE_SERVICE, "cup-7") == kube.get(PLURAL, "cup-7", NAMESPACE)


def test_a_dry_run_stores_nothing(api: KubernetesApi, kube: KubeApi) -> None:
    assert api.apply(manifest(), dry_run=True)["metadata"]["name"] == "cup-7"
    assert kube.get(PLURAL, "cup-7", NAMESPACE) is None


def test_an_unknown_field_is_refused_and_means_an_older_definition(api: KubernetesApi) -> None:
    made = manifest()
    made["spec"]["predictor"]["model"]["storageURL"] = "x"

    with pytest.raises(ApiError) as refused:
        api.apply(made, dry_run=True)

    assert meaning(refused.value).code == "kserve.crd_old"


def test_the_rules_of_kserves_webhook_are_told_with_its_name(api: KubernetesApi) -> None:
    made = manifest()
    made["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] = "wizard"

    with pytest.raises(ApiError) as refused:
        api.apply(made, dry_run=True)

    told = meaning(refused.value)
    assert (told.code, "wizard" in str(told.params["detail"])) == ("kserve.webhook_denied", True)


def test_another_managers_field_is_a_conflict_unless_it_is_forced(api: KubernetesApi, site: Cluster) -> None:
    api.apply(manifest())
    other = KubernetesApi(cluster(portal="other", kubeconfig=site.kubeconfig))

    with pytest.raises(ApiError) as refused:
        other.apply(manifest(portal="other"))

    assert refused.value.is_ownership_conflict
    told = meaning(refused.value)
    assert (told.code, told.params["managers"]) == ("kserve.foreign_manager", "model-commons-portal")
    assert other.apply(manifest(portal="other"), force=True)["metadata"]["labels"]["model-commons/portal"] == "other"
    other.close()


def test_absent_and_already_gone_are_answers(api: KubernetesApi) -> None:
    assert api.get(INFERENCE_SERVICE, "nothing") is None
    assert api.delete(INFERENCE_SERVICE, "nothing") is None


def test_only_the_object_of_that_uid_is_deleted(api: KubernetesApi, kube: KubeApi) -> None:
    made = api.apply(manifest())

    assert api.delete(INFERENCE_SERVICE, "cup-7", uid="another") is None
    assert kube.get(PLURAL, "cup-7", NAMESPACE) is not None
    api.delete(INFERENCE_SERVICE, "cup-7", uid=made["metadata"]["uid"])
    assert kube.get(PLURAL, "cup-7", NAMESPACE) is None


def test_an_object_with_finalizers_is_still_there_after_its_deletion(api: KubernetesApi) -> None:
    made = manifest()
    made["metadata"]["finalizers"] = ["inferenceservice.finalizers"]
    api.apply(made)

    left = api.delete(INFERENCE_SERVICE, "cup-7")

    assert left is not None
    assert left["metadata"]["deletionTimestamp"]


def test_a_long_list_comes_in_pages(api: KubernetesApi, kube: KubeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_api, "PAGE", 2)
    for number in range(5):
        api.apply(manifest(f"cup-{number}"))
    kube.create(SERVING_RUNTIME.plural, serving_runtime(cluster().runtimes[0], cluster()), NAMESPACE)

    listing = api.list(INFERENCE_SERVICE, labels="model-commons/portal=portal")

    assert [item["metadata"]["name"] for item in listing.items] == [f"cup-{number}" for number in range(5)]
    assert listing.resource_version
    assert api.list(INFERENCE_SERVICE, labels="model-commons/portal=other").items == []


def test_a_page_that_expired_begins_the_list_anew(
    api: KubernetesApi, kube: KubeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_api, "PAGE", 2)
    for number in range(5):
        api.apply(manifest(f"cup-{number}"))
    kube.fail(verb="list", resource=PLURAL, path="continue=", status=410)

    assert len(api.list(INFERENCE_SERVICE).items) == 5


@pytest.mark.parametrize("status", [429, 500, 503, 504])
@pytest.mark.parametrize("verb", ["get", "patch", "delete"])
def test_a_busy_server_is_asked_again(
    api: KubernetesApi, kube: KubeApi, pauses: list[float], verb: str, status: int
) -> None:
    api.apply(manifest())
    kube.fail(verb=verb, resource=PLURAL, status=status, times=2)

    call(api, verb)

    assert len(pauses) == 2
    assert all(pause <= 0.4 for pause in pauses)


def test_it_waits_as_long_as_it_is_asked_to(api: KubernetesApi, kube: KubeApi, pauses: list[float]) -> None:
    kube.fail(verb="get", status=429, retry_after=3)
    kube.fail(verb="get", status=429, retry_after=3600)

    api.get(INFERENCE_SERVICE, "nothing")

    assert pauses == [3.0, kubernetes_api.LONGEST_PAUSE]


@pytest.mark.parametrize("status", [429, 500])
def test_a_storm_ends_with_an_error_that_is_worth_repeating_later(
    api: KubernetesApi, kube: KubeApi, status: int
) -> None:
    kube.fail(verb="patch", status=status, times=-1)

    with pytest.raises(ApiError) as busy:
        api.apply(manifest())

    told = meaning(busy.value)
    assert isinstance(told, TransientError)
    assert (told.code, kube.counted()[("patch", PLURAL)]) == ("kserve.api_busy", TRIES)


@pytest.mark.parametrize("cut", ["before", "after", "within"])
@pytest.mark.parametrize("verb", ["get", "patch", "delete"])
def test_a_lost_answer_is_no_lost_call(api: KubernetesApi, kube: KubeApi, verb: str, cut: str) -> None:
    """Also where the first try was done already: an apply is repeated, and gone is as good as deleted."""
    api.apply(manifest())
    kube.fail(verb=verb, resource=PLURAL, cut=cut)

    call(api, verb)

    assert (kube.get(PLURAL, "cup-7", NAMESPACE) is None) is (verb == "delete")


def test_a_server_that_is_away_is_told_as_such(api: KubernetesApi, kube: KubeApi) -> None:
    with kube.down(), pytest.raises(ApiError) as away:
        api.get(INFERENCE_SERVICE, "cup-7")

    assert meaning(away.value).code == "kserve.api_unreachable"
    assert api.get(INFERENCE_SERVICE, "cup-7") is None


def test_a_slow_answer_is_not_waited_for_for_ever(
    site: Cluster, kube: KubeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(seconds: float) -> None:
        monkeypatch.setattr(KubernetesApi._send, "__kwdefaults__", {"read_timeout": seconds})

    api = KubernetesApi(site, sleep=lambda _pause: impatient(60.0))  # the second answer comes when it can
    impatient(0.2)
    kube.fail(verb="get", delay=60)

    assert api.get(INFERENCE_SERVICE, "nothing") is None
    assert kube.counted()[("get", PLURAL)] == 2
    api.close()


def test_expired_credentials_are_read_again_from_their_file(api: KubernetesApi, kube: KubeApi, site: Cluster) -> None:
    kube.expire("admin-token")
    with pytest.raises(ApiError) as refused:
        api.get(INFERENCE_SERVICE, "cup-7")
    assert meaning(refused.value).code == "kserve.credentials"

    kube.create("serviceaccounts", {"metadata": {"name": "portal"}}, NAMESPACE)
    token = kube.token_for(NAMESPACE, "portal")
    kube.tokens[token] = type(kube.tokens[token])("renewed", admin=True)
    kube.kubeconfig(Path(site.kubeconfig), token=token)
    api._renewed_at = -1e9  # as half a minute later

    assert api.get(INFERENCE_SERVICE, "cup-7") is None


@pytest.mark.usefixtures("soon_again")
def test_a_server_that_has_not_read_its_roles_yet_is_asked_again(api: KubernetesApi, kube: KubeApi) -> None:
    """As for a moment after its start; a quota or a webhook that refuses is asked once."""
    told = 'inferenceservices.serving.kserve.io is forbidden: User "portal" cannot get resource "inferenceservices"'
    kube.fail(verb="get", status=403, message=told, times=TRIES - 1)
    assert api.get(INFERENCE_SERVICE, "nothing") is None

    kube.fail(verb="get", status=403, message='pods "a" is forbidden: exceeded quota: cups')
    with pytest.raises(ApiError, match="exceeded quota"):
        api.get(INFERENCE_SERVICE, "nothing")


@pytest.mark.usefixtures("soon_again")
def test_a_missing_right_names_verb_kind_and_namespace(kube: KubeApi, site: Cluster) -> None:
    kube.create("serviceaccounts", {"metadata": {"name": "portal"}}, NAMESPACE)
    kube.kubeconfig(Path(site.kubeconfig), token=kube.token_for(NAMESPACE, "portal"))

    with pytest.raises(ApiError) as refused:
        KubernetesApi(site).apply(manifest())

    told = meaning(refused.value)
    assert (told.code, dict(told.params)) == (
        "kserve.forbidden",
        {"verb": "create", "kind": "InferenceService", "namespace": NAMESPACE},
    )


def test_a_missing_namespace_and_a_missing_kind_are_told_apart(tmp_path: Path) -> None:
    with KubeApi(without=(HTTP_ROUTE.plural,)) as kube:
        here = KubernetesApi(cluster(kubeconfig=str(kube.kubeconfig(tmp_path / "config"))))
        with pytest.raises(ApiError) as nowhere:
            here.apply(manifest())
        with pytest.raises(ApiError) as unknown:
            here.list(HTTP_ROUTE)
        here.close()

    assert meaning(nowhere.value).code == "kserve.namespace_missing"
    told = portal_error(unknown.value, verb="watch", kind="HTTPRoute", name="", namespace=NAMESPACE)
    assert (told.code, dict(told.params)) == ("kserve.crd_missing", {"kind": "HTTPRoute"})


def test_a_way_that_is_not_configured_is_an_operators_matter(tmp_path: Path) -> None:
    broken = tmp_path / "kubeconfig"
    broken.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config"}))
    for where in ("", str(tmp_path / "absent"), str(broken)):
        with pytest.raises(OperatorError, match=r"kserve\.kubeconfig"):
            configured(cluster(kubeconfig=where))


def test_a_watch_tells_what_comes_after_a_version_until_it_is_over(api: KubernetesApi, kube: KubeApi) -> None:
    api.apply(manifest("cup-1"))
    start = api.list(INFERENCE_SERVICE).resource_version
    told: list[tuple[str, str]] = []

    def watch() -> None:
        for change in api.watch(INFERENCE_SERVICE, labels="", resource_version=start, seconds=60):
            told.append((change.type, change.object.get("metadata", {}).get("name", "")))
            if change.type == "DELETED":
                break

    thread = threading.Thread(target=watch)
    thread.start()
    api.apply(manifest("cup-2"))
    api.delete(INFERENCE_SERVICE, "cup-1")
    thread.join(60)
    again = list(api.watch(INFERENCE_SERVICE, labels="", resource_version=start, seconds=1))

    for heard in (told, [(change.type, change.object.get("metadata", {}).get("name", "")) for change in again]):
        assert [change for change in heard if change[0] != "BOOKMARK"] == [
            ("OPEN", ""),
            ("ADDED", "cup-2"),
            ("DELETED", "cup-1"),
        ]


@pytest.mark.parametrize("told", ["event", "http"])
def test_a_version_that_is_too_old_is_told(api: KubernetesApi, kube: KubeApi, told: str) -> None:
    kube.gone_as = told
    start = api.list(INFERENCE_SERVICE).resource_version
    api.apply(manifest("cup-1"))
    kube.compact()

    with pytest.raises(ApiError) as gone:
        list(api.watch(INFERENCE_SERVICE, labels="", resource_version=start, seconds=1))

    assert gone.value.status == 410


def test_secrets_never_stand_in_an_error(api: KubernetesApi, kube: KubeApi) -> None:
    with kube.down(), pytest.raises(ApiError) as away:
        api.list(EVENT)

    assert "admin-token" not in json.dumps([str(away.value), away.value.message])


def call(api: KubernetesApi, verb: str) -> None:
    if verb == "get":
        assert api.get(INFERENCE_SERVICE, "cup-7") is not None
    elif verb == "patch":
        assert api.apply(manifest())["metadata"]["name"] == "cup-7"
    else:
        assert api.delete(INFERENCE_SERVICE, "cup-7") is None
