"""Pushing an image to a registry on this machine against `skopeo copy` of the same image and `cp` of the same bytes.

    python -m bench.push [--mebibytes 1024] [--runs 3] [--folder DIR]

Every push goes to a repository and a server of its own, so that nothing is known already. Ratios are taken within a
run and the median of the runs is reported.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from bench._report import Row, print_report
from bench.packaging import pieces, seconds
from bench.upload import copy_synced
from deployer.builders.local import LocalImageBuilder
from deployer.interfaces import FileEntry, ImageSpec
from deployer.oci.client import RegistryClient
from deployer.oci.layers import layer_stream
from deployer.oci.layout import write_layout
from deployer.oci.transport import RegistryAccess, Transport
from registry.artifacts.folder import FolderBlobStore
from tests.registry.uploads.live import forget_peak_memory, peak_memory
from tests.stubs.docker_registry import PROGRAM, running_server

MAX_GROWTH = 64 << 20
_MIB = 1 << 20


def skopeo_copy(layout: Path, target: str) -> None:
    subprocess.run(
        ["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--preserve-digests",
         f"oci:{layout}:v1", f"docker://{target}/skopeo:v1"],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip


def measure(folder: Path, *, mebibytes: int, runs: int) -> list[Row]:
    blobs = FolderBlobStore(folder / "blobs")
    sha256, size = blobs.put(pieces(mebibytes))
    spec = ImageSpec(files=(FileEntry(path="model.bin", sha256=sha256, size=size),))
    image = LocalImageBuilder(folder / "images", blobs).build(spec)
    write_layout(folder / "layout", image, stream=layer_stream(blobs), ref_name="v1")
    copies, ours, theirs = [], [], []
    before = forget_peak_memory(os.getpid())
    for number in range(runs):
        copies.append(seconds(lambda: copy_synced(blobs.local_path(sha256), folder / "copy")))
        (folder / "copy").unlink()
        server = folder / f"server-{number}"
        server.mkdir()
        with running_server(server) as host:
            client = RegistryClient(Transport(RegistryAccess(url=f"http://{host}")))
            push = partial(client.push_image, image, repository="ours", blobs=blobs, tag="v1")
            ours.append(seconds(push))
        shutil.rmtree(server)
        server.mkdir()
        with running_server(server) as host:
            theirs.append(seconds(partial(skopeo_copy, folder / "layout", host)))
        shutil.rmtree(server)
        os.sync()
    growth = peak_memory(os.getpid()) - before
    ratio = median(mine / other for mine, other in zip(ours, theirs, strict=True))
    against_copy = median(mine / copy for mine, copy in zip(ours, copies, strict=True))
    return [
        Row(name="copy with sync", figure=f"{median(copies):.2f} s"),
        Row(name="skopeo copy", figure=f"{median(theirs):.2f} s"),
        Row(name="push", figure=f"{median(ours):.2f} s, {mebibytes / median(ours):.0f} MiB/s"),
        Row(name="push / skopeo copy", figure=f"{ratio:.2f} x", target="<= 1.0 x", met=ratio <= 1),
        Row(name="push / copy", figure=f"{against_copy:.2f} x"),
        Row(
            name="growth of the pushing process's memory",
            figure=f"{growth / _MIB:.0f} MiB",
            target=f"< {MAX_GROWTH // _MIB} MiB",
            met=growth < MAX_GROWTH,
        ),
    ]


def main() -> int:
    if PROGRAM is None or shutil.which("skopeo") is None:
        print("docker-registry and skopeo are needed: apt-get install docker-registry skopeo")
        return 2
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure (four times the size)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-push-", dir=options.folder) as folder:
        rows = measure(Path(folder), mebibytes=options.mebibytes, runs=options.runs)
    return print_report(f"Push of {options.mebibytes} MiB", rows)


if __name__ == "__main__":
    sys.exit(main())
