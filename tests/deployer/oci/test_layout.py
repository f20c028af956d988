"""OCI layouts on disk: whole or absent, and checked on the way out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.errors import ConflictError, IntegrityError, UserError
from deployer.interfaces import LayerRecipe
from deployer.oci.layers import layer_stream
from deployer.oci.layout import write_layout
from tests.deployer.oci.conftest import Workshop
from tests.deployer.oci.layouts import read_layout


def export(workshop: Workshop, target: Path) -> str:
    image = workshop.builder.build(workshop.spec)
    write_layout(target, image, stream=layer_stream(workshop.blobs), ref_name="v1")
    return image.digest


def test_what_was_written_is_read_back(workshop: Workshop, tmp_path: Path) -> None:
    digest = export(workshop, tmp_path / "layout")
    [image] = read_layout(tmp_path / "layout")
    stored = workshop.builder.get(digest)
    assert (image.ref_name, image.digest) == ("v1", digest)
    assert (image.manifest, image.config) == (stored.manifest, stored.config)
    assert image.layers == tuple((layer.digest, layer.size) for layer in stored.layers)


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
