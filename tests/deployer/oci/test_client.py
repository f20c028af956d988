"""Pushing to a registry that behaves, and to one that does not."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import DigestMismatchError, NotFoundError, OperatorError, TransientError
from deployer.interfaces import BuiltImage
from deployer.oci.authorization import Credentials, parse_challenges
from deployer.oci.client import RegistryClient
from deployer.oci.layers import layer_from
from deployer.oci.manifest import MANIFEST_TYPE, canonical
from deployer.oci.transport import RegistryAccess, Transport
from registry.errors import StorageFullError
from tests.deployer.oci.conftest import FILES, Workshop
from tests.ports import free_port
from tests.stubs.certificates import made_authority
from tests.stubs.oci_registry import StubRegistry, running_registry

REPOSITORY, APPROVED = "models/quarantine", "models/approved"


@pytest.fixture
def registry() -> Iterator[StubRegistry]:
    with running_registry() as running:
        yield running


@pytest.fixture
def image(workshop: Workshop) -> BuiltImage:
    return workshop.builder.build(workshop.spec)


class Waits(list[float]):
    """Waits that were asked for instead of waited."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client_of(
    registry: StubRegistry, *, waits: Waits | None = None, chunk_bytes: int = 0, **access: Any
) -> RegistryClient:
    reached = RegistryAccess(
        url=registry.url,
        **({"credentials": Credentials(username="pusher", password="sesame")} | access),  # the stub's
    )
    return RegistryClient(Transport(reached, pause=Waits() if waits is None else waits), chunk_bytes=chunk_bytes)


def push(
    client: RegistryClient, image: BuiltImage, workshop: Workshop, repository: str = REPOSITORY, **how: Any
) -> None:
    client.push_image(image, repository=repository, blobs=workshop.blobs, **how)


def layers_of(registry: StubRegistry, image: BuiltImage, repository: str = REPOSITORY) -> list[int]:
    return [len(registry.blobs[repository][layer.digest]) for layer in image.layers]


