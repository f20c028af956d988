"""A real registry server, and what others' tools read from it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import CommandError, call_command

from deployer.attestations import simple_signature
from deployer.builders.oci_registry import RegistryImageBuilder
from deployer.builders.recipes import RECIPES_TYPE
from deployer.interfaces import Attachment
from deployer.oci.client import RegistryClient
from deployer.oci.transport import RegistryAccess, Transport
from deployer.signatures import SIMPLE_TYPE, Signer
from tests.deployer import scene
from tests.deployer.oci.conftest import FILES, Workshop
from tests.stubs.docker_registry import PROGRAM, running_server

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("registry")) as address:
        yield address


def client_of(host: str, **options: int) -> RegistryClient:
    return RegistryClient(Transport(RegistryAccess(url=f"http://{host}")), **options)


def skopeo(*words: str) -> str:
    found = shutil.which("skopeo")
    assert found, "skopeo is not installed"
    done = subprocess.run([found, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("chunk_bytes", [0, 700_000], ids=["whole layers", "chunks"])
def test_other_tools_read_what_was_pushed(host: str, workshop: Workshop, tmp_path: Path, chunk_bytes: int) -> None:
    image = workshop.builder.build(workshop.spec)
    repository = f"models/pushed-{chunk_bytes}"
    client_of(host, chunk_bytes=chunk_bytes).push_image(image, repository=repository, blobs=workshop.blobs, tag="v1")

    seen = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{host}/{repository}:v1"))
    assert seen["Digest"] == image.digest
    target = f"oci:{tmp_path / 'copy'}:v1"
    source = f"docker://{host}/{repository}@{image.digest}"
    skopeo("--insecure-policy", "copy", "--src-tls-verify=false", "--preserve-digests", source, target)
    umoci = shutil.which("umoci")
    assert umoci, "umoci is not installed"
    unpacked = [umoci, "unpack", "--rootless", "--image", f"{tmp_path / 'copy'}:v1", str(tmp_path / "bundle")]
    subprocess.run(unpacked, capture_output=True, timeout=60, check=True)
    models = tmp_path / "bundle" / "rootfs" / "models"
    assert {str(p.relative_to(models)): p.read_bytes() for p in models.rglob("*") if p.is_file()} == FILES


def test_an_approved_image_is_mounted(host: str, workshop: Workshop) -> None:
    image = workshop.builder.build(workshop.spec)
    client = client_of(host)
    client.push_image(image, repository="quarantine/x", blobs=workshop.blobs)
    for path in list(workshop.images.rglob("*")) + list((workshop.images.parent / "blobs").rglob("*")):
        if path.is_file() and path.stat().st_size > 100:
            path.unlink()  # nothing could be sent any more

    client.promote(image, source="quarantine/x", target="approved/x", blobs=workshop.blobs, tag="live")

    assert client.manifest(repository="approved/x", reference="live") == image.manifest


def test_other_tools_read_what_was_approved(host: str, workshop: Workshop, tmp_path: Path) -> None:
    builder = RegistryImageBuilder(
        tmp_path / "packaged",
        workshop.blobs,
        connect=lambda: client_of(host),
        host=host,
        quarantine="portal/quarantine",
        approved="portal/approved",
    )
    image = builder.build(workshop.spec)
    card = Attachment(artifact_type="text/markdown", title="README.md", data=b"# Article quality\n")
    signer = Signer(ec.generate_private_key(ec.SECP256R1()))
    signature = simple_signature(image, repository=f"{host}/portal/approved", signer=signer)
    reference = builder.publish(image.digest, attachments=[card, signature])

    assert reference == f"{host}/portal/approved@{image.digest}"
    assert json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{reference}"))["Digest"] == image.digest
    fallback = f"docker://{host}/portal/approved:{image.digest.replace(':', '-')}"
    referrers = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", fallback))["manifests"]
    assert {each["artifactType"] for each in referrers} == {"text/markdown", RECIPES_TYPE}
    signed = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", f"{fallback}.sig"))
    assert [each["mediaType"] for each in signed["layers"]] == [SIMPLE_TYPE]
    target = f"oci:{tmp_path / 'approved'}:v1"
    skopeo("--insecure-policy", "copy", "--src-tls-verify=false", "--preserve-digests", f"docker://{reference}", target)
    umoci = shutil.which("umoci")
    assert umoci, "umoci is not installed"
    listed = [umoci, "stat", "--image", f"{tmp_path / 'approved'}:v1", "--json"]
    told = json.loads(subprocess.run(listed, capture_output=True, timeout=60, check=True).stdout)
    assert len([row for row in told["history"] if row["layer"]]) == len(FILES)


def test_referrers_of_a_server_that_keeps_none(host: str, workshop: Workshop) -> None:
    from tests.deployer.oci.test_client import refer

    image = workshop.builder.build(workshop.spec)
    client = client_of(host)
    client.push_image(image, repository="models/quarantine", blobs=workshop.blobs)
    digest = refer(client, image, "text/markdown")

    found = client.referrers(repository="models/quarantine", digest=image.digest)
    assert [(each.digest, each.artifact_type) for each in found] == [(digest, "text/markdown")]


@pytest.mark.django_db
@pytest.mark.usefixtures("_fakes")
class TestCommand:
    def test_a_version_is_pushed_by_its_name(self, host: str) -> None:
        version, out = scene.in_review(), StringIO()

        call_command("push_image", "vera/sums/1", f"{host}/vera/sums:1", "--plain-http", stdout=out)

        assert out.getvalue() == f"{host}/vera/sums@{version.image_digest}\n"
        assert client_of(host).manifest(repository="vera/sums", reference="1")

    @pytest.mark.parametrize(
        ("reference", "text"),
        [
            ("vera/sums", "reference"),
            ("{host}/vera/sums@sha256:" + "0" * 64, "digest follows from the image"),
            ("127.0.0.1:1/vera/sums", "does not answer"),
        ],
    )
    def test_where_it_cannot_go_is_told(
        self, host: str, reference: str, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        scene.in_review()
        with pytest.raises(CommandError, match=text):
            call_command("push_image", "vera/sums/1", reference.format(host=host), "--plain-http")

    def test_a_password_that_cannot_be_read_is_told(self, host: str, settings: object, tmp_path: Path) -> None:
        scene.in_review()
        settings.OCI_REGISTRY = {**settings.OCI_REGISTRY, "password_file": str(tmp_path / "none")}  # type: ignore[attr-defined]  # pytest-django's fixture
        with pytest.raises(CommandError, match="PASSWORD_FILE"):
            call_command("push_image", "vera/sums/1", f"{host}/vera/sums", "--plain-http")
