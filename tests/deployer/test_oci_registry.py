"""From submission to rollout through an OCI registry that behaves, and through one that does not."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cyclonedx.schema import _res as schemas
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from deployer import services
from deployer.attestations import PROVENANCE_TITLE
from deployer.backends import image_builder, public_keys
from deployer.builders.recipes import as_attachment
from deployer.errors import NotFoundError, TransientError
from deployer.interfaces import BuiltImage, ImageSpec, Progress
from deployer.models import ImageBuild, Rollout
from deployer.oci.manifest import MANIFEST_TYPE
from deployer.oci.referrers import EMPTY_CONFIG, signature_config
from deployer.signatures import BUNDLE_TYPE
from registry.models import Job, JobState, ModelVersion, VersionState
from tests.deployer import scene
from tests.deployer.oci.layouts import read_layout
from tests.stubs.oci_registry import StubRegistry, running_registry

REFERRING = 5  # card, bill of materials, provenance, signature and the recipes of the layers
QUARANTINE, APPROVED = "portal/quarantine", "portal/approved"
UNDISTURBED = ["image_build:queued", "image_build:building", "image_build:succeeded"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("sesame\n")
    return file


@pytest.fixture
def registry(
    _fakes: None, settings: Any, tmp_path: Path, password: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StubRegistry]:
    """A registry that asks for tokens, and a portal that pushes to it."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with running_registry(auth="bearer") as running:
        settings.OCI_REGISTRY = {**settings.OCI_REGISTRY, "username": "pusher", "password_file": str(password)}
        options = {"root": tmp_path / "images", "registry_url": running.url}
        settings.BACKENDS = {
            **settings.BACKENDS,
            "image_builder": {
                "class": "deployer.builders.oci_registry.RegistryImageBuilder",
                "options": {**options, "quarantine": QUARANTINE, "approved": APPROVED},
            },
        }
        yield running


def try_once_more() -> None:
    """What waits for its next try is due now."""
    for job in Job.objects.filter(state=JobState.QUEUED):
        Job.objects.filter(pk=job.pk).update(run_after=job.created_at)
    scene.work_off()


def interrupted(**_kwargs: object) -> tuple[int, ...]:
    raise TransientError("oci_registry.unreachable", registry="registry.test")


def build_of(version: ModelVersion) -> ImageBuild:
    return ImageBuild.objects.get(version=version)


def build_tags(version: ModelVersion) -> list[str]:
    return [tag for tag in scene.tags(version) if tag.startswith("image_build:")]


def is_served_by(version: ModelVersion, registry: StubRegistry) -> bool:
    """One image, in the approved repository, byte for byte, with what is said about it; one rollout of it."""
    rollout = Rollout.objects.get(version=version)
    held = registry.manifests[APPROVED]
    referring = [name for name, (_kind, data) in held.items() if "subject" in json.loads(data)]
    assert held[version.image_digest] == registry.manifests[QUARANTINE][version.image_digest]
    assert len(referring) == REFERRING
    return rollout.state == "ready" and rollout.image_digest == version.image_digest


