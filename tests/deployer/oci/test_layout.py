"""OCI layouts on disk: whole or absent, checked on the way out and on the way in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.errors import ConflictError, IntegrityError, NotFoundError, UserError
from deployer.interfaces import LayerRecipe
from deployer.oci.layers import layer_stream
from deployer.oci.layout import read_layout, verify_layers, write_layout
from tests.deployer.oci.conftest import Workshop


def export(workshop: Workshop, target: Path) -> str:
    image = workshop.builder.build(workshop.spec)
    write_layout(target, image, stream=layer_stream(workshop.blobs), ref_name="v1")
    return image.digest


def alter(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def test_what_was_written_is_read_back(workshop: Workshop, tmp_path: Path) -> None:
    digest = export(workshop, tmp_path / "layout")
    [image] = read_layout(tmp_path / "layout")
    stored = workshop.builder.get(digest)
    assert (image.ref_name, image.digest) == ("v1", digest)
    assert (image.manifest, image.config) == (stored.manifest, stored.config)
    assert image.layers == tuple((layer.digest, layer.size) for layer in stored.layers)
    verify_layers(tmp_path / "layout", image)


def test_two_exports_are_the_same_to_the_byte_whatever_the_umask(workshop: Workshop, tmp_path: Path) -> None:
    def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
        return {
            str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in (root, *root.rglob("*"))
        }

    export(workshop, tmp_path / "one")
    before = os.umask(0o077)
    try:
        export(workshop, tmp_path / "two")
    finally:
        os.umask(before)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert snapshot(tmp_path / "one")["index.json"][0] & 0o777 == 0o644
    assert snapshot(tmp_path / "one")["blobs"][0] & 0o777 == 0o755


def test_progress_counts_every_byte(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.builder.build(workshop.spec)
    seen: list[tuple[int, int]] = []
    write_layout(
        tmp_path / "layout",
        image,
        stream=layer_stream(workshop.blobs),
        ref_name="v1",
        progress=lambda done, total: seen.append((done, total)),
    )
    total = sum(layer.size for layer in image.layers)
    assert seen == sorted(seen)
    assert seen[-1] == (total, total)


def test_a_changed_blob_never_leaves_as_a_layout(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.builder.build(workshop.spec)
    weights = workshop.blobs.local_path(image.layers[-1].blob_sha256)
    weights.chmod(0o600)
    for damaged in (b"?" + weights.read_bytes()[1:], weights.read_bytes()[1:], weights.read_bytes() * 2):
        weights.write_bytes(damaged)
        with pytest.raises(IntegrityError) as caught:
            write_layout(tmp_path / "layout", image, stream=layer_stream(workshop.blobs), ref_name="v1")
        assert caught.value.code == "export.layer_changed"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["blobs", "images"]


def test_a_failure_halfway_leaves_nothing(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.builder.build(workshop.spec)

    def broken(recipe: LayerRecipe) -> Iterator[bytes]:
        yield recipe.header
        raise TimeoutError

    with pytest.raises(TimeoutError):
        write_layout(tmp_path / "layout", image, stream=broken, ref_name="v1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blobs", "images"]


def test_nothing_is_overwritten(workshop: Workshop, tmp_path: Path) -> None:
    target = tmp_path / "layout"
    target.mkdir()
    export(workshop, target)  # an empty folder is as good as none
    before = (target / "index.json").read_bytes()
    with pytest.raises(ConflictError):
        export(workshop, target)
    assert (target / "index.json").read_bytes() == before
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ConflictError):
        export(workshop, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_of_two_exports_at_once_the_later_one_is_told(workshop: Workshop, tmp_path: Path) -> None:
    image, stream = workshop.builder.build(workshop.spec), layer_stream(workshop.blobs)

    def overtaken(recipe: LayerRecipe) -> Iterator[bytes]:
        if not (tmp_path / "layout").exists():
            write_layout(tmp_path / "layout", image, stream=stream, ref_name="first")
        yield from stream(recipe)

    with pytest.raises(ConflictError):
        write_layout(tmp_path / "layout", image, stream=overtaken, ref_name="second")
    assert [found.ref_name for found in read_layout(tmp_path / "layout")] == ["first"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blobs", "images", "layout"]


@pytest.mark.parametrize("ref_name", ["", "-v1", "v1 ", "a//b", "v1\n", "v1;id"])
def test_a_ref_name_outside_the_grammar_is_refused(workshop: Workshop, tmp_path: Path, ref_name: str) -> None:
    image = workshop.builder.build(workshop.spec)
    with pytest.raises(UserError) as caught:
        write_layout(tmp_path / "layout", image, stream=layer_stream(workshop.blobs), ref_name=ref_name)
    assert caught.value.code == "export.bad_ref_name"


def test_reading_finds_what_is_damaged(workshop: Workshop, tmp_path: Path) -> None:
    digest = export(workshop, tmp_path / "layout")
    root, blobs = tmp_path / "layout", tmp_path / "layout" / "blobs" / "sha256"
    [image] = read_layout(root)
    manifest, config = blobs / digest[7:], blobs / json.loads(image.manifest)["config"]["digest"][7:]
    layer = blobs / image.layers[0][0][7:]
    for path, old, new in (
        (manifest, b"schemaVersion", b"schemaversion"),
        (config, b"amd64", b"arm64"),
        (root / "index.json", digest[7:].encode(), b"0" * 64),
        (root / "index.json", digest.encode(), b"sha256:../../../../etc/passwd"),
        (root / "index.json", b'"manifests"', b'"others"'),
        (root / "index.json", b"{", b"["),
        (root / "index.json", b"{", b"[" * 100_000),
        (root / "oci-layout", b"1.0.0", b"9.9.9"),
        (root / "index.json", f'"size":{len(image.manifest)}'.encode(), b'"size":"many"'),
        (root / "index.json", f'"size":{len(image.manifest)}'.encode(), b'"size":99999999999'),
    ):
        whole = path.read_bytes()
        alter(path, old, new)
        with pytest.raises(IntegrityError):
            read_layout(root)
        path.write_bytes(whole)
    alter(layer, b"models", b"Models")
    with pytest.raises(IntegrityError) as caught:
        verify_layers(root, image)
    assert caught.value.code == "layout.blob_corrupt"
    layer.unlink()
    with pytest.raises(IntegrityError):
        verify_layers(root, image)


def test_no_layout_is_reported_as_such(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_layout(tmp_path)
