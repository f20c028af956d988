"""Signed statements about images, verified by the portal, and by a stranger who has OpenSSL and the public key only."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from deployer.backends import image_builder
from deployer.errors import IntegrityError, OperatorError
from deployer.models import ImageBuild
from deployer.signatures import read_public_keys, read_signer, verify_bundle
from registry.models import ModelVersion
from tests.deployer import scene

GUIDE = Path(__file__).parents[2] / "docs" / "operations" / "provenance.md"
STATEMENT = {"subject": [{"digest": {"sha256": "a" * 64}}], "predicateType": "x"}
DIGEST = f"sha256:{'a' * 64}"


def new_key(curve: ec.EllipticCurve | None = None) -> str:
    made = ec.generate_private_key(curve or ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def as_the_guide_says(folder: Path, keys: bytes, bundle: bytes) -> tuple[bool, str]:
    """Run the guide's commands; whether OpenSSL believes the signature, and what they print last."""
    folder.mkdir()
    (folder / "signing-keys.pem").write_bytes(keys)
    (folder / "provenance.json").write_bytes(bundle)
    commands = GUIDE.read_text().partition("```sh\n")[2].partition("```")[0]
    done = subprocess.run(["sh", "-c", commands], cwd=folder, capture_output=True, text=True, check=False)
    return "Verified OK" in done.stdout, done.stdout.strip().rpartition("\n")[2]


def changed(bundle: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    content = json.loads(bundle)
    change(content)
    return json.dumps(content).encode()


def other_payload(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def apply(content: dict[str, Any]) -> None:
        statement = json.loads(base64.b64decode(content["dsseEnvelope"]["payload"]))
        change(statement)
        content["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()

    return apply


def other_signature(content: dict[str, Any]) -> None:
    signature = content["dsseEnvelope"]["signatures"][0]
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[-1] ^= 1
    signature["sig"] = base64.b64encode(raw).decode()


def other_key(content: dict[str, Any]) -> None:
    content["dsseEnvelope"]["signatures"][0]["keyid"] = base64.b64encode(bytes(32)).decode()


FORGERIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "subject": other_payload(lambda statement: statement["subject"][0]["digest"].update(sha256="b" * 64)),
    "payload": other_payload(lambda statement: statement.update(extra=1)),
    "signature": other_signature,
    "key": other_key,
}


@pytest.mark.django_db
@pytest.mark.usefixtures("_fakes")
class TestWhatIsServed:
    @pytest.fixture
    def version(self) -> ModelVersion:
        return scene.served().version

    def test_a_stranger_verifies_it(self, version: ModelVersion, client: Client, tmp_path: Path) -> None:
        build = ImageBuild.objects.get(version=version)
        keys = client.get(reverse("deployer:signing_keys")).content
        bundle = client.get(reverse("deployer:build_provenance", args=[build.pk])).content
        assert b"PRIVATE" not in keys
        assert as_the_guide_says(tmp_path / "true", keys, bundle) == (
            True,
            version.image_digest.removeprefix("sha256:"),
        )
        for name in ("subject", "payload", "signature"):
            forged = changed(bundle, FORGERIES[name])
            assert not as_the_guide_says(tmp_path / name, keys, forged)[0], name
        (key,) = read_public_keys(keys.decode())
        told = verify_bundle(bundle, keys=[key], digest=version.image_digest)["predicate"]["buildDefinition"]
        assert told["externalParameters"]["approvedImage"] == version.image_digest

    def test_the_command_tells(self, version: ModelVersion, settings: Any) -> None:
        out = StringIO()
        call_command("verify_image", "vera/sums/1", stdout=out)
        assert out.getvalue().splitlines() == [
            f"{version.image_digest} provenance.sigstore.json https://slsa.dev/provenance/v1",
            f"{version.image_digest} signature.sigstore.json https://sigstore.dev/cosign/sign/v1",
        ]
        settings.SIGNING_KEY = new_key()
        with pytest.raises(CommandError, match="No key of this portal has signed that"):
            call_command("verify_image", "vera/sums/1")

    def test_a_changed_key_still_vouches_for_earlier_images(
        self, version: ModelVersion, settings: Any, tmp_path: Path, client: Client
    ) -> None:
        former = client.get(reverse("deployer:signing_keys")).content
        (tmp_path / "former.pem").write_bytes(former)
        settings.SIGNING_KEY, settings.SIGNING_FORMER_KEYS_FILE = new_key(), str(tmp_path / "former.pem")
        call_command("verify_image", version.image_digest, stdout=StringIO())
        published = client.get(reverse("deployer:signing_keys")).content
        assert published.endswith(former)
        assert len(read_public_keys(published.decode())) == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("_fakes")
def test_a_worker_with_the_public_key_alone_signs_nothing_and_says_so(settings: Any) -> None:
    version = scene.in_review()
    _signer, public = read_signer(settings.SIGNING_KEY)
    settings.SIGNING_KEY = public.pem
    scene.work(scene.approve(version))
    build = ImageBuild.objects.get(version=version)
    assert (build.state, build.failure_code) == ("failed", "signing.no_private_key")
    assert build.failure_params["who_acts"] == "operator"


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    signer, public = read_signer(new_key())
    assert signer is not None
    bundle = signer.bundle(STATEMENT)
    assert bundle == signer.bundle(STATEMENT)  # or a step that is repeated would publish another one
    assert verify_bundle(bundle, keys=[public], digest=DIGEST) == STATEMENT
    for forged, digest in ((changed(bundle, change), DIGEST), (bundle, f"sha256:{'b' * 64}")):
        with pytest.raises(IntegrityError):
            verify_bundle(forged, keys=[public], digest=digest)


@pytest.mark.parametrize("pem", ["", "nonsense", new_key(ec.SECP384R1())], ids=["none", "no key", "another curve"])
def test_another_kind_of_key_is_refused(pem: str) -> None:
    with pytest.raises(OperatorError):
        read_signer(pem)


@pytest.mark.django_db
@pytest.mark.usefixtures("_fakes")
def test_nothing_is_signed_by_cosigns_older_form_without_a_registry() -> None:
    version = scene.served().version
    attached = image_builder().attachments(version.image_digest)
    assert attached
    assert [each for each in attached if each.signature] == []
