"""The portal on a cluster: manifests that Kubernetes takes, restricted pods, and restarts that nobody notices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from portal.env_variables import DECLARED
from tests.deploy.manifests import KUBERNETES, Object, rendered
from tests.stubs.kube_api import KubeApi
from tests.stubs.kube_api.statuses import ApiError

OLDEST, NEWEST = "1.34", "1.37"
CUSTOM = {"HTTPRoute"}
IDENTITIES = ("User", "Group")
OBJECTS = rendered(KUBERNETES / "portal")
PROGRAMS = {"Deployment/web": "web", "Deployment/worker": "worker", "Job/prepare": "prepare"}


def name_of(obj: Object) -> str:
    return f"{obj['kind']}/{obj['metadata']['name']}"


def one(name: str) -> Any:
    (found,) = [obj for obj in OBJECTS if name_of(obj) == name]
    return found


def pod_of(name: str) -> Any:
    return one(name)["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("obj", [o for o in OBJECTS if o["kind"] not in CUSTOM], ids=name_of)
def test_kubernetes_takes_it_strictly(obj: Object, version: str) -> None:
    kubernetes_validate.validate(obj, version, strict=True)


def test_the_schemas_find_faults() -> None:
    web = one("Deployment/web")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**web, "spec": {**web["spec"], "replica": 2}}, NEWEST, strict=True)


def faults(pod: dict[str, Any]) -> Iterator[str]:
    """What the restricted profile, or more than it, refuses."""
    security = pod.get("securityContext", {})
    volumes = pod.get("volumes", [])
    rules = {
        "root": not security.get("runAsNonRoot") or min(security.get(f"runAs{who}", 0) for who in IDENTITIES) < 10000,
        "seccomp": security.get("seccompProfile", {}).get("type") != "RuntimeDefault",
        "host": any(pod.get(field) for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")),
        "service links": pod.get("enableServiceLinks", True),
        "host path": any("hostPath" in volume for volume in volumes),
        "unbounded folder": any("emptyDir" in volume and not volume["emptyDir"].get("sizeLimit") for volume in volumes),
    }
    yield from (name for name, broken in rules.items() if broken)
    for container in containers_of(pod):
        yield from container_faults(container)


def containers_of(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that prepare the pod, then those that it is there for."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def container_faults(container: dict[str, Any]) -> Iterator[str]:
    own = container.get("securityContext", {})
    capabilities = own.get("capabilities", {})
    resources = container.get("resources", {})
    named = {"cpu", "memory"} <= resources.get("requests", {}).keys() and "memory" in resources.get("limits", {})
    secrets = [entry for entry in container.get("env", []) if "value" in entry and "SECRET" in entry["name"]]
    rules = {
        "privileges": own.get("allowPrivilegeEscalation", True) or own.get("privileged"),
        "capabilities": capabilities.get("drop") != ["ALL"] or capabilities.get("add"),
        "writable root": not own.get("readOnlyRootFilesystem"),
        "resources": not named,
        "secret in the environment": secrets,
    }
    yield from (name for name, broken in rules.items() if broken)


@pytest.mark.parametrize("name", PROGRAMS)
def test_pods_are_restricted(name: str) -> None:
    pod = pod_of(name)
    assert list(faults(pod)) == []
    assert pod["serviceAccountName"] == "model-commons"
    assert pod["automountServiceAccountToken"] is (name != "Job/prepare"), "the preparation asks no cluster"
    (container,) = pod["containers"]
    assert container["args"] == [PROGRAMS[name]]


def broken(pod: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with something else at the path; None takes away what is there."""
    key, _, rest = path.partition(".")
    if key == "0":
        return [broken(pod[0], rest, value), *pod[1:]]  # type: ignore[return-value, index]  # a list of dictionaries
    inner = broken(pod.get(key, {}), rest, value) if rest else value
    return {**{k: v for k, v in pod.items() if k != key}, **({} if inner is None else {key: inner})}


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("securityContext.runAsNonRoot", None, "root"),
        ("securityContext.runAsUser", 0, "root"),
        ("securityContext.runAsGroup", 0, "root"),
        ("securityContext.seccompProfile", None, "seccomp"),
        ("securityContext.seccompProfile.type", "Unconfined", "seccomp"),
        ("hostNetwork", True, "host"),
        ("hostPID", True, "host"),
        ("hostIPC", True, "host"),
        ("shareProcessNamespace", True, "host"),
        ("enableServiceLinks", None, "service links"),
        ("volumes", [{"name": "host", "hostPath": {"path": "/"}}], "host path"),
        ("volumes", [{"name": "tmp", "emptyDir": {}}], "unbounded folder"),
        ("containers.0.securityContext.allowPrivilegeEscalation", None, "privileges"),
        ("containers.0.securityContext.privileged", True, "privileges"),
        ("containers.0.securityContext.capabilities.drop", ["NET_RAW"], "capabilities"),
        ("containers.0.securityContext.capabilities.add", ["SYS_ADMIN"], "capabilities"),
        ("containers.0.securityContext.readOnlyRootFilesystem", False, "writable root"),
        ("containers.0.resources.requests.cpu", None, "resources"),
        ("containers.0.resources.requests.memory", None, "resources"),
        ("containers.0.resources.limits", None, "resources"),
        ("containers.0.env", [{"name": "MODEL_COMMONS_SECRET_KEY", "value": "x"}], "secret in the environment"),
    ],
)
def test_whatever_opens_a_pod_is_found(path: str, value: object, fault: str) -> None:
    assert list(faults(broken(pod_of("Deployment/web"), path, value))) == [fault]


