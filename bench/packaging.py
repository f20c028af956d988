"""Packaging against the floor (one SHA-256 pass) and against buildah, on one file in one run.

    python -m bench.packaging [--mebibytes 1024] [--runs 5] [--folder DIR]

The file is in the page cache for all three, so the figures compare work, not disks. Ratios are taken within a run and
the median of the runs is reported.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from bench._report import Row, print_report
from deployer.builders.local import LocalImageBuilder
from deployer.interfaces import FileEntry, ImageSpec
from registry.artifacts.folder import FolderBlobStore

MAX_RATIO = 1.3
MAX_KNOWN_SECONDS = 0.1
MIN_BUILDAH_FACTOR = 10
_MIB = 1 << 20


def pieces(mebibytes: int) -> Iterator[bytes]:
    """Bytes that neither compress nor repeat block for block."""
    source = random.Random(42)
    base = source.randbytes(_MIB)
    for number in range(mebibytes):
        yield number.to_bytes(8, "big") + base[8:]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def hash_once(path: Path) -> None:
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


def buildah_seconds(path: Path, folder: Path) -> float:
    """From scratch, copy, commit uncompressed to an OCI layout: the fastest way to the same result with buildah."""
    buildah = ["buildah", "--storage-driver", "vfs", "--root", str(folder / "root"), "--runroot", str(folder / "run")]

    def run(*argv: str) -> None:
        subprocess.run([*buildah, *argv], check=True, capture_output=True, timeout=600)

    def package() -> None:
        run("from", "--name", "work", "scratch")
        run("copy", "--quiet", "work", str(path), "/models/model.bin")
        run("commit", "--quiet", "--disable-compression=true", "work", f"oci:{folder / 'out'}:v1")

    try:
        return seconds(package)
    finally:
        run("rm", "--all")


def measure(folder: Path, *, mebibytes: int, runs: int) -> list[Row]:
    blobs = FolderBlobStore(folder / "blobs")
    sha256, size = blobs.put(pieces(mebibytes))
    path = blobs.local_path(sha256)
    spec = ImageSpec(files=(FileEntry(path="model.bin", sha256=sha256, size=size),))
    floors, firsts, knowns, kept = [], [], [], 0
    hash_once(path)  # warms the page cache
    for number in range(runs):
        builder = LocalImageBuilder(folder / f"images-{number}", blobs)
        floors.append(seconds(partial(hash_once, path)))
        firsts.append(seconds(partial(builder.build, spec)))
        knowns.append(seconds(partial(builder.build, spec)))
        kept = sum(file.stat().st_size for file in (folder / f"images-{number}").rglob("*") if file.is_file())
    ratio = median(first / floor for first, floor in zip(firsts, floors, strict=True))
    known = median(knowns)
    rows = [
        Row(name=f"SHA-256 pass over {mebibytes} MiB", figure=f"{median(floors):.2f} s"),
        Row(name="packaging, first time", figure=f"{median(firsts):.2f} s"),
        Row(
            name="packaging / SHA-256 pass",
            figure=f"{ratio:.2f}x",
            target=f"<= {MAX_RATIO}x",
            met=ratio <= MAX_RATIO,
        ),
        Row(
            name="packaging, digest known",
            figure=f"{known * 1000:.1f} ms",
            target=f"< {MAX_KNOWN_SECONDS * 1000:.0f} ms",
            met=known < MAX_KNOWN_SECONDS,
        ),
        Row(name="bytes kept per image", figure=f"{kept}"),
    ]
    if shutil.which("buildah") is None:
        return [*rows, Row(name="buildah / packaging", figure="buildah is not installed")]
    others = []
    for number in range(min(runs, 3)):
        others.append(buildah_seconds(path, folder / f"buildah-{number}"))
        shutil.rmtree(folder / f"buildah-{number}")
    factor = median(others) / median(firsts)
    return [
        *rows,
        Row(name="buildah: from, copy, commit (vfs)", figure=f"{median(others):.2f} s"),
        Row(
            name="buildah / packaging",
            figure=f"{factor:.1f}x",
            target=f">= {MIN_BUILDAH_FACTOR}x",
            met=factor >= MIN_BUILDAH_FACTOR,
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the files lie meanwhile (three times their size)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-packaging-", dir=options.folder) as folder:
        rows = measure(Path(folder), mebibytes=options.mebibytes, runs=options.runs)
    return print_report("Packaging", rows)


if __name__ == "__main__":
    sys.exit(main())