class TestPushing:
    def test_the_registry_holds_exactly_what_was_built(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        seen: list[tuple[int, int]] = []
        push(client_of(registry), image, workshop, tag="v1", progress=lambda done, total: seen.append((done, total)))

        held = registry.manifests[REPOSITORY]
        assert held[image.digest] == held["v1"] == (MANIFEST_TYPE, image.manifest)
        assert layers_of(registry, image) == [layer.size for layer in image.layers]
        assert seen[-1] == (sum(layer.size for layer in image.layers),) * 2

    def test_nothing_is_sent_twice(self, registry: StubRegistry, image: BuiltImage, workshop: Workshop) -> None:
        client = client_of(registry)
        push(client, image, workshop)
        sent, before = registry.received, registry.counted()
        push(client, image, workshop)

        assert registry.received == sent
        assert registry.counted() - before == {"HEAD": len(FILES) + 1, "PUT": 1}

    def test_a_layer_travels_in_one_request(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        push(client_of(registry), image, workshop)

        assert registry.counted()["PATCH"] == len(FILES) + 1

    def test_chunks_where_a_proxy_limits_requests(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        push(client_of(registry, chunk_bytes=1_000_000), image, workshop)

        assert registry.counted()["PATCH"] == 4 + 3
        assert layers_of(registry, image) == [layer.size for layer in image.layers]

    def test_approval_mounts_and_sends_no_layer(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        client = client_of(registry)
        push(client, image, workshop)
        sent = registry.received
        client.promote(image, source=REPOSITORY, target=APPROVED, blobs=workshop.blobs, tag="live")

        assert registry.received == sent
        assert registry.manifests[APPROVED]["live"] == (MANIFEST_TYPE, image.manifest)

    def test_without_mounting_it_is_sent_again(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        client = client_of(registry)
        push(client, image, workshop)
        registry.mounts = False
        client.promote(image, source=REPOSITORY, target=APPROVED, blobs=workshop.blobs)

        assert layers_of(registry, image, APPROVED) == [layer.size for layer in image.layers]

    def test_only_what_was_pushed_can_be_promoted(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        with pytest.raises(NotFoundError) as caught:
            client_of(registry).promote(image, source=REPOSITORY, target=APPROVED, blobs=workshop.blobs)
        assert caught.value.code == "oci_registry.unknown"


class TestAuthorization:
    @pytest.mark.parametrize("auth", ["basic", "bearer"])
    def test_both_ways(self, registry: StubRegistry, image: BuiltImage, workshop: Workshop, auth: str) -> None:
        registry.auth = auth
        push(client_of(registry), image, workshop)

        assert layers_of(registry, image) == [layer.size for layer in image.layers]
        assert len(registry.tokens) == (auth == "bearer")

    def test_a_token_that_expires_in_mid_upload_is_renewed(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        registry.auth = "bearer"
        challenge = f'Bearer realm="{registry.url}/token",service="stub"'
        registry.fail("PATCH", "uploads", status=401, headers={"WWW-Authenticate": challenge})
        push(client_of(registry), image, workshop)

        assert layers_of(registry, image) == [layer.size for layer in image.layers]
        assert len(registry.tokens) == 2

    @pytest.mark.parametrize("auth", ["basic", "bearer"])
    def test_wrong_credentials_are_an_operators_business(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop, auth: str
    ) -> None:
        registry.auth = auth
        client = client_of(registry, credentials=Credentials(username="pusher", password="wrong"))
        with pytest.raises(OperatorError) as caught:
            push(client, image, workshop)

        assert caught.value.code == "oci_registry.denied"
        assert len(registry.requests) < 5

    def test_no_credentials_go_to_a_worse_protected_token_server(self) -> None:
        (challenge,) = parse_challenges(['Bearer realm="http://tokens.example/t",service="s"'])
        from deployer.oci.authorization import token_address

        with pytest.raises(OperatorError):
            token_address(challenge, scope="x", registry="https://registry.example")

    def test_the_password_is_in_no_text(self) -> None:
        assert "sesame" not in repr(RegistryAccess(url="https://r.example", credentials=Credentials(password="sesame")))

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ('Bearer realm="https://t/x",service="a, b",scope="r:x:pull"', ("bearer", "a, b")),
            ("Bearer realm=https://t/x,service=plain", ("bearer", "plain")),
            ('Basic realm="x"', ("basic", None)),
            ("nonsense", ("nonsense", None)),
            ("", ("", None)),
        ],
    )
    def test_challenges(self, header: str, expected: tuple[str, str | None]) -> None:
        (challenge,) = parse_challenges([header])
        assert (challenge.scheme, challenge.params.get("service")) == expected


class TestBadDays:
    @pytest.mark.parametrize("after", [1, 700_000, 2_999_999])
    def test_after_a_cut_the_rest_is_sent(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop, after: int
    ) -> None:
        registry.fail("PATCH", "uploads", cut_after=after, times=2)
        push(client_of(registry), image, workshop)

        assert layers_of(registry, image) == [layer.size for layer in image.layers]

    def test_a_lost_session_is_begun_anew(self, registry: StubRegistry, image: BuiltImage, workshop: Workshop) -> None:
        registry.fail("PATCH", "uploads", status=404)
        push(client_of(registry), image, workshop)

        assert layers_of(registry, image) == [layer.size for layer in image.layers]

    def test_a_registry_that_always_cuts_is_left_to_a_later_try(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        registry.fail("PATCH", "uploads", cut_after=0, times=1000)
        with pytest.raises(TransientError) as caught:
            push(client_of(registry), image, workshop)

        assert caught.value.code == "oci_registry.upload_interrupted"
        assert registry.counted()["PATCH"] < 10

    def test_it_waits_as_long_as_it_is_asked_to(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        waits = Waits()
        registry.fail("POST", "uploads", status=429, headers={"Retry-After": "7"})
        registry.fail("PUT", "manifests", status=503, headers={"Retry-After": "100000"})
        push(client_of(registry, waits=waits), image, workshop)

        assert waits == [7.0, 60.0]

    @pytest.mark.parametrize("status", [429, 500, 502, 503])
    def test_one_that_stays_busy_is_tried_later(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop, status: int
    ) -> None:
        waits = Waits()
        registry.fail("HEAD", "blobs", status=status, times=100)
        with pytest.raises(TransientError) as caught:
            push(client_of(registry, waits=waits), image, workshop)

        assert caught.value.code == "oci_registry.busy"
        assert len(waits) == 4
        assert waits == sorted(waits)

    def test_one_that_is_down_is_tried_later(self, image: BuiltImage, workshop: Workshop) -> None:
        gone = StubRegistry(url=f"http://127.0.0.1:{free_port()}")
        with pytest.raises(TransientError) as caught:
            push(client_of(gone), image, workshop)
        assert caught.value.code == "oci_registry.unreachable"

    def test_one_that_says_nothing_is_not_waited_for(self, image: BuiltImage, workshop: Workshop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            mute = StubRegistry(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
            with pytest.raises(TransientError):
                push(client_of(mute, read_timeout=0.05), image, workshop)

    def test_one_with_certificates_of_its_own_is_trusted_by_name_alone(
        self, image: BuiltImage, workshop: Workshop, tmp_path: Path
    ) -> None:
        authority = made_authority(tmp_path)
        with running_registry(tls=authority.context) as registry:
            push(client_of(registry, ca_file=str(authority.ca_file)), image, workshop)
            assert registry.manifests[REPOSITORY][image.digest]
            for trusted in ("", str(tmp_path / "none.pem")):
                with pytest.raises(OperatorError, match=r"oci_registry\.untrusted"):
                    push(client_of(registry, ca_file=trusted), image, workshop)

    def test_a_full_one_is_an_operators_business(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        registry.fail("PATCH", "uploads", status=507)
        with pytest.raises(StorageFullError):
            push(client_of(registry), image, workshop)

    def test_what_it_says_beyond_its_code_is_not_passed_on(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        registry.fail("POST", "uploads", status=405)
        with pytest.raises(OperatorError) as caught:
            push(client_of(registry), image, workshop)
        assert caught.value.params == {"status": 405, "reason": "INJECTED"}

    def test_a_blob_that_arrives_changed_is_refused_loudly(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        registry.corrupts = True
        with pytest.raises(DigestMismatchError):
            push(client_of(registry), image, workshop)

    def test_bytes_that_changed_in_the_store_never_become_an_image(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        path = workshop.blobs.local_path(image.layers[-1].blob_sha256)
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[::-1])
        with pytest.raises(DigestMismatchError):
            push(client_of(registry), image, workshop)
        assert registry.manifests == {}

    def test_a_manifest_that_is_not_its_digests_is_refused(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop
    ) -> None:
        push(client_of(registry), image, workshop)
        registry.manifests[REPOSITORY][image.digest] = (MANIFEST_TYPE, image.manifest + b" ")
        with pytest.raises(DigestMismatchError):
            client_of(registry).manifest(repository=REPOSITORY, reference=image.digest)


class TestReferrers:
    @pytest.mark.parametrize("keeps", [True, False], ids=["by the registry", "by the fallback tag"])
    def test_what_refers_to_an_image_is_found(
        self, registry: StubRegistry, image: BuiltImage, workshop: Workshop, *, keeps: bool
    ) -> None:
        registry.keeps_referrers = keeps
        client = client_of(registry)
        push(client, image, workshop)
        digests = [refer(client, image, kind) for kind in ("text/markdown", "application/vnd.cyclonedx+json")]
        refer(client, image, "text/markdown")

        found = client.referrers(repository=REPOSITORY, digest=image.digest)
        assert sorted(each.digest for each in found) == sorted(digests)
        assert (image.digest.replace(":", "-") in registry.manifests[REPOSITORY]) != keeps

    def test_an_image_without_any(self, registry: StubRegistry) -> None:
        registry.keeps_referrers = False
        assert client_of(registry).referrers(repository=REPOSITORY, digest="sha256:" + "1" * 64) == []


def refer(client: RegistryClient, image: BuiltImage, kind: str) -> str:
    layer = client.push_bytes(repository=REPOSITORY, data=kind.encode())
    config = client.push_bytes(repository=REPOSITORY, data=b"{}")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": kind,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": kind, "digest": layer, "size": len(kind)}],
        "subject": {"mediaType": MANIFEST_TYPE, "digest": image.digest, "size": len(image.manifest)},
    }
    return client.put_manifest(repository=REPOSITORY, reference=digest_of(manifest), data=canonical(manifest))


def digest_of(content: dict[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(canonical(content)).hexdigest()


@pytest.mark.parametrize("url", ["ftp://r.example", "https://", "https://r.example/v2", "https://me:pw@r.example"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(OperatorError) as caught:
        RegistryAccess(url=url)
    assert caught.value.code == "oci_registry.bad_address"


def test_a_layer_from_anywhere_on(image: BuiltImage, workshop: Workshop) -> None:
    for layer in image.layers[:1] + image.layers[-1:]:
        whole = b"".join(layer_from(workshop.blobs, layer))
        assert len(whole) == layer.size
        assert "sha256:" + hashlib.sha256(whole).hexdigest() == layer.digest
        body = len(layer.header)
        for start in (0, 1, body - 1, body, body + 1, body + layer.blob_size, layer.size - 1, layer.size):
            assert b"".join(layer_from(workshop.blobs, layer, start=start)) == whole[start:]


def test_the_stub_is_strict(registry: StubRegistry, image: BuiltImage) -> None:
    """An image whose layers are missing would be accepted by no registry."""
    with pytest.raises(OperatorError) as caught:
        client_of(registry).put_manifest(repository=REPOSITORY, reference="v1", data=image.manifest)
    assert caught.value.params["reason"] == "MANIFEST_BLOB_UNKNOWN"
    assert json.loads(replace(image).manifest)["layers"]
