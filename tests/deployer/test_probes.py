"""What the outside systems say when they are asked, and what is said of those that do not work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from deployer.errors import TransientError
from deployer.oci.authorization import Credentials
from deployer.oci.client import RegistryClient
from deployer.oci.transport import RegistryAccess, Transport
from deployer.probes.cluster import ClusterProbe
from deployer.probes.content import BlobStoreProbe, DirectUploadsProbe, UploadsProbe
from deployer.probes.images import RegistryProbe
from deployer.probes.report import BackendProbe, Finding, ask_all, warns, works
from deployer.probes.servers import BrokerProbe, CacheProbe, DatabaseProbe
from deployer.runtimes.catalogue import RUNTIMES
from deployer.serving.cluster import Cluster
from deployer.serving.kubernetes_api import KubernetesApi
from registry.artifacts.s3 import S3BlobStore
from registry.artifacts.s3_access import S3Access
from registry.artifacts.s3_direct import S3DirectUploads
from registry.interfaces import Verdict
from tests.deployer import pages, scene
from tests.fakes.blobs import InMemoryBlobStore
from tests.stubs.kube_api import KubeApi
from tests.stubs.oci_registry import StubRegistry, running_registry
from tests.stubs.s3_server import KEY, SECRET, running_s3

NOWHERE = "http://127.0.0.1:1"


class Probe:
    """Says what it was told to."""

    part = "part.cache"

    def __init__(self, ask: Callable[[], Iterator[Finding]]) -> None:
        self.ask = ask


def said(probe: BackendProbe, *, timeout: float = 60.0) -> list[tuple[str, str]]:
    (report,) = ask_all([probe], timeout=timeout)
    return [(finding.verdict.value, finding.code) for finding in report.findings]


def test_whether_pages_may_send_to_the_storage_is_told(tmp_path: Path) -> None:
    origin = "https://models.example.org"
    with running_s3() as server:
        access = S3Access(bucket=f"cors-{uuid4().hex}", endpoint_url=server.url, access_key=KEY, secret_key=SECRET)
        store = S3BlobStore(access=access, cache_dir=tmp_path, cache_bytes=1)
        store.client.call("create_bucket")
        place = S3DirectUploads(access=access, store=store, public_url=server.url)
        assert said(DirectUploadsProbe(place, origin=origin)) == [("warn", "probe.direct_refused")]
        rule = {"AllowedOrigins": [origin], "AllowedMethods": ["PUT"]}
        store.client.call("put_bucket_cors", CORSConfiguration={"CORSRules": [rule]})
        assert said(DirectUploadsProbe(place, origin=origin)) == [("pass", "probe.direct")]
        assert said(DirectUploadsProbe(place, origin="https://other.example")) == [("warn", "probe.direct_refused")]
        server.fail("GET", "uploads/.*uploadId=", status=403, code="AccessDenied")  # it may not ask which parts came
        assert said(DirectUploadsProbe(place, origin=origin)) == [("fail", "s3.denied")]


@pytest.mark.parametrize(
    ("count", "found"), [(0, ("pass", "probe.uploads_here")), (2, ("fail", "probe.uploads_elsewhere"))]
)
def test_uploads_that_another_machine_holds_are_told(count: int, found: tuple[str, str]) -> None:
    assert said(UploadsProbe(lambda: count)) == [found]


class TestAsking:
    def test_what_was_said_before_a_failure_is_kept(self) -> None:
        def ask() -> Iterator[Finding]:
            yield warns("probe.cache")
            raise TransientError("s3.busy", bucket="b", status=503)

        (report,) = ask_all([Probe(ask)])
        assert [finding.code for finding in report.findings] == ["probe.cache", "s3.busy"]
        assert report.findings[1].params == {"bucket": "b", "status": 503}
        assert report.verdict is Verdict.FAIL

    def test_a_surprise_is_one_parts_failure(self) -> None:
        def ask() -> Iterator[Finding]:
            yield works("probe.cache")
            raise KeyError("secret")

        (report,) = ask_all([Probe(ask)])
        assert report.findings[1].params == {"error": "KeyError"}

    def test_nobody_waits_for_a_part_that_says_nothing(self) -> None:
        spoke, end = threading.Event(), threading.Event()

        def ask() -> Iterator[Finding]:
            yield works("probe.cache")
            spoke.set()
            end.wait(60)

        def asked() -> Iterator[BackendProbe]:
            yield Probe(ask)
            assert spoke.wait(60)  # before its time is counted

        (report,) = ask_all(asked(), timeout=0.05)
        end.set()
        assert [finding.code for finding in report.findings] == ["probe.cache", "probe.silent"]
        assert report.verdict is Verdict.FAIL


class TestServers:
    @pytest.mark.django_db(transaction=True)
    def test_a_database_with_all_its_tables(self) -> None:
        assert said(DatabaseProbe()) == [("pass", "probe.database"), ("pass", "probe.migrations")]
        assert said(CacheProbe()) == [("pass", "probe.cache_table")]

    @pytest.mark.django_db(transaction=True)
    def test_missing_migrations_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "deployer.probes.servers.MigrationExecutor.migration_plan", lambda *_args: [("a", False), ("b", False)]
        )
        (report,) = ask_all([DatabaseProbe()])
        assert report.findings[-1].params == {"count": 2}
        assert report.verdict is Verdict.FAIL

    def test_a_doorbell_in_a_file(self, tmp_path: Path) -> None:
        assert said(BrokerProbe(f"sqla+sqlite:///{tmp_path}/bell.sqlite3")) == [("pass", "probe.broker_file")]
        assert said(BrokerProbe(f"sqla+sqlite:///{tmp_path}/none/bell.sqlite3")) == [
            ("fail", "probe.broker_unwritable")
        ]

    def test_a_redis_that_is_away(self) -> None:
        (report,) = ask_all([BrokerProbe("redis://:sesame@127.0.0.1:1/0")])
        assert [finding.code for finding in report.findings] == ["probe.redis_away"]
        assert "sesame" not in repr(report)

    @pytest.mark.parametrize(
        ("told", "codes"),
        [
            ({"aof_enabled": 1, "maxmemory_policy": "noeviction"}, ["probe.redis"]),
            ({"aof_enabled": 0}, ["probe.redis", "probe.redis_forgets"]),
            ({"aof_enabled": 1, "maxmemory_policy": "allkeys-lru"}, ["probe.redis", "probe.redis_evicts"]),
        ],
    )
    def test_a_redis_that_may_forget(
        self, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], codes: list[str]
    ) -> None:
        monkeypatch.setattr("redis.Redis.info", lambda _self: {"redis_version": "7.0", **told})
        assert [code for _verdict, code in said(BrokerProbe("redis://127.0.0.1:1/0"))] == codes

    def test_a_cache_that_loses_things(self, settings: Any) -> None:
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
        assert said(CacheProbe()) == [("fail", "probe.cache_forgets")]
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        assert said(CacheProbe()) == [("pass", "probe.cache")]


class TestTheContentStore:
    def test_that_works_is_left_as_it_was(self, tmp_path: Path) -> None:
        store = InMemoryBlobStore(tmp_path)
        assert said(BlobStoreProbe(store)) == [("pass", "probe.store"), ("pass", "probe.store_deletes")]
        assert store.blobs == {}

    def test_that_is_full_or_never_forgets(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = InMemoryBlobStore(tmp_path, capacity=10)
        assert said(BlobStoreProbe(store)) == [("fail", "storage.full")]
        store.capacity = None
        monkeypatch.setattr(store, "delete", lambda _sha256: None)
        assert said(BlobStoreProbe(store, address="http://s3.example")) == [
            ("warn", "probe.store_plain"), ("pass", "probe.store"), ("fail", "probe.store_keeps"),
        ]  # fmt: skip


class TestTheRegistry:
    @pytest.fixture
    def registry(self) -> Iterator[StubRegistry]:
        with running_registry(auth="bearer") as running:
            yield running

    def probe(self, registry: StubRegistry, *, password: str = "sesame", url: str = "") -> RegistryProbe:
        credentials = Credentials(username="pusher", password=password)
        access = RegistryAccess(url=url or registry.url, credentials=credentials, attempts=2)
        return RegistryProbe(
            lambda: RegistryClient(Transport(access)), url="https://r.example", repositories=("q", "a")
        )

    def test_that_takes_both_repositories(self, registry: StubRegistry) -> None:
        found = said(self.probe(registry))
        assert found == [("pass", "probe.registry_pushes")] * 2 + [("pass", "probe.registry_referrers")]
        registry.keeps_referrers = False
        assert said(self.probe(registry))[-1] == ("pass", "probe.registry_fallback")
        assert registry.received == 0

    def test_that_refuses_or_is_away(self, registry: StubRegistry) -> None:
        assert said(self.probe(registry, password="other")) == [("fail", "oci_registry.denied")]
        assert said(self.probe(registry, url=NOWHERE)) == [("fail", "oci_registry.unreachable")]
        registry.fail("POST", "/a/", status=403)
        assert said(self.probe(registry)) == [("pass", "probe.registry_pushes"), ("fail", "oci_registry.denied")]


CONTROLLER = {
    "metadata": {"name": "kserve-controller-manager"},
    "spec": {
        "selector": {"matchLabels": {"app": "kserve"}},
        "template": {
            "metadata": {"labels": {"app": "kserve"}},
            "spec": {"containers": [{"name": "manager", "image": "kserve/kserve-controller:v0.20.1"}]},
        },
    },
}


SETTINGS = {
    "deploy": '{"defaultDeploymentMode": "Serverless"}', "ingress": '{"enableGatewayApi": true, "domainTemplate": "x"}',
}  # fmt: skip


class TestTheCluster:
    @pytest.fixture
    def cluster(self, tmp_path: Path) -> Callable[..., tuple[KubeApi, list[tuple[str, str]]]]:
        def asked(
            *, scheme: str = "oci+native", image: str = "", settings: dict[str, str] | None = None, **how: Any
        ) -> tuple[KubeApi, list[tuple[str, str]]]:
            with KubeApi(**how) as api:
                if settings is not None:
                    api.create(
                        "configmaps", {"metadata": {"name": "inferenceservice-config"}, "data": settings}, "kserve"
                    )
                if image:
                    CONTROLLER["spec"]["template"]["spec"]["containers"][0]["image"] = image  # type: ignore[index]  # a plain manifest
                    api.create("deployments", CONTROLLER, "kserve")
                made = Cluster(
                    portal="tests",
                    namespace="default",
                    image_repository="registry.example/approved",
                    trial_repository="registry.example/quarantine",
                    runtimes=RUNTIMES,
                    runtime_images={runtime.name: "registry.example/server:1" for runtime in RUNTIMES},
                    storage_scheme=scheme,
                    gateway_name="gateway",
                    gateway_namespace="gateways",
                    kubeconfig=str(api.kubeconfig(tmp_path / "kubeconfig")),
                )
                return api, said(ClusterProbe(made, KubernetesApi))

        return asked

    def test_that_has_everything(self, cluster: Any) -> None:
        api, found = cluster(image="kserve/kserve-controller:v0.20.1", settings=SETTINGS)
        assert found == [
            ("pass", "probe.cluster"),
            ("pass", "probe.image_volume"),
            ("pass", "probe.kserve"),
            ("pass", "probe.kserve_default_mode"),
            ("pass", "probe.kserve_gateway_api"),
            ("pass", "probe.gateway"),
            ("pass", "probe.kserve_mode"),
        ]
        assert not [each for each in api.objects if each["kind"] == "InferenceService"]

    @pytest.mark.parametrize(
        ("how", "expected"),
        [
            ({"version": "v1.20.2"}, ("fail", "probe.cluster_old")),
            ({"version": "v1.33.1"}, ("warn", "probe.image_volume_gate")),
            ({"version": "v1.31.9"}, ("fail", "probe.image_volume_missing")),
            ({"version": "v1.31.9", "scheme": "oci"}, ("pass", "probe.images_fetched")),
            ({"image": "kserve/kserve-controller:v0.15.0"}, ("fail", "probe.kserve_old")),
            ({"image": "kserve/kserve-controller@sha256:abc"}, ("warn", "probe.kserve_version_unknown")),
            ({"settings": {**SETTINGS, "ingress": '{"enableGatewayApi": false}'}}, ("warn", "probe.kserve_ingress")),
            ({"settings": {**SETTINGS, "ingress": "{"}}, ("warn", "probe.kserve_settings_unknown")),
            ({"settings": None}, ("warn", "probe.kserve_settings_unknown")),
            ({"without": ["inferenceservices"]}, ("fail", "probe.kserve_missing")),
            ({"without": ["httproutes"]}, ("fail", "probe.gateway_missing")),
        ],
    )
    def test_that_lacks_something(self, cluster: Any, how: dict[str, Any], expected: tuple[str, str]) -> None:
        assert expected in cluster(**how)[1]

    def test_whose_kserve_may_not_be_looked_at(self, tmp_path: Path) -> None:
        with KubeApi() as api:
            api.create("serviceaccounts", {"metadata": {"name": "portal"}}, "default")
            config = api.kubeconfig(tmp_path / "kubeconfig", token=api.token_for("default", "portal"))
            made = Cluster(
                portal="tests", namespace="default", image_repository="r/a", trial_repository="r/q", runtimes=RUNTIMES,
                runtime_images={}, kubeconfig=str(config),
            )  # fmt: skip
            found = said(ClusterProbe(made, KubernetesApi))
        hidden = ("probe.kserve_version_hidden", "probe.kserve_settings_hidden")
        assert found[2:-3] == [("fail", "kserve.runtime_image_unset")] * len(RUNTIMES)
        assert found[-3:] == [*(("warn", code) for code in hidden), ("fail", "kserve.forbidden")]

    def test_that_is_away(self, tmp_path: Path) -> None:
        made = Cluster(
            portal="tests", namespace="default", image_repository="r/a", trial_repository="r/q", runtimes=RUNTIMES,
            runtime_images={}, kubeconfig=str(tmp_path / "none"),
        )  # fmt: skip
        assert said(ClusterProbe(made, KubernetesApi)) == [("fail", "kserve.kubeconfig")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_fakes")
class TestTelling:
    def test_the_command_says_what_works(self) -> None:
        out = StringIO()
        call_command("check_backends", stdout=out)
        assert "ok   Content store: Files go in and come out unchanged." in out.getvalue()
        assert "ok   Serving: It answers. Replicas that it knows: 0." in out.getvalue()

    def test_the_command_fails_for_programs_too(self, settings: Any) -> None:
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
        out = StringIO()
        with pytest.raises(CommandError) as caught:
            call_command("check_backends", "--json", stdout=out)
        assert caught.value.returncode == 1
        broker = {row["part"]: row for row in json.loads(out.getvalue())}["broker"]
        assert broker["verdict"] == "fail"
        assert broker["findings"][0]["body"].startswith("Check REDIS_URL.")

    def test_operators_ask_on_a_page(self, client: Client, settings: Any) -> None:
        client.force_login(scene.operator())
        assert "Ask all parts" in pages.text_of(client.get("/operations/"))
        assert "Ask all parts" in pages.text_of(client.get("/operations/backends/"))

        text = pages.text_of(client.post("/operations/backends/"))
        assert "All parts work" in text
        assert "Files go in and come out unchanged." in text

        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
        text = pages.text_of(client.post("/operations/backends/"))
        assert "1 part does not work" in text
        assert "Check REDIS_URL" in text