def test_settings_exist_and_secrets_are_files_of_one_secret() -> None:
    known = {variable.name for variable in DECLARED}
    settings = one("ConfigMap/model-commons")["data"]
    assert settings.keys() <= known
    assert settings["MODEL_COMMONS_PRODUCTION"] == "true"
    for name in PROGRAMS:
        pod = pod_of(name)
        for container in containers_of(pod):
            assert container["envFrom"] == [{"configMapRef": {"name": "model-commons"}}]
            assert {entry["name"] for entry in container.get("env", [])} <= known
            mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
            assert mounts["secrets"]["readOnly"]
            assert mounts["signing"]["readOnly"]
            assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
            folders = tuple(f"{mount['mountPath']}/" for mount in container["volumeMounts"])
            files = {value for key, value in settings.items() if key.endswith("_FILE")}
            assert len(files) > 5
            assert [path for path in files if not path.startswith(folders)] == []
    assert not [name for name in settings if name.endswith(("PASSWORD", "SECRET_KEY", "TOKEN", "SECRET_ACCESS_KEY"))]


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_mount_is_in_the_way_of_the_accounts_token(name: str) -> None:
    """Kubernetes mounts it below /var/run, which is /run in the image, and must make its folder there."""
    token = Path("/run/secrets/kubernetes.io/serviceaccount")
    for container in containers_of(pod_of(name)):
        paths = [mount["mountPath"].replace("/var/run", "/run", 1) for mount in container["volumeMounts"]]
        assert [path for path in paths if token.is_relative_to(path)] == []


def test_no_work_is_taken_up_before_the_migrations() -> None:
    """A web server is asked for nothing before it is ready; a worker takes what it finds, so it may not start."""
    (wait,) = pod_of("Deployment/worker")["initContainers"]
    (worker,) = pod_of("Deployment/worker")["containers"]
    assert wait["args"] == ["prepare", "--wait"]
    assert (wait["image"], wait["envFrom"]) == (worker["image"], worker["envFrom"])
    assert wait["volumeMounts"] == worker["volumeMounts"]
    for name in ("Deployment/web", "Deployment/worker"):
        assert one(name)["spec"]["progressDeadlineSeconds"] > one("Job/prepare")["spec"]["activeDeadlineSeconds"]


def test_workers_alone_can_sign() -> None:
    """What comes from outside reaches web servers, and those hold nothing that signs."""
    path = Path(one("ConfigMap/model-commons")["data"]["MODEL_COMMONS_SIGNING_KEY_FILE"])
    sources = {}
    for name in PROGRAMS:
        pod = pod_of(name)
        (mount,) = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "signing"]
        assert Path(mount["mountPath"]) == path.parent
        (sources[name],) = [volume for volume in pod["volumes"] if volume["name"] == "signing"]
        assert [v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v] == ["model-commons"]
    public = {"name": "signing", "configMap": {"name": "model-commons-signing"}}
    assert sources["Deployment/web"] == sources["Job/prepare"] == public
    secret, former = sources["Deployment/worker"]["projected"]["sources"]
    assert secret["secret"] == {"name": "model-commons-signing", "items": [{"key": path.name, "path": path.name}]}
    assert former["configMap"]["optional"], "no key was changed yet"


def test_a_new_release_takes_over_without_a_gap() -> None:
    for name in ("Deployment/web", "Deployment/worker"):
        spec = one(name)["spec"]
        assert spec["replicas"] >= 2
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        budget = one(f"PodDisruptionBudget/{name.partition('/')[2]}")["spec"]
        assert budget["minAvailable"] == 1
        assert budget["selector"]["matchLabels"] == spec["selector"]["matchLabels"]
    (web,) = pod_of("Deployment/web")["containers"]
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz", "a database that is away restarts nobody"
    # Out of every list before the first closed door, and done before the kubelet loses patience.
    from portal.gunicorn_config import graceful_timeout

    pause = web["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause + graceful_timeout < pod_of("Deployment/web")["terminationGracePeriodSeconds"]


def test_labels_meet() -> None:
    web = one("Deployment/web")["spec"]["template"]["metadata"]["labels"]
    assert one("Service/web")["spec"]["selector"].items() <= web.items()
    policy = one("NetworkPolicy/web-from-gateway-and-monitoring")["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= web.items()
    assert one("NetworkPolicy/nobody-comes-in")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


def test_what_is_about_the_process_is_not_led_outside() -> None:
    first, second = one("HTTPRoute/web")["spec"]["rules"]
    assert {match["path"]["value"] for match in first["matches"]} == {"/metrics", "/readyz", "/healthz"}
    assert "backendRefs" not in first
    assert second["backendRefs"] == [{"name": "web", "port": 80}]
    assert one("HTTPRoute/web")["spec"]["hostnames"] == [
        one("ConfigMap/model-commons")["data"]["MODEL_COMMONS_ALLOWED_HOSTS"]
    ]


def test_models_let_the_portal_in() -> None:
    models = rendered(KUBERNETES / "models")
    (policy,) = [o for o in models if o["metadata"]["name"] == "requests-from-gateway-and-portal"]
    wanted = policy["spec"]["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"]
    assert wanted.items() <= one("Namespace/model-commons")["metadata"]["labels"].items()
    (binding,) = [o for o in models if o["kind"] == "RoleBinding"]
    (subject,) = binding["subjects"]
    account = one("ServiceAccount/model-commons")["metadata"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])


def test_the_gateway_api_takes_the_route_strictly() -> None:
    route = one("HTTPRoute/web")
    api = KubeApi()
    api.apply("namespaces", one("Namespace/model-commons"))

    api.apply("httproutes", route)

    wrong = {**route, "spec": {**route["spec"], "hostname": ["models.example.org"]}}
    with pytest.raises(ApiError, match="hostname"):
        api.apply("httproutes", wrong)