class TestTheWayThroughTheRegistry:
    def test_a_trial_pushes_into_quarantine_only(self, registry: StubRegistry) -> None:
        version = scene.in_review()

        kind, manifest = registry.manifests[QUARANTINE][version.image_digest]
        assert kind == MANIFEST_TYPE
        assert {part["digest"] for part in json.loads(manifest)["layers"]} <= registry.blobs[QUARANTINE].keys()
        assert APPROVED not in registry.blobs

    def test_approval_sends_no_byte_of_the_model(self, registry: StubRegistry) -> None:
        version = scene.in_review()
        before = registry.received
        scene.work(scene.approve(version))

        said = image_builder().attachments(version.image_digest)
        recipes = as_attachment(image_builder().get(version.image_digest))
        configs = [EMPTY_CONFIG, *(signature_config(each) for each in said if each.signature)]
        sent = [each.data for each in (*said, recipes)] + configs
        assert registry.received - before == sum(len(data) for data in sent)
        assert is_served_by(version, registry)
        assert build_tags(version) == UNDISTURBED
        assert [phase["name"] for phase in build_of(version).phases] == [
            "waiting", "checking", "packaging", "publishing",
        ]  # fmt: skip

    def test_the_log_says_where_the_image_can_be_pulled(self, registry: StubRegistry, client: Client) -> None:
        build = scene.served().build
        text = client.get(reverse("deployer:build_raw_log", args=[build.pk])).content.decode()

        host = registry.url.removeprefix("http://")
        assert f"can be pulled as {host}/{APPROVED}@{build.approved_digest}." in text

    def test_a_step_that_runs_twice_adds_nothing(self, registry: StubRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
        version = scene.in_review()
        due = scene.approve(version)
        with monkeypatch.context() as patched:  # as of a worker that dies between publishing and saying so
            patched.setattr(services, "finish_build", interrupted)
            scene.work(due)
        sent, held = registry.received, dict(registry.manifests[APPROVED])
        assert version.image_digest in held
        try_once_more()

        assert (registry.received, registry.manifests[APPROVED]) == (sent, held)
        assert is_served_by(version, registry)
        assert build_tags(version) == UNDISTURBED

    def test_another_machine_goes_on_with_it(self, registry: StubRegistry, tmp_path: Path) -> None:
        version = scene.in_review()
        made = image_builder().get(version.image_digest)
        shutil.rmtree(tmp_path / "images")  # as on a machine that packaged nothing
        call_command("export_image", version.image_digest, str(tmp_path / "out"))
        (image,) = read_layout(tmp_path / "out")
        assert image.digest == version.image_digest
        assert image_builder().get(version.image_digest) == made

        image_builder().publish(version.image_digest)
        registry.manifests[QUARANTINE].clear()
        assert image_builder().get(version.image_digest) == made
        registry.manifests[APPROVED].clear()
        with pytest.raises(NotFoundError):
            image_builder().get(version.image_digest)

    def test_an_emptied_quarantine_is_filled_again(self, registry: StubRegistry) -> None:
        version = scene.in_review()
        registry.blobs.clear()
        registry.manifests.clear()
        scene.work(scene.approve(version))

        assert is_served_by(version, registry)


class TestWhatIsSaidAboutAnImage:
    @pytest.fixture
    def said(self, registry: StubRegistry) -> dict[str, Any]:  # noqa: ARG002  # what is said is kept there
        self.version = scene.in_review()
        ModelVersion.objects.filter(pk=self.version.pk).update(
            introspection={
                "model_type": "booster",
                "inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, 3]}],
                "outputs": [],
            }
        )
        scene.work(scene.approve(self.version))
        found = image_builder().attachments(self.version.image_digest)
        return {each.title: json.loads(each.data) for each in found if each.title.endswith(".json")}

    def test_the_bill_of_materials_is_valid_cyclonedx(self, said: dict[str, Any]) -> None:
        bom = said["bom.cdx.json"]
        validator_for("bom-1.6.SNAPSHOT.schema.json").validate(bom)
        model = bom["metadata"]["component"]
        assert (model["type"], model["group"], model["name"], model["version"]) == (
            "machine-learning-model", "vera", "sums", "1",
        )  # fmt: skip
        assert model["licenses"] == [{"expression": "MIT"}]
        assert model["modelCard"]["modelParameters"]["inputs"] == [{"format": "input-0: FP64 [-1, 3]"}]
        assert {part["name"] for part in bom["components"]} == {"model.json", "xgboost"}

    def test_the_provenance_names_what_was_approved(self, said: dict[str, Any]) -> None:
        statement = json.loads(base64.b64decode(said[PROVENANCE_TITLE]["dsseEnvelope"]["payload"]))
        version = ModelVersion.objects.get(pk=self.version.pk)
        assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
        assert [part["digest"]["sha256"] for part in statement["subject"]] == [version.image_digest[7:]]
        told = statement["predicate"]["buildDefinition"]
        assert told["externalParameters"]["approvedContent"] == version.content_digest
        (file,) = version.files.filter(path="model.json")
        assert told["resolvedDependencies"] == [{"name": "model.json", "digest": {"sha256": file.blob_id}}]

    def test_the_signature_is_where_cosign_looks(self, said: dict[str, Any], registry: StubRegistry) -> None:
        digest = ModelVersion.objects.get(pk=self.version.pk).image_digest
        held = registry.manifests[APPROVED]
        annotations = [
            json.loads(data)["annotations"]["dev.sigstore.bundle.predicateType"]
            for _kind, data in held.values()
            if BUNDLE_TYPE in data.decode()
        ]
        assert sorted(annotations) == ["https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1"]

        _kind, data = held[f"sha256-{digest[7:]}.sig"]
        (layer,) = json.loads(data)["layers"]
        payload = registry.blobs[APPROVED][layer["digest"]]
        assert said["signature.json"] == json.loads(payload)
        assert said["signature.json"]["critical"]["image"] == {"docker-manifest-digest": digest}
        host = registry.url.removeprefix("http://")
        assert said["signature.json"]["critical"]["identity"] == {"docker-reference": f"{host}/{APPROVED}"}
        signature = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
        public_keys()[0].key.verify(signature, payload, ec.ECDSA(SHA256()))


def validator_for(name: str) -> Any:
    folder = Path(schemas.__path__[0])

    def retrieve(uri: str) -> Any:
        return json.loads((folder / uri.rpartition("/")[2]).read_text())

    schema = json.loads((folder / name).read_text())
    return jsonschema_rs.validator_for(schema, retriever=retrieve)


class Trouble(NamedTuple):
    """What is wrong with the registry, and what puts it right."""

    begin: Callable[[StubRegistry], None]
    end: Callable[[StubRegistry], None]
    code: str


def always(method: str, path: str, **how: Any) -> Callable[[StubRegistry], None]:
    return lambda registry: registry.fail(method, path, times=10_000, **how)


def no_more(registry: StubRegistry) -> None:
    registry.faults.clear()


def renamed(registry: StubRegistry) -> None:
    registry.user = ("pusher", "other")
    registry.tokens.clear()


PASSING = {
    "down": Trouble(always("HEAD", "", status=503), no_more, "oci_registry.busy"),
    "losing the connection": Trouble(always("PUT", "manifests", cut_now=True), no_more, "oci_registry.unreachable"),
    "out of its own disk": Trouble(always("POST", "uploads", status=500), no_more, "oci_registry.busy"),
    "asking for patience": Trouble(
        always("POST", "uploads", status=429, headers={"Retry-After": "1"}), no_more, "oci_registry.busy"
    ),
    "without its token server": Trouble(always("GET", "/token", status=502), no_more, "oci_registry.busy"),
}
LASTING = {
    "full": Trouble(always("POST", "uploads", status=507), no_more, "oci_registry.full"),
    "with another password": Trouble(
        renamed, lambda registry: setattr(registry, "user", ("pusher", "sesame")), "oci_registry.denied"
    ),
    "storing other bytes": Trouble(
        lambda registry: setattr(registry, "corrupts", True),
        lambda registry: setattr(registry, "corrupts", False),
        "oci_registry.digest_mismatch",
    ),
}


class TestARegistry:
    @pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
    def test_that_comes_back_needs_nobodys_hand(self, registry: StubRegistry, trouble: Trouble) -> None:
        version = scene.in_review()
        due = scene.approve(version)
        trouble.begin(registry)
        scene.work(due)
        job = Job.objects.get(kind="build_image")
        assert (job.state, job.failures, job.last_error) == (JobState.QUEUED, 1, trouble.code)
        assert build_of(version).state == "building"
        for _ in range(3):
            try_once_more()
        assert not Rollout.objects.exists()

        trouble.end(registry)
        try_once_more()

        assert is_served_by(version, registry)
        assert build_tags(version) == UNDISTURBED

    @pytest.mark.parametrize("trouble", LASTING.values(), ids=LASTING)
    def test_that_somebody_must_mend_ends_the_build_loudly(self, registry: StubRegistry, trouble: Trouble) -> None:
        version = scene.in_review()
        due = scene.approve(version)
        trouble.begin(registry)
        scene.work(due)
        build = build_of(version)
        assert (build.state, build.failure_code) == ("failed", trouble.code)
        assert build.failure_params["who_acts"] == "operator"
        assert not Rollout.objects.exists()

        trouble.end(registry)
        scene.work(services.retry_build(build=build, actor=scene.operator()))

        assert is_served_by(version, registry)
        assert build_tags(version) == [*UNDISTURBED[:2], "image_build:failed", *UNDISTURBED]

    def test_that_forgets_a_token_in_mid_upload_is_asked_for_another(self, registry: StubRegistry) -> None:
        challenge = f'Bearer realm="{registry.url}/token",service="stub"'
        registry.fail("PATCH", "uploads", status=401, headers={"WWW-Authenticate": challenge})
        scene.in_review()

        assert len(registry.tokens) == 2

    def test_that_is_away_at_the_trial_keeps_the_version_waiting(self, registry: StubRegistry) -> None:
        registry.fail("HEAD", "", status=503, times=10_000)
        version = scene.submitted()
        scene.work(services.queue_trial(version_id=version.pk))
        version.refresh_from_db()
        assert version.state == VersionState.SUBMITTED
        registry.faults.clear()
        try_once_more()

        version.refresh_from_db()
        assert version.state == VersionState.IN_REVIEW

    def test_with_a_new_password_is_reached_without_a_restart(self, registry: StubRegistry, password: Path) -> None:
        version = scene.in_review()
        registry.user = ("pusher", "other")
        registry.tokens.clear()
        password.write_text("other\n")
        scene.work(scene.approve(version))

        assert is_served_by(version, registry)


def test_another_image_than_the_approved_one_is_never_published(
    registry: StubRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = scene.in_review()
    due = scene.approve(version)
    builder = image_builder()
    real = builder.build

    def other(spec: ImageSpec, *, progress: Progress | None = None) -> BuiltImage:
        return real(ImageSpec(files=spec.files, labels={**spec.labels, "extra": "1"}), progress=progress)

    monkeypatch.setattr(builder, "build", other)
    scene.work(due)

    assert build_of(version).failure_code == "build.digest_mismatch"
    assert APPROVED not in registry.blobs


def test_a_version_withdrawn_meanwhile_is_not_published(
    registry: StubRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = scene.in_review()
    due = scene.approve(version)
    builder = image_builder()
    real = builder.build

    def slow(spec: ImageSpec, *, progress: Progress | None = None) -> BuiltImage:
        services.cancel_build(build=build_of(version), actor=scene.operator())
        return real(spec, progress=progress)

    monkeypatch.setattr(builder, "build", slow)
    scene.work(due)

    assert build_of(version).state == "cancelled"
    assert APPROVED not in registry.blobs
