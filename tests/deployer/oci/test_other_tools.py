"""An exported image in the hands of the tools that others use."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from deployer.oci.layers import layer_stream
from deployer.oci.layout import write_layout
from tests.deployer.oci.conftest import FILES, Workshop

needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
needs_umoci = pytest.mark.skipif(shutil.which("umoci") is None, reason="umoci is not installed")


@pytest.fixture
def layout(workshop: Workshop, tmp_path: Path) -> tuple[Path, str]:
    image = workshop.builder.build(workshop.spec)
    write_layout(tmp_path / "layout", image, stream=layer_stream(workshop.blobs), ref_name="v1")
    return tmp_path / "layout", image.digest


def run(*argv: str | Path) -> str:
    done = subprocess.run([str(arg) for arg in argv], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_skopeo
def test_skopeo_inspects_it(layout: tuple[Path, str], workshop: Workshop) -> None:
    root, digest = layout
    seen = json.loads(run("skopeo", "inspect", f"oci:{root}:v1"))
    assert seen["Digest"] == digest
    assert seen["Labels"] == workshop.spec.labels
    assert (seen["Os"], seen["Architecture"]) == ("linux", "amd64")
    assert seen["Layers"] == [layer.digest for layer in workshop.builder.get(digest).layers]


@needs_skopeo
@pytest.mark.parametrize("kind", ["dir", "oci"])
def test_skopeo_copies_it_to_the_same_digest(
    layout: tuple[Path, str], workshop: Workshop, tmp_path: Path, kind: str
) -> None:
    root, digest = layout
    target = f"{kind}:{tmp_path / 'copy'}" + (":v2" if kind == "oci" else "")
    run("skopeo", "--insecure-policy", "copy", "--preserve-digests", f"oci:{root}:v1", target)
    assert json.loads(run("skopeo", "inspect", target))["Digest"] == digest
    copied = tmp_path / "copy" if kind == "dir" else tmp_path / "copy" / "blobs" / "sha256"
    for layer in workshop.builder.get(digest).layers:
        assert (copied / layer.digest.removeprefix("sha256:")).stat().st_size == layer.size


@needs_umoci
def test_umoci_unpacks_the_files_with_their_modes(layout: tuple[Path, str], tmp_path: Path) -> None:
    root, _ = layout
    run("umoci", "unpack", "--rootless", "--image", f"{root}:v1", tmp_path / "bundle")
    models = tmp_path / "bundle" / "rootfs" / "models"
    found = {str(path.relative_to(models)): path for path in models.rglob("*") if path.is_file()}
    assert {path: file.read_bytes() for path, file in found.items()} == FILES
    assert {file.stat().st_mode & 0o7777 for file in found.values()} == {0o644}
    assert {path.stat().st_mode & 0o7777 for path in (models, *models.rglob("*")) if path.is_dir()} == {0o755}
    assert {file.stat().st_mtime for file in found.values()} == {0}


def test_the_library_reads_every_layer(layout: tuple[Path, str], workshop: Workshop) -> None:
    root, digest = layout
    for layer in workshop.builder.get(digest).layers:
        with tarfile.open(root / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")) as archive:
            member = archive.getmembers()[-1]
            content = archive.extractfile(member)
            assert member.name == f"models/{layer.path}"
            assert content is not None
            assert content.read() == FILES[layer.path]
