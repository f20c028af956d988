"""What every image builder promises: equal content, equal digest, on any machine and day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deployer.builders.local import LocalImageBuilder
from deployer.builders.oci_registry import RegistryImageBuilder
from deployer.errors import BuildError, IntegrityError, NotFoundError
from deployer.interfaces import Attachment, BlobReader, FileEntry, ImageBuilder, ImageSpec
from deployer.oci.client import RegistryClient
from deployer.oci.layers import layer_stream
from deployer.oci.transport import RegistryAccess, Transport
from tests.fakes.blobs import InMemoryBlobStore
from tests.fakes.builders import InMemoryImageBuilder
from tests.stubs.docker_registry import PROGRAM, running_server
from tests.stubs.oci_registry import running_registry

MODEL = bytes(range(256)) * 40
CONFIG = b'{"framework": "xgboost"}'
LABELS = {"org.opencontainers.image.title": "article-quality", "org.opencontainers.image.version": "3"}
GOLDEN = "sha256:3ee7f5f52344385090a946d0bdd7a5cddf7f3673fae4714b8abf192ddee0ded0"


def entry(path: str, data: bytes) -> FileEntry:
    return FileEntry(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


SPEC = ImageSpec(files=(entry("model.ubj", MODEL), entry("conf/settings.json", CONFIG)), labels=LABELS)


CARD = Attachment(artifact_type="text/markdown", title="README.md", data=b"# Article quality\n")
BOM = Attachment(artifact_type="application/vnd.cyclonedx+json", title="bom.cdx.json", data=b"{}")


@contextmanager
def local_builder(root: Path, blobs: BlobReader) -> Iterator[ImageBuilder]:
    yield LocalImageBuilder(root, blobs)


@contextmanager
def memory_builder(_root: Path, blobs: BlobReader) -> Iterator[ImageBuilder]:
    yield InMemoryImageBuilder(blobs)


@contextmanager
def registry_builder(root: Path, blobs: BlobReader) -> Iterator[ImageBuilder]:
    with running_registry() as registry:
        yield made_for(registry.url, root, blobs)


@contextmanager
def real_registry_builder(root: Path, blobs: BlobReader) -> Iterator[ImageBuilder]:
    if PROGRAM is None:
        pytest.skip("docker-registry is not installed")
    (root.parent / "registry").mkdir()
    with running_server(root.parent / "registry") as host:
        yield made_for(f"http://{host}", root, blobs)


def made_for(url: str, root: Path, blobs: BlobReader) -> ImageBuilder:
    return RegistryImageBuilder(
        root,
        blobs,
        connect=lambda: RegistryClient(Transport(RegistryAccess(url=url), pause=lambda _seconds: None)),
        host=urlsplit(url).netloc,
        quarantine="portal/quarantine",
        approved="portal/approved",
    )


@pytest.fixture
def blobs(tmp_path: Path) -> InMemoryBlobStore:
    store = InMemoryBlobStore(tmp_path)
    store.add(MODEL)
    store.add(CONFIG)
    return store


@pytest.fixture(
    params=[local_builder, memory_builder, registry_builder, real_registry_builder],
    ids=["local", "memory", "registry", "docker-registry"],
)
def builder(request: pytest.FixtureRequest, tmp_path: Path, blobs: InMemoryBlobStore) -> Iterator[ImageBuilder]:
    with request.param(tmp_path / "images", blobs) as made:
        yield made


def test_the_digest_of_a_fixed_spec_never_changes(builder: ImageBuilder) -> None:
    # If this figure has to change, every approved version must be approved again.
    assert builder.build(SPEC).digest == GOLDEN


def test_digests_are_true_all_the_way_down(builder: ImageBuilder, blobs: InMemoryBlobStore) -> None:
    image = builder.build(SPEC)
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert image.digest == "sha256:" + hashlib.sha256(image.manifest).hexdigest()
    assert manifest["config"]["digest"] == "sha256:" + hashlib.sha256(image.config).hexdigest()
    assert manifest["config"]["size"] == len(image.config)
    streamed = [b"".join(layer_stream(blobs)(layer)) for layer in image.layers]
    digests = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in streamed]
    assert [layer["digest"] for layer in manifest["layers"]] == digests
    assert [layer["size"] for layer in manifest["layers"]] == [len(layer) for layer in streamed]
    assert config["rootfs"]["diff_ids"] == digests
    assert config["config"]["Labels"] == LABELS


def test_the_order_of_files_and_labels_does_not_matter(builder: ImageBuilder) -> None:
    turned = ImageSpec(files=SPEC.files[::-1], labels=dict(reversed(LABELS.items())))
    assert builder.build(turned).digest == builder.build(SPEC).digest


@pytest.mark.parametrize(
    "other",
    [
        ImageSpec(files=SPEC.files[:1], labels=LABELS),
        ImageSpec(files=SPEC.files, labels={}),
        ImageSpec(files=(entry("other.ubj", MODEL), SPEC.files[1]), labels=LABELS),
        ImageSpec(files=(entry("model.ubj", CONFIG), SPEC.files[1]), labels=LABELS),
    ],
    ids=["file left out", "labels left out", "file renamed", "file changed"],
)
def test_other_content_has_another_digest(builder: ImageBuilder, other: ImageSpec) -> None:
    assert builder.build(other).digest != builder.build(SPEC).digest


def test_a_built_image_is_kept_until_deleted(builder: ImageBuilder) -> None:
    image = builder.build(SPEC)
    assert builder.build(SPEC) == image
    assert builder.get(image.digest) == image
    builder.delete(image.digest)
    builder.delete(image.digest)
    with pytest.raises(NotFoundError):
        builder.get(image.digest)
    assert builder.build(SPEC) == image
    assert builder.get(image.digest) == image


def test_a_published_image_carries_what_is_said_about_it(builder: ImageBuilder) -> None:
    image = builder.build(SPEC)
    with pytest.raises(NotFoundError):
        builder.attachments(image.digest)
    seen: list[tuple[int, int]] = []
    references = {
        builder.publish(image.digest, attachments=[CARD, BOM], progress=lambda done, total: seen.append((done, total)))
        for _ in range(2)
    }
    (reference,) = references
    assert not reference or reference.endswith(f"@{image.digest}")
    assert builder.attachments(image.digest) == (BOM, CARD)
    assert seen[-1] == (sum(layer.size for layer in image.layers),) * 2
    assert builder.get(image.digest) == image
    builder.delete(image.digest)
    with pytest.raises(NotFoundError):
        builder.attachments(image.digest)


@pytest.mark.parametrize("digest", ["", "sha256:" + "0" * 64, "../../etc/passwd"])
def test_only_what_was_built_can_be_published(builder: ImageBuilder, digest: str) -> None:
    with pytest.raises(NotFoundError):
        builder.publish(digest)
    with pytest.raises(NotFoundError):
        builder.attachments(digest)


def test_deleting_one_image_spares_another_of_the_same_files(builder: ImageBuilder) -> None:
    image, bare = builder.build(SPEC), builder.build(ImageSpec(files=SPEC.files))
    builder.delete(image.digest)
    assert builder.get(bare.digest) == bare


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:" + "0" * 64, "../../etc/passwd", "0" * 64])
def test_an_unknown_digest_is_reported_so(builder: ImageBuilder, digest: str) -> None:
    with pytest.raises(NotFoundError):
        builder.get(digest)
    builder.delete(digest)


@pytest.mark.parametrize(
    "stored",
    [b"\x01" + MODEL[1:], MODEL[:-1], MODEL + b"?", b"", MODEL * 1000],
    ids=["one byte", "cut", "longer", "empty", "much longer"],
)
def test_a_blob_that_changed_is_never_packaged(builder: ImageBuilder, blobs: InMemoryBlobStore, stored: bytes) -> None:
    blobs.blobs[SPEC.files[0].sha256] = stored
    with pytest.raises(IntegrityError) as caught:
        builder.build(SPEC)
    assert caught.value.code == "build.blob_changed"
    assert caught.value.params["path"] == "model.ubj"
    blobs.add(MODEL)
    assert builder.build(SPEC).digest == GOLDEN


def test_an_entry_with_a_wrong_size_is_refused_even_when_the_file_is_known(builder: ImageBuilder) -> None:
    builder.build(SPEC)
    wrong = FileEntry(path="model.ubj", sha256=SPEC.files[0].sha256, size=len(MODEL) + 1)
    with pytest.raises(IntegrityError):
        builder.build(ImageSpec(files=(wrong,)))


@pytest.mark.parametrize("built_before", [False, True])
def test_a_blob_that_is_gone_is_reported(
    builder: ImageBuilder, blobs: InMemoryBlobStore, *, built_before: bool
) -> None:
    if built_before:
        builder.build(SPEC)
    blobs.delete(SPEC.files[0].sha256)
    with pytest.raises(NotFoundError):
        builder.build(SPEC)


def test_progress_ends_at_the_whole(builder: ImageBuilder) -> None:
    for _ in range(2):
        seen: list[tuple[int, int]] = []

        def note(done: int, total: int, seen: list[tuple[int, int]] = seen) -> None:
            seen.append((done, total))

        builder.build(SPEC, progress=note)
        total = len(MODEL) + len(CONFIG)
        assert seen == sorted(seen)
        assert seen[-1] == (total, total)


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        ([], "build.no_files"),
        (["a", "a"], "build.duplicate_path"),
        (["a/b", "a"], "build.duplicate_path"),
        (["/etc/passwd"], "build.bad_path"),
        (["../a"], "build.bad_path"),
        (["a/./b"], "build.bad_path"),
        (["a//b"], "build.bad_path"),
        (["a/"], "build.bad_path"),
        ([""], "build.bad_path"),
        (["a\nb"], "build.bad_path"),
        (["a\0b"], "build.bad_path"),
        (["exe\u202eslx.bin"], "build.bad_path"),
        (["\ud800"], "build.bad_path"),
        (["a/.wh.b"], "build.reserved_name"),
        (["x" * 101], "build.path_too_long"),
        (["x/" * 130 + "y"], "build.path_too_long"),
    ],
)
def test_paths_that_no_image_can_hold_are_refused(builder: ImageBuilder, paths: list[str], code: str) -> None:
    with pytest.raises(BuildError) as caught:
        builder.build(ImageSpec(files=tuple(entry(path, MODEL) for path in paths)))
    assert caught.value.code == code


@pytest.mark.parametrize("labels", [{"": "x"}, {"key": "line\nbreak"}, {"key": "\ud800"}])
def test_labels_that_could_not_be_written_are_refused(builder: ImageBuilder, labels: dict[str, str]) -> None:
    with pytest.raises(BuildError) as caught:
        builder.build(ImageSpec(files=SPEC.files, labels=labels))
    assert caught.value.code == "build.bad_label"
